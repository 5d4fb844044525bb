//! What a name in a selector stands for when the selector looks at an event.

use std::borrow::Cow;

use serde_json::Value;

use super::Operand;
use crate::event::Event;

/// The value of a name: first the event's own headers (`event-type`, `event-id`, `timestamp`, `correlation-id`), then the
/// body's member of that name, with dots a member within members (`shop.id`), then the record's header of that name. A name
/// that begins with `/` is a JSON pointer into the body and nothing else. A member that is `null` is NULL, and hides a
/// header.
pub fn event_value<'event>(event: &'event Event, name: &str) -> Option<Operand<'event>> {
    if name.starts_with('/') {
        return event.document.pointer(name).and_then(Operand::from_json);
    }
    if let Some(text) = own_header(event, name) {
        return Some(Operand::Text(Cow::Borrowed(text)));
    }
    if let Some(value) = member(&event.document, name) {
        return Operand::from_json(value);
    }
    let octets = event.header(name)?;
    Some(std::str::from_utf8(octets).map_or(Operand::Other, |text| Operand::Text(Cow::Borrowed(text))))
}

fn own_header<'event>(event: &'event Event, name: &str) -> Option<&'event str> {
    match name {
        "event-type" => Some(&event.event_type),
        "event-id" => event.id.as_deref(),
        "timestamp" => event.time.as_ref().map(|time| time.text.as_str()),
        "correlation-id" => event.correlation_id.as_deref(),
        _ => None,
    }
}

/// The top-level member of that very name, else the one that its dots lead to.
fn member<'document>(document: &'document Value, name: &str) -> Option<&'document Value> {
    document.get(name).or_else(|| name.split('.').try_fold(document, |value, key| value.get(key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use bytes::Bytes;
    use serde_json::json;

    use crate::event::EventTime;
    use crate::record::{Partition, Position, Record};

    fn event() -> Event {
        let header = |name: &str, value: &'static [u8]| (name.to_owned(), Bytes::from_static(value));
        let record = Record {
            position: Position {
                partition: Arc::new(Partition::new("cluster", "orders", uuid::Uuid::nil(), 0)),
                epoch: -1,
                number: 7,
            },
            timestamp_ms: 0,
            key: None,
            headers: vec![
                header("tenant", b"acme"),
                header("amount", b"9"),
                header("binary", b"\xff"),
                header("gone", b"x"),
            ],
            body: Some(Bytes::new()),
        };
        let document = json!({
            "amount": 5, "event-type": "faked", "shop": { "id": "s1", "tags": ["x"] }, "a.b": 1, "a": { "b": 2 },
            "gone": null, "timestamp": 1_755_072_930.5, "big": u64::MAX,
        });
        let mut event = Event::new(&record, "order.created".into(), document);
        event.time = Some(EventTime { text: "2025-08-13T08:15:30Z".to_owned(), unix_nanos: 0 });
        event
    }

    #[track_caller]
    fn check(name: &str, expected: Option<Operand<'_>>) {
        assert_eq!(event_value(&event(), name), expected, "{name}");
    }

    #[test]
    fn names_are_looked_up_in_headers_members_and_record_headers() {
        let text = |text| Some(Operand::Text(Cow::Borrowed(text)));
        check("event-type", text("order.created"));
        check("timestamp", text("2025-08-13T08:15:30Z"));
        check("/timestamp", Some(Operand::Float(1_755_072_930.5)));
        check("event-id", None);
        check("amount", Some(Operand::Integer(5)));
        check("tenant", text("acme"));
        check("binary", Some(Operand::Other));
        check("gone", None);
        check("shop", Some(Operand::Other));
        check("shop.id", text("s1"));
        check("shop.id.x", None);
        check("a.b", Some(Operand::Integer(1)));
        check("/a/b", Some(Operand::Integer(2)));
        check("/shop/tags/0", text("x"));
        check("/tenant", None);
        check("big", Some(Operand::Float(u64::MAX as f64)));
        check("nowhere", None);
    }
}
