//! Keeps records that could not be delivered, each once, with the reason.
//!
//! This belongs to the path that happens once in the cluster; the live path only counts what it passes over.

pub mod embedded;
#[cfg(feature = "kafka")]
pub mod kafka;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::config::Config;
use crate::publish::Outgoing;
use crate::record::Record;

/// The names of the headers that a dead letter has beside the record's own. Their values are text. They come last: where
/// a record had a header of such a name already, its last occurrence is the one that counts.
pub mod header {
    /// Why it was refused, as one word.
    pub const REASON: &str = "dead-letter-reason";
    /// What exactly was wrong, for a person.
    pub const DETAIL: &str = "dead-letter-detail";
    /// The topic that the record was on.
    pub const TOPIC: &str = "dead-letter-topic";
    /// The partition that it was in.
    pub const PARTITION: &str = "dead-letter-partition";
    /// The offset that it had there.
    pub const OFFSET: &str = "dead-letter-offset";
    /// The record's own time in RFC 3339; left out where the broker gave it none.
    pub const TIMESTAMP: &str = "dead-letter-timestamp";
    /// When it was kept, in RFC 3339.
    pub const TIME: &str = "dead-letter-time";
    /// Why its body is not with it, where the dead-letter topic does not take one so large.
    pub const BODY: &str = "dead-letter-body";
    /// The node that kept it.
    pub const NODE: &str = "dead-letter-node";
    /// `true` where the record had no body at all, which an empty body alone would not tell.
    pub const TOMBSTONE: &str = "dead-letter-tombstone";
}

/// The most octets of a detail that are kept: it may quote the record, and the record is there anyway.
const DETAIL_BYTES_MAX: usize = 1_024;

/// Why a record cannot be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason as one word.
    pub reason: &'static str,
    /// What exactly was wrong, for a person.
    pub detail: String,
}

/// Says whether a record is to be refused. It must say the same of the same record each time.
pub type Judge = Arc<dyn Fn(&Record) -> Option<Refusal> + Send + Sync>;

/// Which topic keeps whose dead letters, and what they look like.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    /// For each topic that is read, the one that keeps its dead letters, if there is one.
    keepers: BTreeMap<String, Option<Arc<str>>>,
    node: Bytes,
}

impl DeadLetters {
    /// The dead letters of the topics in the config, kept by the node of that name.
    pub fn new(config: &Config, node: &str) -> Self {
        let keeper = |dead_letter: &Option<String>| dead_letter.as_deref().map(Arc::from);
        let keepers = config.read_topics().map(|(name, topic)| (name.to_owned(), keeper(&topic.dead_letter)));
        Self { keepers: keepers.collect(), node: Bytes::copy_from_slice(node.as_bytes()) }
    }

    /// The topics whose records are judged.
    pub fn topics(&self) -> Vec<String> {
        self.keepers.keys().cloned().collect()
    }

    /// The dead letter of a record: its key, headers and body as they were, and why it was refused. `None` where the
    /// config names no topic for it.
    pub fn outgoing(&self, record: &Record, refusal: &Refusal, now_ms: i64) -> Option<Outgoing> {
        let topic = self.keepers.get(&**record.topic())?.clone()?;
        let mut headers = record.headers.clone();
        let mut add = |name: &str, value: String| headers.push((name.to_owned(), value.into()));
        let partition = &record.position.partition;
        add(header::REASON, refusal.reason.to_owned());
        add(header::DETAIL, cut(&refusal.detail).to_owned());
        add(header::TOPIC, partition.topic.to_string());
        add(header::PARTITION, partition.number.to_string());
        add(header::OFFSET, record.position.number.to_string());
        if let Some(time) = rfc3339(record.timestamp_ms) {
            add(header::TIMESTAMP, time);
        }
        if let Some(time) = rfc3339(now_ms) {
            add(header::TIME, time);
        }
        if record.body.is_none() {
            add(header::TOMBSTONE, "true".to_owned());
        }
        headers.push((header::NODE.to_owned(), self.node.clone()));
        Some(Outgoing { topic, key: record.key.clone(), headers, body: record.body.clone().unwrap_or_default() })
    }
}

