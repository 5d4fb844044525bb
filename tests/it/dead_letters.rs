//! What cannot be delivered is kept with its reason, and the next good record is delivered as if nothing had happened.

use std::sync::Arc;

use bytes::Bytes;
use sluice::publish::Outgoing;

use crate::support::{TestGateway, eventually, learning};

fn record(body: &str) -> Outgoing {
    let key = Some(Bytes::from_static(b"ana"));
    Outgoing {
        topic: Arc::from("agent-events"),
        key,
        headers: Vec::new(),
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

#[tokio::test]
async fn poison_becomes_dead_letters_and_the_rest_is_delivered() {
    let gateway = TestGateway::start().await;
    let mut ana = gateway.client("ana").await;
    ana.subscribe("/user/**").await;
    let (good, _) = learning("agent.started.v1", "ana", "1");
    let poison = [
        ("nonsense", "not-json"),
        ("{}", "missing-type"),
        (r#"{"eventType":"agent.danced.v1"}"#, "unknown-type"),
        (&good.replace(r#""stageNumber":1"#, r#""stageNumber":"one""#), "invalid"),
        (&good.replace(r#""agentType":"RESEARCH","#, ""), "invalid"),
        (&good.replace(r#""userId":"ana""#, r#""userId":null"#), "invalid"),
        ("", "empty"),
    ];
    let mut records: Vec<Outgoing> = Vec::new();
    for (body, _) in &poison {
        records.push(record(body));
        records.push(record(&good));
    }
    for outcome in gateway.gateway.publish(records).await {
        outcome.unwrap();
    }
    for _ in &poison {
        assert_eq!(ana.event().await.text(), good);
    }
    ana.assert_silent().await;
    let written = "sluice_dead_letter_written_total";
    let labels = ["agent-events", "reason=\"invalid\""];
    eventually("the dead letters are written", async || (gateway.metric(written, &labels).await >= 3.0).then_some(()))
        .await;
    // What each dead letter says is on the topic itself; read it with the gateway stopped.
    let TestGateway { gateway, data, .. } = gateway;
    gateway.stop().await;
    let log = sluice::embedded::EmbeddedLog::open(&data.path().join("log")).unwrap();
    let kept = log.read("agent-events-dlq", 0, 0, 100).unwrap();
    assert_eq!(kept.len(), poison.len());
    for (number, (record, (body, reason))) in kept.iter().zip(poison).enumerate() {
        let header = |name: &str| String::from_utf8(record.header(name).unwrap().to_vec()).unwrap();
        assert_eq!(record.body.as_deref().unwrap_or_default(), body.as_bytes());
        assert_eq!(header("dead-letter-reason"), reason);
        assert_eq!(header("dead-letter-topic"), "agent-events");
        assert_eq!(header("dead-letter-offset"), (2 * number).to_string());
        for name in ["dead-letter-partition", "dead-letter-time", "dead-letter-timestamp", "dead-letter-node"] {
            assert!(!header(name).is_empty(), "{name}");
        }
    }
}
