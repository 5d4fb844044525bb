//! An event of one user never reaches a channel of another, whatever the ids are made of.

use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::channel::{Pattern, encode_value};

fn of_user(user: &str) -> Vec<String> {
    let table = table("[[route]]\nchannel = ['/topic/user/{userId}', '/topic/user/{userId}/session/{sessionId}']");
    channels(&table, &event("t", "x", json!({ "userId": user, "sessionId": "s" })))
}

fn hostile_ids() -> Vec<String> {
    let ids = [
        "",
        " ",
        "%",
        "%25",
        "%2F",
        "%2f",
        ".",
        "..",
        "...",
        "%2E",
        "%2E%2E",
        "*",
        "**",
        "a/**",
        "/",
        "//",
        "a/b",
        "a%2Fb",
        "../42",
        "42/session/s",
        "42",
        "042",
        "42 ",
        "42\0",
        "42\n",
        "42\r\n\0",
        "\u{7f}",
        "\u{e9}",
        "e\u{301}",
        "\u{212b}",
        "\u{c5}",
        "A\u{30a}",
        "\u{202e}42",
        "\u{200b}42",
        "\u{ff14}\u{ff12}",
        "{userId}",
        "{",
        "}",
        "user",
        "USER",
        "null",
        "true",
        "~",
        "~1",
        "-",
        "_",
        "\u{10ffff}",
        "\\",
        ":",
        "$",
        "#",
        "?x=1",
    ];
    let long = "a".repeat(10 * 1024);
    let mut all: Vec<_> = ids.iter().map(|id| (*id).to_owned()).collect();
    all.extend([format!("{long}b"), format!("{long}/"), long]);
    all
}

#[test]
fn no_two_hostile_ids_share_a_channel_or_leave_their_level() {
    let mut owners = HashMap::new();
    for id in hostile_ids() {
        let own = Pattern::parse(&format!("/topic/user/{}/**", encode_value(&id))).unwrap();
        for name in of_user(&id) {
            assert!(own.matches(&name), "{id:?} leaves its own channels: {name}");
            assert!(Pattern::parse(&name).unwrap().is_exact(), "{name}");
            assert!(name.bytes().all(|octet| octet.is_ascii_graphic()), "{name}");
            if let Some(other) = owners.insert(name.clone(), id.clone()) {
                panic!("{other:?} and {id:?} share {name}");
            }
        }
    }
    assert_eq!(owners.len(), 2 * hostile_ids().len());
}

#[test]
fn one_users_pattern_matches_no_other_users_channel() {
    for owner in hostile_ids() {
        let own = Pattern::parse(&format!("/topic/user/{}/**", encode_value(&owner))).unwrap();
        for other in hostile_ids().into_iter().filter(|other| *other != owner) {
            assert!(of_user(&other).iter().all(|name| !own.matches(name)), "{owner:?} sees {other:?}");
        }
    }
}

proptest! {
    #[test]
    fn channels_are_equal_only_if_the_ids_are(a in "(?s).{0,12}", b in "(?s).{0,12}") {
        prop_assert_eq!(a == b, of_user(&a) == of_user(&b));
        prop_assert!(a == b || of_user(&a).iter().all(|name| !of_user(&b).contains(name)));
    }

    #[test]
    fn ids_that_differ_in_little_do_not_meet(a in "[a%./*2FE\u{e9}]{0,4}", b in "[a%./*2FE\u{e9}]{0,4}") {
        prop_assert_eq!(a == b, of_user(&a) == of_user(&b));
    }

    /// One text cut at two places: written down as it is, the two halves would often make the same channel.
    #[test]
    fn two_values_in_one_channel_keep_apart(text in "[a:/%-]{1,5}", first in 0..5_usize, second in 0..5_usize) {
        let cut = |place: usize| {
            let place = place % text.len();
            (text[..place].to_owned(), text[place + 1..].to_owned())
        };
        for template in ["/{x}/{y}", "/v{x}:{y}", "/{x}-/a{y}.z"] {
            let name = |(x, y): (String, String)| channels(&channel(template), &event("t", "x", json!({ "x": x, "y": y })));
            prop_assert_eq!(cut(first) == cut(second), name(cut(first)) == name(cut(second)), "{}", template);
        }
    }
}
