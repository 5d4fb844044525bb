//! What every transport that carries STOMP does alike.

use std::time::{Duration, Instant};

use crate::support::{AnyClient, Heard, Receiving, TestGateway, Transport, eventually, learning, token, within};

/// One module of tests for each transport.
macro_rules! contract {
    ($($name:ident: $transport:expr;)*) => { $(
        mod $name {
            use super::*;

            #[tokio::test]
            async fn connects_and_subscribes() {
                super::connects_and_subscribes($transport).await;
            }

            #[tokio::test]
            async fn events_arrive_unchanged() {
                super::events_arrive_unchanged($transport).await;
            }

            #[tokio::test]
            async fn is_told_why_it_was_closed() {
                super::is_told_why_it_was_closed($transport).await;
            }

            #[tokio::test]
            async fn gets_what_waits_and_is_told_of_the_drain() {
                super::gets_what_waits_and_is_told_of_the_drain($transport).await;
            }

            #[tokio::test]
            async fn beats_go_both_ways_and_silence_is_cut() {
                super::beats_go_both_ways_and_silence_is_cut($transport).await;
            }

            #[tokio::test]
            async fn disconnect_is_receipted_and_closed() {
                super::disconnect_is_receipted_and_closed($transport).await;
            }

            #[tokio::test]
            async fn bursts_come_whole_and_in_order() {
                super::bursts_come_whole_and_in_order($transport).await;
            }

            #[tokio::test]
            async fn one_that_does_not_read_is_cut_and_hurts_nobody() {
                super::one_that_does_not_read_is_cut_and_hurts_nobody($transport).await;
            }

            #[tokio::test]
            async fn frames_may_be_cut_and_joined_anyhow() {
                super::frames_may_be_cut_and_joined_anyhow($transport).await;
            }
        }
    )* };
}

contract! {
    websocket: Transport::WebSocket;
    raw_websocket: Transport::RawWebSocket;
    framed_websocket: Transport::FramedWebSocket;
    xhr: Transport::Http(Receiving::Xhr);
    xhr_streaming: Transport::Http(Receiving::XhrStreaming);
    eventsource: Transport::Http(Receiving::EventSource);
}

async fn connected(gateway: &TestGateway, transport: Transport) -> AnyClient {
    AnyClient::connected(gateway.gateway.address(), transport, &token("ana"), "0,0").await
}

async fn connects_and_subscribes(transport: Transport) {
    let gateway = TestGateway::start().await;
    let mut client = connected(&gateway, transport).await;
    client.subscribe("/user/**").await;
    gateway.publish(learning("session.started.v1", "ana", "1").0).await;
    assert_eq!(client.event().await.header("destination"), Some("/topic/user/ana/session/1"));
    assert_eq!(gateway.gateway.registry().len(), 1);
}

async fn events_arrive_unchanged(transport: Transport) {
    let gateway = TestGateway::start().await;
    let mut client = connected(&gateway, transport).await;
    client.subscribe("/user/**").await;
    let (event, _) = learning("content.generated.v1", "ana", "1");
    // What a browser or a proxy could change: quotes, line ends, joiners, separators, the edge of the first plane.
    let title = "\\\"\\\\ \\u0000\\n</script> \u{7f}\u{200c}\u{200d}\u{2028}\u{2029}\u{202e}\u{2060}\u{feff}\u{fffe}\u{ffff}é漢😀";
    let event = event.replace("Trees", title);
    gateway.publish(event.clone()).await;
    let message = client.event().await;
    assert_eq!(message.text(), event);
    assert_eq!(message.header("content-length"), Some(event.len().to_string().as_str()));
}

async fn is_told_why_it_was_closed(transport: Transport) {
    let gateway = TestGateway::start().await;
    let mut client = connected(&gateway, transport).await;
    client.say("SUBSCRIBE\nid:0\n\n\0").await;
    client.ends(1002, "protocol", "`destination`").await;
    let mut stranger = AnyClient::open(gateway.gateway.address(), transport).await;
    stranger.say("CONNECT\naccept-version:1.2\nx-auth-token:nonsense\n\n\0").await;
    stranger.ends(4004, "unauthorized", "JWT").await;
}

async fn gets_what_waits_and_is_told_of_the_drain(transport: Transport) {
    let gateway = TestGateway::start().await;
    let mut client = connected(&gateway, transport).await;
    client.subscribe("/user/**").await;
    let bodies: Vec<String> = (0..50).map(|n| learning("session.started.v1", "ana", &n.to_string()).0).collect();
    let mut witness = gateway.client("ana").await;
    witness.subscribe("/user/**").await;
    gateway.publish(format!("[{}]", bodies.join(","))).await;
    for body in &bodies {
        assert_eq!(witness.event().await.text(), *body);
    }
    let stopping = tokio::spawn(gateway.gateway.stop());
    for body in &bodies {
        assert_eq!(client.event().await.text(), *body);
    }
    client.closes(1001, "drain").await;
    drop((client, witness));
    within("the gateway stops", stopping).await.unwrap();
}

