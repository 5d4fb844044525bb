//! The brokers behind the gateway: for each source a tail, a publisher and the dead letters' path.

use std::collections::HashMap;
use std::sync::Arc;
#[cfg(feature = "kafka")]
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Config, SourceName};
use crate::dead_letter::{self, DeadLetters, Judge};
use crate::embedded::EmbeddedLog;
use crate::health::Health;
use crate::metrics;
use crate::publish::embedded::EmbeddedPublisher;
use crate::publish::{self, Outgoing, PublishError, Publisher, Written};
use crate::source::{self, Tail};
use crate::topics::{self, TopicReport, TopicState};

/// How often topics that could not be made are tried again.
#[cfg(feature = "kafka")]
const TOPICS_RETRY: Duration = Duration::from_secs(5);

/// Every publisher, by the topic that it writes.
#[derive(Default)]
pub struct Publishers {
    by_topic: HashMap<String, Arc<dyn Publisher>>,
}

impl std::fmt::Debug for Publishers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.by_topic.keys()).finish()
    }
}

/// The records of one publisher, and where each stands in the whole.
struct Group<'a> {
    publisher: &'a Arc<dyn Publisher>,
    indexes: Vec<usize>,
    records: Vec<Outgoing>,
}

impl Publishers {
    /// Writes all records, each through its topic's source, and answers for each in the order given.
    pub async fn publish(&self, records: Vec<Outgoing>) -> Vec<Result<Written, PublishError>> {
        let topics: Vec<Arc<str>> = records.iter().map(|record| Arc::clone(&record.topic)).collect();
        let mut outcomes: Vec<Option<Result<Written, PublishError>>> = records.iter().map(|_| None).collect();
        // One call for each publisher, so that the records of one source stay in their order and share its batches.
        let mut groups: Vec<Group<'_>> = Vec::new();
        for (index, record) in records.into_iter().enumerate() {
            let Some(publisher) = self.by_topic.get(&*record.topic) else {
                outcomes[index] = Some(Err(PublishError::UnknownTopic(record.topic.to_string())));
                continue;
            };
            let known = groups.iter().position(|group| Arc::ptr_eq(group.publisher, publisher));
            let group = known.unwrap_or_else(|| {
                groups.push(Group { publisher, indexes: Vec::new(), records: Vec::new() });
                groups.len() - 1
            });
            groups[group].indexes.push(index);
            groups[group].records.push(record);
        }
        for group in groups {
            for (index, outcome) in group.indexes.into_iter().zip(group.publisher.publish(group.records).await) {
                outcomes[index] = Some(outcome);
            }
        }
        let unanswered = || Err(PublishError::Unavailable("the publisher gave no answer".to_owned()));
        let outcomes: Vec<_> = outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(unanswered)).collect();
        for (topic, outcome) in topics.iter().zip(&outcomes) {
            metrics::record_published(topic, publish::outcome(outcome));
        }
        outcomes
    }
}

impl Publisher for Publishers {
    fn publish(&self, records: Vec<Outgoing>) -> BoxFuture<'_, Vec<Result<Written, PublishError>>> {
        Box::pin(Self::publish(self, records))
    }
}

/// What the sources of a config become.
#[derive(Debug, Default)]
pub(super) struct Brokers {
    pub(super) publishers: Publishers,
    pub(super) tails: Vec<Tail>,
    /// What keeps dead letters: done when what was judged is settled.
    pub(super) keepers: TaskTracker,
    pub(super) log: Option<Arc<EmbeddedLog>>,
}

/// What every source is given.
pub(super) struct Start<'a> {
    pub(super) config: &'a Config,
    pub(super) node: &'a str,
    pub(super) health: &'a Health,
    pub(super) judge: Judge,
    pub(super) shutdown: CancellationToken,
}

