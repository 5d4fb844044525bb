//! Whole records in, events or reasons out.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{DecodeError, Decoder, REASONS};
use crate::catalogue::Catalogue;
use crate::config::{Config, TopicConfig};
use crate::event::Event;
use crate::record::{Partition, Position, Record};

fn record(topic: &str, body: impl Into<Bytes>) -> Record {
    let partition = Arc::new(Partition::new("cluster", topic, Uuid::nil(), 0));
    Record {
        position: Position { partition, epoch: 0, number: 7 },
        timestamp_ms: 1_755_072_930_456,
        key: Some(Bytes::from_static(b"user-1")),
        headers: vec![("event_type".to_owned(), Bytes::from_static(b"child.registered"))],
        body: Some(body.into()),
    }
}

fn decoder(topics: &str) -> Decoder {
    let config: Config = toml::from_str(topics).unwrap();
    Decoder::new(&config.topics, Arc::new(Catalogue::builtin())).unwrap()
}

/// Decodes a record of the topic `t`, whose section is given.
fn decode(section: &str, body: &str) -> Result<Event, DecodeError> {
    decoder(&format!("[topics.t]\n{section}")).decode(&record("t", body.to_owned()))
}

#[test]
fn the_envelope_is_read_and_the_bytes_stay_as_they_were() {
    let bytes = Bytes::from_static(
        br#"{"eventType":"a.b","eventType":"c.d","eventId":"1","timestamp":1755072930.123456000,
            "correlationId":"x","unheardOf":{"n":null}}"#,
    );
    let event = decoder("").decode(&record("any", bytes.clone())).unwrap();
    assert_eq!(&*event.event_type, "a.b");
    assert_eq!(event.id.as_deref(), Some("1"));
    assert_eq!(event.correlation_id.as_deref(), Some("x"));
    assert_eq!(event.time.unwrap().text, "2025-08-13T08:15:30.123456000Z");
    assert_eq!(event.body.as_ptr(), bytes.as_ptr(), "the body is shared, not copied");
    assert_eq!(event.document["unheardOf"], json!({ "n": null }));
    assert_eq!(event.position.number, 7);
}

