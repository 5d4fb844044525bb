//! `rename`: new names for members.

use std::collections::BTreeMap;

use serde_json::Value;

use super::path;
use crate::route::rule::Problems;

/// New names within one object. They take effect at once, so that two members can swap their names; a member that had the
/// new name already gives way.
#[derive(Debug)]
pub(super) struct Renames {
    object: Vec<String>,
    names: Vec<(String, String)>,
}

impl Renames {
    /// Reads all renames, the deepest objects first: a path speaks of the names before any renaming.
    pub(super) fn all(config: &BTreeMap<String, String>, problems: &mut Problems) -> Vec<Self> {
        let mut by_object: BTreeMap<Vec<String>, Vec<(String, String)>> = BTreeMap::new();
        for (old, new) in config {
            let key = format!("project.rename.{old}");
            if new.is_empty() || new.starts_with('/') {
                problems.add(&key, new, "a new name is a plain name: the member stays where it is");
            }
            let Some(mut keys) = problems.keep(&key, old, path(old)) else { continue };
            let Some(last) = keys.pop() else { continue };
            let names = by_object.entry(keys).or_default();
            if names.iter().any(|(_, taken)| taken == new) {
                problems.add(&key, new, "two members of one object cannot have the same name");
            }
            names.push((last, new.clone()));
        }
        let mut all: Vec<_> = by_object.into_iter().map(|(object, names)| Self { object, names }).collect();
        all.sort_by_key(|renames| std::cmp::Reverse(renames.object.len()));
        all
    }

    pub(super) fn apply(&self, document: &mut Value) {
        let object = self.object.iter().try_fold(document, |value, key| match value {
            Value::Array(items) => items.get_mut(key.parse::<usize>().ok()?),
            value => value.get_mut(key),
        });
        let Some(Value::Object(members)) = object else { return };
        let taken: Vec<_> =
            self.names.iter().filter_map(|(old, new)| Some((new.clone(), members.remove(old)?))).collect();
        members.extend(taken);
    }
}
