//! Reads the embedded log: every partition of the topics, from now on.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{BATCH_RECORDS_MAX, Tail};
use crate::embedded::{Condition, EmbeddedError, EmbeddedLog, Follower};
use crate::health::Part;
use crate::metrics;
use crate::record::Record;

/// How long a read that failed is not tried again.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Reads those topics from now on: everything that is written after this returns. A slow pipeline holds the reader up and
/// loses nothing. `part` also tells when the log cannot be written.
pub fn tail(log: &Arc<EmbeddedLog>, topics: &[String], part: Part, shutdown: CancellationToken) -> Tail {
    let (batches, tail) = Tail::new();
    let reader = Reader { follower: log.follow(topics), condition: log.condition(), part, batches };
    tokio::spawn(async move {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = reader.run() => {}
        }
    });
    tail
}

struct Reader {
    follower: Follower,
    condition: Condition,
    part: Part,
    batches: mpsc::Sender<Vec<Record>>,
}

impl Reader {
    async fn run(mut self) {
        loop {
            tokio::select! {
                biased;
                () = self.condition.changed() => self.condition.tell(&self.part),
                batch = self.follower.next(BATCH_RECORDS_MAX) => match batch {
                    Ok(records) => {
                        count(&self.follower, &records);
                        if self.batches.send(records).await.is_err() {
                            return;
                        }
                    }
                    Err(EmbeddedError::Closed) => return self.part.down(EmbeddedError::Closed.to_string()),
                    Err(err) => self.go_on_after(&err).await,
                },
            }
        }
    }

    async fn go_on_after(&mut self, err: &EmbeddedError) {
        tracing::error!(%err, "the embedded log could not be read");
        if let EmbeddedError::DamagedRecord { topic, partition, offset } = err {
            // It will never be readable, and must not hold up those behind it.
            self.follower.pass(topic, *partition, *offset);
            return;
        }
        self.part.down(err.to_string());
        tokio::time::sleep(RETRY_INTERVAL).await;
        self.condition.tell(&self.part);
    }
}

fn count(follower: &Follower, records: &[Record]) {
    if let Some(first) = records.first() {
        metrics::records_read(first.topic(), records.len());
    }
    for (place, next) in follower.places() {
        let partition = &place.partition;
        metrics::source_lag(&partition.topic, partition.number, place.end().saturating_sub(*next));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tokio::time::timeout;

    use super::*;
    use crate::embedded::testing::{DEADLINE, Fault, append, body, open, outgoing, set_fault, spec};
    use crate::health::Health;
    use crate::source::BATCHES_WAITING_MAX;

    fn names(topics: &[&str]) -> Vec<String> {
        topics.iter().map(|topic| (*topic).to_owned()).collect()
    }

    async fn next(tail: &mut Tail) -> Vec<Record> {
        timeout(DEADLINE, tail.next()).await.expect("records come in time").expect("the tail goes on")
    }

    #[tokio::test]
    async fn a_tail_begins_now_and_is_woken_by_what_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let log = open(&directory, &[spec("orders", 1), spec("others", 1)]);
        append(&log, "orders", &["before"]).await;
        let shutdown = CancellationToken::new();
        let health = Health::default();
        let mut tail = tail(&log, &names(&["orders"]), health.required("source"), shutdown.clone());
        append(&log, "others", &["not asked for"]).await;
        append(&log, "orders", &["a"]).await;
        let first = next(&mut tail).await;
        assert_eq!(first.iter().map(body).collect::<Vec<_>>(), ["a"]);
        assert_eq!((first[0].position.number, &**first[0].topic()), (1, "orders"));
        assert!(health.is_ready());
        append(&log, "orders", &["b"]).await;
        assert_eq!(body(&next(&mut tail).await[0]), "b");
        shutdown.cancel();
        assert!(timeout(DEADLINE, tail.next()).await.unwrap().is_none());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_slow_reader_gets_everything_in_order_while_many_write() {
        const WRITERS: usize = 8;
        const RECORDS: usize = 3_000;
        const { assert!(WRITERS * RECORDS > BATCHES_WAITING_MAX * BATCH_RECORDS_MAX) };
        let directory = tempfile::tempdir().unwrap();
        let log = open(&directory, &[spec("orders", 3), spec("users", 2)]);
        let topics = names(&["orders", "users"]);
        let mut tail = tail(&log, &topics, Health::default().required("source"), CancellationToken::new());
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let log = Arc::clone(&log);
                tokio::spawn(async move {
                    for start in (0..RECORDS).step_by(50) {
                        let topic = if start % 100 == 0 { "orders" } else { "users" };
                        let key = format!("key-{writer}");
                        let record = |number: usize| outgoing(topic, Some(&key), &format!("{writer}/{number}"));
                        let records = (start..start + 50).map(record).collect();
                        assert!(log.append(records).await.iter().all(Result::is_ok));
                    }
                })
            })
            .collect();
        // As slow as can be: nothing is read before everything is written, which is more than may wait in between.
        for writer in writers {
            writer.await.unwrap();
        }
        let mut count = 0;
        let mut ends: HashMap<_, u128> = HashMap::new();
        while count < WRITERS * RECORDS {
            for record in next(&mut tail).await {
                let end = ends.entry(Arc::clone(&record.position.partition)).or_default();
                assert_eq!(record.position.number, *end, "{:?}", record.position);
                *end += 1;
                count += 1;
            }
        }
    }

    #[tokio::test]
    async fn a_topic_that_is_made_later_is_read_from_its_beginning() {
        let directory = tempfile::tempdir().unwrap();
        let log = open(&directory, &[]);
        let part = Health::default().required("source");
        let mut tail = tail(&log, &names(&["later"]), part, CancellationToken::new());
        log.ensure_topics(&[spec("later", 1)]).unwrap();
        append(&log, "later", &["first"]).await;
        assert_eq!(body(&next(&mut tail).await[0]), "first");
    }

    #[tokio::test]
    async fn the_part_is_down_while_nothing_can_be_written() {
        let directory = tempfile::tempdir().unwrap();
        let log = open(&directory, &[spec("orders", 1)]);
        let health = Health::default();
        let mut tail = tail(&log, &names(&["orders"]), health.required("source"), CancellationToken::new());
        append(&log, "orders", &["a"]).await;
        assert_eq!(body(&next(&mut tail).await[0]), "a");
        set_fault(&log, Some(Fault::NothingIsWritten));
        assert!(log.append(vec![outgoing("orders", None, "b")]).await[0].is_err());
        let turns = |ready: bool| {
            let health = health.clone();
            timeout(DEADLINE, async move {
                while health.is_ready() != ready {
                    tokio::task::yield_now().await;
                }
            })
        };
        turns(false).await.unwrap();
        assert!(health.parts()["source"].detail.contains("no space left"), "{:?}", health.parts());
        set_fault(&log, None);
        turns(true).await.unwrap();
        append(&log, "orders", &["c"]).await;
        assert_eq!(body(&next(&mut tail).await[0]), "c");
    }

    #[tokio::test]
    async fn a_closed_log_ends_the_tail() {
        let directory = tempfile::tempdir().unwrap();
        let log = open(&directory, &[spec("orders", 1)]);
        let part = Health::default().required("source");
        let mut tail = tail(&log, &names(&["orders"]), part, CancellationToken::new());
        log.close();
        assert!(timeout(DEADLINE, tail.next()).await.unwrap().is_none());
    }
}
