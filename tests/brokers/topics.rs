//! Looking at topics and making them.

use std::net::TcpListener;
use std::time::Duration;

use sluice::config::{Cleanup, KafkaConfig};
use sluice::topics::{TopicSpec, TopicState, kafka};

use crate::support::{PATIENCE, Plain, shared, unique, within};

fn spec(name: &str, partitions: i32) -> TopicSpec {
    TopicSpec {
        name: name.to_owned(),
        partitions,
        retention: Duration::from_secs(14 * 24 * 3600),
        cleanup: Cleanup::Delete,
    }
}

#[tokio::test]
async fn missing_topics_are_made_as_the_config_says_and_others_left_alone() {
    let kafka = shared();
    if !kafka.is_real() {
        return;
    }
    let config = kafka.config();
    let mut specs = vec![spec(&unique("made"), 3), spec(&unique("compacted"), 2), spec(&unique("other"), 4)];
    specs[1].cleanup = Cleanup::Compact;
    kafka.create_topic(&specs[2].name, 1).await;

    let listed = within(PATIENCE, "the list", kafka::list(&config, &specs)).await.unwrap();
    let states: Vec<_> = listed.iter().map(|report| report.state.clone()).collect();
    assert_eq!(states[..2], [TopicState::Missing, TopicState::Missing]);
    let differs = TopicState::Differs {
        differences: vec![
            "partitions: 1 instead of 4".to_owned(),
            "retention.ms: 604800000 instead of 1209600000".to_owned(),
        ],
    };
    assert_eq!(states[2], differs);

    let applied = within(PATIENCE, "making them", kafka::apply(&config, &specs)).await.unwrap();
    let made: Vec<_> = applied.iter().map(|report| (report.partitions, report.state.clone())).collect();
    assert_eq!(made, [(3, TopicState::Created), (2, TopicState::Created), (1, differs.clone())]);

    Plain::new(kafka.brokers()).write(&specs[0].name, 2, "one").await;
    let again = within(PATIENCE, "the list", kafka::apply(&config, &specs)).await.unwrap();
    let seen: Vec<_> = again.iter().map(|report| (report.records, report.state.clone())).collect();
    assert_eq!(seen, [(1, TopicState::Present), (0, TopicState::Present), (0, differs)]);
}

#[tokio::test]
async fn a_topic_that_cannot_be_made_is_reported_and_the_others_are_made() {
    let kafka = shared();
    if !kafka.is_real() {
        return;
    }
    let specs = [spec("not a name", 1), spec(&unique("good"), 1)];
    let reports = within(PATIENCE, "making them", kafka::apply(&kafka.config(), &specs)).await.unwrap();
    assert!(matches!(reports[0].state, TopicState::Failed { .. }), "{:?}", reports[0]);
    assert_eq!(reports[1].state, TopicState::Created);
}

#[tokio::test]
async fn brokers_that_do_not_answer_are_named() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let config = KafkaConfig { brokers: vec![address.clone()], ..KafkaConfig::default() };
    let err = within(PATIENCE, "an answer", kafka::list(&config, &[spec("any", 1)])).await.unwrap_err();
    assert!(err.contains(&address) && err.contains("refused"), "{err}");
}
