//! Whole gateways on a real Kafka: records in by other people's producers, messages out to the right users.

use std::collections::{BTreeMap, HashSet};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rdkafka::Message as _;
use rdkafka::message::OwnedHeaders;
use sluice::config::{Config, load_text};
use sluice::platform;
use sluice::server::{Gateway, Options};

use crate::it::{SECRET, StompClient, eventually, learning, learning_types, token};
use crate::support::{Kafka, OwnKafka, Plain, header, read_all, shared, unique};

/// How long the broker is away in the outage test.
const OUTAGE: Duration = Duration::from_secs(20);

/// The learning platform on topics of one test's own, so that tests can share a broker.
struct Platform {
    preset: String,
    suffix: String,
}

impl Platform {
    fn new(name: &str) -> Self {
        let suffix = unique(name);
        let preset = platform::preset("learning").unwrap().replace("-events", &format!("-events-{suffix}"));
        Self { preset, suffix }
    }

    fn topic(&self, event_type: &str) -> String {
        format!("{}-events-{}", event_type.split('.').next().unwrap(), self.suffix)
    }

    fn config(&self, kafka: &Kafka, node: &str) -> Config {
        let text = format!(
            "{}\n[server]\nlisten = \"127.0.0.1:0\"\nnode = \"{node}\"\n[source.kafka]\nbrokers = [\"{}\"]\ncreate_topics = true\nreplication = 1\ngroup = \"{}\"\n[[auth.keys]]\nalgorithm = \"HS256\"\nsecret = \"{SECRET}\"\n",
            self.preset,
            kafka.brokers(),
            self.suffix,
        );
        load_text(&text).unwrap_or_else(|error| panic!("{error}"))
    }

    /// A gateway that has made the topics and reads them.
    async fn gateway(&self, kafka: &Kafka, node: &str) -> Gateway {
        let gateway = Gateway::start(self.config(kafka, node), Options::default()).await.unwrap();
        eventually("the gateway reads all topics", async || {
            let parts = gateway.health().parts();
            parts.values().all(|part| part.ready).then_some(())
        })
        .await;
        gateway
    }
}

/// Writes records with kcat: a producer that shares no code with the gateway.
fn kcat(kafka: &Kafka, topic: &str, key: &str, bodies: &[String]) {
    let mut command = Command::new("kcat");
    command.args(["-P", "-b", kafka.brokers(), "-t", topic, "-k", key, "-X", "acks=all"]).stdin(Stdio::piped());
    let mut kcat = command.spawn().expect("kcat is installed (`make tools`)");
    let mut stdin = kcat.stdin.take().unwrap();
    for body in bodies {
        writeln!(stdin, "{body}").unwrap();
    }
    drop(stdin);
    assert!(kcat.wait().unwrap().success());
}

