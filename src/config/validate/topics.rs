//! `[topics.NAME]`: names that a broker takes, and dead letters that end somewhere.

use super::Findings;
use crate::config::problem::{Problem, quoted, text};
use crate::config::{Config, DecodeConfig, SourceName, TopicConfig};

/// The longest name that Kafka takes.
const NAME_OCTETS_MAX: usize = 249;

/// What a message says of a name that Kafka would not take.
const RIGHT_NAME: &str = "must be a topic's name: 1 to 249 of A-Z a-z 0-9 . _ - and neither `.` nor `..`";

pub(super) fn check(config: &Config, findings: &mut Findings) {
    for (name, topic) in &config.topics {
        let at = format!("topics.{}", quoted(name));
        if !is_name(name) {
            findings.add(&at, "", RIGHT_NAME);
        }
        check_source(config, &at, (name, topic), findings);
        check_dead_letter(config, &at, (name, topic), findings);
        if topic.partitions < 1 {
            findings.add(format!("{at}.partitions"), topic.partitions.to_string(), "must be 1 or more");
        }
        if topic.retention.is_zero() {
            let message = "must be longer than nothing, or every record is gone at once";
            findings.add(format!("{at}.retention"), text("0"), message);
        }
        if let Some(pointer) = topic.key.as_deref().filter(|pointer| !is_pointer(pointer)) {
            findings.add(format!("{at}.key"), text(pointer), "must be a JSON pointer, as `/userId`");
        }
        check_decode(&format!("{at}.decode"), &topic.decode, findings);
    }
}

fn check_source(config: &Config, at: &str, (name, topic): (&str, &TopicConfig), findings: &mut Findings) {
    const SECTIONS: [&str; 2] = ["source.kafka", "source.embedded"];
    let key = format!("{at}.source");
    let source = &config.source;
    let owners: Vec<(&String, &TopicConfig)> =
        config.topics.iter().filter(|(_, owner)| owner.dead_letter.as_deref() == Some(name)).collect();
    match topic.source {
        // Where there is no section at all, the embedded log is the source.
        Some(given) if !source.has(given) && (given == SourceName::Kafka || source.kafka.is_some()) => {
            let message = format!("there is no [source.{}]; add it, or name a source that there is", given.name());
            findings.add_beside(Problem::new(key, text(given.name()), message), &SECTIONS);
        }
        Some(given) => {
            if let Some((owner, _)) = owners.iter().find(|(_, owner)| config.source_of(owner) != given) {
                let message = format!("the dead letters of `{owner}` stay with its own source; leave this key out");
                let beside = format!("topics.{}.source", quoted(owner));
                findings.add_beside(Problem::new(key, text(given.name()), message), &[&beside]);
            }
        }
        None if source.kafka.is_some() && source.embedded.is_some() && owners.is_empty() => {
            let message = "is missing; with two sources each topic says which is its own: `kafka` or `embedded`";
            findings.add_beside(Problem::new(key, "", message), &SECTIONS);
        }
        None => {}
    }
}

fn check_dead_letter(config: &Config, at: &str, (name, topic): (&str, &TopicConfig), findings: &mut Findings) {
    let Some(dead_letter) = topic.dead_letter.as_deref() else { return };
    let key = format!("{at}.dead_letter");
    let next = config.topics.get(dead_letter).and_then(|topic| topic.dead_letter.as_deref());
    if !is_name(dead_letter) {
        findings.add(key, text(dead_letter), RIGHT_NAME);
    } else if dead_letter == name {
        findings.add(key, text(dead_letter), "is the topic itself; name another, as `NAME-dlq`");
    } else if next.is_some() {
        let message = format!("`{dead_letter}` has a dead-letter topic itself; dead letters end where they are");
        let beside = format!("topics.{}.dead_letter", quoted(dead_letter));
        findings.add_beside(Problem::new(key, text(dead_letter), message), &[&beside]);
    }
}

fn check_decode(at: &str, decode: &DecodeConfig, findings: &mut Findings) {
    let event_type = &decode.event_type.0;
    if event_type.is_empty() {
        findings.add(format!("{at}.type"), "[]", "must name at least one place, as `body:/eventType`");
    }
    // One place is written without brackets, and so is its key.
    let many = event_type.len() > 1;
    for (index, place) in event_type.iter().enumerate() {
        let key = if many { format!("{at}.type[{index}]") } else { format!("{at}.type") };
        check_place(key, place, findings);
    }
    check_place(format!("{at}.id"), &decode.id, findings);
    check_place(format!("{at}.time"), &decode.time, findings);
    check_place(format!("{at}.correlation"), &decode.correlation, findings);
    for (spelling, meant) in &decode.aliases {
        findings.not_empty(&format!("{at}.aliases.{}", quoted(spelling)), Some(meant));
    }
}

fn check_place(key: String, place: &str, findings: &mut Findings) {
    let fits = match place.split_once(':') {
        None => matches!(place, "key" | "topic"),
        Some(("body", pointer)) => is_pointer(pointer),
        Some(("header", name)) => !name.is_empty(),
        Some(_) => false,
    };
    if place.starts_with("field:") {
        let message = "`field:` is not supported by this version; write `body:/a/b`, `header:name`, `key` or `topic`";
        findings.add(key, text(place), message);
    } else if !fits {
        findings.add(key, text(place), "must be a place: `body:/a/b`, `header:name`, `key` or `topic`");
    }
}

/// RFC 6901, without the empty pointer: the whole document is no member.
fn is_pointer(pointer: &str) -> bool {
    let tildes_fit = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    pointer.starts_with('/') && tildes_fit
}

/// Whether Kafka takes it as a topic's name.
fn is_name(name: &str) -> bool {
    let plain = name.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"._-".contains(&octet));
    plain && (1..=NAME_OCTETS_MAX).contains(&name.len()) && name != "." && name != ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_kafka_takes() {
        for name in ["a", "agent-events", "v1.orders_DLT", "...", &"x".repeat(NAME_OCTETS_MAX)] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", ".", "..", "a b", "a/b", "é", "a:b", &"x".repeat(NAME_OCTETS_MAX + 1)] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn pointers() {
        for pointer in ["/a", "/a/b", "/", "/a~1b", "/~0"] {
            assert!(is_pointer(pointer), "{pointer}");
        }
        for pointer in ["", "a", "a/b", "/a~", "/~2"] {
            assert!(!is_pointer(pointer), "{pointer}");
        }
    }
}
