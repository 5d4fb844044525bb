//! What a source reads: the bytes of one record and the position where they stand.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

/// One partition of one topic of one cluster, named for good: a topic deleted and made again is another partition.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Partition {
    /// The broker's own name for its cluster; the embedded log makes one when its directory is made.
    pub cluster: Arc<str>,
    /// The topic's name.
    pub topic: Arc<str>,
    /// The topic's identity, which a re-created topic does not share; nil where the broker has none.
    pub topic_id: Uuid,
    /// The partition's number within the topic.
    pub number: i32,
    stream: Arc<str>,
}

/// Namespace of the stream names; part of the wire contract, because every node derives the same names from it.
const STREAM_NAMESPACE: Uuid = Uuid::from_u128(0x51_1c_e0_00_73_74_4d_65_8a_6d_00_00_00_00_00_01);

/// Characters of a stream name before the lane's letter: 60 bits, so two partitions share one by accident only among billions.
const STREAM_NAME_LEN: usize = 15;

impl Partition {
    /// Names a partition; its stream name follows from the four values alone.
    pub fn new(cluster: &str, topic: &str, topic_id: Uuid, number: i32) -> Self {
        let identity = format!("{cluster}\n{topic}\n{topic_id}\n{number}");
        let digest = Uuid::new_v5(&STREAM_NAMESPACE, identity.as_bytes()).simple().to_string();
        Self {
            cluster: cluster.into(),
            topic: topic.into(),
            topic_id,
            number,
            stream: digest[..STREAM_NAME_LEN].into(),
        }
    }

    /// The name that message ids of this partition start with (the lane's letter follows it): the same on every node.
    pub fn stream(&self) -> &str {
        &self.stream
    }
}

/// Where a record stands, for good.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    /// The partition it stands in.
    pub partition: Arc<Partition>,
    /// The leader epoch it was written in; -1 where the broker tells none.
    pub epoch: i32,
    /// Its number within the partition: Kafka's offset, the embedded log's, or a Redis entry id.
    pub number: u128,
}

/// One record as the broker gave it.
#[derive(Clone, Debug)]
pub struct Record {
    /// Where it stands.
    pub position: Position,
    /// The broker's time for it, in milliseconds since 1970.
    pub timestamp_ms: i64,
    /// The record's key, if it has one.
    pub key: Option<Bytes>,
    /// The record's headers in their order; names may repeat.
    pub headers: Vec<(String, Bytes)>,
    /// The body; `None` is a tombstone.
    pub body: Option<Bytes>,
}

impl Record {
    /// The topic's name.
    pub fn topic(&self) -> &Arc<str> {
        &self.position.partition.topic
    }

    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}
