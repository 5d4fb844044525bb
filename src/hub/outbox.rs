//! What waits for one session: bounded in octets, one lane for each priority.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{Message, Subscription};
use crate::event::Priority;
use crate::metrics;

/// One message for one subscription.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The message, shared with everybody else who gets it.
    pub message: Arc<Message>,
    /// Whom it is for.
    pub subscription: Arc<Subscription>,
}

/// Whether an outbox takes more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboxState {
    /// It does.
    Open,
    /// It was full when something came, and holds nothing any more: the client is to come back.
    Overflowed,
    /// Its session has ended.
    Closed,
}

#[derive(Debug)]
struct Inner {
    /// By [`Priority::ALL`], the most urgent first.
    lanes: [VecDeque<Entry>; Priority::ALL.len()],
    bytes: usize,
    state: OutboxState,
}

/// What waits for one session.
#[derive(Debug)]
pub struct Outbox {
    inner: Mutex<Inner>,
    changed: Notify,
    bytes_max: usize,
}

impl Outbox {
    /// An empty outbox that holds so many octets.
    pub fn new(bytes_max: usize) -> Self {
        let inner = Inner { lanes: Default::default(), bytes: 0, state: OutboxState::Open };
        Self { inner: Mutex::new(inner), changed: Notify::new(), bytes_max }
    }

    /// Takes in an entry and says whether it did. One that does not fit overflows the outbox, unless nothing else waits:
    /// then it goes alone.
    pub(super) fn push(&self, entry: Entry) -> bool {
        let cost = entry.message.cost();
        let mut inner = self.inner.lock();
        if inner.state != OutboxState::Open {
            return false;
        }
        if inner.bytes > 0 && inner.bytes + cost > self.bytes_max {
            inner.state = OutboxState::Overflowed;
            Self::clear(&mut inner);
            drop(inner);
            metrics::outbox_overflowed();
            self.changed.notify_one();
            return false;
        }
        let was_empty = inner.bytes == 0;
        inner.bytes += cost;
        let lane = Priority::Critical as usize - entry.message.priority as usize;
        inner.lanes[lane].push_back(entry);
        drop(inner);
        metrics::outbox_bytes_changed(cost as i64);
        if was_empty {
            self.changed.notify_one();
        }
        true
    }

    /// Moves entries into `batch`, the most urgent lane first, until it holds about `bytes_max` octets; at least one if any
    /// waits.
    pub fn take(&self, batch: &mut Vec<Entry>, bytes_max: usize) -> OutboxState {
        let mut inner = self.inner.lock();
        let mut taken = 0;
        for lane in 0..inner.lanes.len() {
            while taken < bytes_max {
                let Some(entry) = inner.lanes[lane].pop_front() else { break };
                taken += entry.message.cost();
                batch.push(entry);
            }
        }
        inner.bytes -= taken;
        metrics::outbox_bytes_changed(-(taken as i64));
        if inner.bytes == 0 {
            // An idle session keeps no queue.
            inner.lanes = Default::default();
        }
        inner.state
    }

    /// Waits until something was pushed or the state changed since it was last empty.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Whether it takes more.
    pub fn state(&self) -> OutboxState {
        self.inner.lock().state
    }

    /// Drops what waits and takes nothing any more.
    pub fn close(&self) {
        let mut inner = self.inner.lock();
        inner.state = OutboxState::Closed;
        Self::clear(&mut inner);
    }

    fn clear(inner: &mut Inner) {
        metrics::outbox_bytes_changed(-(inner.bytes as i64));
        inner.bytes = 0;
        inner.lanes = Default::default();
    }
}
