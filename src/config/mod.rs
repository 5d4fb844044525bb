//! `sluice.toml`: one struct and one file per section. `Default` is the only place where a default is written.

mod access;
mod admin;
mod auth;
#[cfg(test)]
mod documentation;
mod limits;
mod load;
mod log;
mod problem;
mod route;
mod server;
mod source;
mod topic;
pub mod units;
mod validate;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub use access::AccessConfig;
pub use admin::AdminConfig;
pub use auth::{Algorithm, AuthConfig, KeyConfig};
pub use limits::LimitsConfig;
pub use load::{Check, load, load_preset, load_text};
pub use log::{LogConfig, LogFormat};
pub use problem::{ConfigError, Problem};
pub use route::{OneOrMany, Overflow, Projection, RouteConfig, Wrap};
pub use server::{ServerConfig, SockJsConfig};
pub use source::{EmbeddedConfig, KafkaConfig, SourceConfig, SourceName};
pub use topic::{CatalogueMode, Cleanup, DecodeConfig, Format, TopicConfig};
pub use validate::problems;

/// The whole of `sluice.toml`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// `[server]`: the public listener.
    pub server: ServerConfig,
    /// `[admin]`: the operators' listener.
    pub admin: AdminConfig,
    /// `[log]`: what the process writes to standard error.
    pub log: LogConfig,
    /// `[auth]`: whose tokens are believed.
    pub auth: AuthConfig,
    /// `[source.*]`: where records come from.
    pub source: SourceConfig,
    /// `[topics.NAME]`: the topics that are read, and how.
    pub topics: BTreeMap<String, TopicConfig>,
    /// `[[route]]`: which channels an event goes to.
    pub route: Vec<RouteConfig>,
    /// `[[access]]`: who may subscribe to and publish what. Nothing is open unless a rule opens it.
    pub access: Vec<AccessConfig>,
    /// `[limits]`: what one client may cost.
    pub limits: LimitsConfig,
}

impl Config {
    /// The names of topics that only hold other topics' dead letters: made when missing, never read.
    pub fn dead_letter_topics(&self) -> impl Iterator<Item = &str> {
        self.topics.values().filter_map(|topic| topic.dead_letter.as_deref())
    }

    /// The source a topic belongs to: its own word, else the one source there is.
    pub fn source_of(&self, topic: &TopicConfig) -> SourceName {
        topic.source.unwrap_or(if self.source.kafka.is_some() { SourceName::Kafka } else { SourceName::Embedded })
    }

    /// The topics that are read: all that are named, but for the dead letters of others.
    pub fn read_topics(&self) -> impl Iterator<Item = (&str, &TopicConfig)> {
        self.topics
            .iter()
            .filter(|(name, _)| !self.dead_letter_topics().any(|dead| dead == name.as_str()))
            .map(|(name, topic)| (name.as_str(), topic))
    }
}
