//! C53 to C61: SUBSCRIBE, MESSAGE and UNSUBSCRIBE.

use super::{ana, in_room, receipt, refused, rooms, send};

#[tokio::test]
async fn c53_from_1_1_subscribe_needs_an_id() {
    for version in ["1.1", "1.2"] {
        refused(version, "SUBSCRIBE\ndestination:/topic/room/1\n\n\0", 1002, "`id`").await;
    }
}

#[tokio::test]
async fn c54_subscribe_needs_a_destination() {
    refused("1.2", "SUBSCRIBE\nid:0\n\n\0", 1002, "`destination`").await;
}

#[tokio::test]
async fn c55_an_id_is_used_once_at_a_time() {
    refused("1.2", &"SUBSCRIBE\nid:0\ndestination:/topic/room/1\n\n\0".repeat(2), 1002, "exists already").await;
}

#[tokio::test]
async fn c56_two_subscriptions_to_one_destination_each_get_their_message() {
    let gateway = rooms().await;
    let mut client = ana(&gateway, "1.2").await;
    let mut ids = [client.subscribe("/topic/room/1").await, client.subscribe("/topic/room/1").await];
    client.say(&send("", "hi")).await;
    let mut got = [client.event().await, client.event().await].map(|f| f.header("subscription").unwrap().to_owned());
    ids.sort();
    got.sort();
    assert_eq!(got, ids);
}

#[tokio::test]
async fn c57_a_message_says_what_it_is_and_keeps_the_senders_headers() {
    let gateway = rooms().await;
    let mut client = in_room(&gateway, "1.2").await;
    client.say(&send("content-type:application/json\nx-user:1\ncorrelation-id:c\n", "{}")).await;
    let frame = client.event().await;
    for (name, value) in [
        ("destination", "/topic/room/1"),
        ("subscription", "s0"),
        ("content-type", "application/json"),
        ("content-length", "2"),
        ("x-user", "1"),
        ("correlation-id", "c"),
        ("user-name", "ana"),
    ] {
        assert_eq!(frame.header(name), Some(value), "{name}");
    }
    let (stream, number) = frame.header("message-id").unwrap().rsplit_once('-').unwrap();
    assert!(stream.bytes().all(|octet| octet.is_ascii_alphanumeric()));
    number.parse::<u128>().unwrap();
}

#[tokio::test]
async fn c58_an_ack_mode_that_there_is_not_is_an_error() {
    refused("1.2", "SUBSCRIBE\nid:0\ndestination:/topic/room/1\nack:bogus\n\n\0", 1002, "`bogus`").await;
}

#[tokio::test]
async fn c59_after_unsubscribe_nothing_comes_and_the_id_is_free() {
    let gateway = rooms().await;
    let mut client = ana(&gateway, "1.2").await;
    let other = client.subscribe("/topic/room/2").await;
    client.say("SUBSCRIBE\nid:x\ndestination:/topic/room/1\n\n\0UNSUBSCRIBE\nid:x\nreceipt:u\n\n\0").await;
    receipt(&mut client, "u").await;
    client.say(&send("receipt:1\n", "lost")).await;
    receipt(&mut client, "1").await;
    client.say("SEND\ndestination:/topic/room/2\nreceipt:2\n\nkept\0").await;
    let mut seen = [client.frame().await, client.frame().await];
    seen.sort_by_key(|frame| frame.command.clone());
    assert_eq!((seen[0].text().as_str(), seen[0].header("subscription")), ("kept", Some(other.as_str())));
    client.say("SUBSCRIBE\nid:x\ndestination:/topic/room/1\nreceipt:s\n\n\0").await;
    receipt(&mut client, "s").await;
    client.say(&send("", "again")).await;
    let frame = client.event().await;
    assert_eq!((frame.text().as_str(), frame.header("subscription")), ("again", Some("x")));
}

#[tokio::test]
async fn c60_unsubscribe_of_an_unknown_id_is_an_error() {
    refused("1.2", "UNSUBSCRIBE\nid:nope\n\n\0", 1002, "`nope`").await;
}

#[tokio::test]
async fn c61_a_1_0_client_needs_no_id() {
    let gateway = rooms().await;
    let mut client = ana(&gateway, "1.0").await;
    client.say("SUBSCRIBE\ndestination:/topic/room/1\nreceipt:s\n\n\0").await;
    receipt(&mut client, "s").await;
    client.say(&send("", "hi")).await;
    let frame = client.event().await;
    assert_eq!((frame.text().as_str(), frame.header("subscription")), ("hi", None));
    client.say("UNSUBSCRIBE\ndestination:/topic/room/1\nreceipt:u\n\n\0").await;
    receipt(&mut client, "u").await;
}
