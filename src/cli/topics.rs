//! `sluice topics`: what there is, and making what is missing.

use std::process::ExitCode;

use super::{ANSWER_IS_NO, TopicsAction, check};
use crate::config::Config;
use crate::topics::{self, TopicReport, TopicState};

pub(super) fn run(action: &TopicsAction) -> anyhow::Result<ExitCode> {
    let (argument, apply) = match action {
        TopicsAction::List(argument) => (argument, false),
        TopicsAction::Apply(argument) => (argument, true),
    };
    let config = match check::read(argument) {
        Ok(config) => config,
        Err(problems) => {
            check::print(&problems);
            return Ok(ExitCode::from(ANSWER_IS_NO));
        }
    };
    let reports = reports(&config, apply)?;
    print(&reports);
    let fine = |report: &TopicReport| matches!(report.state, TopicState::Created | TopicState::Present);
    Ok(if reports.iter().all(fine) { ExitCode::SUCCESS } else { ExitCode::from(ANSWER_IS_NO) })
}

fn reports(config: &Config, apply: bool) -> anyhow::Result<Vec<TopicReport>> {
    let mut reports = Vec::new();
    if config.source.embedded.is_some() {
        let look = if apply { topics::embedded::apply } else { topics::embedded::list };
        reports.extend(look(config)?);
    }
    #[cfg(feature = "kafka")]
    if let Some(kafka) = &config.source.kafka {
        let specs = topics::specs(config, crate::config::SourceName::Kafka);
        let looked = tokio::runtime::Runtime::new()?.block_on(async {
            if apply { topics::kafka::apply(kafka, &specs).await } else { topics::kafka::list(kafka, &specs).await }
        });
        reports.extend(looked.map_err(anyhow::Error::msg)?);
    }
    Ok(reports)
}

fn print(reports: &[TopicReport]) {
    let width = reports.iter().map(|report| report.name.len()).max().unwrap_or(0).max("topic".len());
    println!("{:width$}  partitions     records  state", "topic");
    for report in reports {
        let state = match &report.state {
            TopicState::Created => "created".to_owned(),
            TopicState::Present => "as the config says".to_owned(),
            TopicState::Differs { differences } => format!("differs: {}", differences.join("; ")),
            TopicState::Missing => "missing".to_owned(),
            TopicState::Failed { reason } => format!("failed: {reason}"),
        };
        println!("{:width$}  {:>10}  {:>10}  {state}", report.name, report.partitions, report.records);
    }
}
