//! Reads a body: one JSON object, of whose repeated members the first counts.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::map::Entry;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::DecodeError;
use crate::catalogue::shortened;

/// A body that was read.
#[derive(Debug)]
pub(super) struct Body<'a> {
    /// The object.
    pub(super) document: Value,
    /// The text of the member that was asked for, as it stands in the body.
    pub(super) raw: Option<&'a RawValue>,
}

/// Reads a body, and keeps the text of the top-level member `raw`: a double has too few digits for some numbers.
pub(super) fn read<'a>(body: &'a [u8], raw: Option<&str>) -> Result<Body<'a>, DecodeError> {
    if body.is_empty() {
        return Err(DecodeError::Empty);
    }
    let text = std::str::from_utf8(body).map_err(|err| DecodeError::NotUtf8 { offset: err.valid_up_to() })?;
    let in_object = Cell::new(false);
    let mut json = serde_json::Deserializer::from_str(text);
    let object = Object { raw, in_object: &in_object };
    let (members, raw) = object.deserialize(&mut json).map_err(|err| refused(&err, in_object.get()))?;
    json.end().map_err(|err| DecodeError::TrailingBytes { line: err.line(), column: err.column() })?;
    Ok(Body { document: Value::Object(members), raw })
}

fn refused(err: &serde_json::Error, in_object: bool) -> DecodeError {
    let (line, column) = (err.line(), err.column());
    let whole = err.to_string();
    // The parser tells this apart from other faults by its words alone; a test holds on to them.
    if whole.contains("recursion limit exceeded") {
        return DecodeError::TooDeep { line, column };
    }
    if err.classify() == Category::Data && !in_object {
        return DecodeError::NotAnObject;
    }
    let message = whole.split(" at line ").next().unwrap_or(&whole);
    DecodeError::NotJson { message: shortened(message), line, column }
}

/// An object's members, and the text of one of them.
struct Object<'s> {
    raw: Option<&'s str>,
    in_object: &'s Cell<bool>,
}

type Members<'de> = (Map<String, Value>, Option<&'de RawValue>);

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = Members<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        self.in_object.set(true);
        let mut members = Map::new();
        let mut raw = None;
        while let Some(name) = access.next_key::<String>()? {
            match members.entry(name) {
                // JSON leaves open which of two members counts. Publishers that write the type twice mean the first.
                Entry::Occupied(_) => {
                    access.next_value::<IgnoredAny>()?;
                }
                Entry::Vacant(entry) if self.raw == Some(entry.key().as_str()) => {
                    let text: &'de RawValue = access.next_value()?;
                    raw = Some(text);
                    entry.insert(serde_json::from_str(text.get()).map_err(A::Error::custom)?);
                }
                Entry::Vacant(entry) => {
                    entry.insert(access.next_value()?);
                }
            }
        }
        Ok((members, raw))
    }
}

/// The text of the value that a JSON pointer leads to; of repeated members the last counts, as in the parsed value.
pub(super) fn raw_at<'a>(raw: &'a RawValue, pointer: &str) -> Option<&'a RawValue> {
    let Some(rest) = pointer.strip_prefix('/') else { return Some(raw) };
    let (name, below) = rest.find('/').map_or((rest, ""), |end| rest.split_at(end));
    let name = name.replace("~1", "/").replace("~0", "~");
    let next = if raw.get().starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
        *items.get(name.parse::<usize>().ok()?)?
    } else {
        let mut members: std::collections::BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).ok()?;
        members.remove(&name)?
    };
    raw_at(next, below)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn refused(body: impl AsRef<[u8]>) -> DecodeError {
        read(body.as_ref(), Some("timestamp")).unwrap_err()
    }

    #[test]
    fn of_a_repeated_member_the_first_counts() {
        let body =
            read(br#"{"a":1,"a":2,"timestamp":1.50,"timestamp":7,"b":{"c":1,"c":2},"n":null}"#, Some("timestamp"));
        let body = body.unwrap();
        assert_eq!(body.document, json!({ "a": 1, "timestamp": 1.5, "b": { "c": 2 }, "n": null }));
        assert_eq!(body.raw.unwrap().get(), "1.50");
    }

    #[test]
    fn a_member_spelt_with_escapes_is_the_same_member() {
        let body = read(br#"{"\u0061":1,"a":2}"#, None).unwrap();
        assert_eq!(body.document, json!({ "a": 1 }));
    }

    #[test]
    fn each_way_to_be_no_object_is_told_apart() {
        assert_eq!(refused(""), DecodeError::Empty);
        assert_eq!(refused(b"{\"a\":\"\xff\"}"), DecodeError::NotUtf8 { offset: 6 });
        for other in ["[]", "1", "\"text\"", "true", "null", "-0.5", "[1, 2", " [{}]"] {
            assert_eq!(refused(other), DecodeError::NotAnObject, "{other}");
        }
        for (broken, line, column) in [
            ("{\"a\":1,}", 1, 8),
            ("{\"a\":1\n \"b\":2}", 2, 2),
            ("{'a':1}", 1, 2),
            ("{\"a\":NaN}", 1, 6),
            ("{\"a\":1", 1, 6),
            ("hello", 1, 1),
            (" ", 1, 1),
            ("{\"a\":1e999}", 1, 10),
        ] {
            let DecodeError::NotJson { line: at_line, column: at_column, message } = refused(broken) else {
                panic!("{broken}: {:?}", refused(broken))
            };
            assert_eq!((at_line, at_column), (line, column), "{broken}: {message}");
        }
        assert!(matches!(refused("{\"timestamp\":1e999}"), DecodeError::NotJson { line: 1, .. }));
        assert_eq!(refused("{\"a\":1} {}"), DecodeError::TrailingBytes { line: 1, column: 9 });
        assert_eq!(refused("{\"a\":1}\0"), DecodeError::TrailingBytes { line: 1, column: 8 });
    }

    #[test]
    fn depth_has_a_limit_in_every_member() {
        let nested = |name: &str, depth: usize| format!("{{\"{name}\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(nested("a", 126).as_bytes(), Some("timestamp")).is_ok());
        for name in ["a", "timestamp"] {
            assert!(matches!(refused(nested(name, 200)), DecodeError::TooDeep { line: 1, .. }), "{name}");
            assert!(matches!(refused(nested(name, 100_000)), DecodeError::TooDeep { .. }), "{name}");
        }
        // A repeated member is passed over without being built, however deep it is.
        let repeated = format!("{{\"a\":1,{}", &nested("a", 100_000)[1..]);
        assert_eq!(read(repeated.as_bytes(), None).unwrap().document, json!({ "a": 1 }));
    }

    #[test]
    fn the_text_of_a_nested_number_is_found() {
        let raw: Box<RawValue> = serde_json::from_str(r#"{"a/b":[0,{"t":1.10,"t":1.20}]}"#).unwrap();
        assert_eq!(raw_at(&raw, "/a~1b/1/t").unwrap().get(), "1.20");
        assert!(raw_at(&raw, "/a~1b/2").is_none());
        assert!(raw_at(&raw, "/a~1b/1/t/u").is_none());
    }
}
