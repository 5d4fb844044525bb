//! One route, read from the config and ready to be asked.

use std::sync::Arc;

use bytes::Bytes;

use super::glob::Glob;
use super::project::Projector;
use super::template::Template;
use crate::config::{Overflow, Problem, RouteConfig};
use crate::event::{Event, Priority};
use crate::selector::{Selector, event_value};

/// One route.
#[derive(Debug)]
pub(super) struct Rule {
    number: usize,
    topics: Vec<String>,
    globs: Vec<Glob>,
    condition: Option<Selector>,
    templates: Vec<Template>,
    projector: Option<Projector>,
    priority: Priority,
    overflow: Overflow,
    last: bool,
}

/// Collects what is wrong in one route.
#[derive(Debug)]
pub(super) struct Problems {
    route: usize,
    found: Vec<Problem>,
}

impl Problems {
    pub(super) fn add(&mut self, key: &str, value: &str, message: impl Into<String>) {
        let key = format!("route[{}].{key}", self.route);
        self.found.push(Problem { key, value: value.to_owned(), message: message.into() });
    }

    /// Keeps what was read, or adds why it could not be.
    pub(super) fn keep<T>(&mut self, key: &str, value: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|message| self.add(key, value, message)).ok()
    }
}

/// The key of one text of a list; a single text has no number.
fn key_of(name: &str, count: usize, place: usize) -> String {
    if count > 1 { format!("{name}[{place}]") } else { name.to_owned() }
}

impl Rule {
    /// Reads a route; `number` is its place in the config.
    pub(super) fn new(number: usize, config: &RouteConfig) -> Result<Self, Vec<Problem>> {
        let mut problems = Problems { route: number, found: Vec::new() };
        for (place, topic) in config.topics.iter().enumerate().filter(|(_, topic)| topic.is_empty()) {
            let message = "a topic's name is not empty; leave `topics` out to mean every topic";
            problems.add(&format!("topics[{place}]"), topic, message);
        }
        let rule = Self {
            number,
            topics: config.topics.clone(),
            globs: globs(config, &mut problems),
            condition: condition(config, &mut problems),
            templates: templates(config, &mut problems),
            projector: config.project.as_ref().and_then(|project| Projector::new(project, &mut problems)),
            priority: config.priority.unwrap_or_default(),
            overflow: config.overflow,
            last: config.last,
        };
        if problems.found.is_empty() { Ok(rule) } else { Err(problems.found) }
    }

    /// The route's channels for that event, each with its template; `None` when the route does not match.
    pub(super) fn channels(&self, event: &Event) -> Option<Vec<(&Arc<str>, String)>> {
        if !self.globs.is_empty() && !self.globs.iter().any(|glob| glob.matches(&event.event_type)) {
            return None;
        }
        if let Some(condition) = &self.condition
            && !condition.matches(&|name| event_value(event, name))
        {
            return None;
        }
        self.templates.iter().map(|template| Some((template.text(), template.channel(event)?))).collect()
    }

    /// What goes out: the event's own octets, or what the projection makes of them.
    pub(super) fn body(&self, event: &Event, now_ms: i64) -> Bytes {
        self.projector.as_ref().map_or_else(|| event.body.clone(), |projector| projector.body(event, now_ms))
    }

    pub(super) fn topics(&self) -> &[String] {
        &self.topics
    }

    pub(super) fn globs(&self) -> &[Glob] {
        &self.globs
    }

    pub(super) const fn number(&self) -> usize {
        self.number
    }

    pub(super) const fn priority(&self) -> Priority {
        self.priority
    }

    pub(super) const fn overflow(&self) -> Overflow {
        self.overflow
    }

    pub(super) const fn is_last(&self) -> bool {
        self.last
    }
}

fn globs(config: &RouteConfig, problems: &mut Problems) -> Vec<Glob> {
    let texts = &config.event.0;
    for (place, text) in texts.iter().enumerate().filter(|(_, text)| text.is_empty()) {
        let message = "an empty glob matches no type; write `agent.*`, or leave `event` out to mean every type";
        problems.add(&key_of("event", texts.len(), place), text, message);
    }
    texts.iter().map(|text| Glob::new(text)).collect()
}

fn condition(config: &RouteConfig, problems: &mut Problems) -> Option<Selector> {
    let text = config.when.as_ref()?;
    problems.keep("when", text, Selector::parse(text).map_err(|err| err.to_string()))
}

fn templates(config: &RouteConfig, problems: &mut Problems) -> Vec<Template> {
    let texts = &config.channel.0;
    if texts.is_empty() {
        problems.add("channel", "", "a route needs a channel to send to, as `/topic/user/{userId}`");
    }
    let mut templates = Vec::new();
    for (place, text) in texts.iter().enumerate() {
        templates.extend(problems.keep(&key_of("channel", texts.len(), place), text, Template::parse(text)));
    }
    templates
}
