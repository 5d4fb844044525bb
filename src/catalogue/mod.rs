//! The known event types: what each must look like, and the origin of `bindings/`.

pub mod api;
#[cfg(test)]
mod bindings;
mod fault;
pub mod learning;
pub mod protocol;
mod types;

use std::collections::BTreeMap;
use std::sync::Arc;

use jsonschema::Validator;
use schemars::generate::SchemaSettings;
use serde_json::Value;

pub(crate) use fault::shortened;
pub use fault::{FAULTS_MAX, Fault};
pub use types::{files as types_files, types_ts};

/// One known event type.
#[derive(Debug)]
pub struct EventType {
    /// Its name, as `agent.completed.v1`.
    pub name: Arc<str>,
    /// The topic that carries it.
    pub topic: Arc<str>,
    /// Its interface's name in TypeScript.
    pub title: String,
    /// What it means, in a sentence.
    pub description: String,
    /// Its JSON Schema, draft 2020-12, complete in itself.
    pub schema: Value,
    validator: Validator,
}

impl EventType {
    /// Reads a type from its JSON Schema; title and description are the schema's own.
    ///
    /// # Errors
    /// What is wrong with the schema.
    pub fn new(name: &str, topic: &str, schema: Value) -> Result<Self, String> {
        let validator = jsonschema::draft202012::new(&schema).map_err(|err| err.to_string())?;
        let text = |member: &str| schema.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Self {
            name: name.into(),
            topic: topic.into(),
            title: text("title"),
            description: text("description"),
            schema,
            validator,
        })
    }
}

/// The known event types, by name.
#[derive(Debug)]
pub struct Catalogue {
    types: BTreeMap<Arc<str>, EventType>,
}

impl Catalogue {
    /// The types that Sluice brings along.
    pub fn builtin() -> Self {
        // As written, not as read: a member that may be null must still be there.
        let settings =
            SchemaSettings::draft2020_12().for_serialize().with(|settings| settings.inline_subschemas = true);
        let types = learning::schemas(&mut settings.into_generator())
            .into_iter()
            .map(|(name, topic, schema)| {
                let event_type = EventType::new(name, topic, schema.to_value()).expect("a derived schema is a schema");
                (event_type.name.clone(), event_type)
            })
            .collect();
        Self { types }
    }

    /// The type of that name.
    pub fn get(&self, name: &str) -> Option<&EventType> {
        self.types.get(name)
    }

