//! One client that does not read is closed, and hurts nobody.

use crate::support::{TestGateway, eventually, learning};

#[tokio::test]
async fn a_client_that_does_not_read_is_closed_and_the_others_get_everything() {
    let gateway = TestGateway::with("[limits]\noutbox_bytes = \"64KiB\"\nrequest_events = 5000").await;
    let mut slow = gateway.client("ana").await;
    slow.subscribe("/user/**").await;
    let mut quick = gateway.client("ana").await;
    quick.subscribe("/user/**").await;
    let registry = gateway.gateway.registry().clone();
    assert_eq!(registry.len(), 2);

    let (event, _) = learning("session.started.v1", "ana", "1");
    let batch = format!("[{}]", vec![event.as_str(); 200].join(","));
    let mut sent = 0;
    // The slow client's octets go into its kernel's buffers first; then its outbox fills; then it is cut.
    while registry.len() == 2 {
        assert!(sent < 200_000, "the slow client was never cut");
        gateway.publish(batch.clone()).await;
        sent += 200;
        for _ in 0..200 {
            assert_eq!(quick.event().await.text(), event);
        }
    }
    gateway.publish(event.clone()).await;
    assert_eq!(quick.event().await.text(), event);
    eventually("the slow client is counted", async || {
        (gateway.metric("sluice_session_closed_total", &["slow-consumer"]).await >= 1.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn many_waiting_frames_go_out_in_few_writes() {
    let gateway = TestGateway::start().await;
    let mut ana = gateway.client("ana").await;
    ana.subscribe("/user/**").await;
    let before = gateway.metric("sluice_session_writes_total", &[]).await;
    let (event, _) = learning("session.started.v1", "ana", "1");
    gateway.publish(format!("[{}]", vec![event.as_str(); 1000].join(","))).await;
    for _ in 0..1000 {
        ana.event().await;
    }
    let writes = gateway.metric("sluice_session_writes_total", &[]).await - before;
    assert!(writes < 500.0, "{writes} writes for 1000 frames");
}
