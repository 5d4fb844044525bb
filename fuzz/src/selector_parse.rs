//! Selectors: a text is read or refused at a place that it has, and what was read can be asked about any event.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use sluice::event::Event;
use sluice::record::{Partition, Position, Record};
use sluice::selector::{Selector, event_value};
use uuid::Uuid;

/// A selector, and after a NUL the JSON body of the event that it is asked about.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (selector, body) = text.split_once('\0').unwrap_or((text, r#"{"a":1,"b":"text","c":{"d":null},"e":[1.5]}"#));
    match Selector::parse(selector) {
        Err(error) => {
            let columns = 1..=selector.chars().count() + 1;
            assert!(columns.contains(&error.column), "{error} is no place in {selector:?}");
            assert!(!error.message.is_empty());
        }
        Ok(condition) => {
            let event = event(serde_json::from_str(body).unwrap_or(Value::Null));
            let holds = condition.matches(&|name| event_value(&event, name));
            if let Ok(opposite) = Selector::parse(&format!("NOT ({selector})")) {
                assert!(!(holds && opposite.matches(&|name| event_value(&event, name))), "both {selector:?} and not");
            }
        }
    }
}

fn event(document: Value) -> Event {
    let partition = Arc::new(Partition::new("cluster", "topic", Uuid::nil(), 0));
    let record = Record {
        position: Position { partition, epoch: 0, number: 1 },
        timestamp_ms: 1_700_000_000_000,
        key: None,
        headers: vec![("h".to_owned(), Bytes::from_static(b"header")), ("o".to_owned(), Bytes::from_static(b"\xff"))],
        body: None,
    };
    Event::new(&record, "thing.happened".into(), document)
}
