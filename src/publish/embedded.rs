//! Writes records to the embedded log.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Outgoing, PublishError, Publisher, Written};
use crate::embedded::EmbeddedLog;

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
        let count = records.len();
        tokio::time::timeout(self.timeout, self.log.append(records)).await.unwrap_or_else(|_| {
            let reason = format!("the disk did not take it within {} ms", self.timeout.as_millis());
            vec![Err(PublishError::Unavailable(reason)); count]
        })
    }
}

impl Publisher for EmbeddedPublisher {
    fn publish(&self, records: Vec<Outgoing>) -> BoxFuture<'_, Vec<Result<Written, PublishError>>> {
        self.write(records).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::testing::{Fault, hang, open, outgoing, set_fault, spec};
    use crate::publish::outcome;

    #[tokio::test]
    async fn what_was_published_is_answered_in_order_with_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let log = open(&directory, &[spec("orders", 1)]);
        let publisher = EmbeddedPublisher::new(Arc::clone(&log), Duration::from_secs(30));
        let records = ["orders", "unheard-of", "orders"].map(|topic| outgoing(topic, Some("key"), "{}"));
        let answers = publisher.publish(records.to_vec()).await;
        assert_eq!(answers.iter().map(outcome).collect::<Vec<_>>(), ["written", "unknown-topic", "written"]);
        let last = Written { topic: "orders".into(), partition: 0, offset: 1 };
        assert_eq!(answers[2].as_ref().unwrap(), &last);
        set_fault(&log, Some(Fault::NothingIsWritten));
        let answers = publisher.publish(records.to_vec()).await;
        assert_eq!(answers.iter().map(outcome).collect::<Vec<_>>(), ["unavailable"; 3]);
        assert_eq!(log.end("orders", 0), Some(2));
    }

    #[tokio::test]
    async fn a_disk_that_hangs_is_not_waited_for_for_ever() {
        let directory = tempfile::tempdir().unwrap();
        let log = open(&directory, &[spec("orders", 1)]);
        let publisher = EmbeddedPublisher::new(Arc::clone(&log), Duration::from_millis(20));
        let hanging = hang(&log);
        let answers = publisher.publish(vec![outgoing("orders", None, "{}")]).await;
        assert!(matches!(&answers[0], Err(PublishError::Unavailable(_))), "{answers:?}");
        drop(hanging);
    }
}