#[test]
fn values_are_found_wherever_the_config_says() {
    let section = r#"
        decode.type = ["body:/type", "header:event_type"]
        decode.id = "body:/id/value"
        decode.time = "body:/meta/at"
        decode.correlation = "key"
    "#;
    let event = decode(section, r#"{"id":{"value":42},"meta":{"at":1755072930.120}}"#).unwrap();
    assert_eq!(&*event.event_type, "child.registered");
    assert_eq!(event.id.as_deref(), Some("42"));
    assert_eq!(event.correlation_id.as_deref(), Some("user-1"));
    assert_eq!(event.time.unwrap().text, "2025-08-13T08:15:30.120Z");
    assert_eq!(&*decode(section, r#"{"type":"first"}"#).unwrap().event_type, "first");
    assert_eq!(&*decode(r#"decode.type = "topic""#, "{}").unwrap().event_type, "t");
}

#[test]
fn other_spellings_of_a_type_are_brought_together() {
    let section = r#"decode.aliases = { "EventType.USER_CREATED" = "user.created" }"#;
    assert_eq!(&*decode(section, r#"{"eventType":"EventType.USER_CREATED"}"#).unwrap().event_type, "user.created");
    assert_eq!(&*decode(section, r#"{"eventType":"user.deleted"}"#).unwrap().event_type, "user.deleted");
}

#[test]
fn a_record_without_a_usable_type_is_told_where_it_was_looked_for() {
    for body in [r"{}", r#"{"eventType":null}"#, r#"{"eventType":""}"#, r#"{"eventType":5}"#, r#"{"eventType":["a"]}"#]
    {
        let error = decode(r#"decode.type = ["body:/eventType", "header:type"]"#, body).unwrap_err();
        assert_eq!(error.reason(), "missing-type", "{body}");
        assert!(error.to_string().ends_with("`body:/eventType`, `header:type`"), "{error}");
    }
}

#[test]
fn the_catalogue_is_as_strict_as_the_topic_says() {
    let unknown = r#"{"eventType":"order.created"}"#;
    let broken = r#"{"eventType":"user.updated.v1"}"#;
    for (mode, unknown_reason, broken_reason) in
        [("strict", Some("unknown-type"), Some("invalid")), ("known", None, Some("invalid")), ("off", None, None)]
    {
        let section = format!("catalogue = \"{mode}\"");
        let reason = |body| decode(&section, body).err().map(|err| err.reason());
        assert_eq!(reason(unknown), unknown_reason, "{mode}");
        assert_eq!(reason(broken), broken_reason, "{mode}");
    }
    let error = decode("", broken).unwrap_err();
    assert_eq!(error.faults().len(), 7, "{error}");
    assert!(error.to_string().contains("/changes is missing; it must be an object"), "{error}");
}

#[test]
fn a_time_that_cannot_be_read_is_no_fault() {
    for time in ["\"yesterday\"", "null", "true", "1e300", "{}"] {
        let event = decode("", &format!(r#"{{"eventType":"a","timestamp":{time}}}"#)).unwrap();
        assert_eq!(event.time, None, "{time}");
    }
}

#[test]
fn long_texts_do_not_travel_in_headers() {
    let long = "x".repeat(2000);
    let event = decode("", &format!(r#"{{"eventType":"a","eventId":"{long}","correlationId":"{long}"}}"#)).unwrap();
    assert_eq!((event.id, event.correlation_id), (None, None));
    let error = decode("", &format!(r#"{{"eventType":"{long}"}}"#)).unwrap_err();
    assert_eq!(error.faults()[0].pointer, "/eventType");
    assert!(error.to_string().len() < 600, "{error}");
}

#[test]
fn a_tombstone_is_empty() {
    let tombstone = Record { body: None, ..record("t", "") };
    assert_eq!(decoder("").decode(&tombstone).unwrap_err(), DecodeError::Empty);
}

#[test]
fn every_wrong_place_is_a_problem_of_its_own() {
    let mut topic = TopicConfig::default();
    topic.decode.id = "eventId".to_owned();
    topic.decode.time = "body:timestamp".to_owned();
    topic.decode.event_type.0.clear();
    let topics = BTreeMap::from([("orders".to_owned(), topic)]);
    let problems = Decoder::new(&topics, Arc::new(Catalogue::builtin())).unwrap_err();
    let keys: Vec<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["topics.orders.decode.id", "topics.orders.decode.time", "topics.orders.decode.type"]);
    assert!(problems.iter().all(|problem| problem.message.contains('`')));
}

#[test]
fn reasons_have_a_name_of_their_own() {
    let mut names: Vec<_> = REASONS.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), REASONS.len());
    assert!(names.iter().all(|name| name.bytes().all(|octet| octet.is_ascii_lowercase() || b"-8".contains(&octet))));
}

proptest::proptest! {
    #[test]
    fn no_body_makes_it_panic(body in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = decoder("").decode(&record("t", body));
    }

    #[test]
    fn a_damaged_record_is_an_event_or_has_a_known_reason(at in 0_usize..600, octet in 0_u8..=255, cut in 0_usize..600) {
        let decoder = decoder(crate::platform::preset("learning").unwrap());
        let mut body = include_bytes!("../../tests/data/learning/records/agent.completed.v1.json").to_vec();
        body[at] = octet;
        for body in [body.clone(), body[..cut].to_vec()] {
            if let Err(error) = decoder.decode(&record("agent-events", body)) {
                proptest::prop_assert!(REASONS.iter().any(|(name, _)| *name == error.reason()));
                proptest::prop_assert!(error.to_string().len() < 10_000);
            }
        }
    }
}

/// The files of `tests/data/learning`, each record's topic following from its file's name.
fn samples(directory: &str) -> Vec<(String, Vec<u8>)> {
    let directory = format!("{}/tests/data/learning/{directory}", env!("CARGO_MANIFEST_DIR"));
    let mut samples: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect();
    samples.sort();
    samples
}

#[test]
fn every_type_of_the_learning_platform_is_read_as_its_publisher_writes_it() {
    let catalogue = Catalogue::builtin();
    let decoder = decoder(crate::platform::preset("learning").unwrap());
    let samples = samples("records");
    let names: Vec<_> = samples.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, catalogue.types().map(|event_type| &*event_type.name).collect::<Vec<_>>());
    for (name, bytes) in &samples {
        let text = std::str::from_utf8(bytes).unwrap();
        assert_eq!(text.matches("\"eventType\":").count(), 2, "{name}");
        let event = decoder.decode(&record(catalogue.topic_of(name).unwrap(), bytes.clone())).unwrap();
        assert_eq!(&*event.event_type, name);
        assert_eq!(event.body, bytes);
        assert_eq!(event.id.as_deref(), event.document["eventId"].as_str());
        // The nine decimals are the ones in the bytes.
        let (_, decimals) = text.split_once("\"timestamp\":").unwrap().1.split_once('.').unwrap();
        assert_eq!(event.time.unwrap().text.split_once('.').unwrap().1, format!("{}Z", &decimals[..9]), "{name}");
    }
}

#[test]
fn the_second_publishers_spelling_is_read_too() {
    let decoder = decoder(crate::platform::preset("learning").unwrap());
    let samples = samples("variants");
    assert!(samples.len() >= 3);
    for (name, bytes) in samples {
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        let category = document["eventType"].as_str().unwrap().split('.').next().unwrap();
        let event = decoder.decode(&record(&format!("{category}-events"), bytes));
        let event = event.unwrap_or_else(|err| panic!("{name}: {err}"));
        assert!(event.time.is_some(), "{name}");
    }
}

/// One line of `bad.jsonl`: a body as text or as hexadecimal octets, and why it is refused.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Bad {
    topic: String,
    body: Option<String>,
    hex: Option<String>,
    reason: String,
    #[serde(default)]
    pointers: Vec<String>,
}

#[test]
fn bad_records_are_refused_for_the_right_reason() {
    let decoder = decoder(crate::platform::preset("learning").unwrap());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/learning/bad.jsonl");
    let mut reasons = std::collections::BTreeSet::new();
    for (index, line) in std::fs::read_to_string(path).unwrap().lines().enumerate() {
        let bad: Bad = serde_json::from_str(line).unwrap();
        let body: Option<Vec<u8>> = bad.body.map(String::into_bytes).or_else(|| {
            let octets = bad.hex?;
            Some((0..octets.len()).step_by(2).map(|at| u8::from_str_radix(&octets[at..at + 2], 16).unwrap()).collect())
        });
        let record = Record { body: body.map(Bytes::from), ..record(&bad.topic, "") };
        let error = decoder.decode(&record).unwrap_err();
        assert_eq!(error.reason(), bad.reason, "line {}: {error}", index + 1);
        let mut pointers: Vec<_> = error.faults().iter().map(|fault| fault.pointer.clone()).collect();
        pointers.sort();
        assert_eq!(pointers, bad.pointers, "line {}: {error}", index + 1);
        reasons.insert(bad.reason);
    }
    assert_eq!(reasons.len(), REASONS.len(), "every reason has an example");
}
