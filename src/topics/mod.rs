//! The topics that the config names: what they should be, what they are, and making those that are missing.

pub mod embedded;
#[cfg(feature = "kafka")]
pub mod kafka;

use std::time::Duration;

use serde::Serialize;

use crate::config::{Cleanup, Config, SourceName, TopicConfig};

/// How long dead letters are kept when their topic has no section of its own.
const DEAD_LETTER_RETENTION: Duration = Duration::from_secs(30 * 24 * 3600);

/// What a topic should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// How many partitions it is made with.
    pub partitions: i32,
    /// How long its records are kept.
    pub retention: Duration,
    /// What happens to old records.
    pub cleanup: Cleanup,
}

impl TopicSpec {
    fn new(name: &str, topic: &TopicConfig) -> Self {
        Self { name: name.to_owned(), partitions: topic.partitions, retention: topic.retention, cleanup: topic.cleanup }
    }
}

/// Every topic of that source, each followed by its dead-letter topic.
pub fn specs(config: &Config, source: SourceName) -> Vec<TopicSpec> {
    let mut specs = Vec::new();
    for (name, topic) in config.read_topics().filter(|(_, topic)| config.source_of(topic) == source) {
        specs.push(TopicSpec::new(name, topic));
        let Some(dead_letter) = &topic.dead_letter else { continue };
        if specs.iter().any(|spec: &TopicSpec| spec.name == *dead_letter) {
            continue;
        }
        specs.push(match config.topics.get(dead_letter) {
            Some(own) => TopicSpec::new(dead_letter, own),
            None => TopicSpec {
                name: dead_letter.clone(),
                partitions: 1,
                retention: DEAD_LETTER_RETENTION,
                cleanup: Cleanup::Delete,
            },
        });
    }
    specs
}

/// What became of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum TopicState {
    /// It was missing and has been made.
    Created,
    /// It is there, as the config says.
    Present,
    /// It is there with other settings, and was left alone; each difference in words.
    Differs {
        /// As `partitions: 1 instead of 8`.
        differences: Vec<String>,
    },
    /// It is missing, and making it was not asked for.
    Missing,
    /// It could not be looked at or made.
    Failed {
        /// What the broker said.
        reason: String,
    },
}

/// One topic and its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TopicReport {
    /// The topic.
    pub name: String,
    /// Partitions it has; 0 when missing.
    pub partitions: i32,
    /// Records in it (the sum over its partitions of end minus start).
    pub records: u64,
    /// What became of it.
    #[serde(flatten)]
    pub state: TopicState,
}
