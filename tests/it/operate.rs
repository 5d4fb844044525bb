//! Health, metrics, and what machines ask.

use serde_json::Value;

use crate::support::{TestGateway, eventually, learning, learning_types, operator, token};

#[tokio::test]
async fn health_and_catalogue_need_no_token() {
    let gateway = TestGateway::start().await;
    let get = async |path: &str| gateway.http.get(gateway.url(path)).send().await.unwrap();
    assert_eq!(get("/health/live").await.status(), 200);
    let ready = get("/health/ready").await;
    assert_eq!(ready.status(), 200);
    let ready: Value = ready.json().await.unwrap();
    assert_eq!(
        (&ready["ready"], &ready["parts"]["source.embedded"]["ready"]),
        (&Value::from(true), &Value::from(true))
    );
    let catalogue: Vec<Value> = get("/api/v1/catalogue").await.json().await.unwrap();
    let mut names: Vec<&str> = catalogue.iter().map(|entry| entry["name"].as_str().unwrap()).collect();
    let mut expected: Vec<&str> = learning_types().collect();
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected);
    let types = get("/api/v1/types.ts").await.text().await.unwrap();
    assert!(types.contains("export type LearningEvent ="));
    assert_eq!(get("/api/v1/nothing").await.status(), 404);
    assert_eq!(get("/demo/tokens").await.status(), 404);
}

#[tokio::test]
async fn metrics_tell_the_path_of_an_event() {
    let gateway = TestGateway::start().await;
    let mut ana = gateway.client("ana").await;
    ana.subscribe("/user/**").await;
    gateway.publish(learning("payment.subscription-activated.v1", "ana", "").0).await;
    ana.event().await;
    let topic = ["payment-events"];
    for (name, labels) in [
        ("sluice_source_records_total", topic.as_slice()),
        ("sluice_decode_events_total", &topic),
        ("sluice_route_events_total", &topic),
        ("sluice_publish_records_total", &topic),
        ("sluice_hub_queued_total", &[]),
        ("sluice_session_delivered_total", &[]),
        ("sluice_session_delivery_seconds_count", &[]),
        ("sluice_session_delivery_seconds_bucket", &["le=\"1\""]),
        ("sluice_session_active", &[]),
        ("sluice_hub_subscriptions", &[]),
    ] {
        eventually(name, async || (gateway.metric(name, labels).await >= 1.0).then_some(())).await;
    }
    let text = gateway.http.get(gateway.url("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("sluice_source_lag_records{"), "no lag by partition");
    assert!(text.contains("sluice_outbox_bytes"), "no outbox");
}

#[tokio::test]
async fn a_request_keeps_its_id() {
    let gateway = TestGateway::start().await;
    let request = gateway.http.get(gateway.url("/health/live")).bearer_auth(operator());
    let answer = request.header("x-request-id", "abc-1").send().await.unwrap();
    assert_eq!(answer.headers()["x-request-id"], "abc-1");
}

#[tokio::test]
async fn operators_have_a_listener_of_their_own() {
    let closed = TestGateway::start().await;
    assert_eq!(closed.gateway.admin_address(), None);
    let gateway = TestGateway::with("[admin]\nlisten = \"127.0.0.1:0\"\nclaims = { role = \"operator\" }").await;
    let _ana = gateway.client("ana").await;
    let url = format!("http://{}/api/v1/sessions", gateway.gateway.admin_address().unwrap());
    assert_eq!(gateway.http.get(&url).send().await.unwrap().status(), 401);
    assert_eq!(gateway.http.get(&url).bearer_auth(token("ana")).send().await.unwrap().status(), 403);
    let sessions: Vec<Value> =
        gateway.http.get(&url).bearer_auth(operator()).send().await.unwrap().json().await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0]["user"], "ana");
}
