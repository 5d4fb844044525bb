//! What is wrong in a config, and at which key.

use std::borrow::Cow;
use std::fmt;

/// One thing that is wrong in the config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, as `limits.heartbeat` or `route[2].channel` (the first route is `route[0]`). Empty where it is the whole
    /// file.
    pub key: String,
    /// What stands there, as it is written in the file; secrets as `…`. Empty where nothing does.
    pub value: String,
    /// Why it is wrong, and what would be right.
    pub message: String,
}

impl Problem {
    /// A problem of that key.
    pub fn new(key: impl Into<String>, value: impl Into<String>, message: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into(), message: message.into() }
    }
}

impl fmt::Display for Problem {
    /// One line: `limits.heartbeat = "10": must be a duration`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, message } = self;
        match (key.is_empty(), value.is_empty()) {
            (false, false) => write!(f, "{key} = {value}: {message}"),
            (true, true) => f.write_str(message),
            _ => write!(f, "{key}{value}: {message}"),
        }
    }
}

/// Everything that is wrong in the config.
#[derive(Debug)]
pub struct ConfigError(pub Vec<Problem>);

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the config has 1 problem")?,
            count => write!(f, "the config has {count} problems")?,
        }
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// One step down into the config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Into a table.
    Key(String),
    /// Into a list.
    Index(usize),
}

/// Where a value stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeyPath(Vec<Step>);

impl KeyPath {
    /// One step deeper, by name.
    pub(super) fn key(&self, name: &str) -> Self {
        self.step(Step::Key(name.to_owned()))
    }

    /// One step deeper, by number.
    pub(super) fn index(&self, index: usize) -> Self {
        self.step(Step::Index(index))
    }

    /// One step deeper.
    pub(super) fn step(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// All steps.
    pub(super) fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The names on the way; numbers are passed over.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|step| match step {
            Step::Key(name) => Some(name.as_str()),
            Step::Index(_) => None,
        })
    }

    /// The place that holds this one, and the last step to here.
    pub(super) fn split_last(&self) -> Option<(Self, &Step)> {
        self.0.split_last().map(|(last, rest)| (Self(rest.to_vec()), last))
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(name) if position == 0 => f.write_str(&quoted(name))?,
                Step::Key(name) => write!(f, ".{}", quoted(name))?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// A name as TOML writes it in a key: bare, or in quotes where it has to be.
pub(super) fn quoted(name: &str) -> Cow<'_, str> {
    let bare = !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet));
    if bare { Cow::Borrowed(name) } else { Cow::Owned(text(name)) }
}

/// A text as TOML writes it, short enough for one line.
pub(super) fn text(value: &str) -> String {
    const CHARACTERS_MAX: usize = 80;
    let short: String = value.chars().take(CHARACTERS_MAX).collect();
    let ellipsis = if short.len() < value.len() { "…" } else { "" };
    // JSON's escapes are among TOML's, and leave no line break.
    format!("{}{ellipsis}", serde_json::Value::String(short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_as_toml_writes_keys() {
        let place = KeyPath::default().key("topics").key("a.b").key("decode").key("type").index(1);
        assert_eq!(place.to_string(), r#"topics."a.b".decode.type[1]"#);
    }

    #[test]
    fn a_problem_is_one_line() {
        assert_eq!(Problem::new("a.b", "1", "no").to_string(), "a.b = 1: no");
        assert_eq!(Problem::new("a.b", "", "no").to_string(), "a.b: no");
        assert_eq!(Problem::new("", "", "no").to_string(), "no");
        assert!(!Problem::new("a", text("one\ntwo"), "no").to_string().contains('\n'));
    }
}
