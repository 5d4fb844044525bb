//! Channel name to subscribers, without a scan: one map for exact names, one tree by level for patterns.

use std::collections::HashMap;

use super::Subscriber;
use crate::channel::{Level, Pattern};

/// The subscribers of every pattern.
#[derive(Debug, Default)]
pub(super) struct Index {
    exact: HashMap<Box<str>, Vec<Subscriber>>,
    patterns: Node,
}

/// One level of the tree of patterns.
#[derive(Debug, Default)]
struct Node {
    literals: HashMap<Box<str>, Node>,
    one: Option<Box<Node>>,
    /// Patterns that end here.
    here: Vec<Subscriber>,
    /// Patterns that end here with `**`.
    rest: Vec<Subscriber>,
}

impl Index {
    pub(super) fn insert(&mut self, pattern: &Pattern, subscriber: Subscriber) {
        if pattern.is_exact() {
            self.exact.entry(pattern.to_string().into()).or_default().push(subscriber);
        } else {
            self.patterns.list(pattern.levels()).push(subscriber);
        }
    }

    pub(super) fn remove(&mut self, pattern: &Pattern, key: u64) {
        if pattern.is_exact() {
            let name = pattern.to_string();
            let Some(subscribers) = self.exact.get_mut(name.as_str()) else { return };
            subscribers.retain(|subscriber| subscriber.subscription.key != key);
            if subscribers.is_empty() {
                self.exact.remove(name.as_str());
            }
        } else {
            self.patterns.remove(pattern.levels(), key);
        }
    }

    /// Calls `change` for the subscriber of that key, if it is there.
    pub(super) fn change(&mut self, pattern: &Pattern, key: u64, change: impl Fn(&mut Subscriber)) {
        let subscribers = if pattern.is_exact() {
            self.exact.get_mut(pattern.to_string().as_str())
        } else {
            self.patterns.find(pattern.levels())
        };
        let of_key = |subscriber: &&mut Subscriber| subscriber.subscription.key == key;
        subscribers.into_iter().flatten().filter(of_key).for_each(change);
    }

    /// Calls `found` for each subscriber of the channel of that name; returns how many nodes were looked at on the way.
    pub(super) fn visit(&self, channel: &str, found: &mut impl FnMut(&Subscriber)) -> usize {
        self.exact.get(channel).into_iter().flatten().for_each(&mut *found);
        match channel.strip_prefix('/') {
            Some(levels) => 1 + self.patterns.visit(Some(levels), found),
            None => 1,
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.patterns.is_empty()
    }
}

impl Node {
    fn list(&mut self, levels: &[Level]) -> &mut Vec<Subscriber> {
        match levels.split_first() {
            None => &mut self.here,
            Some((Level::Rest, _)) => &mut self.rest,
            Some((Level::One, below)) => self.one.get_or_insert_default().list(below),
            Some((Level::Literal(text), below)) => self.literals.entry(text.clone()).or_default().list(below),
        }
    }

    /// The list of that pattern, if there is one.
    fn find(&mut self, levels: &[Level]) -> Option<&mut Vec<Subscriber>> {
        match levels.split_first() {
            None => Some(&mut self.here),
            Some((Level::Rest, _)) => Some(&mut self.rest),
            Some((Level::One, below)) => self.one.as_mut()?.find(below),
            Some((Level::Literal(text), below)) => self.literals.get_mut(text)?.find(below),
        }
    }

    fn remove(&mut self, levels: &[Level], key: u64) {
        let keep = |subscriber: &Subscriber| subscriber.subscription.key != key;
        match levels.split_first() {
            None => self.here.retain(keep),
            Some((Level::Rest, _)) => self.rest.retain(keep),
            Some((Level::One, below)) => {
                let Some(one) = &mut self.one else { return };
                one.remove(below, key);
                self.one.take_if(|one| one.is_empty());
            }
            Some((Level::Literal(text), below)) => {
                let Some(node) = self.literals.get_mut(text) else { return };
                node.remove(below, key);
                if node.is_empty() {
                    self.literals.remove(text);
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.literals.is_empty() && self.one.is_none() && self.here.is_empty() && self.rest.is_empty()
    }

    fn visit(&self, levels: Option<&str>, found: &mut impl FnMut(&Subscriber)) -> usize {
        self.rest.iter().for_each(&mut *found);
        let Some(levels) = levels else {
            self.here.iter().for_each(&mut *found);
            return 1;
        };
        let (level, below) = match levels.split_once('/') {
            Some((level, below)) => (level, Some(below)),
            None => (levels, None),
        };
        let literal = self.literals.get(level).map_or(0, |node| node.visit(below, found));
        let one = self.one.as_ref().map_or(0, |node| node.visit(below, found));
        1 + literal + one
    }
}
