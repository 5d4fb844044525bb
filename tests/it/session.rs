//! STOMP on the wire: versions, subprotocols, receipts, heart-beats, errors and closes.

use std::time::{Duration, Instant};

use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{StompClient, TestGateway, Upgrade, learning, token};

#[tokio::test]
async fn versions_are_negotiated() {
    let gateway = TestGateway::start().await;
    for (accept, version) in [("1.0", "1.0"), ("1.0,1.1", "1.1"), ("1.2,1.1,1.0", "1.2"), ("1.1,2.0", "1.1")] {
        let mut client = StompClient::open(gateway.gateway.address(), &Upgrade::default()).await.unwrap();
        client.say(&format!("STOMP\naccept-version:{accept}\nx-auth-token:{}\n\n\0", token("ana"))).await;
        let frame = client.frame().await;
        assert_eq!((frame.command.as_str(), frame.header("version")), ("CONNECTED", Some(version)));
        assert_eq!(frame.header("user-name"), Some("ana"));
        for header in ["session", "server", "heart-beat"] {
            assert!(frame.header(header).is_some(), "{frame:?}");
        }
    }
    let mut client = StompClient::open(gateway.gateway.address(), &Upgrade::default()).await.unwrap();
    client.say("CONNECT\naccept-version:2.1\n\n\0").await;
    client.ends(1002, "no common version").await;
}

#[tokio::test]
async fn one_of_the_offered_subprotocols_is_chosen() {
    let gateway = TestGateway::start().await;
    let address = gateway.gateway.address();
    let offers = [("v12.stomp, v11.stomp, v10.stomp", Some("v12.stomp")), ("v11.stomp", Some("v11.stomp"))];
    for (offer, chosen) in offers {
        let upgrade = Upgrade { headers: &[("sec-websocket-protocol", offer)], ..Upgrade::default() };
        let client = StompClient::open(address, &upgrade).await.unwrap();
        let answer = client.response.headers().get("sec-websocket-protocol").map(|value| value.to_str().unwrap());
        assert_eq!(answer, chosen);
    }
    let client = StompClient::open(address, &Upgrade::default()).await.unwrap();
    assert_eq!(client.response.headers().get("sec-websocket-protocol"), None);
    StompClient::open(address, &Upgrade { path: "/ws/websocket", ..Upgrade::default() }).await.unwrap();
}

#[tokio::test]
async fn frames_may_be_cut_and_joined_anyhow_and_binary_is_answered_in_binary() {
    let gateway = TestGateway::start().await;
    let mut client = StompClient::open(gateway.gateway.address(), &Upgrade::default()).await.unwrap();
    let frames = format!(
        "\n\r\nCONNECT\r\naccept-version:1.2\r\nx-auth-token:{}\r\n\r\n\0\nSUBSCRIBE\nid:0\ndestination:/user/**\nreceipt:r\n\n\0\n",
        token("ana")
    );
    for piece in frames.as_bytes().chunks(7) {
        client.socket.send(Message::binary(piece.to_vec())).await.unwrap();
    }
    assert_eq!(client.frame().await.command, "CONNECTED");
    assert_eq!(client.frame().await.header("receipt-id"), Some("r"));
    let (body, _) = learning("session.started.v1", "ana", "1");
    gateway.publish(body.clone()).await;
    match client.message().await {
        Some(Ok(Message::Binary(octets))) => assert!(octets.ends_with(format!("{body}\0").as_bytes())),
        other => panic!("a binary message was wanted, there came {other:?}"),
    }
}

#[tokio::test]
async fn headers_are_escaped_by_the_clients_version() {
    let gateway = TestGateway::start().await;
    for (version, timestamp) in [
        ("1.0", "2025-08-13T08:15:30.123456789Z"),
        ("1.1", "2025-08-13T08\\c15\\c30.123456789Z"),
        ("1.2", "2025-08-13T08\\c15\\c30.123456789Z"),
    ] {
        let mut client = StompClient::open(gateway.gateway.address(), &Upgrade::default()).await.unwrap();
        client.say(&format!("CONNECT\naccept-version:{version}\nx-auth-token:{}\n\n\0", token("ana"))).await;
        assert_eq!(client.frame().await.command, "CONNECTED");
        client.subscribe("/user/**").await;
        gateway.publish(learning("session.started.v1", "ana", "1").0).await;
        let frame = client.event().await;
        assert_eq!(frame.header("timestamp"), Some(timestamp), "STOMP {version}");
    }
}

