//! Where in a record a value stands: `body:/a/b`, `header:x`, `key` or `topic`.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use crate::record::Record;

/// Where in a record a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A member of the body: the top-level one, and a JSON pointer below it.
    Body { member: String, below: String },
    /// The first record header of that name.
    Header(String),
    /// The record's key.
    Key,
    /// The topic's name.
    Topic,
}

impl Place {
    /// Reads a place as the config writes it. The error says what would be right.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("body", pointer)) => {
                let Some(rest) = pointer.strip_prefix('/') else {
                    return Err("`body:` is followed by a JSON pointer, as in `body:/eventType`".to_owned());
                };
                let (member, below) = rest.find('/').map_or((rest, ""), |end| rest.split_at(end));
                let member = member.replace("~1", "/").replace("~0", "~");
                Ok(Self::Body { member, below: below.to_owned() })
            }
            Some(("header", "")) => Err("`header:` is followed by the header's name, as in `header:type`".to_owned()),
            Some(("header", name)) => Ok(Self::Header(name.to_owned())),
            None if text == "key" => Ok(Self::Key),
            None if text == "topic" => Ok(Self::Topic),
            _ => Err("write `body:/json/pointer`, `header:name`, `key` or `topic`".to_owned()),
        }
    }

    /// The value there in the body, if the place is in the body.
    pub(super) fn in_body<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        match self {
            Self::Body { member, below } => document.get(member)?.pointer(below),
            _ => None,
        }
    }

    /// The JSON pointer of a place in the body; empty for the others.
    pub(super) fn pointer(&self) -> String {
        match self {
            Self::Body { .. } => self.to_string().trim_start_matches("body:").to_owned(),
            _ => String::new(),
        }
    }

    /// The text there, a number's digits included; none where there is nothing, or nothing that is text.
    pub(super) fn text<'a>(&self, record: &'a Record, document: &'a Value) -> Option<Cow<'a, str>> {
        let text = match self {
            Self::Body { .. } => match self.in_body(document)? {
                Value::String(text) => Cow::Borrowed(text.as_str()),
                Value::Number(number) => Cow::Owned(number.to_string()),
                _ => return None,
            },
            Self::Header(name) => Cow::Borrowed(std::str::from_utf8(record.header(name)?).ok()?),
            Self::Key => Cow::Borrowed(std::str::from_utf8(record.key.as_ref()?).ok()?),
            Self::Topic => Cow::Borrowed(&**record.topic()),
        };
        Some(text).filter(|text| !text.is_empty())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body { member, below } => {
                write!(f, "body:/{}{below}", member.replace('~', "~0").replace('/', "~1"))
            }
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Key => f.write_str("key"),
            Self::Topic => f.write_str("topic"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_as_they_are_read() {
        for text in ["body:/eventType", "body:/child_id/value", "body:/a~1b~0/0", "header:event_type", "key", "topic"] {
            assert_eq!(Place::parse(text).map(|place| place.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_is_no_place_is_told_what_would_be() {
        for text in ["", "body", "body:", "body:eventType", "header:", "headers:x", "Key", "key:x", "topic:"] {
            assert!(Place::parse(text).unwrap_err().contains('`'), "{text}");
        }
    }
}
