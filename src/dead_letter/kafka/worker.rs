//! The loop that judges records, and keeps what could not be written for another try.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::BorrowedMessage;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Message, Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::anchor::Anchor;
use super::group::{self, Member, PartitionName};
use super::writer::{Failure, Writer};
use super::{Duty, Parts};
use crate::config::KafkaConfig;
use crate::dead_letter::header;
use crate::metrics;
use crate::publish::Outgoing;
use crate::record::{Partition, Record};
use crate::source::BATCH_RECORDS_MAX;
use crate::source::kafka::SourceError;
use crate::source::kafka::client::Reports;
use crate::source::kafka::ffi::{Committer, TopicQuery};
use crate::source::kafka::record;

/// The group where the config names none.
const GROUP: &str = "sluice-dead-letters";

/// How long the loop waits for a record before it looks around.
const POLL: Duration = Duration::from_millis(100);

/// How often stretches without refused records are committed.
const COMMIT_INTERVAL: Duration = Duration::from_secs(1);

/// How often the brokers are asked whether they are there, and for the topics' ids.
const ASK_INTERVAL: Duration = Duration::from_secs(5);

/// How long they wait for an earlier commit to be answered, before the next look.
const NOT_YET: Duration = Duration::from_millis(20);

/// How long a topic's records wait after a first and after many failures.
const RETRY_MIN: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(30);

/// Records of one topic whose dead letters could not be written; the topic's partitions are paused meanwhile.
struct Held {
    records: Vec<Record>,
    /// None where only an earlier commit is waited for.
    reason: Option<String>,
    retry_at: Instant,
    delay: Duration,
    /// Whether the letters may have been written after all; the committed offsets tell.
    is_unclear: bool,
}

pub(super) struct Loop {
    duty: Duty,
    parts: Parts,
    brokers: String,
    group: String,
    consumer: Arc<Member>,
    reports: Reports,
    writer: Writer,
    generation: u64,
    held: HashMap<String, Held>,
    ids: HashMap<String, Uuid>,
    partitions: HashMap<PartitionName, Arc<Partition>>,
    /// The commit that is not answered yet. One that the broker took after a later transaction would undo that.
    committing: Option<TopicPartitionList>,
    commit_at: Instant,
    ask_at: Instant,
    /// What the brokers said last against this node, if anything.
    refusal: Option<String>,
    /// Why the brokers could not be reached when they were asked last, if so.
    outage: Option<String>,
}

impl Loop {
    pub(super) fn new(config: &KafkaConfig, mut duty: Duty, parts: Parts) -> Result<Self, SourceError> {
        duty.topics.sort();
        duty.topics.dedup();
        let group = config.group.clone().unwrap_or_else(|| GROUP.to_owned());
        let reports = Reports::default();
        Ok(Self {
            duty,
            parts,
            brokers: config.brokers.join(", "),
            consumer: Arc::new(group::member(config, &group, reports.clone())?),
            writer: Writer::new(config, &group, reports.clone()),
            group,
            reports,
            generation: 0,
            held: HashMap::new(),
            ids: HashMap::new(),
            partitions: HashMap::new(),
            committing: None,
            commit_at: Instant::now(),
            ask_at: Instant::now(),
            refusal: None,
            outage: None,
        })
    }

    pub(super) fn run(mut self, shutdown: &CancellationToken) {
        if self.duty.topics.is_empty() {
            self.parts.start.up();
            self.parts.letters.up();
            return;
        }
        let consumer = Arc::clone(&self.consumer);
        let mut query = TopicQuery::new(consumer.client().native_client());
        let committer = Committer::new(consumer.client().native_client());
        let anchor =
            Anchor { consumer: &consumer, topics: &self.duty.topics, parts: &self.parts, brokers: &self.brokers };
        anchor.run(&mut query, shutdown);
        let topics: Vec<_> = self.duty.topics.iter().map(String::as_str).collect();
        if let Err(err) = consumer.subscribe(&topics) {
            self.refusal = Some(err.to_string());
        }
        while !shutdown.is_cancelled() {
            self.ask(&mut query);
            let batch = self.collect();
            self.settle_all(batch);
            self.retry_held();
            self.commit(&committer);
            self.tell();
        }
        // What is done is committed when the consumer gives its partitions back, as it is dropped.
        self.parts.letters.down("stopped");
    }