#[tokio::test]
async fn beats_go_both_ways_and_a_silent_client_is_cut() {
    let gateway = TestGateway::with("[limits]\nheartbeat = \"200ms\"").await;
    let mut client = StompClient::open(gateway.gateway.address(), &Upgrade::default()).await.unwrap();
    client.say(&format!("CONNECT\naccept-version:1.2\nheart-beat:200,200\nx-auth-token:{}\n\n\0", token("ana"))).await;
    let connected = client.frame().await;
    assert_eq!(connected.header("heart-beat"), Some("200,200"));
    let start = Instant::now();
    // The client keeps to its beats for a second, and the server to its own.
    let mut beats = 0;
    while start.elapsed() < Duration::from_secs(1) {
        match client.message().await {
            Some(Ok(Message::Text(text))) if text.as_str() == "\n" => beats += 1,
            other => panic!("a beat was wanted, there came {other:?}"),
        }
        client.say("\n").await;
    }
    assert!(beats >= 4, "{beats} beats in a second of 200 ms ones");
    // Then it falls silent.
    let silent = Instant::now();
    client.ends(4012, "three heart-beats").await;
    assert!(silent.elapsed() >= Duration::from_millis(600), "cut after {:?}", silent.elapsed());
}

#[tokio::test]
async fn without_a_heart_beat_header_nobody_beats_and_nobody_is_cut() {
    let gateway = TestGateway::with("[limits]\nheartbeat = \"100ms\"").await;
    let mut client = gateway.client("ana").await;
    let quiet = tokio::time::timeout(Duration::from_secs(1), client.message()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    client.subscribe("/user/**").await;
}

#[tokio::test]
async fn a_client_that_says_nothing_is_cut() {
    let gateway = TestGateway::with("[limits]\nconnect_timeout = \"200ms\"").await;
    let mut client = StompClient::open(gateway.gateway.address(), &Upgrade::default()).await.unwrap();
    client.ends(4000, "limits.connect_timeout").await;
}

#[tokio::test]
async fn errors_say_what_was_wrong_and_close() {
    let gateway = TestGateway::start().await;
    let cases = [
        ("SUBSCRIBE\nid:0\n\n\0", 1002, "`destination`"),
        ("SUBSCRIBE\nid:0\ndestination:/topic/user/ben\nreceipt:9\n\n\0", 4003, "no access rule"),
        ("FLY\n\n\0", 1002, "FLY"),
        ("SEND\nfoo:a\\tb\n\n\0", 1002, "escape"),
        ("SEND\ndestination:/topic/x\ncontent-length:99999999\n\n", 1009, "limits.frame_bytes"),
    ];
    for (frames, code, says) in cases {
        let mut client = gateway.client("ana").await;
        client.say(frames).await;
        client.ends(code, says).await;
    }
}

#[tokio::test]
async fn an_oversized_websocket_message_is_refused_and_the_node_goes_on() {
    let gateway = TestGateway::start().await;
    let mut client = gateway.client("ana").await;
    let huge = format!("SEND\ndestination:/topic/x\n\n{}\0", "x".repeat(20 << 20));
    // The gateway closes long before it has read all of it, so the sender may fail.
    let _ = client.socket.send(Message::text(huge)).await;
    client.closes(1009).await;
    gateway.client("ana").await.subscribe("/user/**").await;
}

#[tokio::test]
async fn disconnect_is_receipted_and_then_closed() {
    let gateway = TestGateway::start().await;
    let mut client = gateway.client("ana").await;
    client.say("DISCONNECT\nreceipt:bye\n\n\0").await;
    assert_eq!(client.frame().await.header("receipt-id"), Some("bye"));
    client.closes(1000).await;
}
