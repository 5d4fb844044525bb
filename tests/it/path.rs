//! An event all the way: in by HTTP, through the embedded log, out to the right users.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use sluice::publish::Outgoing;

use crate::support::{StompClient, TestGateway, learning, learning_types, operator, token_with};

#[tokio::test]
async fn each_of_the_fifteen_events_reaches_its_channel_unchanged() {
    let gateway = TestGateway::start().await;
    let mut ana = gateway.client("ana").await;
    ana.subscribe("/user/**").await;
    ana.subscribe("/topic/system").await;
    for event_type in learning_types() {
        let (body, channel) = learning(event_type, "ana", "s-1");
        gateway.publish(body.clone()).await;
        let message = ana.event().await;
        assert_eq!(message.text(), body);
        assert_eq!(message.header("destination"), Some(channel.as_str()));
        assert_eq!(message.header("event-type"), Some(event_type));
        assert_eq!(message.header("timestamp"), Some("2025-08-13T08\\c15\\c30.123456789Z"));
        assert_eq!(message.header("content-type"), Some("application/json"));
        assert_eq!(message.header("content-length"), Some(body.len().to_string().as_str()));
        let (stream, number) = message.header("message-id").unwrap().rsplit_once('-').unwrap();
        assert!(stream.bytes().all(|octet| octet.is_ascii_alphanumeric()), "{stream}");
        number.parse::<u128>().unwrap();
    }
}

#[tokio::test]
async fn nobody_gets_an_event_of_another_user() {
    let gateway = TestGateway::start().await;
    // Hostile ids: each is a user of its own, whatever a careless gateway would make of it.
    let users =
        ["ana", "ana/session", "ana%2Fsession", "a.a", ".", "..", "*", "**", "%", "ana ", "\u{e9}", "e\u{301}", "ANA"];
    let mut clients: Vec<StompClient> = Vec::new();
    for user in users {
        let mut client = gateway.client(user).await;
        client.subscribe("/user/**").await;
        clients.push(client);
    }
    for user in users {
        let (body, _) = learning("session.started.v1", user, "../ana/**");
        gateway.publish(body).await;
    }
    for (user, client) in users.iter().zip(&mut clients) {
        let message = client.event().await;
        let event: serde_json::Value = serde_json::from_str(&message.text()).unwrap();
        assert_eq!(event["userId"], *user);
        client.assert_silent().await;
    }
}

#[tokio::test]
async fn an_event_without_an_owner_reaches_nobody_by_accident() {
    let gateway = TestGateway::start().await;
    let mut empty = StompClient::connected(gateway.gateway.address(), &token_with(json!({ "sub": "null" }), 60)).await;
    empty.subscribe("/user/**").await;
    // Past the API's check, as another producer would write it.
    let (body, _) = learning("session.started.v1", "ana", "1");
    let body = body.replace(r#""userId":"ana""#, r#""userId":null"#);
    let record =
        Outgoing { topic: Arc::from("session-events"), key: None, headers: Vec::new(), body: Bytes::from(body) };
    gateway.gateway.publish(vec![record]).await.remove(0).unwrap();
    let (body, channel) = learning("session.started.v1", "null", "2");
    gateway.publish(body).await;
    assert_eq!(empty.event().await.header("destination"), Some(channel.as_str()));
}

#[tokio::test]
async fn subscriptions_are_exact_wildcard_and_the_users_own() {
    let gateway = TestGateway::start().await;
    let mut ana = gateway.client("ana").await;
    let exact = ana.subscribe("/topic/user/ana/session/1").await;
    let one = ana.subscribe("/topic/user/ana/session/*").await;
    let own = ana.subscribe("/user/session/2").await;
    gateway.publish(learning("agent.started.v1", "ana", "1").0).await;
    let first = [ana.event().await, ana.event().await];
    gateway.publish(learning("agent.started.v1", "ana", "2").0).await;
    let second = [ana.event().await, ana.event().await];
    let ids = |frames: &[crate::support::Frame]| -> HashSet<String> {
        frames.iter().map(|frame| frame.header("subscription").unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&first), HashSet::from([exact, one.clone()]));
    assert_eq!(ids(&second), HashSet::from([one.clone(), own]));
    ana.say(&format!("UNSUBSCRIBE\nid:{one}\nreceipt:u\n\n\0")).await;
    assert_eq!(ana.frame().await.header("receipt-id"), Some("u"));
    gateway.publish(learning("agent.started.v1", "ana", "3").0).await;
    ana.assert_silent().await;
}

#[tokio::test]
async fn an_operator_sees_every_user() {
    let gateway = TestGateway::start().await;
    let mut operator = StompClient::connected(gateway.gateway.address(), &operator()).await;
    operator.subscribe("/topic/**").await;
    for user in ["ana", "ben"] {
        gateway.publish(learning("session.started.v1", user, "1").0).await;
        let destination = format!("/topic/user/{user}/session/1");
        assert_eq!(operator.event().await.header("destination"), Some(destination.as_str()));
    }
}

#[tokio::test]
async fn a_users_events_stay_in_order() {
    let gateway = TestGateway::start().await;
    let mut ana = gateway.client("ana").await;
    ana.subscribe("/user/**").await;
    let bodies: Vec<String> =
        (0..200).map(|session| learning("session.started.v1", "ana", &session.to_string()).0).collect();
    gateway.publish(format!("[{}]", bodies.join(","))).await;
    for body in bodies {
        assert_eq!(ana.event().await.text(), body);
    }
}

#[tokio::test]
async fn the_platforms_original_browser_messages_can_be_had_by_config() {
    let config = std::fs::read_to_string("examples/learning-browser-messages.toml").unwrap();
    let data = tempfile::tempdir().unwrap();
    let text = config.replace("[source.kafka]\nbrokers = [\"localhost:19092\"]", "");
    let gateway =
        TestGateway::of(data, |data| crate::support::config_of(&text, data, "[[access]]\npublish = \"*\"")).await;
    let mut ana = gateway.client("ana").await;
    ana.subscribe("/user/**").await;
    gateway.publish(learning("agent.completed.v1", "ana", "s-1").0).await;
    let message: serde_json::Value = serde_json::from_str(&ana.event().await.text()).unwrap();
    assert_eq!(message["type"], "agent.progress");
    assert_eq!(message["sessionId"], "s-1");
    assert!(message["timestamp"].is_i64(), "{message}");
    let data = &message["data"];
    assert_eq!((&data["stage"], &data["status"]), (&json!(1), &json!("completed")), "{message}");
    assert_eq!((&data["duration"], &data["cost"]), (&json!(12), &json!(2.75)), "{message}");
}