    /// Asks whether the brokers are there, and takes the answer in.
    fn ask(&mut self, query: &mut TopicQuery<'_>) {
        if !query.is_asked() && Instant::now() >= self.ask_at {
            query.ask(&self.duty.topics, ASK_INTERVAL);
            self.ask_at = Instant::now() + ASK_INTERVAL;
        }
        match query.answer(Duration::ZERO) {
            None => {}
            Some(Err(err)) => self.outage = Some(self.reports.last_error().unwrap_or(err)),
            Some(Ok(topics)) => {
                self.outage = None;
                let ids = topics.into_iter().filter_map(|topic| Some((topic.name, topic.outcome.ok()?.id))).collect();
                if ids != self.ids {
                    self.ids = ids;
                    self.partitions.clear();
                }
            }
        }
    }

    /// What is there without waiting, up to a batch; waits a moment for the first record.
    fn collect(&mut self) -> Vec<Record> {
        let consumer = Arc::clone(&self.consumer);
        let mut batch = Vec::new();
        let mut wait = POLL;
        while batch.len() < BATCH_RECORDS_MAX {
            let polled = consumer.poll(wait);
            let generation = consumer.context().generation();
            if generation != self.generation {
                // What is in hand belongs to whoever has the partitions now, and is read again from the commit.
                self.generation = generation;
                batch.clear();
                self.held.clear();
            }
            match polled {
                Some(Ok(message)) => {
                    self.refusal = None;
                    batch.push(self.copy(&message));
                }
                Some(Err(err)) => self.on_error(&err),
                None => break,
            }
            wait = Duration::ZERO;
        }
        batch
    }

    fn copy(&mut self, message: &BorrowedMessage<'_>) -> Record {
        let name = (message.topic().to_owned(), message.partition());
        let partition = self.partitions.entry(name).or_insert_with_key(|(topic, number)| {
            let cluster = self.consumer.client().fetch_cluster_id(Duration::ZERO).unwrap_or_default();
            let id = self.ids.get(topic).copied().unwrap_or_default();
            Arc::new(Partition::new(&cluster, topic, id, *number))
        });
        record::copy(message, Arc::clone(partition))
    }

    fn on_error(&mut self, err: &KafkaError) {
        match err.rdkafka_error_code() {
            Some(RDKafkaErrorCode::GroupAuthorizationFailed) => {
                self.refusal = Some(format!("no right to use the group `{}`; grant READ on it", self.group));
            }
            Some(RDKafkaErrorCode::TopicAuthorizationFailed) => {
                self.refusal = Some(format!("no right to read a topic: {err}; grant READ on it"));
            }
            _ => tracing::debug!("Kafka: {err}"),
        }
    }

    fn settle_all(&mut self, batch: Vec<Record>) {
        let mut topics: BTreeMap<Arc<str>, Vec<Record>> = BTreeMap::new();
        for record in batch {
            topics.entry(Arc::clone(record.topic())).or_default().push(record);
        }
        for (topic, records) in topics {
            // What was on its way when the topic was paused waits behind what is held.
            if let Some(held) = self.held.get_mut(topic.as_ref()) {
                held.records.extend(records);
            } else if let Err(failure) = self.settle(&records) {
                self.hold(&topic, records, failure, RETRY_MIN);
            }
        }
    }

