//! Keys and words that the config does not have: those of a later version, and those that were meant to be others.

use super::schema::Node;
use crate::config::problem::KeyPath;

/// Keys of the design that this version does not have, with list numbers and the user's own names left out.
const LATER_KEYS: [&str; 5] = ["command", "lookup", "resume", "source.redis", "route.key"];

/// Words of the design that this version does not have, each with its key.
const LATER_WORDS: [(&str, &[&str]); 3] = [
    ("overflow", &["drop-oldest", "conflate"]),
    ("format", &["avro", "protobuf", "json-schema", "cloudevents", "fields"]),
    ("source", &["redis"]),
];

/// Why that key of the section is no key, and what would be right. The second is the key of the section that it seems to
/// stand for.
pub(super) fn key_message(section: Node, path: &KeyPath) -> (String, Option<&'static str>) {
    let name = path.names().last().unwrap_or_default();
    let mut names: Vec<&str> = path.names().collect();
    if let ["topics", topic, ..] = names.as_mut_slice() {
        *topic = "*";
    }
    if LATER_KEYS.contains(&names.join(".").as_str()) {
        return (format!("`{name}` is not supported by this version"), None);
    }
    if let Some(meant) = closest(name, section.names()) {
        return (format!("is not a known key; did you mean `{meant}`?"), Some(meant));
    }
    let message = match elsewhere(name) {
        Some(elsewhere) => format!("is not a known key here; did you mean `{elsewhere}`?"),
        None => format!("is not a known key; there are {}", listed(&section.names().collect::<Vec<_>>(), "and")),
    };
    (message, None)
}

/// Why that word may not stand at that key, and what would be right.
pub(super) fn word_message(word: &str, path: &KeyPath, choices: &[&str]) -> String {
    let key = path.names().last().unwrap_or_default();
    if LATER_WORDS.iter().any(|(later, words)| *later == key && words.contains(&word)) {
        return format!("`{word}` is not supported by this version; write {}", listed(choices, "or"));
    }
    match closest(word, choices.iter().copied()) {
        Some(meant) => format!("must be {}; did you mean `{meant}`?", listed(choices, "or")),
        None => format!("must be {}", listed(choices, "or")),
    }
}

/// The only key of that name in another section.
fn elsewhere(name: &str) -> Option<String> {
    let mut matching = super::all_keys().into_iter().filter(|key| key.rsplit('.').next() == Some(name));
    matching.next().filter(|_| matching.next().is_none())
}

/// The name that is most likely meant, if one is close enough to be a slip.
pub(in crate::config) fn closest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let folded = |name: &str| name.to_ascii_lowercase().replace(['-', '.'], "_");
    let name = folded(name);
    let slips_max = (name.chars().count() / 3).clamp(1, 3);
    names
        .map(|candidate| (strsim::damerau_levenshtein(&name, &folded(candidate)), candidate))
        .filter(|(slips, _)| *slips <= slips_max)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

/// `a`, `b` and `c`.
pub(in crate::config) fn listed(names: &[&str], last: &str) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_name_is_found_and_far_ones_are_not() {
        let names = || ["heartbeat", "drain", "frame_bytes", "subscriptions"].into_iter();
        assert_eq!(closest("heart_beat", names()), Some("heartbeat"));
        assert_eq!(closest("Heartbeat", names()), Some("heartbeat"));
        assert_eq!(closest("drian", names()), Some("drain"));
        assert_eq!(closest("frame-bytes", names()), Some("frame_bytes"));
        assert_eq!(closest("subscripton", names()), Some("subscriptions"));
        assert_eq!(closest("origin", names()), None);
        assert_eq!(closest("x", names()), None);
    }

    #[test]
    fn keys_of_a_later_version_are_told_apart_from_slips() {
        let message = |path: &KeyPath| {
            let (parent, _) = path.split_last().unwrap();
            key_message(Node::root().at(&parent).unwrap(), path).0
        };
        let root = KeyPath::default();
        for path in [
            root.key("command"),
            root.key("lookup"),
            root.key("resume"),
            root.key("source").key("redis"),
            root.key("route").index(1).key("key"),
        ] {
            assert!(message(&path).ends_with("is not supported by this version"), "{path}: {}", message(&path));
        }
        assert_eq!(message(&root.key("routes")), "is not a known key; did you mean `route`?");
        assert_eq!(message(&root.key("server").key("drain")), "is not a known key here; did you mean `limits.drain`?");
        assert_eq!(message(&root.key("log").key("colour")), "is not a known key; there are `filter` and `format`");
    }

    #[test]
    fn words_of_a_later_version_are_told_apart_from_slips() {
        let path = KeyPath::default().key("route").index(0).key("overflow");
        assert_eq!(
            word_message("conflate", &path, &["disconnect"]),
            "`conflate` is not supported by this version; write `disconnect`"
        );
        assert_eq!(
            word_message("disconect", &path, &["disconnect"]),
            "must be `disconnect`; did you mean `disconnect`?"
        );
    }
}
