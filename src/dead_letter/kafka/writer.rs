//! Writes dead letters and the group's offsets in one transaction.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rdkafka::client::ClientContext;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientConfig, TopicPartitionList};
use uuid::Uuid;

use crate::config::KafkaConfig;
use crate::publish::Outgoing;
use crate::source::kafka::client::{self, Reports, Settings};

/// How long one step of a transaction may take.
const STEP_TIMEOUT: Duration = Duration::from_secs(5);

/// Times that a commit without a clear answer is asked for again.
const COMMIT_ATTEMPTS_MAX: usize = 3;

const DEFAULTS: Settings<'static> = &[
    ("linger.ms", "2"),
    ("compression.type", "lz4"),
    ("partitioner", "murmur2_random"),
    ("queue.buffering.max.kbytes", "65536"),
    // The topic's own limit decides.
    ("message.max.bytes", "16777216"),
    ("topic.metadata.propagation.max.ms", "1000"),
];

const FIXED: Settings<'static> = &[
    ("acks", "all"),
    ("enable.idempotence", "true"),
    ("allow.auto.create.topics", "false"),
    // The node that takes over waits for this long at most for a transaction that a crash left open.
    ("transaction.timeout.ms", "15000"),
    ("message.timeout.ms", "10000"),
];

/// Why a transaction did not come about.
#[derive(Debug)]
pub(super) enum Failure {
    /// It was not begun, because an earlier commit is still on its way.
    NotYet,
    /// Nothing of it is visible; it may be tried again.
    NotWritten(String),
    /// The broker did not say whether it was committed; the group's offsets tell, once the writer works again.
    Unclear(String),
    /// Nothing of it is visible: the letters of these places are larger than their topic takes.
    TooLarge(Vec<usize>),
}

/// Writes in transactions under one name, so that a later one settles what an earlier one left open.
pub(super) struct Writer {
    settings: ClientConfig,
    reports: Reports,
    live: Option<Live>,
}

struct Live {
    producer: ThreadedProducer<Deliveries>,
    failures: Failures,
}

type Failures = Arc<Mutex<Vec<(usize, KafkaError)>>>;

impl Writer {
    /// A writer that connects when there is something to write.
    pub(super) fn new(config: &KafkaConfig, group: &str, reports: Reports) -> Self {
        let name = format!("{group}-{}", Uuid::new_v4());
        let fixed: Vec<_> = FIXED.iter().copied().chain([("transactional.id", name.as_str())]).collect();
        Self { settings: client::settings(config, DEFAULTS, &fixed), reports, live: None }
    }

    /// Writes all letters and the offsets, or nothing.
    pub(super) fn write(
        &mut self,
        letters: &[Outgoing],
        offsets: &TopicPartitionList,
        member: &ConsumerGroupMetadata,
    ) -> Result<(), Failure> {
        self.connect().map_err(|err| self.not_written(&err))?;
        let Some(live) = &self.live else { return Err(Failure::NotWritten("no producer".to_owned())) };
        let outcome = live.run(letters, offsets, member);
        if outcome.is_err() {
            // The next producer of the same name aborts what is open when it connects. Going on with this one is no
            // safe way: after a letter that was too large librdkafka refuses the ones of the next transaction too.
            self.live = None;
        }
        outcome.map_err(|failure| self.explain(failure))
    }

    /// Settles what an earlier transaction left open, where there was one.
    pub(super) fn connect(&mut self) -> KafkaResult<()> {
        if self.live.is_some() {
            return Ok(());
        }
        let failures = Failures::default();
        let context = Deliveries { reports: self.reports.clone(), failures: Arc::clone(&failures) };
        let producer: ThreadedProducer<Deliveries> = self.settings.create_with_context(context)?;
        producer.init_transactions(STEP_TIMEOUT)?;
        self.live = Some(Live { producer, failures });
        Ok(())
    }

    fn not_written(&self, err: &KafkaError) -> Failure {
        self.explain(Failure::NotWritten(err.to_string()))
    }

