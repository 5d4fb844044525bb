//! The partitions that are read: where each begins, how far it has got, and what brings one back that stopped.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message, Offset, TopicPartitionList};

use super::client::Reports;
use super::lag::Statistics;
use super::record;
use super::watch::{Found, Start};
use crate::metrics;
use crate::record::{Partition, Record};

/// How long one question about a partition's offsets may hold up the reader.
const OFFSETS_TIMEOUT: Duration = Duration::from_secs(2);

/// Statistics in a row that must show a partition without fetcher before it is started again.
const DEAD_SEEN_MIN: u8 = 2;

/// What the next record's number is before there was one.
const NOT_KNOWN: i64 = -1;

/// One partition that is read.
#[derive(Debug)]
struct Reading {
    partition: Arc<Partition>,
    /// The number after the last record read.
    next: i64,
    dead_seen: u8,
}

/// One partition whose beginning is still to be found out.
#[derive(Debug)]
struct Pending {
    partition: Arc<Partition>,
    begin: Begin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begin {
    End,
    Beginning,
    /// The first record of that time or later.
    SinceMs(i64),
    At(i64),
}

/// All partitions of one reader.
pub(super) struct Followed<'a> {
    consumer: &'a BaseConsumer<Reports>,
    readings: HashMap<String, Vec<Option<Reading>>>,
    pending: Vec<Pending>,
}

impl<'a> Followed<'a> {
    pub(super) fn new(consumer: &'a BaseConsumer<Reports>) -> Self {
        Self { consumer, readings: HashMap::new(), pending: Vec::new() }
    }

    /// Whether the beginning of every partition is found.
    pub(super) fn is_complete(&self) -> bool {
        self.pending.is_empty()
    }

    /// Begins with the partitions that were found; what was read of them under another identity is over.
    pub(super) fn add(&mut self, cluster: &str, found: &Found, last_contact_ms: i64) {
        let begin = match found.start {
            Start::Now => Begin::End,
            Start::Beginning => Begin::Beginning,
            Start::LastContact => Begin::SinceMs(last_contact_ms),
        };
        if found.partitions.start == 0 {
            self.forget(&found.topic);
        }
        for number in found.partitions.clone() {
            let partition = Arc::new(Partition::new(cluster, &found.topic, found.id, number));
            self.pending.push(Pending { partition, begin });
        }
    }

    /// Partitions that are still to begin at the end will begin with what is written from now on, however late their
    /// end is found out.
    pub(super) fn pin_pending(&mut self, now_ms: i64) {
        for pending in self.pending.iter_mut().filter(|pending| pending.begin == Begin::End) {
            pending.begin = Begin::SinceMs(now_ms);
        }
    }

    fn forget(&mut self, topic: &str) {
        self.pending.retain(|pending| &*pending.partition.topic != topic);
        for reading in self.readings.remove(topic).into_iter().flatten().flatten() {
            self.stop(&reading.partition);
        }
    }

