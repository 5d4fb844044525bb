//! Reads a table as the config, and goes on after each value that does not fit, so that all of them are told.

use toml::Value;

use super::redact;
use super::schema::{Kind, Node};
use super::unknown;
use crate::config::Config;
use crate::config::problem::{KeyPath, Problem, Step};

/// The most values that are told as wrong; a file with more is no config.
const WRONG_VALUES_MAX: usize = 500;

/// What became of a table.
#[derive(Debug)]
pub(super) struct Shaped {
    /// The config without what was wrong.
    pub(super) config: Option<Config>,
    /// What was wrong.
    pub(super) problems: Vec<Problem>,
    /// Keys whose values, and what is below them, the config has only as stand-ins.
    pub(super) stand_ins: Vec<String>,
}

/// Reads the whole config.
pub(super) fn read(mut root: Value) -> Shaped {
    let mut shaped = Shaped { config: None, problems: Vec::new(), stand_ins: Vec::new() };
    shaped.fit_sections(&mut root, Node::root(), &KeyPath::default());
    for _ in 0..WRONG_VALUES_MAX {
        match serde_path_to_error::deserialize::<_, Config>(root.clone()) {
            Ok(config) => {
                shaped.config = Some(config);
                break;
            }
            Err(err) => {
                let path = place(&root, err.path());
                shaped.wrong_value(value_at(&root, &path), &path, err.inner().message());
                if !shaped.replace(&mut root, &path) {
                    break;
                }
            }
        }
    }
    shaped
}

impl Shaped {
    /// Tells what is no section where one should be, and which keys a section has that there are not, or lacks; puts all
    /// of it right.
    fn fit_sections(&mut self, value: &mut Value, node: Node, path: &KeyPath) {
        if matches!(node.kind(), Kind::Section | Kind::Names) && !value.is_table() {
            // Reading would take a list's items for the section's keys, in their order.
            self.wrong_value(Some(value), path, "");
            *value = node.filler();
        }
        match (value, node.kind()) {
            (Value::Table(table), Kind::Section) => {
                for name in table.keys().cloned().collect::<Vec<_>>() {
                    let path = path.key(&name);
                    if let Some(child) = node.child(&name) {
                        self.fit_sections(&mut table[name.as_str()], child, &path);
                    } else if let Some(value) = table.remove(&name) {
                        self.unknown_key(&value, node, &path);
                    }
                }
                self.add_required(table, node, path);
            }
            (Value::Table(table), Kind::Names) => {
                for (name, value) in table.iter_mut() {
                    if let Some(child) = node.child(name) {
                        self.fit_sections(value, child, &path.key(name));
                    }
                }
            }
            (Value::Array(items), Kind::List) => {
                for (index, value) in items.iter_mut().enumerate() {
                    if let Some(item) = node.item() {
                        self.fit_sections(value, item, &path.index(index));
                    }
                }
            }
            _ => {}
        }
    }

    fn unknown_key(&mut self, value: &Value, section: Node, path: &KeyPath) {
        let (message, meant) = unknown::key_message(section, path);
        self.problems.push(Problem::new(path.to_string(), redact::show(path, value), message));
        let Some((parent, _)) = path.split_last() else { return };
        match (meant, parent.steps().last()) {
            (Some(meant), _) => self.stand_ins.push(parent.key(meant).to_string()),
            // The item may seem to lack what this key was to be for it.
            (None, Some(Step::Index(_))) => self.stand_ins.push(parent.to_string()),
            (None, _) => {}
        }
    }

    fn add_required(&mut self, table: &mut toml::Table, node: Node, path: &KeyPath) {
        for name in node.required().filter(|name| !table.contains_key(*name)).collect::<Vec<_>>() {
            let Some(child) = node.child(name) else { continue };
            let key = path.key(name).to_string();
            if !self.stand_ins.contains(&key) {
                let message = format!("is missing; write {}", unknown::listed(&child.choices(), "or"));
                self.problems.push(Problem::new(key, "", message));
            }
            self.stand_ins.push(path.to_string());
            table.insert(name.to_owned(), child.filler());
        }
    }

