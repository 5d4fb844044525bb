//! Writes records to the embedded log.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Outgoing, PublishError, Publisher, Written};
use crate::embedded::EmbeddedLog;
use crate::metrics;

/// Writes records to the embedded log.
#[derive(Clone, Debug)]
pub struct EmbeddedPublisher {
    log: Arc<EmbeddedLog>,
    timeout: Duration,
}

impl EmbeddedPublisher {
    /// Writes to that log, and gives up on a confirmation that takes longer than `timeout`.
    pub fn new(log: Arc<EmbeddedLog>, timeout: Duration) -> Self {
        Self { log, timeout }
    }

    async fn write(&self, records: Vec<Outgoing>) -> Vec<Result<Written, PublishError>> {
        let topics: Vec<_> = records.iter().map(|record| Arc::clone(&record.topic)).collect();
        let answers = tokio::time::timeout(self.timeout, self.log.append(records)).await.unwrap_or_else(|_| {
            let reason = format!("the disk did not take it within {} ms", self.timeout.as_millis());
            vec![Err(PublishError::Unavailable(reason)); topics.len()]
        });
        for (topic, answer) in topics.iter().zip(&answers) {
            metrics::record_published(topic, outcome(answer));
        }
        answers
    }
}

impl Publisher for EmbeddedPublisher {
    fn publish(&self, records: Vec<Outgoing>) -> BoxFuture<'_, Vec<Result<Written, PublishError>>> {
        self.write(records).boxed()
    }
}

const fn outcome(answer: &Result<Written, PublishError>) -> &'static str {
    match answer {
        Ok(_) => "written",
        Err(PublishError::Unavailable(_)) => "unavailable",
        Err(PublishError::UnknownTopic(_)) => "unknown-topic",
        Err(PublishError::Refused(_)) => "refused",
    }
}
