//! 4. Finds who subscribed to a channel and fills their outboxes. It never waits for a session.

mod filter;
mod index;
mod message;
mod outbox;
mod subscription;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

use crate::channel::Pattern;
use crate::client_message::ClientMessage;
use crate::event::{Event, Priority};
use crate::metrics;
use crate::selector::event_value;

pub use filter::Filter;
use filter::{Conditions, Lookup, Verdicts};
use index::Index;
pub use message::Message;
pub use outbox::{Entry, Outbox, OutboxState, Room};
pub use subscription::{Subscription, Terms};

/// A subscription, what it wants and where its messages go.
#[derive(Clone, Debug)]
struct Subscriber {
    subscription: Arc<Subscription>,
    outbox: Arc<Outbox>,
    /// `None`: everything.
    filter: Option<Arc<Filter>>,
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
    conditions: Conditions,
    next_key: AtomicU64,
}

impl Hub {
    /// A hub without subscriptions.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on, every message of a channel in `pattern` goes into `outbox` under the id `id`.
    pub fn subscribe(&self, pattern: &Pattern, id: &str, outbox: &Arc<Outbox>) -> Arc<Subscription> {
        self.subscribe_on(pattern, id, outbox, Terms::default())
    }

    /// The same for those messages only, and at that pace, that the terms say.
    pub fn subscribe_on(&self, pattern: &Pattern, id: &str, outbox: &Arc<Outbox>, terms: Terms) -> Arc<Subscription> {
        let key = self.next_key.fetch_add(1, Ordering::Relaxed);
        let subscription = Arc::new(Subscription::new(key, id, terms.window));
        let subscriber = Subscriber {
            subscription: Arc::clone(&subscription),
            outbox: Arc::clone(outbox),
            filter: self.shared(terms.filter),
        };
        self.index.write().insert(pattern, subscriber);
        metrics::subscriptions_changed(1);
        subscription
    }

    /// From now on, a subscription that was made with this pattern gets what passes this filter.
    pub fn refilter(&self, pattern: &Pattern, subscription: &Subscription, filter: Filter) {
        let filter = self.shared(filter);
        self.index.write().change(pattern, subscription.key, |subscriber| subscriber.filter.clone_from(&filter));
    }

    fn shared(&self, mut filter: Filter) -> Option<Arc<Filter>> {
        if filter.is_open() {
            return None;
        }
        self.conditions.share(&mut filter);
        Some(Arc::new(filter))
    }

    /// Ends a subscription that was made with this pattern: nothing of it is sent after this returns.
    pub fn unsubscribe(&self, pattern: &Pattern, subscription: &Subscription) {
        if subscription.end() {
            self.index.write().remove(pattern, subscription.key);
            metrics::subscriptions_changed(-1);
        }
    }

    /// Puts an event into the outboxes of everybody subscribed to one of its channels. A subscription gets it once: by the
    /// first delivery that leads to it. Returns how many outboxes took it.
    pub fn publish(&self, event: &Event, deliveries: &[Delivery<'_>]) -> usize {
        let channels: Vec<&str> = deliveries.iter().map(|delivery| delivery.channel).collect();
        let message = |place: usize| Message::of_event(event, &deliveries[place]);
        self.distribute(&channels, &message, &|name| event_value(event, name))
    }

    /// Puts what a client sent into the outboxes of everybody subscribed to its channel.
    pub fn publish_client(&self, message: &ClientMessage) -> usize {
        let shared = |_: usize| Message::of_client(message);
        self.distribute(&[&message.destination], &shared, &|name| message.value(name))
    }

    fn distribute(&self, channels: &[&str], message_for: &dyn Fn(usize) -> Message, lookup: Lookup<'_, '_>) -> usize {
        let index = self.index.read();
        // Within one channel a subscription is found once; only a second channel can lead to it again.
        let mut reached = (channels.len() > 1).then(HashSet::new);
        let mut verdicts = Verdicts::new(lookup);
        let mut queued = 0;
        for (place, channel) in channels.iter().enumerate() {
            let mut message: Option<Arc<Message>> = None;
            index.visit(channel, &mut |subscriber: &Subscriber| {
                if subscriber.filter.as_deref().is_some_and(|filter| !verdicts.admit(filter)) {
                    return;
                }
                if reached.as_mut().is_some_and(|reached| !reached.insert(subscriber.subscription.key)) {
                    return;
                }
                let message = message.get_or_insert_with(|| Arc::new(message_for(place)));
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