    /// Whether there is a type of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.types.contains_key(name)
    }

    /// The topic that carries the type.
    pub fn topic_of(&self, name: &str) -> Option<&str> {
        self.get(name).map(|event_type| &*event_type.topic)
    }

    /// Everything that is wrong with an event of that type, up to [`FAULTS_MAX`] faults; an unknown type has none.
    pub fn check(&self, name: &str, event: &Value) -> Vec<Fault> {
        let Some(event_type) = self.get(name) else { return Vec::new() };
        // Almost every event is right, and the yes-or-no answer costs a fraction of the reasons.
        if event_type.validator.is_valid(event) {
            return Vec::new();
        }
        let errors = event_type.validator.iter_errors(event);
        errors.take(FAULTS_MAX).map(|error| Fault::new(&error, &event_type.schema)).collect()
    }

    /// Every type, in the order of the names.
    pub fn types(&self) -> impl Iterator<Item = &EventType> {
        self.types.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn completed() -> Value {
        json!({
            "eventType": "agent.completed.v1",
            "eventId": "3e0d6c1e-58f6-4d6f-9f1e-0f6f0f1f2a10",
            "timestamp": 1_755_072_930.123_456,
            "correlationId": "a3b1f6c2-0c58-4a37-8a55-5b0a4f1f7c21",
            "causationId": null,
            "userId": "0b9b6d0e-3a44-4f0e-9a0e-5d6f8a7b1c02",
            "metadata": {
                "source": "unknown", "version": "1.0.0", "environment": "development",
                "region": "us-east-1", "schemaVersion": "1.0",
            },
            "sessionId": "71c2a6de-58f6-4d6f-9f1e-0f6f0f1f2a10",
            "executionId": "5af0a6de-58f6-4d6f-9f1e-0f6f0f1f2a10",
            "agentType": "RESEARCH",
            "stageNumber": 1,
            "durationMinutes": 12,
            "tokensUsed": 1840,
            "costUsd": 2.75,
        })
    }

    #[track_caller]
    fn check(pointer: &str, value: Option<Value>, expected: &[(&str, &str)]) {
        let mut event = completed();
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        let parent = event.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => parent.insert(member.to_owned(), value),
            None => parent.remove(member),
        };
        let faults = Catalogue::builtin().check("agent.completed.v1", &event);
        let faults: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.message.as_str())).collect();
        assert_eq!(faults, expected);
    }

    #[test]
    fn what_may_vary_is_no_fault() {
        check("/timestamp", Some(json!("2025-08-13T08:15:30.123Z")), &[]);
        check("/timestamp", Some(json!(1_755_072_930)), &[]);
        check("/causationId", Some(json!("3e0d6c1e-58f6-4d6f-9f1e-0f6f0f1f2a10")), &[]);
        check("/tokensUsed", Some(Value::Null), &[]);
        check("/costUsd", Some(json!(2)), &[]);
        check("/eventId", Some(json!("any text is an id")), &[]);
        check("/unheardOf", Some(json!([1, { "a": null }])), &[]);
        check("/metadata/team", Some(json!("blue")), &[]);
    }

    #[test]
    fn each_fault_names_its_member_and_what_is_wanted() {
        check("/userId", None, &[("/userId", "is missing; it must be a string")]);
        check("/tokensUsed", None, &[("/tokensUsed", "is missing; it must be an integer or null")]);
        check("/metadata/region", None, &[("/metadata/region", "is missing; it must be a string")]);
        check("/userId", Some(Value::Null), &[("/userId", "must be a string, not null")]);
        check("/timestamp", Some(json!(true)), &[("/timestamp", "must be a number or a string, not a boolean")]);
        check("/stageNumber", Some(json!(1.5)), &[("/stageNumber", "must be an integer, not a number")]);
        check("/stageNumber", Some(json!("1")), &[("/stageNumber", "must be an integer, not a string")]);
        check("/costUsd", Some(json!("2.75")), &[("/costUsd", "must be a number or null, not a string")]);
        check("/metadata", Some(json!([])), &[("/metadata", "must be an object, not an array")]);
        check("/eventType", Some(json!("agent.failed.v1")), &[("/eventType", "must be \"agent.completed.v1\"")]);
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let faults = Catalogue::builtin().check("user.registered.v1", &json!({ "userId": 7 }));
        let mut pointers: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        pointers.sort_unstable();
        assert_eq!(
            pointers,
            [
                "/causationId",
                "/correlationId",
                "/email",
                "/eventId",
                "/eventType",
                "/firstName",
                "/lastName",
                "/metadata",
                "/role",
                "/timestamp",
                "/userId",
            ]
        );
    }

    #[test]
    fn a_hostile_event_has_no_more_faults_than_the_limit() {
        let wrong = json!({ "affectedServices": vec![1; 1000], "severity": 1 });
        assert_eq!(Catalogue::builtin().check("system.alert-triggered.v1", &wrong).len(), FAULTS_MAX);
    }

    #[test]
    fn types_are_described() {
        let catalogue = Catalogue::builtin();
        assert_eq!(catalogue.types().count(), 15);
        for event_type in catalogue.types() {
            assert!(!event_type.title.is_empty() && !event_type.description.is_empty(), "{}", event_type.name);
            // The category before the first dot names the topic.
            let category = event_type.name.split('.').next().unwrap();
            assert_eq!(&*event_type.topic, format!("{category}-events"));
            assert!(!event_type.schema.to_string().contains("$ref"), "{} is not complete in itself", event_type.name);
        }
        assert_eq!(catalogue.topic_of("agent.completed.v1"), Some("agent-events"));
        assert!(!catalogue.contains("agent.progress.v1"));
    }
}
