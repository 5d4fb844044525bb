//! The live tail.

use std::time::Duration;

use rdkafka::admin::{AdminOptions, NewPartitions};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::{Offset, TopicPartitionList};
use sluice::config::KafkaConfig;
use sluice::health::Health;
use sluice::record::Record;
use sluice::source::{Tail, kafka};
use tokio_util::sync::CancellationToken;
use tokio_util::sync::DropGuard;

use crate::support::{Kafka, OwnKafka, PATIENCE, Plain, shared, until, until_ready, within};
use crate::support::{admin, unique};

/// What the issue promises for new partitions and topics.
const FOUND_WITHIN: Duration = Duration::from_secs(10);

/// What the issue promises for brokers that come back.
const BACK_WITHIN: Duration = Duration::from_secs(5);

/// The mock cluster has no controller, which costs the first contact some more seconds.
fn back_within(kafka: &Kafka) -> Duration {
    if kafka.is_real() { BACK_WITHIN } else { BACK_WITHIN * 4 }
}

struct Reader {
    tail: Tail,
    health: Health,
    waiting: std::collections::VecDeque<Record>,
    _stop: DropGuard,
}

impl Reader {
    fn start(config: &KafkaConfig, topics: &[&str]) -> Self {
        let health = Health::default();
        let shutdown = CancellationToken::new();
        let topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
        let tail = kafka::tail::start(config, topics, health.required("kafka"), shutdown.clone()).unwrap();
        Self { tail, health, waiting: std::collections::VecDeque::new(), _stop: shutdown.drop_guard() }
    }

    async fn ready(kafka: &Kafka, topics: &[&str]) -> Self {
        let reader = Self::start(&kafka.config(), topics);
        until_ready(&reader.health).await;
        reader
    }

    async fn next_within(&mut self, limit: Duration) -> Record {
        if self.waiting.is_empty() {
            let batch = within(limit, "a record", self.tail.next()).await.expect("the tail goes on");
            assert!(!batch.is_empty());
            self.waiting.extend(batch);
        }
        self.waiting.pop_front().unwrap()
    }

    async fn next(&mut self) -> Record {
        self.next_within(PATIENCE).await
    }

    fn detail(&self) -> String {
        self.health.parts()["kafka"].detail.clone()
    }
}

fn body(record: &Record) -> &str {
    std::str::from_utf8(record.body.as_ref().expect("a body")).unwrap()
}

