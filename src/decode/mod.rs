//! 2. Turns a record into an event, or says why it is none. Pure: no I/O, no clock.

mod body;
mod error;
mod place;
mod time;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

pub use error::{DecodeError, REASONS};

use crate::catalogue::{Catalogue, Fault, shortened};
use crate::config::{CatalogueMode, DecodeConfig, Format, Problem, TopicConfig};
use crate::event::{Event, EventTime};
use crate::record::Record;
use body::Body;
use place::Place;

/// Octets of a type's name; a longer text is taken for none.
const TYPE_BYTES_MAX: usize = 256;

/// Octets of an event's id and correlation id, which travel in headers of every message; longer ones are left out.
const ID_BYTES_MAX: usize = 1024;

/// Turns records into events.
#[derive(Debug)]
pub struct Decoder {
    plans: HashMap<String, Plan>,
    /// For topics without a section.
    plan: Plan,
    catalogue: Arc<Catalogue>,
}

impl Decoder {
    /// A decoder for those topics.
    ///
    /// # Errors
    /// Every place in the config that is none.
    pub fn new(topics: &BTreeMap<String, TopicConfig>, catalogue: Arc<Catalogue>) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut plans = HashMap::new();
        for (name, topic) in topics {
            let plan = Plan::new(name, topic, &mut problems);
            plans.insert(name.clone(), plan);
        }
        let plan = Plan::new("", &TopicConfig::default(), &mut problems);
        if problems.is_empty() { Ok(Self { plans, plan, catalogue }) } else { Err(problems) }
    }

    /// The record's event.
    ///
    /// # Errors
    /// Why it is none; always the record's own fault.
    pub fn decode(&self, record: &Record) -> Result<Event, DecodeError> {
        let plan = self.plans.get(&**record.topic()).unwrap_or(&self.plan);
        let Body { document, raw } = body::read(record.body.as_deref().unwrap_or_default(), plan.raw_member())?;
        let name = plan.event_type(record, &document)?;
        let event_type = self.checked(plan.catalogue, &name, &document)?.unwrap_or_else(|| name.as_ref().into());
        let time = plan.time(record, &document, raw);
        let id = plan.id.text(record, &document).and_then(bounded_id);
        let correlation_id = plan.correlation.text(record, &document).and_then(bounded_id);
        drop(name);
        Ok(Event { id, time, correlation_id, ..Event::new(record, event_type, document) })
    }

    /// Holds the event against its type in the catalogue; gives the catalogue's own name of it, to be shared.
    fn checked(&self, mode: CatalogueMode, name: &str, document: &Value) -> Result<Option<Arc<str>>, DecodeError> {
        let known = self.catalogue.get(name).map(|known| known.name.clone());
        if known.is_none() && mode == CatalogueMode::Strict {
            return Err(DecodeError::UnknownType { event_type: shortened(name) });
        }
        if known.is_some() && mode != CatalogueMode::Off {
            let faults = self.catalogue.check(name, document);
            if !faults.is_empty() {
                return Err(DecodeError::Invalid { event_type: shortened(name), faults });
            }
        }
        Ok(known)
    }
}

/// How one topic's records are read.
#[derive(Debug)]
struct Plan {
    event_type: Vec<Place>,
    id: Place,
    time: Place,
    correlation: Place,
    aliases: BTreeMap<String, String>,
    catalogue: CatalogueMode,
}

impl Plan {
    fn new(topic: &str, config: &TopicConfig, problems: &mut Vec<Problem>) -> Self {
        let DecodeConfig { format: Format::Json, event_type, id, time, correlation, aliases } = &config.decode;
        let mut place = |key: &str, text: &str| {
            Place::parse(text).unwrap_or_else(|message| {
                let key = format!("topics.{topic}.decode.{key}");
                problems.push(Problem { key, value: text.to_owned(), message });
                Place::Key
            })
        };
        let plan = Self {
            event_type: event_type.0.iter().map(|text| place("type", text)).collect(),
            id: place("id", id),
            time: place("time", time),
            correlation: place("correlation", correlation),
            aliases: aliases.clone(),
            catalogue: config.catalogue,
        };
        if plan.event_type.is_empty() {
            problems.push(Problem {
                key: format!("topics.{topic}.decode.type"),
                value: "[]".to_owned(),
                message: "name at least one place, as `body:/eventType`".to_owned(),
            });
        }
        plan
    }

    /// The top-level member whose text is needed beside its value.
    fn raw_member(&self) -> Option<&str> {
        match &self.time {
            Place::Body { member, .. } => Some(member),
            _ => None,
        }
    }

    fn event_type<'a>(&'a self, record: &'a Record, document: &'a Value) -> Result<Cow<'a, str>, DecodeError> {
        let text = |place: &Place| match place.in_body(document) {
            // A number is no name, though it may be an id.
            Some(Value::Number(_)) => None,
            _ => place.text(record, document),
        };
        let name = self.event_type.iter().find_map(text).ok_or_else(|| DecodeError::MissingType {
            places: self.event_type.iter().map(|place| format!("`{place}`")).collect::<Vec<_>>().join(", "),
        })?;
        if name.len() > TYPE_BYTES_MAX {
            let message = format!("is {} octets long, over the limit of {TYPE_BYTES_MAX} for a type", name.len());
            let pointer = self.event_type.iter().find_map(|place| text(place).map(|_| place.pointer()));
            let faults = vec![Fault::bounded(&pointer.unwrap_or_default(), &message)];
            return Err(DecodeError::Invalid { event_type: shortened(&name), faults });
        }
        Ok(match self.aliases.get(name.as_ref()) {
            Some(meant) => Cow::Borrowed(meant),
            None => name,
        })
    }

    /// When it happened; a time that cannot be read is none, since only the catalogue says whether there must be one.
    fn time(&self, record: &Record, document: &Value, raw: Option<&serde_json::value::RawValue>) -> Option<EventTime> {
        match (&self.time, self.time.in_body(document)) {
            (Place::Body { below, .. }, Some(Value::Number(_))) => time::from_number(body::raw_at(raw?, below)?.get()),
            _ => time::from_text(&self.time.text(record, document)?),
        }
    }
}

fn bounded_id(text: Cow<'_, str>) -> Option<String> {
    (text.len() <= ID_BYTES_MAX).then(|| text.into_owned())
}

#[cfg(test)]
mod tests;