    /// Judges records of one topic, and writes the dead letters of those that are refused.
    fn settle(&mut self, records: &[Record]) -> Result<(), Failure> {
        let mut ends: HashMap<PartitionName, i64> = HashMap::new();
        for record in records {
            let Partition { topic, number, .. } = &*record.position.partition;
            let next = i64::try_from(record.position.number + 1).unwrap_or(i64::MAX);
            ends.insert((topic.to_string(), *number), next);
        }
        let (mut letters, reasons) = self.letters(records);
        if letters.is_empty() {
            ends.into_iter().for_each(|(partition, next)| self.consumer.context().mark_done(partition, next));
            return Ok(());
        }
        let offsets: TopicPartitionList =
            ends.into_iter().map(|(partition, next)| (partition, Offset::Offset(next))).collect();
        let Some(member) = self.consumer.context().metadata() else {
            return Err(Failure::NotWritten("this node is in no group".to_owned()));
        };
        if self.committing.is_some() {
            return Err(Failure::NotYet);
        }
        loop {
            match self.writer.write(&letters, &offsets, &member) {
                Err(Failure::TooLarge(places)) => shorten(&mut letters, &places)?,
                outcome => break outcome?,
            }
        }
        self.consumer.context().mark_committed(&offsets);
        let topic = records[0].topic();
        reasons.into_iter().for_each(|reason| metrics::dead_letter_written(topic, reason));
        Ok(())
    }

    fn letters(&self, records: &[Record]) -> (Vec<Outgoing>, Vec<&'static str>) {
        let now_ms = now_ms();
        let mut found = Vec::new();
        for record in records {
            let Some(refusal) = (self.duty.judge)(record) else { continue };
            let Some(letter) = self.duty.letters.outgoing(record, &refusal, now_ms) else {
                let Partition { topic, number, .. } = &*record.position.partition;
                let (reason, offset) = (refusal.reason, record.position.number);
                tracing::warn!(%topic, partition = number, offset, reason, "refused and not kept: {}", refusal.detail);
                metrics::dead_letter_not_kept(topic, reason);
                continue;
            };
            found.push((letter, refusal.reason));
        }
        found.into_iter().unzip()
    }

    fn hold(&mut self, topic: &str, records: Vec<Record>, failure: Failure, delay: Duration) {
        let (reason, delay, is_unclear) = match failure {
            Failure::NotYet => (None, NOT_YET, false),
            Failure::NotWritten(reason) => (Some(reason), delay, false),
            Failure::Unclear(reason) => (Some(reason), delay, true),
            Failure::TooLarge(_) => (Some("they are larger than their topic takes".to_owned()), delay, false),
        };
        if let Some(reason) = &reason {
            tracing::error!(topic, retry_in = ?delay, "dead letters cannot be written: {reason}");
            metrics::dead_letter_failed(topic);
        }
        let paused = self.of_topic(topic).and_then(|partitions| self.consumer.pause(&partitions));
        if let Err(err) = paused {
            tracing::warn!(topic, "partitions cannot be paused: {err}");
        }
        let retry_at = Instant::now() + delay;
        self.held.insert(topic.to_owned(), Held { records, reason, retry_at, delay, is_unclear });
    }

    fn of_topic(&self, topic: &str) -> KafkaResult<TopicPartitionList> {
        let mut partitions = TopicPartitionList::new();
        for element in self.consumer.assignment()?.elements_for_topic(topic) {
            partitions.add_partition(topic, element.partition());
        }
        Ok(partitions)
    }

    fn retry_held(&mut self) {
        let now = Instant::now();
        let due: Vec<_> = self.held.iter().filter(|(_, held)| held.retry_at <= now).map(|(t, _)| t.clone()).collect();
        for topic in due {
            let Some(mut held) = self.held.remove(&topic) else { continue };
            let cleared = if held.is_unclear { self.drop_committed(&mut held.records) } else { Ok(()) };
            let outcome = match cleared {
                Ok(()) => self.settle(&held.records),
                Err(err) => Err(Failure::Unclear(err.to_string())),
            };
            match outcome {
                Ok(()) => {
                    if held.reason.is_some() {
                        tracing::info!(topic, "dead letters are written again");
                    }
                    let resumed = self.of_topic(&topic).and_then(|partitions| self.consumer.resume(&partitions));
                    if let Err(err) = resumed {
                        tracing::warn!(topic, "partitions cannot be resumed: {err}");
                    }
                }
                Err(failure) => self.hold(&topic, held.records, failure, (held.delay * 2).clamp(RETRY_MIN, RETRY_MAX)),
            }
        }
    }

