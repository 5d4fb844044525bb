//! Why a record is no event. Each reason is a name on dead letters, in metrics and in the docs.

use crate::catalogue::Fault;

/// Why a record is no event: always the record's own fault, so the same record would be refused again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A tombstone, or a body of no octets.
    #[error("the record has no body")]
    Empty,
    /// The body is no text.
    #[error("the body is not UTF-8: octet {offset} begins no character")]
    NotUtf8 {
        /// The first octet that is wrong, counted from 0.
        offset: usize,
    },
    /// The body is no JSON.
    #[error("the body is not JSON: {message} at line {line} column {column}")]
    NotJson {
        /// What the parser stumbled over.
        message: String,
        /// Where, counted from 1.
        line: usize,
        /// Where in the line, counted from 1.
        column: usize,
    },
    /// The body is JSON and goes on after it.
    #[error("the body goes on after its JSON object, at line {line} column {column}")]
    TrailingBytes {
        /// Where, counted from 1.
        line: usize,
        /// Where in the line, counted from 1.
        column: usize,
    },
    /// Objects and arrays within each other, more than the parser follows.
    #[error(
        "the body's objects and arrays stand within each other more than 127 levels deep, at line {line} column {column}"
    )]
    TooDeep {
        /// Where, counted from 1.
        line: usize,
        /// Where in the line, counted from 1.
        column: usize,
    },
    /// The body is JSON of another kind.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// None of the places holds a type.
    #[error("the record has no type: there is no text in {places}")]
    MissingType {
        /// Where it was looked for, as in the config.
        places: String,
    },
    /// The topic carries known types only, and this is none.
    #[error("`{event_type}` is no type that the catalogue knows")]
    UnknownType {
        /// The type, cut where it is too long.
        event_type: String,
    },
    /// The event is not as its type must be.
    #[error("the event is no valid `{event_type}`: {}", told(.faults))]
    Invalid {
        /// The type, cut where it is too long.
        event_type: String,
        /// What is wrong, at most [`FAULTS_MAX`](crate::catalogue::FAULTS_MAX).
        faults: Vec<Fault>,
    },
}

/// Every reason and what it means, for docs and metrics.
pub const REASONS: [(&str, &str); 8] = [
    ("empty", "the record has no body: a tombstone, or no octets"),
    ("not-utf8", "the body is not UTF-8"),
    ("not-json", "the body is not JSON, or goes on after it"),
    ("too-deep", "the body's objects and arrays stand within each other more than 127 levels deep"),
    ("not-an-object", "the body is JSON, but not an object"),
    ("missing-type", "none of the places in the topic's `decode.type` holds a type"),
    ("unknown-type", "the topic's catalogue is strict, and the type is not in it"),
    ("invalid", "the event is not as its type must be: the faults name each member"),
];

impl DecodeError {
    /// The reason's name, one of [`REASONS`].
    pub const fn reason(&self) -> &'static str {
        let index = match self {
            Self::Empty => 0,
            Self::NotUtf8 { .. } => 1,
            Self::NotJson { .. } | Self::TrailingBytes { .. } => 2,
            Self::TooDeep { .. } => 3,
            Self::NotAnObject => 4,
            Self::MissingType { .. } => 5,
            Self::UnknownType { .. } => 6,
            Self::Invalid { .. } => 7,
        };
        REASONS[index].0
    }

    /// What is wrong with the event, member by member; empty for every other reason.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::Invalid { faults, .. } => faults,
            _ => &[],
        }
    }
}

fn told(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("; ")
}
