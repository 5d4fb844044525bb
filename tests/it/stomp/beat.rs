//! C72 to C75: heart-beats.

use std::time::{Duration, Instant};

use tokio_tungstenite::tungstenite::Message;

use super::{connect, receipt, rooms, silent};
use crate::support::{StompClient, TestGateway};

/// How often a test's gateway beats at most.
const BEAT: Duration = Duration::from_millis(200);

async fn beating(header: &str) -> (TestGateway, StompClient) {
    let gateway = TestGateway::with("[limits]\nheartbeat = \"200ms\"").await;
    let mut client = silent(&gateway).await;
    client.say(&connect(&format!("accept-version:1.2\n{header}"))).await;
    assert_eq!(client.frame().await.header("heart-beat"), Some("200,200"));
    (gateway, client)
}

#[tokio::test]
async fn c72_without_a_heart_beat_header_nobody_beats() {
    let (_gateway, mut client) = beating("").await;
    let quiet = tokio::time::timeout(BEAT * 4, client.message()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    client.say("BEGIN\ntransaction:t\nreceipt:r\n\n\0").await;
    receipt(&mut client, "r").await;
}

#[tokio::test]
async fn c73_the_client_gets_the_beats_that_it_wants() {
    let (_gateway, mut client) = beating("heart-beat:0,300\n").await;
    let start = Instant::now();
    for _ in 0..5 {
        match client.message().await {
            Some(Ok(Message::Text(text))) => assert_eq!(text.as_str(), "\n"),
            other => panic!("{other:?}"),
        }
    }
    // Five beats of 300 ms, and time for a busy machine.
    assert!(start.elapsed() < Duration::from_millis(300) * 8, "{:?}", start.elapsed());
}

#[tokio::test]
async fn c74_a_silent_client_is_cut_and_one_that_speaks_is_not() {
    let (_gateway, mut client) = beating("heart-beat:200,0\n").await;
    let start = Instant::now();
    let mut number = 0;
    while start.elapsed() < BEAT * 5 {
        number += 1;
        client
            .say(&format!("BEGIN\ntransaction:{number}\nreceipt:{number}\n\n\0ABORT\ntransaction:{number}\n\n\0"))
            .await;
        receipt(&mut client, &number.to_string()).await;
        tokio::time::sleep(BEAT / 4).await;
    }
    let silent = Instant::now();
    client.ends(4012, "three heart-beats").await;
    assert!(silent.elapsed() >= BEAT, "cut after {:?}", silent.elapsed());
}

#[tokio::test]
async fn c75_a_malformed_heart_beat_is_an_error() {
    let gateway = rooms().await;
    let mut client = silent(&gateway).await;
    client.say(&connect("accept-version:1.2\nheart-beat:abc\n")).await;
    client.ends(1002, "`heart-beat`").await;
}
