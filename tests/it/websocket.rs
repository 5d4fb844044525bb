//! The WebSocket's own rules (RFC 6455), where they show beyond the library's work.

use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::support::{StompClient, TestGateway, Upgrade};

/// A client that closes gets its own code back, so that it sees a clean end (RFC 6455, section 5.5.1).
#[tokio::test]
async fn a_clients_close_is_answered() {
    let gateway = TestGateway::start().await;
    for code in [CloseCode::Normal, CloseCode::Away, CloseCode::Library(4001)] {
        let mut client = StompClient::open(gateway.gateway.address(), &Upgrade::default()).await.unwrap();
        let close = CloseFrame { code, reason: "bye".into() };
        client.socket.close(Some(close)).await.unwrap();
        match client.message().await {
            Some(Ok(Message::Close(Some(answer)))) => assert_eq!(answer.code, code),
            other => panic!("the close was not answered: {other:?}"),
        }
    }
}

/// The same in the middle of a session that has something to send.
#[tokio::test]
async fn a_connected_clients_close_is_answered() {
    let gateway = TestGateway::start().await;
    let mut client = gateway.client("ada").await;
    client.subscribe("/user/**").await;
    client.socket.close(None).await.unwrap();
    match client.message().await {
        Some(Ok(Message::Close(_))) => {}
        other => panic!("the close was not answered: {other:?}"),
    }
    gateway.gateway.stop().await;
}
