//! The once path on the embedded log: judges every record one time, over restarts too.
//!
//! How far it is stands in the log itself and is written in one step with the dead letters, so that no crash can lose
//! one or keep it twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{DeadLetters, Judge, Refusal};
use crate::embedded::{Condition, EmbeddedError, EmbeddedLog, Follower, Place, Step};
use crate::health::Part;
use crate::metrics;
use crate::publish::{Outgoing, PublishError};
use crate::record::Record;

/// The name under which the log keeps how far this path is.
const READER: &str = "dead-letters";

/// How many records are judged, and their dead letters written, in one go.
const BATCH_RECORDS_MAX: usize = 256;

/// How often the position is written when there is nothing else to write: what came since is judged again after a crash,
/// with the same outcome.
const SAVE_INTERVAL: Duration = Duration::from_secs(5);

/// How long to wait after a failure.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Judges the records of those topics and keeps dead letters until `shutdown`. The first time ever it begins at the end of
/// each partition, and after that where it stood. Records that are written after this returns are judged in any case.
pub fn start(
    log: &Arc<EmbeddedLog>,
    dead_letters: DeadLetters,
    judge: Judge,
    part: Part,
    shutdown: CancellationToken,
) -> JoinHandle<()> {
    let topics = dead_letters.topics();
    let resumed = log.resume(READER, &topics);
    let log = Arc::clone(log);
    tokio::spawn(async move {
        let follower = match resumed {
            Ok(follower) => Some(follower),
            Err(err) => resume_later(&log, &topics, &part, &shutdown, err).await,
        };
        let Some(follower) = follower else { return };
        let condition = log.condition();
        // It stands where the files have it.
        let saved = follower.places().iter().map(|(place, next)| (place.number, *next)).collect();
        let keeper = Keeper { log, follower, dead_letters, judge, part, condition, saved, saved_at: Instant::now() };
        keeper.run(&shutdown).await;
    })
}

/// Tries until it knows where it stood; `None` when there is no need to know any more.
async fn resume_later(
    log: &EmbeddedLog,
    topics: &[String],
    part: &Part,
    shutdown: &CancellationToken,
    mut err: EmbeddedError,
) -> Option<Follower> {
    loop {
        part.down(format!("it is not known how far dead letters were kept: {err}"));
        if matches!(err, EmbeddedError::Closed) || !rest(shutdown).await {
            return None;
        }
        match log.resume(READER, topics) {
            Ok(follower) => return Some(follower),
            Err(again) => err = again,
        }
    }
}

