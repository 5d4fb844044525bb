//! Dead letters: exactly one for each refused record, whatever happens to the nodes.

use std::collections::BTreeMap;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rdkafka::Message;
use rdkafka::message::{Headers, OwnedMessage};
use sluice::config::{Config, KafkaConfig, TopicConfig};
use sluice::dead_letter::kafka::{Duty, Parts, Worker, start};
use sluice::dead_letter::{DeadLetters, Judge, Refusal};
use sluice::health::Health;
use sluice::record::Record;
use tokio_util::sync::CancellationToken;

use crate::support::{Kafka, OwnKafka, PATIENCE, Plain, read_all, shared, unique, until, within};

/// A topic, its dead letters, and the group that sees to them.
struct Case {
    topic: String,
    dead: String,
    group: String,
}

impl Case {
    fn new(name: &str) -> Self {
        let topic = unique(name);
        Self { dead: format!("{topic}-dlq"), group: format!("{topic}-group"), topic }
    }

    async fn create(name: &str, kafka: &Kafka, partitions: i32) -> Self {
        let case = Self::new(name);
        kafka.create_topic(&case.topic, partitions).await;
        kafka.create_topic(&case.dead, 2).await;
        case
    }

    fn config(&self, kafka: &Kafka) -> KafkaConfig {
        KafkaConfig { group: Some(self.group.clone()), ..kafka.config() }
    }

    /// The bodies of all dead letters, sorted.
    fn letters(&self, kafka: &Kafka) -> Vec<String> {
        let mut letters: Vec<_> = read_all(kafka.brokers(), &self.dead).iter().map(text).collect();
        letters.sort();
        letters
    }

    async fn until_letters(&self, kafka: &Kafka, count: usize) {
        until(PATIENCE, "the dead letters", || self.letters(kafka).len() >= count).await;
    }
}

fn text(message: &OwnedMessage) -> String {
    String::from_utf8_lossy(message.payload().unwrap_or_default()).into_owned()
}

fn is_bad(record: &Record) -> bool {
    record.body.as_ref().is_some_and(|body| body.starts_with(b"bad"))
}

fn refuse(record: &Record) -> Option<Refusal> {
    is_bad(record).then(|| Refusal { reason: "not-json", detail: "it begins with `bad`".to_owned() })
}

struct Node {
    worker: Worker,
    health: Health,
    shutdown: CancellationToken,
    judged: Arc<AtomicUsize>,
}

impl Node {
    fn start(case: &Case, kafka: &Kafka) -> Self {
        Self::start_with(case, &case.config(kafka), true)
    }

    /// One that takes its time for each record, so that there is a middle to be killed in.
    fn start_slow(case: &Case, brokers: &str) -> Self {
        let config = KafkaConfig {
            brokers: brokers.split(',').map(str::to_owned).collect(),
            group: Some(case.group.clone()),
            settings: BTreeMap::from([("session.timeout.ms".to_owned(), "6000".to_owned())]),
            ..KafkaConfig::default()
        };
        Self::start_judging(case, &config, true, |record| {
            std::thread::sleep(Duration::from_millis(2));
            refuse(record)
        })
    }

    fn start_with(case: &Case, config: &KafkaConfig, keeps: bool) -> Self {
        Self::start_judging(case, config, keeps, refuse)
    }

