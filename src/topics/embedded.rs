//! Topics of the embedded log, for the command line: the log must not be in use.

use super::{TopicReport, TopicState, specs};
use crate::config::{Config, SourceName};
use crate::embedded::{EmbeddedError, EmbeddedLog};

/// What the topics of the config are, without changing anything: a log that is not there is not made.
///
/// # Errors
/// When the log is in use or cannot be opened.
pub fn list(config: &Config) -> Result<Vec<TopicReport>, EmbeddedError> {
    let path = config.source.embedded.clone().unwrap_or_default().path;
    let specs = specs(config, SourceName::Embedded);
    if !EmbeddedLog::is_at(&path) {
        let missing = |name| TopicReport { name, partitions: 0, records: 0, state: TopicState::Missing };
        return Ok(specs.into_iter().map(|spec| missing(spec.name)).collect());
    }
    let log = EmbeddedLog::open(&path)?;
    let reports = log.report(&specs);
    log.close();
    reports
}

/// Makes the topics of the config that are missing.
///
/// # Errors
/// When the log is in use, or cannot be opened or written.
pub fn apply(config: &Config) -> Result<Vec<TopicReport>, EmbeddedError> {
    let log = EmbeddedLog::open(&config.source.embedded.clone().unwrap_or_default().path)?;
    let reports = log.ensure_topics(&specs(config, SourceName::Embedded));
    log.close();
    reports
}