/// A refused record's topic and the reason, for the figures.
type Kept = (Arc<str>, &'static str);

struct Keeper {
    log: Arc<EmbeddedLog>,
    follower: Follower,
    dead_letters: DeadLetters,
    judge: Judge,
    part: Part,
    condition: Condition,
    /// Where it stands in each partition, by the partition's number, as the files have it.
    saved: HashMap<u32, u64>,
    saved_at: Instant,
}

impl Keeper {
    async fn run(mut self, shutdown: &CancellationToken) {
        loop {
            let batch = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                () = self.condition.changed() => {
                    self.condition.tell(&self.part);
                    continue;
                }
                batch = self.follower.next(BATCH_RECORDS_MAX) => batch,
            };
            match batch {
                Ok(records) => {
                    let (letters, kept) = self.judge(&records);
                    if !self.keep(letters, &kept, shutdown).await {
                        // The position was not written, so the batch is judged again after the restart.
                        return;
                    }
                }
                Err(EmbeddedError::Closed) => return self.part.down(EmbeddedError::Closed.to_string()),
                Err(err) => self.go_on_after(&err, shutdown).await,
            }
        }
        if let Err(err) = self.save(Vec::new()).await {
            tracing::warn!(%err, "how far dead letters were kept is not written down; some records are judged again");
        }
    }

    fn judge(&self, records: &[Record]) -> (Vec<Outgoing>, Vec<Kept>) {
        let (mut letters, mut kept) = (Vec::new(), Vec::new());
        for record in records {
            let Some(refusal) = (self.judge)(record) else { continue };
            match self.dead_letters.outgoing(record, &refusal, now_ms()) {
                Some(letter) => {
                    tell_of(record, &refusal, "a record became a dead letter");
                    letters.push(letter);
                    kept.push((Arc::clone(record.topic()), refusal.reason));
                }
                None => {
                    tell_of(record, &refusal, "a record was refused, and its topic names no `dead_letter` to keep it");
                    metrics::dead_letter_not_kept(record.topic(), refusal.reason);
                }
            }
        }
        (letters, kept)
    }

    /// Writes the dead letters and the position behind their batch, and tries until that is done; `false` at shutdown.
    async fn keep(&mut self, letters: Vec<Outgoing>, kept: &[Kept], shutdown: &CancellationToken) -> bool {
        let is_known = self.follower.places().iter().all(|(place, _)| self.saved.contains_key(&place.number));
        if letters.is_empty() && is_known && self.saved_at.elapsed() < SAVE_INTERVAL {
            return true;
        }
        loop {
            let Err(err) = self.save(letters.clone()).await else { break };
            let topic = kept.first().map_or("", |(topic, _)| topic);
            metrics::dead_letter_failed(topic);
            tracing::warn!(%err, topic, "dead letters could not be kept; it is tried again");
            self.part.down(format!("dead letters cannot be kept: {err}"));
            if !rest(shutdown).await {
                return false;
            }
        }
        for (topic, reason) in kept {
            metrics::dead_letter_written(topic, reason);
        }
        self.condition.tell(&self.part);
        true
    }

    async fn save(&mut self, letters: Vec<Outgoing>) -> Result<(), PublishError> {
        let step = |(place, next): &(Arc<Place>, u64)| {
            let from = self.saved.get(&place.number).copied();
            (from != Some(*next)).then_some(Step { partition: place.number, from, next: *next })
        };
        let steps: Vec<_> = self.follower.places().iter().filter_map(step).collect();
        self.log.advance(READER, steps.clone(), letters).await?;
        self.saved.extend(steps.iter().map(|step| (step.partition, step.next)));
        self.saved_at = Instant::now();
        Ok(())
    }

    async fn go_on_after(&mut self, err: &EmbeddedError, shutdown: &CancellationToken) {
        tracing::error!(%err, "a record could not be judged");
        if let EmbeddedError::DamagedRecord { topic, partition, offset } = err {
            self.follower.pass(topic, *partition, *offset);
            return;
        }
        self.part.down(err.to_string());
        rest(shutdown).await;
        self.condition.tell(&self.part);
    }
}

fn tell_of(record: &Record, refusal: &Refusal, message: &str) {
    let Refusal { reason, detail } = refusal;
    let (topic, partition) = (record.topic(), record.position.partition.number);
    tracing::warn!(%topic, partition, offset = %record.position.number, reason, detail, "{message}");
}

