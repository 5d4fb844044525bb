//! What works and what does not, part by part: `/health/ready` tells it.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;

/// The state of one part of the gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartState {
    /// Whether it works.
    pub ready: bool,
    /// Whether the node is unready without it; a part that may fail alone only degrades the node.
    pub required: bool,
    /// What is wrong, for a person; empty when it works.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// All parts of one node. Cheap to clone; every clone is the same.
#[derive(Clone, Debug, Default)]
pub struct Health {
    parts: Arc<Mutex<BTreeMap<String, PartState>>>,
}

impl Health {
    /// Names a part without which the node is not ready. It starts unready, with `starting` as its detail.
    pub fn required(&self, name: &str) -> Part {
        self.add(name, true)
    }

    /// Names a part that is told about but does not make the node unready.
    pub fn optional(&self, name: &str) -> Part {
        self.add(name, false)
    }

    fn add(&self, name: &str, required: bool) -> Part {
        let state = PartState { ready: false, required, detail: "starting".to_owned() };
        self.parts.lock().insert(name.to_owned(), state);
        Part { health: self.clone(), name: name.to_owned() }
    }

    /// Whether every required part works.
    pub fn is_ready(&self) -> bool {
        self.parts.lock().values().all(|part| part.ready || !part.required)
    }

    /// Every part and its state.
    pub fn parts(&self) -> BTreeMap<String, PartState> {
        self.parts.lock().clone()
    }
}

/// One part's own handle.
#[derive(Clone, Debug)]
pub struct Part {
    health: Health,
    name: String,
}

impl Part {
    /// It works.
    pub fn up(&self) {
        self.set(true, String::new());
    }

    /// It does not; `detail` says to a person why, and what would help.
    pub fn down(&self, detail: impl Into<String>) {
        self.set(false, detail.into());
    }

    fn set(&self, ready: bool, detail: String) {
        if let Some(state) = self.health.parts.lock().get_mut(&self.name) {
            state.ready = ready;
            state.detail = detail;
        }
    }
}
