//! A decoded, valid record.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

use crate::record::{Position, Record};

/// How urgent an event is; each priority is a lane of its own in every outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(export_to = "protocol.ts"))]
pub enum Priority {
    /// May wait for everything else.
    Low,
    /// What an event has when nobody says otherwise.
    #[default]
    Normal,
    /// Ahead of normal ones.
    High,
    /// First in every outbox; never dropped.
    Critical,
}

impl Priority {
    /// Every priority, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Normal, Self::Low];

    /// The name in headers, config and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The letter that ends a stream's name: one stream is one partition in one lane.
    pub const fn lane(self) -> char {
        match self {
            Self::Low => 'l',
            Self::Normal => 'n',
            Self::High => 'h',
            Self::Critical => 'c',
        }
    }
}

/// When an event happened, by its own account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTime {
    /// RFC 3339 in UTC, with as many decimals as the event gave.
    pub text: String,
    /// Nanoseconds since 1970.
    pub unix_nanos: i128,
}

/// A decoded, valid record.
#[derive(Clone, Debug)]
pub struct Event {
    /// Where its record stands.
    pub position: Position,
    /// The broker's time for its record, in milliseconds since 1970.
    pub record_time_ms: i64,
    /// The record's key, if it has one.
    pub key: Option<Bytes>,
    /// The record's headers.
    pub headers: Vec<(String, Bytes)>,
    /// The bytes that go out, as they were on the topic.
    pub body: Bytes,
    /// The event's type, after aliases.
    pub event_type: Arc<str>,
    /// The event's own id.
    pub id: Option<String>,
    /// When it happened.
    pub time: Option<EventTime>,
    /// What it belongs to.
    pub correlation_id: Option<String>,
    /// The body, parsed; of a repeated top-level member the first counts.
    pub document: Value,
}

impl Event {
    /// The topic's name.
    pub fn topic(&self) -> &Arc<str> {
        &self.position.partition.topic
    }

    /// The first record header of that name.
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// An event of that record with nothing but a type and a document; the decoder fills in the rest.
    pub fn new(record: &Record, event_type: Arc<str>, document: Value) -> Self {
        Self {
            position: record.position.clone(),
            record_time_ms: record.timestamp_ms,
            key: record.key.clone(),
            headers: record.headers.clone(),
            body: record.body.clone().unwrap_or_default(),
            event_type,
            id: None,
            time: None,
            correlation_id: None,
            document,
        }
    }
}
