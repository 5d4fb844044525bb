//! Values as problems show them: short, and never a secret.

use toml::Value;

use super::schema::{Kind, Node};
use crate::config::problem::{KeyPath, text};

const HIDDEN: &str = "…";

/// The value as a problem shows it.
pub(super) fn show(path: &KeyPath, value: &Value) -> String {
    match value {
        Value::Table(_) => "{…}".to_owned(),
        _ if is_secret(path) => HIDDEN.to_owned(),
        Value::Array(items) if items.is_empty() => "[]".to_owned(),
        Value::Array(_) => "[…]".to_owned(),
        Value::String(value) => text(value),
        other => other.to_string(),
    }
}

/// Whether what stands there may be a secret: every place that is made for one, and every place where somebody who
/// mistook a key could have put one.
pub(super) fn is_secret(path: &KeyPath) -> bool {
    let names: Vec<&str> = path.names().collect();
    match names.as_slice() {
        ["auth", "keys", "id" | "algorithm" | "secret_file" | "public_key_file"] => false,
        ["auth", "keys", ..] | ["source", "kafka", "settings", ..] => true,
        ["auth" | "source", ..] => !is_plain_key(path),
        _ => !is_plain_key(path) && names.iter().any(|name| sounds_secret(name)),
    }
}

/// Whether the place is a known key for a plain value or a list of them.
fn is_plain_key(path: &KeyPath) -> bool {
    Node::root().at(path).is_some_and(|node| !matches!(node.kind(), Kind::Section | Kind::Names))
}

fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["secret", "password", "passphrase", "passcode", "token", "credential", "key"]
        .iter()
        .any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(names: &[&str], shown: &str) {
        let path = names.iter().fold(KeyPath::default(), |path, name| match *name {
            "[]" => path.index(0),
            name => path.key(name),
        });
        assert_eq!(show(&path, &Value::from("x")), shown, "{path}");
    }

    #[test]
    fn secrets_are_hidden_also_where_they_were_put_by_mistake() {
        check(&["auth", "keys", "[]", "secret"], "…");
        check(&["auth", "keys", "[]", "secrt"], "…");
        check(&["auth", "keys", "[]"], "…");
        check(&["auth", "keys"], "…");
        check(&["auth", "hmac"], "…");
        check(&["auth"], "…");
        check(&["source", "kafka", "settings", "sasl.password"], "…");
        check(&["source", "kafka", "password"], "…");
        check(&["source", "kafka"], "…");
        check(&["jwt_secret"], "…");
    }

    #[test]
    fn other_values_are_shown() {
        check(&["auth", "keys", "[]", "secret_file"], "\"x\"");
        check(&["auth", "keys", "[]", "algorithm"], "\"x\"");
        check(&["auth", "issuer"], "\"x\"");
        check(&["source", "kafka", "brokers", "[]"], "\"x\"");
        check(&["topics", "x", "key"], "\"x\"");
        check(&["limits", "heartbeet"], "\"x\"");
    }
}