    fn start_judging(
        case: &Case,
        config: &KafkaConfig,
        keeps: bool,
        judge: impl Fn(&Record) -> Option<Refusal> + Send + Sync + 'static,
    ) -> Self {
        let health = Health::default();
        let shutdown = CancellationToken::new();
        let mut settings = Config::default();
        let dead_letter = keeps.then(|| case.dead.clone());
        settings.topics = BTreeMap::from([(case.topic.clone(), TopicConfig { dead_letter, ..TopicConfig::default() })]);
        let judged = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&judged);
        let judge: Judge = Arc::new(move |record: &Record| {
            count.fetch_add(1, Ordering::Relaxed);
            judge(record)
        });
        let duty = Duty { topics: vec![case.topic.clone()], letters: DeadLetters::new(&settings, "node-1"), judge };
        let parts = Parts { letters: health.optional("dead-letters"), start: health.required("dead-letters-start") };
        let worker = start(config, duty, parts, shutdown.clone()).unwrap();
        Self { worker, health, shutdown, judged }
    }

    /// Waits until the node would report itself ready, which does not wait for it to join the group.
    async fn ready(&self) {
        let health = self.health.clone();
        until(PATIENCE, "readiness", move || health.is_ready()).await;
    }

    /// Waits until it has joined and all is well.
    async fn up(&self) {
        let health = self.health.clone();
        until(PATIENCE, "dead letters", move || health.parts()["dead-letters"].ready).await;
    }

    fn detail(&self) -> String {
        self.health.parts()["dead-letters"].detail.clone()
    }

    fn judged(&self) -> usize {
        self.judged.load(Ordering::Relaxed)
    }

    async fn stop_when_ready(self) {
        self.ready().await;
        self.stop().await;
    }

    async fn stop(self) {
        self.shutdown.cancel();
        within(PATIENCE, "the worker's end", self.worker.stopped()).await;
    }
}

fn thousand(partitions: i32) -> impl Iterator<Item = (i32, String)> {
    (0..1000).map(move |number| {
        let kind = if number % 50 == 7 { "bad" } else { "good" };
        (number % partitions, format!("{kind} {number:04}"))
    })
}

