//! A long stretch of the story, held against the catalogue and against itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use uuid::Uuid;

use super::{GeneratedEvent, Story, StoryUser};
use crate::catalogue::Catalogue;
use crate::config::Config;
use crate::decode::Decoder;
use crate::event::Event;
use crate::record::{Partition, Position, Record};

const EVENTS: usize = 2_000;

fn users() -> Vec<StoryUser> {
    let user = |id: u128, name: &str, email: &str| StoryUser {
        id: Uuid::from_u128(id).to_string(),
        name: name.to_owned(),
        email: email.to_owned(),
    };
    vec![user(1, "Ana Ruiz", "ana@example.org"), user(2, "Ben Okafor", "ben@example.org")]
}

fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::new(1_755_072_930, 123_456_000)
}

/// Events of the story, each with the time since its beginning.
fn play(seed: u64, pace: f64) -> Vec<(Duration, GeneratedEvent)> {
    let mut story = Story::new(seed, &users()).with_pace(pace);
    let mut elapsed = Duration::ZERO;
    let mut next = || {
        let (wait, event) = story.next(start() + elapsed);
        elapsed += wait;
        (elapsed, event)
    };
    (0..EVENTS).map(|_| next()).collect()
}

fn decoded(event: &GeneratedEvent, decoder: &Decoder) -> Event {
    let partition = Arc::new(Partition::new("cluster", event.topic, Uuid::nil(), 0));
    let record = Record {
        position: Position { partition, epoch: 0, number: 0 },
        timestamp_ms: 0,
        key: Some(event.key.clone()),
        headers: Vec::new(),
        body: Some(event.body.clone()),
    };
    decoder.decode(&record).unwrap_or_else(|err| panic!("{err}: {:?}", event.body))
}

fn story(seed: u64) -> Vec<(Duration, Event)> {
    let config: Config = toml::from_str(crate::platform::preset("learning").unwrap()).unwrap();
    let decoder = Decoder::new(&config.topics, Arc::new(Catalogue::builtin())).unwrap();
    play(seed, 1.0).iter().map(|(at, event)| (*at, decoded(event, &decoder))).collect()
}

#[test]
fn every_event_is_as_its_type_must_be_and_all_types_appear() {
    let catalogue = Catalogue::builtin();
    let mut types = BTreeSet::new();
    for (at, event) in story(1) {
        assert_eq!(Some(&**event.topic()), catalogue.topic_of(&event.event_type));
        let key = event.document["userId"].as_str().unwrap_or(&event.event_type);
        assert_eq!(event.key.as_deref(), Some(key.as_bytes()));
        let happened = i128::try_from((start() + at).duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos());
        assert_eq!(event.time.unwrap().unix_nanos, happened.unwrap());
        types.insert(event.event_type);
    }
    assert_eq!(types.len(), 15, "{types:?}");
}

#[test]
fn bodies_are_as_the_platforms_publisher_writes_them() {
    let (at, event) = &play(1, 1.0)[0];
    let text = std::str::from_utf8(&event.body).unwrap();
    let start = format!("{{\"eventType\":\"{0}\",\"eventType\":\"{0}\",\"eventId\":\"", event.event_type);
    assert!(text.starts_with(&start), "{text}");
    let at = Duration::new(1_755_072_930, 123_456_000) + *at;
    assert!(text.contains(&format!(",\"timestamp\":{}.{:09},\"correlationId\":\"", at.as_secs(), at.subsec_nanos())));
    assert!(text.contains(",\"causationId\":null,\"userId\":\"00000000-0000-0000-0000-000000000001\",\"metadata\":{"));
}

#[test]
fn the_same_seed_tells_the_same_story() {
    assert_eq!(play(7, 1.0), play(7, 1.0));
    assert_ne!(play(7, 1.0)[0].1.body, play(8, 1.0)[0].1.body);
}

