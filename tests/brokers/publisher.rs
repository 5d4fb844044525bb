//! Writing to Kafka.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rdkafka::Message;
use sluice::config::KafkaConfig;
use sluice::publish::kafka::KafkaPublisher;
use sluice::publish::{Outgoing, PublishError, Publisher, Written};

use crate::support::{OwnKafka, PATIENCE, header, read_all, shared, unique, within};

const TIMEOUT: Duration = Duration::from_secs(10);

fn outgoing(topic: &str, key: Option<&str>, body: impl Into<Bytes>) -> Outgoing {
    let key = key.map(|key| Bytes::copy_from_slice(key.as_bytes()));
    Outgoing { topic: topic.into(), key, headers: vec![("a".to_owned(), Bytes::from("1"))], body: body.into() }
}

async fn publish(publisher: &KafkaPublisher, records: Vec<Outgoing>) -> Vec<Result<Written, PublishError>> {
    within(PATIENCE, "the answers", publisher.publish(records)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_is_answered_with_where_it_stands() {
    let (kafka, topic) = (shared(), unique("written"));
    kafka.create_topic(&topic, 4).await;
    let publisher = KafkaPublisher::new(&kafka.config(), TIMEOUT).unwrap();

    let records = (0..50).map(|number| outgoing(&topic, Some(&format!("key {}", number % 5)), number.to_string()));
    let answers = publish(&publisher, records.collect()).await;

    let written = read_all(kafka.brokers(), &topic);
    assert_eq!((answers.len(), written.len()), (50, 50));
    for (number, answer) in answers.iter().enumerate() {
        let answer = answer.as_ref().unwrap();
        assert_eq!(answer.topic.as_ref(), topic);
        let place = |record: &rdkafka::message::OwnedMessage| (record.partition(), record.offset());
        let here = (answer.partition, i64::try_from(answer.offset).unwrap());
        let record = written.iter().find(|record| place(record) == here).expect("a record there");
        assert_eq!(record.payload().unwrap(), number.to_string().as_bytes());
        assert_eq!(header(record, "a").unwrap(), "1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_one_key_stay_in_the_order_given() {
    let (kafka, topic) = (shared(), unique("ordered"));
    kafka.create_topic(&topic, 3).await;
    let publisher = KafkaPublisher::new(&kafka.config(), TIMEOUT).unwrap();
    let records = (0..500).map(|number| outgoing(&topic, Some("one"), number.to_string())).collect();

    let offsets: Vec<_> = publish(&publisher, records).await.into_iter().map(|answer| answer.unwrap().offset).collect();

    assert_eq!(offsets, (0..500).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_lands_where_java_producers_put_it() {
    let (kafka, topic) = (shared(), unique("keyed"));
    kafka.create_topic(&topic, 8).await;
    let publisher = KafkaPublisher::new(&kafka.config(), TIMEOUT).unwrap();
    // The hashes stand in Kafka's own tests of its murmur2.
    let hashes = [("21", -973_932_308_i32), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536)];

    let records = hashes.iter().map(|(key, _)| outgoing(&topic, Some(key), "body")).collect();
    let partitions: Vec<_> =
        publish(&publisher, records).await.into_iter().map(|answer| answer.unwrap().partition).collect();

    assert_eq!(partitions, hashes.map(|(_, hash)| (hash & i32::MAX) % 8));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_does_not_exist_is_named_and_harms_no_other_record() {
    let (kafka, topic, missing) = (shared(), unique("exists"), unique("missing"));
    if !kafka.is_real() {
        return; // The mock cluster makes every topic that it is asked for.
    }
    kafka.create_topic(&topic, 1).await;
    let publisher = KafkaPublisher::new(&kafka.config(), TIMEOUT).unwrap();

    let answers = publish(&publisher, vec![outgoing(&missing, None, "a"), outgoing(&topic, None, "b")]).await;

    assert!(matches!(&answers[0], Err(PublishError::UnknownTopic(name)) if *name == missing), "{:?}", answers[0]);
    assert_eq!(answers[1].as_ref().unwrap().offset, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_kafka_cannot_take_is_refused() {
    let (kafka, topic) = (shared(), unique("refused"));
    kafka.create_topic(&topic, 1).await;
    let publisher = KafkaPublisher::new(&kafka.config(), TIMEOUT).unwrap();
    let mut unnamed = outgoing(&topic, None, "body");
    unnamed.headers.push(("a\0b".to_owned(), Bytes::new()));

    let answers = publish(&publisher, vec![outgoing(&topic, None, vec![b'x'; 2 << 20]), unnamed]).await;

    for answer in answers {
        assert!(matches!(answer, Err(PublishError::Refused(_))), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_cannot_be_reached_is_told_within_the_timeout() {
    // A port that was free a moment ago, and that nobody listens on.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let config = KafkaConfig { brokers: vec![address], ..KafkaConfig::default() };
    let publisher = KafkaPublisher::new(&config, Duration::from_secs(2)).unwrap();

    let started = Instant::now();
    let answers = publish(&publisher, vec![outgoing("any", None, "body"), outgoing("any", None, "body")]).await;

    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    for answer in answers {
        let Err(PublishError::Unavailable(reason)) = answer else { panic!("{answer:?}") };
        assert!(reason.contains("refused"), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_back_takes_records_again() {
    let (kafka, topic) = (OwnKafka::start("publisher").await, unique("back"));
    kafka.create_topic(&topic, 1).await;
    let publisher = KafkaPublisher::new(&kafka.config(), Duration::from_secs(2)).unwrap();
    assert_eq!(publish(&publisher, vec![outgoing(&topic, None, "a")]).await[0].as_ref().unwrap().offset, 0);
    kafka.stop().await;
    let lost = publish(&publisher, vec![outgoing(&topic, None, "b")]).await.remove(0);
    assert!(matches!(lost, Err(PublishError::Unavailable(_))), "{lost:?}");
    kafka.start_again().await;

    let again = async {
        loop {
            if let Ok(written) = publish(&publisher, vec![outgoing(&topic, None, "c")]).await.remove(0) {
                return written;
            }
        }
    };

    let written = within(PATIENCE, "an answer", again).await;
    let records = read_all(kafka.brokers(), &topic);
    let record = &records[usize::try_from(written.offset).unwrap()];
    assert_eq!(record.payload(), Some(b"c".as_slice()));
}
