//! What everybody who has to do with one log shares: its files, its topics, and the news of what was written.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;

use super::codec::Stored;
use super::directory;
use super::error::EmbeddedError;
use super::store::Store;
use super::topic::{Place, Topic};
use crate::record::{Position, Record};

/// What everybody who has to do with one log shares.
pub(crate) struct Shared {
    pub(super) path: PathBuf,
    pub(super) cluster: Arc<str>,
    /// `None` once the log is closed, and for as long as it cannot be opened again after a failure.
    pub(super) store: RwLock<Option<Store>>,
    topics: RwLock<BTreeMap<String, Arc<Topic>>>,
    lock: Mutex<Option<File>>,
    closed: AtomicBool,
    /// Changes after every write, when topics are made, and at the end.
    pub(super) written: watch::Sender<()>,
    /// Why nothing can be written, while that is so.
    pub(super) failure: watch::Sender<Option<Arc<str>>>,
    #[cfg(test)]
    pub(super) fault: Mutex<Option<super::testing::Fault>>,
    #[cfg(test)]
    pub(super) commits: std::sync::atomic::AtomicUsize,
}

/// Some records, and the offset from which to go on.
pub(super) struct Chunk {
    pub(super) records: Vec<Record>,
    pub(super) next: u64,
}

impl Shared {
    pub(super) fn open(path: &Path) -> Result<Self, EmbeddedError> {
        let lock = directory::lock(path)?;
        let store = directory::open(path)?;
        let cluster = store.cluster(path)?;
        let topics = store.topics(&cluster, path)?;
        Ok(Self {
            path: path.to_owned(),
            cluster: cluster.into(),
            store: RwLock::new(Some(store)),
            topics: RwLock::new(topics.into_iter().map(|topic| (topic.name.to_string(), topic.into())).collect()),
            lock: Mutex::new(Some(lock)),
            closed: AtomicBool::new(false),
            written: watch::Sender::new(()),
            failure: watch::Sender::new(None),
            #[cfg(test)]
            fault: Mutex::new(None),
            #[cfg(test)]
            commits: std::sync::atomic::AtomicUsize::new(0),
        })
    }

    /// Fails where a test wants it to.
    #[cfg(test)]
    pub(super) fn fail_for_test(&self, fault: super::testing::Fault) -> Result<(), fjall::Error> {
        if *self.fault.lock() == Some(fault) {
            return Err(std::io::Error::other("no space left").into());
        }
        Ok(())
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Closes the files and lets go of the directory. Who waits for records is told.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        *self.store.write() = None;
        *self.lock.lock() = None;
        self.written.send_replace(());
    }

    pub(super) fn topic(&self, name: &str) -> Option<Arc<Topic>> {
        self.topics.read().get(name).cloned()
    }

    pub(super) fn topics(&self) -> Vec<Arc<Topic>> {
        self.topics.read().values().cloned().collect()
    }

    /// The shortest time that any topic keeps its records.
    pub(super) fn shortest_retention(&self) -> Option<Duration> {
        let topics = self.topics.read();
        topics.values().map(|topic| Duration::from_millis(topic.settings.retention_ms)).min()
    }

    pub(super) fn add_topics(&self, topics: Vec<Topic>) {
        self.topics.write().extend(topics.into_iter().map(|topic| (topic.name.to_string(), topic.into())));
        self.written.send_replace(());
    }

    /// Does something with the files, unless the log is closed.
    pub(super) fn with_store<T>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, fjall::Error>,
    ) -> Result<T, EmbeddedError> {
        let store = self.store.read();
        let Some(store) = store.as_ref() else { return Err(self.no_store()) };
        work(store).map_err(|err| EmbeddedError::using(&self.path, &err))
    }

    fn no_store(&self) -> EmbeddedError {
        if self.is_closed() {
            return EmbeddedError::Closed;
        }
        let reason = self.failure.borrow().as_deref().unwrap_or("its files are not open").to_owned();
        EmbeddedError::Storage { path: self.path.clone(), reason }
    }

    /// Records from that offset on, at most so many and about so many octets, but one at least where there is one.
    pub(super) fn read(
        &self,
        place: &Place,
        from: u64,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Chunk, EmbeddedError> {
        let (from, end) = (from.max(place.start()), place.end());
        let mut chunk = Chunk { records: Vec::new(), next: from };
        if from >= end {
            return Ok(chunk);
        }
        let mut bytes = 0;
        let store = self.store.read();
        let store = store.as_ref().ok_or_else(|| self.no_store())?;
        for stored in store.records(place.number, from, end) {
            if chunk.records.len() >= records_max || bytes >= bytes_max {
                return Ok(chunk);
            }
            let (offset, value) = stored.map_err(|err| EmbeddedError::using(&self.path, &err))?;
            bytes += value.len();
            // Copied, because a slice of the storage would keep its whole block in memory.
            match Stored::decode(Bytes::copy_from_slice(&value)) {
                Some(stored) => chunk.records.push(record(place, offset, stored)),
                None if chunk.records.is_empty() => return Err(damaged_record(place, offset)),
                None => return Ok(chunk),
            }
            chunk.next = offset + 1;
        }
        chunk.next = end;
        Ok(chunk)
    }
}

fn record(place: &Place, offset: u64, stored: Stored) -> Record {
    Record {
        position: Position { partition: Arc::clone(&place.partition), epoch: 0, number: u128::from(offset) },
        timestamp_ms: stored.timestamp_ms,
        key: stored.key,
        headers: stored.headers,
        body: stored.body,
    }
}

fn damaged_record(place: &Place, offset: u64) -> EmbeddedError {
    EmbeddedError::DamagedRecord { topic: place.partition.topic.to_string(), partition: place.partition.number, offset }
}