fn twenty() -> Vec<String> {
    (0..1000).filter(|number| number % 50 == 7).map(|number| format!("bad {number:04}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_records_the_twenty_bad_ones_become_dead_letters() {
    let kafka = shared();
    let case = Case::create("thousand", kafka, 4).await;
    let plain = Plain::new(kafka.brokers());
    plain.write(&case.topic, 0, "bad, but before anybody was ready").await;
    let node = Node::start(&case, kafka);
    node.ready().await;

    plain.write_all(&case.topic, thousand(4)).await;

    case.until_letters(kafka, 20).await;
    until(PATIENCE, "all records judged", || node.judged() >= 1000).await;
    node.stop().await;
    assert_eq!(case.letters(kafka), twenty());
    let sources = read_all(kafka.brokers(), &case.topic);
    for letter in read_all(kafka.brokers(), &case.dead) {
        let source = sources.iter().find(|source| text(source) == text(&letter)).unwrap();
        let headers = letter.headers().unwrap();
        let values: Vec<_> = headers.iter().map(|header| String::from_utf8_lossy(header.value.unwrap())).collect();
        let (partition, offset) = (source.partition().to_string(), source.offset().to_string());
        for expected in [case.topic.as_str(), &partition, &offset, "not-json", "node-1"] {
            assert!(values.iter().any(|value| value == expected), "{expected} is not among {values:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_share_the_work_and_one_may_stop_in_the_middle() {
    let kafka = shared();
    if !kafka.is_real() {
        return; // The mock cluster forgets the offsets of a transaction.
    }
    let case = Case::create("shared", kafka, 6).await;
    let nodes = [Node::start(&case, kafka), Node::start(&case, kafka)];
    for node in &nodes {
        node.ready().await;
        node.up().await;
    }
    let [stays, stops] = nodes;
    let (first, second): (Vec<_>, Vec<_>) = thousand(6).partition(|(_, body)| body.as_str() < "bad 0500");
    let plain = Plain::new(kafka.brokers());

    plain.write_all(&case.topic, first.into_iter()).await;
    until(PATIENCE, "some records judged", || stays.judged() + stops.judged() > 0).await;
    let stopping = tokio::spawn(stops.stop());
    plain.write_all(&case.topic, second.into_iter()).await;
    within(PATIENCE, "the stop", stopping).await.unwrap();
    let late = Node::start(&case, kafka);

    case.until_letters(kafka, 20).await;
    stays.stop().await;
    late.stop().await;
    // One more node finds nothing left to do.
    let last = Node::start(&case, kafka);
    last.up().await;
    Plain::new(kafka.brokers()).write(&case.topic, 0, "bad 9999").await;
    case.until_letters(kafka, 21).await;
    last.stop().await;
    let mut expected = twenty();
    expected.push("bad 9999".to_owned());
    assert_eq!(case.letters(kafka), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_while_no_node_runs_is_judged_by_the_next() {
    let kafka = shared();
    let case = Case::create("pause", kafka, 2).await;
    let node = Node::start(&case, kafka);
    // Ready, but perhaps not in the group yet: even then nothing written from here on is passed over.
    node.ready().await;
    node.stop().await;
    let plain = Plain::new(kafka.brokers());
    plain.write(&case.topic, 0, "bad a").await;
    plain.write(&case.topic, 1, "bad b").await;

    let next = Node::start(&case, kafka);

    case.until_letters(kafka, 2).await;
    next.stop().await;
    assert_eq!(case.letters(kafka), ["bad a", "bad b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_dead_letter_topic_is_told_about_and_waited_for() {
    let kafka = shared();
    if !kafka.is_real() {
        return; // The mock cluster makes every topic that it is asked for.
    }
    let case = Case::new("nowhere");
    kafka.create_topic(&case.topic, 1).await;
    let node = Node::start(&case, kafka);
    node.up().await;
    let plain = Plain::new(kafka.brokers());
    plain.write_all(&case.topic, thousand(1)).await;

    until(PATIENCE, "the reason", || node.detail().contains(&case.dead)).await;
    assert!(node.health.is_ready(), "dead letters are optional");
    kafka.create_topic(&case.dead, 1).await;

    case.until_letters(kafka, 20).await;
    node.up().await;
    node.stop().await;
    assert_eq!(case.letters(kafka), twenty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_its_topic_does_not_take_is_kept_without_its_body() {
    let kafka = shared();
    if !kafka.is_real() {
        return;
    }
    let case = Case::create("large", kafka, 1).await;
    let node = Node::start(&case, kafka);
    node.ready().await;
    // Fits, but only just: as a dead letter it has more headers. Characters without pattern, so that nothing compresses.
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let noise = std::iter::repeat_with(|| uuid::Uuid::new_v4().into_bytes()).flatten();
    let noise: String = noise.take(1_048_480).map(|octet| char::from(alphabet[usize::from(octet & 63)])).collect();
    let plain = Plain::new_large(kafka.brokers());
    plain.write(&case.topic, 0, &format!("bad {noise}")).await;
    plain.write(&case.topic, 0, "bad small").await;

    case.until_letters(kafka, 2).await;
    node.stop().await;
    let lengths: Vec<_> = case.letters(kafka).iter().map(String::len).collect();
    assert_eq!(lengths, [0, "bad small".len()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_without_dead_letters_is_judged_and_nothing_is_kept() {
    let kafka = shared();
    let case = Case::create("dropped", kafka, 1).await;
    let node = Node::start_with(&case, &case.config(kafka), false);
    node.ready().await;
    Plain::new(kafka.brokers()).write_all(&case.topic, thousand(1)).await;
    until(PATIENCE, "all records judged", || node.judged() >= 1000).await;
    node.up().await;
    node.stop().await;
    assert_eq!(case.letters(kafka), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_lost_in_the_middle_neither_loses_nor_doubles_a_dead_letter() {
    let kafka = OwnKafka::start("dead-letters").await;
    if !kafka.is_real() {
        return; // The mock cluster forgets the offsets of a transaction.
    }
    let case = Case::create("broken", &kafka, 3).await;
    let node = Node::start(&case, &kafka);
    node.ready().await;
    node.up().await;
    let plain = Arc::new(Plain::new(kafka.brokers()));
    let writing = tokio::spawn({
        let (plain, topic) = (Arc::clone(&plain), case.topic.clone());
        async move {
            for chunk in thousand(3).collect::<Vec<_>>().chunks(20) {
                plain.write_all(&topic, chunk.iter().cloned()).await;
            }
        }
    });
    until(PATIENCE, "some records judged", || node.judged() > 100).await;
    kafka.stop().await;
    until(PATIENCE, "the outage to be told", || !node.health.parts()["dead-letters"].ready).await;
    kafka.start_again().await;
    within(PATIENCE, "the records to be written", writing).await.unwrap();

    case.until_letters(&kafka, 20).await;
    until(PATIENCE, "all records judged", || node.judged() >= 1000).await;
    node.up().await;
    node.stop().await;
    let mut letters = case.letters(&kafka);
    let count = letters.len();
    letters.dedup();
    // The plain producer may double a record that the broker confirmed just before it went; a letter may not double.
    let bad = read_all(kafka.brokers(), &case.topic).iter().filter(|record| text(record).starts_with("bad")).count();
    assert_eq!((letters, count), (twenty(), bad));
}

/// Names the topic and the brokers for a node in a process of its own; unset in every other run.
const CHILD_TOPIC: &str = "SLUICE_TEST_CHILD_TOPIC";
const CHILD_BROKERS: &str = "SLUICE_TEST_CHILD_BROKERS";

/// Not a test by itself: the process that `a_killed_node_neither_loses_nor_doubles_a_dead_letter` kills.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_in_a_process_of_its_own() {
    let (Ok(topic), Ok(brokers)) = (std::env::var(CHILD_TOPIC), std::env::var(CHILD_BROKERS)) else { return };
    let case = Case { dead: format!("{topic}-dlq"), group: format!("{topic}-group"), topic };
    let _node = Node::start_slow(&case, &brokers);
    // Lives until it is killed, or its parent is gone.
    let mut parent = Vec::new();
    tokio::task::spawn_blocking(move || std::io::stdin().read_to_end(&mut parent)).await.unwrap().unwrap();
}

fn spawn_child(case: &Case, kafka: &Kafka) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "dead_letters::a_node_in_a_process_of_its_own"])
        .env(CHILD_TOPIC, &case.topic)
        .env(CHILD_BROKERS, kafka.brokers())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_node_neither_loses_nor_doubles_a_dead_letter() {
    // The broker needs its time for what a killed node leaves: a member that is silent and an open transaction.
    const TAKE_OVER: Duration = Duration::from_secs(90);
    let kafka = shared();
    if !kafka.is_real() {
        return; // The mock cluster forgets the offsets of a transaction.
    }
    let case = Case::create("killed", kafka, 3).await;
    Node::start(&case, kafka).stop_when_ready().await;
    let bad = |number: i32| if number % 5 == 0 { "bad" } else { "good" };
    let records = (0..2000).map(|number| (number % 3, format!("{} {number:04}", bad(number))));
    Plain::new(kafka.brokers()).write_all(&case.topic, records).await;

    for letters in [1, 100] {
        let mut child = spawn_child(&case, kafka);
        until(TAKE_OVER, "some dead letters", || case.letters(kafka).len() >= letters).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let last = Node::start(&case, kafka);
    until(TAKE_OVER, "all dead letters", || case.letters(kafka).len() >= 400).await;
    last.stop().await;

    let expected: Vec<_> = (0..2000).step_by(5).map(|number| format!("bad {number:04}")).collect();
    assert_eq!(case.letters(kafka), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_out_of_reach_are_told_about_and_the_worker_can_be_stopped() {
    let case = Case::new("absent");
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let config = KafkaConfig { brokers: vec![address.clone()], ..KafkaConfig::default() };
    let node = Node::start_with(&case, &config, true);
    until(PATIENCE, "the reason", || node.detail().contains("refused")).await;
    assert!(node.detail().contains(&address) && !node.health.is_ready());
    let started = std::time::Instant::now();
    node.stop().await;
    assert!(started.elapsed() < Duration::from_secs(15));
}
