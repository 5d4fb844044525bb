//! 4. Finds who subscribed to a channel and fills their outboxes. It never waits for a session.

mod index;
mod message;
mod outbox;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::RwLock;

use crate::channel::Pattern;
use crate::event::{Event, Priority};
use crate::metrics;

use index::Index;
pub use message::Message;
pub use outbox::{Entry, Outbox, OutboxState};

/// One client's interest in a set of channels.
#[derive(Debug)]
pub struct Subscription {
    /// Unique on this node.
    key: u64,
    /// The id that the client gave it: the `subscription` header of its messages.
    pub id: Arc<str>,
    active: AtomicBool,
}

impl Subscription {
    /// Whether it still is one. Messages that wait for an ended subscription are not sent.
    pub fn is_active(&self) -> bool {
        self.active.load(Ordering::Acquire)
    }
}

/// A subscription and where its messages go.
#[derive(Clone, Debug)]
struct Subscriber {
    subscription: Arc<Subscription>,
    outbox: Arc<Outbox>,
}

/// What the hub puts into one channel.
#[derive(Debug)]
pub struct Delivery<'a> {
    /// The channel.
    pub channel: &'a str,
    /// The body that goes out.
    pub body: &'a bytes::Bytes,
    /// Its media type.
    pub content_type: &'static str,
    /// The lane it goes out in.
    pub priority: Priority,
}

/// All subscriptions of this node.
#[derive(Debug, Default)]
pub struct Hub {
    index: RwLock<Index>,
    next_key: AtomicU64,
}

impl Hub {
    /// A hub without subscriptions.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on, every message of a channel in `pattern` goes into `outbox` under the id `id`.
    pub fn subscribe(&self, pattern: &Pattern, id: &str, outbox: &Arc<Outbox>) -> Arc<Subscription> {
        let key = self.next_key.fetch_add(1, Ordering::Relaxed);
        let subscription = Arc::new(Subscription { key, id: id.into(), active: AtomicBool::new(true) });
        let subscriber = Subscriber { subscription: Arc::clone(&subscription), outbox: Arc::clone(outbox) };
        self.index.write().insert(pattern, subscriber);
        metrics::subscriptions_changed(1);
        subscription
    }

    /// Ends a subscription that was made with this pattern: nothing of it is sent after this returns.
    pub fn unsubscribe(&self, pattern: &Pattern, subscription: &Subscription) {
        if subscription.active.swap(false, Ordering::AcqRel) {
            self.index.write().remove(pattern, subscription.key);
            metrics::subscriptions_changed(-1);
        }
    }

    /// Puts an event into the outboxes of everybody subscribed to one of its channels. A subscription gets it once: by the
    /// first delivery that leads to it. Returns how many outboxes took it.
    pub fn publish(&self, event: &Event, deliveries: &[Delivery<'_>]) -> usize {
        let index = self.index.read();
        // Within one channel a subscription is found once; only a second channel can lead to it again.
        let mut reached = (deliveries.len() > 1).then(HashSet::new);
        let mut queued = 0;
        for delivery in deliveries {
            let mut message: Option<Arc<Message>> = None;
            index.visit(delivery.channel, &mut |subscriber: &Subscriber| {
                if reached.as_mut().is_some_and(|reached| !reached.insert(subscriber.subscription.key)) {
                    return;
                }
                let message = message.get_or_insert_with(|| Arc::new(Message::new(event, delivery)));
                let entry = Entry { message: Arc::clone(message), subscription: Arc::clone(&subscriber.subscription) };
                queued += usize::from(subscriber.outbox.push(entry));
            });
        }
        metrics::event_queued(queued);
        queued
    }
}

#[cfg(test)]
mod tests;
