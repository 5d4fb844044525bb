//! What the HTTP API answers; the server writes these very types.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{EventType, Fault};
use crate::health::{Health, PartState};

/// `POST /api/v1/events`, 200: where each event came to stand, in the order given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export_to = "api.ts"))]
pub struct PublishResponse {
    /// One position for each event.
    pub results: Vec<PublishResult>,
}

/// Where one event came to stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export_to = "api.ts"))]
pub struct PublishResult {
    /// The topic.
    pub topic: String,
    /// The partition within the topic.
    pub partition: i32,
    /// The offset within the partition.
    pub offset: u64,
}

/// `POST /api/v1/events`, 503: not every event was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export_to = "api.ts"))]
pub struct PublishFailure {
    /// What happened, in a sentence.
    pub error: String,
    /// One position for each event that was written, null for each that was not.
    pub results: Vec<Option<PublishResult>>,
    /// Why each of the others was not; one that was not confirmed in time may yet appear on the topic.
    pub errors: Vec<PublishFault>,
}

/// `POST /api/v1/events`, 422: every fault of every event. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export_to = "api.ts"))]
pub struct PublishFaults {
    /// The faults, in the order of the events.
    pub errors: Vec<PublishFault>,
}

/// One fault of one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export_to = "api.ts"))]
pub struct PublishFault {
    /// Which event, counted from 0.
    pub index: usize,
    /// The member, as a JSON pointer; empty where the whole event is meant.
    pub pointer: String,
    /// What is wanted, and what stands there.
    pub message: String,
}

impl PublishFault {
    /// A catalogue's fault of the event with that index.
    pub fn new(index: usize, fault: Fault) -> Self {
        Self { index, pointer: fault.pointer, message: fault.message }
    }
}

/// `POST /api/v1/tickets`, 200: a one-time ticket, to be given as `?ticket=` when connecting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export_to = "api.ts"))]
#[serde(rename_all = "camelCase")]
pub struct TicketResponse {
    /// The ticket.
    pub ticket: String,
    /// How long it may be used.
    pub expires_in_seconds: u64,
}

/// One element of the list that `GET /api/v1/catalogue` answers: a known event type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export_to = "api.ts"))]
pub struct CatalogueEntry {
    /// Its name, as `agent.completed.v1`.
    pub name: String,
    /// The topic that carries it.
    pub topic: String,
    /// Its interface's name in TypeScript.
    pub title: String,
    /// What it means, in a sentence.
    pub description: String,
    /// Its JSON Schema, draft 2020-12.
    #[cfg_attr(test, ts(type = "Record<string, unknown>"))]
    pub schema: Value,
}

impl From<&EventType> for CatalogueEntry {
    fn from(event_type: &EventType) -> Self {
        Self {
            name: event_type.name.to_string(),
            topic: event_type.topic.to_string(),
            title: event_type.title.clone(),
            description: event_type.description.clone(),
            schema: event_type.schema.clone(),
        }
    }
}

/// `GET /health/ready`, 200 or 503: what works and what does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export_to = "api.ts"))]
pub struct HealthReport {
    /// Whether every required part works.
    pub ready: bool,
    /// The parts by name.
    #[cfg_attr(test, ts(type = "Record<string, PartHealth>"))]
    pub parts: BTreeMap<String, PartHealth>,
}

/// The state of one part of the gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export_to = "api.ts"))]
pub struct PartHealth {
    /// Whether it works.
    pub ready: bool,
    /// Whether the node is unready without it.
    pub required: bool,
    /// What is wrong; left out when it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub detail: Option<String>,
}

impl From<PartState> for PartHealth {
    fn from(state: PartState) -> Self {
        let detail = Some(state.detail).filter(|detail| !detail.is_empty());
        Self { ready: state.ready, required: state.required, detail }
    }
}

impl From<&Health> for HealthReport {
    fn from(health: &Health) -> Self {
        let parts: BTreeMap<_, PartHealth> =
            health.parts().into_iter().map(|(name, state)| (name, state.into())).collect();
        // From the same look at the parts, so that the two never contradict each other.
        Self { ready: parts.values().all(|part| part.ready || !part.required), parts }
    }
}

/// Any other answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export_to = "api.ts"))]
pub struct ApiProblem {
    /// What was wrong, and what would be right.
    pub error: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_ready_without_its_optional_parts_only() {
        let health = Health::default();
        let kafka = health.required("kafka");
        health.optional("dead-letters").down("no such topic");
        assert!(!HealthReport::from(&health).ready);
        kafka.up();
        let report = serde_json::to_value(HealthReport::from(&health)).unwrap();
        assert_eq!(
            report,
            serde_json::json!({
                "ready": true,
                "parts": {
                    "kafka": { "ready": true, "required": true },
                    "dead-letters": { "ready": false, "required": false, "detail": "no such topic" },
                },
            })
        );
    }
}