/// Milliseconds since 1970 as RFC 3339 in UTC; `None` for what is no time, as Kafka's -1.
fn rfc3339(millis: i64) -> Option<String> {
    let nanos = u64::try_from(millis).ok().map(|millis| i128::from(millis) * 1_000_000)?;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?.format(&Rfc3339).ok()
}

fn cut(detail: &str) -> &str {
    let mut end = detail.len().min(DETAIL_BYTES_MAX);
    while !detail.is_char_boundary(end) {
        end -= 1;
    }
    &detail[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::record::{Partition, Position};
    use uuid::Uuid;

    fn dead_letters() -> DeadLetters {
        let config = "[topics.orders]\ndead_letter = \"orders-dlq\"\n[topics.loose]\n[topics.orders-dlq]";
        DeadLetters::new(&config::load_text(config).unwrap(), "node-1")
    }

    fn record(topic: &str, body: Option<&'static [u8]>) -> Record {
        Record {
            position: Position { partition: Partition::new("c", topic, Uuid::nil(), 3).into(), epoch: 0, number: 17 },
            timestamp_ms: 1_700_000_000_123,
            key: Some("user-1".into()),
            headers: vec![("a".to_owned(), "1".into()), ("a".to_owned(), Bytes::from_static(&[0, 255]))],
            body: body.map(Bytes::from_static),
        }
    }

    fn refusal() -> Refusal {
        Refusal { reason: "malformed", detail: "no JSON at octet 3".to_owned() }
    }

    #[test]
    fn a_dead_letter_is_the_record_as_it_was_and_why_it_is_there() {
        let record = record("orders", Some(b"\xff{ nonsense"));
        let letter = dead_letters().outgoing(&record, &refusal(), 1_700_000_001_000).unwrap();
        assert_eq!(&*letter.topic, "orders-dlq");
        assert_eq!((letter.key, letter.body), (record.key, record.body.unwrap()));
        assert_eq!(letter.headers[..2], record.headers);
        let added: Vec<_> = letter.headers[2..].iter().map(|(name, value)| (name.as_str(), &value[..])).collect();
        assert_eq!(
            added,
            [
                ("dead-letter-reason", &b"malformed"[..]),
                ("dead-letter-detail", b"no JSON at octet 3"),
                ("dead-letter-topic", b"orders"),
                ("dead-letter-partition", b"3"),
                ("dead-letter-offset", b"17"),
                ("dead-letter-timestamp", b"2023-11-14T22:13:20.123Z"),
                ("dead-letter-time", b"2023-11-14T22:13:21Z"),
                ("dead-letter-node", b"node-1"),
            ]
        );
    }

    #[test]
    fn a_tombstone_is_told_from_an_empty_body() {
        let has_mark = |body| {
            let letter = dead_letters().outgoing(&record("orders", body), &refusal(), 0).unwrap();
            assert!(letter.body.is_empty());
            letter.headers.contains(&(header::TOMBSTONE.to_owned(), "true".into()))
        };
        assert!(has_mark(None));
        assert!(!has_mark(Some(b"")));
    }

    #[test]
    fn what_has_nowhere_to_go_is_no_letter_and_dead_letters_are_not_judged() {
        assert!(dead_letters().outgoing(&record("loose", None), &refusal(), 0).is_none());
        assert!(dead_letters().outgoing(&record("unheard-of", None), &refusal(), 0).is_none());
        assert_eq!(dead_letters().topics(), ["loose", "orders"]);
    }

    #[test]
    fn a_long_detail_is_cut_between_characters_and_a_missing_time_is_left_out() {
        let refusal = Refusal { reason: "invalid", detail: "é".repeat(1_000) };
        let mut record = record("orders", None);
        record.timestamp_ms = -1;
        let letter = dead_letters().outgoing(&record, &refusal, 0).unwrap();
        let value = |name: &str| letter.headers.iter().find(|header| header.0 == name).map(|header| &header.1[..]);
        assert_eq!(value(header::DETAIL), Some("é".repeat(512).as_bytes()));
        assert_eq!(value(header::TIMESTAMP), None);
    }
}
