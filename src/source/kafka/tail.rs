//! The live tail: one thread that reads every partition of every topic, from now on, in no group.
//!
//! It outlives the brokers: while they are away it says so and goes on where it was when they are back.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::SourceError;
use super::client::{self, Reports, Settings};
use super::ffi::{TopicDescription, TopicQuery};
use super::follow::Followed;
use super::watch::Watch;
use crate::config::KafkaConfig;
use crate::health::Part;
use crate::metrics;
use crate::record::Record;
use crate::source::{BATCH_RECORDS_MAX, Tail};

/// How often the brokers are asked for the topics while all is well; a new partition is found within that time.
const ASK_INTERVAL: Duration = Duration::from_secs(3);

/// How often they are asked while something is wrong.
const ASK_AGAIN_INTERVAL: Duration = Duration::from_millis(500);

/// How long the brokers have to answer.
const ASK_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the first contact waits for the cluster's name, which comes with every answer.
const CLUSTER_TIMEOUT: Duration = Duration::from_secs(2);

/// How long the reader waits for a record before it looks around.
const POLL: Duration = Duration::from_millis(100);

/// How long the node stays unready for partitions that nobody leads; after that it starts without them.
const LEADER_PATIENCE: Duration = Duration::from_secs(15);

/// Records this much older than the last contact count as unread where only their time can tell.
const CLOCK_MARGIN_MS: i64 = 10_000;

const DEFAULTS: Settings<'static> = &[
    // librdkafka wants a name to assign by; nobody joins that group and nothing is committed to it.
    ("group.id", "sluice-live"),
    ("fetch.queue.backoff.ms", "10"),
    ("queued.min.messages", "10000"),
    ("queued.max.messages.kbytes", "16384"),
    ("receive.message.max.bytes", "67108864"),
    ("statistics.interval.ms", "3000"),
];

const FIXED: Settings<'static> = &[
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    // Any other value passes over lost records without a word.
    ("auto.offset.reset", "error"),
    ("check.crcs", "true"),
    ("isolation.level", "read_committed"),
    ("allow.auto.create.topics", "false"),
    ("enable.partition.eof", "false"),
];

/// Starts to read the topics. `part` is up once the end of every partition is known: whatever is written after that is
/// read.
///
/// # Errors
/// When librdkafka does not take the settings. Brokers that cannot be reached are waited for.
pub fn start(
    config: &KafkaConfig,
    mut topics: Vec<String>,
    part: Part,
    shutdown: CancellationToken,
) -> Result<Tail, SourceError> {
    topics.sort();
    topics.dedup();
    let consumer: BaseConsumer<Reports> =
        client::settings(config, DEFAULTS, FIXED).create_with_context(Reports::default())?;
    let (batches, tail) = Tail::new();
    let link = Link { part, brokers: config.brokers.join(", "), is_up: None };
    std::thread::Builder::new().name("kafka-tail".to_owned()).spawn(move || {
        Reader::new(&consumer, topics, link, batches).run(&shutdown);
    })?;
    Ok(tail)
}

/// The state of the connection, told to people and metrics when it changes.
struct Link {
    part: Part,
    brokers: String,
    is_up: Option<bool>,
}

impl Link {
    fn up(&mut self) {
        if self.is_up != Some(true) {
            tracing::info!(brokers = self.brokers, "reading from Kafka");
            metrics::source_connected("kafka", true);
        }
        self.is_up = Some(true);
        self.part.up();
    }

    fn down(&mut self, reason: &str) {
        let detail = format!("Kafka at {}: {reason}", self.brokers);
        if self.is_up != Some(false) {
            tracing::error!("{detail}");
            metrics::source_connected("kafka", false);
        }
        self.is_up = Some(false);
        self.part.down(detail);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        metrics::source_connected("kafka", false);
        self.part.down("the reader has stopped");
    }
}

struct Reader<'a> {
    consumer: &'a BaseConsumer<Reports>,
    // Goes before the channel: who sees the end of the tail sees its reason too.
    link: Link,
    batches: mpsc::Sender<Vec<Record>>,
    topics: Vec<String>,
    watch: Watch,
    followed: Followed<'a>,
    query: TopicQuery<'a>,
    ask_at: Instant,
    /// None before the first contact; empty where the cluster has no name.
    cluster: Option<Arc<str>>,
    first_contact: Option<Instant>,
    last_contact_ms: i64,
    leaderless: HashSet<(String, i32)>,
    /// Whether some partition's next record is no longer there.
    has_lost_position: bool,
    /// What the brokers refuse to hand out.
    refusal: Option<String>,
}

impl<'a> Reader<'a> {
    fn new(
        consumer: &'a BaseConsumer<Reports>,
        topics: Vec<String>,
        link: Link,
        batches: mpsc::Sender<Vec<Record>>,
    ) -> Self {
        Self {
            consumer,
            link,
            batches,
            watch: Watch::new(&topics),
            topics,
            followed: Followed::new(consumer),
            query: TopicQuery::new(consumer.client().native_client()),
            ask_at: Instant::now(),
            cluster: None,
            first_contact: None,
            last_contact_ms: 0,
            leaderless: HashSet::new(),
            has_lost_position: false,
            refusal: None,
        }
    }

    fn run(mut self, shutdown: &CancellationToken) {
        if self.topics.is_empty() {
            self.link.up();
        }
        while !shutdown.is_cancelled() && !self.batches.is_closed() {
            self.look_around();
            let batch = self.read_batch();
            if batch.is_empty() {
                continue;
            }
            count_by_topic(&batch);
            if self.batches.blocking_send(batch).is_err() {
                return;
            }
        }
    }

