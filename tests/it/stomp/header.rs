//! C31 to C46: headers, their escapes by version, and those that are none.

use super::{ana, in_room, refused, rooms, say_octets, send, sent};

#[tokio::test]
async fn c31_escapes_are_undone_and_made_again() {
    let frame = sent(&send("foo:a\\cb\\nc\\rd\\\\e\n", "")).await;
    assert_eq!(frame.header("foo"), Some("a\\cb\\nc\\rd\\\\e"));
}

#[tokio::test]
async fn c32_names_are_escaped_too() {
    assert_eq!(sent(&send("a\\cb:x\n", "")).await.header("a\\cb"), Some("x"));
}

#[tokio::test]
async fn c33_an_undefined_escape_is_an_error() {
    refused("1.2", &send("foo:a\\tb\n", ""), 1002, "escape").await;
}

#[tokio::test]
async fn c34_a_lone_backslash_at_the_end_is_an_error() {
    refused("1.2", &send("foo:abc\\\n", ""), 1002, "escape").await;
}

#[tokio::test]
async fn c35_1_1_has_no_escape_for_a_carriage_return() {
    refused("1.1", &send("foo:a\\rb\n", ""), 1002, "1.1").await;
}

#[tokio::test]
async fn c36_1_0_has_no_escapes_at_all() {
    let gateway = rooms().await;
    let mut client = in_room(&gateway, "1.0").await;
    let mut newer = in_room(&gateway, "1.2").await;
    client.say(&send("foo:a\\cb\\t:z\n", "")).await;
    assert_eq!(client.event().await.header("foo"), Some("a\\cb\\t:z"));
    assert_eq!(newer.event().await.header("foo"), Some("a\\\\cb\\\\t\\cz"));
}

#[tokio::test]
async fn c37_values_are_never_trimmed() {
    assert_eq!(sent(&send("foo:  bar  \n", "")).await.header("foo"), Some("  bar  "));
}

#[tokio::test]
async fn c38_a_value_may_be_empty() {
    assert_eq!(sent(&send("foo:\n", "")).await.header("foo"), Some(""));
}

#[tokio::test]
async fn c39_of_a_repeated_header_the_first_is_passed_on() {
    let frame = sent(&send("foo:first\nfoo:second\n", "")).await;
    assert_eq!(frame.header("foo"), Some("first"));
    assert_eq!(frame.headers.iter().filter(|(name, _)| name == "foo").count(), 1);
}

#[tokio::test]
async fn c40_a_line_without_a_colon_is_an_error() {
    refused("1.2", &send("nocolon\n", ""), 1002, "no colon").await;
}

#[tokio::test]
async fn c41_an_empty_name_is_an_error() {
    refused("1.2", &send(":x\n", ""), 1002, "empty name").await;
}

#[tokio::test]
async fn c42_an_unknown_command_is_an_error() {
    refused("1.2", "FLY\n\n\0", 1002, "`FLY`").await;
}

#[tokio::test]
async fn c43_commands_are_case_sensitive() {
    refused("1.2", "send\ndestination:/topic/room/1\n\nhi\0", 1002, "upper case").await;
}

#[tokio::test]
async fn c44_only_send_has_a_body() {
    refused("1.2", "SUBSCRIBE\nid:0\ndestination:/topic/room/1\n\nbody\0", 1002, "must not have a body").await;
}

#[tokio::test]
async fn c45_a_header_that_is_no_utf8_is_an_error() {
    let gateway = rooms().await;
    let mut client = ana(&gateway, "1.2").await;
    say_octets(&mut client, b"SEND\ndestination:/topic/room/1\nfoo:\xff\xfe\n\n\0").await;
    client.ends(1002, "no UTF-8").await;
}

#[tokio::test]
async fn c46_names_and_values_are_utf8() {
    assert_eq!(sent(&send("ключ😀:знач€\n", "")).await.header("ключ😀"), Some("знач€"));
}
