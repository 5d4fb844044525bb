//! Finds the routes that may match an event without looking at all of them: by topic, then by the type or its beginning.

use std::collections::{BTreeMap, HashMap};

use super::glob::Glob;

/// Places of routes, by what an event must have for them to match.
#[derive(Debug, Default)]
pub(super) struct Index {
    by_topic: HashMap<Box<str>, ByType>,
    every_topic: ByType,
}

#[derive(Debug, Default)]
struct ByType {
    exact: HashMap<Box<str>, Vec<usize>>,
    /// By the length of the literal prefix, then by the prefix: one look-up for each length that is in use.
    by_prefix: BTreeMap<usize, HashMap<Box<str>, Vec<usize>>>,
}

impl Index {
    /// Adds a route; no topics mean every topic, no globs every type.
    pub(super) fn add(&mut self, place: usize, topics: &[String], globs: &[Glob]) {
        if topics.is_empty() {
            self.every_topic.add(place, globs);
        }
        for topic in topics {
            self.by_topic.entry(topic.as_str().into()).or_default().add(place, globs);
        }
    }

    /// The routes that may match, each once and in order.
    pub(super) fn candidates(&self, topic: &str, event_type: &str) -> Vec<usize> {
        let mut places = Vec::new();
        self.every_topic.collect(event_type, &mut places);
        if let Some(by_type) = self.by_topic.get(topic) {
            by_type.collect(event_type, &mut places);
        }
        places.sort_unstable();
        places.dedup();
        places
    }
}

impl ByType {
    fn add(&mut self, place: usize, globs: &[Glob]) {
        if globs.is_empty() {
            self.add_prefix(place, "");
        }
        for glob in globs {
            if glob.is_exact() {
                self.exact.entry(glob.literal_prefix().into()).or_default().push(place);
            } else {
                self.add_prefix(place, glob.literal_prefix());
            }
        }
    }

    fn add_prefix(&mut self, place: usize, prefix: &str) {
        self.by_prefix.entry(prefix.len()).or_default().entry(prefix.into()).or_default().push(place);
    }

    fn collect(&self, event_type: &str, places: &mut Vec<usize>) {
        places.extend(self.exact.get(event_type).into_iter().flatten());
        for (length, prefixes) in self.by_prefix.range(..=event_type.len()) {
            // A length inside a character is no prefix of this type.
            let Some(prefix) = event_type.get(..*length) else { continue };
            places.extend(prefixes.get(prefix).into_iter().flatten());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_routes_of_the_topic_and_the_prefix_are_found() {
        let mut index = Index::default();
        let globs = |texts: &[&str]| texts.iter().map(|text| Glob::new(text)).collect::<Vec<_>>();
        let topics = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        index.add(0, &topics(&["a"]), &globs(&["agent.*", "agent.started"]));
        index.add(1, &topics(&["b"]), &globs(&[]));
        index.add(2, &topics(&[]), &globs(&["\u{e9}*"]));
        index.add(3, &topics(&["a", "b", "a"]), &globs(&["*.v1"]));
        assert_eq!(index.candidates("a", "agent.started"), [0, 3]);
        assert_eq!(index.candidates("a", "session.started"), [3]);
        assert_eq!(index.candidates("b", ""), [1, 3]);
        assert_eq!(index.candidates("c", "agent.started"), [0; 0]);
        assert_eq!(index.candidates("c", "\u{e9}t\u{e9}"), [2]);
        assert_eq!(index.candidates("c", "\u{2603}"), [0; 0]);
    }
}
