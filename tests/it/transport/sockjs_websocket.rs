//! SockJS's framing on a WebSocket, and what an upgrade has to look like.

use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::support::{RawClient, StompClient, TestGateway, Upgrade};

async fn open(gateway: &TestGateway, path: &str) -> StompClient {
    StompClient::open(gateway.gateway.address(), &Upgrade { path, ..Upgrade::default() }).await.unwrap()
}

async fn text(client: &mut StompClient) -> String {
    match client.message().await {
        Some(Ok(Message::Text(text))) => text.as_str().to_owned(),
        other => panic!("a text was wanted, there came {other:?}"),
    }
}

#[tokio::test]
async fn it_opens_before_anything_is_said() {
    let gateway = TestGateway::start().await;
    assert_eq!(text(&mut open(&gateway, "/ws/000/abc/websocket").await).await, "o");
}

#[tokio::test]
async fn messages_go_both_ways_in_arrays() {
    let gateway = TestGateway::with_test_services("").await;
    let mut client = open(&gateway, "/test/echo/000/abc/websocket").await;
    assert_eq!(text(&mut client).await, "o");
    client.say("[\"a\",\"\\u0000\\u2028\"]").await;
    assert_eq!(text(&mut client).await, "a[\"a\"]");
    assert_eq!(text(&mut client).await, "a[\"\\u0000\\u2028\"]");
    assert!(client.response.headers().get("sec-websocket-protocol").is_none());
}

#[tokio::test]
async fn empty_messages_and_empty_arrays_mean_nothing() {
    let gateway = TestGateway::with_test_services("").await;
    let mut client = open(&gateway, "/test/echo/000/abc/websocket").await;
    assert_eq!(text(&mut client).await, "o");
    for message in ["", "[]", "[\"a\"]"] {
        client.say(message).await;
    }
    assert_eq!(text(&mut client).await, "a[\"a\"]");
}

#[tokio::test]
async fn broken_json_closes() {
    let gateway = TestGateway::with_test_services("").await;
    for broken in ["[\"a", "a", "{}", "[1]"] {
        let mut client = open(&gateway, "/test/echo/000/abc/websocket").await;
        assert_eq!(text(&mut client).await, "o");
        client.say(broken).await;
        assert_eq!(text(&mut client).await, "c[1002,\"protocol\"]");
        client.closes(1002).await;
    }
}

#[tokio::test]
async fn the_close_frame_comes_before_the_close() {
    let gateway = TestGateway::with_test_services("").await;
    let mut client = open(&gateway, "/test/close/000/abc/websocket").await;
    assert_eq!(text(&mut client).await, "o");
    assert_eq!(text(&mut client).await, "c[3000,\"Go away!\"]");
    client.closes(3000).await;
}

#[tokio::test]
async fn one_session_id_may_be_used_by_several_websockets() {
    let gateway = TestGateway::with_test_services("").await;
    let mut one = open(&gateway, "/test/echo/000/abc/websocket").await;
    let mut other = open(&gateway, "/test/echo/000/abc/websocket").await;
    for client in [&mut one, &mut other] {
        assert_eq!(text(client).await, "o");
        client.say("[\"a\"]").await;
        assert_eq!(text(client).await, "a[\"a\"]");
    }
}

#[tokio::test]
async fn heartbeats_come_when_nothing_else_does() {
    let gateway = TestGateway::with_test_services("[server.sockjs]\nheartbeat = \"200ms\"").await;
    let mut client = open(&gateway, "/test/echo/000/abc/websocket").await;
    for frame in ["o", "h", "h"] {
        assert_eq!(text(&mut client).await, frame);
    }
}

#[tokio::test]
async fn raw_websockets_have_no_framing() {
    let gateway = TestGateway::with_test_services("").await;
    for path in ["/test/echo/websocket", "/test/echo"] {
        let mut client = open(&gateway, path).await;
        client.say("a[").await;
        assert_eq!(text(&mut client).await, "a[");
        client.socket.send(Message::binary(vec![0, 255])).await.unwrap();
        assert!(matches!(client.message().await, Some(Ok(Message::Binary(octets))) if octets[..] == [0, 255]));
    }
    assert_eq!(text(&mut open(&gateway, "/test/echo/000/abc/websocket").await).await, "o");
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused() {
    let gateway = TestGateway::with_test_services("").await;
    let mut client = open(&gateway, "/test/echo/000/abc/websocket").await;
    assert_eq!(text(&mut client).await, "o");
    let _ = client.socket.send(Message::text(format!("[\"{}\"]", "x".repeat(300 * 1024)))).await;
    assert_eq!(text(&mut client).await, "c[1009,\"too-large\"]");
    client.closes(1009).await;
}

#[tokio::test]
async fn pages_of_other_origins_are_refused_before_the_upgrade() {
    let gateway = TestGateway::start().await;
    for path in ["/ws", "/ws/websocket", "/ws/000/abc/websocket"] {
        let upgrade = Upgrade { path, headers: &[("origin", "https://evil.example")] };
        match StompClient::open(gateway.gateway.address(), &upgrade).await {
            Err(Error::Http(response)) => assert_eq!(response.status(), 403, "{path}"),
            other => panic!("{path}: {:?}", other.map(|_| ())),
        }
    }
}

#[tokio::test]
async fn an_upgrade_that_lacks_something_is_told_what() {
    let gateway = TestGateway::start().await;
    let get = async |path: &str, headers: &str| {
        let mut client = RawClient::connect(gateway.gateway.address()).await;
        client.write(&format!("GET {path} HTTP/1.1\r\nhost: x\r\n{headers}\r\n")).await;
        client.response().await
    };
    let key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for path in ["/ws/websocket", "/ws/000/abc/websocket"] {
        let (head, body) = get(path, "").await;
        assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
        assert_eq!(body, "Can \"Upgrade\" only to \"WebSocket\".");
        let (_, body) = get(path, &format!("{key}upgrade: websocket\r\nsec-websocket-version: 13\r\n")).await;
        assert_eq!(body, "\"Connection\" must be \"Upgrade\".");
        let upgrade = format!("{key}connection: keep-alive, Upgrade\r\nupgrade: WebSocket\r\n");
        let (head, _) = get(path, &format!("{upgrade}sec-websocket-version: 8\r\n")).await;
        assert!(head.starts_with("HTTP/1.1 426 ") && head.contains("\r\nsec-websocket-version: 13"), "{head}");
    }
    let (_, body) = get("/ws", "upgrade: fax\r\n").await;
    assert_eq!(body, "Can \"Upgrade\" only to \"WebSocket\".");
}
