//! `GET /sse`: the same events by the same rules, for clients that only read.

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{Lines, TestGateway, eventually, learning, token, token_with, within};

/// One event of a stream.
#[derive(Debug, Default)]
struct Event {
    id: Option<String>,
    name: Option<String>,
    data: String,
}

struct Events(Lines);

impl Events {
    /// A stream of that user, which has begun.
    async fn open(gateway: &TestGateway, user: &str, query: &str) -> Self {
        Self::of(gateway.http.get(gateway.url(&format!("/sse?{query}"))).bearer_auth(token(user)).send().await.unwrap())
            .await
    }

    async fn of(response: Response) -> Self {
        assert_eq!(response.status(), StatusCode::OK);
        let mut lines = Lines::of(response);
        let retry = lines.next().await.unwrap();
        let ms: u32 = retry.strip_prefix("retry: ").unwrap().parse().unwrap();
        assert!((2_000..4_000).contains(&ms));
        assert_eq!(lines.next().await.unwrap(), "");
        Self(lines)
    }

    /// The next event, read as a browser does; none when the stream has ended.
    async fn next(&mut self) -> Option<Event> {
        let (mut event, mut data) = (Event::default(), Vec::new());
        loop {
            let line = self.0.next().await?;
            match line.split_once(": ").unwrap_or((&line, "")) {
                ("id", id) => event.id = Some(id.to_owned()),
                ("event", name) => event.name = Some(name.to_owned()),
                ("data", text) => data.push(text.to_owned()),
                ("", "") if data.is_empty() => {}
                ("", "") => {
                    event.data = data.join("\n");
                    return Some(event);
                }
                _ => {}
            }
        }
    }

    async fn ends(&mut self, reason: &str, come_back: bool) {
        let event = self.next().await.unwrap();
        assert_eq!(event.name.as_deref(), Some("end"), "{event:?}");
        let data: Value = serde_json::from_str(&event.data).unwrap();
        assert_eq!((&data["reason"], &data["comeBack"]), (&json!(reason), &json!(come_back)));
        assert!(self.next().await.is_none());
    }
}

#[tokio::test]
async fn events_come_with_their_id_and_type_and_unchanged() {
    let gateway = TestGateway::start().await;
    let response =
        gateway.http.get(gateway.url("/sse?destination=/user/**")).bearer_auth(token("ana")).send().await.unwrap();
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store, no-transform"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
    let mut events = Events::of(response).await;
    let mut stomp = gateway.client("ana").await;
    stomp.subscribe("/user/**").await;
    let (event, _) = learning("content.generated.v1", "ana", "1");
    let event = event.replace("Trees", "a\u{2028}\u{85}漢😀");
    gateway.publish(event.clone()).await;
    let got = events.next().await.unwrap();
    assert_eq!((got.name.as_deref(), got.data.as_str()), (Some("content.generated.v1"), event.as_str()));
    assert_eq!(got.id.as_deref(), stomp.event().await.header("message-id"));
}

#[tokio::test]
async fn lines_of_a_body_are_lines_of_data() {
    let gateway = TestGateway::start().await;
    let mut events = Events::open(&gateway, "ana", "destination=/user/**").await;
    let (event, _) = learning("session.started.v1", "ana", "1");
    let event = event.replacen(',', ",\r\n  ", 1).replacen("\"userId\"", "\n\"userId\"", 1);
    gateway.publish(event.clone()).await;
    assert_eq!(events.next().await.unwrap().data, event.replace("\r\n", "\n"));
}

#[tokio::test]
async fn several_destinations_may_be_read_and_an_event_comes_once() {
    let gateway = TestGateway::start().await;
    let mut events = Events::open(&gateway, "ana", "destination=/topic/system&destination=%2Fuser%2Fsession%2F7").await;
    for (event_type, session) in
        [("session.started.v1", "8"), ("session.started.v1", "7"), ("system.alert-triggered.v1", "")]
    {
        gateway.publish(learning(event_type, "ana", session).0).await;
    }
    let first = events.next().await.unwrap();
    assert!(first.data.contains("\"sessionId\":\"7\""), "{first:?}");
    assert_eq!(events.next().await.unwrap().name.as_deref(), Some("system.alert-triggered.v1"));
}

#[tokio::test]
async fn the_rules_of_subscribe_hold() {
    let gateway = TestGateway::with("[limits]\nsubscriptions = 2").await;
    for (query, status, says) in [
        ("", 400, "destination="),
        ("destination=topic", 400, "begins with `/`"),
        ("destination=/topic/user/ben", 403, "no access rule"),
        ("destination=/topic/**", 403, "no access rule"),
        ("destination=/topic/system&destination=/topic/user/ben", 403, "no access rule"),
        ("destination=/user/a&destination=/user/b&destination=/user/c", 400, "limits.subscriptions"),
    ] {
        let request = gateway.http.get(gateway.url(&format!("/sse?{query}"))).bearer_auth(token("ana"));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{query}");
        let problem: Value = response.json().await.unwrap();
        assert!(problem["error"].as_str().unwrap().contains(says), "{query}: {problem}");
    }
    let url = gateway.url("/sse?destination=/user/**");
    assert_eq!(gateway.http.get(&url).send().await.unwrap().status(), 401);
    assert_eq!(gateway.http.get(&url).bearer_auth("nonsense").send().await.unwrap().status(), 401);
    let evil = gateway.http.get(&url).bearer_auth(token("ana")).header("origin", "https://evil.example");
    assert_eq!(evil.send().await.unwrap().status(), 403);
    assert!(gateway.gateway.registry().is_empty());
}

