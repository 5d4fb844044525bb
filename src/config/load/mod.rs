//! Reads `sluice.toml` and the environment, and tells every problem at once.

mod environment;
mod redact;
mod schema;
mod shape;
mod syntax;
#[cfg(test)]
mod tests;
pub(super) mod unknown;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use super::problem::{ConfigError, Problem, text};
use super::validate::{self, Finding};
use super::{Config, EmbeddedConfig};

/// What the parts of the gateway find wrong in a config that has the right shape.
pub type Check = fn(&Config) -> Vec<Problem>;

/// Reads a config file (none: an empty one) and the environment's `SLUICE__SECTION__KEY` over it.
///
/// # Errors
/// All problems of the file and the environment together, and those that `check` finds.
pub fn load(path: Option<&Path>, check: Check) -> Result<Config, ConfigError> {
    let Some(path) = path else { return load_preset("", check) };
    match std::fs::read_to_string(path) {
        Ok(text) => load_preset(&text, check),
        Err(err) => {
            let shown = text(&path.display().to_string());
            Err(ConfigError(vec![Problem::new("", shown, format!("the config file cannot be read: {err}"))]))
        }
    }
}

/// Reads a config from its text, and the environment's `SLUICE__SECTION__KEY` over it: for presets that are no file.
///
/// # Errors
/// All problems of the text and the environment together, and those that `check` finds.
pub fn load_preset(text: &str, check: Check) -> Result<Config, ConfigError> {
    load_from(text, environment::variables(), check)
}

/// Reads a config from its text alone, without the environment.
///
/// # Errors
/// All problems together.
pub fn load_text(text: &str) -> Result<Config, ConfigError> {
    load_from(text, Vec::new(), |_| Vec::new())
}

fn load_from(text: &str, variables: Vec<(String, OsString)>, check: Check) -> Result<Config, ConfigError> {
    let mut root = syntax::parse(text).map_err(ConfigError)?;
    let mut problems = Vec::new();
    let variables = environment::overlay(&mut root, variables, &mut problems);
    let mut shaped = shape::read(toml::Value::Table(root));
    problems.append(&mut shaped.problems);
    if let Some(config) = &mut shaped.config {
        if config.source.kafka.is_none() && config.source.embedded.is_none() {
            config.source.embedded = Some(EmbeddedConfig::default());
        }
        let mut findings = validate::findings(config);
        for problem in check(config) {
            // What is told of a key already is not told again in other words.
            if findings.iter().all(|finding| finding.problem.key != problem.key) {
                findings.push(Finding { problem, beside: Vec::new() });
            }
        }
        let findings = findings.into_iter();
        problems.extend(findings.filter(|finding| is_sound(finding, &shaped.stand_ins)).map(|finding| finding.problem));
    }
    match shaped.config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => {
            add_origins(&mut problems, text, &variables);
            Err(ConfigError(problems))
        }
    }
}

/// Every key there is, as `limits.heartbeat`, `topics.*.key` or `route[].channel`.
pub(super) fn all_keys() -> Vec<String> {
    let mut keys = Vec::new();
    schema::Node::root().all_keys("", &mut keys);
    keys
}

/// Whether a finding is about what the user wrote: nothing that it speaks of is a stand-in for a wrong value.
fn is_sound(finding: &Finding, stand_ins: &[String]) -> bool {
    let keys = std::iter::once(&finding.problem.key).chain(&finding.beside);
    keys.into_iter().all(|key| {
        stand_ins.iter().all(|stand_in| {
            let below = |inner: &str, outer: &str, marks: &[char]| {
                inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(marks))
            };
            // A list with a wrong item is itself not known as a whole.
            !below(key, stand_in, &['.', '[']) && !below(stand_in, key, &['['])
        })
    })
}

/// Says of each problem where its value was written, and puts them in the order of the file.
fn add_origins(problems: &mut [Problem], text: &str, variables: &BTreeMap<String, String>) {
    let lines = syntax::lines(text);
    problems.sort_by_key(|problem| origin(&problem.key, |key| lines.get(key).copied()).unwrap_or(usize::MAX));
    for problem in problems {
        // The innermost of the two: a variable may set one key of a section that the file begins.
        let said = origin(&problem.key, |key| match (variables.get(key), lines.get(key)) {
            (Some(variable), _) => Some(format!(" (set by {variable})")),
            (None, Some(line)) => Some(format!(" (line {line})")),
            (None, None) => None,
        });
        problem.message.push_str(&said.unwrap_or_default());
    }
}

/// What is known of the key, or of the innermost that holds it.
fn origin<T>(key: &str, known: impl Fn(&str) -> Option<T>) -> Option<T> {
    let mut key = key;
    while !key.is_empty() {
        if let Some(known) = known(key) {
            return Some(known);
        }
        key = key.rfind(['.', '[']).map_or("", |end| &key[..end]);
    }
    None
}
