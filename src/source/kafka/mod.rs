//! Kafka, Redpanda and everything else that speaks Kafka's protocol.

pub(crate) mod client;
pub(crate) mod ffi;
mod follow;
mod lag;
pub(crate) mod record;
pub mod tail;
mod watch;

/// Why a part of the gateway that talks to Kafka could not be started. Brokers that do not answer are no reason.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A setting is not one of librdkafka's, or has a value that it does not take.
    #[error("[source.kafka] settings: {0}")]
    Settings(String),
    /// The operating system gave no thread.
    #[error("no thread for Kafka: {0}")]
    Thread(#[from] std::io::Error),
}

impl From<rdkafka::error::KafkaError> for SourceError {
    fn from(err: rdkafka::error::KafkaError) -> Self {
        Self::Settings(err.to_string())
    }
}
