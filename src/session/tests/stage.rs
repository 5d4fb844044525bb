//! A session with a hub and an outbox, and a driver that does at once what it asks for.

use std::collections::HashMap;

use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::client_message::ClientMessage;
use crate::event::{Event, Priority};
use crate::hub::{Delivery, Hub, Outbox, Room, Subscription};
use crate::publish::{Outgoing, PublishError, Written};
use crate::record::{Partition, Position, Record};

/// What a test of this module opens to everybody, unless it says otherwise.
const RULES: &str = r#"
[topics.rooms]
[[access]]
subscribe = "/topic/**"
send = "/topic/room/**"
topic = "rooms"
"#;

/// A session and all that it needs.
pub(super) struct Stage {
    pub(super) session: Session,
    hub: Hub,
    outbox: Arc<Outbox>,
    subscriptions: HashMap<String, (Pattern, Arc<Subscription>)>,
    /// The records of each publish that is not answered.
    pub(super) publishing: Vec<Vec<Outgoing>>,
    pub(super) closed: Option<DisconnectReason>,
    now: Moment,
    numbers: u128,
}

impl Stage {
    /// Ana's session in STOMP 1.2.
    pub(super) fn open() -> Self {
        Self::with("1.2", "")
    }

    /// The same in another version and with more of a config.
    pub(super) fn with(version: &str, more: &str) -> Self {
        Self::of(version, &format!("{RULES}{more}"), serde_json::json!({ "sub": "ana" }))
    }

    /// A session of that config's rules and limits, of whoever has those claims.
    pub(super) fn of(version: &str, config: &str, claims: Value) -> Self {
        let config = crate::config::load_text(config).unwrap_or_else(|error| panic!("{error}"));
        let topics = config.read_topics().map(|(name, _)| name.to_owned());
        let settings = Settings {
            access: AccessRules::new(&config.access, topics).unwrap(),
            limits: config.limits,
            leeway: Duration::ZERO,
            server: "sluice/test".to_owned(),
        };
        let now = Moment { at: Instant::now(), wall: SystemTime::UNIX_EPOCH + Duration::from_secs(START_UNIX) };
        let mut stage = Self {
            session: Session::new(Arc::new(settings), Version::ALL.to_vec(), now),
            hub: Hub::new(),
            outbox: Arc::new(Outbox::new(1024 * 1024)),
            subscriptions: HashMap::new(),
            publishing: Vec::new(),
            closed: None,
            now,
            numbers: 0,
        };
        stage.session.on_octets(format!("CONNECT\naccept-version:{version}\n\n\0").as_bytes(), now);
        stage.session.on_authenticated(Ok(claimed(claims)), now);
        assert!(stage.session.is_open());
        stage
    }

    /// What the client is sent in answer.
    pub(super) fn say(&mut self, octets: &str) -> Vec<String> {
        let actions = self.session.on_octets(octets.as_bytes(), self.now);
        self.perform(actions)
    }

    /// A new token with those claims.
    pub(super) fn renew(&mut self, claims: Value) -> Vec<String> {
        self.say("SEND\ndestination:/sluice/token\n\nt\0");
        let actions = self.session.on_renewed(Ok(claimed(claims)), self.now);
        self.perform(actions)
    }

    pub(super) fn wait(&mut self, duration: Duration) -> Vec<String> {
        self.now = Moment { at: self.now.at + duration, wall: self.now.wall + duration };
        let actions = self.session.on_tick(self.now);
        self.perform(actions)
    }

    /// The broker answers the oldest publish: all records are written, or none.
    pub(super) fn answer(&mut self, error: Option<PublishError>) -> Vec<String> {
        let records = self.publishing.remove(0);
        let written = |topic: &Arc<str>| Written { topic: Arc::clone(topic), partition: 0, offset: 0 };
        let outcome = |record: &Outgoing| error.clone().map_or_else(|| Ok(written(&record.topic)), Err);
        let actions = self.session.on_published(records.iter().map(outcome).collect());
        self.perform(actions)
    }

