//! The learning platform's fifteen event types, as they are on its topics.
//!
//! Every event is one flat object in camelCase whose members are all written out, with null where a value is absent.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// Where an event comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export_to = "learning.ts"))]
#[serde(rename_all = "camelCase")]
pub struct LearningMetadata {
    /// The service that published it; `unknown` where it did not say.
    pub source: String,
    /// That service's version.
    pub version: String,
    /// As `production` or `development`.
    pub environment: String,
    /// The data centre's region.
    pub region: String,
    /// The version of the event's own shape.
    pub schema_version: String,
}

/// When an event happened, in either of the platform's two spellings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timestamp {
    /// Nanoseconds since 1970; on the wire a JSON number of seconds with nine decimals.
    Epoch(i128),
    /// ISO 8601 text.
    Text(String),
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const NANOS: u128 = 1_000_000_000;
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Epoch(nanos) => {
                // As raw text: a double holds no nine decimals of a second of this century.
                let mut number = String::from(if *nanos < 0 { "-" } else { "" });
                let nanos = nanos.unsigned_abs();
                write!(number, "{}.{:09}", nanos / NANOS, nanos % NANOS).map_err(serde::ser::Error::custom)?;
                RawValue::from_string(number).map_err(serde::ser::Error::custom)?.serialize(serializer)
            }
        }
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": ["number", "string"] })
    }
}

