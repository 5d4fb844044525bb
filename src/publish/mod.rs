//! Writes records to a broker and says truthfully what was written.

pub mod embedded;
#[cfg(feature = "kafka")]
pub mod kafka;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;

/// A record to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The topic to write to.
    pub topic: Arc<str>,
    /// Decides the partition: records of one key stay in order.
    pub key: Option<Bytes>,
    /// Headers in their order.
    pub headers: Vec<(String, Bytes)>,
    /// The body.
    pub body: Bytes,
}

/// Where a record came to stand. The broker has it on all in-sync replicas (the embedded log: on disk).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition within the topic.
    pub partition: i32,
    /// The offset within the partition.
    pub offset: u64,
}

/// Why a record was not written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PublishError {
    /// The broker cannot be reached or did not confirm in time. The record may yet appear.
    #[error("the broker did not confirm the record: {0}")]
    Unavailable(String),
    /// The broker has no such topic.
    #[error("topic `{0}` does not exist on the broker")]
    UnknownTopic(String),
    /// The broker refused the record; the same record would be refused again.
    #[error("the broker refused the record: {0}")]
    Refused(String),
}

/// What became of a record, as a word for metrics.
pub const fn outcome(answer: &Result<Written, PublishError>) -> &'static str {
    match answer {
        Ok(_) => "written",
        Err(PublishError::Unavailable(_)) => "unavailable",
        Err(PublishError::UnknownTopic(_)) => "unknown-topic",
        Err(PublishError::Refused(_)) => "refused",
    }
}

/// Something that writes records.
pub trait Publisher: Send + Sync + 'static {
    /// Writes all of them and answers for each, in the order given, once the broker has said so.
    fn publish(&self, records: Vec<Outgoing>) -> BoxFuture<'_, Vec<Result<Written, PublishError>>>;
}
