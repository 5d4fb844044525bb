//! Who is connected to this node.

use std::sync::Arc;

use dashmap::DashMap;
use serde::Serialize;

/// One connected session, for operators and limits.
#[derive(Clone, Debug, Serialize)]
pub struct SessionInfo {
    /// The `session` header of its CONNECTED.
    pub id: String,
    /// Whose it is.
    pub user: String,
}

/// Every connected session of this node.
#[derive(Debug, Default)]
pub struct Registry {
    sessions: DashMap<String, SessionInfo>,
    by_user: DashMap<String, usize>,
}

impl Registry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts a session in, unless its user has `sessions_max` already. It is counted out when the guard goes.
    pub fn enter(self: &Arc<Self>, info: SessionInfo, sessions_max: usize) -> Option<Presence> {
        let mut count = self.by_user.entry(info.user.clone()).or_insert(0);
        if *count >= sessions_max {
            return None;
        }
        *count += 1;
        drop(count);
        self.sessions.insert(info.id.clone(), info.clone());
        Some(Presence { registry: Arc::clone(self), info })
    }

    /// How many sessions there are.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// All sessions, in no order.
    pub fn sessions(&self) -> Vec<SessionInfo> {
        self.sessions.iter().map(|entry| entry.value().clone()).collect()
    }
}

/// A session's place in the registry.
#[derive(Debug)]
pub struct Presence {
    registry: Arc<Registry>,
    info: SessionInfo,
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.registry.sessions.remove(&self.info.id);
        self.registry.by_user.remove_if_mut(&self.info.user, |_, count| {
            *count -= 1;
            *count == 0
        });
    }
}
