//! Writes records to Kafka, idempotent and confirmed by all in-sync replicas.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use parking_lot::RwLock;
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::future_producer::DeliveryFuture;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use rdkafka::types::RDKafkaErrorCode;
use tokio::time::Instant;

use super::{Outgoing, PublishError, Publisher, Written};
use crate::config::KafkaConfig;
use crate::source::kafka::SourceError;
use crate::source::kafka::client::{self, Reports, Settings};

const DEFAULTS: Settings<'static> = &[
    ("linger.ms", "2"),
    ("compression.type", "lz4"),
    // Java's own choice, so that a key lands where Java's producers put it.
    ("partitioner", "murmur2_random"),
    ("queue.buffering.max.messages", "100000"),
    ("queue.buffering.max.kbytes", "65536"),
    // How long a topic that the brokers do not know may still turn up.
    ("topic.metadata.propagation.max.ms", "1000"),
];

const FIXED: Settings<'static> =
    &[("acks", "all"), ("enable.idempotence", "true"), ("allow.auto.create.topics", "false")];

type Client = FutureProducer<Reports>;

/// Writes records to Kafka.
pub struct KafkaPublisher {
    settings: ClientConfig,
    /// Exchanged when librdkafka declares the one at hand broken for good.
    producer: RwLock<Client>,
    reports: Reports,
    timeout: Duration,
}

impl std::fmt::Debug for KafkaPublisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaPublisher").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl KafkaPublisher {
    /// A publisher whose answers come within `timeout`. It connects by itself, and waits for brokers that are away.
    ///
    /// # Errors
    /// When librdkafka does not take the settings.
    pub fn new(config: &KafkaConfig, timeout: Duration) -> Result<Self, SourceError> {
        let timeout_ms = timeout.as_millis().to_string();
        let fixed: Vec<_> = FIXED.iter().copied().chain([("message.timeout.ms", timeout_ms.as_str())]).collect();
        let settings = client::settings(config, DEFAULTS, &fixed);
        let reports = Reports::default();
        let producer = RwLock::new(settings.create_with_context(reports.clone())?);
        Ok(Self { settings, producer, reports, timeout })
    }

    /// Hands a record to librdkafka, which sends what has one key in the order given.
    fn enqueue(&self, producer: &Client, record: &Outgoing) -> Result<DeliveryFuture, PublishError> {
        let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
        for (name, value) in &record.headers {
            // librdkafka's names are C strings.
            if name.contains('\0') {
                return Err(PublishError::Refused(format!("header name {name:?} holds a NUL")));
            }
            headers = headers.insert(Header { key: name, value: Some(value.as_ref()) });
        }
        let mut outgoing = FutureRecord::to(&record.topic).payload(record.body.as_ref()).headers(headers);
        if let Some(key) = &record.key {
            outgoing = outgoing.key(key.as_ref());
        }
        producer.send_result(outgoing).map_err(|(err, _)| failure(&record.topic, &err))
    }

    async fn confirm(
        &self,
        topic: &Arc<str>,
        delivery: DeliveryFuture,
        deadline: Instant,
    ) -> Result<Written, PublishError> {
        match tokio::time::timeout_at(deadline, delivery).await {
            Ok(Ok(Ok(delivery))) => {
                let offset = u64::try_from(delivery.offset).unwrap_or_default();
                Ok(Written { topic: Arc::clone(topic), partition: delivery.partition, offset })
            }
            Ok(Ok(Err((KafkaError::MessageProduction(RDKafkaErrorCode::MessageTimedOut), _)))) => Err(self.silence()),
            Ok(Ok(Err((err, _)))) => Err(failure(topic, &err)),
            Ok(Err(_)) => Err(PublishError::Unavailable("the connection was given up".to_owned())),
            Err(_) => Err(self.silence()),
        }
    }

    /// What there is to say when no answer came in time.
    fn silence(&self) -> PublishError {
        let reason = self.reports.last_error();
        let reason = reason.map(|reason| format!("; {reason}")).unwrap_or_default();
        PublishError::Unavailable(format!("no answer within {:?}{reason}", self.timeout))
    }

    /// A producer that librdkafka has declared broken refuses everything from then on; another one takes its place.
    fn replace_broken(&self, used: &Client) {
        let Some((code, reason)) = used.client().fatal_error() else { return };
        let mut producer = self.producer.write();
        if producer.client().fatal_error().is_none() {
            return;
        }
        match self.settings.create_with_context(self.reports.clone()) {
            Ok(fresh) => *producer = fresh,
            Err(err) => tracing::error!("no new producer: {err}"),
        }
        tracing::error!(%code, reason, "the producer broke and was replaced");
    }
}

impl Publisher for KafkaPublisher {
    fn publish(&self, records: Vec<Outgoing>) -> BoxFuture<'_, Vec<Result<Written, PublishError>>> {
        async move {
            let deadline = Instant::now() + self.timeout;
            let producer = self.producer.read().clone();
            // All of them are on their way before the first answer is waited for.
            let waiting: Vec<_> =
                records.into_iter().map(|record| (self.enqueue(&producer, &record), record.topic)).collect();
            let mut answers = Vec::with_capacity(waiting.len());
            for (delivery, topic) in waiting {
                answers.push(match delivery {
                    Ok(delivery) => self.confirm(&topic, delivery, deadline).await,
                    Err(err) => Err(err),
                });
            }
            self.replace_broken(&producer);
            answers
        }
        .boxed()
    }
}

/// What a failure means for the caller: whether the same record may be tried again.
fn failure(topic: &str, err: &KafkaError) -> PublishError {
    use RDKafkaErrorCode as Code;
    match err.rdkafka_error_code() {
        Some(Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition) => {
            PublishError::UnknownTopic(topic.to_owned())
        }
        Some(
            code @ (Code::MessageSizeTooLarge
            | Code::InvalidMessage
            | Code::InvalidMessageSize
            | Code::InvalidRecord
            | Code::InvalidTimestamp
            | Code::InvalidTopic
            | Code::TopicAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::PolicyViolation
            | Code::InvalidArgument),
        ) => PublishError::Refused(code.to_string()),
        Some(code) => PublishError::Unavailable(code.to_string()),
        None => PublishError::Unavailable(err.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_say_whether_trying_again_can_help() {
        let check = |code, expected: &str| {
            let failure = failure("t", &KafkaError::MessageProduction(code));
            let kind = match failure {
                PublishError::Unavailable(_) => "unavailable",
                PublishError::UnknownTopic(topic) if topic == "t" => "unknown-topic",
                PublishError::UnknownTopic(_) => "another topic",
                PublishError::Refused(_) => "refused",
            };
            assert_eq!(kind, expected, "{code}");
        };
        check(RDKafkaErrorCode::MessageTimedOut, "unavailable");
        check(RDKafkaErrorCode::QueueFull, "unavailable");
        check(RDKafkaErrorCode::NotEnoughReplicas, "unavailable");
        check(RDKafkaErrorCode::UnknownTopic, "unknown-topic");
        check(RDKafkaErrorCode::UnknownTopicOrPartition, "unknown-topic");
        check(RDKafkaErrorCode::MessageSizeTooLarge, "refused");
        check(RDKafkaErrorCode::TopicAuthorizationFailed, "refused");
    }
}