fn place(record: &Record) -> (i32, u128) {
    (record.position.partition.number, record.position.number)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_after_readiness_is_read_and_nothing_before() {
    let (kafka, topic) = (shared(), unique("now"));
    kafka.create_topic(&topic, 3).await;
    let plain = Plain::new(kafka.brokers());
    for partition in 0..3 {
        plain.write(&topic, partition, "before").await;
    }
    let mut reader = Reader::ready(kafka, &[&topic]).await;

    for partition in 0..3 {
        plain.write(&topic, partition, &format!("after {partition}")).await;
    }

    let mut found = Vec::new();
    for _ in 0..3 {
        let record = reader.next().await;
        assert_eq!(record.topic().as_ref(), topic);
        assert_eq!(record.key.as_deref(), Some(b"key".as_slice()));
        assert!(record.timestamp_ms > 1_600_000_000_000);
        found.push((body(&record).to_owned(), place(&record)));
    }
    found.sort();
    let expected = [("after 0", (0, 1)), ("after 1", (1, 1)), ("after 2", (2, 1))];
    assert_eq!(found, expected.map(|(body, place)| (body.to_owned(), place)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_keeps_its_headers_its_missing_body_and_its_position() {
    let (kafka, topic) = (shared(), unique("whole"));
    kafka.create_topic(&topic, 1).await;
    let mut reader = Reader::ready(kafka, &[&topic]).await;
    let plain = Plain::new(kafka.brokers());
    let headers = OwnedHeaders::new()
        .insert(Header { key: "a", value: Some("1") })
        .insert(Header::<&str> { key: "empty", value: None })
        .insert(Header { key: "a", value: Some("2") });
    plain.write_with(&topic, 0, "body", headers).await;
    plain.write_tombstone(&topic, 0).await;

    let (first, second) = (reader.next().await, reader.next().await);

    let headers: Vec<_> = first.headers.iter().map(|(name, value)| (name.as_str(), value.as_ref())).collect();
    assert_eq!(headers, [("a", b"1".as_slice()), ("empty", b""), ("a", b"2")]);
    assert_eq!((second.body, second.headers.len()), (None, 0));
    let partition = &first.position.partition;
    assert!(!partition.cluster.is_empty());
    assert!(!partition.topic_id.is_nil());
    assert!(first.position.epoch >= 0, "{}", first.position.epoch);
    assert_eq!((first.position.number, second.position.number), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn new_partitions_are_read_from_their_beginning() {
    let (kafka, topic) = (shared(), unique("grows"));
    if !kafka.is_real() {
        return;
    }
    kafka.create_topic(&topic, 1).await;
    let mut reader = Reader::ready(kafka, &[&topic]).await;
    let more = NewPartitions::new(&topic, 3);
    admin(kafka.brokers()).create_partitions(&[more], &AdminOptions::new()).await.unwrap();
    let plain = Plain::new(kafka.brokers());

    plain.write(&topic, 2, "in the new one").await;

    let record = reader.next_within(FOUND_WITHIN).await;
    assert_eq!((body(&record), place(&record)), ("in the new one", (2, 0)));
    plain.write(&topic, 0, "in the old one").await;
    assert_eq!(body(&reader.next().await), "in the old one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_made_later_is_read_from_its_beginning() {
    let (kafka, topic, other) = (shared(), unique("later"), unique("there"));
    kafka.create_topic(&other, 1).await;
    let mut reader = Reader::ready(kafka, &[&topic, &other]).await;
    kafka.create_topic(&topic, 2).await;

    Plain::new(kafka.brokers()).write(&topic, 1, "first").await;

    let record = reader.next_within(FOUND_WITHIN).await;
    assert_eq!((body(&record), place(&record)), ("first", (1, 0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_made_again_is_read_from_its_beginning_as_another_one() {
    let (kafka, topic) = (shared(), unique("again"));
    if !kafka.is_real() {
        return;
    }
    kafka.create_topic(&topic, 1).await;
    let mut reader = Reader::ready(kafka, &[&topic]).await;
    let plain = Plain::new(kafka.brokers());
    plain.write(&topic, 0, "old").await;
    let old = reader.next().await;

    admin(kafka.brokers()).delete_topics(&[&topic], &AdminOptions::new()).await.unwrap();
    kafka.create_topic(&topic, 1).await;
    let plain = Plain::new(kafka.brokers());
    for number in 0..5 {
        plain.write(&topic, 0, &format!("new {number}")).await;
    }

    let mut found = Vec::new();
    while found.last().is_none_or(|last| last != "new 4") {
        let record = reader.next_within(FOUND_WITHIN).await;
        if record.position.partition.topic_id != old.position.partition.topic_id {
            found.push(body(&record).to_owned());
        }
    }
    assert_eq!(found, ["new 0", "new 1", "new 2", "new 3", "new 4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_broker_is_told_about_and_reading_goes_on_when_it_is_back() {
    let kafka = OwnKafka::start("lost").await;
    let topic = unique("lost");
    kafka.create_topic(&topic, 2).await;
    let mut reader = Reader::ready(&kafka, &[&topic]).await;
    let plain = Plain::new(kafka.brokers());
    plain.write(&topic, 0, "before").await;
    assert_eq!(body(&reader.next().await), "before");

    kafka.stop().await;
    let health = reader.health.clone();
    until(PATIENCE, "unready", move || !health.is_ready()).await;
    assert!(reader.detail().contains(kafka.brokers()), "{}", reader.detail());
    // What is written while the reader is cut off waits in the producer and goes out when the broker is back.
    let meanwhile = tokio::spawn({
        let topic = topic.clone();
        async move {
            for number in 0..10 {
                plain.write(&topic, number % 2, &format!("meanwhile {number}")).await;
            }
        }
    });
    kafka.start_again().await;

    within(back_within(&kafka), "readiness", until_ready(&reader.health)).await;
    within(PATIENCE, "the records to be written", meanwhile).await.unwrap();
    let mut found = Vec::new();
    for _ in 0..10 {
        let record = reader.next_within(back_within(&kafka)).await;
        found.push((place(&record), body(&record).to_owned()));
    }
    found.sort();
    let places: Vec<_> = found.iter().map(|(place, _)| *place).collect();
    let expected: Vec<_> = (1..=5).map(|n| (0, n)).chain((0..5).map(|n| (1, n))).collect();
    assert_eq!(places, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_that_are_absent_at_start_are_waited_for() {
    let kafka = OwnKafka::start("absent").await;
    let topic = unique("absent");
    kafka.create_topic(&topic, 1).await;
    let plain = Plain::new(kafka.brokers());
    plain.write(&topic, 0, "before").await;
    kafka.stop().await;

    let mut reader = Reader::start(&kafka.config(), &[&topic]);
    let health = reader.health.clone();
    let told = move || health.parts()["kafka"].detail.starts_with("Kafka at ");
    until(PATIENCE, "the reason", told).await;
    assert!(!reader.health.is_ready());
    kafka.start_again().await;

    within(back_within(&kafka), "readiness", until_ready(&reader.health)).await;
    plain.write(&topic, 0, "after").await;
    assert_eq!(body(&reader.next().await), "after");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_retention_has_overtaken_goes_on_with_what_is_left() {
    let (kafka, topic) = (shared(), unique("overtaken"));
    if !kafka.is_real() {
        return;
    }
    kafka.create_topic(&topic, 1).await;
    let mut reader = Reader::ready(kafka, &[&topic]).await;
    let plain = Plain::new(kafka.brokers());
    // More than the channel and librdkafka's own queue hold, while nobody takes anything.
    const COUNT: i64 = 60_000;
    plain.write_all(&topic, (0..COUNT).map(|number| (0, format!("{number:0>300}")))).await;
    let mut gone = TopicPartitionList::new();
    gone.add_partition_offset(&topic, 0, Offset::Offset(COUNT - 10)).unwrap();
    admin(kafka.brokers()).delete_records(&gone, &AdminOptions::new()).await.unwrap();

    let mut numbers: Vec<i64> = Vec::new();
    while numbers.last() != Some(&(COUNT - 1)) {
        numbers.push(body(&reader.next().await).trim_start_matches('0').parse().unwrap_or(0));
    }
    assert!(numbers.len() < usize::try_from(COUNT).unwrap(), "the test wants a reader that was overtaken");
    assert!(numbers.is_sorted_by(|a, b| a < b));
    assert_eq!(numbers[numbers.len() - 10..], (COUNT - 10..COUNT).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_topics_the_reader_is_ready_and_ends_when_told_to() {
    let health = Health::default();
    let shutdown = CancellationToken::new();
    let config = shared().config();
    let mut tail = kafka::tail::start(&config, Vec::new(), health.required("kafka"), shutdown.clone()).unwrap();
    until_ready(&health).await;
    shutdown.cancel();
    assert!(within(PATIENCE, "the end", tail.next()).await.is_none());
    until(PATIENCE, "the reader to say that it has stopped", || !health.is_ready()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_librdkafka_does_not_have_is_named() {
    let mut config = shared().config();
    config.settings.insert("no.such.setting".to_owned(), "1".to_owned());
    let part = Health::default().required("kafka");
    let err = kafka::tail::start(&config, Vec::new(), part, CancellationToken::new()).unwrap_err();
    assert!(err.to_string().contains("no.such.setting"), "{err}");
}
