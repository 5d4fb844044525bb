//! The once path on the embedded log: judges every record one time, over restarts too.
//!
//! How far it is stands in the log itself and is written in one step with the dead letters, so that no crash can lose
//! one or keep it twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{DeadLetters, Judge, Refusal};
use crate::embedded::{EmbeddedError, EmbeddedLog, Follower, Place, Step};
use crate::health::Part;
use crate::metrics;
use crate::publish::{Outgoing, PublishError};
use crate::record::Record;
use crate::source::embedded::tell;

/// The name under which the log keeps how far this path is.
const READER: &str = "dead-letters";

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
        let failure = log.failure();
        // It stands where the files have it.
        let saved = follower.places().iter().map(|(place, next)| (place.number, *next)).collect();
        let keeper = Keeper { log, follower, dead_letters, judge, part, failure, saved, saved_at: Instant::now() };
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
    failure: watch::Receiver<Option<Arc<str>>>,
    /// Where it stands in each partition, by the partition's number, as the files have it.
    saved: HashMap<u32, u64>,
    saved_at: Instant,
}

impl Keeper {
    async fn run(mut self, shutdown: &CancellationToken) {
        self.failure.mark_changed();
        loop {
            let batch = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                Ok(()) = self.failure.changed() => {
                    tell(&mut self.failure, &self.part);
                    continue;
                }
                batch = self.follower.next() => batch,
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
        tell(&mut self.failure, &self.part);
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
        self.failure.mark_changed();
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
