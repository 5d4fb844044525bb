//! A selector together with the text that it was read from.

use super::{Operand, Selector, SelectorError};

/// A selector and its text: two of one text are one condition, so that it is evaluated once for both.
#[derive(Clone, Debug)]
pub struct Condition {
    text: Box<str>,
    selector: Selector,
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// The first place where the text leaves the language, and what was expected there.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        Ok(Self { text: text.into(), selector: Selector::parse(text)? })
    }

    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds; `lookup` says what a name stands for. Unknown does not hold.
    pub fn holds<'value>(&self, lookup: &dyn Fn(&str) -> Option<Operand<'value>>) -> bool {
        self.selector.matches(lookup)
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Condition {}
