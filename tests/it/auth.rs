//! Whose tokens are believed, on the wire.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;

use crate::support::{StompClient, TestGateway, Upgrade, config_of, learning, token, token_with, within};

async fn say_connect(gateway: &TestGateway, header: &str) -> StompClient {
    let mut client = StompClient::open(gateway.gateway.address(), &Upgrade::default()).await.unwrap();
    client.say(&format!("CONNECT\naccept-version:1.2\n{header}\n\0")).await;
    client
}

#[tokio::test]
async fn tokens_that_are_not_believed_end_the_session() {
    let gateway = TestGateway::with("[auth]\nissuer = \"us\"\naudience = \"sluice\"\nleeway = \"0s\"").await;
    let good = json!({ "sub": "ana", "iss": "us", "aud": "sluice" });
    let with = |member: &str, value: Value| {
        let mut claims = good.clone();
        claims[member] = value;
        token_with(claims, 60)
    };
    let cases = [
        (String::new(), "no token"),
        ("authorization:Basic YTpi\n".to_owned(), "Bearer"),
        ("authorization:Bearer nonsense\n".to_owned(), "JWT"),
        (format!("authorization:Bearer {}\n", with("iss", json!("them"))), "issuer"),
        (format!("authorization:Bearer {}\n", with("aud", json!("other"))), "audience"),
        (format!("authorization:Bearer {}\n", with("nbf", json!(4_000_000_000_i64))), ""),
        (format!("authorization:Bearer {}\n", token_with(good.clone(), -10)), "expired"),
        (format!("authorization:Bearer {}x\n", with("sub", json!("ana"))), ""),
    ];
    for (header, says) in cases {
        let mut client = say_connect(&gateway, &header).await;
        let frame = client.frame().await;
        assert_eq!(frame.command, "ERROR", "{header}");
        assert!(frame.header("message").unwrap().contains(says), "{header}: {frame:?}");
    }
    let mut client = say_connect(&gateway, &format!("authorization:Bearer {}\n", with("sub", json!("ana")))).await;
    assert_eq!(client.frame().await.command, "CONNECTED");
}

#[tokio::test]
async fn the_token_may_come_with_the_http_request() {
    let gateway = TestGateway::start().await;
    let bearer = format!("Bearer {}", token("ana"));
    let upgrade = Upgrade { headers: &[("authorization", &bearer)], ..Upgrade::default() };
    let mut client = StompClient::open(gateway.gateway.address(), &upgrade).await.unwrap();
    client.say("CONNECT\naccept-version:1.2\n\n\0").await;
    assert_eq!(client.frame().await.header("user-name"), Some("ana"));
}

#[tokio::test]
async fn a_ticket_is_good_once() {
    let gateway = TestGateway::start().await;
    let request = gateway.http.post(gateway.url("/api/v1/tickets")).bearer_auth(token("ana"));
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["expiresInSeconds"], 30);
    let path = format!("/ws?ticket={}", answer["ticket"].as_str().unwrap());
    let upgrade = Upgrade { path: &path, ..Upgrade::default() };
    let mut client = StompClient::open(gateway.gateway.address(), &upgrade).await.unwrap();
    client.say("CONNECT\naccept-version:1.2\n\n\0").await;
    assert_eq!(client.frame().await.header("user-name"), Some("ana"));
    match StompClient::open(gateway.gateway.address(), &upgrade).await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 401),
        other => panic!("a used ticket was taken: {:?}", other.map(|_| ())),
    }
    let unsigned = gateway.http.post(gateway.url("/api/v1/tickets")).send().await.unwrap();
    assert_eq!(unsigned.status(), 401);
}

#[tokio::test]
async fn a_session_ends_with_its_token() {
    let gateway = TestGateway::with("[auth]\nleeway = \"0s\"").await;
    let mut client = StompClient::connected(gateway.gateway.address(), &token_with(json!({ "sub": "ana" }), 2)).await;
    client.ends(4002, "time is over").await;
}

#[tokio::test]
async fn a_renewed_token_keeps_the_session() {
    let gateway = TestGateway::with("[auth]\nleeway = \"0s\"").await;
    let address = gateway.gateway.address();
    let short = token_with(json!({ "sub": "ana" }), 2);
    let mut witness = StompClient::connected(address, &short).await;
    let mut client = StompClient::connected(address, &short).await;
    client.subscribe("/user/**").await;
    client.say(&format!("SEND\ndestination:/sluice/token\nreceipt:new\n\n{}\0", token("ana"))).await;
    assert_eq!(client.frame().await.header("receipt-id"), Some("new"));
    witness.ends(4002, "time is over").await;
    let (body, _) = learning("session.started.v1", "ana", "1");
    gateway.publish(body.clone()).await;
    assert_eq!(client.event().await.text(), body);
    client.say(&format!("SEND\ndestination:/sluice/token\nreceipt:no\n\n{}\0", token("ben"))).await;
    client.ends(4004, "another user's").await;
}

#[tokio::test]
async fn pages_of_other_origins_are_refused_before_the_upgrade() {
    let gateway = TestGateway::with("").await;
    let own = format!("http://{}", gateway.gateway.address());
    for (origin, allowed) in [(own.as_str(), true), ("https://evil.example", false), ("null", false)] {
        let upgrade = Upgrade { headers: &[("origin", origin)], ..Upgrade::default() };
        match StompClient::open(gateway.gateway.address(), &upgrade).await {
            Ok(_) => assert!(allowed, "{origin}"),
            Err(Error::Http(response)) => assert_eq!((allowed, response.status().as_u16()), (false, 403), "{origin}"),
            Err(other) => panic!("{origin}: {other}"),
        }
    }
}

#[tokio::test]
async fn limits_by_user_are_kept() {
    let gateway = TestGateway::with("[limits]\nconnections_per_user = 2").await;
    let first = gateway.client("ana").await;
    let _second = gateway.client("ana").await;
    let _other = gateway.client("ben").await;
    let mut third = say_connect(&gateway, &format!("x-auth-token:{}\n", token("ana"))).await;
    third.ends(4029, "limits.connections_per_user").await;
    drop(first);
    crate::support::eventually("the closed session is counted out", async || {
        let mut again = say_connect(&gateway, &format!("x-auth-token:{}\n", token("ana"))).await;
        (again.frame().await.command == "CONNECTED").then_some(())
    })
    .await;
}

/// What a rule leaves out of a channel stays out of every way to read it.
#[tokio::test]
async fn server_sent_events_keep_to_the_conditions_of_the_rules() {
    let rules = "[topics.t]\n[[route]]\ntopics = [\"t\"]\nchannel = \"/topic/all\"\n\
        [[access]]\nsubscribe = \"/topic/all\"\nonly = \"tenant = {sub}\"\n\
        [[access]]\npublish = \"*\"\nclaims = { scope = \"publish\" }";
    let gateway = TestGateway::of(tempfile::tempdir().unwrap(), |data| config_of(rules, data, "")).await;
    let url = gateway.url("/sse?destination=/topic/all");
    let mut stream = gateway.http.get(url).bearer_auth(token("ana")).send().await.unwrap();
    assert!(stream.chunk().await.unwrap().is_some_and(|beginning| beginning.starts_with(b"retry:")));
    for tenant in ["ben", "ana"] {
        gateway.post("/api/v1/events?topic=t", format!(r#"{{"eventType":"x","tenant":"{tenant}"}}"#)).await;
    }
    let event = within("an event", stream.chunk()).await.unwrap().unwrap();
    let event = String::from_utf8_lossy(&event).into_owned();
    assert!(event.contains("ana") && !event.contains("ben"), "{event}");
}
