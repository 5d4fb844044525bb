//! One client's interest in a set of channels.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::Filter;

/// How a subscription gets its messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Which of them it gets.
    pub filter: Filter,
    /// How many it takes before it grants more; `None`: as many as there are.
    pub window: Option<usize>,
}

/// One client's interest in a set of channels.
#[derive(Debug)]
pub struct Subscription {
    /// Unique on this node.
    pub(super) key: u64,
    /// The id that the client gave it: the `subscription` header of its messages.
    pub id: Arc<str>,
    active: AtomicBool,
    /// How many messages it takes for now.
    window: Option<AtomicUsize>,
}

impl Subscription {
    pub(super) fn new(key: u64, id: &str, window: Option<usize>) -> Self {
        Self { key, id: id.into(), active: AtomicBool::new(true), window: window.map(AtomicUsize::new) }
    }

    /// Whether it still is one. Messages that wait for an ended subscription are not sent.
    pub fn is_active(&self) -> bool {
        self.active.load(Ordering::Acquire)
    }

    /// Ends it; false if it had ended before.
    pub(super) fn end(&self) -> bool {
        self.active.swap(false, Ordering::AcqRel)
    }

    /// Lets that many more messages through.
    pub fn grant(&self, count: usize) {
        if let Some(window) = &self.window {
            window.fetch_add(count, Ordering::AcqRel);
        }
    }

    /// Whether the number of its messages is bounded.
    pub(super) const fn is_windowed(&self) -> bool {
        self.window.is_some()
    }

    /// Whether one message may go.
    pub(super) fn has_room(&self) -> bool {
        self.window.as_ref().is_none_or(|window| window.load(Ordering::Acquire) > 0)
    }

    /// One message goes. Only the session that it goes to says so, after [`Subscription::has_room`].
    pub(super) fn take_room(&self) {
        if let Some(window) = &self.window {
            window.fetch_sub(1, Ordering::AcqRel);
        }
    }
}
