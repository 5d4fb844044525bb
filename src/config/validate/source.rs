//! `[source.*]`: sources that can be reached and written to.

use super::Findings;
use crate::config::problem::{quoted, text};
use crate::config::{KafkaConfig, SourceConfig};

/// Settings of librdkafka that have a key of their own.
const OWN_KEYS: [(&str, &str); 3] = [
    ("bootstrap.servers", "source.kafka.brokers"),
    ("metadata.broker.list", "source.kafka.brokers"),
    ("group.id", "source.kafka.group"),
];

pub(super) fn check(source: &SourceConfig, findings: &mut Findings) {
    if let Some(kafka) = &source.kafka {
        if !cfg!(feature = "kafka") {
            findings.add("source.kafka", "", "this build has no Kafka; build it with the feature `kafka`");
        }
        check_kafka(kafka, findings);
    }
    if let Some(embedded) = &source.embedded
        && embedded.path.as_os_str().is_empty()
    {
        findings.add("source.embedded.path", text(""), "must be a directory; it is made when missing");
    }
}

fn check_kafka(kafka: &KafkaConfig, findings: &mut Findings) {
    if kafka.brokers.is_empty() {
        findings.add("source.kafka.brokers", "", "must name at least one broker, as [\"redpanda:9092\"]");
    }
    for (index, broker) in kafka.brokers.iter().enumerate() {
        if !is_broker(broker) {
            let message = "must be one host and its port, as `redpanda:9092`";
            // What stands before an `@` in an address is often a password.
            let shown = if broker.contains('@') { "…".to_owned() } else { text(broker) };
            findings.add(format!("source.kafka.brokers[{index}]"), shown, message);
        }
    }
    if !(0..=i32::from(i16::MAX)).contains(&kafka.replication) {
        let message = "must be how many replicas a topic has, or 0 for the broker's own default";
        findings.add("source.kafka.replication", kafka.replication.to_string(), message);
    }
    findings.not_empty("source.kafka.group", kafka.group.as_deref());
    for name in kafka.settings.keys() {
        if let Some((_, key)) = OWN_KEYS.iter().find(|(setting, _)| setting == name) {
            let at = format!("source.kafka.settings.{}", quoted(name));
            findings.add(at, "…", format!("is set by `{key}`; write it there"));
        }
    }
}

/// `host:port`, with a protocol in front where librdkafka is to be told one.
fn is_broker(broker: &str) -> bool {
    let address = broker.split_once("://").map_or(broker, |(_, address)| address);
    let Some((host, port)) = address.rsplit_once(':') else { return false };
    let host_fits = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(ipv6) => ipv6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains([':', '/', ',', '@']) && !host.contains(char::is_whitespace),
    };
    host_fits && port.parse::<u16>().is_ok_and(|port| port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_a_host_and_a_port() {
        for broker in ["redpanda:9092", "10.0.0.1:19092", "[::1]:9092", "SASL_SSL://b-1.kafka.example.com:9096"] {
            assert!(is_broker(broker), "{broker}");
        }
        for broker in ["", "redpanda", "redpanda:", ":9092", "a:9092,b:9092", "a:0", "a:99999", "::1:9092", "a b:9092"]
        {
            assert!(!is_broker(broker), "{broker}");
        }
    }
}
