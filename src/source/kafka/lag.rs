//! What librdkafka's statistics say of each partition: how far behind the reader is, and whether it reads at all.

use std::collections::HashMap;

use serde::Deserialize;

/// The part of the statistics that is used.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Statistics {
    #[serde(default)]
    topics: HashMap<String, TopicStatistics>,
}

#[derive(Debug, Default, Deserialize)]
struct TopicStatistics {
    #[serde(default)]
    partitions: HashMap<i32, PartitionStatistics>,
}

/// One partition.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct PartitionStatistics {
    fetch_state: String,
    fetchq_cnt: i64,
    next_offset: i64,
    ls_offset: i64,
}

impl Statistics {
    /// The partition's part, if librdkafka knows it.
    pub(super) fn partition(&self, topic: &str, number: i32) -> Option<&PartitionStatistics> {
        self.topics.get(topic)?.partitions.get(&number)
    }
}

impl PartitionStatistics {
    /// How many records are readable but not read, when the next one to read is `next`; `None` before the first fetch.
    pub(super) fn lag(&self, next: i64) -> Option<u64> {
        if self.ls_offset < 0 {
            return None;
        }
        // Marks of transactions are never handed out, so what was fetched counts as read once nothing waits.
        let read = if self.fetchq_cnt == 0 { next.max(self.next_offset) } else { next };
        u64::try_from(self.ls_offset.saturating_sub(read.max(0))).ok().or(Some(0))
    }

    /// Whether librdkafka has given up on the partition: it fetches no more, and says so nowhere else.
    pub(super) fn is_dead(&self) -> bool {
        matches!(self.fetch_state.as_str(), "none" | "stopped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statistics(text: &str) -> PartitionStatistics {
        let text = format!(r#"{{"topics":{{"t":{{"topic":"t","partitions":{{"0":{text},"-1":{text}}}}}}}}}"#);
        serde_json::from_str::<Statistics>(&text).unwrap().partition("t", 0).unwrap().clone()
    }

    #[test]
    fn lag_counts_what_is_readable_and_not_read() {
        let text = r#"{"fetch_state":"active","fetchq_cnt":3,"next_offset":10,"ls_offset":10,"hi_offset":12}"#;
        assert_eq!(statistics(text).lag(7), Some(3));
        assert_eq!(statistics(text).lag(11), Some(0));
    }

    #[test]
    fn marks_of_transactions_are_no_lag() {
        let text = r#"{"fetch_state":"active","fetchq_cnt":0,"next_offset":10,"ls_offset":10,"hi_offset":10}"#;
        assert_eq!(statistics(text).lag(9), Some(0));
    }

    #[test]
    fn before_the_first_fetch_nothing_is_known() {
        let text = r#"{"fetch_state":"offset-query","fetchq_cnt":0,"next_offset":-1001,"ls_offset":-1001}"#;
        assert_eq!(statistics(text).lag(0), None);
        assert!(!statistics(text).is_dead());
    }

    #[test]
    fn a_partition_without_fetcher_is_dead() {
        let text = r#"{"fetch_state":"none","fetchq_cnt":0,"next_offset":5,"ls_offset":5}"#;
        assert!(statistics(text).is_dead());
    }
}
