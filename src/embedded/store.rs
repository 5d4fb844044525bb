//! The log's files: one key space for the records of all partitions, one for what is known about them.
//!
//! All partitions share one key space, their keys sorted by partition and offset. A key space for each partition would
//! cost a write buffer, files and several syncs each, where a topic is now made by one small atomic write; and the two
//! key spaces can be written together, which is what lets a reader's progress and its dead letters be one step.

use std::path::Path;

use fjall::config::FilterPolicy;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};
use uuid::Uuid;

use super::error::EmbeddedError;
use super::topic::{Place, Topic, TopicSettings};
use crate::record::Partition;

/// The layout of keys and values that this build writes.
const FORMAT: &str = "1";

/// Records wait in memory (and in the journal) up to this size before they become a table.
const RECORDS_BUFFER_BYTES: u64 = 16 * 1024 * 1024;
const META_BUFFER_BYTES: u64 = 1024 * 1024;
const CACHE_BYTES: u64 = 16 * 1024 * 1024;

/// The smallest that the storage takes: the journal is read at every start, so it decides how long a start takes.
const JOURNAL_BYTES: u64 = 64 * 1024 * 1024;
const WORKER_THREADS: usize = 2;

const FORMAT_KEY: &str = "format";
const CLUSTER_KEY: &str = "cluster";
const PROBE_KEY: &str = "probe";
const TOPIC_PREFIX: &str = "topic/";

/// The open files. Dropping it closes them.
pub(super) struct Store {
    records: Keyspace,
    meta: Keyspace,
    database: Database,
}

impl Store {
    /// Opens the files in that directory and makes them when they are missing.
    pub(super) fn open(directory: &Path) -> Result<Self, fjall::Error> {
        let database = Database::builder(directory)
            .cache_size(CACHE_BYTES)
            .max_journaling_size(JOURNAL_BYTES)
            .worker_threads(WORKER_THREADS)
            .open()?;
        // Keys are only ever walked in order, which no filter helps with.
        let options = || KeyspaceCreateOptions::default().filter_policy(FilterPolicy::disabled());
        let records = database.keyspace("records", || options().max_memtable_size(RECORDS_BUFFER_BYTES))?;
        let meta = database.keyspace("meta", || options().max_memtable_size(META_BUFFER_BYTES))?;
        Ok(Self { records, meta, database })
    }

    /// Writes what makes empty files a log: its format and its name for good.
    pub(super) fn found(&self) -> Result<(), fjall::Error> {
        let mut batch = self.durable();
        batch.insert(&self.meta, FORMAT_KEY, FORMAT);
        batch.insert(&self.meta, CLUSTER_KEY, Uuid::new_v4().to_string());
        batch.commit()
    }

    /// The log's name for good, once the format is known to be the one that this build reads.
    pub(super) fn cluster(&self, path: &Path) -> Result<String, EmbeddedError> {
        let read = |key: &str| {
            let value = self.meta.get(key).map_err(|err| EmbeddedError::opening(path, err))?;
            Ok(value.map(|value| String::from_utf8_lossy(&value).into_owned()))
        };
        let found = read(FORMAT_KEY)?;
        if found.as_deref() != Some(FORMAT) {
            let found = found.unwrap_or_else(|| "none".to_owned());
            return Err(EmbeddedError::UnknownFormat { path: path.to_owned(), found, expected: FORMAT });
        }
        let cluster = read(CLUSTER_KEY)?;
        cluster.ok_or_else(|| damaged(path, "the log's own name is missing"))
    }

    /// Every topic with where its partitions begin and end.
    pub(super) fn topics(&self, cluster: &str, path: &Path) -> Result<Vec<Topic>, EmbeddedError> {
        let opening = |err| EmbeddedError::opening(path, err);
        let mut topics = Vec::new();
        for entry in self.meta.prefix(TOPIC_PREFIX) {
            let (key, value) = entry.into_inner().map_err(opening)?;
            let name = std::str::from_utf8(&key[TOPIC_PREFIX.len()..]);
            let name = name.map_err(|_| damaged(path, "the name of a topic is no text"))?;
            let settings: TopicSettings = serde_json::from_slice(&value)
                .map_err(|err| damaged(path, &format!("the settings of topic `{name}`: {err}")))?;
            topics.push(self.topic(name, settings, cluster).map_err(opening)?);
        }
        Ok(topics)
    }

    /// A topic with those settings and what the files hold of it.
    pub(super) fn topic(&self, name: &str, settings: TopicSettings, cluster: &str) -> Result<Topic, fjall::Error> {
        let mut places = Vec::with_capacity(settings.partitions as usize);
        for index in 0..settings.partitions {
            let number = settings.first + index;
            let (start, end) = self.bounds(number)?;
            let partition = Partition::new(cluster, name, settings.id, index.cast_signed());
            places.push(Place::new(partition, number, start, end).into());
        }
        Ok(Topic::new(name, settings, places))
    }

