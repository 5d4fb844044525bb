//! Routes written as in the config, events in, deliveries out.

mod example;
mod hostile;
mod matching;
mod problems;
mod projection;

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use super::{Delivery, RouteTable};
use crate::config::{Problem, RouteConfig};
use crate::event::Event;
use crate::record::{Partition, Position, Record};

/// The gateway's clock in all tests.
const NOW_MS: i64 = 1_755_072_930_999;

#[derive(Deserialize)]
struct Routes {
    route: Vec<RouteConfig>,
}

#[track_caller]
fn routes(config: &str) -> Vec<RouteConfig> {
    toml::from_str::<Routes>(config).unwrap().route
}

#[track_caller]
fn table(config: &str) -> RouteTable {
    RouteTable::new(&routes(config)).unwrap()
}

#[track_caller]
fn problems(config: &str) -> Vec<Problem> {
    RouteTable::new(&routes(config)).unwrap_err()
}

/// One route with that channel, for every topic.
fn channel(template: &str) -> RouteTable {
    table(&format!("[[route]]\nchannel = '{template}'"))
}

fn event_with_headers(topic: &str, event_type: &str, document: Value, headers: &[(&str, &[u8])]) -> Event {
    let record = Record {
        position: Position {
            partition: Arc::new(Partition::new("cluster", topic, uuid::Uuid::nil(), 0)),
            epoch: -1,
            number: 0,
        },
        timestamp_ms: 0,
        key: None,
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), Bytes::copy_from_slice(value))).collect(),
        body: Some(document.to_string().into()),
    };
    Event::new(&record, event_type.into(), document)
}

fn event(topic: &str, event_type: &str, document: Value) -> Event {
    event_with_headers(topic, event_type, document, &[])
}

fn deliveries(table: &RouteTable, event: &Event) -> Vec<Delivery> {
    table.deliveries(event, NOW_MS)
}

fn channels(table: &RouteTable, event: &Event) -> Vec<String> {
    deliveries(table, event).into_iter().map(|delivery| delivery.channel).collect()
}
