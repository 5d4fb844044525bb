//! Conditions in SQL-92's manner, as JMS message selectors have them: `severity IN ('high','critical') AND amount > 100`.
//!
//! A selector comes from a client as well as from the config, so its cost is bounded when it is read: in length, depth
//! and number of parts, and no part looks at a text more than once.
//!
//! # The language
//!
//! - Literals: `'text'` (`''` is a quote), `100`, `2.5`, `1e3`, `TRUE`, `FALSE`.
//! - Names: letters, digits, `_`, `$` and `.`, not beginning with a digit. A hyphen between a name's character and a letter
//!   belongs to the name, so `event-type = 'x'` works; a subtraction of two names takes blanks: `a - b`. Any other name
//!   stands in double quotes (`""` is a quote); one that begins with `/` is a JSON pointer: `"/shop/id"`.
//! - `=`, `<>`, `<`, `<=`, `>`, `>=`, `+`, `-`, `*`, `/`, `AND`, `OR`, `NOT`, `[NOT] BETWEEN … AND …`, `[NOT] IN (…)`,
//!   `[NOT] LIKE '…' [ESCAPE '…']` (`%` any run of characters, `_` one), `IS [NOT] NULL`, parentheses. The case of keywords
//!   does not matter.
//! - What is absent is NULL. What is compared or calculated with NULL is unknown, and an unknown condition does not hold.
//! - Only numbers have an order. A comparison of two types is false, `<>` too. Two whole numbers of 64 bits are compared
//!   exactly, all others as floating point. A division that leaves a rest is done in floating point, because JSON
//!   writers drop a `.0` as they please; a result that is no number (a division by zero) is NULL.

mod condition;
mod evaluate;
mod event;
mod expression;
mod like;
mod parse;
#[cfg(test)]
mod tests;
mod token;

use std::borrow::Cow;

use serde_json::Value;

use expression::Expression;

pub use condition::Condition;
pub use event::event_value;

/// The longest selector, in octets.
pub const BYTES_MAX: usize = 4 * 1024;

/// How deep parentheses, `NOT` and signs may be nested.
pub const DEPTH_MAX: usize = 32;

/// How many literals, names and operators a selector may have.
pub const NODES_MAX: usize = 256;

/// Why a text is no selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}")]
pub struct SelectorError {
    /// Where it went wrong: the number of the character, from 1.
    pub column: usize,
    /// What was expected there.
    pub message: String,
}

/// What a name stands for. An absent value is no operand at all.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand<'value> {
    /// A text.
    Text(Cow<'value, str>),
    /// A whole number of 64 bits.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// Something that is there but cannot be compared: an object, a list, octets that are no text.
    Other,
}

impl<'value> Operand<'value> {
    /// A JSON value as an operand; `null` is none.
    pub fn from_json(value: &'value Value) -> Option<Self> {
        Some(match value {
            Value::Null => return None,
            Value::Bool(truth) => Self::Boolean(*truth),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Self::Integer(whole),
                (None, Some(float)) => Self::Float(float),
                (None, None) => Self::Other,
            },
            Value::String(text) => Self::Text(Cow::Borrowed(text)),
            Value::Array(_) | Value::Object(_) => Self::Other,
        })
    }
}

/// A condition that has been read.
#[derive(Clone, Debug)]
pub struct Selector {
    condition: Expression,
}

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    /// The first place where the text leaves the language, and what was expected there.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        parse::parse(text).map(|condition| Self { condition })
    }

    /// Whether the condition holds; `lookup` says what a name stands for, `None` being NULL. Unknown does not hold.
    pub fn matches<'value>(&self, lookup: &dyn Fn(&str) -> Option<Operand<'value>>) -> bool {
        self.condition.truth(lookup) == Some(true)
    }
}
