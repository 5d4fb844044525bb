//! Holds `sluice.example.toml` against the structs, and `docs/configuration.md` against `sluice.example.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::{Config, EmbeddedConfig, TopicConfig, load_text};

const EXAMPLE: &str = include_str!("../../sluice.example.toml");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");

const INTRODUCTION: &str = "\
# Configuration

<!-- Made from sluice.example.toml by `UPDATE_DOCS=1 cargo test --lib config`; change it there. -->

Sluice reads one TOML file, `sluice --config sluice.toml`, and runs without one too. Every key has a default or may be
left out. `sluice check` tells everything that is wrong at once: the key, what stands there, its line, and what would be
right. [`sluice.example.toml`](../sluice.example.toml) has every key.

Durations are texts such as `\"500ms\"`, `\"10s\"`, `\"5m\"`, `\"2h\"`, `\"14d\"`, `\"2w\"` or `\"0\"`; sizes such as `\"1500B\"`,
`\"64kB\"`, `\"64KiB\"`, `\"4MiB\"` or `\"1GiB\"`. Paths are relative to the directory that Sluice is started in.

## The environment

A variable `SLUICE__SECTION__KEY` goes over the file. Two underscores go one section down; upper and lower case are the
same.

| In the file | In the environment |
|---|---|
| `[limits]` `frame_bytes = \"128KiB\"` | `SLUICE__LIMITS__FRAME_BYTES=128KiB` |
| `[server]` `allowed_origins = [\"https://a.example\", \"https://b.example\"]` | `SLUICE__SERVER__ALLOWED_ORIGINS=https://a.example,https://b.example` |
| `[source.kafka]` `brokers = [\"redpanda:9092\"]` | `SLUICE__SOURCE__KAFKA__BROKERS=redpanda:9092` |
| `[source.kafka.settings]` `\"sasl.password\" = \"…\"` | `SLUICE__SOURCE__KAFKA__SETTINGS__SASL_PASSWORD=…` |
| `[admin]` `claims = { role = \"operator\" }` | `SLUICE__ADMIN__CLAIMS__ROLE=operator` |
| `[topics.agent-events]` `partitions = 8` | `SLUICE__TOPICS__AGENT_EVENTS__PARTITIONS=8` |

- A list of texts is written with commas; an empty variable is an empty list. It takes the place of the file's list.
- A name of your own (a topic, an alias, a setting, a claim) is found in the file with `-` and `.` written as `_`. A topic
  or an alias has to be in the file. A claim that is not becomes a new one in lower case, a setting a new one with `.` for
  each `_`. A variable that could mean two names of the file is refused.
- What is inside of `[[auth.keys]]`, `[[route]]` and `[[access]]` can only be given in the file. For secrets there is
  `secret_file`.
- A variable that names no key is told as a problem, like a key of the file that there is not.
";

/// One key and what the example says of it.
struct Row {
    key: String,
    value: String,
    meaning: String,
}

/// One section, or the sum of those with one name.
struct Section {
    /// As it stands in the file: `[server]`, `[[route]]`.
    header: String,
    meaning: String,
    rows: Vec<Row>,
}

