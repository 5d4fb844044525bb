//! What is known of each topic, and what its latest description changes: new partitions, a topic made again, another
//! cluster. Pure; it asks nobody.

use std::ops::Range;
use std::sync::Arc;

use rdkafka::types::RDKafkaErrorCode;
use uuid::Uuid;

use super::ffi::{TopicDescription, TopicIdentity};

/// Answers in a row that a topic must be missing in before one without id counts as made again. A broker that has just
/// started may not know its topics yet.
const ABSENT_ANSWERS_MIN: u32 = 2;

/// Where reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// At the end as it is now.
    Now,
    /// At the first record there is.
    Beginning,
    /// At the first record written since the brokers were last heard: one that is older was read already.
    LastContact,
}

/// Partitions to be read from now on. What was read of the same topic under another identity is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) topic: String,
    pub(super) id: Uuid,
    pub(super) partitions: Range<i32>,
    pub(super) start: Start,
}

#[derive(Debug)]
enum State {
    /// The brokers have not said yet whether it is there.
    Unknown,
    /// They have said that it is not.
    Missing,
    /// It is there.
    Known(Known),
}

#[derive(Debug)]
struct Known {
    cluster: Arc<str>,
    id: Uuid,
    partitions: i32,
    absent_answers: u32,
}

/// All topics that are read.
#[derive(Debug)]
pub(super) struct Watch {
    topics: Vec<(String, State)>,
    /// What is wrong with a topic, in words for a person.
    problem: Option<String>,
}

impl Watch {
    pub(super) fn new(topics: &[String]) -> Self {
        Self { topics: topics.iter().map(|name| (name.clone(), State::Unknown)).collect(), problem: None }
    }

    /// What the last answer said is wrong with a topic.
    pub(super) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Takes an answer of the brokers in, and says which partitions are to be read because of it.
    pub(super) fn update(&mut self, cluster: &Arc<str>, descriptions: Vec<TopicDescription>) -> Vec<Found> {
        self.problem = None;
        let mut found = Vec::new();
        for TopicDescription { name, outcome } in descriptions {
            let Some((_, state)) = self.topics.iter_mut().find(|(topic, _)| *topic == name) else { continue };
            match outcome {
                Ok(identity) => found.extend(state.on_present(&name, cluster, &identity)),
                Err(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                    state.on_absent(&name)
                }
                // A topic that is being made has no leader for a moment.
                Err(RDKafkaErrorCode::LeaderNotAvailable) => {}
                Err(code) => self.problem = Some(format!("topic `{name}` cannot be read: {code}")),
            }
        }
        found
    }
}

impl State {
    fn on_present(&mut self, topic: &str, cluster: &Arc<str>, identity: &TopicIdentity) -> Option<Found> {
        let partitions = identity.partitions;
        let (range, start) = match self {
            Self::Unknown => (0..partitions, Start::Now),
            Self::Missing => (0..partitions, Start::Beginning),
            Self::Known(known) if known.cluster != *cluster => {
                tracing::error!(topic, was = %known.cluster, is = %cluster, "another Kafka cluster answers at this address");
                (0..partitions, Start::LastContact)
            }
            Self::Known(known) if known.is_other(identity) => {
                tracing::error!(topic, "the topic was deleted and made again; it is read from its beginning");
                (0..partitions, Start::Beginning)
            }
            Self::Known(known) => {
                known.absent_answers = 0;
                let range = known.partitions..partitions;
                if range.is_empty() {
                    return None;
                }
                known.partitions = partitions;
                tracing::info!(topic, ?range, "the topic has new partitions");
                return Some(Found {
                    topic: topic.to_owned(),
                    id: known.id,
                    partitions: range,
                    start: Start::Beginning,
                });
            }
        };
        let id = identity.id;
        *self = Self::Known(Known { cluster: Arc::clone(cluster), id, partitions, absent_answers: 0 });
        Some(Found { topic: topic.to_owned(), id, partitions: range, start })
    }