    /// An event with that document reaches the channel; gives what the client is sent.
    pub(super) fn event(&mut self, channel: &str, document: Value) -> Vec<String> {
        let record = self.record("events", document.to_string().into());
        let event = Event::new(&record, "test.event".into(), document);
        let delivery =
            Delivery { channel, body: &event.body, content_type: "application/json", priority: Priority::Normal };
        self.hub.publish(&event, &[delivery]);
        self.perform(Vec::new())
    }

    /// What a client sent comes back from the broker.
    pub(super) fn relay(&mut self, outgoing: Outgoing) -> Vec<String> {
        let record = Record { headers: outgoing.headers, ..self.record("rooms", outgoing.body) };
        self.hub.publish_client(&ClientMessage::from_record(&record).unwrap());
        self.perform(Vec::new())
    }

    fn record(&mut self, topic: &str, body: Bytes) -> Record {
        self.numbers += 1;
        let partition = Arc::new(Partition::new("cluster", topic, Uuid::nil(), 0));
        Record {
            position: Position { partition, epoch: 0, number: self.numbers },
            timestamp_ms: 0,
            key: None,
            headers: Vec::new(),
            body: Some(body),
        }
    }

    fn perform(&mut self, actions: Vec<Action>) -> Vec<String> {
        let mut sent = Vec::new();
        for action in actions {
            self.perform_one(action, &mut sent);
        }
        let mut bytes = usize::MAX;
        for action in self.session.on_writable(&mut bytes) {
            self.perform_one(action, &mut sent);
        }
        let mut batch = Vec::new();
        self.outbox.take(&mut batch, Room { bytes, windowed_bytes: self.session.acknowledged_room() });
        for entry in batch {
            sent.extend(self.session.message(&entry).map(|frame| text(&[Action::Send(frame)]).remove(0)));
        }
        sent
    }

    fn perform_one(&mut self, action: Action, sent: &mut Vec<String>) {
        assert_eq!(self.closed, None, "nothing follows a close: {action:?}");
        match action {
            Action::Send(_) => sent.extend(text(&[action])),
            Action::Subscribe { id, pattern, terms } => {
                let subscription = self.hub.subscribe_on(&pattern, &id, &self.outbox, terms);
                self.subscriptions.insert(id, (pattern, subscription));
            }
            Action::Unsubscribe { id } => {
                let (pattern, subscription) = self.subscriptions.remove(&id).unwrap();
                self.hub.unsubscribe(&pattern, &subscription);
                self.outbox.forget(&subscription);
            }
            Action::Refilter { id, filter } => {
                let (pattern, subscription) = &self.subscriptions[&id];
                self.hub.refilter(pattern, subscription, filter);
            }
            Action::Grant { id, count } => self.subscriptions[&id].1.grant(count),
            Action::Publish(records) => self.publishing.push(records),
            Action::Close(reason) => self.closed = Some(reason),
            Action::Authenticate { .. } | Action::Renew { .. } => {}
        }
    }

    /// What the client says is answered by an ERROR that says so, and the end.
    #[track_caller]
    pub(super) fn fails(&mut self, octets: &str, reason: DisconnectReason, says: &str) {
        let answer = self.say(octets);
        let error = answer.last().map(String::as_str).unwrap_or_default();
        assert!(error.starts_with("ERROR\nmessage:") && error.contains(says), "{octets:?}: {answer:#?}");
        assert_eq!(self.closed, Some(reason), "{octets:?}");
    }
}

fn claimed(claims: Value) -> Principal {
    let claims = claims.as_object().unwrap().clone();
    Principal { user: "ana".to_owned(), claims: Arc::new(claims), expires_at: START_UNIX as i64 + 3_600 }
}

/// The header's value in a frame.
pub(super) fn header<'a>(frame: &'a str, name: &str) -> Option<&'a str> {
    let head = frame.split("\n\n").next().unwrap_or_default();
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

/// The last number of each MESSAGE's id, with a mark on those that were sent before.
pub(super) fn numbers(frames: &[String]) -> Vec<String> {
    let describe = |frame: &String| {
        let mark = if header(frame, "redelivered") == Some("true") { "again " } else { "" };
        format!("{mark}{}", header(frame, "message-id")?.rsplit('-').next()?).into()
    };
    frames.iter().filter_map(describe).collect()
}
