//! From the text of a config file to its table, and from a key back to its line.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use crate::config::problem::{KeyPath, Problem};

/// Reads TOML, or tells everything that is none, with its line and column.
pub(super) fn parse(text: &str) -> Result<toml::Table, Vec<Problem>> {
    let (_, mut errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        match text.parse() {
            Ok(table) => return Ok(table),
            Err(err) => errors.push(err),
        }
    }
    errors.sort_by_key(|err| err.span().map(|span| span.start));
    Err(errors.iter().map(|err| Problem::new("", "", syntax_message(text, err))).collect())
}

/// The parser's own text would quote the line, and with it perhaps a secret.
fn syntax_message(text: &str, err: &toml::de::Error) -> String {
    let message = err.message().trim().replace('\n', ", ");
    match err.span() {
        Some(span) => {
            let (line, column) = line_and_column(text, span.start);
            format!("line {line}, column {column}: this is not TOML: {message}")
        }
        None => format!("this is not TOML: {message}"),
    }
}

fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// The line of each key in the text.
pub(super) fn lines(text: &str) -> BTreeMap<String, usize> {
    let (table, _) = DeTable::parse_recoverable(text);
    let mut lines = BTreeMap::new();
    add_lines(text, table.get_ref(), &KeyPath::default(), &mut lines);
    lines
}

fn add_lines(text: &str, table: &DeTable<'_>, path: &KeyPath, lines: &mut BTreeMap<String, usize>) {
    for (name, value) in table {
        let path = path.key(name.get_ref());
        lines.insert(path.to_string(), line_and_column(text, name.span().start).0);
        match value.get_ref() {
            DeValue::Table(table) => add_lines(text, table, &path, lines),
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let path = path.index(index);
                    lines.insert(path.to_string(), line_and_column(text, item.span().start).0);
                    if let DeValue::Table(table) = item.get_ref() {
                        add_lines(text, table, &path, lines);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_syntax_error_has_its_line_and_column() {
        let problems = parse("[server]\nlisten = \n\n[limits\ndrain = \"10s\"\n").unwrap_err();
        let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(messages.len(), 2, "{messages:?}");
        assert!(messages[0].starts_with("line 2, column 10: this is not TOML: "), "{messages:?}");
        assert!(messages[1].starts_with("line 4, column 8: this is not TOML: "), "{messages:?}");
    }

    #[test]
    fn a_syntax_error_does_not_repeat_a_secret() {
        for text in ["[[auth.keys]]\nsecret = \"hunter2\n", "secret = hunter2\n", "a = 1\nsecret = 'hunter2' x\n"] {
            let problems = parse(text).unwrap_err();
            assert!(!format!("{problems:?}").contains("hunter2"), "{problems:?}");
        }
    }

    #[test]
    fn a_key_given_twice_is_told() {
        let problems = parse("[log]\nfilter = \"a\"\nfilter = \"b\"\n").unwrap_err();
        assert!(problems[0].message.starts_with("line 3, column 1:"), "{problems:?}");
    }

    #[test]
    fn keys_know_their_lines() {
        let lines = lines("[server]\nlisten = \"x\"\n\n[[route]]\n[[route]]\nchannel = [\n  \"/a\",\n  \"/b\",\n]\n");
        assert_eq!(lines.get("server.listen"), Some(&2));
        assert_eq!(lines.get("route[1]"), Some(&5));
        assert_eq!(lines.get("route[1].channel[1]"), Some(&8));
    }
}