impl Start<'_> {
    fn topics(&self, source: SourceName) -> Vec<String> {
        let own = self.config.read_topics().filter(|(_, topic)| self.config.source_of(topic) == source);
        own.map(|(name, _)| name.to_owned()).collect()
    }

    /// Opens the embedded log, if the config has one.
    pub(super) fn embedded(&self, brokers: &mut Brokers) -> anyhow::Result<()> {
        let Some(embedded) = &self.config.source.embedded else { return Ok(()) };
        let log = EmbeddedLog::open(&embedded.path)?;
        let topics = self.topics(SourceName::Embedded);
        report(&log.ensure_topics(&topics::specs(self.config, SourceName::Embedded))?);
        let part = self.health.required("source.embedded");
        brokers.tails.push(source::embedded::tail(&log, &topics, part, self.shutdown.clone()));
        let keeper = dead_letter::embedded::start(
            &log,
            DeadLetters::new(self.config, self.node),
            Arc::clone(&self.judge),
            self.health.optional("dead-letters.embedded"),
            self.shutdown.clone(),
        );
        brokers.keepers.spawn(async move {
            // It ends by itself when the node stops; a panic of its own was told by its part.
            let _ = keeper.await;
        });
        let publisher: Arc<dyn Publisher> =
            Arc::new(EmbeddedPublisher::new(Arc::clone(&log), self.config.limits.publish_timeout));
        brokers.publishers.by_topic.extend(topics.into_iter().map(|topic| (topic, Arc::clone(&publisher))));
        brokers.log = Some(log);
        Ok(())
    }
}

#[cfg(feature = "kafka")]
impl Start<'_> {
    /// Connects to Kafka, if the config has one. Brokers that are away do not keep the gateway from starting.
    pub(super) fn kafka(&self, brokers: &mut Brokers) -> anyhow::Result<()> {
        let Some(kafka) = &self.config.source.kafka else { return Ok(()) };
        let topics = self.topics(SourceName::Kafka);
        self.look_after_topics(kafka);
        let part = self.health.required("source.kafka");
        brokers.tails.push(source::kafka::tail::start(kafka, topics.clone(), part, self.shutdown.clone())?);
        let duty = dead_letter::kafka::Duty {
            topics: topics.clone(),
            letters: DeadLetters::new(self.config, self.node),
            judge: Arc::clone(&self.judge),
        };
        let parts = dead_letter::kafka::Parts {
            letters: self.health.optional("dead-letters.kafka"),
            start: self.health.required("dead-letters.kafka.start"),
        };
        let worker = dead_letter::kafka::start(kafka, duty, parts, self.shutdown.clone())?;
        brokers.keepers.spawn(worker.stopped());
        let publisher = crate::publish::kafka::KafkaPublisher::new(kafka, self.config.limits.publish_timeout)?;
        let publisher: Arc<dyn Publisher> = Arc::new(publisher);
        brokers.publishers.by_topic.extend(topics.into_iter().map(|topic| (topic, Arc::clone(&publisher))));
        Ok(())
    }

    /// Reports the topics, and makes the missing ones where that is asked for; tries again until the broker has answered.
    fn look_after_topics(&self, kafka: &crate::config::KafkaConfig) {
        let (kafka, specs, shutdown) =
            (kafka.clone(), topics::specs(self.config, SourceName::Kafka), self.shutdown.clone());
        tokio::spawn(async move {
            loop {
                match look(kafka.clone(), specs.clone()).await {
                    Ok(reports) => return report(&reports),
                    Err(reason) => tracing::warn!(reason, "topics could not be looked at; trying again"),
                }
                tokio::select! {
                    () = shutdown.cancelled() => return,
                    () = tokio::time::sleep(TOPICS_RETRY) => {}
                }
            }
        });
    }
}

#[cfg(feature = "kafka")]
async fn look(kafka: crate::config::KafkaConfig, specs: Vec<topics::TopicSpec>) -> Result<Vec<TopicReport>, String> {
    if kafka.create_topics {
        topics::kafka::apply(&kafka, &specs).await
    } else {
        topics::kafka::list(&kafka, &specs).await
    }
}

/// Says once what became of each topic.
fn report(reports: &[TopicReport]) {
    for report in reports {
        match &report.state {
            TopicState::Created => tracing::info!(topic = report.name, "topic made"),
            TopicState::Present => {}
            TopicState::Differs { differences } => {
                tracing::warn!(
                    topic = report.name,
                    differences = differences.join("; "),
                    "topic has other settings; left alone"
                );
            }
            TopicState::Missing => {
                tracing::warn!(
                    topic = report.name,
                    "topic is missing; `sluice topics apply` or create_topics makes it"
                );
            }
            TopicState::Failed { reason } => {
                tracing::warn!(topic = report.name, reason, "topic could not be looked at")
            }
        }
    }
}
