//! `[topics.NAME]`: one topic, how it is made and how its records are read.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::route::OneOrMany;
use super::source::SourceName;
use super::units;

/// `[topics.NAME]`: one topic.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TopicConfig {
    /// The source it belongs to; may be left out where there is only one.
    pub source: Option<SourceName>,
    /// How many partitions it has when it is made.
    pub partitions: i32,
    /// How long its records are kept when it is made.
    #[serde(deserialize_with = "units::duration")]
    #[schemars(with = "String")]
    pub retention: Duration,
    /// What happens to old records when it is made.
    pub cleanup: Cleanup,
    /// The topic that keeps the records that could not be delivered. Left out: they are counted, logged and not kept.
    pub dead_letter: Option<String>,
    /// The record's key is this member (a JSON pointer): how `POST /api/v1/events` keys what it writes.
    pub key: Option<String>,
    /// Which event types may be on it.
    pub catalogue: CatalogueMode,
    /// Whether an event that matches no route is a dead letter.
    pub must_route: bool,
    /// How its records are read.
    pub decode: DecodeConfig,
}

impl Default for TopicConfig {
    fn default() -> Self {
        Self {
            source: None,
            partitions: 1,
            retention: Duration::from_secs(7 * 24 * 3600),
            cleanup: Cleanup::Delete,
            dead_letter: None,
            key: None,
            catalogue: CatalogueMode::Known,
            must_route: false,
            decode: DecodeConfig::default(),
        }
    }
}

/// What happens to old records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Cleanup {
    /// They are deleted after the retention.
    #[default]
    Delete,
    /// The newest of each key is kept.
    Compact,
}

impl Cleanup {
    /// The word that Kafka's `cleanup.policy` has for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Compact => "compact",
        }
    }
}

/// Which event types may be on a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CatalogueMode {
    /// Only known ones; an unknown type is a dead letter.
    Strict,
    /// Known ones are checked, unknown ones pass by their envelope alone.
    #[default]
    Known,
    /// Nothing is checked.
    Off,
}

/// `[topics.NAME.decode]`: how records become events. Places are written `body:/json/pointer`, `header:name`, `key` or
/// `topic`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DecodeConfig {
    /// What the body is.
    pub format: Format,
    /// Where the event's type is; of a list the first that is there.
    #[serde(rename = "type")]
    pub event_type: OneOrMany,
    /// Where its id is.
    pub id: String,
    /// Where its time is.
    pub time: String,
    /// Where its correlation id is.
    pub correlation: String,
    /// Other spellings of a type, and the one that is meant.
    pub aliases: BTreeMap<String, String>,
}

impl Default for DecodeConfig {
    fn default() -> Self {
        Self {
            format: Format::Json,
            event_type: OneOrMany(vec!["body:/eventType".to_owned()]),
            id: "body:/eventId".to_owned(),
            time: "body:/timestamp".to_owned(),
            correlation: "body:/correlationId".to_owned(),
            aliases: BTreeMap::new(),
        }
    }
}

/// What a record's body is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One JSON object in UTF-8.
    #[default]
    Json,
}
