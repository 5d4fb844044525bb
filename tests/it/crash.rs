//! `kill -9` of the gateway in the middle of publishing: whatever was acknowledged is there after the restart.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use sluice::embedded::EmbeddedLog;
use sluice::platform;

use crate::support::{SECRET, eventually, learning, operator};

const KILLS: usize = 10;

/// What a kill waits for, so that each comes in the middle.
const ACKNOWLEDGED_PER_LIFE: usize = 40;

const PUBLISHERS: usize = 4;

/// A gateway process; it is killed when it goes, so that a failing test leaves none behind.
struct Process(Child);

impl Process {
    fn start(config: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
        let command = command.args(["serve", "--config"]).arg(config).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SIGKILL: the process gets no chance to tidy up.
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

type Position = (String, i64, u64);

/// Publishes one event after the other until the gateway is gone; gives each acknowledged body with its position.
async fn publish_until_killed(
    url: String,
    count: std::sync::Arc<std::sync::atomic::AtomicUsize>,
) -> Vec<(Position, String)> {
    let http = reqwest::Client::new();
    let mut acknowledged = Vec::new();
    loop {
        let (body, _) = learning("session.started.v1", &uuid::Uuid::new_v4().to_string(), "1");
        let Ok(response) = http.post(&url).bearer_auth(operator()).body(body.clone()).send().await else {
            return acknowledged;
        };
        let Ok(answer) = response.json::<Value>().await else { return acknowledged };
        let result = &answer["results"][0];
        let position = (
            result["topic"].as_str().unwrap().to_owned(),
            result["partition"].as_i64().unwrap(),
            result["offset"].as_u64().unwrap(),
        );
        acknowledged.push((position, body));
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_ten_kills() {
    let data = tempfile::tempdir().unwrap();
    let (config, log) = (data.path().join("sluice.toml"), data.path().join("log"));
    let port = free_port();
    let text = format!(
        "{}\n[server]\nlisten = \"127.0.0.1:{port}\"\n[source.embedded]\npath = {log:?}\n[[auth.keys]]\nalgorithm = \"HS256\"\nsecret = \"{SECRET}\"\n",
        platform::preset("learning").unwrap(),
    );
    std::fs::write(&config, text).unwrap();
    let url = format!("http://127.0.0.1:{port}");
    let http = reqwest::Client::new();
    let mut acknowledged: BTreeMap<Position, String> = BTreeMap::new();
    for _ in 0..KILLS {
        let process = Process::start(&config);
        eventually("the gateway is ready", async || {
            let ready = http.get(format!("{url}/health/ready")).send().await.ok()?;
            ready.status().is_success().then_some(())
        })
        .await;
        let count = std::sync::Arc::default();
        let publishers: Vec<_> = (0..PUBLISHERS)
            .map(|_| tokio::spawn(publish_until_killed(format!("{url}/api/v1/events"), std::sync::Arc::clone(&count))))
            .collect();
        eventually("events are acknowledged", async || {
            (count.load(std::sync::atomic::Ordering::SeqCst) >= ACKNOWLEDGED_PER_LIFE).then_some(())
        })
        .await;
        drop(process);
        for publisher in publishers {
            for (position, body) in publisher.await.unwrap() {
                assert_eq!(acknowledged.insert(position.clone(), body), None, "{position:?} was given twice");
            }
        }
        let reopened = EmbeddedLog::open(&log).unwrap();
        for ((topic, partition, offset), body) in &acknowledged {
            let records = reopened.read(topic, i32::try_from(*partition).unwrap(), *offset, 1).unwrap();
            assert_eq!(records[0].position.number, u128::from(*offset));
            assert_eq!(records[0].body.as_deref(), Some(body.as_bytes()));
        }
        reopened.close();
    }
    assert!(acknowledged.len() >= KILLS * ACKNOWLEDGED_PER_LIFE);
}
