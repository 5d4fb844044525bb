//! A node that stops tells its clients, sends what waits, and starts again with its events.

use crate::support::{TestGateway, learning, within};

#[tokio::test]
async fn clients_get_what_waits_and_are_told_to_come_back() {
    let gateway = TestGateway::start().await;
    let mut ana = gateway.client("ana").await;
    ana.subscribe("/user/**").await;
    let bodies: Vec<String> = (0..100).map(|n| learning("session.started.v1", "ana", &n.to_string()).0).collect();
    gateway.publish(format!("[{}]", bodies.join(","))).await;
    let stopping = tokio::spawn(gateway.gateway.stop());
    let mut received = 0;
    loop {
        match ana.message().await {
            Some(Ok(tokio_tungstenite::tungstenite::Message::Text(text))) => {
                assert!(text.as_str().contains(&bodies[received]));
                received += 1;
            }
            Some(Ok(tokio_tungstenite::tungstenite::Message::Close(Some(close)))) => {
                assert_eq!((u16::from(close.code), close.reason.as_str()), (1001, "drain"));
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    drop(ana);
    within("the gateway stops", stopping).await.unwrap();
}

#[tokio::test]
async fn a_restarted_gateway_still_has_its_events() {
    let gateway = TestGateway::start().await;
    let (event, _) = learning("session.started.v1", "ana", "1");
    assert_eq!(gateway.publish(event.clone()).await[0]["offset"], 0);
    let TestGateway { gateway, data, .. } = gateway;
    gateway.stop().await;
    let again = TestGateway::at(data, "").await;
    assert_eq!(again.publish(event).await[0]["offset"], 1);
}
