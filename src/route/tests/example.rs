//! The routes that the documentation shows.

use serde_json::json;

use super::*;
use crate::event::Priority;

const EXAMPLE: &str = r#"
[[route]]
topics = ["agent-events", "session-events"]
event = ["agent.*", "session.*"]
channel = "/topic/user/{userId}/session/{sessionId}"

[[route]]
topics = ["system-events"]
channel = "/topic/system"
priority = "critical"

[[route]]
topics = ["orders"]
when = "severity IN ('high','critical') AND amount > 100"
channel = ["/topic/user/{/customer/id}", "/topic/shop/{/shop/id}"]
project = { omit = ["metadata", "costUsd"] }
overflow = "disconnect"
order = 10
"#;

#[test]
fn an_agents_event_goes_to_its_users_session() {
    let body = json!({ "userId": "u-1", "sessionId": "71c2" });
    let found = deliveries(&table(EXAMPLE), &event("agent-events", "agent.started.v1", body.clone()));
    let [delivery] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(delivery.channel, "/topic/user/u-1/session/71c2");
    assert_eq!(&*delivery.pattern, "/topic/user/{userId}/session/{sessionId}");
    assert_eq!((delivery.route, delivery.priority), (0, Priority::Normal));
    assert_eq!(delivery.content_type, "application/json");
    assert!(channels(&table(EXAMPLE), &event("agent-events", "content.generated.v1", body.clone())).is_empty());
    assert!(channels(&table(EXAMPLE), &event("content-events", "agent.started.v1", body)).is_empty());
}

#[test]
fn a_system_event_is_critical_and_needs_no_user() {
    let found = deliveries(&table(EXAMPLE), &event("system-events", "system.alert-triggered.v1", json!({})));
    let [delivery] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((delivery.channel.as_str(), delivery.priority), ("/topic/system", Priority::Critical));
}

#[test]
fn an_order_goes_to_its_customer_and_its_shop_without_what_is_not_theirs() {
    let order = |severity: &str, amount: i32| {
        let document = json!({
            "severity": severity, "amount": amount, "customer": { "id": 42 }, "shop": { "id": "s/1" },
            "metadata": { "source": "x" }, "costUsd": 1.5,
        });
        event("orders", "order.created", document)
    };
    let found = deliveries(&table(EXAMPLE), &order("high", 101));
    let names: Vec<_> = found.iter().map(|delivery| delivery.channel.as_str()).collect();
    assert_eq!(names, ["/topic/user/42", "/topic/shop/s%2F1"]);
    for delivery in &found {
        let body: Value = serde_json::from_slice(&delivery.body).unwrap();
        assert_eq!(
            body,
            json!({ "severity": "high", "amount": 101, "customer": { "id": 42 }, "shop": { "id": "s/1" } })
        );
    }
    assert!(channels(&table(EXAMPLE), &order("low", 101)).is_empty());
    assert!(channels(&table(EXAMPLE), &order("high", 100)).is_empty());
}
