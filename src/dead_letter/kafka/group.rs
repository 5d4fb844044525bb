//! This node's membership in the group: which partitions it has, where they begin, and what is read but not committed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, TopicPartitionList};

use crate::config::KafkaConfig;
use crate::source::kafka::client::{self, Reports, Settings};

/// How long the group's coordinator may take to tell committed offsets.
const COMMITTED_TIMEOUT: Duration = Duration::from_secs(10);

const DEFAULTS: Settings<'static> = &[
    ("fetch.queue.backoff.ms", "100"),
    ("queued.min.messages", "1000"),
    ("queued.max.messages.kbytes", "8192"),
    ("receive.message.max.bytes", "67108864"),
    ("session.timeout.ms", "10000"),
    ("heartbeat.interval.ms", "3000"),
];

const FIXED: Settings<'static> = &[
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    // Where an offset is gone, what is left is judged from its beginning.
    ("auto.offset.reset", "earliest"),
    ("check.crcs", "true"),
    // Also makes a new owner wait for the transaction of the one before.
    ("isolation.level", "read_committed"),
    ("allow.auto.create.topics", "false"),
    ("enable.partition.eof", "false"),
    // Every rebalance takes all partitions away first; what is in hand then is let go.
    ("partition.assignment.strategy", "range"),
    ("group.protocol", "classic"),
];

/// The consumer of the group.
pub(super) type Member = BaseConsumer<Membership>;

/// One partition, by topic and number.
pub(super) type PartitionName = (String, i32);

/// A member that has not joined yet.
pub(super) fn member(config: &KafkaConfig, group: &str, reports: Reports) -> KafkaResult<Member> {
    let fixed: Vec<_> = FIXED.iter().copied().chain([("group.id", group)]).collect();
    client::settings(config, DEFAULTS, &fixed).create_with_context(Membership::new(reports))
}

/// What the group has committed of each partition. One partition that cannot be told fails them all: taken for one
/// without a commit it would be judged twice.
pub(super) fn committed(consumer: &Member, asked: TopicPartitionList) -> KafkaResult<HashMap<PartitionName, Offset>> {
    let committed = consumer.committed_offsets(asked, COMMITTED_TIMEOUT)?;
    for element in committed.elements() {
        element.error()?;
    }
    Ok(committed.to_topic_map())
}

/// What librdkafka's calls tell about the group.
pub(super) struct Membership {
    reports: Reports,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Counts assignments and revocations; records taken under an earlier one are not this node's business any more.
    generation: u64,
    /// The membership as of the assignment; none without one. The broker refuses transactions under an outdated one.
    metadata: Option<Arc<ConsumerGroupMetadata>>,
    /// Where partitions without a committed offset begin.
    starts: HashMap<PartitionName, i64>,
    /// The number after the last record that is done with, where it is not committed yet.
    done: HashMap<PartitionName, i64>,
}

impl Membership {
    fn new(reports: Reports) -> Self {
        Self { reports, state: Mutex::default() }
    }

    pub(super) fn reports(&self) -> &Reports {
        &self.reports
    }

    pub(super) fn generation(&self) -> u64 {
        self.state.lock().generation
    }

    /// The membership to write transactions under; none while this node has not joined.
    pub(super) fn metadata(&self) -> Option<Arc<ConsumerGroupMetadata>> {
        self.state.lock().metadata.clone()
    }

    pub(super) fn set_starts(&self, starts: HashMap<PartitionName, i64>) {
        self.state.lock().starts = starts;
    }

    /// Everything before `next` is done with.
    pub(super) fn mark_done(&self, partition: PartitionName, next: i64) {
        self.state.lock().done.insert(partition, next);
    }

    /// These were committed.
    pub(super) fn mark_committed(&self, partitions: &TopicPartitionList) {
        let mut state = self.state.lock();
        for element in partitions.elements() {
            let name = (element.topic().to_owned(), element.partition());
            let done = state.done.get(&name).copied();
            if element.offset().to_raw() >= done {
                state.done.remove(&name);
            }
        }
    }

    /// What is done with and not committed.
    pub(super) fn done(&self) -> TopicPartitionList {
        let state = self.state.lock();
        state.done.iter().map(|(partition, next)| (partition.clone(), Offset::Offset(*next))).collect()
    }

