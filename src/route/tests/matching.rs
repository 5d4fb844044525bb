//! Which routes apply, in which order, and to which channels they lead.

use serde_json::json;

use super::*;
use crate::event::Priority;

#[test]
fn all_routes_that_match_apply_the_lowest_order_first() {
    let table = table(
        r#"
        [[route]]
        channel = "/late"
        order = 5
        [[route]]
        channel = "/first-of-equals"
        [[route]]
        channel = "/second-of-equals"
        [[route]]
        channel = "/early"
        order = -1
        "#,
    );
    assert_eq!(table.len(), 4);
    let found = deliveries(&table, &event("t", "x", json!({})));
    let found: Vec<_> = found.iter().map(|delivery| (delivery.route, delivery.channel.as_str())).collect();
    assert_eq!(found, [(3, "/early"), (1, "/first-of-equals"), (2, "/second-of-equals"), (0, "/late")]);
}

#[test]
fn a_final_route_stops_only_what_it_matches() {
    let table = table(
        r#"
        [[route]]
        when = "stop = TRUE"
        channel = "/stopped"
        final = true
        [[route]]
        channel = "/{needed}"
        final = true
        [[route]]
        channel = "/rest"
        "#,
    );
    let found = |document| channels(&table, &event("t", "x", document));
    assert_eq!(found(json!({ "stop": true })), ["/stopped"]);
    assert_eq!(found(json!({ "needed": "x" })), ["/x"]);
    assert_eq!(found(json!({})), ["/rest"], "a route that lacks a value does not match, and stops nothing");
}

#[test]
fn of_two_routes_to_one_channel_the_first_decides() {
    let table = table(
        r#"
        [[route]]
        channel = ["/a", "/b", "/a"]
        priority = "high"
        [[route]]
        channel = ["/b", "/c"]
        priority = "low"
        project = { pick = ["x"] }
        "#,
    );
    let found = deliveries(&table, &event("t", "x", json!({})));
    let found: Vec<_> =
        found.iter().map(|delivery| (delivery.channel.as_str(), delivery.priority, delivery.route)).collect();
    assert_eq!(found, [("/a", Priority::High, 0), ("/b", Priority::High, 0), ("/c", Priority::Low, 1)]);
}

#[test]
fn types_are_matched_by_globs_and_exactly() {
    let table = table(
        r#"
        [[route]]
        event = "agent.started.v1"
        channel = "/exact"
        [[route]]
        event = ["agent.*", "*.started.*"]
        channel = "/glob"
        [[route]]
        event = "agent.????????v?"
        channel = "/marks"
        "#,
    );
    let found = |event_type: &str| channels(&table, &event("t", event_type, json!({})));
    assert_eq!(found("agent.started.v1"), ["/exact", "/glob", "/marks"]);
    assert_eq!(found("agent.completed.v1"), ["/glob"]);
    assert_eq!(found("session.started.v1"), ["/glob"]);
    assert_eq!(found("agent"), [""; 0]);
}

#[test]
fn conditions_see_headers_members_and_the_type() {
    let table = table(
        r#"
        [[route]]
        when = "event-type LIKE 'order.%' AND tenant = 'acme' AND shop.open AND \"/shop/id\" = 7"
        channel = "/yes"
        "#,
    );
    let found = |event_type: &str, tenant: &[u8]| {
        let document = json!({ "shop": { "open": true, "id": 7 } });
        channels(&table, &event_with_headers("t", event_type, document, &[("tenant", tenant)]))
    };
    assert_eq!(found("order.created", b"acme"), ["/yes"]);
    assert_eq!(found("order.created", b"other"), [""; 0]);
    assert_eq!(found("order.created", b"\xff"), [""; 0]);
    assert_eq!(found("user.created", b"acme"), [""; 0]);
}

#[test]
fn values_come_from_members_pointers_and_headers() {
    let found = |template: &str| {
        let document = json!({ "a": "x", "n": { "list": [1, "two"], "a/b": "slash" }, "yes": true });
        channels(&channel(template), &event_with_headers("t", "x", document, &[("h", b"v"), ("h", b"second")]))
    };
    assert_eq!(found("/{a}/{/n/list/1}/{header:h}/{yes}"), ["/x/two/v/true"]);
    assert_eq!(found("/{/n/list/0}/{/n/a~1b}/{/a}"), ["/1/slash/x"]);
    assert_eq!(found("/pre-{a}-post/{a}:{yes}"), ["/pre-x-post/x:true"]);
    assert_eq!(found("/{header:a}"), [""; 0]);
}

#[test]
fn only_a_text_a_boolean_or_a_whole_number_makes_a_channel() {
    let found = |value: Value| channels(&channel("/c/{v}"), &event("t", "x", json!({ "v": value })));
    assert_eq!(found(json!(0)), ["/c/0"]);
    assert_eq!(found(json!(-5)), ["/c/-5"]);
    assert_eq!(found(json!(i64::MIN)), ["/c/-9223372036854775808"]);
    assert_eq!(found(json!(u64::MAX)), ["/c/18446744073709551615"]);
    assert_eq!(found(json!(false)), ["/c/false"]);
    for value in [json!(null), json!({}), json!([1]), json!(1.5), json!(1e20), json!(1e300)] {
        assert_eq!(found(value.clone()), [""; 0], "{value}");
    }
    // Both are read as the same number: they must not meet in one channel.
    for text in ["18446744073709551616", "18446744073709551617"] {
        assert_eq!(found(serde_json::from_str(text).unwrap()), [""; 0], "{text}");
    }
}

#[test]
fn a_route_that_lacks_one_value_gives_no_channel_at_all() {
    let table = table("[[route]]\nchannel = ['/whole', '/{absent}']\n[[route]]\nchannel = '/other'");
    assert_eq!(channels(&table, &event("t", "x", json!({ "absent": null }))), ["/other"]);
}

#[test]
fn routes_of_other_topics_and_types_are_not_looked_at() {
    let mut config: Vec<RouteConfig> = Vec::new();
    for number in 0..10_000 {
        config.extend(routes(&format!("[[route]]\ntopics = ['topic-{number}']\nchannel = '/c/{number}'")));
    }
    for number in 0..1_000 {
        config.extend(routes(&format!("[[route]]\nevent = 'kind-{number:03}.*'\nchannel = '/k/{number}'")));
    }
    config.extend(routes("[[route]]\ntopics = ['topic-7']\nevent = 'x'\nchannel = '/c/x'"));
    let table = RouteTable::new(&config).unwrap();
    let looked_at = |topic: &str, event_type: &str| table.candidates(&event(topic, event_type, json!({}))).count();
    assert_eq!(looked_at("topic-7", "y"), 1);
    assert_eq!(looked_at("topic-7", "x"), 2);
    assert_eq!(looked_at("topic-8", "kind-500.started"), 2);
    assert_eq!(looked_at("elsewhere", "y"), 0);
    assert_eq!(channels(&table, &event("topic-7", "kind-007.y", json!({}))), ["/c/7", "/k/7"]);
}

#[test]
fn without_a_projection_the_events_own_octets_go_out_shared() {
    let event = event("t", "x", json!({ "a": 1 }));
    let found = deliveries(&channel("/c"), &event);
    assert_eq!(found[0].body.as_ptr(), event.body.as_ptr());
    assert_eq!(found[0].body.len(), event.body.len());
}

#[test]
fn no_routes_are_no_error() {
    let table = RouteTable::new(&[]).unwrap();
    assert!(table.is_empty());
    assert!(channels(&table, &event("t", "x", json!({}))).is_empty());
}
