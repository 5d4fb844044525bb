//! `pick` and `omit`: which members stay.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::path;
use crate::config::Projection;
use crate::route::rule::Problems;

/// Which members stay. Of a list, elements are named by their number; those that stay move together.
#[derive(Debug)]
pub(super) enum Filter {
    Everything,
    Pick(Members),
    Omit(Members),
}

/// Members, as a tree of the keys that lead to them.
#[derive(Debug, Default)]
pub(super) struct Members {
    /// Whether this very member is named, with all that is in it.
    is_named: bool,
    within: BTreeMap<String, Members>,
}

impl Filter {
    pub(super) fn new(config: &Projection, problems: &mut Problems) -> Self {
        let pick = Members::new("pick", &config.pick, problems);
        let omit = Members::new("omit", &config.omit, problems);
        match (config.pick.is_empty(), config.omit.is_empty()) {
            (false, _) => Self::Pick(pick),
            (true, false) => Self::Omit(omit),
            (true, true) => Self::Everything,
        }
    }

    pub(super) fn apply(&self, document: &Value) -> Value {
        match self {
            Self::Everything => document.clone(),
            Self::Pick(members) => members.pick(document).unwrap_or_else(|| Value::Object(Map::new())),
            Self::Omit(members) => members.omit(document),
        }
    }
}

impl Members {
    fn new(list: &str, names: &[String], problems: &mut Problems) -> Self {
        let mut root = Self::default();
        for (place, name) in names.iter().enumerate() {
            let keys = problems.keep(&format!("project.{list}[{place}]"), name, path(name)).unwrap_or_default();
            let leaf = keys.into_iter().fold(&mut root, |members, key| members.within.entry(key).or_default());
            leaf.is_named = true;
        }
        root
    }

    /// What is named, in the objects that lead to it; `None` where there is nothing of it.
    fn pick(&self, value: &Value) -> Option<Value> {
        if self.is_named {
            return Some(value.clone());
        }
        match value {
            Value::Object(members) => {
                let pick = |(key, inner): (&String, &Self)| Some((key.clone(), inner.pick(members.get(key)?)?));
                let picked: Map<_, _> = self.within.iter().filter_map(pick).collect();
                (!picked.is_empty()).then_some(Value::Object(picked))
            }
            Value::Array(items) => {
                let pick = |(place, item)| self.within.get(&format!("{place}"))?.pick(item);
                let picked: Vec<_> = items.iter().enumerate().filter_map(pick).collect();
                (!picked.is_empty()).then_some(Value::Array(picked))
            }
            _ => None,
        }
    }

    /// All but what is named.
    fn omit(&self, value: &Value) -> Value {
        let omit = |key: &str, value: &Value| match self.within.get(key) {
            None => Some(value.clone()),
            Some(members) if members.is_named => None,
            Some(members) => Some(members.omit(value)),
        };
        match value {
            Value::Object(members) => {
                let kept = members.iter().filter_map(|(key, value)| Some((key.clone(), omit(key, value)?)));
                Value::Object(kept.collect())
            }
            Value::Array(items) => {
                let kept = items.iter().enumerate().filter_map(|(place, item)| omit(&place.to_string(), item));
                Value::Array(kept.collect())
            }
            _ => value.clone(),
        }
    }
}
