//! The environment's `SLUICE__SECTION__KEY` over the file.

use std::collections::BTreeMap;
use std::ffi::OsString;

use toml::{Table, Value};

use super::schema::{Kind, Node};
use super::unknown;
use crate::config::problem::{KeyPath, Problem};

const PREFIX: &str = "SLUICE__";
const HIDDEN: &str = "…";

/// The variables of the config that the process was given.
pub(super) fn variables() -> Vec<(String, OsString)> {
    let named = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    named.filter(|(name, _)| strip_prefix(name).is_some()).collect()
}

fn strip_prefix(name: &str) -> Option<&str> {
    let (prefix, rest) = name.split_at_checked(PREFIX.len())?;
    prefix.eq_ignore_ascii_case(PREFIX).then_some(rest)
}

/// Writes the variables into the table. Returns which variable each key is from.
pub(super) fn overlay(
    root: &mut Table,
    mut variables: Vec<(String, OsString)>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, String> {
    variables.sort();
    let mut origins: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in variables {
        let Some(rest) = strip_prefix(&name) else { continue };
        let Ok(value) = value.into_string() else {
            problems.push(Problem::new(&name, HIDDEN, "must be text in UTF-8"));
            continue;
        };
        let resolved = resolve(root, rest);
        match resolved {
            Ok((path, _)) if origins.contains_key(&path.to_string()) => {
                let message = format!("sets the same key as {}; keep one of them", origins[&path.to_string()]);
                problems.push(Problem::new(&name, HIDDEN, message));
            }
            Ok((path, node)) => {
                set(root, &path, typed(node, value));
                origins.insert(path.to_string(), name);
            }
            Err(message) => problems.push(Problem::new(&name, HIDDEN, message)),
        }
    }
    origins
}

/// The key that a variable means, or why it means none.
fn resolve(root: &Table, rest: &str) -> Result<(KeyPath, Node), String> {
    let (mut path, mut node, mut table) = (KeyPath::default(), Node::root(), Some(root));
    for segment in rest.split("__") {
        let name = match node.kind() {
            Kind::Section => known_name(node, &path, segment)?,
            Kind::Names => given_name(table, &path, segment)?,
            Kind::List => return Err(only_in_file(&path)),
            _ => return Err(format!("goes on after `{path}`, which has no keys below it")),
        };
        path = path.key(&name);
        node = node.child(&name).ok_or_else(|| format!("`{path}` is not a known key"))?;
        table = table.and_then(|table| table.get(&name)).and_then(Value::as_table);
    }
    match node.kind() {
        Kind::Section | Kind::Names => Err(format!("names the section `{path}`; go on with `__` and one of its keys")),
        Kind::List if node.item().is_some_and(|item| item.kind() != Kind::Text) => Err(only_in_file(&path)),
        _ => Ok((path, node)),
    }
}

fn only_in_file(path: &KeyPath) -> String {
    format!("`{path}` is a list of tables, which only the file can give")
}

/// The key of a section, however its letters are written.
fn known_name(section: Node, path: &KeyPath, segment: &str) -> Result<String, String> {
    match section.names().find(|name| name.eq_ignore_ascii_case(segment)) {
        Some(name) => Ok(name.to_owned()),
        None => {
            let path = path.key(&segment.to_ascii_lowercase());
            Err(format!("names no key: `{path}` {}", unknown::key_message(section, &path).0))
        }
    }
}

/// The name that the user gave in the file (`-` and `.` are `_` in a variable), or one that can be made up without doubt.
fn given_name(table: Option<&Table>, path: &KeyPath, segment: &str) -> Result<String, String> {
    let folded = |name: &str| name.to_ascii_lowercase().replace(['-', '.'], "_");
    let in_file: Vec<&str> = table
        .into_iter()
        .flat_map(Table::keys)
        .map(String::as_str)
        .filter(|name| folded(name) == folded(segment))
        .collect();
    let names: Vec<&str> = path.names().collect();
    match (in_file.as_slice(), names.as_slice()) {
        ([one], _) => Ok((*one).to_owned()),
        ([], ["admin", "claims"]) => Ok(segment.to_ascii_lowercase()),
        ([], ["source", "kafka", "settings"]) => Ok(segment.to_ascii_lowercase().replace('_', ".")),
        ([], _) => Err(format!("names nothing of `{path}` in the file, which is where its names are given")),
        (several, _) => Err(format!("could mean {} of `{path}`; set it in the file", unknown::listed(several, "or"))),
    }
}

/// The variable's text as the kind of value that the key has. What cannot be read stays text, and is told with all other
/// wrong values.
fn typed(node: Node, text: String) -> Value {
    let value = match node.kind() {
        Kind::List => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            return Value::Array(items.map(Value::from).collect());
        }
        Kind::Whole => text.trim().parse().ok().map(Value::Integer),
        Kind::Truth => text.trim().to_ascii_lowercase().parse().ok().map(Value::Boolean),
        _ => None,
    };
    value.unwrap_or(Value::String(text))
}

fn set(root: &mut Table, path: &KeyPath, value: Value) {
    let names: Vec<&str> = path.names().collect();
    let Some((last, sections)) = names.split_last() else { return };
    let mut table = root;
    for section in sections {
        let next = table.entry(*section).or_insert_with(|| Value::Table(Table::new()));
        // A section that the file has as something else is told with all other wrong values.
        let Value::Table(next) = next else { return };
        table = next;
    }
    table.insert((*last).to_owned(), value);
}