#[test]
fn pace_changes_the_waits_and_nothing_else() {
    let (slow, fast) = (play(3, 1.0), play(3, 4.0));
    let types = |events: &[(Duration, GeneratedEvent)]| events.iter().map(|(_, e)| e.event_type).collect::<Vec<_>>();
    assert_eq!(types(&slow), types(&fast));
    let ratio = slow[EVENTS - 1].0.as_secs_f64() / fast[EVENTS - 1].0.as_secs_f64();
    assert!((3.99..4.01).contains(&ratio), "{ratio}");
    // About an event every one to two seconds for two users.
    let gap = slow[EVENTS - 1].0.as_secs_f64() / EVENTS as f64;
    assert!((0.7..2.0).contains(&gap), "{gap}");
}

/// What is known of one session.
#[derive(Default)]
struct Told {
    user: Value,
    began: Duration,
    stages: Vec<i64>,
    running: Option<String>,
    cost: f64,
    ended: bool,
}

impl Told {
    fn on(&mut self, at: Duration, event: &Event) -> Option<Duration> {
        let document = &event.document;
        assert_eq!(document["userId"], self.user, "a session has one user");
        assert!(!self.ended, "nothing comes after the end");
        match &*event.event_type {
            "agent.started.v1" => {
                assert!(self.running.is_none());
                self.running = document["executionId"].as_str().map(str::to_owned);
            }
            "agent.completed.v1" => {
                assert_eq!(self.running.take().as_deref(), document["executionId"].as_str());
                self.stages.push(document["stageNumber"].as_i64().unwrap());
                self.cost += document["costUsd"].as_f64().unwrap_or(0.0);
            }
            "agent.failed.v1" => assert_eq!(self.running.take().as_deref(), document["executionId"].as_str()),
            "session.completed.v1" => {
                assert_eq!(self.stages, [1, 2, 3, 4, 5, 6, 7, 8]);
                let total = document["totalCostUsd"].as_f64().unwrap();
                assert!((total - self.cost).abs() < 1e-9, "{total} is not {}", self.cost);
                self.ended = true;
                return Some(at - self.began);
            }
            "session.failed.v1" => self.ended = true,
            _ => {}
        }
        None
    }
}

#[test]
fn sessions_are_whole_and_their_figures_agree() {
    let mut sessions: BTreeMap<String, Told> = BTreeMap::new();
    let (mut lengths, mut failed, mut at_once_max) = (Vec::new(), 0, 0);
    for (at, event) in story(5) {
        let Some(id) = event.document["sessionId"].as_str() else { continue };
        if &*event.event_type == "session.started.v1" {
            let told = Told { user: event.document["userId"].clone(), began: at, ..Told::default() };
            assert!(sessions.insert(id.to_owned(), told).is_none());
            continue;
        }
        lengths.extend(sessions.get_mut(id).unwrap().on(at, &event));
        failed += usize::from(&*event.event_type == "session.failed.v1");
        at_once_max = at_once_max.max(sessions.values().filter(|told| !told.ended).count());
    }
    assert_eq!(at_once_max, users().len(), "the users learn at the same time");
    assert!(failed > 0 && lengths.len() > 3 * failed, "{failed} of {} failed", lengths.len());
    assert!(lengths.iter().all(|length| (30..=75).contains(&length.as_secs())), "{lengths:?}");
    let mean = lengths.iter().sum::<Duration>().as_secs_f64() / lengths.len() as f64;
    assert!((40.0..=60.0).contains(&mean), "{mean}");
}

#[test]
fn the_first_session_of_each_user_is_finished() {
    for seed in 0..20 {
        let mut waiting: BTreeSet<_> = users().into_iter().map(|user| user.id).collect();
        for (_, event) in play(seed, 1.0) {
            let user = std::str::from_utf8(&event.key).unwrap();
            assert!(!(event.event_type == "session.failed.v1" && waiting.contains(user)), "seed {seed}: {user}");
            if event.event_type == "session.completed.v1" {
                waiting.remove(user);
            }
        }
        assert!(waiting.is_empty());
    }
}

#[test]
fn without_users_there_is_still_the_world() {
    let mut story = Story::new(1, &[]);
    for _ in 0..50 {
        let (_, event) = story.next(start());
        assert!(event.topic == "system-events" || event.event_type == "user.registered.v1");
    }
}
