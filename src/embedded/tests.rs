//! The log as its callers see it.

use std::collections::BTreeSet;
use std::path::Path;
use std::slice::from_ref;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;

use super::draft::RECORD_BYTES_MAX;
use super::testing::{Fault, append, bodies, open, outgoing, set_fault, spec, until};
use super::{EmbeddedError, EmbeddedLog};
use crate::config::Cleanup;
use crate::publish::{Outgoing, PublishError};
use crate::topics::{TopicSpec, TopicState};

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[tokio::test]
async fn what_was_appended_is_read_back_after_a_restart_too() {
    let directory = directory();
    let log = open(&directory, &[spec("orders", 1)]);
    let record = Outgoing {
        topic: "orders".into(),
        key: Some("user-1".into()),
        headers: vec![("a".to_owned(), "1".into()), ("a".to_owned(), Bytes::from_static(&[0, 255]))],
        body: Bytes::from_static(b"\xff{}\0"),
    };
    let bare = Outgoing { key: None, headers: Vec::new(), body: Bytes::new(), ..record.clone() };
    let written = log.append(vec![record.clone(), bare]).await;
    assert_eq!(written.iter().map(|answer| answer.as_ref().unwrap().offset).collect::<Vec<_>>(), [0, 1]);
    let before = log.read("orders", 0, 0, 10).unwrap();
    log.close();

    let log = EmbeddedLog::open(directory.path()).unwrap();
    let after = log.read("orders", 0, 0, 10).unwrap();
    assert_eq!(after.len(), 2);
    for (before, after) in before.iter().zip(&after) {
        // The position with the names of log and topic in it, too.
        assert_eq!(before.position, after.position);
        assert_eq!(before.timestamp_ms, after.timestamp_ms);
    }
    assert_eq!(after[0].position.number, 0);
    assert_eq!((&after[0].key, &after[0].headers), (&record.key, &record.headers));
    assert_eq!(after[0].body, Some(record.body));
    assert_eq!((&after[1].key, &after[1].body), (&None, &Some(Bytes::new())));
    assert_eq!((log.start("orders", 0), log.end("orders", 0)), (Some(0), Some(2)));
    assert_eq!((log.end("orders", 1), log.end("others", 0)), (None, None));
    assert_eq!(log.read("orders", 0, 1, 10).unwrap().len(), 1);
    assert_eq!(log.read("orders", 0, 0, 1).unwrap().len(), 1);
    assert_eq!(log.read("orders", 0, 2, 10).unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_appenders_get_dense_offsets_and_all_records_are_there() {
    const APPENDERS: usize = 16;
    const RECORDS: usize = 100;
    let directory = directory();
    let log = open(&directory, &[spec("orders", 3)]);
    let appenders: Vec<_> = (0..APPENDERS)
        .map(|appender| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let mut written = Vec::new();
                for number in 0..RECORDS {
                    let (key, body) = (format!("key-{appender}"), format!("{appender}/{number}"));
                    let answer = log.append(vec![outgoing("orders", Some(&key), &body)]).await.remove(0).unwrap();
                    written.push((answer.partition, answer.offset, body));
                }
                written
            })
        })
        .collect();
    let mut written = Vec::new();
    for appender in appenders {
        let of_one = appender.await.unwrap();
        assert!(of_one.windows(2).all(|pair| pair[0].0 == pair[1].0 && pair[0].1 < pair[1].1), "one key, one order");
        written.extend(of_one);
    }
    let mut read = Vec::new();
    for partition in 0..3 {
        let records = log.read("orders", partition, 0, usize::MAX).unwrap();
        assert_eq!(log.end("orders", partition), Some(records.len() as u64), "offsets are dense");
        read.extend(
            records.iter().map(|record| {
                (partition, u64::try_from(record.position.number).unwrap(), super::testing::body(record))
            }),
        );
    }
    written.sort();
    read.sort();
    assert_eq!(written.len(), APPENDERS * RECORDS);
    assert_eq!(written, read);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_come_together_share_one_write() {
    let directory = directory();
    let log = open(&directory, &[spec("orders", 1)]);
    let hanging = super::testing::hang(&log);
    let callers: Vec<_> = (0..50)
        .map(|number| {
            let log = Arc::clone(&log);
            tokio::spawn(async move { log.append(vec![outgoing("orders", None, &number.to_string())]).await })
        })
        .collect();
    // The room that is taken shows that every caller has asked.
    while super::WAITING_BYTES_MAX - log.room.available_permits() < 50 * super::codec::weight(&outgoing("", None, "1"))
    {
        std::thread::yield_now();
    }
    drop(hanging);
    for caller in callers {
        caller.await.unwrap().remove(0).unwrap();
    }
    assert_eq!(log.end("orders", 0), Some(50));
    // A caller that has taken its room may not have got into the queue yet, so it may be a few more than two.
    assert!(log.shared.commits.load(Ordering::Acquire) <= 5, "{:?} writes", log.shared.commits);
    // The writer gives the room back just after it has answered.
    let room = async {
        while log.room.available_permits() != super::WAITING_BYTES_MAX {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), room).await.expect("the room is given back");
}