#[tokio::test]
async fn a_ticket_stands_for_a_token_once() {
    let gateway = TestGateway::start().await;
    let request = gateway.http.post(gateway.url("/api/v1/tickets")).bearer_auth(token("ana"));
    let ticket: Value = request.send().await.unwrap().json().await.unwrap();
    let url = gateway.url(&format!("/sse?destination=/user/**&ticket={}", ticket["ticket"].as_str().unwrap()));
    let mut events = Events::of(gateway.http.get(&url).send().await.unwrap()).await;
    assert_eq!(gateway.http.get(&url).send().await.unwrap().status(), 401);
    gateway.publish(learning("session.started.v1", "ana", "1").0).await;
    assert!(events.next().await.is_some());
}

#[tokio::test]
async fn who_comes_back_is_told_that_nobody_knows_what_was_missed() {
    let gateway = TestGateway::start().await;
    let url = gateway.url("/sse?destination=/user/**");
    let by_header = gateway.http.get(&url).bearer_auth(token("ana")).header("last-event-id", "abc-1");
    let by_query = gateway.http.get(format!("{url}&lastEventId=abc-1")).bearer_auth(token("ana"));
    for request in [by_header, by_query] {
        let mut events = Events::of(request.send().await.unwrap()).await;
        let gap = events.next().await.unwrap();
        assert_eq!((gap.name.as_deref(), &gap.id), (Some("gap"), &None));
        let data: Value = serde_json::from_str(&gap.data).unwrap();
        assert_eq!((&data["reason"], &data["lastEventId"]), (&json!("no-history"), &json!("abc-1")));
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let gateway = TestGateway::with("[auth]\nleeway = \"0s\"").await;
    let request = gateway.http.get(gateway.url("/sse?destination=/user/**"));
    let short = token_with(json!({ "sub": "ana" }), 2);
    let mut events = Events::of(request.bearer_auth(short).send().await.unwrap()).await;
    events.ends("token-expired", true).await;
}

#[tokio::test]
async fn a_stopping_node_sends_what_waits_and_says_so() {
    let gateway = TestGateway::start().await;
    let mut events = Events::open(&gateway, "ana", "destination=/user/**").await;
    let mut witness = gateway.client("ana").await;
    witness.subscribe("/user/**").await;
    let bodies: Vec<String> = (0..50).map(|n| learning("session.started.v1", "ana", &n.to_string()).0).collect();
    gateway.publish(format!("[{}]", bodies.join(","))).await;
    for body in &bodies {
        assert_eq!(witness.event().await.text(), *body);
    }
    let stopping = tokio::spawn(gateway.gateway.stop());
    for body in &bodies {
        assert_eq!(events.next().await.unwrap().data, *body);
    }
    events.ends("drain", true).await;
    drop(witness);
    within("the gateway stops", stopping).await.unwrap();
}

#[tokio::test]
async fn one_that_does_not_read_is_cut_and_hurts_nobody() {
    let limits = "[limits]\noutbox_bytes = \"64KiB\"\nwrite_timeout = \"1s\"\nrequest_events = 5000";
    let gateway = TestGateway::with(limits).await;
    let slow = Events::open(&gateway, "ana", "destination=/user/**").await;
    let mut quick = Events::open(&gateway, "ana", "destination=/user/**").await;
    let registry = gateway.gateway.registry().clone();
    let (event, _) = learning("session.started.v1", "ana", "1");
    let batch = format!("[{}]", vec![event.as_str(); 200].join(","));
    let cut = async {
        while registry.len() == 2 {
            gateway.publish(batch.clone()).await;
            for _ in 0..200 {
                assert_eq!(quick.next().await.unwrap().data, event);
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), cut).await.expect("the slow one is cut");
    drop(slow);
    gateway.publish(event.clone()).await;
    assert_eq!(quick.next().await.unwrap().data, event);
}

#[tokio::test]
async fn streams_count_as_sessions_of_their_user_and_address_and_end_with_their_connection() {
    let gateway = TestGateway::with("[limits]\nconnections_per_user = 1\nconnections_per_address = 2").await;
    let first = Events::open(&gateway, "ana", "destination=/user/**").await;
    let open = async |user: &str| {
        let request = gateway.http.get(gateway.url("/sse?destination=/user/**")).bearer_auth(token(user));
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response)
    };
    assert_eq!(open("ana").await.0, 429);
    let _second = open("ben").await;
    assert_eq!(open("eva").await.0, 429);
    drop(first);
    eventually("the closed stream is counted out", async || (open("ana").await.0 == 200).then_some(())).await;
}
