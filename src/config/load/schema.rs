//! The config's shape, as its structs declare it: which keys there are, and of what kind.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::config::Config;
use crate::config::problem::{KeyPath, Step};

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Config>().to_value()
});

/// The shape of one value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node(&'static Value);

/// What stands at a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A table with known keys.
    Section,
    /// A table whose keys the user names.
    Names,
    /// A list.
    List,
    /// `true` or `false`.
    Truth,
    /// A whole number.
    Whole,
    /// A text.
    Text,
    /// Whatever the user likes.
    Any,
}

impl Node {
    /// The whole config.
    pub(super) fn root() -> Self {
        Self::of(&SCHEMA)
    }

    /// An optional value has the shape that it has when it is there.
    fn of(schema: &'static Value) -> Self {
        let present = schema["anyOf"].as_array().and_then(|any| any.iter().find(|one| one["type"] != "null"));
        Self(present.unwrap_or(schema))
    }

    /// What stands there.
    pub(super) fn kind(self) -> Kind {
        let is = |name: &str| match &self.0["type"] {
            Value::String(one) => one == name,
            Value::Array(several) => several.iter().any(|one| one == name),
            _ => false,
        };
        match () {
            () if self.0["properties"].is_object() => Kind::Section,
            () if is("object") => Kind::Names,
            () if is("array") => Kind::List,
            () if is("boolean") => Kind::Truth,
            () if is("integer") => Kind::Whole,
            () if is("string") || !self.choices().is_empty() => Kind::Text,
            () => Kind::Any,
        }
    }

    /// The known keys of a section, in alphabetical order.
    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        self.0["properties"].as_object().into_iter().flat_map(|properties| properties.keys().map(String::as_str))
    }

    /// What stands at that key of a section or of a table whose keys the user names.
    pub(super) fn child(self, name: &str) -> Option<Self> {
        match self.kind() {
            Kind::Section => self.0["properties"].get(name).map(Self::of),
            Kind::Names => self.0.get("additionalProperties").map(Self::of),
            _ => None,
        }
    }

    /// What a list holds.
    pub(super) fn item(self) -> Option<Self> {
        self.0.get("items").map(Self::of)
    }

    /// The keys that a section must have.
    pub(super) fn required(self) -> impl Iterator<Item = &'static str> {
        self.0["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
    }

    /// The only texts that may stand there; empty where any may.
    pub(super) fn choices(self) -> Vec<&'static str> {
        let listed = self.0["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let described = self.0["oneOf"].as_array().into_iter().flatten();
        // Variants without a description share one `enum` beside the others' `const`.
        let described = described.flat_map(|one| {
            let several = one["enum"].as_array().into_iter().flatten();
            one["const"].as_str().into_iter().chain(several.filter_map(Value::as_str))
        });
        listed.chain(described).collect()
    }

    /// The shape of the value at that place, if there can be one.
    pub(super) fn at(self, path: &KeyPath) -> Option<Self> {
        path.steps().iter().try_fold(self, |node, step| match step {
            Step::Key(name) => node.child(name),
            Step::Index(_) => node.item(),
        })
    }

    /// A value of this shape that says as little as possible: stands in for one that was wrong, so that the rest can
    /// be looked at.
    pub(super) fn filler(self) -> toml::Value {
        match self.kind() {
            Kind::Section => {
                let required = self.required().filter_map(|name| Some((name.to_owned(), self.child(name)?.filler())));
                toml::Value::Table(required.collect())
            }
            Kind::Names => toml::Value::Table(toml::Table::new()),
            Kind::List => toml::Value::Array(Vec::new()),
            Kind::Truth => toml::Value::Boolean(false),
            Kind::Whole => toml::Value::Integer(0),
            Kind::Text | Kind::Any => {
                toml::Value::String(self.choices().first().copied().unwrap_or_default().to_owned())
            }
        }
    }

    /// Every key there is, below `prefix`, as `limits.heartbeat`, `topics.*.key` or `route[].channel`.
    pub(super) fn all_keys(self, prefix: &str, keys: &mut Vec<String>) {
        let dotted = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
        match self.kind() {
            Kind::Section => {
                for name in self.names() {
                    if let Some(child) = self.child(name) {
                        child.all_keys(&dotted(name), keys);
                    }
                }
            }
            Kind::Names => match self.child("") {
                Some(child) if child.kind() == Kind::Section => child.all_keys(&dotted("*"), keys),
                _ => keys.push(prefix.to_owned()),
            },
            Kind::List => match self.item() {
                Some(item) if item.kind() == Kind::Section => item.all_keys(&format!("{prefix}[]"), keys),
                _ => keys.push(prefix.to_owned()),
            },
            _ => keys.push(prefix.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(names: &[&str], kind: Kind) {
        let path = names.iter().fold(KeyPath::default(), |path, name| match *name {
            "[]" => path.index(0),
            name => path.key(name),
        });
        assert_eq!(Node::root().at(&path).map(Node::kind), Some(kind), "{path}");
    }

    #[test]
    fn every_kind_is_known() {
        check(&[], Kind::Section);
        check(&["server", "listen"], Kind::Text);
        check(&["server", "allowed_origins"], Kind::List);
        check(&["source", "kafka"], Kind::Section);
        check(&["source", "kafka", "settings"], Kind::Names);
        check(&["source", "kafka", "create_topics"], Kind::Truth);
        check(&["auth", "keys", "[]", "secret"], Kind::Text);
        check(&["topics", "x"], Kind::Section);
        check(&["topics", "x", "partitions"], Kind::Whole);
        check(&["topics", "x", "source"], Kind::Text);
        check(&["topics", "x", "decode", "type"], Kind::List);
        check(&["route", "[]", "project", "wrap", "with", "x"], Kind::Any);
        check(&["limits", "heartbeat"], Kind::Text);
        assert!(Node::root().at(&KeyPath::default().key("limits").key("x")).is_none());
    }

    #[test]
    fn choices_are_the_words_of_the_config() {
        let choices = |path: KeyPath| Node::root().at(&path).map(Node::choices);
        let topic = KeyPath::default().key("topics").key("x");
        assert_eq!(choices(topic.key("source")), Some(vec!["kafka", "embedded"]));
        assert_eq!(choices(topic.key("cleanup")), Some(vec!["delete", "compact"]));
        let route = KeyPath::default().key("route").index(0);
        assert_eq!(choices(route.key("priority")), Some(vec!["critical", "high", "normal", "low"]));
        assert_eq!(choices(route.key("when")), Some(vec![]));
    }

    #[test]
    fn fillers_can_be_read() {
        let key = Node::root().at(&KeyPath::default().key("auth").key("keys").index(0)).map(Node::filler);
        assert_eq!(key.map(|key| key.to_string()), Some(r#"{ algorithm = "HS256" }"#.to_owned()));
    }
}