#[tokio::test]
async fn records_without_a_key_take_the_partitions_in_turn() {
    let directory = directory();
    let log = open(&directory, &[spec("orders", 4)]);
    let mut seen = BTreeSet::new();
    for _ in 0..4 {
        let together = log.append(vec![outgoing("orders", None, "a"), outgoing("orders", None, "b")]).await;
        let partitions: BTreeSet<_> = together.iter().map(|answer| answer.as_ref().unwrap().partition).collect();
        assert_eq!(partitions.len(), 1, "those of one call stay together");
        seen.extend(partitions);
    }
    assert_eq!(seen.len(), 4);
}

#[tokio::test]
async fn old_records_go_and_offsets_never_go_back() {
    let directory = directory();
    let specs = [TopicSpec { retention: Duration::from_millis(200), ..spec("short", 1) }, spec("long", 1)];
    let log = open(&directory, &specs);
    append(&log, "long", &["stays"]).await;
    append(&log, "short", &["a", "b", "c"]).await;
    until(&log, "the end of the retention", || log.start("short", 0) == Some(3)).await;
    assert_eq!(log.end("short", 0), Some(3));
    assert!(log.read("short", 0, 0, 10).unwrap().is_empty());
    log.close();

    let log = EmbeddedLog::open(directory.path()).unwrap();
    assert_eq!((log.start("short", 0), log.end("short", 0)), (Some(3), Some(3)));
    assert_eq!(log.append(vec![outgoing("short", None, "d")]).await.remove(0).unwrap().offset, 3);
    assert_eq!(bodies(&log, "long"), ["stays"]);
    log.close();

    let log = EmbeddedLog::open(directory.path()).unwrap();
    until(&log, "the end of the retention", || log.start("short", 0) == Some(4)).await;
    assert_eq!(log.end("short", 0), Some(4));
}

