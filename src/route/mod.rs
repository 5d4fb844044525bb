//! 3. Decides which channels an event goes to, by the rules of `[[route]]`.
//!
//! It knows no clock and does no I/O; only the routes that name an event's topic and may match its type are looked at.

mod glob;
mod index;
mod project;
mod reference;
mod rule;
mod template;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;

use crate::config::{Overflow, Problem, RouteConfig};
use crate::event::{Event, Priority};
use index::Index;
use rule::Rule;

/// What every body is: the event's own JSON, or the JSON of a projection.
const CONTENT_TYPE: &str = "application/json";

/// One event on its way to one channel.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The channel.
    pub channel: String,
    /// The event's own octets, shared, or those of the route's projection.
    pub body: Bytes,
    /// The lane that it goes out in.
    pub priority: Priority,
    /// What happens when a subscriber's outbox is full.
    pub overflow: Overflow,
    /// The route's number in the config, from 0.
    pub route: usize,
    /// The template that the channel was made from, for metrics.
    pub pattern: Arc<str>,
    /// What the body is.
    pub content_type: &'static str,
}

/// All routes, ready to be asked.
#[derive(Debug)]
pub struct RouteTable {
    /// The lowest `order` first, equal ones as they stand in the config.
    rules: Vec<Rule>,
    index: Index,
}

impl RouteTable {
    /// Reads the routes of a config.
    ///
    /// # Errors
    /// Every problem of every route.
    pub fn new(routes: &[RouteConfig]) -> Result<Self, Vec<Problem>> {
        let mut rules = Vec::new();
        let mut problems = Vec::new();
        for (number, route) in routes.iter().enumerate() {
            match Rule::new(number, route) {
                Ok(rule) => rules.push((route.order, rule)),
                Err(found) => problems.extend(found),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        rules.sort_by_key(|(order, _)| *order);
        let rules: Vec<_> = rules.into_iter().map(|(_, rule)| rule).collect();
        let mut index = Index::default();
        for (place, rule) in rules.iter().enumerate() {
            index.add(place, rule.topics(), rule.globs());
        }
        Ok(Self { rules, index })
    }

    /// Where the event goes, in the order of the routes. A channel that several routes lead to is there once: the first
    /// route decides. `now_ms` is the gateway's clock in milliseconds since 1970.
    pub fn deliveries(&self, event: &Event, now_ms: i64) -> Vec<Delivery> {
        let mut deliveries: Vec<Delivery> = Vec::new();
        for rule in self.candidates(event) {
            let Some(channels) = rule.channels(event) else { continue };
            let mut body = None;
            for (pattern, channel) in channels {
                if deliveries.iter().any(|delivery| delivery.channel == channel) {
                    continue;
                }
                let body = body.get_or_insert_with(|| rule.body(event, now_ms)).clone();
                deliveries.push(Delivery {
                    channel,
                    body,
                    priority: rule.priority(),
                    overflow: rule.overflow(),
                    route: rule.number(),
                    pattern: pattern.clone(),
                    content_type: CONTENT_TYPE,
                });
            }
            if rule.is_last() {
                break;
            }
        }
        deliveries
    }

    /// The routes whose topic and type may match, in order.
    fn candidates(&self, event: &Event) -> impl Iterator<Item = &Rule> {
        let places = self.index.candidates(event.topic(), &event.event_type);
        places.into_iter().filter_map(|place| self.rules.get(place))
    }

    /// How many routes there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no route at all.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}
