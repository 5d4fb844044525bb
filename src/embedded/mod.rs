//! The log on this node's own disk: topics with partitions and retention, for those who have no broker.
//!
//! What was acknowledged is on disk, and survives whatever happens to the process. One thread writes, in batches, with one
//! sync for each; readers go by position, and are woken when something was written.

mod codec;
mod compaction;
mod condition;
#[cfg(test)]
mod crash_test;
mod directory;
mod draft;
mod error;
mod follower;
mod partitioner;
mod retention;
mod shared;
mod store;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod topic;
mod writer;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;
use tokio::sync::{Semaphore, oneshot};

pub(crate) use self::condition::Condition;
pub use self::error::EmbeddedError;
pub(crate) use self::follower::Follower;
use self::shared::Shared;
pub(crate) use self::topic::Place;
use self::topic::{TopicSettings, absent, fault};
pub(crate) use self::writer::Step;
use self::writer::{Answers, Progress, Request, Writer};
use crate::publish::{Outgoing, PublishError, Written};
use crate::record::Record;
use crate::topics::{TopicReport, TopicSpec, TopicState};

/// How many octets may wait to be written; whoever brings more waits.
const WAITING_BYTES_MAX: usize = 32 * 1024 * 1024;

/// How many octets [`EmbeddedLog::read`] gives at once, give or take a record.
const READ_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The log on this node's own disk.
pub struct EmbeddedLog {
    shared: Arc<Shared>,
    queue: Mutex<Option<mpsc::Sender<Request>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    room: Arc<Semaphore>,
    /// Held while topics are made, which no two may do at the same time.
    making_topics: Mutex<()>,
}

impl std::fmt::Debug for EmbeddedLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedLog").field("path", &self.path()).finish_non_exhaustive()
    }
}

impl EmbeddedLog {
    /// Opens the log in that directory, making it when it is missing.
    ///
    /// # Errors
    /// When the directory is in use, cannot be used, or holds something that this build cannot read.
    pub fn open(path: &Path) -> Result<Arc<Self>, EmbeddedError> {
        let shared = Arc::new(Shared::open(path)?);
        let (queue, requests) = mpsc::channel();
        let writer = Writer::new(Arc::clone(&shared), requests);
        let thread = thread::Builder::new().name("embedded-log".to_owned()).spawn(move || writer.run());
        let thread = thread.map_err(|reason| EmbeddedError::Unreachable { path: path.to_owned(), reason })?;
        Ok(Arc::new(Self {
            shared,
            queue: Mutex::new(Some(queue)),
            writer: Mutex::new(Some(thread)),
            room: Arc::new(Semaphore::new(WAITING_BYTES_MAX)),
            making_topics: Mutex::new(()),
        }))
    }

    /// Whether there is a log in that directory.
    pub fn is_at(path: &Path) -> bool {
        directory::has_log(path)
    }

    /// The directory that holds it.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// The log's own name for good, made with its directory.
    pub fn cluster(&self) -> &Arc<str> {
        &self.shared.cluster
    }

    /// Makes the topics that are missing. One that is there with other settings is left alone, and told.
    ///
    /// # Errors
    /// When they cannot be written; then none was made.
    pub fn ensure_topics(&self, specs: &[TopicSpec]) -> Result<Vec<TopicReport>, EmbeddedError> {
        let _alone = self.making_topics.lock();
        let mut missing: Vec<&TopicSpec> = Vec::new();
        for spec in specs {
            let is_named_before = missing.iter().any(|other| other.name == spec.name);
            if self.shared.topic(&spec.name).is_none() && fault(spec).is_none() && !is_named_before {
                missing.push(spec);
            }
        }
        self.make(&missing)?;
        let report = |spec: &TopicSpec| match (self.shared.topic(&spec.name), fault(spec)) {
            (Some(topic), _) if missing.iter().any(|made| std::ptr::eq(*made, spec)) => {
                topic.report_as(TopicState::Created)
            }
            (Some(topic), _) => topic.report(spec),
            (None, fault) => absent(spec, fault.map_or(TopicState::Missing, |reason| TopicState::Failed { reason })),
        };
        Ok(specs.iter().map(report).collect())
    }

    fn make(&self, specs: &[&TopicSpec]) -> Result<(), EmbeddedError> {
        if specs.is_empty() {
            return Ok(());
        }
        let topics = self.shared.topics();
        let mut first = topics.iter().map(|topic| topic.settings.first + topic.settings.partitions).max().unwrap_or(0);
        let made = self.shared.with_store(|store| {
            let mut batch = store.durable();
            let mut made = Vec::with_capacity(specs.len());
            for spec in specs {
                let settings = TopicSettings::new(spec, first);
                first += settings.partitions;
                store.put_topic(&mut batch, &spec.name, &settings);
                made.push(store.topic(&spec.name, settings, &self.shared.cluster)?);
            }
            batch.commit()?;
            Ok(made)
        })?;
        self.shared.add_topics(made);
        Ok(())
    }

    /// Looks at the topics and changes nothing.
    ///
    /// # Errors
    /// When the log is closed.
    pub fn report(&self, specs: &[TopicSpec]) -> Result<Vec<TopicReport>, EmbeddedError> {
        if self.shared.is_closed() {
            return Err(EmbeddedError::Closed);
        }
        let report = |spec: &TopicSpec| match self.shared.topic(&spec.name) {
            Some(topic) => topic.report(spec),
            None => absent(spec, TopicState::Missing),
        };
        Ok(specs.iter().map(report).collect())
    }

