//! Looks at the topics on Kafka and makes those that are missing.

use std::collections::HashMap;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::types::RDKafkaErrorCode;

use super::{TopicReport, TopicSpec, TopicState};
use crate::config::KafkaConfig;
use crate::source::kafka::SourceError;
use crate::source::kafka::client::{self, Reports};
use crate::source::kafka::ffi::{TopicDescription, TopicQuery};

/// How long the brokers have for one answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a topic that was made may take to be there.
const MAKE_TIMEOUT: Duration = Duration::from_secs(15);

/// How long all partitions of all topics may take to tell how many records they hold; those that are late count as empty.
const COUNT_TIMEOUT: Duration = Duration::from_secs(15);

/// Looks at each topic and makes none.
///
/// # Errors
/// When the brokers do not answer, or librdkafka does not take the settings.
pub async fn list(config: &KafkaConfig, specs: &[TopicSpec]) -> Result<Vec<TopicReport>, String> {
    look(&admin(config)?, config, specs).await
}

/// Makes the topics that are missing; one that is there with other settings is reported and left alone.
///
/// # Errors
/// When the brokers do not answer, or librdkafka does not take the settings.
pub async fn apply(config: &KafkaConfig, specs: &[TopicSpec]) -> Result<Vec<TopicReport>, String> {
    let admin = admin(config)?;
    let mut reports = look(&admin, config, specs).await?;
    let missing: Vec<_> = specs
        .iter()
        .filter(|spec| reports.iter().any(|report| report.name == spec.name && report.state == TopicState::Missing))
        .collect();
    if missing.is_empty() {
        return Ok(reports);
    }
    let made = make(&admin, config, &missing).await?;
    for report in &mut reports {
        match made.get(&report.name) {
            None => {}
            Some(Ok(partitions)) => {
                report.partitions = *partitions;
                report.state = TopicState::Created;
            }
            // Another node was faster; what it made is looked at like any other.
            Some(Err(RDKafkaErrorCode::TopicAlreadyExists)) => {
                let spec: Vec<_> = specs.iter().filter(|spec| spec.name == report.name).cloned().collect();
                if let Some(seen) = look(&admin, config, &spec).await?.pop() {
                    *report = seen;
                }
            }
            Some(Err(code)) => report.state = TopicState::Failed { reason: code.to_string() },
        }
    }
    Ok(reports)
}

type Admin = AdminClient<Reports>;
type Asking = BaseConsumer<Reports>;

fn admin(config: &KafkaConfig) -> Result<Admin, String> {
    let settings = client::settings(config, &[], &[]);
    settings.create_with_context(Reports::default()).map_err(|err| SourceError::from(err).to_string())
}

/// A client that reads nothing and joins nothing; unlike an admin client it tells why brokers cannot be reached.
fn asking(config: &KafkaConfig) -> Result<Asking, String> {
    let mut settings = client::settings(config, &[], &[("allow.auto.create.topics", "false")]);
    settings.remove("group.id");
    settings.create_with_context(Reports::default()).map_err(|err| SourceError::from(err).to_string())
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(ANSWER_TIMEOUT)).operation_timeout(Some(MAKE_TIMEOUT))
}

async fn look(admin: &Admin, config: &KafkaConfig, specs: &[TopicSpec]) -> Result<Vec<TopicReport>, String> {
    let names: Vec<String> = specs.iter().map(|spec| spec.name.clone()).collect();
    let brokers = config.brokers.join(", ");
    // These calls of librdkafka hold their thread until the brokers have answered.
    let seen = tokio::task::spawn_blocking({
        let asking = asking(config)?;
        move || {
            let described =
                describe(&asking, &names).map_err(|err| format!("Kafka at {brokers} does not answer: {err}"))?;
            let records = count_records(&asking, &described);
            Ok::<_, String>((described, records))
        }
    });
    let (described, records) = seen.await.map_err(|err| err.to_string())??;
    let present = described.iter().filter(|topic| topic.outcome.is_ok());
    let settings = settings_of(admin, present.map(|topic| topic.name.as_str())).await;
    Ok(specs
        .iter()
        .map(|spec| {
            let outcome = described.iter().find(|topic| topic.name == spec.name).map(|topic| &topic.outcome);
            let (partitions, state) = match outcome {
                Some(Ok(topic)) => (topic.partitions, compare(spec, topic.partitions, settings.get(&spec.name))),
                Some(Err(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic)) | None => {
                    (0, TopicState::Missing)
                }
                Some(Err(code)) => (0, TopicState::Failed { reason: code.to_string() }),
            };
            let records = records.get(&spec.name).copied().unwrap_or_default();
            TopicReport { name: spec.name.clone(), partitions, records, state }
        })
        .collect())
}

