//! BEGIN, COMMIT, ABORT, and what may be within them.

use serde_json::json;

use super::stage::{Stage, header, numbers};
use super::*;

const SEND: &str = "SEND\ndestination:/topic/room/1\ntransaction:t\nreceipt:s\n\nhi\0";
const BEGIN: &str = "BEGIN\ntransaction:t\nreceipt:b\n\n\0";
const COMMIT: &str = "COMMIT\ntransaction:t\nreceipt:c\n\n\0";

#[test]
fn what_is_committed_goes_together_and_only_then() {
    let mut stage = Stage::open();
    let receipts: Vec<String> = stage.say(&format!("{BEGIN}{SEND}{SEND}"));
    assert_eq!(receipts.len(), 3, "{receipts:?}");
    assert!(stage.publishing.is_empty());
    assert_eq!(stage.say(COMMIT), [] as [&str; 0]);
    assert_eq!(stage.publishing[0].len(), 2);
    assert_eq!(stage.answer(None), ["RECEIPT\nreceipt-id:c\n\n^@"]);
    stage.say(&format!("{BEGIN}{COMMIT}"));
    assert_eq!(stage.closed, None);
    assert!(stage.publishing.is_empty());
}

#[test]
fn what_is_aborted_never_happened() {
    let mut stage = Stage::open();
    stage.say("SUBSCRIBE\nid:s\ndestination:/topic/a\nack:client\n\n\0");
    let ack = header(&stage.event("/topic/a", json!({}))[0], "ack").unwrap().to_owned();
    stage.say(&format!("{BEGIN}{SEND}ACK\nid:{ack}\ntransaction:t\n\n\0"));
    assert_eq!(stage.say("ABORT\ntransaction:t\nreceipt:a\n\n\0"), ["RECEIPT\nreceipt-id:a\n\n^@"]);
    assert!(stage.publishing.is_empty());
    stage.say("UNSUBSCRIBE\nid:s\n\n\0");
    let again = stage.say("SUBSCRIBE\nid:s\ndestination:/topic/a\nack:client\n\n\0");
    assert_eq!(numbers(&again), ["again 1"]);
}

#[test]
fn acks_and_nacks_count_when_they_are_committed() {
    let mut stage = Stage::open();
    stage.say("SUBSCRIBE\nid:s\ndestination:/topic/a\nack:client-individual\nprefetch-count:2\n\n\0");
    let frames: Vec<String> = (0..3).flat_map(|_| stage.event("/topic/a", json!({}))).collect();
    let acks: Vec<&str> = frames.iter().map(|frame| header(frame, "ack").unwrap()).collect();
    let within = format!("{BEGIN}ACK\nid:{}\ntransaction:t\n\n\0NACK\nid:{}\ntransaction:t\n\n\0", acks[0], acks[1]);
    assert_eq!(numbers(&stage.say(&within)), [] as [&str; 0]);
    assert_eq!(numbers(&stage.say(COMMIT)), ["again 2", "3"]);
}

#[test]
fn a_message_acknowledged_meanwhile_fails_the_commit_and_nothing_is_sent() {
    let mut stage = Stage::open();
    stage.say("SUBSCRIBE\nid:s\ndestination:/topic/a\nack:client\n\n\0");
    let ack = header(&stage.event("/topic/a", json!({}))[0], "ack").unwrap().to_owned();
    stage.say(&format!("{BEGIN}{SEND}ACK\nid:{ack}\ntransaction:t\n\n\0ACK\nid:{ack}\n\n\0"));
    stage.fails(COMMIT, DisconnectReason::Protocol, "receipt-id:c");
    assert!(stage.publishing.is_empty());
}

#[test]
fn wrong_uses_are_told() {
    for (frames, says) in [
        ("BEGIN\n\n\0", "`transaction`"),
        ("BEGIN\ntransaction:t\n\n\0BEGIN\ntransaction:t\n\n\0", "open already"),
        ("COMMIT\ntransaction:u\n\n\0", "no open transaction `u`"),
        ("ABORT\ntransaction:u\n\n\0", "no open transaction `u`"),
        (SEND, "no open transaction `t`"),
        ("BEGIN\ntransaction:t\n\n\0ACK\nid:1-1\ntransaction:t\n\n\0", "no message waits"),
        ("BEGIN\ntransaction:t\n\n\0SEND\ndestination:/sluice/token\ntransaction:t\n\nx\0", "token"),
    ] {
        Stage::open().fails(frames, DisconnectReason::Protocol, says);
    }
    let closed = format!("{BEGIN}SEND\ndestination:/topic/x\ntransaction:t\n\nhi\0");
    Stage::open().fails(&closed, DisconnectReason::Forbidden, "no access rule");
}

#[test]
fn they_are_bounded_in_number_and_octets() {
    let mut stage = Stage::with("1.2", "[limits]\ntransactions = 2\ntransaction_bytes = \"4kB\"");
    stage.say("BEGIN\ntransaction:a\n\n\0BEGIN\ntransaction:b\n\n\0");
    stage.say("ABORT\ntransaction:b\n\n\0BEGIN\ntransaction:t\n\n\0");
    for _ in 0..8 {
        assert_eq!(stage.say(SEND).len(), 1);
        stage.say("ABORT\ntransaction:t\n\n\0BEGIN\ntransaction:t\n\n\0");
    }
    assert_eq!(stage.closed, None);
    stage.fails(&SEND.repeat(12), DisconnectReason::Protocol, "limits.transaction_bytes");
    let mut stage = Stage::with("1.2", "[limits]\ntransactions = 1");
    stage.say(BEGIN);
    stage.fails("BEGIN\ntransaction:u\n\n\0", DisconnectReason::Protocol, "limits.transactions");
}
