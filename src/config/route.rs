//! `[[route]]`: which channels an event goes to.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::event::Priority;

/// One text, or a list of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema)]
pub struct OneOrMany(pub Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> serde::de::Visitor<'de> for Texts {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![text.to_owned()]))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<OneOrMany, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = items.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMany(texts))
            }
        }
        deserializer.deserialize_any(Texts)
    }
}

/// `[[route]]`: one rule. All that match apply, the lowest `order` first.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RouteConfig {
    /// The topics it looks at; empty means every topic.
    pub topics: Vec<String>,
    /// Globs over the event's type, as `agent.*`; empty means every type.
    pub event: OneOrMany,
    /// A condition in the selector language over headers and members: `severity IN ('high','critical')`.
    pub when: Option<String>,
    /// The channels, as templates: `{name}` is a member, `{/a/b}` a JSON pointer, `{header:x}` a record header. An event that
    /// lacks a value does not match.
    pub channel: OneOrMany,
    /// The lane that its events go out in.
    #[schemars(schema_with = "priority_names")]
    pub priority: Option<Priority>,
    /// What goes out instead of the body as it was.
    pub project: Option<Projection>,
    /// What happens when a subscriber's outbox is full.
    pub overflow: Overflow,
    /// Routes are tried from the lowest to the highest; equal ones as they stand in the file.
    pub order: i32,
    /// Whether an event that matches stops here.
    #[serde(rename = "final")]
    pub last: bool,
}

/// The names of the lanes, as the config's shape knows them.
fn priority_names(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "enum": Priority::ALL.map(Priority::name) })
}

/// What happens when a subscriber's outbox is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Overflow {
    /// The client is disconnected.
    #[default]
    Disconnect,
}

/// `project`: what goes out instead of the body as it was. Members are named by name or by JSON pointer. `pick` or `omit`
/// comes first, then `rename`, then `wrap`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Projection {
    /// Only these members.
    pub pick: Vec<String>,
    /// All but these members.
    pub omit: Vec<String>,
    /// New names for members: `{ old = "new" }`.
    pub rename: BTreeMap<String, String>,
    /// Puts the result into an object.
    pub wrap: Option<Wrap>,
}

/// `wrap`: an object around the projected body.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Wrap {
    /// The member that holds the projected body; left out, the body itself stays out and `with` makes the whole.
    pub member: String,
    /// Other members with a fixed JSON value, or, as text, with `{…}` as in a channel template; `{@type}`, `{@id}`,
    /// `{@time}` and `{@now_ms}` stand for the event's type, id, RFC 3339 time and the gateway's clock. A text that is one `{…}` keeps the value's JSON type.
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub with: BTreeMap<String, toml::Value>,
}