    /// Where a partition begins and ends. What was trimmed away stays counted: a start is written with every trim.
    pub(super) fn bounds(&self, partition: u32) -> Result<(u64, u64), fjall::Error> {
        let start = self.number(&start_key(partition))?.unwrap_or(0);
        let last = self.records.range(record_key(partition, start)..=record_key(partition, u64::MAX)).next_back();
        let end = match last {
            Some(last) => offset_of(&last.key()?) + 1,
            None => start,
        };
        Ok((start, end))
    }

    /// Where the reader of that name stands in a partition, if it ever stood there.
    pub(super) fn progress(&self, reader: &str, partition: u32) -> Result<Option<u64>, fjall::Error> {
        self.number(&reader_key(reader, partition))
    }

    fn number(&self, key: &[u8]) -> Result<Option<u64>, fjall::Error> {
        let value = self.meta.get(key)?;
        Ok(value.and_then(|value| value.first_chunk::<8>().map(|octets| u64::from_be_bytes(*octets))))
    }

    /// The records of a partition from one offset up to, not including, another.
    pub(super) fn records(&self, partition: u32, from: u64, to: u64) -> impl Iterator<Item = StoredRecord> + use<> {
        self.records.range(record_key(partition, from)..record_key(partition, to)).map(|entry| {
            let (key, value) = entry.into_inner()?;
            Ok((offset_of(&key), value))
        })
    }

    /// A write that is on disk once it is committed.
    pub(super) fn durable(&self) -> OwnedWriteBatch {
        self.database.batch().durability(Some(PersistMode::SyncData))
    }

    /// A write that outlives the process once it is committed, and goes to disk with the next durable one.
    pub(super) fn buffered(&self) -> OwnedWriteBatch {
        self.database.batch().durability(Some(PersistMode::Buffer))
    }

    pub(super) fn put_record(&self, batch: &mut OwnedWriteBatch, partition: u32, offset: u64, value: Vec<u8>) {
        batch.insert(&self.records, record_key(partition, offset), value);
    }

    pub(super) fn remove_record(&self, batch: &mut OwnedWriteBatch, partition: u32, offset: u64) {
        batch.remove(&self.records, record_key(partition, offset));
    }

    pub(super) fn put_start(&self, batch: &mut OwnedWriteBatch, partition: u32, start: u64) {
        batch.insert(&self.meta, start_key(partition), start.to_be_bytes());
    }

    pub(super) fn put_progress(&self, batch: &mut OwnedWriteBatch, reader: &str, partition: u32, next: u64) {
        batch.insert(&self.meta, reader_key(reader, partition), next.to_be_bytes());
    }

    pub(super) fn put_topic(&self, batch: &mut OwnedWriteBatch, name: &str, settings: &TopicSettings) {
        // Numbers, flags and an id: there is nothing in it that JSON could not hold.
        let value = serde_json::to_vec(settings).expect("the settings of a topic are plain values");
        batch.insert(&self.meta, format!("{TOPIC_PREFIX}{name}"), value);
    }

    /// Shows that the disk takes something.
    pub(super) fn probe(&self) -> Result<(), fjall::Error> {
        let mut batch = self.durable();
        batch.insert(&self.meta, PROBE_KEY, FORMAT);
        batch.commit()
    }

    /// Brings everything that was written to disk.
    pub(super) fn persist(&self) -> Result<(), fjall::Error> {
        self.database.persist(PersistMode::SyncAll)
    }
}

/// An offset and the encoded record, or why it could not be read.
pub(super) type StoredRecord = Result<(u64, fjall::Slice), fjall::Error>;

fn damaged(path: &Path, reason: &str) -> EmbeddedError {
    EmbeddedError::Damaged { path: path.to_owned(), reason: reason.to_owned() }
}

fn record_key(partition: u32, offset: u64) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&partition.to_be_bytes());
    key[4..].copy_from_slice(&offset.to_be_bytes());
    key
}

fn offset_of(key: &[u8]) -> u64 {
    key.last_chunk::<8>().map_or(0, |octets| u64::from_be_bytes(*octets))
}

fn start_key(partition: u32) -> Vec<u8> {
    [b"start/".as_slice(), &partition.to_be_bytes()].concat()
}

fn reader_key(reader: &str, partition: u32) -> Vec<u8> {
    [b"reader/", reader.as_bytes(), b"/", &partition.to_be_bytes()].concat()
}
