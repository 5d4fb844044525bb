//! C76 to C80: limits, and nothing after an ERROR.

use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;

use super::{ROOMS, ana, in_room, receipt, refused, rooms, send, silent};
use crate::support::TestGateway;

#[tokio::test]
async fn c76_too_many_headers_are_an_error() {
    refused("1.2", &send(&"a:b\n".repeat(5_000), ""), 1009, "limits.frame_headers").await;
}

#[tokio::test]
async fn c77_a_header_line_that_is_too_long_is_refused() {
    refused("1.2", &send(&format!("a:{}\n", "b".repeat(20 * 1024)), ""), 1009, "limits.header_bytes").await;
    let gateway = rooms().await;
    let mut client = ana(&gateway, "1.2").await;
    // More than a WebSocket message may have: the gateway closes before it has read it all.
    let _ = client.socket.send(Message::text(send(&format!("a:{}\n", "b".repeat(1 << 20)), ""))).await;
    client.closes(1009).await;
}

#[tokio::test]
async fn c78_a_body_that_is_too_large_is_refused_and_the_node_goes_on() {
    let gateway = rooms().await;
    let mut client = ana(&gateway, "1.2").await;
    let _ = client.socket.send(Message::text(send("", &"x".repeat(20 << 20)))).await;
    client.closes(1009).await;
    let mut client = in_room(&gateway, "1.2").await;
    client.say(&send("", "hi")).await;
    assert_eq!(client.event().await.text(), "hi");
    client.say("SEND\ndestination:/topic/room/1\ncontent-length:9999999999\n\n").await;
    client.ends(1009, "limits.frame_bytes").await;
}

#[tokio::test]
async fn c79_who_does_not_connect_in_time_is_cut() {
    let gateway = TestGateway::with("[limits]\nconnect_timeout = \"200ms\"").await;
    silent(&gateway).await.ends(4000, "limits.connect_timeout").await;
}

#[tokio::test]
async fn c80_nothing_after_an_error_is_obeyed() {
    let gateway = rooms().await;
    let mut witness = in_room(&gateway, "1.2").await;
    let mut client = ana(&gateway, "1.2").await;
    client.say(&format!("SEND\n\nbad\0{}", send("receipt:r\n", "lost"))).await;
    client.ends(1002, "`destination`").await;
    witness.say(&send("", "kept")).await;
    assert_eq!(witness.event().await.text(), "kept");
}

#[tokio::test]
async fn a_client_that_sends_too_fast_is_told_and_may_come_back() {
    let gateway = TestGateway::with(&format!("{ROOMS}\n[limits]\nframes_per_second = 10")).await;
    let mut client = ana(&gateway, "1.2").await;
    let frames: String = (0..11).map(|number| format!("BEGIN\ntransaction:{number}\nreceipt:{number}\n\n\0")).collect();
    client.say(&frames).await;
    for number in 0..10 {
        receipt(&mut client, &number.to_string()).await;
    }
    client.ends(4009, "limits.frames_per_second").await;
}
