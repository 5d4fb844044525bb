//! ACK and NACK, the window of what is unacknowledged, and subscribing anew.

use serde_json::json;

use super::stage::{Stage, header, numbers};
use super::*;

const NONE: [&str; 0] = [];

fn subscribed(version: &str, mode: &str) -> Stage {
    let mut stage = Stage::with(version, "");
    stage.say(&format!("SUBSCRIBE\nid:s\ndestination:/topic/a\nack:{mode}\n\n\0"));
    stage
}

fn events(stage: &mut Stage, count: usize) -> Vec<String> {
    (0..count).flat_map(|_| stage.event("/topic/a", json!({}))).collect()
}

fn acks(frames: &[String]) -> Vec<String> {
    frames.iter().map(|frame| header(frame, "ack").unwrap().to_owned()).collect()
}

/// What comes again when the client subscribes anew.
fn anew(stage: &mut Stage, mode: &str) -> Vec<String> {
    stage.say("UNSUBSCRIBE\nid:s\n\n\0");
    numbers(&stage.say(&format!("SUBSCRIBE\nid:s\ndestination:/topic/a\nack:{mode}\n\n\0")))
}

#[test]
fn acks_are_cumulative_in_client_mode_alone() {
    for (mode, left) in [("client", vec!["again 3"]), ("client-individual", vec!["again 1", "again 3"])] {
        let mut stage = subscribed("1.2", mode);
        let acks = acks(&events(&mut stage, 3));
        assert!(acks.iter().all(|ack| ack.bytes().all(|octet| octet.is_ascii_digit() || octet == b'-')), "{acks:?}");
        assert_eq!(stage.say(&format!("ACK\nid:{}\nreceipt:r\n\n\0", acks[1])), ["RECEIPT\nreceipt-id:r\n\n^@"]);
        assert_eq!(anew(&mut stage, mode), left, "{mode}");
        assert_eq!(numbers(&events(&mut stage, 1)), ["4"]);
    }
}

#[test]
fn cumulative_is_by_subscription() {
    let mut stage = subscribed("1.2", "client");
    stage.say("SUBSCRIBE\nid:other\ndestination:/topic/*\nack:client\n\n\0");
    let both = stage.event("/topic/a", json!({}));
    let of = |id: &str| both.iter().find(|frame| header(frame, "subscription") == Some(id)).unwrap();
    stage.say(&format!("ACK\nid:{}\n\n\0", header(of("other"), "ack").unwrap()));
    assert_eq!(anew(&mut stage, "client"), ["again 1"]);
}

#[test]
fn each_version_names_messages_in_its_own_way() {
    let mut stage = subscribed("1.1", "client");
    let frames = events(&mut stage, 2);
    assert_eq!(header(&frames[0], "ack"), None);
    let id = header(&frames[0], "message-id").unwrap();
    stage.say(&format!("ACK\nmessage-id:{id}\nsubscription:s\n\n\0"));
    assert_eq!(anew(&mut stage, "client"), ["again 2"]);
    stage.fails(&format!("ACK\nmessage-id:{id}\n\n\0"), DisconnectReason::Protocol, "`subscription`");

    let mut stage = subscribed("1.0", "client");
    let frames = events(&mut stage, 2);
    stage.say(&format!("ACK\nmessage-id: {}\n\n\0", header(&frames[0], "message-id").unwrap()));
    assert_eq!(anew(&mut stage, "client"), ["again 2"]);
    stage.fails("NACK\nmessage-id:x\n\n\0", DisconnectReason::Protocol, "no NACK");
    subscribed("1.1", "auto").fails("ACK\nmessage-id:x\nsubscription:s\n\n\0", DisconnectReason::Protocol, "ack:auto");
}