async fn subscribed(gateway: &Gateway, user: &str) -> StompClient {
    let mut client = StompClient::connected(gateway.address(), &token(user)).await;
    client.subscribe("/user/**").await;
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn fifteen_types_of_an_independent_producer_arrive_unchanged_and_soon() {
    let kafka = shared();
    let platform = Platform::new("fifteen");
    let gateway = platform.gateway(kafka, "one").await;
    let mut ana = subscribed(&gateway, "ana").await;
    ana.subscribe("/topic/system").await;
    let mut ben = subscribed(&gateway, "ben").await;
    for event_type in learning_types() {
        let (body, channel) = learning(event_type, "ana", "s-1");
        let topic = platform.topic(event_type);
        tokio::task::block_in_place(|| kcat(kafka, &topic, "ana", std::slice::from_ref(&body)));
        let message = ana.event().await;
        assert_eq!(message.text(), body);
        assert_eq!(message.header("destination"), Some(channel.as_str()));
    }
    ben.assert_silent().await;
    let http = reqwest::Client::new();
    let metrics = http.get(format!("http://{}/metrics", gateway.address())).send().await.unwrap().text().await.unwrap();
    let count = |bound: &str| {
        let line = metrics.lines().find(|line| line.starts_with(bound)).unwrap();
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    let within_a_second = count("sluice_session_delivery_seconds_bucket{le=\"1\"}");
    let all = count("sluice_session_delivery_seconds_count");
    assert!(all >= 15.0);
    println!("{within_a_second} of {all} messages within a second of their record's timestamp");
    // The timestamp is kcat's, taken before it connects to the broker: on a busy machine that alone may take long.
    assert!(within_a_second >= 0.8 * all, "{within_a_second} of {all} within a second");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_on_two_gateways_get_every_event_once_and_poison_is_kept_once() {
    const EVENTS: usize = 1000;
    const POISON_EVERY: usize = 50;
    let kafka = shared();
    if !kafka.is_real() {
        return;
    }
    let platform = Platform::new("two");
    let gateways = [platform.gateway(kafka, "one").await, platform.gateway(kafka, "two").await];
    let users: Vec<String> = (0..10).map(|number| format!("user-{number}")).collect();
    // Every user is on both nodes, so that each node delivers all of them.
    let mut clients = BTreeMap::new();
    for user in &users {
        for (node, gateway) in gateways.iter().enumerate() {
            clients.insert((user.clone(), node), subscribed(gateway, user).await);
        }
    }
    let topic = platform.topic("agent");
    let plain = Plain::new(kafka.brokers());
    let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut poison: Vec<String> = Vec::new();
    for number in 0..EVENTS {
        let user = &users[number % users.len()];
        let (good, _) = learning("agent.started.v1", user, &number.to_string());
        let body = if number % POISON_EVERY == 7 { format!("poison {number}") } else { good };
        let partition = i32::try_from(number % users.len() % 8).unwrap();
        plain.write_with(&topic, partition, &body, OwnedHeaders::new()).await;
        if body.starts_with("poison") {
            poison.push(body);
        } else {
            expected.entry(user.clone()).or_default().push(body);
        }
    }
    assert_eq!(poison.len(), 20);
    assert_eq!(expected.values().map(Vec::len).sum::<usize>(), 980);
    for ((user, node), client) in &mut clients {
        for body in &expected[user] {
            assert_eq!(client.event().await.text(), *body, "{user} on node {node}");
        }
        client.assert_silent().await;
    }
    let dead = format!("agent-events-{}-dlq", platform.suffix);
    eventually("twenty dead letters", async || {
        let brokers = kafka.brokers().to_owned();
        let dead = dead.clone();
        let kept = tokio::task::spawn_blocking(move || read_all(&brokers, &dead)).await.unwrap();
        (kept.len() >= poison.len()).then_some(())
    })
    .await;
    for gateway in gateways {
        gateway.stop().await;
    }
    let kept = read_all(kafka.brokers(), &dead);
    let bodies: HashSet<String> =
        kept.iter().map(|letter| String::from_utf8(letter.payload().unwrap().to_vec()).unwrap()).collect();
    assert_eq!((kept.len(), bodies), (poison.len(), poison.into_iter().collect()));
    for letter in &kept {
        assert_eq!(header(letter, "dead-letter-reason").as_deref(), Some("not-json"));
        assert_eq!(header(letter, "dead-letter-topic").as_deref(), Some(topic.as_str()));
        assert!(["one", "two"].contains(&header(letter, "dead-letter-node").unwrap().as_str()));
        for name in ["dead-letter-partition", "dead-letter-offset", "dead-letter-time", "dead-letter-timestamp"] {
            assert!(header(letter, name).is_some_and(|value| !value.is_empty()), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_seconds_without_kafka_lose_nothing_and_disconnect_nobody() {
    let kafka = OwnKafka::start("outage").await;
    let platform = Platform::new("outage");
    let gateway = platform.gateway(&kafka, "one").await;
    let mut ana = subscribed(&gateway, "ana").await;
    let topic = platform.topic("session");
    let before = learning("session.started.v1", "ana", "before").0;
    let plain = Plain::new(kafka.brokers());
    plain.write(&topic, 1, &before).await;
    assert_eq!(ana.event().await.text(), before);

    kafka.stop().await;
    let stopped = std::time::Instant::now();
    eventually("readiness says that Kafka is away", async || (!gateway.health().is_ready()).then_some(())).await;
    let detail = gateway.health().parts()["source.kafka"].detail.clone();
    assert!(detail.contains("127.0.0.1"), "{detail}");
    // The API claims nothing that did not happen.
    let http = reqwest::Client::new();
    let url = format!("http://{}/api/v1/events?topic={topic}", gateway.address());
    let refused = http.post(url).bearer_auth(crate::it::operator()).body(before.clone()).send().await.unwrap();
    assert_eq!(refused.status(), 503);
    tokio::time::sleep(OUTAGE.saturating_sub(stopped.elapsed())).await;

    kafka.start_again().await;
    let back = std::time::Instant::now();
    let after: Vec<String> = (0..50).map(|n| learning("session.started.v1", "ana", &format!("after-{n}")).0).collect();
    for body in &after {
        plain.write(&topic, 1, body).await;
    }
    // What the API could not confirm may have been written after all, when the broker came back: it is told so.
    let mut got = Vec::new();
    while got.len() < after.len() {
        let body = ana.event().await.text();
        if body != before {
            got.push(body);
        }
    }
    assert_eq!(got, after);
    assert!(back.elapsed() < Duration::from_secs(15), "went on after {:?}", back.elapsed());
    eventually("the gateway is ready again", async || gateway.health().is_ready().then_some(())).await;
    ana.assert_silent().await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platforms_topics_are_made_as_the_original_makes_them() {
    let kafka = shared();
    if !kafka.is_real() {
        return;
    }
    let platform = Platform::new("made");
    let config = platform.config(kafka, "one");
    let directory = tempfile::tempdir().unwrap();
    let reports = topics(directory.path(), &platform, kafka, "list");
    assert_eq!(reports.matches("missing").count(), 12, "{reports}");
    let gateway = Gateway::start(config, Options::default()).await.unwrap();
    eventually("the topics are made", async || {
        let listed = tokio::task::block_in_place(|| topics(directory.path(), &platform, kafka, "list"));
        (listed.matches("as the config says").count() == 12).then_some(())
    })
    .await;
    gateway.stop().await;
}

/// `sluice topics ACTION`, as a person runs it.
fn topics(directory: &Path, platform: &Platform, kafka: &Kafka, action: &str) -> String {
    let file = directory.join("sluice.toml");
    let text = format!("{}\n[source.kafka]\nbrokers = [\"{}\"]\nreplication = 1\n", platform.preset, kafka.brokers());
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
    let output = command.args(["topics", action, "--config"]).arg(file).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_on_two_nodes_talk_in_one_order_with_every_header() {
    let kafka = shared();
    let mut platform = Platform::new("rooms");
    let rooms = format!("rooms-events-{}", platform.suffix);
    platform.preset.push_str(&format!(
        "\n[topics.{rooms}]\npartitions = 3\n[[access]]\nsubscribe = \"/topic/room/**\"\nsend = \"/topic/room/**\"\ntopic = \"{rooms}\"\n"
    ));
    let nodes = [platform.gateway(kafka, "one").await, platform.gateway(kafka, "two").await];
    let mut clients = Vec::new();
    for (node, user) in nodes.iter().zip(["ana", "ben"]) {
        let mut client = StompClient::connected(node.address(), &token(user)).await;
        client.subscribe("/topic/room/*").await;
        clients.push(client);
    }
    let odd = "ключ😀\\c:a\\cb\\nc\\rd\\\\e\nempty:\ncontent-type:text/plain\n";
    for number in 0..50 {
        for client in &mut clients {
            client.say(&format!("SEND\ndestination:/topic/room/7\n{odd}number:{number}\n\nhi\0")).await;
        }
    }
    for number in 0..100 {
        let (one, two) = (clients[0].event().await, clients[1].event().await);
        assert_eq!(one.header("message-id"), two.header("message-id"), "message {number}");
        for (name, value) in [
            ("ключ😀\\c", "a\\cb\\nc\\rd\\\\e"),
            ("empty", ""),
            ("content-type", "text/plain"),
            ("content-length", "2"),
        ] {
            assert_eq!(one.header(name), Some(value), "{name}");
        }
        assert!(matches!(one.header("user-name"), Some("ana" | "ben")));
    }
    let records = tokio::task::block_in_place(|| read_all(kafka.brokers(), &rooms));
    assert!(records.iter().all(|record| record.key() == Some(b"/topic/room/7")), "each is keyed by its channel");
    clients[0].say("SEND\ndestination:/topic/room/7\nreceipt:r\n\nhi\0DISCONNECT\nreceipt:bye\n\n\0").await;
    let mut last = Vec::new();
    while last.last().is_none_or(|id| id != "bye") {
        last.extend(clients[0].frame().await.header("receipt-id").map(str::to_owned));
    }
    assert_eq!(last, ["r", "bye"]);
    for node in nodes {
        node.stop().await;
    }
}
