//! `[source.*]`: where records come from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::units;

/// `[source.*]`: where records come from. Where none is named, the embedded log is used.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SourceConfig {
    /// `[source.kafka]`: Kafka, Redpanda and everything else that speaks Kafka's protocol.
    pub kafka: Option<KafkaConfig>,
    /// `[source.embedded]`: the log on this node's own disk.
    pub embedded: Option<EmbeddedConfig>,
}

/// The kinds of source that a topic can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SourceName {
    /// `[source.kafka]`
    Kafka,
    /// `[source.embedded]`
    Embedded,
}

impl SourceName {
    /// Its name in the config.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Embedded => "embedded",
        }
    }
}

impl SourceConfig {
    /// Whether that source has a section.
    pub const fn has(&self, name: SourceName) -> bool {
        match name {
            SourceName::Kafka => self.kafka.is_some(),
            SourceName::Embedded => self.embedded.is_some(),
        }
    }
}

/// `[source.kafka]`: Kafka, Redpanda and everything else that speaks Kafka's protocol.
#[derive(Clone, Default, Deserialize, JsonSchema)]
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
    /// More of librdkafka's settings, passed through as they are: `"security.protocol" = "SASL_SSL"` and the like. A
    /// number, `true` or `false` is taken as its text.
    #[serde(deserialize_with = "units::texts")]
    pub settings: BTreeMap<String, String>,
}

impl fmt::Debug for KafkaConfig {
    /// Any setting may hold a password or a key, so only their names are shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { brokers, create_topics, replication, group, settings } = self;
        let settings: BTreeMap<_, _> = settings.keys().map(|name| (name, "…")).collect();
        f.debug_struct("KafkaConfig")
            .field("brokers", brokers)
            .field("create_topics", create_topics)
            .field("replication", replication)
            .field("group", group)
            .field("settings", &settings)
            .finish()
    }
}

/// `[source.embedded]`: the log on this node's own disk.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
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
