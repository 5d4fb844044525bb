//! Pages say what the code says: tables are held against their origin, examples are run, links lead somewhere.
//!
//! `UPDATE_DOCS=1 cargo test --test it docs` writes the tables that have one.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use sluice::decode::REASONS;
use sluice::session::DisconnectReason;

use crate::support::TestGateway;
use crate::tidy::{files, shown};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn page(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Where the lines between `<!-- MARK:begin … -->` and `<!-- MARK:end -->` stand.
fn between(text: &str, mark: &str) -> Range<usize> {
    let begin = text.find(&format!("<!-- {mark}:begin")).unwrap_or_else(|| panic!("no `{mark}:begin`"));
    let begin = begin + text[begin..].find('\n').unwrap() + 1;
    let end = text.find(&format!("<!-- {mark}:end -->")).unwrap_or_else(|| panic!("no `{mark}:end`"));
    begin..end
}

/// The first fenced block of that language after the mark.
fn block<'a>(text: &'a str, mark: &str, language: &str) -> &'a str {
    let rest = text.split_once(mark).unwrap_or_else(|| panic!("no `{mark}`")).1;
    let rest = rest.split_once(&format!("```{language}\n")).unwrap_or_else(|| panic!("no ```{language}")).1;
    rest.split_once("\n```").unwrap().0
}

/// Holds a table against what it is made from, or writes it anew.
#[track_caller]
fn in_step(name: &str, mark: &str, table: &str) {
    let mut text = page(name);
    let place = between(&text, mark);
    if text[place.clone()] == *table {
        return;
    }
    assert!(
        std::env::var_os("UPDATE_DOCS").is_some(),
        "{name}: the table `{mark}` is stale; `UPDATE_DOCS=1 cargo test --test it docs` writes it"
    );
    text.replace_range(place, table);
    fs::write(path(name), text).unwrap();
}

#[test]
fn close_codes_are_those_of_the_code() {
    let mut reasons: Vec<_> =
        DisconnectReason::ALL.into_iter().filter_map(|reason| Some((reason.close_code()?, reason))).collect();
    reasons.sort_unstable_by_key(|(code, _)| *code);
    let mut table = String::from("| Code | Reason | Meaning | Come back? |\n|---|---|---|---|\n");
    for (code, reason) in reasons {
        writeln!(table, "| {code} | `{}` | {} | {} |", reason.name(), reason.meaning(), reason.advice()).unwrap();
    }
    in_step("docs/protocol.md", "close-codes", &table);
}

#[test]
fn dead_letters_have_the_reasons_of_the_code() {
    let mut table = String::from("| Reason | Meaning |\n|---|---|\n");
    let unroutable = ("unroutable", "the topic says `must_route = true`, and no route takes the event");
    for (reason, meaning) in REASONS.into_iter().chain([unroutable]) {
        writeln!(table, "| `{reason}` | {meaning} |").unwrap();
    }
    in_step("docs/operating.md", "dead-letter-reasons", &table);
}

/// Every text between quotes or backticks that is a metric's name.
fn metric_names(text: &str, quote: char) -> BTreeSet<&str> {
    text.split(quote)
        .filter(|name| {
            name.starts_with("sluice_") && name.bytes().all(|octet| octet.is_ascii_lowercase() || octet == b'_')
        })
        .collect()
}

#[test]
fn every_metric_has_its_row_and_every_row_its_metric() {
    let page = page("docs/metrics.md");
    let rows: String = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next()).collect();
    let code: String = files(&path("src/metrics")).iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let (documented, recorded) = (metric_names(&rows, '`'), metric_names(&code, '"'));
    assert!(recorded.len() > 20, "the reader finds too few: {recorded:?}");
    assert_eq!(recorded.difference(&documented).collect::<Vec<_>>(), Vec::<&&str>::new(), "not in docs/metrics.md");
    assert_eq!(documented.difference(&recorded).collect::<Vec<_>>(), Vec::<&&str>::new(), "recorded nowhere");
}

#[test]
fn limits_have_the_defaults_of_the_config() {
    let configuration = page("docs/configuration.md");
    let limits = configuration.split_once("## `[limits]`").unwrap().1;
    let mut count = 0;
    for line in page("docs/protocol.md").lines() {
        let Some(row) = line.strip_prefix("| `limits.") else { continue };
        let mut cells = row.split(" | ");
        let (key, default) = (cells.next().unwrap(), cells.next().unwrap());
        assert!(limits.contains(&format!("| `{key} | {default} |")), "limits.{key}: {default} is not the default");
        count += 1;
    }
    assert!(count >= 10, "the reader finds too few limits: {count}");
}

