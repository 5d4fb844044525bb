//! Settles where the group begins, before this node is ready: partitions without a committed offset at their end.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;

use super::Parts;
use super::group::{self, Member, PartitionName};
use crate::source::kafka::ffi::TopicQuery;

/// How long the brokers have for one answer about topics or ends.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// How long after the first failure it is tried again.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// How long the node stays unready for a group that is out of reach while the brokers answer.
const GROUP_PATIENCE: Duration = Duration::from_secs(10);

/// Settles the beginning of one group.
pub(super) struct Anchor<'a> {
    pub(super) consumer: &'a Member,
    pub(super) topics: &'a [String],
    pub(super) parts: &'a Parts,
    pub(super) brokers: &'a str,
}

impl Anchor<'_> {
    /// Tries until it is settled or `shutdown`. The ends that were found are this node's starts from then on.
    pub(super) fn run(&self, query: &mut TopicQuery<'_>, shutdown: &CancellationToken) {
        let Some(ends) = self.until_ok(shutdown, |_| self.ends(query)) else { return };
        self.consumer.context().set_starts(ends.clone());
        let patience_ends = Instant::now() + GROUP_PATIENCE;
        let settled = self.until_ok(shutdown, |reason| {
            if reason.is_some() && Instant::now() >= patience_ends {
                // Live delivery does not wait for the group. The ends are held, so nothing is passed over yet.
                self.parts.start.up();
            }
            self.commit_where_missing(&ends)
        });
        if settled.is_some() {
            self.parts.start.up();
        }
    }

    fn until_ok<T>(
        &self,
        shutdown: &CancellationToken,
        mut attempt: impl FnMut(Option<&str>) -> Result<T, String>,
    ) -> Option<T> {
        let mut reason = None;
        while !shutdown.is_cancelled() {
            match attempt(reason.as_deref()) {
                Ok(value) => return Some(value),
                Err(err) => {
                    // Hands waiting reports over, among them why a broker cannot be reached.
                    let _ = self.consumer.poll(AGAIN_AFTER);
                    let err = self.consumer.context().reports().last_error().unwrap_or(err);
                    let detail = format!("Kafka at {}: {err}", self.brokers);
                    if reason.as_ref() != Some(&detail) {
                        tracing::warn!("where dead letters begin is not settled yet: {detail}");
                    }
                    self.parts.letters.down(detail.clone());
                    reason = Some(detail);
                }
            }
        }
        None
    }

    fn ends(&self, query: &mut TopicQuery<'_>) -> Result<HashMap<PartitionName, i64>, String> {
        query.ask(self.topics, ANSWER_TIMEOUT);
        let described = query.answer(ANSWER_TIMEOUT * 2).unwrap_or_else(|| Err("no answer in time".to_owned()))?;
        let mut ends = HashMap::new();
        for topic in described {
            let Ok(identity) = topic.outcome else { continue };
            for number in (0..identity.partitions).filter(|number| !identity.leaderless.contains(number)) {
                let end = self.consumer.fetch_watermarks(&topic.name, number, ANSWER_TIMEOUT);
                let (_, end) = end.map_err(|err| format!("partition {number} of topic `{}`: {err}", topic.name))?;
                ends.insert((topic.name.clone(), number), end);
            }
        }
        Ok(ends)
    }

    fn commit_where_missing(&self, ends: &HashMap<PartitionName, i64>) -> Result<(), String> {
        if ends.is_empty() {
            return Ok(());
        }
        let mut asked = TopicPartitionList::new();
        for (topic, number) in ends.keys() {
            asked.add_partition(topic, *number);
        }
        let committed = group::committed(self.consumer, asked).map_err(|err| err.to_string())?;
        let is_missing = |name: &PartitionName| !matches!(committed.get(name), Some(Offset::Offset(_)));
        let missing: TopicPartitionList = ends
            .iter()
            .filter(|(name, _)| is_missing(name))
            .map(|(name, end)| (name.clone(), Offset::Offset(*end)))
            .collect();
        if missing.count() == 0 {
            return Ok(());
        }
        match self.consumer.commit(&missing, CommitMode::Sync) {
            // The group has members, and they see to it.
            Err(KafkaError::ConsumerCommit(
                RDKafkaErrorCode::UnknownMemberId
                | RDKafkaErrorCode::IllegalGeneration
                | RDKafkaErrorCode::RebalanceInProgress,
            )) => Ok(()),
            outcome => outcome.map_err(|err| err.to_string()),
        }
    }
}