/// Declares the events: each has the envelope's members, then its own. The type's name stands twice because ts-rs wants
/// a literal type with its quotes.
macro_rules! events {
    ($($(#[$doc:meta])* $name:ident($type:tt, $literal:tt, $topic:tt, $user:ty) {
        $($(#[$field_doc:meta])* $field:ident: $field_type:ty,)*
    })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
            #[cfg_attr(test, derive(ts_rs::TS), ts(export_to = "learning.ts"))]
            #[serde(rename_all = "camelCase")]
            pub struct $name {
                /// What happened.
                #[schemars(extend("const" = $type))]
                #[cfg_attr(test, ts(type = $literal))]
                pub event_type: &'static str,
                /// The event's own id, a UUID.
                pub event_id: String,
                /// When it happened: epoch seconds with nine decimals, or ISO 8601 text from some publishers.
                #[cfg_attr(test, ts(type = "number | string"))]
                pub timestamp: Timestamp,
                /// What it belongs to, a UUID.
                pub correlation_id: String,
                /// The id of the event that led to it.
                pub causation_id: Option<String>,
                /// Whom it concerns, a UUID; null in system events, which concern everybody.
                pub user_id: $user,
                /// Where it comes from.
                pub metadata: LearningMetadata,
                $($(#[$field_doc])* pub $field: $field_type,)*
            }

            impl $name {
                /// The type's name on the wire.
                pub const TYPE: &'static str = $type;
                /// The topic that carries it.
                pub const TOPIC: &'static str = $topic;
            }

            impl LearningBody for $name {
                fn event_type(&self) -> &'static str {
                    Self::TYPE
                }
            }
        )*

        /// Name, topic and JSON Schema of each event, in the order in which they are declared.
        pub(super) fn schemas(generator: &mut SchemaGenerator) -> Vec<(&'static str, &'static str, Schema)> {
            vec![$(($type, $topic, generator.root_schema_for::<$name>())),*]
        }

        /// Writes every event's TypeScript, and gives the interfaces' names in order.
        #[cfg(test)]
        pub(super) fn export(config: &ts_rs::Config) -> Result<Vec<&'static str>, ts_rs::ExportError> {
            use ts_rs::TS;
            LearningMetadata::export(config)?;
            $($name::export(config)?;)*
            Ok(vec![$(stringify!($name)),*])
        }
    };
}

/// An event that can be written as the platform's own publisher writes it.
pub trait LearningBody: Serialize {
    /// The type's name on the wire.
    fn event_type(&self) -> &'static str;

    /// The record's body as the main publisher writes it: `eventType` stands twice, because the serialiser there writes
    /// it once as the type id and once as a member.
    ///
    /// # Errors
    /// When a member cannot be written as JSON.
    fn wire_body(&self) -> serde_json::Result<String> {
        let body = serde_json::to_string(self)?;
        let members = body.strip_prefix('{').unwrap_or(&body);
        Ok(format!("{{\"eventType\":\"{}\",{members}", self.event_type()))
    }
}

events! {
    /// A learner signed up.
    UserRegistered("user.registered.v1", "\"user.registered.v1\"", "user-events", String) {
        /// The address that was registered.
        email: String,
        /// The learner's first name.
        first_name: String,
        /// The learner's last name.
        last_name: String,
        /// As `FREE_USER`, `PRO_USER`, `ENTERPRISE_USER`, `ADMIN` or `SUPER_ADMIN`; free text.
        role: String,
    }
    /// A learner's profile changed.
    UserUpdated("user.updated.v1", "\"user.updated.v1\"", "user-events", String) {
        /// The members that changed, each with its value from then on.
        #[cfg_attr(test, ts(type = "Record<string, unknown>"))]
        changes: BTreeMap<String, Value>,
    }
    /// A learner was given another role.
    UserRoleChanged("user.role-changed.v1", "\"user.role-changed.v1\"", "user-events", String) {
        /// The role until then.
        old_role: String,
        /// The role from then on.
        new_role: String,
        /// Who changed it, a UUID.
        changed_by: String,
    }
    /// A learning session began.
    SessionStarted("session.started.v1", "\"session.started.v1\"", "session-events", String) {
        /// The session, a UUID.
        session_id: String,
        /// The subject to be learned.
        topic: String,
        /// How long it should take.
        estimated_duration_minutes: Option<i32>,
    }
    /// A learning session reached its end.
    SessionCompleted("session.completed.v1", "\"session.completed.v1\"", "session-events", String) {
        /// The session, a UUID.
        session_id: String,
        /// How long it took.
        actual_duration_minutes: i32,
        /// How good the result is.
        quality_score: Option<f64>,
        /// What all of its stages cost, in US dollars.
        total_cost_usd: Option<f64>,
    }
    /// A learning session was given up.
    SessionFailed("session.failed.v1", "\"session.failed.v1\"", "session-events", String) {
        /// The session, a UUID.
        session_id: String,
        /// What went wrong.
        error_message: String,
        /// The stage that could not be finished.
        failed_at_stage: String,
    }
    /// A stage of a session began.
    AgentStarted("agent.started.v1", "\"agent.started.v1\"", "agent-events", String) {
        /// The session, a UUID.
        session_id: String,
        /// This attempt at the stage, a UUID.
        execution_id: String,
        /// Who works on the stage, as `RESEARCH`; free text.
        agent_type: String,
        /// The stage's number, from 1.
        stage_number: i32,
    }
    /// A stage of a session was finished.
    AgentCompleted("agent.completed.v1", "\"agent.completed.v1\"", "agent-events", String) {
        /// The session, a UUID.
        session_id: String,
        /// This attempt at the stage, a UUID.
        execution_id: String,
        /// Who worked on the stage, as `RESEARCH`; free text.
        agent_type: String,
        /// The stage's number, from 1.
        stage_number: i32,
        /// How long it took.
        duration_minutes: i64,
        /// How many tokens it used.
        tokens_used: Option<i32>,
        /// What it cost, in US dollars.
        cost_usd: Option<f64>,
    }
    /// An attempt at a stage failed.
    AgentFailed("agent.failed.v1", "\"agent.failed.v1\"", "agent-events", String) {
        /// The session, a UUID.
        session_id: String,
        /// This attempt at the stage, a UUID.
        execution_id: String,
        /// Who worked on the stage, as `RESEARCH`; free text.
        agent_type: String,
        /// The stage's number, from 1.
        stage_number: i32,
        /// What went wrong.
        error_message: String,
    }
    /// A piece of content was made.
    ContentGenerated("content.generated.v1", "\"content.generated.v1\"", "content-events", String) {
        /// The piece, a UUID.
        content_id: String,
        /// The session that it was made in, a UUID.
        session_id: String,
        /// What kind of piece it is; free text.
        content_type: String,
        /// Its title.
        title: String,
        /// How many words it has.
        word_count: Option<i32>,
        /// How good it is.
        quality_score: Option<f64>,
    }
    /// A piece of content has another version.
    ContentUpdated("content.updated.v1", "\"content.updated.v1\"", "content-events", String) {
        /// The piece, a UUID.
        content_id: String,
        /// The version's number.
        new_version: i32,
        /// What changed, in words.
        changes: Option<String>,
    }
    /// A subscription was taken out.
    PaymentSubscriptionActivated(
        "payment.subscription-activated.v1",
        "\"payment.subscription-activated.v1\"",
        "payment-events",
        String
    ) {
        /// The subscription, a UUID.
        subscription_id: String,
        /// The plan; free text.
        plan_type: String,
        /// What the plan opens.
        features: Vec<String>,
    }
    /// A subscription was cancelled.
    PaymentSubscriptionCancelled(
        "payment.subscription-cancelled.v1",
        "\"payment.subscription-cancelled.v1\"",
        "payment-events",
        String
    ) {
        /// The subscription, a UUID.
        subscription_id: String,
        /// Why, in the customer's words.
        reason: Option<String>,
    }
    /// Work on the platform began.
    SystemMaintenanceStarted(
        "system.maintenance-started.v1",
        "\"system.maintenance-started.v1\"",
        "system-events",
        Option<String>
    ) {
        /// What kind of work; free text.
        maintenance_type: String,
        /// How long it should take.
        estimated_duration_minutes: i32,
        /// The services that it touches.
        affected_services: Vec<String>,
    }
    /// Something is wrong with the platform.
    SystemAlertTriggered(
        "system.alert-triggered.v1",
        "\"system.alert-triggered.v1\"",
        "system-events",
        Option<String>
    ) {
        /// What kind of alert; free text.
        alert_type: String,
        /// As `low`, `medium`, `high` or `critical`; free text.
        severity: String,
        /// What is wrong, in words.
        message: String,
        /// The services that it touches.
        affected_services: Vec<String>,
    }
}