    fn wrong_value(&mut self, value: Option<&Value>, path: &KeyPath, said: &str) {
        let shown = value.map(|value| redact::show(path, value)).unwrap_or_default();
        self.problems.push(Problem::new(path.to_string(), shown, message(path, value, said)));
        self.stand_ins.push(path.to_string());
    }

    /// Puts something harmless where the wrong value stands. False if that is impossible.
    fn replace(&mut self, root: &mut Value, path: &KeyPath) -> bool {
        let Some((parent, last)) = path.split_last() else { return false };
        let (Some(node), Some(section)) = (Node::root().at(path), Node::root().at(&parent)) else { return false };
        let needed = matches!(last, Step::Key(name) if section.required().any(|required| required == name));
        if needed {
            // The neighbours of a stand-in may only seem wrong beside it.
            self.stand_ins.push(parent.to_string());
        }
        let keep_place = needed || matches!(node.kind(), Kind::Section | Kind::Names);
        let filler = node.filler();
        match (value_at_mut(root, &parent), last) {
            (Some(Value::Table(table)), Step::Key(name)) if keep_place => {
                table.insert(name.clone(), filler.clone()) != Some(filler)
            }
            (Some(Value::Table(table)), Step::Key(name)) => table.remove(name).is_some(),
            // Taking it out would renumber the items behind it.
            (Some(Value::Array(items)), Step::Index(index)) => {
                items.get_mut(*index).is_some_and(|item| std::mem::replace(item, filler.clone()) != filler)
            }
            _ => false,
        }
    }
}

/// The place where reading stopped, as far as the table has it.
fn place(root: &Value, path: &serde_path_to_error::Path) -> KeyPath {
    use serde_path_to_error::Segment;
    path.iter().fold(KeyPath::default(), |place, segment| {
        let deeper = match segment {
            Segment::Map { key } => place.key(key),
            Segment::Seq { index } => place.index(*index),
            Segment::Enum { .. } | Segment::Unknown => return place,
        };
        if value_at(root, &deeper).is_some() { deeper } else { place }
    })
}

/// Why the value is wrong and what would be right. Never repeats what `said` tells of the value: it may be a secret.
fn message(path: &KeyPath, value: Option<&Value>, said: &str) -> String {
    let Some(node) = Node::root().at(path) else { return said.to_owned() };
    let choices = node.choices();
    if !choices.is_empty() {
        let word = value.and_then(Value::as_str).unwrap_or_default();
        return unknown::word_message(word, path, &choices);
    }
    if said.starts_with("must be ") {
        return said.to_owned();
    }
    let expected = said.rsplit_once(", expected ").map_or("", |(_, expected)| expected);
    let expected = match (node.kind(), expected) {
        (Kind::Section, _) => format!("a section with {}", unknown::listed(&node.names().collect::<Vec<_>>(), "and")),
        (Kind::Names, _) => "a table, as { name = \"value\" }".to_owned(),
        (Kind::List, _) if node.item().is_some_and(|item| item.kind() == Kind::Section) => {
            format!("a list of tables, each begun by [[{}]]", path.names().collect::<Vec<_>>().join("."))
        }
        (Kind::List, "a sequence") => "a list of texts".to_owned(),
        (Kind::Truth, _) => "`true` or `false`".to_owned(),
        (Kind::Whole, "usize" | "u16" | "u32" | "u64") => "a whole number from 0".to_owned(),
        (Kind::Whole, _) => "a whole number".to_owned(),
        (Kind::Text, "" | "a string" | "path string") => "a text".to_owned(),
        (_, expected) => expected.to_owned(),
    };
    format!("must be {expected}")
}

fn value_at<'a>(root: &'a Value, path: &KeyPath) -> Option<&'a Value> {
    path.steps().iter().try_fold(root, |value, step| match step {
        Step::Key(name) => value.get(name.as_str()),
        Step::Index(index) => value.get(*index),
    })
}

fn value_at_mut<'a>(root: &'a mut Value, path: &KeyPath) -> Option<&'a mut Value> {
    path.steps().iter().try_fold(root, |value, step| match step {
        Step::Key(name) => value.get_mut(name.as_str()),
        Step::Index(index) => value.get_mut(*index),
    })
}
