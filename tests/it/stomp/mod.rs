//! The protocol checklist: each test begins with the number of its item.

mod acknowledge; // C62 to C67
mod beat; // C72 to C75
mod connect; // C01 to C19
mod frame; // C20 to C30
mod header; // C31 to C46
mod limit; // C76 to C80
mod receipt; // C47 to C52
mod relay; // what clients send to each other, beyond the checklist
mod subscribe; // C53 to C61
mod transaction; // C68 to C71

use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Frame, StompClient, TestGateway, Upgrade, token};

/// Rooms in which clients talk to each other.
const ROOMS: &str = r#"
[topics.rooms]
partitions = 2
[[access]]
subscribe = "/topic/room/**"
send = "/topic/room/**"
topic = "rooms"
"#;

/// A gateway with rooms.
async fn rooms() -> TestGateway {
    TestGateway::with(ROOMS).await
}

/// A connection on which nothing was said.
async fn silent(gateway: &TestGateway) -> StompClient {
    StompClient::open(gateway.gateway.address(), &Upgrade::default()).await.unwrap()
}

/// Ana, connected in that version.
async fn ana(gateway: &TestGateway, version: &str) -> StompClient {
    let mut client = silent(gateway).await;
    client.say(&connect(&format!("accept-version:{version}\n"))).await;
    assert_eq!(client.frame().await.header("version"), Some(version));
    client
}

/// Ana in that version, subscribed to the room.
async fn in_room(gateway: &TestGateway, version: &str) -> StompClient {
    let mut client = ana(gateway, version).await;
    client.subscribe("/topic/room/1").await;
    client
}

/// A CONNECT with Ana's token and more headers.
fn connect(headers: &str) -> String {
    format!("CONNECT\nx-auth-token:{}\n{headers}\n\0", token("ana"))
}

/// A SEND to the room.
fn send(headers: &str, body: &str) -> String {
    format!("SEND\ndestination:/topic/room/1\n{headers}\n{body}\0")
}

/// What the room gets of a SEND in 1.2.
async fn sent(frame: &str) -> Frame {
    let gateway = rooms().await;
    let mut client = in_room(&gateway, "1.2").await;
    client.say(frame).await;
    client.event().await
}

/// What a fresh client of that version says is answered by an ERROR that says so, the close, and nothing after.
async fn refused(version: &str, frames: &str, code: u16, says: &str) {
    let gateway = rooms().await;
    let mut client = ana(&gateway, version).await;
    client.say(frames).await;
    client.ends(code, says).await;
}

/// Sends a WebSocket message of octets.
async fn say_octets(client: &mut StompClient, octets: &[u8]) {
    client.socket.send(Message::binary(octets.to_vec())).await.unwrap();
}

/// The next frame is the receipt of that id.
async fn receipt(client: &mut StompClient, id: &str) {
    let frame = client.frame().await;
    assert_eq!((frame.command.as_str(), frame.header("receipt-id")), ("RECEIPT", Some(id)), "{frame:?}");
}
