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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load_text;

    fn states(reports: Result<Vec<TopicReport>, EmbeddedError>) -> Vec<(String, i32, TopicState)> {
        reports.unwrap().into_iter().map(|report| (report.name, report.partitions, report.state)).collect()
    }

    #[test]
    fn list_changes_nothing_and_apply_makes_what_is_missing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        let text = format!(
            "[source.embedded]\npath = {path:?}\n[topics.orders]\npartitions = 3\ndead_letter = \"orders-dlq\""
        );
        let config = load_text(&text).unwrap();
        let both = |partitions: i32, dead_letters: i32, state: TopicState| {
            [("orders".to_owned(), partitions, state.clone()), ("orders-dlq".to_owned(), dead_letters, state)]
        };
        assert_eq!(states(list(&config)), both(0, 0, TopicState::Missing));
        assert!(!path.exists());
        assert_eq!(states(apply(&config)), both(3, 1, TopicState::Created));
        assert_eq!(states(apply(&config)), both(3, 1, TopicState::Present));
        assert_eq!(states(list(&config)), both(3, 1, TopicState::Present));
        let _running = EmbeddedLog::open(&path).unwrap();
        assert!(matches!(list(&config), Err(EmbeddedError::InUse(_))));
        assert!(matches!(apply(&config), Err(EmbeddedError::InUse(_))));
    }
}