#[test]
fn what_is_not_to_be_acknowledged_is_an_error() {
    for (frames, says) in [
        ("ACK\n\n\0", "`id`"),
        ("ACK\nid:nope\n\n\0", "`id:nope`"),
        ("ACK\nid:1-7\n\n\0", "`id\\c1-7`"),
        ("ACK\nid:01-0\n\n\0", "01-0"),
        ("NACK\nid:1-+0\n\n\0", "1-+0"),
        ("ACK\nid:1-0\n\n\0ACK\nid:1-0\n\n\0", "acknowledged already"),
        ("ACK\nid:1-1\n\n\0NACK\nid:1-0\n\n\0", "acknowledged already"),
    ] {
        let mut stage = subscribed("1.2", "client");
        events(&mut stage, 2);
        stage.fails(frames, DisconnectReason::Protocol, says.replace(':', "\\c").replace("\\\\c", "\\c").as_str());
    }
}

#[test]
fn nack_brings_a_message_again_and_five_times_at_most() {
    let mut stage = subscribed("1.2", "client-individual");
    let sent = events(&mut stage, 2);
    let mut ack = acks(&sent).remove(0);
    for _ in 0..4 {
        let again = stage.say(&format!("NACK\nid:{ack}\n\n\0"));
        assert_eq!(numbers(&again), ["again 1"]);
        assert_ne!(header(&again[0], "ack"), Some(ack.as_str()));
        ack = acks(&again).remove(0);
    }
    assert_eq!(stage.say(&format!("NACK\nid:{ack}\n\n\0")), NONE);
    assert_eq!(anew(&mut stage, "client-individual"), ["again 2"]);

    let mut stage = subscribed("1.2", "client");
    let acks = acks(&events(&mut stage, 3));
    assert_eq!(numbers(&stage.say(&format!("NACK\nid:{}\n\n\0", acks[1]))), ["again 1", "again 2"]);
}

#[test]
fn no_more_than_the_prefetch_is_unacknowledged() {
    let mut stage = Stage::open();
    stage.say("SUBSCRIBE\nid:s\ndestination:/topic/a\nack:client\nprefetch-count:2\n\n\0");
    let sent = events(&mut stage, 5);
    assert_eq!(numbers(&sent), ["1", "2"]);
    let more = stage.say(&format!("ACK\nid:{}\n\n\0", acks(&sent)[0]));
    assert_eq!(numbers(&more), ["3"]);
    // A message that comes again keeps its place in the window.
    let again = stage.say(&format!("NACK\nid:{}\n\n\0", acks(&sent)[1]));
    assert_eq!(numbers(&again), ["again 2"]);
    let more = stage.say(&format!("ACK\nid:{}\n\n\0", acks(&again)[0]));
    assert_eq!(numbers(&more), ["4", "5"]);
    assert_eq!(numbers(&events(&mut stage, 1)), NONE);
    stage.say("SUBSCRIBE\nid:auto\ndestination:/topic/a\n\n\0");
    assert_eq!(numbers(&events(&mut stage, 1)), ["7"]);
}

#[test]
fn the_prefetch_holds_for_what_comes_again_too() {
    let mut stage = subscribed("1.2", "client");
    events(&mut stage, 3);
    stage.say("UNSUBSCRIBE\nid:s\n\n\0");
    let again = stage.say("SUBSCRIBE\nid:s\ndestination:/topic/a\nack:client-individual\nprefetch-count:1\n\n\0");
    assert_eq!(numbers(&again), ["again 1"]);
    assert_eq!(numbers(&events(&mut stage, 1)), NONE);
    let mut ack = acks(&again).remove(0);
    for expected in ["again 2", "again 3", "4"] {
        let next = stage.say(&format!("ACK\nid:{ack}\n\n\0"));
        assert_eq!(numbers(&next), [expected]);
        ack = acks(&next).remove(0);
    }
}

#[test]
fn unacknowledged_octets_are_bounded() {
    let mut stage = Stage::with("1.2", "[limits]\nunacknowledged_bytes = \"1kB\"");
    stage.say("SUBSCRIBE\nid:s\ndestination:/topic/a\nack:client\n\n\0");
    let sent: Vec<String> = (0..4).flat_map(|_| stage.event("/topic/a", json!({ "x": "y".repeat(600) }))).collect();
    assert_eq!(numbers(&sent), ["1", "2"]);
    let more = stage.say(&format!("ACK\nid:{}\n\n\0", acks(&sent)[1]));
    assert_eq!(numbers(&more), ["3", "4"]);
}

