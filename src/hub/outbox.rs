//! What waits for one session: bounded in octets, one lane for each priority.

use std::collections::{BTreeMap, VecDeque};
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

/// How much of an outbox may leave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Octets in all.
    pub bytes: usize,
    /// Octets for subscriptions that acknowledge what they get.
    pub windowed_bytes: usize,
}

/// By [`Priority::ALL`], the most urgent first.
type Lanes = [VecDeque<Entry>; Priority::ALL.len()];

#[derive(Debug)]
struct Inner {
    lanes: Lanes,
    /// What waits until its subscription takes more, by the subscription's key. It goes ahead of what is in `lanes`.
    held: BTreeMap<u64, Lanes>,
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
        let inner = Inner { lanes: Lanes::default(), held: BTreeMap::new(), bytes: 0, state: OutboxState::Open };
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
            inner.clear();
            drop(inner);
            metrics::outbox_overflowed();
            self.changed.notify_one();
            return false;
        }
        // Its session has looked at what is held, and waits for something else.
        let was_quiet = inner.lanes.iter().all(VecDeque::is_empty);
        inner.bytes += cost;
        let lane = Priority::Critical as usize - entry.message.priority as usize;
        inner.lanes[lane].push_back(entry);
        drop(inner);
        metrics::outbox_bytes_changed(cost as i64);
        if was_quiet {
            self.changed.notify_one();
        }
        true
    }

    /// Moves entries into `batch`, the most urgent lane first, until there is no more room; at least one if any may go.
    /// What its subscription does not take yet stays, and holds up only what comes behind it for that subscription.
    pub fn take(&self, batch: &mut Vec<Entry>, mut room: Room) -> OutboxState {
        let mut inner = self.inner.lock();
        let before = inner.bytes;
        for lane in 0..Priority::ALL.len() {
            inner.take_held(lane, batch, &mut room);
            inner.take_lane(lane, batch, &mut room);
        }
        metrics::outbox_bytes_changed(inner.bytes as i64 - before as i64);
        if inner.bytes == 0 {
            // An idle session keeps no queue.
            inner.lanes = Lanes::default();
            inner.held = BTreeMap::new();
        }
        inner.state
    }

    /// Drops what is held for a subscription that has ended.
    pub fn forget(&self, subscription: &Subscription) {
        let mut inner = self.inner.lock();
        let Some(lanes) = inner.held.remove(&subscription.key) else { return };
        let cost: usize = lanes.iter().flatten().map(|entry| entry.message.cost()).sum();
        inner.bytes -= cost;
        metrics::outbox_bytes_changed(-(cost as i64));
    }

    /// Waits until something was pushed or the state changed since nothing was left that could be taken.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Whether it takes more.
    pub fn state(&self) -> OutboxState {
        self.inner.lock().state
    }

    /// Octets that wait.
    pub fn bytes(&self) -> usize {
        self.inner.lock().bytes
    }

    /// Drops what waits and takes nothing any more.
    pub fn close(&self) {
        let mut inner = self.inner.lock();
        inner.state = OutboxState::Closed;
        inner.clear();
    }
}

impl Inner {
    fn take_held(&mut self, lane: usize, batch: &mut Vec<Entry>, room: &mut Room) {
        let Self { held, bytes, .. } = self;
        for lanes in held.values_mut() {
            while lanes[lane].front().is_some_and(|entry| room.admits(entry)) {
                batch.extend(lanes[lane].pop_front().inspect(|entry| *bytes -= room.charge(entry)));
            }
        }
        held.retain(|_, lanes| lanes.iter().any(|lane| !lane.is_empty()));
    }

    fn take_lane(&mut self, lane: usize, batch: &mut Vec<Entry>, room: &mut Room) {
        while room.bytes > 0 {
            let Some(entry) = self.lanes[lane].pop_front() else { return };
            let key = entry.subscription.key;
            let is_behind = self.held.get(&key).is_some_and(|lanes| !lanes[lane].is_empty());
            if !entry.subscription.is_active() {
                self.bytes -= entry.message.cost();
            } else if is_behind || !room.admits(&entry) {
                self.held.entry(key).or_default()[lane].push_back(entry);
            } else {
                self.bytes -= room.charge(&entry);
                batch.push(entry);
            }
        }
    }

    fn clear(&mut self) {
        metrics::outbox_bytes_changed(-(self.bytes as i64));
        self.bytes = 0;
        self.lanes = Lanes::default();
        self.held = BTreeMap::new();
    }
}

impl Room {
    /// Room for whatever there is.
    pub const ALL: Self = Self { bytes: usize::MAX, windowed_bytes: usize::MAX };

    fn admits(&self, entry: &Entry) -> bool {
        let windowed = entry.subscription.is_windowed();
        self.bytes > 0 && entry.subscription.has_room() && (!windowed || self.windowed_bytes > 0)
    }

    /// The entry goes; gives what it cost.
    fn charge(&mut self, entry: &Entry) -> usize {
        let cost = entry.message.cost();
        self.bytes = self.bytes.saturating_sub(cost);
        if entry.subscription.is_windowed() {
            self.windowed_bytes = self.windowed_bytes.saturating_sub(cost);
        }
        entry.subscription.take_room();
        cost
    }
}
