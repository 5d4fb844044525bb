//! What tests of the embedded log, and of what is built on it, have in common.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use super::EmbeddedLog;
use crate::config::Cleanup;
use crate::publish::Outgoing;
use crate::record::Record;
use crate::topics::TopicSpec;

/// How long a test waits for something that must happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) fn spec(name: &str, partitions: i32) -> TopicSpec {
    TopicSpec { name: name.to_owned(), partitions, retention: Duration::from_secs(3_600), cleanup: Cleanup::Delete }
}

pub(crate) fn open(directory: &tempfile::TempDir, specs: &[TopicSpec]) -> Arc<EmbeddedLog> {
    let log = EmbeddedLog::open(directory.path()).unwrap();
    log.ensure_topics(specs).unwrap();
    log
}

pub(crate) fn outgoing(topic: &str, key: Option<&str>, body: &str) -> Outgoing {
    let key = key.map(|key| key.to_owned().into());
    Outgoing { topic: topic.into(), key, headers: Vec::new(), body: body.to_owned().into() }
}

pub(crate) async fn append(log: &EmbeddedLog, topic: &str, bodies: &[&str]) {
    let records = bodies.iter().map(|body| outgoing(topic, Some("key"), body)).collect();
    for answer in log.append(records).await {
        answer.unwrap();
    }
}

pub(crate) fn body(record: &Record) -> String {
    String::from_utf8(record.body.clone().unwrap().to_vec()).unwrap()
}

/// The bodies of everything in partition 0.
pub(crate) fn bodies(log: &EmbeddedLog, topic: &str) -> Vec<String> {
    log.read(topic, 0, 0, usize::MAX).unwrap().iter().map(body).collect()
}

/// What goes wrong with the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    NothingIsWritten,
    WritesAreNotConfirmed,
}

pub(crate) fn set_fault(log: &EmbeddedLog, fault: Option<Fault>) {
    *log.shared.fault.lock() = fault;
}

/// Nothing is written, and nothing fails, while the result is held.
pub(crate) fn hang(log: &EmbeddedLog) -> Hanging {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (started, is_started) = std::sync::mpsc::channel();
    let shared = Arc::clone(&log.shared);
    // Another thread holds the files, because a guard must not be held over an await.
    let holder = std::thread::spawn(move || {
        let _files = shared.store.write();
        started.send(()).unwrap();
        let _ = released.recv();
    });
    is_started.recv().unwrap();
    Hanging { release: Some(release), holder: Some(holder) }
}

pub(crate) struct Hanging {
    release: Option<std::sync::mpsc::Sender<()>>,
    holder: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Hanging {
    fn drop(&mut self) {
        self.release = None;
        let _ = self.holder.take().map(std::thread::JoinHandle::join);
    }
}

/// Waits until something has become so; it is asked after every write.
pub(crate) async fn until(log: &EmbeddedLog, what: &str, mut is_so: impl FnMut() -> bool) {
    let mut written = log.shared.written.subscribe();
    let waiting = async {
        loop {
            written.borrow_and_update();
            if is_so() {
                return;
            }
            written.changed().await.unwrap();
        }
    };
    assert!(tokio::time::timeout(DEADLINE, waiting).await.is_ok(), "{what} has not come");
}
