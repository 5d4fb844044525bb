//! C01 to C19: the upgrade, CONNECT, and what may come before and after.

use tokio_tungstenite::tungstenite::Error;

use super::{ana, connect, receipt, rooms, send, silent};
use crate::support::{StompClient, TestGateway, Upgrade};

/// The subprotocol that is selected of those offered.
async fn selected(gateway: &TestGateway, offered: &str) -> Option<String> {
    let upgrade = Upgrade { headers: &[("sec-websocket-protocol", offered)], ..Upgrade::default() };
    let client = StompClient::open(gateway.gateway.address(), &upgrade).await.unwrap();
    client.response.headers().get("sec-websocket-protocol").map(|value| value.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn c01_the_offered_subprotocol_is_selected() {
    assert_eq!(selected(&rooms().await, "v12.stomp").await.as_deref(), Some("v12.stomp"));
}

#[tokio::test]
async fn c02_of_several_subprotocols_one_is_selected() {
    assert_eq!(selected(&rooms().await, "v12.stomp, v11.stomp, v10.stomp").await.as_deref(), Some("v12.stomp"));
}

#[tokio::test]
async fn c03_without_a_subprotocol_none_is_returned() {
    let client = silent(&rooms().await).await;
    assert_eq!(client.response.headers().get("sec-websocket-protocol"), None);
}

#[tokio::test]
async fn c04_an_unknown_subprotocol_is_never_echoed() {
    let gateway = rooms().await;
    let upgrade = Upgrade { headers: &[("sec-websocket-protocol", "foo.bar")], ..Upgrade::default() };
    match StompClient::open(gateway.gateway.address(), &upgrade).await {
        Ok(client) => assert_eq!(client.response.headers().get("sec-websocket-protocol"), None),
        // A client that insists on an answer gives up here.
        Err(Error::Protocol(error)) => assert!(error.to_string().contains("ubprotocol"), "{error}"),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn c05_connect_is_answered_by_connected() {
    let gateway = rooms().await;
    let mut client = silent(&gateway).await;
    client.say(&connect("accept-version:1.2\nhost:/\n")).await;
    let frame = client.frame().await;
    assert_eq!((frame.command.as_str(), frame.header("version")), ("CONNECTED", Some("1.2")));
}

#[tokio::test]
async fn c06_stomp_is_connect() {
    let gateway = rooms().await;
    let mut client = silent(&gateway).await;
    client.say(&connect("accept-version:1.2\nhost:/\n").replacen("CONNECT", "STOMP", 1)).await;
    assert_eq!(client.frame().await.command, "CONNECTED");
}

/// The version that a CONNECT with those headers leads to.
async fn version(headers: &str) -> String {
    let gateway = rooms().await;
    let mut client = silent(&gateway).await;
    client.say(&connect(headers)).await;
    client.frame().await.header("version").unwrap().to_owned()
}

#[tokio::test]
async fn c07_the_highest_common_version_counts_in_any_order() {
    assert_eq!(version("accept-version:1.0,1.1,1.2\n").await, "1.2");
    assert_eq!(version("accept-version:1.2,1.1,1.0\n").await, "1.2");
}

#[tokio::test]
async fn c08_unknown_versions_are_passed_over() {
    assert_eq!(version("accept-version:1.0,1.1,2.0\n").await, "1.1");
}

#[tokio::test]
async fn c09_without_accept_version_it_is_1_0() {
    assert_eq!(version("").await, "1.0");
}

#[tokio::test]
async fn c10_without_a_common_version_there_is_an_error_that_lists_them() {
    let gateway = rooms().await;
    let mut client = silent(&gateway).await;
    client.say(&connect("accept-version:2.1\n")).await;
    let frame = client.frame().await;
    assert_eq!((frame.command.as_str(), frame.header("version")), ("ERROR", Some("1.0,1.1,1.2")));
    client.closes(1002).await;
}

#[tokio::test]
async fn c11_connect_needs_no_host() {
    ana(&rooms().await, "1.2").await;
}

#[tokio::test]
async fn c12_a_wrong_token_is_refused_and_the_connection_closed() {
    let gateway = rooms().await;
    let mut client = silent(&gateway).await;
    client.say("CONNECT\naccept-version:1.2\nlogin:ana\npasscode:wrong\nauthorization:Bearer wrong\n\n\0").await;
    client.ends(4004, "JWT").await;
}

#[tokio::test]
async fn c13_headers_of_connect_are_not_unescaped() {
    assert_eq!(version("accept-version:1.2\nx-h:a\\tb\\\n").await, "1.2");
}

#[tokio::test]
async fn c14_of_a_repeated_header_the_first_counts() {
    assert_eq!(version("accept-version:1.1\naccept-version:1.2\n").await, "1.1");
}

#[tokio::test]
async fn c15_connect_may_have_crlf_line_ends() {
    let gateway = rooms().await;
    let mut client = silent(&gateway).await;
    client.say(&connect("accept-version:1.2\n").replace('\n', "\r\n")).await;
    assert_eq!(client.frame().await.header("version"), Some("1.2"));
}

#[tokio::test]
async fn c16_nothing_comes_before_connect() {
    let gateway = rooms().await;
    let mut client = silent(&gateway).await;
    client.say(&send("", "hi")).await;
    client.ends(1002, "before CONNECT").await;
}

#[tokio::test]
async fn c17_a_second_connect_is_an_error() {
    let gateway = rooms().await;
    let mut client = ana(&gateway, "1.2").await;
    client.say(&connect("accept-version:1.2\n")).await;
    client.ends(1002, "already").await;
}

#[tokio::test]
async fn c18_connect_has_no_receipt() {
    let gateway = rooms().await;
    let mut client = silent(&gateway).await;
    client.say(&connect("accept-version:1.2\nreceipt:r0\n")).await;
    assert_eq!(client.frame().await.command, "CONNECTED");
    client.assert_silent().await;
}

#[tokio::test]
async fn c19_line_ends_before_and_between_frames_are_ignored() {
    let gateway = rooms().await;
    let mut client = silent(&gateway).await;
    client.say(&format!("\n\n{}\r\n\n", connect("accept-version:1.2\n"))).await;
    assert_eq!(client.frame().await.command, "CONNECTED");
    client.say("\r\n\nBEGIN\ntransaction:t\nreceipt:r\n\n\0\r\n\n").await;
    receipt(&mut client, "r").await;
}