fn describe(asking: &Asking, names: &[String]) -> Result<Vec<TopicDescription>, String> {
    let mut names = names.to_vec();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = TopicQuery::new(asking.client().native_client());
    query.ask(&names, ANSWER_TIMEOUT);
    let answer = query.answer(ANSWER_TIMEOUT * 2).unwrap_or_else(|| Err("no answer in time".to_owned()));
    answer.map_err(|err| {
        // Hands the waiting reports over; there is nothing to be read.
        let _ = asking.poll(Duration::from_millis(10));
        asking.context().last_error().unwrap_or(err)
    })
}

fn count_records(asking: &Asking, described: &[TopicDescription]) -> HashMap<String, u64> {
    let deadline = std::time::Instant::now() + COUNT_TIMEOUT;
    let mut counts = HashMap::new();
    for topic in described {
        let Ok(identity) = &topic.outcome else { continue };
        let led = (0..identity.partitions).filter(|number| !identity.leaderless.contains(number));
        let records = led.map(|number| {
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            match asking.fetch_watermarks(&topic.name, number, left) {
                Ok((low, high)) => u64::try_from(high - low).unwrap_or_default(),
                Err(err) => {
                    tracing::warn!(topic = topic.name, partition = number, "its records cannot be counted: {err}");
                    0
                }
            }
        });
        counts.insert(topic.name.clone(), records.sum());
    }
    counts
}

/// Each topic's settings, or why the brokers do not tell them.
async fn settings_of<'a>(
    admin: &Admin,
    names: impl Iterator<Item = &'a str>,
) -> HashMap<String, Result<ConfigResource, String>> {
    let names: Vec<_> = names.collect();
    if names.is_empty() {
        return HashMap::new();
    }
    let resources: Vec<_> = names.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
    let described: Vec<_> = match admin.describe_configs(&resources, &options()).await {
        Ok(described) => described.into_iter().map(|result| result.map_err(|code| code.to_string())).collect(),
        Err(err) => names.iter().map(|_| Err(err.to_string())).collect(),
    };
    // The answers come in the order asked.
    names.into_iter().map(str::to_owned).zip(described).collect()
}

fn compare(spec: &TopicSpec, partitions: i32, settings: Option<&Result<ConfigResource, String>>) -> TopicState {
    let settings = match settings {
        Some(Ok(settings)) => settings,
        Some(Err(reason)) => return TopicState::Failed { reason: format!("its settings cannot be read: {reason}") },
        None => return TopicState::Failed { reason: "its settings were not told".to_owned() },
    };
    let setting = |name| settings.get(name).and_then(|entry| entry.value.as_deref()).unwrap_or("nothing");
    let mut differences = Vec::new();
    let mut expect = |name: &str, is: &str, wanted: &str| {
        if is != wanted {
            differences.push(format!("{name}: {is} instead of {wanted}"));
        }
    };
    expect("partitions", &partitions.to_string(), &spec.partitions.to_string());
    expect("retention.ms", setting("retention.ms"), &spec.retention.as_millis().to_string());
    expect("cleanup.policy", setting("cleanup.policy"), spec.cleanup.name());
    if differences.is_empty() { TopicState::Present } else { TopicState::Differs { differences } }
}

async fn make(
    admin: &Admin,
    config: &KafkaConfig,
    specs: &[&TopicSpec],
) -> Result<HashMap<String, Result<i32, RDKafkaErrorCode>>, String> {
    let retentions: Vec<_> = specs.iter().map(|spec| spec.retention.as_millis().to_string()).collect();
    // Kafka takes -1 for the broker's own default.
    let replication = if config.replication > 0 { config.replication } else { -1 };
    let topics: Vec<_> = specs
        .iter()
        .zip(&retentions)
        .map(|(spec, retention)| {
            NewTopic::new(&spec.name, spec.partitions, TopicReplication::Fixed(replication))
                .set("retention.ms", retention)
                .set("cleanup.policy", spec.cleanup.name())
        })
        .collect();
    let results = admin.create_topics(&topics, &options()).await.map_err(|err| {
        let names: Vec<_> = specs.iter().map(|spec| spec.name.as_str()).collect();
        format!("the topics {} could not be made: {err}", names.join(", "))
    })?;
    let partitions: HashMap<_, _> = specs.iter().map(|spec| (spec.name.as_str(), spec.partitions)).collect();
    Ok(results
        .into_iter()
        .map(|result| match result {
            Ok(name) => {
                let partitions = partitions.get(name.as_str()).copied().unwrap_or_default();
                (name, Ok(partitions))
            }
            Err((name, code)) => (name, Err(code)),
        })
        .collect())
}
