//! A topic of the log: its settings as they were when it was made, and where each partition begins and ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::partitioner::partition_of;
use crate::config::Cleanup;
use crate::record::Partition;
use crate::topics::{TopicReport, TopicSpec, TopicState};

/// The most partitions that one topic may have.
const PARTITIONS_MAX: i32 = 1_024;

/// The longest name that Kafka takes, so that a topic can be moved there.
const NAME_LEN_MAX: usize = 249;

/// What is written down about a topic when it is made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct TopicSettings {
    pub(super) id: Uuid,
    /// The number of its first partition among all partitions of the log; the others follow it.
    pub(super) first: u32,
    pub(super) partitions: u32,
    pub(super) retention_ms: u64,
    pub(super) compact: bool,
}

impl TopicSettings {
    pub(super) fn new(spec: &TopicSpec, first: u32) -> Self {
        Self {
            id: Uuid::new_v4(),
            first,
            partitions: spec.partitions.unsigned_abs(),
            retention_ms: millis(spec.retention),
            compact: spec.cleanup == Cleanup::Compact,
        }
    }

    const fn cleanup(&self) -> Cleanup {
        if self.compact { Cleanup::Compact } else { Cleanup::Delete }
    }
}

/// Why a topic cannot be made, if it cannot.
pub(super) fn fault(spec: &TopicSpec) -> Option<String> {
    if !(1..=PARTITIONS_MAX).contains(&spec.partitions) {
        return Some(format!("{} partitions; a topic has 1 to {PARTITIONS_MAX}", spec.partitions));
    }
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"._-".contains(&octet);
    if spec.name.is_empty() || spec.name.len() > NAME_LEN_MAX || !spec.name.bytes().all(plain) {
        return Some(format!("a topic's name is 1 to {NAME_LEN_MAX} of the characters `A-Za-z0-9._-`"));
    }
    None
}

/// One partition: what lies in it is `start..end`, and `end` never goes back.
#[derive(Debug)]
pub(crate) struct Place {
    /// Its name for good.
    pub(crate) partition: Arc<Partition>,
    /// Its number among all partitions of the log.
    pub(crate) number: u32,
    start: AtomicU64,
    end: AtomicU64,
}

impl Place {
    pub(super) fn new(partition: Partition, number: u32, start: u64, end: u64) -> Self {
        let (start, end) = (AtomicU64::new(start), AtomicU64::new(end));
        Self { partition: Arc::new(partition), number, start, end }
    }

    /// The oldest offset that is kept.
    pub(crate) fn start(&self) -> u64 {
        self.start.load(Ordering::Acquire)
    }

    /// The offset that the next record gets; everything before it is on disk.
    pub(crate) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    pub(super) fn set_start(&self, start: u64) {
        self.start.store(start, Ordering::Release);
    }

    pub(super) fn set_end(&self, end: u64) {
        self.end.store(end, Ordering::Release);
    }
}

/// One topic.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: Arc<str>,
    pub(super) settings: TopicSettings,
    /// Its partitions, in the order of their numbers.
    pub(crate) places: Vec<Arc<Place>>,
    turn: AtomicUsize,
}

impl Topic {
    pub(super) fn new(name: &str, settings: TopicSettings, places: Vec<Arc<Place>>) -> Self {
        Self { name: name.into(), settings, places, turn: AtomicUsize::new(0) }
    }

    /// The partition for that key; records without a key follow the turn that was taken for them.
    pub(super) fn partition_for(&self, key: Option<&Bytes>, turn: usize) -> usize {
        key.map_or(turn % self.places.len(), |key| partition_of(key, self.places.len()))
    }

    /// The next turn among the partitions.
    pub(super) fn take_turn(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn report(&self, spec: &TopicSpec) -> TopicReport {
        let differences = self.differences(spec);
        let state = if differences.is_empty() { TopicState::Present } else { TopicState::Differs { differences } };
        self.report_as(state)
    }

    pub(super) fn report_as(&self, state: TopicState) -> TopicReport {
        TopicReport {
            name: self.name.to_string(),
            partitions: self.settings.partitions.cast_signed(),
            records: self.places.iter().map(|place| place.end().saturating_sub(place.start())).sum(),
            state,
        }
    }

    fn differences(&self, spec: &TopicSpec) -> Vec<String> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, is: String, should_be: String| {
            if is != should_be {
                differences.push(format!("{what}: {is} instead of {should_be}"));
            }
        };
        compare("partitions", self.settings.partitions.to_string(), spec.partitions.to_string());
        compare("retention", words(self.settings.retention_ms), words(millis(spec.retention)));
        compare("cleanup", self.settings.cleanup().name().to_owned(), spec.cleanup.name().to_owned());
        differences
    }
}

/// What there is to say of a topic that the log does not have.
pub(super) fn absent(spec: &TopicSpec, state: TopicState) -> TopicReport {
    TopicReport { name: spec.name.clone(), partitions: 0, records: 0, state }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A duration as the config has it, in the largest unit that leaves nothing over.
fn words(millis: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let unit = UNITS.iter().find(|(size, _)| millis > 0 && millis.is_multiple_of(*size));
    unit.map_or_else(|| format!("{millis}ms"), |(size, name)| format!("{}{name}", millis / size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_as_people_write_them() {
        for (millis, text) in [(0, "0ms"), (1_500, "1500ms"), (60_000, "1m"), (90_000, "90s"), (1_209_600_000, "14d")] {
            assert_eq!(words(millis), text);
        }
    }

    #[test]
    fn a_topic_that_cannot_be_made_is_told_why() {
        let spec = |name: &str, partitions| TopicSpec {
            name: name.to_owned(),
            partitions,
            retention: Duration::from_secs(1),
            cleanup: Cleanup::Delete,
        };
        assert_eq!(fault(&spec("agent-events", 8)), None);
        for wrong in [spec("t", 0), spec("t", -1), spec("t", 5_000), spec("", 1), spec("a/b", 1), spec("a\nb", 1)] {
            assert!(fault(&wrong).is_some(), "{wrong:?}");
        }
    }
}