/// Waits a little; `false` when it is time to stop.
async fn rest(shutdown: &CancellationToken) -> bool {
    tokio::time::timeout(RETRY_INTERVAL, shutdown.cancelled()).await.is_err()
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::dead_letter::header;
    use crate::embedded::testing::{DEADLINE, Fault, append, bodies, body, open, set_fault, spec, until};
    use crate::health::Health;
    use crate::topics::TopicSpec;

    const CONFIG: &str = "[topics.orders]\ndead_letter = \"orders-dlq\"\n[topics.loose]";

    fn specs() -> [TopicSpec; 3] {
        [spec("orders", 2), spec("loose", 1), spec("orders-dlq", 1)]
    }

    /// A running once path that refuses what says `bad`.
    struct Path {
        health: Health,
        shutdown: CancellationToken,
        task: JoinHandle<()>,
    }

    impl Path {
        fn start(log: &Arc<EmbeddedLog>) -> Self {
            let judge: Judge = Arc::new(|record| {
                let is_bad = body(record).contains("bad");
                is_bad.then(|| Refusal { reason: "malformed", detail: "it says so".to_owned() })
            });
            let letters = DeadLetters::new(&config::load_text(CONFIG).unwrap(), "node-1");
            let (health, shutdown) = (Health::default(), CancellationToken::new());
            let part = health.required("dead-letters");
            let task = start(log, letters, judge, part, shutdown.clone());
            Self { health, shutdown, task }
        }

        async fn stop(self) {
            self.shutdown.cancel();
            self.task.await.unwrap();
        }

        /// Ends it where it stands, as a crash does.
        async fn kill(self) {
            self.task.abort();
            assert!(self.task.await.unwrap_err().is_cancelled());
        }
    }

    async fn letters(log: &EmbeddedLog, count: u64) {
        until(log, "a dead letter", || log.end("orders-dlq", 0) >= Some(count)).await;
    }

    #[tokio::test]
    async fn what_is_refused_is_kept_as_it_was_and_the_rest_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let log = open(&directory, &specs());
        append(&log, "orders", &["bad before"]).await;
        let path = Path::start(&log);
        append(&log, "orders", &["good", "bad one"]).await;
        append(&log, "loose", &["bad, but nobody keeps it"]).await;
        append(&log, "orders", &["good again", "bad two"]).await;
        letters(&log, 2).await;
        path.stop().await;
        // The first time ever it begins at the end.
        assert_eq!(bodies(&log, "orders-dlq"), ["bad one", "bad two"]);
        let letter = log.read("orders-dlq", 0, 0, 1).unwrap().remove(0);
        assert_eq!(letter.key.as_deref(), Some(&b"key"[..]));
        let partition = (0..2).find(|partition| log.end("orders", *partition) > Some(0)).unwrap();
        assert_eq!(letter.header(header::PARTITION).unwrap(), partition.to_string().as_bytes());
        assert_eq!(letter.header(header::OFFSET).unwrap(), "2");
        assert_eq!(letter.header(header::NODE).unwrap(), "node-1");
    }

    #[tokio::test]
    async fn each_is_kept_once_over_stops_crashes_and_restarts() {
        let directory = tempfile::tempdir().unwrap();
        let log = open(&directory, &specs());
        Path::start(&log).stop().await;
        log.close();
        let mut refused = Vec::new();
        for round in 0..6 {
            let log = open(&directory, &specs());
            let body = |place: &str| format!("bad {round} {place}");
            append(&log, "orders", &[&body("while it was down"), "good"]).await;
            let path = Path::start(&log);
            append(&log, "orders", &["good", &body("while it was up"), "good"]).await;
            refused.extend([body("while it was down"), body("while it was up")]);
            if round % 2 == 0 {
                letters(&log, refused.len() as u64).await;
                path.stop().await;
            } else {
                path.kill().await;
            }
            log.close();
        }
        let log = open(&directory, &specs());
        let path = Path::start(&log);
        letters(&log, refused.len() as u64).await;
        append(&log, "orders", &["bad at last"]).await;
        refused.push("bad at last".to_owned());
        letters(&log, refused.len() as u64).await;
        path.stop().await;
        assert_eq!(bodies(&log, "orders-dlq"), refused);
    }

    /// Lets the write of a dead letter fail in that way for a while.
    async fn keeps_one_letter_in_spite_of(fault: Fault) {
        let directory = tempfile::tempdir().unwrap();
        let log = open(&directory, &specs());
        Path::start(&log).stop().await;
        append(&log, "orders", &["bad"]).await;
        set_fault(&log, Some(fault));
        let path = Path::start(&log);
        let is_down = || path.health.parts()["dead-letters"].detail.contains("no space left");
        let told = async {
            while !is_down() {
                tokio::task::yield_now().await;
            }
        };
        assert!(tokio::time::timeout(DEADLINE, told).await.is_ok(), "{:?}", path.health.parts());
        set_fault(&log, None);
        letters(&log, 1).await;
        append_when_possible(&log, "bad again").await;
        letters(&log, 2).await;
        assert!(path.health.is_ready(), "{:?}", path.health.parts());
        path.stop().await;
        assert_eq!(bodies(&log, "orders-dlq"), ["bad", "bad again"]);
    }

    async fn append_when_possible(log: &EmbeddedLog, body: &str) {
        tokio::time::timeout(DEADLINE, log.condition().good()).await.unwrap();
        append(log, "orders", &[body]).await;
    }

    #[tokio::test]
    async fn a_letter_that_could_not_be_written_is_written_later() {
        keeps_one_letter_in_spite_of(Fault::NothingIsWritten).await;
    }

    #[tokio::test]
    async fn a_letter_that_was_written_without_a_confirmation_is_not_written_again() {
        keeps_one_letter_in_spite_of(Fault::WritesAreNotConfirmed).await;
    }
}