    /// Everything but reading: asks about the topics, takes answers and reports in.
    fn look_around(&mut self) {
        if !self.topics.is_empty() && !self.query.is_asked() && Instant::now() >= self.ask_at {
            self.query.ask(&self.topics, ASK_TIMEOUT);
        }
        if let Some(answer) = self.query.answer(Duration::ZERO) {
            self.on_answer(answer);
        }
        let reports = self.consumer.context().as_ref().clone();
        if reports.take_all_brokers_down() && !self.topics.is_empty() {
            self.link.down(&reason(&reports, "no broker can be reached"));
            self.ask_soon();
        }
        if let Some(statistics) = reports.take_statistics() {
            self.followed.on_statistics(&statistics);
            if self.refusal.is_some() && self.followed.all_fetched(&statistics) {
                self.refusal = None;
            }
        }
    }

    fn ask_soon(&mut self) {
        self.ask_at = self.ask_at.min(Instant::now() + ASK_AGAIN_INTERVAL);
    }

    fn on_answer(&mut self, answer: Result<Vec<TopicDescription>, String>) {
        self.ask_at = Instant::now() + ASK_INTERVAL;
        let settled = match answer {
            Ok(descriptions) => self.on_descriptions(descriptions),
            Err(err) => Err(reason(self.consumer.context(), &err)),
        };
        match settled.and_then(|()| self.check_ready()) {
            Ok(()) => self.link.up(),
            Err(problem) => {
                self.link.down(&problem);
                self.ask_soon();
            }
        }
    }

    fn on_descriptions(&mut self, descriptions: Vec<TopicDescription>) -> Result<(), String> {
        let cluster = self.cluster_name();
        self.first_contact.get_or_insert_with(Instant::now);
        self.leaderless = leaderless(&descriptions);
        let since_ms = self.last_contact_ms - CLOCK_MARGIN_MS;
        for found in self.watch.update(&cluster, descriptions) {
            // librdkafka reports partitions as unknown until it has looked at the topic itself.
            if let Err(err) = self.consumer.fetch_metadata(Some(&found.topic), ASK_TIMEOUT) {
                tracing::warn!(topic = found.topic, "metadata: {err}");
            }
            self.followed.add(&cluster, &found, since_ms);
        }
        if self.has_lost_position {
            self.followed.check_positions(since_ms)?;
            self.has_lost_position = false;
        }
        self.followed.resolve(&self.leaderless)?;
        self.last_contact_ms = now_ms();
        Ok(())
    }

    /// The cluster's own name, as far as it tells one.
    fn cluster_name(&mut self) -> Arc<str> {
        let patience = if self.cluster.is_none() { CLUSTER_TIMEOUT } else { Duration::ZERO };
        let told = self.consumer.client().fetch_cluster_id(patience).filter(|name| !name.is_empty());
        let cluster = match (self.cluster.take(), told) {
            (Some(known), Some(told)) if *known == *told || known.is_empty() => known,
            (Some(known), None) => known,
            (_, told) => told.unwrap_or_default().into(),
        };
        self.cluster = Some(Arc::clone(&cluster));
        cluster
    }

    /// Whether nothing stands in the way of being ready.
    fn check_ready(&mut self) -> Result<(), String> {
        if let Some(problem) = self.watch.problem().or(self.refusal.as_deref()) {
            return Err(problem.to_owned());
        }
        if self.followed.is_complete() || self.link.is_up == Some(true) {
            return Ok(());
        }
        if self.first_contact.is_none_or(|contact| contact.elapsed() < LEADER_PATIENCE) {
            return Err("some partitions have no leader".to_owned());
        }
        tracing::error!(partitions = ?self.leaderless, "starting without the partitions that nobody leads");
        self.followed.pin_pending(now_ms());
        Ok(())
    }

    /// What is there without waiting, up to a batch; waits a moment for the first record.
    fn read_batch(&mut self) -> Vec<Record> {
        let mut batch = Vec::new();
        let mut wait = POLL;
        while batch.len() < BATCH_RECORDS_MAX {
            match self.consumer.poll(wait) {
                Some(Ok(message)) => batch.extend(self.followed.take(&message)),
                Some(Err(err)) => self.on_error(&err),
                None => break,
            }
            wait = Duration::ZERO;
        }
        batch
    }

    fn on_error(&mut self, err: &KafkaError) {
        match err.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
                tracing::error!("a partition's next record is no longer there: {err}");
                self.has_lost_position = true;
                self.ask_at = Instant::now();
            }
            Some(RDKafkaErrorCode::TopicAuthorizationFailed) => {
                let refusal = format!("a topic may be seen but not read: {err}; grant READ on it");
                self.link.down(&refusal);
                self.refusal = Some(refusal);
            }
            // Connections and missing topics are noticed by asking; the group is none that anybody needs.
            _ => tracing::debug!("Kafka: {err}"),
        }
    }
}

/// What librdkafka said last about its connections, else that.
fn reason(reports: &Reports, otherwise: &str) -> String {
    reports.last_error().unwrap_or_else(|| otherwise.to_owned())
}

fn leaderless(descriptions: &[TopicDescription]) -> HashSet<(String, i32)> {
    let present = descriptions.iter().filter_map(|topic| Some((&topic.name, topic.outcome.as_ref().ok()?)));
    present.flat_map(|(name, topic)| topic.leaderless.iter().map(|number| (name.clone(), *number))).collect()
}

fn count_by_topic(batch: &[Record]) {
    for records in batch.chunk_by(|one, next| one.topic() == next.topic()) {
        metrics::records_read(records[0].topic(), records.len());
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
