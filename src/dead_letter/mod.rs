//! Keeps what could not be delivered, with its reason.

#[cfg(feature = "kafka")]
pub mod kafka;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::config::Config;
use crate::publish::Outgoing;
use crate::record::Record;

/// Why a record is not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The kind, as `not-json`.
    pub reason: &'static str,
    /// What exactly was wrong.
    pub detail: String,
}

/// Says whether a record is refused; the same on every node.
pub type Judge = Arc<dyn Fn(&Record) -> Option<Refusal> + Send + Sync>;

/// Makes dead letters of refused records.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    topics: BTreeMap<String, String>,
    node: String,
}

impl DeadLetters {
    /// The topics' dead-letter topics, and this node's name.
    pub fn new(config: &Config, node: &str) -> Self {
        let topics = config.topics.iter();
        let topics = topics.filter_map(|(name, topic)| Some((name.clone(), topic.dead_letter.clone()?))).collect();
        Self { topics, node: node.to_owned() }
    }

    /// The dead letter; `None` where the topic has no topic for them.
    pub fn outgoing(&self, record: &Record, refusal: &Refusal, now_ms: i64) -> Option<Outgoing> {
        let topic = self.topics.get(record.topic().as_ref())?;
        let mut headers = record.headers.clone();
        let mut add = |name: &str, value: String| headers.push((name.to_owned(), Bytes::from(value)));
        add("dead-letter-reason", refusal.reason.to_owned());
        add("dead-letter-detail", refusal.detail.clone());
        add("dead-letter-topic", record.topic().to_string());
        add("dead-letter-partition", record.position.partition.number.to_string());
        add("dead-letter-offset", record.position.number.to_string());
        add("dead-letter-time", now_ms.to_string());
        add("dead-letter-node", self.node.clone());
        let body = record.body.clone().unwrap_or_default();
        Some(Outgoing { topic: topic.as_str().into(), key: record.key.clone(), headers, body })
    }
}
