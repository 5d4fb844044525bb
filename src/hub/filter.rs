//! Which of a channel's messages a subscription wants and may have.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::selector::{Condition, Operand};

/// What a name in a condition stands for in one message.
pub(super) type Lookup<'lookup, 'value> = &'lookup dyn Fn(&str) -> Option<Operand<'value>>;

/// Which of a channel's messages a subscription gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// What the client asked for; `None`: everything.
    pub selector: Option<Arc<Condition>>,
    /// What the access rules leave it: a message that one of these admits. `None`: no rule sets a condition.
    pub only: Option<Vec<Arc<Condition>>>,
}

impl Filter {
    /// Whether every message passes.
    pub const fn is_open(&self) -> bool {
        self.selector.is_none() && self.only.is_none()
    }

    fn conditions(&mut self) -> impl Iterator<Item = &mut Arc<Condition>> {
        self.selector.iter_mut().chain(self.only.iter_mut().flatten())
    }
}

/// What each condition says of one message; each is asked once, however many subscriptions have it.
pub(super) struct Verdicts<'lookup, 'value> {
    lookup: Lookup<'lookup, 'value>,
    /// By the condition's place in memory, where it stays while the index is read: conditions of one text are one, see
    /// [`Conditions`].
    known: HashMap<*const Condition, bool>,
}

impl<'lookup, 'value> Verdicts<'lookup, 'value> {
    pub(super) fn new(lookup: Lookup<'lookup, 'value>) -> Self {
        Self { lookup, known: HashMap::new() }
    }

    /// Whether the message passes the filter.
    pub(super) fn admit(&mut self, filter: &Filter) -> bool {
        // What a rule does not admit is not looked at by a condition of the client's own.
        filter.only.as_ref().is_none_or(|only| only.iter().any(|condition| self.holds(condition)))
            && filter.selector.as_ref().is_none_or(|selector| self.holds(selector))
    }

    fn holds(&mut self, condition: &Arc<Condition>) -> bool {
        *self.known.entry(Arc::as_ptr(condition)).or_insert_with(|| condition.holds(self.lookup))
    }
}

/// Every condition of a node's subscriptions, each text once.
#[derive(Debug, Default)]
pub(super) struct Conditions(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    by_text: HashMap<Box<str>, Weak<Condition>>,
    /// How many there may be before those that nobody has any more are taken out.
    bound: usize,
}

impl Conditions {
    /// Exchanges the filter's conditions for those of the same text that are known already.
    pub(super) fn share(&self, filter: &mut Filter) {
        let mut known = self.0.lock();
        for condition in filter.conditions() {
            match known.by_text.get(condition.text()).and_then(Weak::upgrade) {
                Some(same) => *condition = same,
                None => known.add(condition),
            }
        }
    }
}

impl Known {
    fn add(&mut self, condition: &Arc<Condition>) {
        const BOUND_MIN: usize = 64;
        if self.by_text.len() >= self.bound.max(BOUND_MIN) {
            self.by_text.retain(|_, condition| condition.strong_count() > 0);
            self.bound = self.by_text.len() * 2;
        }
        self.by_text.insert(condition.text().into(), Arc::downgrade(condition));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn filter(selector: Option<&str>, only: Option<&[&str]>) -> Filter {
        let condition = |text: &str| Arc::new(Condition::parse(text).unwrap());
        Filter {
            selector: selector.map(condition),
            only: only.map(|only| only.iter().map(|text| condition(text)).collect()),
        }
    }

    #[test]
    fn a_rule_and_the_client_both_have_to_admit_it() {
        let lookup = |name: &str| (name == "n").then_some(Operand::Integer(5));
        for (selector, only, admitted) in [
            (None, None, true),
            (Some("n = 5"), None, true),
            (Some("n = 6"), None, false),
            (None, Some(["n = 6", "n = 5"].as_slice()), true),
            (Some("n = 5"), Some(&["n = 6"]), false),
            (Some("n = 6"), Some(&["n = 5"]), false),
            (None, Some(&[]), false),
            (Some("other = 1"), None, false),
        ] {
            let filter = filter(selector, only);
            assert_eq!(Verdicts::new(&lookup).admit(&filter), admitted, "{selector:?} {only:?}");
        }
    }

    #[test]
    fn one_text_is_evaluated_once() {
        let conditions = Conditions::default();
        let mut filters: Vec<Filter> = (0..10).map(|_| filter(Some("n > 1"), None)).collect();
        filters.iter_mut().for_each(|filter| conditions.share(filter));
        let asked = Cell::new(0);
        let lookup = |_: &str| {
            asked.set(asked.get() + 1);
            Some(Operand::Integer(5))
        };
        let mut verdicts = Verdicts::new(&lookup);
        assert!(filters.iter().all(|filter| verdicts.admit(filter)));
        assert_eq!(asked.get(), 1);
    }

    #[test]
    fn conditions_that_nobody_has_are_forgotten() {
        let conditions = Conditions::default();
        for number in 0..10_000 {
            conditions.share(&mut filter(Some(&format!("n = {number}")), None));
        }
        assert!(conditions.0.lock().by_text.len() < 200);
    }
}
