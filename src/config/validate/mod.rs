//! What a config of the right shape can still have wrong. Templates, conditions, globs and patterns are checked by the
//! modules that read them.

mod auth;
mod limits;
mod listeners;
mod rules;
mod source;
#[cfg(test)]
mod tests;
mod topics;

use super::Config;
use super::problem::{Problem, text};

/// A problem, and what it was held against.
#[derive(Debug)]
pub(super) struct Finding {
    /// What is wrong.
    pub(super) problem: Problem,
    /// The other keys without which it would not be one.
    pub(super) beside: Vec<String>,
}

/// Everything that is wrong, as far as the config alone (and the key files that it names) can tell.
pub fn problems(config: &Config) -> Vec<Problem> {
    findings(config).into_iter().map(|finding| finding.problem).collect()
}

/// The same, and what each was held against.
pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let mut findings = Findings::default();
    listeners::check(config, &mut findings);
    auth::check(&config.auth, &mut findings);
    source::check(&config.source, &mut findings);
    topics::check(config, &mut findings);
    rules::check_routes(config, &mut findings);
    rules::check_access(config, &mut findings);
    limits::check(config, &mut findings);
    findings.0
}

/// What was found so far.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    /// One value is wrong in itself.
    fn add(&mut self, key: impl Into<String>, value: impl Into<String>, message: impl Into<String>) {
        self.add_beside(Problem::new(key, value, message), &[]);
    }

    /// One value is wrong because of others.
    fn add_beside(&mut self, problem: Problem, beside: &[&str]) {
        let beside = beside.iter().map(|&key| key.to_owned()).collect();
        self.0.push(Finding { problem, beside });
    }

    /// A text is empty that means something when it is there.
    fn not_empty(&mut self, key: &str, value: Option<&str>) {
        if value.is_some_and(|value| value.trim().is_empty()) {
            self.add(key, text(value.unwrap_or_default()), "is empty; write something, or leave the key out");
        }
    }
}