    /// Adds what is known of the connection to a failure that tells of none.
    fn explain(&self, failure: Failure) -> Failure {
        let more = |text: String| match self.reports.last_error() {
            Some(reason) if text.contains("imed out") => format!("{text}; {reason}"),
            _ => text,
        };
        match failure {
            Failure::NotWritten(text) => Failure::NotWritten(more(text)),
            Failure::Unclear(text) => Failure::Unclear(more(text)),
            clear @ (Failure::NotYet | Failure::TooLarge(_)) => clear,
        }
    }
}

impl Live {
    fn run(
        &self,
        letters: &[Outgoing],
        offsets: &TopicPartitionList,
        member: &ConsumerGroupMetadata,
    ) -> Result<(), Failure> {
        let prepared = self.producer.begin_transaction().map_err(|err| Failure::NotWritten(err.to_string()));
        let prepared = prepared.and_then(|()| self.produce(letters)).and_then(|()| {
            let sent = self.producer.send_offsets_to_transaction(offsets, member, STEP_TIMEOUT);
            sent.map_err(|err| Failure::NotWritten(err.to_string()))
        });
        prepared.and_then(|()| self.commit())
    }

    fn produce(&self, letters: &[Outgoing]) -> Result<(), Failure> {
        for (place, letter) in letters.iter().enumerate() {
            if let Err(err) = self.enqueue(place, letter) {
                self.failures.lock().push((place, err));
            }
        }
        let flushed = self.producer.flush(STEP_TIMEOUT + STEP_TIMEOUT / 2);
        let failures = std::mem::take(&mut *self.failures.lock());
        let too_large = |err: &KafkaError| err.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageSizeTooLarge);
        let places: Vec<_> = failures.iter().filter(|(_, err)| too_large(err)).map(|(place, _)| *place).collect();
        if !places.is_empty() {
            return Err(Failure::TooLarge(places));
        }
        if let Some((place, err)) = failures.first() {
            return Err(Failure::NotWritten(format!("to `{}`: {err}", letters[*place].topic)));
        }
        flushed.map_err(|err| Failure::NotWritten(err.to_string()))
    }

    fn enqueue(&self, place: usize, letter: &Outgoing) -> KafkaResult<()> {
        let mut headers = OwnedHeaders::new_with_capacity(letter.headers.len());
        for (name, value) in &letter.headers {
            // Names are C strings to librdkafka; one of a Kafka record never holds a NUL by the time it is here.
            headers = headers.insert(Header { key: &name.replace('\0', ""), value: Some(value.as_ref()) });
        }
        let mut record = BaseRecord::with_opaque_to(&letter.topic, Box::new(place));
        record = record.payload(letter.body.as_ref()).headers(headers);
        if let Some(key) = &letter.key {
            record = record.key(key.as_ref());
        }
        match self.producer.send(record) {
            Ok(()) => Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), record)) => {
                self.producer.flush(STEP_TIMEOUT)?;
                self.producer.send(record).map_err(|(err, _)| err)
            }
            Err((err, _)) => Err(err),
        }
    }

    fn commit(&self) -> Result<(), Failure> {
        for attempt in 1.. {
            match self.producer.commit_transaction(STEP_TIMEOUT) {
                Ok(()) => return Ok(()),
                Err(KafkaError::Transaction(err)) if err.txn_requires_abort() => {
                    return Err(Failure::NotWritten(err.to_string()));
                }
                Err(KafkaError::Transaction(err)) if err.is_retriable() && attempt < COMMIT_ATTEMPTS_MAX => {}
                Err(KafkaError::Transaction(err)) => return Err(Failure::Unclear(err.to_string())),
                Err(err) => return Err(Failure::NotWritten(err.to_string())),
            }
        }
        Ok(())
    }
}

/// Hears which letters did not arrive.
struct Deliveries {
    reports: Reports,
    failures: Failures,
}

impl ClientContext for Deliveries {
    fn error(&self, error: KafkaError, reason: &str) {
        self.reports.error(error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<usize>;

    fn delivery(&self, result: &DeliveryResult<'_>, place: Self::DeliveryOpaque) {
        if let Err((err, _)) = result {
            self.failures.lock().push((*place, err.clone()));
        }
    }
}
