//! Records and events of the learning platform, and the parts of a gateway that take them.

use std::sync::Arc;

use bytes::Bytes;
use sluice::catalogue::Catalogue;
use sluice::catalogue::learning::{AgentCompleted, LearningBody, LearningMetadata, Timestamp};
use sluice::config::{CatalogueMode, Config, TopicConfig, load_text};
use sluice::decode::Decoder;
use sluice::event::Event;
use sluice::record::{Partition, Position, Record};
use sluice::route::RouteTable;
use uuid::Uuid;

/// The user and session of every event here.
pub(crate) const USER: &str = "0b9b6d0e-3a44-4f0e-9a0e-5d6f8a7b1c02";
pub(crate) const SESSION: &str = "71c2a6de-58f6-4d6f-9f1e-0f6f0f1f2a10";

/// The channel that the learning preset routes [`agent_completed`] to.
pub(crate) fn channel() -> String {
    channel_of(USER)
}

/// The same session's channel of another user.
pub(crate) fn channel_of(user: &str) -> String {
    format!("/topic/user/{user}/session/{SESSION}")
}

/// An agent.completed record of about 600 octets, as the platform's publisher writes it.
pub(crate) fn agent_completed() -> Record {
    agent_completed_of(USER)
}

/// The same for another user.
pub(crate) fn agent_completed_of(user: &str) -> Record {
    let id = |last: u8| format!("3e0d6c1e-58f6-4d6f-9f1e-0f6f0f1f2a{last:02x}");
    let event = AgentCompleted {
        event_type: AgentCompleted::TYPE,
        event_id: id(1),
        timestamp: Timestamp::Epoch(1_755_072_930_123_456_789),
        correlation_id: id(2),
        causation_id: None,
        user_id: user.to_owned(),
        metadata: LearningMetadata {
            source: "agent-service".to_owned(),
            version: "1.0.0".to_owned(),
            environment: "production".to_owned(),
            region: "us-east-1".to_owned(),
            schema_version: "1.0".to_owned(),
        },
        session_id: SESSION.to_owned(),
        execution_id: id(3),
        agent_type: "RESEARCH".to_owned(),
        stage_number: 1,
        duration_minutes: 12,
        tokens_used: Some(48_213),
        cost_usd: Some(2.75),
    };
    record(AgentCompleted::TOPIC, event.wire_body().expect("a derived type is JSON"))
}

/// A record on a topic.
pub(crate) fn record(topic: &str, body: String) -> Record {
    let partition = Arc::new(Partition::new("bench", topic, Uuid::nil(), 3));
    Record {
        position: Position { partition, epoch: 0, number: 1_234_567 },
        timestamp_ms: 1_755_072_930_124,
        key: Some(Bytes::from_static(USER.as_bytes())),
        headers: Vec::new(),
        body: Some(body.into()),
    }
}

/// The learning platform's config.
pub(crate) fn learning() -> Config {
    load_text(sluice::platform::preset("learning").expect("a preset")).expect("the preset is a config")
}

/// A decoder of the learning platform's topics that checks as told.
pub(crate) fn decoder(mode: CatalogueMode) -> Decoder {
    let topics = learning().topics.into_iter();
    let topics = topics.map(|(name, topic)| (name, TopicConfig { catalogue: mode, ..topic })).collect();
    Decoder::new(&topics, Arc::new(Catalogue::builtin())).expect("the preset's topics are right")
}

/// The record's event.
pub(crate) fn event(record: &Record) -> Event {
    decoder(CatalogueMode::Off).decode(record).expect("a right record")
}

/// The learning platform's routes.
pub(crate) fn routes() -> RouteTable {
    RouteTable::new(&learning().route).expect("the preset's routes are right")
}