#[tokio::test]
async fn a_compacted_topic_keeps_the_newest_of_each_key() {
    let directory = directory();
    let compacted = TopicSpec { retention: Duration::ZERO, cleanup: Cleanup::Compact, ..spec("state", 1) };
    let log = open(&directory, &[compacted]);
    let record = |key, body| outgoing("state", Some(key), body);
    for answer in log.append(vec![record("x", "1"), record("y", "1"), record("x", "2"), record("x", "3")]).await {
        answer.unwrap();
    }
    let kept = || bodies(&log, "state");
    let cleaned = async {
        while kept() != ["1", "3"] {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(super::testing::DEADLINE, cleaned).await.is_ok(), "{:?}", kept());
    assert_eq!(log.end("state", 0), Some(4));
    let refused = log.append(vec![outgoing("state", None, "no key")]).await.remove(0);
    assert!(matches!(refused, Err(PublishError::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn topics_that_differ_are_told_and_left_alone() {
    let directory = directory();
    let log = open(&directory, &[]);
    let wanted = spec("orders", 2);
    let states = |reports: Vec<crate::topics::TopicReport>| -> Vec<_> {
        reports.into_iter().map(|report| (report.partitions, report.records, report.state)).collect()
    };
    assert_eq!(states(log.report(from_ref(&wanted)).unwrap()), [(0, 0, TopicState::Missing)]);
    assert_eq!(states(log.ensure_topics(from_ref(&wanted)).unwrap()), [(2, 0, TopicState::Created)]);
    append(&log, "orders", &["a", "b"]).await;
    assert_eq!(states(log.ensure_topics(from_ref(&wanted)).unwrap()), [(2, 2, TopicState::Present)]);
    log.close();

    let log = EmbeddedLog::open(directory.path()).unwrap();
    let other = TopicSpec {
        partitions: 8,
        retention: Duration::from_secs(14 * 86_400),
        cleanup: Cleanup::Compact,
        ..wanted.clone()
    };
    let differences =
        ["partitions: 2 instead of 8", "retention: 1h instead of 14d", "cleanup: delete instead of compact"];
    let differs = TopicState::Differs { differences: differences.map(str::to_owned).to_vec() };
    assert_eq!(states(log.ensure_topics(from_ref(&other)).unwrap()), [(2, 2, differs.clone())]);
    assert_eq!(states(log.report(&[other]).unwrap()), [(2, 2, differs)]);
    assert_eq!(states(log.report(&[wanted]).unwrap()), [(2, 2, TopicState::Present)]);
}

#[tokio::test]
async fn a_topic_that_cannot_be_made_does_not_keep_others_from_being_made() {
    let directory = directory();
    let log = open(&directory, &[]);
    let reports = log.ensure_topics(&[spec("bad name", 1), spec("good", 1), spec("good", 2)]).unwrap();
    assert!(matches!(reports[0].state, TopicState::Failed { .. }), "{reports:?}");
    assert_eq!(reports[1].state, TopicState::Created);
    assert!(matches!(reports[2].state, TopicState::Differs { .. }), "{reports:?}");
    let answers = log.append(vec![outgoing("bad name", None, "a"), outgoing("good", None, "b")]).await;
    assert!(matches!(&answers[0], Err(PublishError::UnknownTopic(name)) if name == "bad name"), "{answers:?}");
    assert_eq!(answers[1].as_ref().unwrap().offset, 0);
}

#[tokio::test]
async fn a_record_that_is_too_large_is_refused() {
    let directory = directory();
    let log = open(&directory, &[spec("orders", 1)]);
    let large = Outgoing { body: Bytes::from(vec![0; RECORD_BYTES_MAX]), ..outgoing("orders", None, "") };
    let answers = log.append(vec![large, outgoing("orders", None, "small")]).await;
    assert!(matches!(answers[0], Err(PublishError::Refused(_))), "{:?}", answers[0]);
    assert_eq!(bodies(&log, "orders"), ["small"]);
}

#[tokio::test]
async fn a_directory_in_use_is_refused_in_words_and_free_once_closed() {
    let directory = directory();
    let log = open(&directory, &[spec("orders", 1)]);
    let refused = EmbeddedLog::open(directory.path()).unwrap_err().to_string();
    let path = directory.path().display();
    assert_eq!(
        refused,
        format!(
            "the log in `{path}` is in use by another sluice; stop it, or give this one another `source.embedded.path`"
        )
    );
    log.close();
    log.close();
    let answer = log.append(vec![outgoing("orders", None, "late")]).await.remove(0);
    assert!(matches!(answer, Err(PublishError::Unavailable(_))), "{answer:?}");
    assert!(matches!(log.read("orders", 0, 0, 1), Err(EmbeddedError::Closed)));
    assert!(matches!(log.ensure_topics(&[spec("other", 1)]), Err(EmbeddedError::Closed)));
    drop(EmbeddedLog::open(directory.path()).unwrap());
    EmbeddedLog::open(directory.path()).unwrap();
}

#[tokio::test]
async fn what_was_asked_for_before_the_close_is_written() {
    let directory = directory();
    let log = open(&directory, &[spec("orders", 1)]);
    let mut append = Box::pin(log.append(vec![outgoing("orders", None, "a")]));
    assert!(futures_util::poll!(&mut append).is_pending());
    log.close();
    assert_eq!(append.await.remove(0).unwrap().offset, 0);
    assert_eq!(bodies(&EmbeddedLog::open(directory.path()).unwrap(), "orders"), ["a"]);
}

#[tokio::test]
async fn a_full_disk_is_told_and_nothing_is_claimed() {
    let directory = directory();
    let log = open(&directory, &[spec("orders", 1)]);
    append(&log, "orders", &["a"]).await;
    set_fault(&log, Some(Fault::NothingIsWritten));
    let answer = log.append(vec![outgoing("orders", None, "b")]).await.remove(0);
    assert!(
        matches!(&answer, Err(PublishError::Unavailable(reason)) if reason.contains("no space left")),
        "{answer:?}"
    );
    assert_eq!(log.end("orders", 0), Some(1));
    assert!(log.shared.failure.borrow().is_some());

    set_fault(&log, None);
    assert!(tokio::time::timeout(super::testing::DEADLINE, log.condition().good()).await.is_ok());
    append(&log, "orders", &["c"]).await;
    assert_eq!(bodies(&log, "orders"), ["a", "c"]);
}

#[test]
fn a_log_that_was_only_half_made_is_made_anew() {
    let directory = directory();
    std::fs::create_dir_all(directory.path().join("log.new/keyspaces")).unwrap();
    std::fs::write(directory.path().join("log.new/0.jnl"), b"half").unwrap();
    assert!(!EmbeddedLog::is_at(directory.path()));
    EmbeddedLog::open(directory.path()).unwrap();
    assert!(EmbeddedLog::is_at(directory.path()));
}

#[tokio::test]
async fn what_this_build_cannot_read_is_refused_and_not_touched() {
    let directory = directory();
    let log = open(&directory, &[spec("orders", 1)]);
    append(&log, "orders", &["a"]).await;
    log.close();
    let version = directory.path().join("log/version");
    let good = std::fs::read(&version).unwrap();
    std::fs::write(&version, b"FJL\x09").unwrap();
    let refused = EmbeddedLog::open(directory.path()).unwrap_err();
    assert!(matches!(refused, EmbeddedError::UnknownFormat { .. }), "{refused:?}");
    std::fs::write(&version, good).unwrap();
    assert_eq!(bodies(&EmbeddedLog::open(directory.path()).unwrap(), "orders"), ["a"]);
}

#[test]
fn a_directory_that_cannot_be_made_is_told() {
    let directory = directory();
    let file = directory.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let refused = EmbeddedLog::open(&file.join("data")).unwrap_err();
    assert!(matches!(refused, EmbeddedError::Unreachable { .. }), "{refused:?}");
    assert!(!EmbeddedLog::is_at(Path::new("/nowhere/at/all")));
}
