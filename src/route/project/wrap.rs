//! `wrap`: an object around the projected body.

use serde_json::{Map, Value};

use crate::config::Wrap;
use crate::event::Event;
use crate::route::reference::{Piece, Reference, pieces};
use crate::route::rule::Problems;

/// An object that is made for each event.
#[derive(Debug)]
pub(super) struct Wrapper {
    /// The member that holds the projected body; without it the body itself does not go out.
    member: Option<String>,
    with: Vec<(String, Filling)>,
}

/// A value of `wrap.with`; texts in lists and tables are filled in too.
#[derive(Debug)]
enum Filling {
    Fixed(Value),
    /// A text that is one `{…}`: the value keeps its JSON type.
    One(Reference),
    Text(Vec<Piece>),
    List(Vec<Filling>),
    Object(Vec<(String, Filling)>),
}

impl Wrapper {
    /// Reads a wrapper; `None` when it adds to the problems.
    pub(super) fn new(config: &Wrap, problems: &mut Problems) -> Option<Self> {
        if config.member.is_empty() && config.with.is_empty() {
            let message =
                "a wrapper names the member that holds the body, as `data`, or other members in `with`, or both";
            problems.add("project.wrap.member", &config.member, message);
        }
        if config.with.contains_key(&config.member) {
            let message = "this member holds the projected body already: give one of them another name";
            problems.add(&format!("project.wrap.with.{}", config.member), &config.member, message);
        }
        let with = config.with.iter().map(|(name, value)| {
            Some((name.clone(), Filling::new(value, &format!("project.wrap.with.{name}"), problems)?))
        });
        // All of them are read before the first failure counts, so that every problem is told.
        let with: Vec<_> = with.collect();
        let member = (!config.member.is_empty()).then(|| config.member.clone());
        Some(Self { member, with: with.into_iter().collect::<Option<_>>()? })
    }

    pub(super) fn wrap(&self, projected: impl FnOnce() -> Value, event: &Event, now_ms: i64) -> Value {
        let mut members = fill_object(&self.with, event, now_ms);
        if let Some(member) = &self.member {
            members.insert(member.clone(), projected());
        }
        Value::Object(members)
    }
}

fn fill_object(members: &[(String, Filling)], event: &Event, now_ms: i64) -> Map<String, Value> {
    members.iter().map(|(name, filling)| (name.clone(), filling.fill(event, now_ms))).collect()
}

impl Filling {
    fn new(value: &toml::Value, key: &str, problems: &mut Problems) -> Option<Self> {
        Some(match value {
            toml::Value::String(text) => Self::from_pieces(problems.keep(key, text, pieces(text))?),
            toml::Value::Integer(number) => Self::Fixed((*number).into()),
            toml::Value::Float(number) => {
                let number = serde_json::Number::from_f64(*number);
                let number = number.ok_or_else(|| "JSON has no such number".to_owned());
                Self::Fixed(problems.keep(key, &value.to_string(), number)?.into())
            }
            toml::Value::Boolean(truth) => Self::Fixed((*truth).into()),
            toml::Value::Datetime(time) => Self::Fixed(time.to_string().into()),
            toml::Value::Array(items) => {
                let read = |(place, item)| Self::new(item, &format!("{key}[{place}]"), problems);
                let items: Vec<_> = items.iter().enumerate().map(read).collect();
                Self::List(items.into_iter().collect::<Option<_>>()?)
            }
            toml::Value::Table(members) => {
                let read = |(name, value): (&String, _)| {
                    Some((name.clone(), Self::new(value, &format!("{key}.{name}"), problems)?))
                };
                let members: Vec<_> = members.iter().map(read).collect();
                Self::Object(members.into_iter().collect::<Option<_>>()?)
            }
        })
    }

    fn from_pieces(pieces: Vec<Piece>) -> Self {
        match pieces.as_slice() {
            [] => Self::Fixed("".into()),
            [Piece::Literal(text)] => Self::Fixed((**text).into()),
            [Piece::Value(reference)] => Self::One(reference.clone()),
            _ => Self::Text(pieces),
        }
    }

    fn fill(&self, event: &Event, now_ms: i64) -> Value {
        match self {
            Self::Fixed(value) => value.clone(),
            Self::One(reference) => reference.json(event, now_ms),
            Self::Text(pieces) => fill_text(pieces, event, now_ms).map_or(Value::Null, Value::String),
            Self::List(items) => items.iter().map(|item| item.fill(event, now_ms)).collect(),
            Self::Object(members) => Value::Object(fill_object(members, event, now_ms)),
        }
    }
}

/// The text with its values; `None` when one is missing, for half a text would say something else.
fn fill_text(pieces: &[Piece], event: &Event, now_ms: i64) -> Option<String> {
    let mut filled = String::new();
    for piece in pieces {
        match piece {
            Piece::Literal(text) => filled.push_str(text),
            Piece::Value(reference) => match reference.json(event, now_ms) {
                Value::Null => return None,
                Value::String(text) => filled.push_str(&text),
                value => filled.push_str(&value.to_string()),
            },
        }
    }
    Some(filled)
}
