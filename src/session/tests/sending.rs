//! SEND to channels, and the broker's answers.

use super::stage::{Stage, header};
use super::*;
use crate::publish::PublishError;

fn send(destination: &str, more: &str) -> String {
    format!("SEND\ndestination:{destination}\n{more}\nhi\0")
}

#[test]
fn a_send_becomes_a_record_and_its_receipt_waits_for_the_broker() {
    let mut stage = Stage::open();
    stage.say("SUBSCRIBE\nid:0\ndestination:/topic/room/**\n\n\0");
    let more = "content-type:text/plain\nuser-name:ben\nreceipt:r\na\\cb:1\\n2\n";
    assert_eq!(stage.say(&send("/topic/room/1", more)), [] as [&str; 0]);
    let record = stage.publishing[0][0].clone();
    assert_eq!((&*record.topic, record.key.as_deref()), ("rooms", Some(b"/topic/room/1".as_slice())));
    assert_eq!(stage.answer(None), ["RECEIPT\nreceipt-id:r\n\n^@"]);
    let message = stage.relay(record).remove(0);
    assert_eq!(header(&message, "user-name"), Some("ana"));
    assert_eq!(header(&message, "content-type"), Some("text/plain"));
    assert_eq!(header(&message, "content-length"), Some("2"));
    assert_eq!(header(&message, "destination"), Some("/topic/room/1"));
    assert_eq!(header(&message, "a\\cb"), Some("1\\n2"));
    for absent in ["receipt", "event-type", "priority"] {
        assert_eq!(header(&message, absent), None, "{message}");
    }
    assert!(message.ends_with("\n\nhi^@"));
}

#[test]
fn a_send_keeps_what_its_own_version_wrote() {
    let mut stage = Stage::with("1.0", "");
    stage.say("SUBSCRIBE\ndestination:/topic/room/**\n\n\0");
    stage.say(&send("/topic/room/1", "foo:a\\cb\\t:z\n"));
    let record = stage.publishing[0][0].clone();
    assert_eq!(header(&stage.relay(record.clone())[0], "foo"), Some("a\\cb\\t:z"));
    let mut newer = Stage::open();
    newer.say("SUBSCRIBE\nid:0\ndestination:/topic/room/**\n\n\0");
    assert_eq!(header(&newer.relay(record)[0], "foo"), Some("a\\\\cb\\\\t\\cz"));
}

#[test]
fn only_what_a_rule_opens_can_be_sent_to() {
    let everything = "[[access]]\nsend = \"/**\"\ntopic = \"rooms\"\n";
    for destination in ["/topic/other", "/topic/room/1/*", "/app/x", "/sluice/x", "/user/queue/replies", "/user/room"] {
        let reason = if destination.contains('*') { DisconnectReason::Protocol } else { DisconnectReason::Forbidden };
        let says = if destination.contains('*') { "wildcard" } else { "no access rule" };
        Stage::open().fails(&send(destination, "receipt:r\n"), reason, says);
        if destination != "/topic/other" {
            Stage::with("1.2", everything).fails(&send(destination, "receipt:r\n"), reason, says);
        }
    }
    Stage::open().fails(&send("topic", ""), DisconnectReason::Protocol, "begins with");
    Stage::open().fails("SEND\nreceipt:q\n\nhi\0", DisconnectReason::Protocol, "receipt-id:q");
    Stage::with("1.2", everything).fails(&send("/topic/a\\nb", ""), DisconnectReason::Forbidden, "no access rule");
}

#[test]
fn what_the_broker_does_not_take_is_an_error_with_its_receipt() {
    let cases = [
        (PublishError::Unavailable("secret".into()), DisconnectReason::TryLater, "did not confirm"),
        (PublishError::UnknownTopic("secret".into()), DisconnectReason::Internal, "lacks the topic"),
        (PublishError::Refused("secret".into()), DisconnectReason::Protocol, "refused it"),
    ];
    for (error, reason, says) in cases {
        let mut stage = Stage::open();
        let both = ["receipt:a\n", "receipt:b\n"].map(|receipt| send("/topic/room/1", receipt));
        stage.say(&both.concat());
        stage.answer(None);
        let frame = stage.answer(Some(error)).remove(0);
        assert!(frame.contains(says) && !frame.contains("secret"), "{frame}");
        assert_eq!(header(&frame, "receipt-id"), Some("b"));
        assert_eq!(stage.closed, Some(reason));
    }
}

#[test]
fn disconnect_waits_for_what_was_sent() {
    let mut stage = Stage::open();
    stage.say(&send("/topic/room/1", "receipt:a\n"));
    assert_eq!(stage.say("DISCONNECT\nreceipt:bye\n\n\0BOGUS\n\n\0"), [] as [&str; 0]);
    assert_eq!(stage.say("BOGUS\n\n\0"), [] as [&str; 0]);
    assert_eq!(stage.closed, None);
    assert_eq!(stage.answer(None), ["RECEIPT\nreceipt-id:a\n\n^@", "RECEIPT\nreceipt-id:bye\n\n^@"]);
    assert_eq!(stage.closed, Some(DisconnectReason::ClientLeft));
}

#[test]
fn what_waits_for_the_broker_is_bounded() {
    let mut stage = Stage::with("1.2", "[limits]\nsend_bytes = \"1kB\"");
    let large = format!("SEND\ndestination:/topic/room/1\n\n{}\0", "x".repeat(2_000));
    stage.say(&large);
    assert_eq!(stage.publishing.len(), 1);
    stage.answer(None);
    stage.say(&send("/topic/room/1", ""));
    stage.fails(&large, DisconnectReason::TooFast, "limits.send_bytes");
}
