//! Finds or starts the brokers.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use sluice::config::KafkaConfig;
use tracing_subscriber::EnvFilter;

use super::mock::Mock;

/// The broker that all tests share, and that no test may stop.
pub(crate) fn shared() -> &'static Kafka {
    static SHARED: OnceLock<Kafka> = OnceLock::new();
    SHARED.get_or_init(|| {
        // `RUST_LOG=sluice=debug` shows what the gateway's parts have to say in a test that fails.
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("off"));
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
        match std::env::var("KAFKA_BROKERS") {
            Ok(brokers) if !brokers.is_empty() => Kafka { brokers, kind: Kind::Real(None) },
            _ => Kafka::start(),
        }
    })
}

/// A Kafka that answers.
pub(crate) struct Kafka {
    brokers: String,
    kind: Kind,
}

enum Kind {
    /// The child, if there is one, stops the broker when this process ends, however it ends.
    Real(Option<Child>),
    Mock(Mock),
}

impl Kafka {
    fn start() -> Self {
        let redpanda = await_address(&mut Command::new(script_path("redpanda")));
        match redpanda.or_else(|_| start_script(&data_directory("shared"))) {
            Ok((child, brokers)) => Self { brokers, kind: Kind::Real(Some(child)) },
            Err(reason) => {
                assert!(std::env::var("SLUICE_REQUIRE_KAFKA").as_deref() != Ok("1"), "no Kafka: {reason}");
                say_at_the_end(&reason);
                let mock = Mock::start();
                Self { brokers: mock.brokers().to_owned(), kind: Kind::Mock(mock) }
            }
        }
    }

    /// Where it is.
    pub(crate) fn brokers(&self) -> &str {
        &self.brokers
    }

    /// The config that points at it.
    pub(crate) fn config(&self) -> KafkaConfig {
        config(&self.brokers)
    }

    /// Whether it is Kafka itself. A test that needs it passes over the mock cluster, which the run's last lines say.
    pub(crate) fn is_real(&self) -> bool {
        matches!(self.kind, Kind::Real(_))
    }

    /// Makes a topic.
    pub(crate) async fn create_topic(&self, topic: &str, partitions: i32) {
        match &self.kind {
            Kind::Real(_) => super::client::create_topic(&self.brokers, topic, partitions).await,
            Kind::Mock(mock) => mock.create_topic(topic, partitions),
        }
    }
}

/// A Kafka of one test's own, which it may stop and start.
pub(crate) struct OwnKafka {
    kafka: Kafka,
    data: PathBuf,
}

impl OwnKafka {
    /// Starts one.
    pub(crate) async fn start(name: &str) -> Self {
        if !shared().is_real() {
            let mock = Mock::start();
            let kafka = Kafka { brokers: mock.brokers().to_owned(), kind: Kind::Mock(mock) };
            return Self { kafka, data: PathBuf::new() };
        }
        let data = data_directory(name);
        let started = tokio::task::spawn_blocking({
            let data = data.clone();
            move || start_script(&data)
        });
        let (child, brokers) = started.await.unwrap().unwrap();
        Self { kafka: Kafka { brokers, kind: Kind::Real(Some(child)) }, data }
    }

    /// Stops it, in order.
    pub(crate) async fn stop(&self) {
        match &self.kafka.kind {
            Kind::Real(_) => self.run("stop").await,
            Kind::Mock(mock) => mock.set_up(false),
        }
    }

    /// Starts it again, at the same address and with the same log; it answers when this returns.
    pub(crate) async fn start_again(&self) {
        match &self.kafka.kind {
            Kind::Real(_) => self.run("start").await,
            Kind::Mock(mock) => mock.set_up(true),
        }
    }

    async fn run(&self, script: &str) {
        let mut command = Command::new(script_path(script));
        command.arg("--data").arg(&self.data).stdout(Stdio::null());
        let status = tokio::task::spawn_blocking(move || command.status()).await.unwrap();
        assert!(status.unwrap().success(), "{script}");
    }
}

impl std::ops::Deref for OwnKafka {
    type Target = Kafka;

    fn deref(&self) -> &Kafka {
        &self.kafka
    }
}

impl Drop for OwnKafka {
    fn drop(&mut self) {
        if let Kind::Real(Some(child)) = &mut self.kafka.kind {
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }
}

fn config(brokers: &str) -> KafkaConfig {
    KafkaConfig { brokers: brokers.split(',').map(str::to_owned).collect(), ..KafkaConfig::default() }
}

fn script_path(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/kafka").join(script)
}

fn data_directory(name: &str) -> PathBuf {
    let run = Path::new(env!("CARGO_MANIFEST_DIR")).join(".run/kafka");
    run.join(format!("test-{}-{name}", std::process::id()))
}

/// Starts a broker that lives as long as the child's standard input is open, which ends with this process at the latest.
fn start_script(data: &Path) -> Result<(Child, String), String> {
    await_address(Command::new(script_path("start")).arg("--attached").arg("--data").arg(data))
}

/// Runs a script that prints where its broker is, and keeps it for as long as its standard input is open.
fn await_address(command: &mut Command) -> Result<(Child, String), String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|err| err.to_string())?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).map_err(|err| err.to_string())?;
    if let Some(brokers) = line.trim().strip_prefix("KAFKA_BROKERS=") {
        return Ok((child, brokers.to_owned()));
    }
    let mut reason = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok) {
        reason = line;
    }
    let _ = child.wait();
    Err(reason)
}

/// Leaves a line that is printed when this process has ended, after the tests' own summary.
fn say_at_the_end(reason: &str) {
    let text =
        format!("No real Kafka ({reason}): the tests above ran on librdkafka's mock cluster as far as that goes.");
    let child =
        Command::new("sh").args(["-c", r#"cat >/dev/null; echo "$0" >&2"#, &text]).stdin(Stdio::piped()).spawn();
    // Its standard input closes with this process.
    std::mem::forget(child);
}
