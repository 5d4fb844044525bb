//! A gateway in this process, on a free port and the embedded log.

use std::path::Path;

use reqwest::{Response, StatusCode};
use serde_json::Value;
use sluice::config::{Config, load_text};
use sluice::platform;
use sluice::server::{Gateway, Options};
use tempfile::TempDir;

use super::{SECRET, StompClient, eventually, operator, token};

/// The config of that text on the embedded log in that directory, with the tests' key; `more` is added to the text.
pub fn config_of(text: &str, data: &Path, more: &str) -> Config {
    let text = format!(
        "{text}\n[server]\nlisten = \"127.0.0.1:0\"\n[source.embedded]\npath = {:?}\n[[auth.keys]]\nalgorithm = \"HS256\"\nsecret = \"{SECRET}\"\n{more}",
        data.join("log"),
    );
    load_text(&text).unwrap_or_else(|error| panic!("{:#?}", error.0))
}

/// A running gateway, its data and an HTTP client.
pub struct TestGateway {
    pub gateway: Gateway,
    pub http: reqwest::Client,
    // The directory goes when the gateway has gone.
    pub data: TempDir,
}

impl TestGateway {
    /// The learning platform.
    pub async fn start() -> Self {
        Self::with("").await
    }

    /// The learning platform, and more of a config.
    pub async fn with(more: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        Self::at(data, more).await
    }

    /// The same, and the services for conformance tests.
    pub async fn with_test_services(more: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let config = config_of(platform::preset("learning").unwrap(), data.path(), more);
        Self::run(data, config, Options { test_services: true, ..Options::default() }).await
    }

    /// The same on a directory that may hold a log already.
    pub async fn at(data: TempDir, more: &str) -> Self {
        let preset = platform::preset("learning").unwrap();
        Self::of(data, |data| config_of(preset, data, more)).await
    }

    /// A gateway of any config whose log is in that directory.
    pub async fn of(data: TempDir, config: impl FnOnce(&Path) -> Config) -> Self {
        let config = config(data.path());
        Self::run(data, config, Options::default()).await
    }

    async fn run(data: TempDir, config: Config, options: Options) -> Self {
        let gateway = Gateway::start(config, options).await.unwrap();
        let started = Self { gateway, http: reqwest::Client::new(), data };
        eventually("the gateway is ready", async || started.gateway.health().is_ready().then_some(())).await;
        started
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.gateway.address())
    }

    /// A connected client of that user.
    pub async fn client(&self, user: &str) -> StompClient {
        StompClient::connected(self.gateway.address(), &token(user)).await
    }

    /// Publishes a body as the operator.
    pub async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Response {
        self.http.post(self.url(path)).bearer_auth(operator()).body(body).send().await.unwrap()
    }

    /// Publishes an event that must be taken, and gives the positions.
    pub async fn publish(&self, body: impl Into<reqwest::Body>) -> Value {
        let response = self.post("/api/v1/events", body).await;
        let status = response.status();
        let answer: Value = response.json().await.unwrap();
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["results"].clone()
    }

    /// A metric's value, summed over all series whose line holds each of `labels`.
    pub async fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let text = self.http.get(self.url("/metrics")).send().await.unwrap().text().await.unwrap();
        let is_series = |line: &&str| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{']))
                && labels.iter().all(|label| line.contains(label))
        };
        text.lines().filter(is_series).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }
}