#[test]
fn what_comes_again_is_what_the_same_subscription_had() {
    let resubscribed = |frame: &str| {
        let mut stage = subscribed("1.2", "client");
        events(&mut stage, 2);
        stage.say("UNSUBSCRIBE\nid:s\n\n\0");
        numbers(&stage.say(frame))
    };
    let again = ["again 1", "again 2"];
    assert_eq!(resubscribed("SUBSCRIBE\nid:s\ndestination:/topic/a\nack:client\n\n\0"), again);
    assert_eq!(resubscribed("SUBSCRIBE\nid:s\ndestination:/topic/a\n\n\0"), again);
    assert_eq!(resubscribed("SUBSCRIBE\nid:t\ndestination:/topic/a\nack:client\n\n\0"), NONE);
    assert_eq!(resubscribed("SUBSCRIBE\nid:s\ndestination:/topic/*\nack:client\n\n\0"), NONE);
    assert_eq!(resubscribed("SUBSCRIBE\nid:s\ndestination:/topic/a\nack:client\nselector:a = 1\n\n\0"), NONE);
}

#[test]
fn an_ack_after_the_subscription_has_ended_still_counts() {
    let mut stage = subscribed("1.2", "client-individual");
    let acks = acks(&events(&mut stage, 2));
    stage.say("UNSUBSCRIBE\nid:s\n\n\0");
    assert_eq!(stage.say(&format!("ACK\nid:{}\n\n\0", acks[0])), NONE);
    let again = stage.say("SUBSCRIBE\nid:s\ndestination:/topic/a\nack:client-individual\n\n\0");
    assert_eq!(numbers(&again), ["again 2"]);
    // The copy from before is acknowledged together with the one from now.
    assert_eq!(stage.say(&format!("ACK\nid:{}\n\n\0", acks[1])), NONE);
    assert_eq!(anew(&mut stage, "client-individual"), NONE);
}

#[test]
fn of_ended_subscriptions_only_so_much_is_kept() {
    let mut stage = Stage::with("1.2", "[limits]\nprefetch = 2\nunacknowledged = 3");
    for id in 0..10 {
        stage.say(&format!("SUBSCRIBE\nid:{id}\ndestination:/topic/a\nack:client\n\n\0"));
        assert_eq!(events(&mut stage, 2).len(), 2);
        stage.say(&format!("UNSUBSCRIBE\nid:{id}\n\n\0"));
    }
    for (id, left) in [(8, 0), (9, 2)] {
        let again = stage.say(&format!("SUBSCRIBE\nid:{id}\ndestination:/topic/a\nack:client\n\n\0"));
        assert_eq!(again.len(), left, "{id}");
    }
}

#[test]
fn a_prefetch_that_is_none_or_too_much_is_an_error() {
    for (count, says) in [("0", "from 1"), ("-1", "from 1"), ("x", "from 1"), ("1001", "limits.unacknowledged")] {
        let frame = format!("SUBSCRIBE\nid:0\ndestination:/topic/a\nack:client\nprefetch-count:{count}\n\n\0");
        Stage::open().fails(&frame, DisconnectReason::Protocol, says);
    }
    let individual = "SUBSCRIBE\nid:0\ndestination:/topic/a\nack:client-individual\n\n\0";
    Stage::with("1.0", "").fails(individual, DisconnectReason::Protocol, "does not exist in STOMP 1.0");
}

#[test]
fn a_1_0_client_may_end_a_subscription_by_its_destination() {
    let mut stage = Stage::with("1.0", "");
    stage.say("SUBSCRIBE\ndestination:/topic/a\n\n\0SUBSCRIBE\nid:b\ndestination:/topic/b\n\n\0");
    assert_eq!(header(&stage.event("/topic/a", json!({}))[0], "subscription"), None);
    assert_eq!(header(&stage.event("/topic/b", json!({}))[0], "subscription"), Some("b"));
    stage.say("UNSUBSCRIBE\ndestination:/topic/a\n\n\0UNSUBSCRIBE\ndestination:/topic/b\n\n\0");
    assert_eq!(stage.closed, None);
    assert_eq!(stage.event("/topic/a", json!({})), NONE);
    assert_eq!(stage.event("/topic/b", json!({})), NONE);
}
