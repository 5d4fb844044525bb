//! `POST /api/v1/events`.

use serde_json::{Value, json};

use crate::support::{TestGateway, learning, operator, token};

#[tokio::test]
async fn positions_are_answered_in_the_order_given() {
    let gateway = TestGateway::start().await;
    let (one, _) = learning("session.started.v1", "ana", "1");
    let (two, _) = learning("agent.started.v1", "ana", "1");
    let (three, _) = learning("session.completed.v1", "ana", "1");
    let results = gateway.publish(format!("[{one},\n {two}, {three}]")).await;
    let topics: Vec<&str> = results.as_array().unwrap().iter().map(|r| r["topic"].as_str().unwrap()).collect();
    assert_eq!(topics, ["session-events", "agent-events", "session-events"]);
    // One user's events stay in one partition, in order.
    assert_eq!(results[0]["partition"], results[2]["partition"]);
    assert_eq!((&results[0]["offset"], &results[2]["offset"]), (&json!(0), &json!(1)));
    let ndjson = format!("{one}\n\n{two}\n");
    let request = gateway.http.post(gateway.url("/api/v1/events")).bearer_auth(operator());
    let answer = request.header("content-type", "application/x-ndjson").body(ndjson).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Value>().await.unwrap()["results"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_wrong_event_is_answered_with_every_fault_and_nothing_is_written() {
    let gateway = TestGateway::start().await;
    let (good, _) = learning("session.started.v1", "ana", "1");
    let bad = good.replace(r#""userId":"ana","#, r#""userId":7,"#).replace(r#""topic":"Graph theory","#, "");
    let answer = gateway.post("/api/v1/events", format!("[{good},{bad}]")).await;
    assert_eq!(answer.status(), 422);
    let answer: Value = answer.json().await.unwrap();
    let mut pointers: Vec<(u64, &str)> = answer["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["index"].as_u64().unwrap(), error["pointer"].as_str().unwrap()))
        .collect();
    pointers.sort_unstable();
    assert_eq!(pointers, [(1, "/topic"), (1, "/userId")], "{answer}");
    assert_eq!(gateway.publish(good).await[0]["offset"], 0);
}

#[tokio::test]
async fn what_is_no_event_is_answered_with_a_reason() {
    let gateway = TestGateway::start().await;
    for (body, says) in [
        ("", "no body"),
        ("nonsense", "not JSON"),
        ("[1]", "not a JSON object"),
        ("[", "not JSON"),
        ("[]", "no event"),
        ("{}", "no type"),
        (r#"{"eventType":"nobody.knows"}"#, "topic="),
    ] {
        let answer = gateway.post("/api/v1/events", body).await;
        assert_eq!(answer.status(), 422, "{body}");
        let text = answer.text().await.unwrap();
        assert!(text.contains(says), "{body}: {text}");
    }
}

#[tokio::test]
async fn only_who_may_publish_can() {
    let gateway = TestGateway::start().await;
    let (event, _) = learning("session.started.v1", "ana", "1");
    let url = gateway.url("/api/v1/events");
    let anonymous = gateway.http.post(&url).body(event.clone()).send().await.unwrap();
    assert_eq!(anonymous.status(), 401);
    let user = gateway.http.post(&url).bearer_auth(token("ana")).body(event.clone()).send().await.unwrap();
    assert_eq!(user.status(), 403);
    for topic in ["session-events-dlq", "nowhere"] {
        let path = format!("/api/v1/events?topic={topic}");
        assert_eq!(gateway.post(&path, event.clone()).await.status(), 403, "{topic}");
    }
    assert_eq!(gateway.post("/api/v1/events?topic=session-events", event).await.status(), 200);
}

#[tokio::test]
async fn limits_name_themselves() {
    let gateway = TestGateway::with("[limits]\nrequest_events = 2\nrequest_bytes = \"64KiB\"").await;
    let (event, _) = learning("session.started.v1", "ana", "1");
    let many = gateway.post("/api/v1/events", format!("[{event},{event},{event}]")).await;
    assert_eq!(many.status(), 413);
    assert!(many.text().await.unwrap().contains("limits.request_events"));
    let large = gateway.post("/api/v1/events", "x".repeat(100_000)).await;
    assert_eq!(large.status(), 413);
    assert!(large.text().await.unwrap().contains("limits.request_bytes"));
}
