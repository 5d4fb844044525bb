//! 1. Reads records: every node reads every partition of the configured topics, from now on.

pub mod embedded;
#[cfg(feature = "kafka")]
pub mod kafka;

use tokio::sync::mpsc;

use crate::record::Record;

/// How many batches may wait between a reader and the pipeline; a full channel stops the reader, not the broker.
pub const BATCHES_WAITING_MAX: usize = 64;

/// How many records one batch holds at most.
pub const BATCH_RECORDS_MAX: usize = 256;

/// Every record of the configured topics as it is written, in the order of each partition.
#[derive(Debug)]
pub struct Tail {
    batches: mpsc::Receiver<Vec<Record>>,
}

impl Tail {
    /// A tail, and the end that a reader fills. Batches are never empty.
    pub fn new() -> (mpsc::Sender<Vec<Record>>, Self) {
        let (sender, batches) = mpsc::channel(BATCHES_WAITING_MAX);
        (sender, Self { batches })
    }

    /// The next records; `None` once the reader has stopped for good.
    pub async fn next(&mut self) -> Option<Vec<Record>> {
        self.batches.recv().await
    }
}
