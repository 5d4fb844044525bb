//! `[source.*]`: where records come from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// `[source.*]`: where records come from. Where none is named, the embedded log is used.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct SourceConfig {
    /// `[source.kafka]`: Kafka, Redpanda and everything else that speaks Kafka's protocol.
    pub kafka: Option<KafkaConfig>,
    /// `[source.embedded]`: the log on this node's own disk.
    pub embedded: Option<EmbeddedConfig>,
}

/// The kinds of source that a topic can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceName {
    /// `[source.kafka]`
    Kafka,
    /// `[source.embedded]`
    Embedded,
}

/// `[source.kafka]`: Kafka, Redpanda and everything else that speaks Kafka's protocol.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct KafkaConfig {
    /// The brokers to ask first, as `host:port`.
    pub brokers: Vec<String>,
    /// Whether missing topics are made. Otherwise they are only reported.
    pub create_topics: bool,
    /// How many replicas a topic that is made has. 0: the broker's own default.
    pub replication: i32,
    /// The consumer group for what must happen once in the cluster (dead letters). Live delivery uses no group.
    pub group: Option<String>,
    /// More of librdkafka's settings, passed through as they are: `"security.protocol" = "SASL_SSL"` and the like.
    pub settings: BTreeMap<String, String>,
}

/// `[source.embedded]`: the log on this node's own disk.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct EmbeddedConfig {
    /// The directory that holds it; made when missing.
    pub path: PathBuf,
}

impl Default for EmbeddedConfig {
    fn default() -> Self {
        Self { path: PathBuf::from("sluice-data") }
    }
}
