//! Plain clients of Kafka, independent of the gateway's own.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, Headers, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

use super::PATIENCE;

/// A plain admin client.
pub(crate) fn admin(brokers: &str) -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", brokers).create().unwrap()
}

/// Makes a topic and waits until the broker knows it.
pub(crate) async fn create_topic(brokers: &str, topic: &str, partitions: i32) {
    let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
    let options = AdminOptions::new().operation_timeout(Some(PATIENCE)).request_timeout(Some(PATIENCE));
    let results = admin(brokers).create_topics(&[new], &options).await.unwrap();
    assert_eq!(results, [Ok(topic.to_owned())]);
}

/// A plain producer.
pub(crate) struct Plain {
    producer: FutureProducer,
}

/// Where a record came to stand.
pub(crate) type Written = (i32, i64);

impl Plain {
    pub(crate) fn new(brokers: &str) -> Self {
        Self::with(brokers, "1000000")
    }

    /// One that leaves it to the broker how large a record may be.
    pub(crate) fn new_large(brokers: &str) -> Self {
        Self::with(brokers, "10000000")
    }

    fn with(brokers: &str, bytes_max: &str) -> Self {
        let mut config = ClientConfig::new();
        config.set("message.max.bytes", bytes_max).set("enable.idempotence", "true");
        config.set("bootstrap.servers", brokers).set("linger.ms", "1").set("reconnect.backoff.max.ms", "500");
        config.set("topic.metadata.refresh.interval.ms", "500").set("queue.buffering.max.messages", "1000000");
        Self { producer: config.create().unwrap() }
    }

    /// Writes one record and waits for the broker to have it.
    pub(crate) async fn write(&self, topic: &str, partition: i32, body: &str) -> Written {
        self.write_with(topic, partition, body, OwnedHeaders::new()).await
    }

    pub(crate) async fn write_with(&self, topic: &str, partition: i32, body: &str, headers: OwnedHeaders) -> Written {
        let record = FutureRecord::to(topic).partition(partition).key("key").payload(body).headers(headers);
        let delivery = self.producer.send(record, PATIENCE).await.unwrap();
        (delivery.partition, delivery.offset)
    }

    /// Writes a record without body.
    pub(crate) async fn write_tombstone(&self, topic: &str, partition: i32) {
        let record = FutureRecord::<str, str>::to(topic).partition(partition).key("key");
        self.producer.send(record, PATIENCE).await.unwrap();
    }

    /// Writes many records at once and waits for the broker to have them all.
    pub(crate) async fn write_all(&self, topic: &str, records: impl Iterator<Item = (i32, String)>) {
        let mut waiting = Vec::new();
        for (partition, body) in records {
            let record = FutureRecord::<str, str>::to(topic).partition(partition).payload(&body);
            waiting.push(self.producer.send_result(record).map_err(|(err, _)| err).unwrap());
        }
        for delivery in waiting {
            delivery.await.unwrap().map_err(|(err, _)| err).unwrap();
        }
    }
}

/// Everything that a reader of committed records finds in a topic now, partition by partition.
pub(crate) fn read_all(brokers: &str, topic: &str) -> Vec<OwnedMessage> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "tests")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("isolation.level", "read_committed")
        .create()
        .unwrap();
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).unwrap();
    let mut list = TopicPartitionList::new();
    for partition in metadata.topics()[0].partitions() {
        list.add_partition_offset(topic, partition.id(), Offset::Beginning).unwrap();
    }
    let mut open = list.count();
    consumer.assign(&list).unwrap();
    let mut found = Vec::new();
    while open > 0 {
        match consumer.poll(Duration::from_secs(10)).expect("the end of every partition") {
            Ok(message) => found.push(message.detach()),
            Err(rdkafka::error::KafkaError::PartitionEOF(_)) => open -= 1,
            Err(err) => panic!("{err}"),
        }
    }
    found
}

/// A header's value as text.
pub(crate) fn header(message: &OwnedMessage, name: &str) -> Option<String> {
    let header: Header<'_, &[u8]> = message.headers()?.iter().find(|header| header.key == name)?;
    Some(String::from_utf8_lossy(header.value?).into_owned())
}
