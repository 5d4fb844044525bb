//! The log of a process that is killed while it writes: what was acknowledged is there, and dead letters are kept once.
//!
//! The test starts its own binary again as the process to be killed; a variable in the environment tells the two apart.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::EmbeddedLog;
use super::testing::{body, outgoing, spec, until};
use crate::config;
use crate::dead_letter::{DeadLetters, Judge, Refusal, embedded};
use crate::health::Health;

const DIRECTORY: &str = "SLUICE_TEST_CRASH_DIRECTORY";
const ROUNDS: usize = 10;
const WRITERS: usize = 4;
const PARTITIONS: i32 = 3;

/// The records that become dead letters.
fn is_bad(body: &str) -> bool {
    body.ends_with("7!")
}

/// The once path as the process that is killed runs it, too.
fn keep_dead_letters(log: &Arc<EmbeddedLog>) -> CancellationToken {
    let judge: Judge =
        Arc::new(|record| is_bad(&body(record)).then(|| Refusal { reason: "malformed", detail: String::new() }));
    let letters = DeadLetters::new(&config::load_text("[topics.t]\ndead_letter = \"t-dlq\"").unwrap(), "node");
    let shutdown = CancellationToken::new();
    embedded::start(log, letters, judge, Health::default().required("dead-letters"), shutdown.clone());
    shutdown
}

fn open(directory: &std::path::Path) -> Arc<EmbeddedLog> {
    let log = EmbeddedLog::open(directory).unwrap();
    log.ensure_topics(&[spec("t", PARTITIONS), spec("t-dlq", 1)]).unwrap();
    log
}

/// Does nothing, unless it was started to be killed: then it appends for ever and prints what was acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_until_it_is_killed() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let log = open(directory.as_ref());
    let _running = keep_dead_letters(&log);
    let writers: Vec<_> = (0..WRITERS).map(|writer| tokio::spawn(append_for_ever(Arc::clone(&log), writer))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

async fn append_for_ever(log: Arc<EmbeddedLog>, writer: usize) {
    for number in 0_usize.. {
        let padding = "x".repeat(number * 37 % 3_000);
        let record = |part| {
            let body = format!("{}-{writer}-{number}-{part}-{padding}-{}!", std::process::id(), (number + part) % 10);
            outgoing("t", Some(&format!("{writer}-{part}")), &body)
        };
        let records: Vec<_> = (0..3).map(record).collect();
        let mut lines = String::new();
        for (answer, record) in log.append(records.clone()).await.iter().zip(&records) {
            let written = answer.as_ref().unwrap();
            let body = std::str::from_utf8(&record.body).unwrap();
            lines += &format!("acknowledged {} {} {body}\n", written.partition, written.offset);
        }
        std::io::stdout().write_all(lines.as_bytes()).unwrap();
    }
}

fn start_to_be_killed(directory: &std::path::Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "embedded::crash_test::appends_until_it_is_killed", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Lets a process append, kills it when it has printed so many lines, and gives all that it had acknowledged.
fn append_and_kill(directory: &std::path::Path, lines: usize) -> HashMap<(i32, u64), String> {
    let mut child = start_to_be_killed(directory);
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut acknowledged = HashMap::new();
    let mut line = String::new();
    // The last line may be cut by the kill; only whole lines count.
    while output.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
        if let Some(rest) = line.trim_end().strip_prefix("acknowledged ") {
            let mut words = rest.splitn(3, ' ');
            let mut word = || words.next().unwrap();
            acknowledged.insert((word().parse().unwrap(), word().parse().unwrap()), word().to_owned());
            if acknowledged.len() == lines {
                child.kill().unwrap();
            }
        }
        line.clear();
    }
    assert!(!child.wait().unwrap().success(), "it was killed");
    assert!(acknowledged.len() >= lines, "it wrote until it was killed");
    acknowledged
}

fn all_records(log: &EmbeddedLog) -> HashMap<(i32, u64), String> {
    let mut records = HashMap::new();
    for partition in 0..PARTITIONS {
        let mut from = 0;
        while from < log.end("t", partition).unwrap() {
            for record in log.read("t", partition, from, 1_000).unwrap() {
                assert_eq!(record.position.number, u128::from(from), "offsets are dense");
                records.insert((partition, from), body(&record));
                from += 1;
            }
        }
    }
    records
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_by_a_kill_and_no_dead_letter_lost_or_doubled() {
    let directory = tempfile::tempdir().unwrap();
    // So that the once path begins at the very first record, whenever the first process is killed.
    let log = open(directory.path());
    keep_dead_letters(&log).cancel();
    log.close();
    let mut acknowledged = HashMap::new();
    for round in 0..ROUNDS {
        acknowledged.extend(append_and_kill(directory.path(), 20 + round * 97));
        let log = open(directory.path());
        let records = all_records(&log);
        for (position, body) in &acknowledged {
            assert_eq!(records.get(position), Some(body), "{position:?} in round {round}");
        }
        log.close();
    }

    let log = open(directory.path());
    let mut bad: Vec<_> = all_records(&log).into_values().filter(|body| is_bad(body)).collect();
    let _running = keep_dead_letters(&log);
    until(&log, "the last dead letter", || log.end("t-dlq", 0) >= Some(bad.len() as u64)).await;
    // One more goes through, so that one too many would have been seen before it.
    let answers = log.append(vec![outgoing("t", None, "last 7!")]).await;
    assert!(answers[0].is_ok());
    bad.push("last 7!".to_owned());
    until(&log, "the dead letter after the last", || log.end("t-dlq", 0) >= Some(bad.len() as u64)).await;
    let mut letters: Vec<_> = log.read("t-dlq", 0, 0, usize::MAX).unwrap().iter().map(body).collect();
    letters.sort();
    bad.sort();
    assert!(bad.len() > ROUNDS, "{} records were bad", bad.len());
    assert_eq!(letters, bad);
}