    /// Finds out where the pending partitions begin and starts to read them. Partitions without a leader wait.
    ///
    /// # Errors
    /// Names the partition whose offsets the brokers did not tell; it stays pending.
    pub(super) fn resolve(&mut self, leaderless: &HashSet<(String, i32)>) -> Result<(), String> {
        let (waiting, ready): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.pending).into_iter().partition(|Pending { partition, .. }| {
                leaderless.contains(&(partition.topic.to_string(), partition.number))
            });
        self.pending = waiting;
        let mut ready = ready.into_iter();
        while let Some(pending) = ready.next() {
            let begun = self.offset(&pending).and_then(|offset| self.begin(&pending.partition, offset));
            if let Err(err) = begun {
                let Partition { topic, number, .. } = &*pending.partition;
                let problem = format!("partition {number} of topic `{topic}`: {err}");
                self.pending.push(pending);
                self.pending.extend(ready);
                return Err(problem);
            }
        }
        Ok(())
    }

    fn offset(&self, pending: &Pending) -> KafkaResult<Offset> {
        let Partition { topic, number, .. } = &*pending.partition;
        match pending.begin {
            Begin::Beginning => Ok(Offset::Beginning),
            Begin::At(offset) => Ok(Offset::Offset(offset)),
            Begin::End => self.end(topic, *number),
            Begin::SinceMs(time_ms) => {
                let mut times = TopicPartitionList::new();
                times.add_partition_offset(topic, *number, Offset::Offset(time_ms))?;
                let offsets = self.consumer.offsets_for_times(times, OFFSETS_TIMEOUT)?;
                let offset = offsets.find_partition(topic, *number).map(|found| (found.error(), found.offset()));
                match offset {
                    Some((Ok(()), Offset::Offset(offset))) => Ok(Offset::Offset(offset)),
                    Some((Err(err), _)) => Err(err),
                    // No record is that young.
                    Some((Ok(()), _)) | None => self.end(topic, *number),
                }
            }
        }
    }

    fn end(&self, topic: &str, number: i32) -> KafkaResult<Offset> {
        self.consumer.fetch_watermarks(topic, number, OFFSETS_TIMEOUT).map(|(_, high)| Offset::Offset(high))
    }

    fn begin(&mut self, partition: &Arc<Partition>, offset: Offset) -> KafkaResult<()> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&partition.topic, partition.number, offset)?;
        self.consumer.incremental_assign(&list)?;
        tracing::debug!(topic = %partition.topic, partition = partition.number, ?offset, "reading");
        let readings = self.readings.entry(partition.topic.to_string()).or_default();
        let Ok(index) = usize::try_from(partition.number) else { return Ok(()) };
        if readings.len() <= index {
            readings.resize_with(index + 1, || None);
        }
        let next = if let Offset::Offset(offset) = offset { offset } else { NOT_KNOWN };
        readings[index] = Some(Reading { partition: Arc::clone(partition), next, dead_seen: 0 });
        Ok(())
    }

    fn stop(&self, partition: &Partition) {
        let mut list = TopicPartitionList::new();
        list.add_partition(&partition.topic, partition.number);
        if let Err(err) = self.consumer.incremental_unassign(&list) {
            tracing::warn!(topic = %partition.topic, partition = partition.number, "cannot stop reading: {err}");
        }
    }

    /// A copy of the record; `None` when its partition is read no more, or was read up to there before.
    pub(super) fn take(&mut self, message: &BorrowedMessage<'_>) -> Option<Record> {
        let index = usize::try_from(message.partition()).ok()?;
        let reading = self.readings.get_mut(message.topic())?.get_mut(index)?.as_mut()?;
        if message.offset() < reading.next {
            return None;
        }
        reading.next = message.offset() + 1;
        Some(record::copy(message, Arc::clone(&reading.partition)))
    }

    /// Reports how far behind each partition is, and starts those again that librdkafka has silently given up.
    pub(super) fn on_statistics(&mut self, statistics: &Statistics) {
        let mut dead = Vec::new();
        for reading in self.readings.values_mut().flatten().flatten() {
            let Partition { topic, number, .. } = &*reading.partition;
            let Some(partition) = statistics.partition(topic, *number) else { continue };
            if let Some(records) = partition.lag(reading.next) {
                metrics::source_lag(topic, *number, records);
            }
            reading.dead_seen = if partition.is_dead() { reading.dead_seen + 1 } else { 0 };
            if reading.dead_seen >= DEAD_SEEN_MIN {
                reading.dead_seen = 0;
                dead.push((Arc::clone(&reading.partition), reading.next));
            }
        }
        for (partition, next) in dead {
            let begin = if next == NOT_KNOWN { Begin::Beginning } else { Begin::At(next) };
            self.restart(partition, begin, "stalled");
        }
    }

    /// Whether the brokers have handed out something, if only an empty answer, of every partition.
    pub(super) fn all_fetched(&self, statistics: &Statistics) -> bool {
        self.readings.values().flatten().flatten().all(|reading| {
            let partition = statistics.partition(&reading.partition.topic, reading.partition.number);
            partition.is_some_and(|partition| partition.lag(reading.next).is_some())
        })
    }

    /// Looks for partitions whose next record is no longer there, and goes on with what is.
    ///
    /// # Errors
    /// Names the partition whose offsets the brokers did not tell.
    pub(super) fn check_positions(&mut self, last_contact_ms: i64) -> Result<(), String> {
        let readings = self.readings.values().flatten().flatten();
        let positions: Vec<_> = readings.map(|reading| (Arc::clone(&reading.partition), reading.next)).collect();
        for (partition, next) in positions.into_iter().filter(|(_, next)| *next != NOT_KNOWN) {
            let Partition { topic, number, topic_id, .. } = &*partition;
            let (low, high) = self
                .consumer
                .fetch_watermarks(topic, *number, OFFSETS_TIMEOUT)
                .map_err(|err| format!("partition {number} of topic `{topic}`: {err}"))?;
            if next < low {
                tracing::error!(%topic, partition = number, "records {next} to {} are gone before they were read", low - 1);
                self.restart(partition, Begin::At(low), "retention");
            } else if next > high && topic_id.is_nil() {
                tracing::error!(%topic, partition = number, "the log ends at {high}, before {next}: it was made again");
                self.restart(partition, Begin::At(low), "recreated");
            } else if next > high {
                tracing::error!(%topic, partition = number, "the log ends at {high}, before {next}: it was cut");
                self.restart(partition, Begin::SinceMs(last_contact_ms), "truncated");
            }
        }
        Ok(())
    }

    fn restart(&mut self, partition: Arc<Partition>, begin: Begin, reason: &'static str) {
        tracing::warn!(topic = %partition.topic, partition = partition.number, reason, ?begin, "reading starts again");
        metrics::source_restarted(&partition.topic, reason);
        self.stop(&partition);
        self.pending.push(Pending { partition, begin });
    }
}
