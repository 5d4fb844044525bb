//! Reads the embedded log: every partition of the topics, from now on.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::Tail;
use crate::embedded::{EmbeddedError, EmbeddedLog, Follower};
use crate::health::Part;
use crate::metrics;
use crate::record::Record;

/// How long a read that failed is not tried again.
const RETRY_INTERVAL: std::time::Duration = std::time::Duration::from_secs(1);

/// Reads those topics from now on: everything that is written after this returns. A slow pipeline holds the reader up and
/// loses nothing. `part` also tells when the log cannot be written.
pub fn tail(log: &Arc<EmbeddedLog>, topics: &[String], part: Part, shutdown: CancellationToken) -> Tail {
    let (batches, tail) = Tail::new();
    let reader = Reader { follower: log.follow(topics), failure: log.failure(), part, batches };
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
    failure: watch::Receiver<Option<Arc<str>>>,
    part: Part,
    batches: mpsc::Sender<Vec<Record>>,
}

impl Reader {
    async fn run(mut self) {
        self.failure.mark_changed();
        loop {
            tokio::select! {
                biased;
                Ok(()) = self.failure.changed() => tell(&mut self.failure, &self.part),
                batch = self.follower.next() => match batch {
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
        self.failure.mark_changed();
    }
}

/// Tells the part whether the log can be written.
pub(crate) fn tell(failure: &mut watch::Receiver<Option<Arc<str>>>, part: &Part) {
    let reason = failure.borrow_and_update().clone();
    metrics::source_connected("embedded", reason.is_none());
    match reason {
        Some(reason) => part.down(format!("the embedded log cannot be written: {reason}; what it holds is delivered")),
        None => part.up(),
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
