//! The settings that every client of Kafka starts from, and what librdkafka reports about its connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use super::lag::Statistics;
use crate::config::KafkaConfig;

/// Settings of librdkafka, as pairs of name and value.
pub(crate) type Settings<'a> = &'a [(&'a str, &'a str)];

/// Lost connections are noticed, and brokers that came back found, within seconds.
const COMMON: Settings<'static> = &[
    ("client.id", "sluice"),
    ("reconnect.backoff.ms", "100"),
    ("reconnect.backoff.max.ms", "1000"),
    ("socket.connection.setup.timeout.ms", "5000"),
    ("socket.timeout.ms", "10000"),
    ("socket.keepalive.enable", "true"),
    ("topic.metadata.refresh.interval.ms", "5000"),
];

/// A client's settings: the common ones and `defaults`, over them what the config says, over that `fixed`, on which a
/// promise depends.
pub(crate) fn settings(config: &KafkaConfig, defaults: Settings<'_>, fixed: Settings<'_>) -> ClientConfig {
    let mut client = ClientConfig::new();
    for (name, value) in COMMON.iter().chain(defaults) {
        client.set(*name, *value);
    }
    for (name, value) in &config.settings {
        client.set(name, value);
    }
    for (name, value) in fixed.iter().copied().chain([("bootstrap.servers", config.brokers.join(",").as_str())]) {
        if let Some(asked) = config.settings.get(name).filter(|asked| asked.as_str() != value) {
            tracing::warn!("[source.kafka] settings: `{name} = {asked}` is ignored, it must be `{value}` here");
        }
        client.set(name, value);
    }
    client
}

/// What librdkafka reports from its own threads about one client. Every clone is the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reports(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    last_error: Mutex<Option<String>>,
    all_brokers_down: AtomicBool,
    statistics: Mutex<Option<Statistics>>,
}

impl Reports {
    /// The last error of a connection, in librdkafka's words.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.0.last_error.lock().clone()
    }

    /// Whether all connections were lost since this was last asked.
    pub(crate) fn take_all_brokers_down(&self) -> bool {
        self.0.all_brokers_down.swap(false, Ordering::Relaxed)
    }

    /// The newest statistics, once.
    pub(crate) fn take_statistics(&self) -> Option<Statistics> {
        self.0.statistics.lock().take()
    }
}

impl ClientContext for Reports {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "librdkafka");
        match error.rdkafka_error_code() {
            // It names no cause; the errors before it do.
            Some(RDKafkaErrorCode::AllBrokersDown) => self.0.all_brokers_down.store(true, Ordering::Relaxed),
            // The end of a partition and lost offsets are about records, not about connections.
            Some(RDKafkaErrorCode::PartitionEOF | RDKafkaErrorCode::AutoOffsetReset) => {}
            _ => *self.0.last_error.lock() = Some(reason.to_owned()),
        }
    }

    fn stats_raw(&self, statistics: &[u8]) {
        match serde_json::from_slice(statistics) {
            Ok(statistics) => *self.0.statistics.lock() = Some(statistics),
            Err(err) => tracing::error!("librdkafka's statistics cannot be read: {err}"),
        }
    }
}

impl ConsumerContext for Reports {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_config_passes_through_but_not_over_what_a_promise_depends_on() {
        let mut config = KafkaConfig { brokers: vec!["a:1".to_owned(), "b:2".to_owned()], ..KafkaConfig::default() };
        for (name, value) in [("security.protocol", "ssl"), ("acks", "0"), ("linger.ms", "9"), ("client.id", "mine")] {
            config.settings.insert(name.to_owned(), value.to_owned());
        }
        let client = settings(&config, &[("linger.ms", "5")], &[("acks", "all")]);
        for (name, value) in [
            ("bootstrap.servers", "a:1,b:2"),
            ("security.protocol", "ssl"),
            ("acks", "all"),
            ("linger.ms", "9"),
            ("client.id", "mine"),
        ] {
            assert_eq!(client.get(name), Some(value), "{name}");
        }
    }
}