async fn beats_go_both_ways_and_silence_is_cut(transport: Transport) {
    let gateway = TestGateway::with("[limits]\nheartbeat = \"300ms\"").await;
    let address = gateway.gateway.address();
    let mut client = AnyClient::connected(address, transport, &token("ana"), "300,300").await;
    let start = Instant::now();
    let mut beats = 0;
    while start.elapsed() < Duration::from_millis(1500) {
        match client.hear().await {
            Heard::Beat => beats += 1,
            other => panic!("a beat was wanted, there came {other:?}"),
        }
        client.say("\n").await;
    }
    assert!(beats >= 3, "{beats} beats in 1.5 s of 300 ms ones");
    let silent = Instant::now();
    client.ends(4012, "heartbeat-missed", "three heart-beats").await;
    assert!(silent.elapsed() >= Duration::from_millis(850), "cut after {:?}", silent.elapsed());
}

async fn disconnect_is_receipted_and_closed(transport: Transport) {
    let gateway = TestGateway::start().await;
    let mut client = connected(&gateway, transport).await;
    client.say("DISCONNECT\nreceipt:bye\n\n\0").await;
    assert_eq!(client.frame().await.header("receipt-id"), Some("bye"));
    client.closes(1000, "client-left").await;
    let gone = async || gateway.gateway.registry().is_empty().then_some(());
    eventually("the session is gone", gone).await;
}

async fn bursts_come_whole_and_in_order(transport: Transport) {
    // The streams' limit is small, so that many responses take part.
    let more = "[limits]\nrequest_events = 3000\n[server.sockjs]\nresponse_bytes = \"64KiB\"";
    let gateway = TestGateway::with(more).await;
    let mut client = connected(&gateway, transport).await;
    client.subscribe("/user/**").await;
    let bodies: Vec<String> = (0..500).map(|n| learning("session.started.v1", "ana", &n.to_string()).0).collect();
    for part in bodies.chunks(100) {
        gateway.publish(format!("[{}]", part.join(","))).await;
        for body in part {
            assert_eq!(client.event().await.text(), *body);
        }
    }
}

async fn one_that_does_not_read_is_cut_and_hurts_nobody(transport: Transport) {
    let more =
        "[limits]\noutbox_bytes = \"64KiB\"\nrequest_events = 5000\n[server.sockjs]\ndisconnect_delay = \"500ms\"";
    let gateway = TestGateway::with(more).await;
    let mut slow = connected(&gateway, transport).await;
    slow.subscribe("/user/**").await;
    let mut quick = gateway.client("ana").await;
    quick.subscribe("/user/**").await;
    let registry = gateway.gateway.registry().clone();
    let (event, _) = learning("session.started.v1", "ana", "1");
    let batch = format!("[{}]", vec![event.as_str(); 100].join(","));
    let cut = async {
        while registry.len() == 2 {
            gateway.publish(batch.clone()).await;
            for _ in 0..100 {
                assert_eq!(quick.event().await.text(), event);
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), cut).await.expect("the slow client is cut");
    drop(slow);
    gateway.publish(event.clone()).await;
    assert_eq!(quick.event().await.text(), event);
}

async fn frames_may_be_cut_and_joined_anyhow(transport: Transport) {
    let gateway = TestGateway::start().await;
    let mut client = AnyClient::open(gateway.gateway.address(), transport).await;
    let frames = format!(
        "\n\r\nCONNECT\naccept-version:1.2\nx-auth-token:{}\n\n\0\nSUBSCRIBE\nid:0\ndestination:/user/**\nreceipt:a\n\n\0",
        token("ana")
    );
    for piece in frames.as_bytes().chunks(40) {
        client.say(std::str::from_utf8(piece).unwrap()).await;
    }
    assert_eq!(client.frame().await.command, "CONNECTED");
    assert_eq!(client.frame().await.header("receipt-id"), Some("a"));
    client.say("UNSUBSCRIBE\nid:0\nreceipt:b\n\n\0\nSUBSCRIBE\nid:0\ndestination:/user/**\nreceipt:c\n\n\0").await;
    assert_eq!(client.frame().await.header("receipt-id"), Some("b"));
    assert_eq!(client.frame().await.header("receipt-id"), Some("c"));
}
