//! Dead letters on Kafka: exactly one for each refused record, however many nodes run, apart from the live path.
//!
//! All nodes share one consumer group, so each record is judged by one of them. Where a record is refused, its dead
//! letter and the group's offsets are written in one transaction: a crash loses both or neither, and the broker refuses
//! the transaction of a node that has lost its partitions meanwhile. Stretches without refused records are committed
//! plainly; read once more after a crash they change nothing. Readers of dead letters should read committed ones only,
//! as Kafka's transactions want it.
//!
//! **Where the group begins.** Partitions without a committed offset begin at their end, and no record that is written
//! once some node is ready may be passed over. So each node, before it is ready, (1) asks for the ends, (2) asks which
//! partitions have no committed offset, (3) commits the ends of (1) for those. When two nodes do this at once, the
//! second one's ends are older than its view of (2), which was older than the first one's readiness: whichever commit
//! stays, it is not past anything written after either was ready. While the group has members Kafka refuses (3); then a
//! member that gets such a partition commits its own ends for it at once. Partitions and topics that are made later
//! begin at their beginning.

mod anchor;
mod group;
mod worker;
mod writer;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{DeadLetters, Judge};
use crate::config::KafkaConfig;
use crate::health::Part;
use crate::source::kafka::SourceError;

/// What is to be done.
pub struct Duty {
    /// The topics whose records are judged.
    pub topics: Vec<String>,
    /// Makes the dead letters.
    pub letters: DeadLetters,
    /// Says which records are refused.
    pub judge: Judge,
}

impl std::fmt::Debug for Duty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Duty").field("topics", &self.topics).field("letters", &self.letters).finish_non_exhaustive()
    }
}

/// What `/health/ready` tells about it.
#[derive(Debug)]
pub struct Parts {
    /// Up while dead letters can be written. Optional: live delivery does not depend on it.
    pub letters: Part,
    /// Up once it is settled where the group begins, or once the group is out of reach while the brokers answer; stays
    /// up. Required: a record written before that might be passed over.
    pub start: Part,
}

/// The running worker.
#[derive(Debug)]
pub struct Worker {
    done: oneshot::Receiver<()>,
}

impl Worker {
    /// Waits until it has stopped: what it had judged is committed and its partitions are free for others.
    pub async fn stopped(self) {
        // An error is the other end gone, which is what is waited for.
        let _ = self.done.await;
    }
}

/// Starts to judge the records of the topics, on a thread of its own, until `shutdown`.
///
/// # Errors
/// When librdkafka does not take the settings. Brokers that cannot be reached are waited for.
pub fn start(
    config: &KafkaConfig,
    duty: Duty,
    parts: Parts,
    shutdown: CancellationToken,
) -> Result<Worker, SourceError> {
    let (ends, done) = oneshot::channel::<()>();
    let worker = worker::Loop::new(config, duty, parts)?;
    std::thread::Builder::new().name("kafka-dead-letters".to_owned()).spawn(move || {
        worker.run(&shutdown);
        drop(ends);
    })?;
    Ok(Worker { done })
}