    /// Writes the records and answers for each, in order, once they are on disk. Records of one key go to one partition,
    /// the same as with Kafka's Java client; those without a key take the partitions in turn, one partition each call.
    pub async fn append(&self, records: Vec<Outgoing>) -> Vec<Result<Written, PublishError>> {
        let count = records.len();
        match self.write(records, None).await {
            Ok(answers) => answers,
            Err(err) => vec![Err(err); count],
        }
    }

    /// Writes the records that a reader makes together with how far it comes: all of it or nothing. Asking again after a
    /// failure is safe: what was written in spite of it is not written twice.
    pub(crate) async fn advance(
        &self,
        reader: &'static str,
        steps: Vec<Step>,
        records: Vec<Outgoing>,
    ) -> Result<(), PublishError> {
        self.write(records, Some(Progress { reader, steps })).await.map(|_| ())
    }

    async fn write(&self, records: Vec<Outgoing>, progress: Option<Progress>) -> Result<Answers, PublishError> {
        let steps = progress.as_ref().map_or(0, |progress| progress.steps.len());
        if records.is_empty() && steps == 0 {
            return Ok(Answers::new());
        }
        let closed = || PublishError::Unavailable(EmbeddedError::Closed.to_string());
        let bytes = records.iter().map(codec::weight).sum::<usize>() + size_of::<Step>() * steps;
        let permits = u32::try_from(bytes.min(WAITING_BYTES_MAX)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(permits).await.map_err(|_| closed())?;
        let (answer, outcome) = oneshot::channel();
        let request = Request { records, progress, answer, bytes, _room: room };
        let sent = self.queue.lock().as_ref().is_some_and(|queue| queue.send(request).is_ok());
        if !sent {
            return Err(closed());
        }
        outcome.await.map_err(|_| PublishError::Unavailable("the embedded log's writer has stopped".to_owned()))?
    }

    /// Reads back: records of a partition from that offset on, at most so many. Empty only when there are none (yet);
    /// offsets that are no longer kept are passed over.
    ///
    /// # Errors
    /// When there is no such partition, the first of them is damaged, or the files cannot be read.
    pub fn read(&self, topic: &str, partition: i32, from: u64, max: usize) -> Result<Vec<Record>, EmbeddedError> {
        let place = self.place(topic, partition);
        let place = place.ok_or_else(|| EmbeddedError::UnknownPartition { topic: topic.to_owned(), partition })?;
        if self.shared.is_closed() {
            return Err(EmbeddedError::Closed);
        }
        self.shared.read(&place, from, max, READ_BYTES_MAX).map(|chunk| chunk.records)
    }

    /// The offset that the partition's next record gets; everything before it is on disk.
    pub fn end(&self, topic: &str, partition: i32) -> Option<u64> {
        self.place(topic, partition).map(|place| place.end())
    }

    /// The oldest offset that the partition keeps.
    pub fn start(&self, topic: &str, partition: i32) -> Option<u64> {
        self.place(topic, partition).map(|place| place.start())
    }

    fn place(&self, topic: &str, partition: i32) -> Option<Arc<Place>> {
        let topic = self.shared.topic(topic)?;
        topic.places.get(usize::try_from(partition).ok()?).cloned()
    }

    /// Reads those topics from now on.
    pub(crate) fn follow(&self, topics: &[String]) -> Follower {
        Follower::new(Arc::clone(&self.shared), topics, Place::end)
    }

    /// Reads those topics from where the reader of that name stood, and from now on where it was never before. That it
    /// was here is on disk when this returns, so that after a crash nothing from here on is passed over.
    pub(crate) fn resume(&self, reader: &'static str, topics: &[String]) -> Result<Follower, EmbeddedError> {
        let known: Vec<_> = topics.iter().filter_map(|name| self.shared.topic(name)).collect();
        let places = known.iter().flat_map(|topic| &topic.places);
        let mut stands = HashMap::new();
        self.shared.with_store(|store| {
            let mut batch = store.durable();
            for place in places {
                let stood = store.progress(reader, place.number)?;
                let next = stood.unwrap_or_else(|| place.end());
                if stood.is_none() {
                    store.put_progress(&mut batch, reader, place.number, next);
                }
                stands.insert(place.number, next);
            }
            batch.commit()
        })?;
        let from = |place: &Place| stands.get(&place.number).copied().unwrap_or_else(|| place.end());
        Ok(Follower::new(Arc::clone(&self.shared), topics, from))
    }

    /// Whether it can be written.
    pub(crate) fn condition(&self) -> Condition {
        Condition::new(self.shared.failure.subscribe())
    }

    /// Writes what was asked for so far, closes the files and lets go of the directory. Closing twice does nothing.
    pub fn close(&self) {
        *self.queue.lock() = None;
        let mut writer = self.writer.lock();
        if let Some(thread) = writer.take() {
            // A writer that panicked has said so already, and everybody who waits for it has been told.
            let _ = thread.join();
            self.room.close();
            self.shared.close();
        }
    }
}

impl Drop for EmbeddedLog {
    fn drop(&mut self) {
        self.close();
    }
}