/// A config that every part of the gateway takes.
#[cfg(feature = "kafka")]
fn sound(text: &str) -> sluice::config::Config {
    let config = sluice::config::load_text(text).unwrap_or_else(|error| panic!("{:#?}", error.0));
    assert_eq!(sluice::server::check(&config), []);
    config
}

#[cfg(feature = "kafka")]
#[test]
fn the_readmes_config_is_one() {
    let text = page("README.md");
    let toml = block(&text, "## Point it at Kafka", "toml");
    let config = sound(toml);
    assert!(config.source.kafka.is_some() && config.topics.len() == 1 && config.route.len() == 1);
    assert!(toml.lines().count() <= 25, "it is no small one any more");
}

#[cfg(feature = "kafka")]
#[test]
fn the_config_of_compose_is_the_learning_platforms() {
    let text = page("deploy/sluice.toml");
    let preset = sluice::platform::preset("learning").unwrap();
    assert!(text.ends_with(preset), "deploy/sluice.toml ends with src/platform/learning.toml, word for word");
    let config = sound(&text);
    let kafka = config.source.kafka.as_ref().unwrap();
    assert!(kafka.create_topics);
    let compose = page("compose.yaml");
    assert!(kafka.brokers.iter().all(|broker| compose.contains(broker)), "{:?}", kafka.brokers);
}

/// The names of a frame's headers, in order.
fn header_names(frame: &str) -> Vec<&str> {
    frame.lines().skip(1).take_while(|line| !line.is_empty()).filter_map(|line| Some(line.split_once(':')?.0)).collect()
}

#[tokio::test]
async fn the_protocols_examples_are_what_happens() {
    let text = page("docs/protocol.md");
    let gateway = TestGateway::start().await;
    let event = block(&text, "## Publish", "json");
    let user = serde_json::from_str::<serde_json::Value>(event).unwrap()["userId"].as_str().unwrap().to_owned();
    let mut client = gateway.client(&user).await;
    client.subscribe("/user/**").await;
    gateway.publish(event.to_owned()).await;
    let message = client.event().await;
    assert_eq!(message.text(), event);
    let example = block(&text, "## MESSAGE", "text");
    let sent: Vec<&str> = message.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(header_names(example), sent, "the example's headers");
    for line in example.lines().filter(|line| !line.starts_with("message-id:") && !line.starts_with("subscription:")) {
        let Some((name, value)) = line.split_once(':') else { continue };
        if sent.contains(&name) {
            assert_eq!(message.header(name), Some(value));
        }
    }
    let wrong = event.replace(&format!("\"userId\": \"{user}\""), "\"userId\": 7");
    let answer = gateway.post("/api/v1/events", wrong).await;
    let (status, answer) = (answer.status(), answer.json::<serde_json::Value>().await.unwrap());
    let expected: serde_json::Value = serde_json::from_str(block(&text, "`422`", "json")).unwrap();
    assert_eq!((status.as_u16(), answer), (422, expected));
}

#[tokio::test]
async fn what_clients_send_is_as_the_page_shows() {
    let text = page("docs/protocol.md");
    let gateway = TestGateway::with(block(&text, "## SEND", "toml")).await;
    let example = block(&text, "## SEND", "text");
    let mut client = gateway.client("ana").await;
    client.subscribe("/topic/room/*").await;
    client.say("SEND\ndestination:/topic/room/7\ncontent-type:text/plain\nmood:happy\n\nhello\0").await;
    let message = client.event().await;
    let sent: Vec<&str> = message.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(header_names(example), sent, "the example's headers");
    for line in example.lines().skip(1).filter(|line| !line.starts_with("message-id:")) {
        let Some((name, value)) = line.split_once(':') else { continue };
        assert_eq!(message.header(name), Some(value));
    }
    assert!(example.ends_with(&format!("\n\n{}", message.text())));
    let subscribe = block(&text, "## Selectors", "text");
    client.say(&subscribe.replace("/topic/orders/**", "/topic/room/**\nreceipt:r")).await;
    client.say("\n\0").await;
    assert_eq!(client.frame().await.header("receipt-id"), Some("r"));
}

#[test]
fn links_lead_somewhere() {
    for file in files(&path("")).into_iter().filter(|file| file.extension().is_some_and(|end| end == "md")) {
        let text = fs::read_to_string(&file).unwrap();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://") && !target.starts_with('#')) {
            let (place, anchor) = target.split_once('#').unwrap_or((target, ""));
            let there = file.parent().unwrap().join(place);
            assert!(there.exists(), "{}: {target}", shown(&file));
            let is_heading = |line: &&str| line.starts_with('#') && slug(line) == anchor;
            let has = anchor.is_empty() || fs::read_to_string(&there).unwrap().lines().any(|line| is_heading(&line));
            assert!(has, "{}: {target} names no heading", shown(&file));
        }
    }
}

/// A heading's anchor, as it is made of its text.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}
