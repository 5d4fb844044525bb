//! Selectors, and the conditions that access rules set.

use serde_json::json;

use super::stage::{Stage, header};
use super::*;

const ONLY: &str = r#"
[topics.rooms]
[[access]]
subscribe = "/topic/**"
only = "tenantId = {tenant}"
[[access]]
subscribe = "/topic/news"
only = "public = TRUE"
[[access]]
send = "/topic/**"
topic = "rooms"
"#;

#[test]
fn a_selector_chooses_by_headers_and_members() {
    let mut stage = Stage::open();
    stage.say("SUBSCRIBE\nid:0\ndestination:/topic/a\nselector:event-type LIKE 'test.%' AND amount > 100\n\n\0");
    stage.say("SUBSCRIBE\nid:1\ndestination:/topic/a\nselector: \n\n\0");
    assert_eq!(stage.event("/topic/a", json!({ "amount": 101 })).len(), 2);
    let one = stage.event("/topic/a", json!({ "amount": 100 }));
    assert_eq!((one.len(), header(&one[0], "subscription")), (1, Some("1")));
}

#[test]
fn a_selector_sees_the_headers_of_what_clients_send() {
    let mut stage = Stage::open();
    stage.say("SUBSCRIBE\nid:0\ndestination:/topic/room/1\nselector:kind = 'chat' AND \"user-name\" = 'ana'\n\n\0");
    for (kind, count) in [("chat", 1), ("typing", 0)] {
        stage.say(&format!("SEND\ndestination:/topic/room/1\nkind:{kind}\n\n{{\"kind\":\"chat\"}}\0"));
        let record = stage.publishing.remove(0).remove(0);
        assert_eq!(stage.relay(record).len(), count, "{kind}");
    }
}

#[test]
fn a_selector_that_does_not_parse_is_an_error_at_its_place() {
    let subscribe =
        |selector: &str| format!("SUBSCRIBE\nid:0\ndestination:/topic/a\nselector:{selector}\nreceipt:r\n\n\0");
    Stage::open().fails(&subscribe("a == 1"), DisconnectReason::Protocol, "column 3");
    Stage::open().fails(&subscribe("a = 'x"), DisconnectReason::Protocol, "column 5");
    Stage::open().fails(&subscribe(&"(".repeat(100)), DisconnectReason::Protocol, "nested at most");
    Stage::open().fails(
        &subscribe(&format!("a = '{}'", "x".repeat(5_000))),
        DisconnectReason::Protocol,
        "at most 4096",
    );
}

#[test]
fn a_rules_condition_cannot_be_removed() {
    let mut stage = Stage::of("1.2", ONLY, json!({ "sub": "ana", "tenant": "t' OR 1=1" }));
    stage.say("SUBSCRIBE\nid:0\ndestination:/topic/**\nselector:TRUE OR 1 = 1\n\n\0");
    assert_eq!(stage.event("/topic/a", json!({ "tenantId": "t' OR 1=1" })).len(), 1);
    assert!(stage.event("/topic/a", json!({ "tenantId": "t" })).is_empty());
    assert!(stage.event("/topic/a", json!({})).is_empty());
    // What another rule would admit in a part of it does not count.
    assert!(stage.event("/topic/news", json!({ "public": true })).is_empty());
    stage.say("SUBSCRIBE\nid:1\ndestination:/topic/news\n\n\0");
    assert_eq!(stage.event("/topic/news", json!({ "public": true })).len(), 1);
    assert_eq!(stage.event("/topic/news", json!({ "tenantId": "t' OR 1=1" })).len(), 2);
}

#[test]
fn without_the_claim_a_rule_does_not_apply() {
    let mut stage = Stage::of("1.2", ONLY, json!({ "sub": "ana" }));
    stage.fails("SUBSCRIBE\nid:0\ndestination:/topic/a\n\n\0", DisconnectReason::Forbidden, "no access rule");
    let mut stage = Stage::of("1.2", ONLY, json!({ "sub": "ana" }));
    stage.say("SUBSCRIBE\nid:1\ndestination:/topic/news\n\n\0");
    assert_eq!(stage.event("/topic/news", json!({ "public": true })).len(), 1);
}

#[test]
fn a_new_token_brings_its_own_conditions() {
    let mut stage = Stage::of("1.2", ONLY, json!({ "sub": "ana", "tenant": "a" }));
    stage.say("SUBSCRIBE\nid:0\ndestination:/topic/**\n\n\0SUBSCRIBE\nid:q\ndestination:/user/queue/errors\n\n\0");
    assert_eq!(stage.event("/topic/x", json!({ "tenantId": "a" })).len(), 1);
    stage.renew(json!({ "sub": "ana", "tenant": "b" }));
    assert_eq!(stage.closed, None);
    assert!(stage.event("/topic/x", json!({ "tenantId": "a" })).is_empty());
    assert_eq!(stage.event("/topic/x", json!({ "tenantId": "b" })).len(), 1);
    stage.renew(json!({ "sub": "ana" }));
    assert_eq!(stage.closed, Some(DisconnectReason::Forbidden));
}