    fn on_absent(&mut self, topic: &str) {
        match self {
            Self::Unknown => {
                tracing::warn!(topic, "the topic does not exist; it is read from its beginning once it is made");
                *self = Self::Missing;
            }
            Self::Missing => {}
            Self::Known(known) => {
                known.absent_answers += 1;
                if known.absent_answers == ABSENT_ANSWERS_MIN {
                    tracing::error!(topic, "the topic is gone");
                }
            }
        }
    }
}

impl Known {
    /// Whether a topic of the same name is another one. An id that comes or goes is a broker being upgraded.
    fn is_other(&self, identity: &TopicIdentity) -> bool {
        if !self.id.is_nil() && !identity.id.is_nil() {
            return self.id != identity.id;
        }
        self.absent_answers >= ABSENT_ANSWERS_MIN || identity.partitions < self.partitions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    struct Check(Watch);

    impl Check {
        fn new() -> Self {
            Self(Watch::new(&["t".to_owned()]))
        }

        fn is(&mut self, id: Uuid, partitions: i32) -> Option<(Range<i32>, Start)> {
            self.is_in("cluster", id, partitions)
        }

        fn is_in(&mut self, cluster: &str, id: Uuid, partitions: i32) -> Option<(Range<i32>, Start)> {
            let outcome = Ok(TopicIdentity { id, partitions, leaderless: Vec::new() });
            let found = self.0.update(&cluster.into(), vec![TopicDescription { name: "t".to_owned(), outcome }]);
            found.into_iter().next().map(|found| (found.partitions, found.start))
        }

        fn fails(&mut self, code: RDKafkaErrorCode) {
            let description = TopicDescription { name: "t".to_owned(), outcome: Err(code) };
            assert_eq!(self.0.update(&"cluster".into(), vec![description]), []);
        }

        fn is_absent(&mut self) {
            self.fails(RDKafkaErrorCode::UnknownTopicOrPartition);
        }
    }

    #[test]
    fn a_topic_is_read_from_now_and_its_new_partitions_from_their_beginning() {
        let mut check = Check::new();
        assert_eq!(check.is(ID, 2), Some((0..2, Start::Now)));
        assert_eq!(check.is(ID, 2), None);
        assert_eq!(check.is(ID, 5), Some((2..5, Start::Beginning)));
        assert_eq!(check.is(ID, 5), None);
    }

    #[test]
    fn a_topic_that_is_made_later_is_read_from_its_beginning() {
        let mut check = Check::new();
        check.is_absent();
        assert_eq!(check.is(ID, 1), Some((0..1, Start::Beginning)));
    }

    #[test]
    fn a_topic_that_is_made_again_is_another_one() {
        let mut check = Check::new();
        check.is(ID, 2);
        assert_eq!(check.is(OTHER, 1), Some((0..1, Start::Beginning)));
        assert_eq!(check.is(OTHER, 1), None);
    }

    #[test]
    fn a_broker_that_does_not_know_its_topics_yet_changes_nothing() {
        let mut check = Check::new();
        check.is(ID, 2);
        for _ in 0..5 {
            check.is_absent();
        }
        assert_eq!(check.is(ID, 2), None);
    }

    #[test]
    fn without_ids_a_topic_that_was_gone_for_long_is_another_one() {
        let mut check = Check::new();
        check.is(Uuid::nil(), 2);
        check.is_absent();
        assert_eq!(check.is(Uuid::nil(), 2), None);
        check.is_absent();
        check.is_absent();
        assert_eq!(check.is(Uuid::nil(), 2), Some((0..2, Start::Beginning)));
    }

    #[test]
    fn another_cluster_is_read_since_the_last_contact() {
        let mut check = Check::new();
        check.is(ID, 2);
        assert_eq!(check.is_in("other", OTHER, 2), Some((0..2, Start::LastContact)));
        assert_eq!(check.is_in("other", OTHER, 2), None);
    }

    #[test]
    fn a_topic_that_may_not_be_read_is_a_problem_until_it_may() {
        let mut check = Check::new();
        check.fails(RDKafkaErrorCode::TopicAuthorizationFailed);
        assert!(check.0.problem().unwrap().contains("`t`"));
        assert_eq!(check.is(ID, 1), Some((0..1, Start::Now)));
        assert_eq!(check.0.problem(), None);
    }
}
