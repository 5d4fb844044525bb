//! What clients send to each other: through the topic, to the right ones, under the sender's own name.

use reqwest::StatusCode;

use super::{ROOMS, ana, connect, in_room, receipt, rooms, send, silent};
use crate::support::{StompClient, TestGateway, eventually, learning, token, token_with};

#[tokio::test]
async fn everybody_in_the_room_gets_it_in_one_order() {
    let gateway = rooms().await;
    let mut ana = in_room(&gateway, "1.2").await;
    let mut ben = gateway.client("ben").await;
    ben.subscribe("/topic/room/*").await;
    for number in 0..50 {
        ana.say(&send("", &format!("ana {number}"))).await;
        ben.say(&send("", &format!("ben {number}"))).await;
    }
    let mut seen = Vec::new();
    for _ in 0..100 {
        let (first, second) = (ana.event().await, ben.event().await);
        assert_eq!((first.text(), first.header("message-id")), (second.text(), second.header("message-id")));
        assert_eq!(first.header("user-name"), first.text().split(' ').next());
        seen.push(first.text());
    }
    for user in ["ana", "ben"] {
        let own: Vec<&String> = seen.iter().filter(|text| text.starts_with(user)).collect();
        let expected: Vec<String> = (0..50).map(|number| format!("{user} {number}")).collect();
        assert_eq!(own, expected.iter().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_sender_cannot_take_anothers_name_or_give_its_token_away() {
    let gateway = rooms().await;
    let mut client = silent(&gateway).await;
    client.say(&connect("accept-version:1.2\n").replace(&token("ana"), &token("a/na"))).await;
    client.frame().await;
    client.subscribe("/topic/room/1").await;
    client.say(&send("user-name:ben\nAuthorization:Bearer x\nx-auth-token:x\nmessage-id:1\nack:1\n", "hi")).await;
    let frame = client.event().await;
    assert_eq!(frame.headers.iter().filter(|(name, _)| name == "user-name").count(), 1);
    assert_eq!(frame.header("user-name"), Some("a%2Fna"));
    for absent in ["Authorization", "x-auth-token", "ack"] {
        assert_eq!(frame.header(absent), None);
    }
}

#[tokio::test]
async fn what_was_sent_is_kept_over_a_disconnect_at_once() {
    let gateway = rooms().await;
    let mut witness = in_room(&gateway, "1.2").await;
    for ending in ["DISCONNECT\n\n\0", ""] {
        let mut client = ana(&gateway, "1.2").await;
        client.say(&format!("{}{}{ending}", send("", "one"), send("", "two"))).await;
        let _ = client.socket.close(None).await;
        drop(client);
        assert_eq!(witness.event().await.text(), "one");
        assert_eq!(witness.event().await.text(), "two");
    }
}

#[tokio::test]
async fn the_topic_is_the_gateways_alone() {
    let gateway = rooms().await;
    let (event, _) = learning("session.started.v1", "ana", "1");
    let refused = gateway.post("/api/v1/events?topic=rooms", event).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let mut client = ana(&gateway, "1.2").await;
    client.say("SEND\ndestination:/topic/user/ben\nreceipt:r\n\nhi\0").await;
    client.ends(4003, "no access rule opens it").await;
}

#[tokio::test]
async fn what_is_no_clients_message_reaches_nobody_and_is_no_dead_letter() {
    let gateway = rooms().await;
    let mut client = in_room(&gateway, "1.2").await;
    let record = |headers: &[(&str, &str)]| sluice::publish::Outgoing {
        topic: "rooms".into(),
        key: None,
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned().into())).collect(),
        body: "{}".into(),
    };
    let records = vec![
        record(&[]),
        record(&[("stomp-destination", "/topic/room/1")]),
        record(&[("stomp-destination", "/topic/system"), ("stomp-user-name", "ana")]),
    ];
    for outcome in gateway.gateway.publish(records).await {
        outcome.unwrap();
    }
    client.say(&send("", "hi")).await;
    assert_eq!(client.event().await.text(), "hi");
    eventually("all three are counted", async || {
        (gateway.metric("sluice_decode_refused_total", &["rooms"]).await >= 3.0).then_some(())
    })
    .await;
    assert!(gateway.metric("sluice_dead_letter_not_kept_total", &["rooms"]).await < 0.5);
}

#[tokio::test]
async fn messages_outlive_the_node() {
    let gateway = rooms().await;
    let mut client = ana(&gateway, "1.2").await;
    client.say(&send("receipt:r\n", "one")).await;
    receipt(&mut client, "r").await;
    let TestGateway { gateway, data, .. } = gateway;
    gateway.stop().await;
    let again = TestGateway::at(data, ROOMS).await;
    let mut client = in_room(&again, "1.2").await;
    client.say(&send("", "two")).await;
    let frame = client.event().await;
    assert_eq!(frame.text(), "two");
    assert!(frame.header("message-id").unwrap().ends_with("-1"), "{frame:?}");
}

#[tokio::test]
async fn the_window_holds_on_the_wire_and_others_go_on() {
    let gateway = rooms().await;
    let mut client = ana(&gateway, "1.2").await;
    let subscribe = "SUBSCRIBE\nid:w\ndestination:/topic/room/1\nack:client\nprefetch-count:1\nreceipt:s\n\n\0";
    client.say(subscribe).await;
    receipt(&mut client, "s").await;
    client.say(&["1", "2", "3"].map(|body| send("", body)).concat()).await;
    for body in ["1", "2", "3"] {
        let frame = client.event().await;
        assert_eq!(frame.text(), body);
        client.assert_silent().await;
        client.say(&format!("ACK\nid:{}\n\n\0", frame.header("ack").unwrap())).await;
    }
    client.say(&["4", "5"].map(|body| send("", body)).concat()).await;
    assert_eq!(client.event().await.text(), "4");
    client.subscribe("/topic/room/2").await;
    client.say("SEND\ndestination:/topic/room/2\n\nother\0").await;
    assert_eq!(client.event().await.text(), "other");
}

#[tokio::test]
async fn selectors_and_conditions_of_rules_choose_events() {
    let rules = "[[access]]\nsubscribe = \"/topic/user/**\"\nonly = \"topic LIKE 'Graph%' AND userId = {friend}\"";
    let gateway = TestGateway::with(rules).await;
    let token = token_with(serde_json::json!({ "sub": "ana", "friend": "ben" }), 60);
    let mut client = StompClient::connected(gateway.gateway.address(), &token).await;
    client.subscribe("/topic/user/**").await;
    let select = "SUBSCRIBE\nid:sel\ndestination:/user/**\nselector:sessionId IN ('2', '3')\nreceipt:r\n\n\0";
    client.say(select).await;
    receipt(&mut client, "r").await;
    for (user, session) in [("carl", "2"), ("ben", "1"), ("ana", "1"), ("ana", "2")] {
        gateway.publish(learning("session.started.v1", user, session).0).await;
    }
    let first = client.event().await;
    assert_eq!(first.header("destination"), Some("/topic/user/ben/session/1"));
    let second = client.event().await;
    assert_eq!(
        (second.header("subscription"), second.header("destination")),
        (Some("sel"), Some("/topic/user/ana/session/2"))
    );
    client.assert_silent().await;
    client.say("SUBSCRIBE\nid:bad\ndestination:/user/**\nselector:a == 1\n\n\0").await;
    client.ends(1002, "column 3").await;
}