    /// Drops the records that a transaction without a clear answer has settled after all.
    fn drop_committed(&mut self, records: &mut Vec<Record>) -> KafkaResult<()> {
        // Only once the open transaction is settled do the offsets tell its outcome.
        self.writer.connect()?;
        let mut asked = TopicPartitionList::new();
        for record in records.iter() {
            let Partition { topic, number, .. } = &*record.position.partition;
            if asked.find_partition(topic, *number).is_none() {
                asked.add_partition(topic, *number);
            }
        }
        let committed = group::committed(&self.consumer, asked)?;
        records.retain(|record| {
            let Partition { topic, number, .. } = &*record.position.partition;
            let Some(Offset::Offset(next)) = committed.get(&(topic.to_string(), *number)) else { return true };
            i128::from(*next) <= i128::try_from(record.position.number).unwrap_or(i128::MAX)
        });
        Ok(())
    }

    /// Commits what is done with, one commit after the other.
    fn commit(&mut self, committer: &Committer<'_>) {
        let context = self.consumer.context();
        if let Some(answer) = committer.answer()
            && let Some(offsets) = self.committing.take()
        {
            match answer {
                Ok(()) => context.mark_committed(&offsets),
                Err(err) => tracing::debug!("commit: {err}"),
            }
        }
        if self.committing.is_some() || Instant::now() < self.commit_at || context.metadata().is_none() {
            return;
        }
        self.commit_at = Instant::now() + COMMIT_INTERVAL;
        let done = context.done();
        if done.count() == 0 {
            return;
        }
        match committer.send(&done) {
            Ok(()) => self.committing = Some(done),
            Err(err) => tracing::debug!("commit: {err}"),
        }
    }

    fn tell(&mut self) {
        let held = self.held.iter().find_map(|(topic, held)| Some((topic, held.reason.as_ref()?)));
        let held = held.map(|(topic, reason)| format!("dead letters of `{topic}` cannot be written: {reason}"));
        let is_member = self.consumer.context().metadata().is_some();
        let problem = held
            .or_else(|| self.outage.as_ref().map(|reason| format!("Kafka at {}: {reason}", self.brokers)))
            .or_else(|| self.refusal.clone())
            .or_else(|| (!is_member).then(|| format!("joining the group `{}`", self.group)));
        match problem {
            Some(problem) => self.parts.letters.down(problem),
            None => self.parts.letters.up(),
        }
    }
}

/// Leaves the bodies out of letters that are larger than their topic takes; the headers say where the record stands.
fn shorten(letters: &mut [Outgoing], places: &[usize]) -> Result<(), Failure> {
    for place in places {
        let letter = &mut letters[*place];
        if letter.body.is_empty() {
            return Err(Failure::TooLarge(places.to_vec()));
        }
        let note = format!("left out: {} octets are more than the dead-letter topic takes", letter.body.len());
        letter.headers.push((header::BODY.to_owned(), Bytes::from(note)));
        letter.body = Bytes::new();
    }
    Ok(())
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(body: &'static str) -> Outgoing {
        Outgoing { topic: "dead".into(), key: None, headers: Vec::new(), body: Bytes::from(body) }
    }

    #[test]
    fn a_letter_that_is_too_large_says_that_its_body_was_left_out() {
        let mut letters = [letter("small"), letter("large")];
        assert!(shorten(&mut letters, &[1]).is_ok());
        assert_eq!((letters[0].body.as_ref(), letters[0].headers.len()), (b"small".as_slice(), 0));
        assert!(letters[1].body.is_empty());
        assert!(letters[1].headers[0].1.starts_with(b"left out: 5 octets"));
    }

    #[test]
    fn a_letter_that_is_too_large_without_body_is_a_failure() {
        assert!(matches!(shorten(&mut [letter("")], &[0]), Err(Failure::TooLarge(_))));
    }
}