    fn on_assigned(&self, consumer: &BaseConsumer<Self>, partitions: &mut TopicPartitionList) {
        match committed(consumer, partitions.clone()) {
            Ok(committed) => self.place(committed, partitions),
            Err(err) => {
                tracing::warn!("committed offsets: {err}");
                // librdkafka asks for them again by itself.
                let _ = partitions.set_all_offsets(Offset::Stored);
            }
        }
        // Partitions that were paused before they were taken away would stay so.
        if let Err(err) = consumer.assign(partitions).and_then(|()| consumer.resume(partitions)) {
            tracing::error!("assigned partitions cannot be read: {err}");
        }
        let mut state = self.state.lock();
        state.generation += 1;
        state.metadata = consumer.group_metadata().map(Arc::new);
        tracing::debug!(partitions = partitions.count(), "joined the group for dead letters");
    }

    /// Each partition begins at its committed offset; one that has none where this node found its end, else at its
    /// beginning.
    fn place(&self, committed: HashMap<PartitionName, Offset>, partitions: &mut TopicPartitionList) {
        let mut state = self.state.lock();
        for (name, offset) in committed {
            let begin = match (offset, state.starts.get(&name).copied()) {
                (Offset::Offset(offset), _) => Offset::Offset(offset),
                (_, Some(start)) => {
                    state.done.insert(name.clone(), start);
                    Offset::Offset(start)
                }
                (_, None) => Offset::Beginning,
            };
            if let Err(err) = partitions.set_partition_offset(&name.0, name.1, begin) {
                tracing::error!(topic = name.0, partition = name.1, "its beginning cannot be set: {err}");
            }
        }
    }

    fn on_revoked(&self, consumer: &BaseConsumer<Self>) {
        // librdkafka sends it before it gives the partitions back. Without it the next owner judges once more what was
        // judged already, and finds nothing new.
        let done = self.done();
        if done.count() > 0
            && !consumer.assignment_lost()
            && let Err(err) = consumer.commit(&done, CommitMode::Async)
        {
            tracing::warn!("the last commit before a rebalance: {err}");
        }
        if let Err(err) = consumer.unassign() {
            tracing::error!("partitions cannot be given back: {err}");
        }
        let mut state = self.state.lock();
        state.generation += 1;
        state.metadata = None;
        state.done.clear();
    }
}

impl ClientContext for Membership {
    fn error(&self, error: KafkaError, reason: &str) {
        self.reports.error(error, reason);
    }
}

impl ConsumerContext for Membership {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, event: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        if event == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.on_assigned(consumer, partitions);
        } else {
            self.on_revoked(consumer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(group: &Membership) -> Vec<(PartitionName, Offset)> {
        let mut done: Vec<_> = group.done().to_topic_map().into_iter().collect();
        done.sort_by(|one, other| one.0.cmp(&other.0));
        done
    }

    #[test]
    fn what_was_done_since_a_commit_was_sent_is_still_to_be_committed() {
        let group = Membership::new(Reports::default());
        let name = |number| ("t".to_owned(), number);
        group.mark_done(name(0), 5);
        group.mark_done(name(1), 7);
        let sent = group.done();
        group.mark_done(name(1), 9);
        group.mark_committed(&sent);
        assert_eq!(done(&group), [(name(1), Offset::Offset(9))]);
    }

    #[test]
    fn partitions_begin_at_their_commit_else_at_the_end_that_was_found_else_at_their_beginning() {
        let group = Membership::new(Reports::default());
        let name = |number| ("t".to_owned(), number);
        group.set_starts(HashMap::from([(name(0), 50), (name(1), 60)]));
        let mut assigned = TopicPartitionList::new();
        assigned.add_partition_range("t", 0, 2);
        let committed = [(name(0), Offset::Offset(40)), (name(1), Offset::Invalid), (name(2), Offset::Invalid)];
        group.place(HashMap::from(committed), &mut assigned);
        let begins: Vec<_> = assigned.elements().iter().map(|element| element.offset()).collect();
        assert_eq!(begins, [Offset::Offset(40), Offset::Offset(60), Offset::Beginning]);
        // The end that was found becomes the group's at once.
        assert_eq!(done(&group), [(name(1), Offset::Offset(60))]);
    }
}
