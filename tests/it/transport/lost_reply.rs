//! A polling client loses nothing when a reply is lost: its session ends, so that it comes back and asks.

use std::net::SocketAddr;

use crate::support::{RawClient, TestGateway, eventually, learning, messages_of, token, within};

const OPEN: &str = "o\n";
const INTERRUPTED: &str = "c[1002,\"Connection interrupted\"]\n";

struct Poller {
    address: SocketAddr,
    path: String,
    /// What its requests say of the connection.
    connection: &'static str,
}

impl Poller {
    fn request(&self, transport: &str, body: &str) -> String {
        format!(
            "POST {}/{transport} HTTP/1.1\r\nhost: x\r\n{}content-length: {}\r\n\r\n{body}",
            self.path,
            self.connection,
            body.len()
        )
    }

    /// One request on a connection of its own, which is closed once the answer is read.
    async fn ask(&self, transport: &str, body: &str) -> String {
        let mut client = RawClient::connect(self.address).await;
        client.write(&self.request(transport, body)).await;
        client.response().await.1
    }

    /// A session that is connected and subscribed, each request of which came on a connection of its own.
    async fn subscribed(gateway: &TestGateway, id: &str, connection: &'static str) -> Self {
        let poller = Self { address: gateway.gateway.address(), path: format!("/ws/000/{id}"), connection };
        assert_eq!(poller.ask("xhr", "").await, OPEN);
        let connect = format!("CONNECT\naccept-version:1.2\nx-auth-token:{}\n\n\0", token("ana"));
        let subscribe = "SUBSCRIBE\nid:0\ndestination:/user/**\nreceipt:r\n\n\0";
        poller.ask("xhr_send", &serde_json::to_string(&[connect.as_str(), subscribe]).unwrap()).await;
        let mut heard = Vec::new();
        while heard.len() < 2 {
            heard.extend(messages_of(poller.ask("xhr", "").await.trim_end()).unwrap());
        }
        assert!(heard[0].starts_with("CONNECTED\n") && heard[1].starts_with("RECEIPT\n"), "{heard:?}");
        poller
    }
}

#[tokio::test]
async fn a_client_may_use_a_connection_for_each_poll() {
    let gateway = TestGateway::start().await;
    for (id, connection) in [("keeps", ""), ("closes", "connection: close\r\n")] {
        let poller = Poller::subscribed(&gateway, id, connection).await;
        for number in 0..20 {
            let (event, _) = learning("session.started.v1", "ana", &number.to_string());
            gateway.publish(event.clone()).await;
            let answer = poller.ask("xhr", "").await;
            let messages = messages_of(answer.trim_end()).unwrap_or_else(|| panic!("{answer}"));
            assert!(messages[0].contains(&event), "{answer}");
        }
    }
}

#[tokio::test]
async fn a_poll_that_is_cut_before_its_answer_ends_the_session() {
    let gateway = TestGateway::start().await;
    let poller = Poller::subscribed(&gateway, "cut", "").await;
    let mut cut = RawClient::connect(poller.address).await;
    cut.write(&poller.request("xhr", "")).await;
    // It is known to wait once a second one is refused.
    eventually("the poll waits", async || poller.ask("xhr", "").await.contains("2010").then_some(())).await;
    drop(cut);
    gateway.publish(learning("session.started.v1", "ana", "1").0).await;
    let told = async || (poller.ask("xhr", "").await == INTERRUPTED).then_some(());
    eventually("the next poll is told", told).await;
    let gone = async || gateway.gateway.registry().is_empty().then_some(());
    eventually("the session is over", gone).await;
}

#[tokio::test]
async fn an_answer_that_was_not_read_ends_the_session() {
    let gateway = TestGateway::start().await;
    for (id, connection) in [("keeps", ""), ("closes", "connection: close\r\n")] {
        let poller = Poller::subscribed(&gateway, id, connection).await;
        let mut cut = RawClient::connect(poller.address).await;
        cut.write(&poller.request("xhr", "")).await;
        eventually("the poll waits", async || poller.ask("xhr", "").await.contains("2010").then_some(())).await;
        let (event, _) = learning("session.started.v1", "ana", "1");
        gateway.publish(event.clone()).await;
        // The answer has arrived, and goes down with the connection.
        within("the answer", cut.stream.readable()).await.unwrap();
        drop(cut);
        assert_eq!(poller.ask("xhr", "").await, INTERRUPTED, "{id}");
    }
    let gone = async || gateway.gateway.registry().is_empty().then_some(());
    eventually("the sessions are over", gone).await;
}

#[tokio::test]
async fn an_answer_that_was_read_in_part_ends_the_session() {
    let gateway = TestGateway::start().await;
    let poller = Poller::subscribed(&gateway, "part", "").await;
    let mut cut = RawClient::connect(poller.address).await;
    let (event, _) = learning("session.started.v1", "ana", "1");
    gateway.publish(event).await;
    cut.write(&poller.request("xhr", "")).await;
    assert!(!cut.some(10).await.is_empty());
    drop(cut);
    assert_eq!(poller.ask("xhr", "").await, INTERRUPTED);
}

#[tokio::test]
async fn a_stream_that_is_cut_ends_the_session() {
    let gateway = TestGateway::start().await;
    let poller = Poller::subscribed(&gateway, "stream", "").await;
    let mut cut = RawClient::connect(poller.address).await;
    cut.write(&poller.request("xhr_streaming", "")).await;
    assert!(!cut.some(100).await.is_empty());
    drop(cut);
    let told = async || (poller.ask("xhr", "").await == INTERRUPTED).then_some(());
    eventually("the next poll is told", told).await;
}
