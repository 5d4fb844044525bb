//! Scenes are lists of steps; here is how they are written, and the scenes that belong to no learner.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

use super::GeneratedEvent;
use super::words;
use crate::catalogue::learning::{
    LearningMetadata, SystemAlertTriggered, SystemMaintenanceStarted, Timestamp, UserRegistered,
};

/// One event to come.
pub(super) struct Step {
    /// How long after the step before it, at pace 1.
    pub(super) wait: Duration,
    topic: &'static str,
    event_type: &'static str,
    key: Bytes,
    write: Box<dyn FnOnce(Timestamp) -> String + Send>,
}

impl Step {
    /// The event, at its time.
    pub(super) fn happen(self, timestamp: Timestamp) -> GeneratedEvent {
        let body = Bytes::from((self.write)(timestamp));
        GeneratedEvent { topic: self.topic, event_type: self.event_type, key: self.key, body }
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step").field("wait", &self.wait).field("event_type", &self.event_type).finish_non_exhaustive()
    }
}

/// A scene in the making: its events belong together, and each leads to the next.
pub(super) struct Scene<'r> {
    pub(super) random: &'r mut StdRng,
    pub(super) user: Option<String>,
    pub(super) source: &'static str,
    correlation: String,
    cause: Option<String>,
    steps: VecDeque<Step>,
}

/// What every event of a scene has.
pub(super) struct Head {
    pub(super) event_id: String,
    pub(super) correlation_id: String,
    pub(super) causation_id: Option<String>,
    pub(super) user: Option<String>,
    pub(super) metadata: LearningMetadata,
}

/// The `userId` of an event.
pub(super) trait UserId {
    fn of(user: Option<String>) -> Self;
}

impl UserId for String {
    fn of(user: Option<String>) -> Self {
        user.unwrap_or_default()
    }
}

impl UserId for Option<String> {
    fn of(user: Option<String>) -> Self {
        user
    }
}

/// Adds an event to a scene: `add!(scene, wait, Type { its own members })`.
macro_rules! add {
    ($scene:expr, $wait:expr, $type:ident { $($field:ident: $value:expr),* $(,)? }) => {{
        use $crate::catalogue::learning::LearningBody as _;
        use $crate::platform::learning::scene::UserId as _;
        let head = $scene.head();
        let mut event = $type {
            event_type: $type::TYPE,
            event_id: head.event_id,
            timestamp: $crate::catalogue::learning::Timestamp::Epoch(0),
            correlation_id: head.correlation_id,
            causation_id: head.causation_id,
            user_id: <_>::of(head.user),
            metadata: head.metadata,
            $($field: $value,)*
        };
        let write = move |timestamp| {
            event.timestamp = timestamp;
            event.wire_body().expect("texts and numbers can always be written")
        };
        $scene.push($wait, ($type::TOPIC, $type::TYPE), write);
    }};
}
pub(super) use add;

impl<'r> Scene<'r> {
    pub(super) fn new(random: &'r mut StdRng, user: Option<&str>, source: &'static str) -> Self {
        let correlation = uuid(random);
        Self { random, user: user.map(str::to_owned), source, correlation, cause: None, steps: VecDeque::new() }
    }

    pub(super) fn steps(self) -> VecDeque<Step> {
        self.steps
    }

    /// The head of the next event, which becomes the cause of the one after it.
    pub(super) fn head(&mut self) -> Head {
        let event_id = uuid(self.random);
        Head {
            causation_id: self.cause.replace(event_id.clone()),
            event_id,
            correlation_id: self.correlation.clone(),
            user: self.user.clone(),
            metadata: LearningMetadata {
                source: self.source.to_owned(),
                version: "1.0.0".to_owned(),
                environment: "development".to_owned(),
                region: "us-east-1".to_owned(),
                schema_version: "1.0".to_owned(),
            },
        }
    }

    pub(super) fn push(
        &mut self,
        wait: Duration,
        (topic, event_type): (&'static str, &'static str),
        write: impl FnOnce(Timestamp) -> String + Send + 'static,
    ) {
        let key = self.user.clone().map_or(Bytes::from_static(event_type.as_bytes()), Bytes::from);
        self.steps.push_back(Step { wait, topic, event_type, key, write: Box::new(write) });
    }

    /// A wait between two numbers of seconds.
    pub(super) fn seconds(&mut self, from: f64, to: f64) -> Duration {
        Duration::from_secs_f64(self.random.random_range(from..to))
    }

    pub(super) fn id(&mut self) -> String {
        uuid(self.random)
    }

    pub(super) fn one_of<T>(&mut self, list: &'static [T]) -> &'static T {
        list.choose(self.random).expect("the lists in `words` are not empty")
    }
}

fn uuid(random: &mut StdRng) -> String {
    uuid::Builder::from_random_bytes(random.random()).into_uuid().to_string()
}

/// Something that happens to the platform, or somebody new.
pub(super) fn world(random: &mut StdRng) -> VecDeque<Step> {
    match random.random_range(0..10) {
        0..6 => alert(random),
        6..8 => maintenance(random),
        _ => newcomer(random),
    }
}

fn alert(random: &mut StdRng) -> VecDeque<Step> {
    let mut scene = Scene::new(random, None, "operations");
    let wait = scene.seconds(15.0, 40.0);
    let alert = scene.one_of(&words::ALERTS);
    add!(
        scene,
        wait,
        SystemAlertTriggered {
            alert_type: alert.kind.to_owned(),
            severity: alert.severity.to_owned(),
            message: alert.message.to_owned(),
            affected_services: words::owned(alert.services),
        }
    );
    scene.steps()
}

fn maintenance(random: &mut StdRng) -> VecDeque<Step> {
    let mut scene = Scene::new(random, None, "operations");
    let wait = scene.seconds(15.0, 40.0);
    let work = scene.one_of(&words::MAINTENANCE);
    add!(
        scene,
        wait,
        SystemMaintenanceStarted {
            maintenance_type: work.kind.to_owned(),
            estimated_duration_minutes: work.minutes,
            affected_services: words::owned(work.services),
        }
    );
    scene.steps()
}

fn newcomer(random: &mut StdRng) -> VecDeque<Step> {
    let mut scene = Scene::new(random, None, "user-service");
    scene.user = Some(scene.id());
    let wait = scene.seconds(15.0, 40.0);
    let (first, last) = (scene.one_of(&words::FIRST_NAMES), scene.one_of(&words::LAST_NAMES));
    add!(
        scene,
        wait,
        UserRegistered {
            email: format!("{}.{}@example.org", first.to_lowercase(), last.to_lowercase()),
            first_name: (*first).to_owned(),
            last_name: (*last).to_owned(),
            role: words::FREE_USER.to_owned(),
        }
    );
    scene.steps()
}