/// The example with everything in effect that is behind a `#` without a blank.
fn everything() -> String {
    let lines = EXAMPLE.lines().map(|line| match line.strip_prefix('#') {
        Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => rest,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn sections() -> Vec<Section> {
    let (mut sections, mut comment, mut current) = (Vec::<Section>::new(), Vec::new(), 0);
    for line in everything().lines() {
        if let Some(text) = line.strip_prefix("# ") {
            comment.push(text.to_owned());
            continue;
        }
        let meaning = std::mem::take(&mut comment).join(" ");
        if line.starts_with('[') {
            current = sections.iter().position(|section| section.header == line).unwrap_or_else(|| {
                sections.push(Section { header: line.to_owned(), meaning, rows: Vec::new() });
                sections.len() - 1
            });
        } else if let Some((key, value)) = line.split_once(" = ") {
            let rows = &mut sections[current].rows;
            if !rows.iter().any(|row| row.key == key) {
                rows.push(Row { key: key.to_owned(), value: value.to_owned(), meaning });
            }
        }
    }
    sections
}

/// Whether the value is what the key has when it is left out.
fn is_default(section: &Section, row: &Row) -> bool {
    let needed = match section.header.as_str() {
        "[[auth.keys]]" if row.key != "algorithm" => "[[auth.keys]]\nalgorithm = \"HS256\"\n".to_owned(),
        header if header.starts_with("[route.") => format!("[[route]]\n{header}\n"),
        header => format!("{header}\n"),
    };
    let read = |text: &str| toml::from_str::<Config>(text).map(|config| format!("{config:?}"));
    let with_it = read(&format!("{needed}{} = {}\n", row.key, row.value)).unwrap();
    // What cannot be read without it has no default.
    read(&needed).is_ok_and(|without| without == with_it)
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for section in sections() {
        let title = section.header.replace("topics.orders", "topics.NAME");
        write!(page, "\n## `{title}`\n\n{}\n\n| Key | Default | Meaning |\n|---|---|---|\n", section.meaning).unwrap();
        for row in &section.rows {
            let cell = |text: &str| text.replace('|', "\\|");
            let (value, meaning) = (cell(&row.value), cell(&row.meaning));
            if is_default(&section, row) {
                writeln!(page, "| `{}` | `{value}` | {meaning} |", row.key).unwrap();
            } else {
                writeln!(page, "| `{}` | none | {meaning} Example: `{value}` |", row.key).unwrap();
            }
        }
    }
    page
}

/// Every key of the table, as `limits.heartbeat` or `route[].channel`.
fn keys(table: &toml::Table, prefix: &str, found: &mut BTreeSet<String>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        found.insert(key.clone());
        match value {
            toml::Value::Table(table) => keys(table, &key, found),
            toml::Value::Array(items) => {
                items.iter().filter_map(toml::Value::as_table).for_each(|item| keys(item, &format!("{key}[]"), found));
            }
            _ => {}
        }
    }
}

#[test]
fn the_example_is_a_good_config_that_says_nothing_but_defaults() {
    let example = load_text(EXAMPLE).unwrap_or_else(|err| panic!("{err}"));
    let default = Config::default();
    assert_eq!(format!("{:?}", example.server), format!("{:?}", default.server));
    assert_eq!(format!("{:?}", example.admin), format!("{:?}", default.admin));
    assert_eq!(format!("{:?}", example.log), format!("{:?}", default.log));
    assert_eq!(format!("{:?}", example.auth), format!("{:?}", default.auth));
    assert_eq!(format!("{:?}", example.limits), format!("{:?}", default.limits));
    assert_eq!(format!("{:?}", example.source.embedded), format!("{:?}", Some(EmbeddedConfig::default())));
    assert!(example.source.kafka.is_none());
    assert_eq!(format!("{:?}", example.topics["orders"]), format!("{:?}", TopicConfig::default()));
}

#[test]
fn the_example_has_every_key() {
    let table: toml::Table = everything().replace("topics.orders", "topics.\"*\"").parse().unwrap();
    let mut shown = BTreeSet::new();
    keys(&table, "", &mut shown);
    let missing: Vec<String> = super::load::all_keys().into_iter().filter(|key| !shown.contains(key)).collect();
    assert_eq!(missing, Vec::<String>::new(), "add them to sluice.example.toml");
}

#[test]
fn the_example_explains_every_key() {
    for section in sections() {
        assert!(!section.meaning.is_empty(), "{}", section.header);
        for row in &section.rows {
            assert!(row.meaning.ends_with('.'), "{} {}: {:?}", section.header, row.key, row.meaning);
        }
    }
}

#[test]
fn what_the_example_leaves_out_can_be_put_in() {
    let found: BTreeMap<String, String> =
        load_text(&everything()).unwrap_err().0.into_iter().map(|problem| (problem.key, problem.message)).collect();
    // Its secret is known to everybody, and its files are nobody's.
    let expected = ["auth.keys[0].secret", "auth.keys[1].secret_file", "auth.keys[2].public_key_file"];
    assert_eq!(found.keys().collect::<Vec<_>>(), expected, "{found:#?}");
    assert!(found["auth.keys[0].secret"].contains("the example's"), "{found:#?}");
}

#[test]
fn the_page_on_configuration_is_up_to_date() {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, page()).unwrap();
    }
    let written = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(written == page(), "docs/configuration.md is stale: run `UPDATE_DOCS=1 cargo test --lib config`");
}

/// Every table with what it stands for, and every key of it.
fn each_value(value: &mut toml::Value, key: &str, visit: &mut dyn FnMut(&str, &mut toml::Value)) {
    match value {
        toml::Value::Table(table) => {
            for (name, value) in table.iter_mut() {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{}", super::problem::quoted(name)) };
                each_value(value, &key, visit);
            }
        }
        toml::Value::Array(items) => {
            for (index, value) in items.iter_mut().enumerate() {
                each_value(value, &format!("{key}[{index}]"), visit);
            }
        }
        _ => {}
    }
    visit(key, value);
}

#[test]
fn a_wrong_value_anywhere_is_one_problem_more() {
    let whole: toml::Value = toml::Value::Table(everything().parse().unwrap());
    let known = ["auth.keys[0].secret", "auth.keys[1].secret_file", "auth.keys[2].public_key_file"];
    let mut all = Vec::new();
    each_value(&mut whole.clone(), "", &mut |key, _| all.push(key.to_owned()));
    // Members of `with` may be anything, and settings may be numbers.
    let loose = |key: &str| key.is_empty() || key.contains(".with.") || key.contains(".settings.");
    for wrong in all.iter().filter(|key| !loose(key)) {
        let mut text = whole.clone();
        each_value(&mut text, "", &mut |key, value| {
            if key == wrong {
                *value = toml::Value::Float(1.5);
            }
        });
        let found: Vec<String> =
            load_text(&toml::to_string(&text).unwrap()).unwrap_err().0.into_iter().map(|problem| problem.key).collect();
        let more: Vec<&String> = found.iter().filter(|key| !known.contains(&key.as_str()) || *key == wrong).collect();
        assert_eq!(more, [wrong], "{found:?}");
    }
}
