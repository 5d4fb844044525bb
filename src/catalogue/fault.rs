//! What is wrong with an event, member by member, in words for the one who sent it.

use std::fmt;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most faults that are told of one event.
pub const FAULTS_MAX: usize = 20;

/// The most characters of a fault's message, and of its pointer.
const TEXT_CHARS_MAX: usize = 200;

/// One thing that is wrong with an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The member, as a JSON pointer; of a missing one, where it should be.
    pub pointer: String,
    /// What is wanted, and what stands there.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.pointer, self.message)
    }
}

impl Fault {
    /// Puts a validator's finding into words; `schema` is the whole schema that it checked against.
    pub(super) fn new(error: &ValidationError<'_>, schema: &Value) -> Self {
        let mut pointer = error.instance_path().as_str().to_owned();
        // The last level of a schema path is the keyword; what is wanted stands beside it.
        let place = error.schema_path().as_str();
        let node = place.rsplit_once('/').and_then(|(parent, _)| schema.pointer(parent)).unwrap_or(&Value::Null);
        let message = match error.kind() {
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                match node.get("properties").and_then(|properties| properties.get(name)).and_then(wanted) {
                    Some(wanted) => format!("is missing; it must be {wanted}"),
                    None => "is missing".to_owned(),
                }
            }
            ValidationErrorKind::Type { .. } | ValidationErrorKind::Constant { .. } => match wanted(node) {
                // The value itself may be private or huge: its kind says enough.
                Some(wanted) if node.get("const").is_some() => format!("must be {wanted}"),
                Some(wanted) => format!("must be {wanted}, not {}", kind(error.instance())),
                None => error.masked().to_string(),
            },
            _ => error.masked().to_string(),
        };
        Self::bounded(&pointer, &message)
    }

    /// A fault whose texts are cut where they are too long.
    pub fn bounded(pointer: &str, message: &str) -> Self {
        Self { pointer: shortened(pointer), message: shortened(message) }
    }
}

/// A text, or its beginning and an ellipsis.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// What a schema wants, in words.
fn wanted(schema: &Value) -> Option<String> {
    if let Some(constant) = schema.get("const") {
        return Some(constant.to_string());
    }
    let names = match schema.get("type")? {
        Value::String(name) => vec![with_article(name)],
        Value::Array(names) => names.iter().filter_map(Value::as_str).map(with_article).collect(),
        _ => return None,
    };
    Some(names.join(" or "))
}

fn with_article(name: &str) -> &str {
    match name {
        "string" => "a string",
        "number" => "a number",
        "integer" => "an integer",
        "boolean" => "a boolean",
        "array" => "an array",
        "object" => "an object",
        _ => name,
    }
}

/// What a value is, in words.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
