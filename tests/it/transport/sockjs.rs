//! What SockJS's protocol pins, fact by fact, on an echo service that knows no STOMP.

use reqwest::header::HeaderMap;
use reqwest::{Method, Response, StatusCode};

use crate::support::{
    Lines, RawClient, Receiving, SockJsClient, TestGateway, eventually, messages_of, raw_status, token, within,
};

const ECHO: &str = "/test/echo";
const NEVER_KEPT: &str = "no-store, no-cache, no-transform, must-revalidate, max-age=0";

async fn start() -> TestGateway {
    TestGateway::with_test_services("").await
}

async fn get(gateway: &TestGateway, path: &str) -> Response {
    gateway.http.get(gateway.url(path)).send().await.unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

fn echo(gateway: &TestGateway, receiving: Receiving) -> SockJsClient {
    SockJsClient::new(gateway.gateway.address(), ECHO, receiving)
}

#[tokio::test]
async fn the_prefix_greets_with_and_without_a_slash() {
    let gateway = start().await;
    for path in ["/ws", "/ws/", "/test/echo", "/test/echo/"] {
        let response = get(&gateway, path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&response, "content-type"), Some("text/plain;charset=UTF-8"));
        assert_eq!(header(&response, "set-cookie"), None);
        assert_eq!(response.text().await.unwrap(), "Welcome to SockJS!\n");
    }
}

#[tokio::test]
async fn services_for_tests_are_not_there_by_default() {
    let gateway = TestGateway::start().await;
    for path in ["/test/echo/info", "/test/close/info"] {
        assert_eq!(get(&gateway, path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn info_is_json_that_nobody_keeps_and_its_entropy_differs() {
    let gateway = start().await;
    let mut entropies = Vec::new();
    for _ in 0..3 {
        let response = get(&gateway, "/ws/info").await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(header(&response, "content-type"), Some("application/json;charset=UTF-8"));
        assert_eq!(header(&response, "cache-control"), Some(NEVER_KEPT));
        assert_eq!(header(&response, "set-cookie"), None);
        let info: serde_json::Value = response.json().await.unwrap();
        assert_eq!(info["websocket"], true);
        assert_eq!(info["cookie_needed"], false);
        assert_eq!(info["origins"], serde_json::json!(["*:*"]));
        entropies.push(info["entropy"].as_u64().unwrap());
        assert!(info["entropy"].as_u64().unwrap() <= u64::from(u32::MAX));
    }
    assert!(entropies[0] != entropies[1] || entropies[1] != entropies[2], "{entropies:?}");
}

async fn with_origins() -> TestGateway {
    let data = tempfile::tempdir().unwrap();
    let preset = sluice::platform::preset("learning").unwrap();
    let config = |path: &std::path::Path| {
        let mut config = crate::support::config_of(preset, path, "");
        config.server.allowed_origins = vec!["https://app.example.com".to_owned(), "null".to_owned()];
        config
    };
    TestGateway::of(data, config).await
}

#[tokio::test]
async fn an_allowed_origin_is_echoed_with_credentials_and_never_as_a_star() {
    let gateway = with_origins().await;
    for origin in ["https://app.example.com", "null"] {
        for (method, path) in
            [(Method::GET, "/ws/info"), (Method::POST, "/ws/0/a1/xhr"), (Method::POST, "/ws/0/no/xhr_send")]
        {
            let request = gateway.http.request(method, gateway.url(path)).header("origin", origin);
            let response = request.send().await.unwrap();
            assert_eq!(header(&response, "access-control-allow-origin"), Some(origin), "{path}");
            assert_eq!(header(&response, "access-control-allow-credentials"), Some("true"));
            assert_eq!(header(&response, "vary"), Some("Origin"));
        }
    }
    let response = get(&gateway, "/ws/info").await;
    assert_eq!(header(&response, "access-control-allow-origin"), Some("*"));
    assert_eq!(header(&response, "access-control-allow-credentials"), None);
}

#[tokio::test]
async fn other_origins_are_refused_everywhere() {
    let gateway = with_origins().await;
    for (method, path) in [
        (Method::GET, "/ws/info"),
        (Method::OPTIONS, "/ws/info"),
        (Method::POST, "/ws/0/a/xhr"),
        (Method::OPTIONS, "/ws/0/a/xhr"),
        (Method::POST, "/ws/0/a/xhr_streaming"),
        (Method::POST, "/ws/0/a/xhr_send"),
        (Method::GET, "/ws/0/a/eventsource"),
        (Method::GET, "/ws/0/a/websocket"),
        (Method::GET, "/ws/websocket"),
    ] {
        let request = gateway.http.request(method, gateway.url(path)).header("origin", "https://evil.example");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path}");
        assert_eq!(header(&response, "access-control-allow-origin"), None, "{path}");
    }
}

#[tokio::test]
async fn preflights_are_kept_for_long_and_echo_what_is_asked_for() {
    let gateway = with_origins().await;
    for (path, methods) in [
        ("/ws/info", "OPTIONS, GET"),
        ("/ws/0/a/xhr", "OPTIONS, POST"),
        ("/ws/0/a/xhr_streaming", "OPTIONS, POST"),
        ("/ws/0/a/xhr_send", "OPTIONS, POST"),
        ("/ws/0/a/eventsource", "OPTIONS, GET"),
    ] {
        let request = gateway.http.request(Method::OPTIONS, gateway.url(path));
        let request = request.header("origin", "https://app.example.com");
        let response = request.header("access-control-request-headers", "a, b, c").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT, "{path}");
        let control = header(&response, "cache-control").unwrap();
        let max_age: u64 = control.strip_prefix("public, max-age=").unwrap().parse().unwrap();
        let preflight_age: u64 = header(&response, "access-control-max-age").unwrap().parse().unwrap();
        assert!(max_age >= 1_000_000 && preflight_age >= 1_000_000);
        assert!(header(&response, "expires").unwrap().ends_with(" GMT"));
        assert_eq!(header(&response, "access-control-allow-methods"), Some(methods));
        assert_eq!(header(&response, "access-control-allow-headers"), Some("a, b, c"));
        assert_eq!(header(&response, "access-control-allow-origin"), Some("https://app.example.com"));
        assert_eq!(header(&response, "access-control-allow-credentials"), Some("true"));
    }
}

#[tokio::test]
async fn the_iframe_page_is_kept_by_its_etag_and_embedded_by_allowed_pages_only() {
    let gateway = with_origins().await;
    for path in ["/ws/iframe.html", "/ws/iframe-1.6.1.html", "/ws/iframe-.html", "/ws/iframe.html?t=1"] {
        let response = get(&gateway, path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&response, "content-type"), Some("text/html;charset=UTF-8"));
        assert_eq!(header(&response, "cache-control"), Some("public, max-age=31536000"));
        assert!(header(&response, "expires").unwrap().ends_with(" GMT"));
        assert_eq!((header(&response, "last-modified"), header(&response, "set-cookie")), (None, None));
        let policy = header(&response, "content-security-policy");
        assert_eq!(policy, Some("frame-ancestors 'self' https://app.example.com"));
        let etag = header(&response, "etag").unwrap().to_owned();
        assert!(response.text().await.unwrap().contains("SockJS.bootstrap_iframe()"));
        let request = gateway.http.get(gateway.url(path)).header("if-none-match", &etag);
        let known = request.send().await.unwrap();
        assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
        assert_eq!((header(&known, "content-type"), header(&known, "etag")), (None, Some(etag.as_str())));
        assert_eq!(known.text().await.unwrap(), "");
    }
}

#[tokio::test]
async fn other_addresses_are_not_found() {
    let gateway = start().await;
    for path in [
        "/a",
        "/a.html",
        "//",
        "///",
        "/a/a",
        "/a/a/",
        "/a/",
        "/a./a/xhr",
        "/a/a./xhr",
        "/./a/xhr",
        "//a/xhr",
        "/a//xhr",
        "/a/a/xhr/x",
        "/a/a/a/xhr",
        "/iframe.htm",
        "/iframe",
        "/IFRAME.HTML",
        "/iframe.xml",
        "/a/a/htmlfile",
        "/a/a/jsonp",
        "/a/a/jsonp_send",
        "/a/a/fax",
    ] {
        // A client would tidy such addresses up, so the request is written by hand.
        let status = raw_status(gateway.gateway.address(), &format!("POST {ECHO}{path}")).await;
        assert_eq!(status, 404, "{path}");
    }
}

#[tokio::test]
async fn wrong_methods_are_told_the_right_ones_and_nothing_else() {
    let gateway = start().await;
    for (method, path, allowed) in [
        (Method::POST, "/ws/0/a/websocket", "GET"),
        (Method::POST, "/ws/websocket", "GET"),
        (Method::GET, "/ws/0/a/xhr", "OPTIONS, POST"),
        (Method::GET, "/ws/0/a/xhr_send", "OPTIONS, POST"),
        (Method::PUT, "/ws/0/a/xhr_streaming", "OPTIONS, POST"),
        (Method::POST, "/ws/0/a/eventsource", "OPTIONS, GET"),
        (Method::POST, "/ws/info", "OPTIONS, GET"),
        (Method::POST, "/ws/iframe.html", "GET"),
        (Method::DELETE, "/ws", "GET"),
    ] {
        let response = gateway.http.request(method, gateway.url(path)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!((header(&response, "allow"), header(&response, "content-type")), (Some(allowed), None), "{path}");
        assert_eq!(response.text().await.unwrap(), "");
    }
}

#[tokio::test]
async fn xhr_opens_with_o_and_answers_one_line_at_a_time() {
    let gateway = start().await;
    let client = echo(&gateway, Receiving::Xhr);
    let response = client.receive().send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "content-type"), Some("application/javascript;charset=UTF-8"));
    assert_eq!(header(&response, "cache-control"), Some(NEVER_KEPT));
    assert_eq!(header(&response, "content-length"), Some("2"));
    assert_eq!(header(&response, "set-cookie"), None);
    assert_eq!(response.text().await.unwrap(), "o\n");
    assert_eq!(client.send(&["x"]).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(client.receive().send().await.unwrap().text().await.unwrap(), "a[\"x\"]\n");
}

#[tokio::test]
async fn xhr_streaming_begins_with_two_thousand_octets_of_prelude() {
    let gateway = start().await;
    let client = echo(&gateway, Receiving::XhrStreaming);
    let response = client.receive().send().await.unwrap();
    assert_eq!(header(&response, "content-type"), Some("application/javascript;charset=UTF-8"));
    assert_eq!(header(&response, "x-accel-buffering"), Some("no"));
    let mut lines = Lines::of(response);
    assert_eq!(lines.next().await.unwrap(), "h".repeat(2048));
    assert_eq!(lines.next().await.unwrap(), "o");
    client.send(&["x", "y"]).await;
    let mut heard = Vec::new();
    while heard.len() < 2 {
        heard.extend(messages_of(&lines.next().await.unwrap()).unwrap());
    }
    assert_eq!(heard, ["x", "y"]);
}

#[tokio::test]
async fn eventsource_begins_with_an_empty_line() {
    let gateway = start().await;
    let client = echo(&gateway, Receiving::EventSource);
    let response = client.receive().send().await.unwrap();
    assert_eq!(header(&response, "content-type"), Some("text/event-stream;charset=UTF-8"));
    let mut lines = Lines::of(response);
    assert_eq!(lines.next().await.unwrap(), "");
    assert_eq!(lines.next().await.unwrap(), "data: o");
    assert_eq!(lines.next().await.unwrap(), "");
    // NUL, line ends and blanks do not tear the event apart.
    client.send(&["\0\r\n  x"]).await;
    assert_eq!(lines.next().await.unwrap(), r#"data: a["\u0000\r\n  x"]"#);
    assert_eq!(lines.next().await.unwrap(), "");
}

#[tokio::test]
async fn a_stream_ends_after_its_limit_and_the_session_goes_on() {
    let gateway = start().await;
    for receiving in [Receiving::XhrStreaming, Receiving::EventSource] {
        let mut client = echo(&gateway, receiving);
        let mut lines = Lines::of(client.receive().send().await.unwrap());
        let message = "x".repeat(16 * 1024);
        let mut octets = 0;
        let sending = async {
            for _ in 0..8 {
                client.send(&[&message]).await;
            }
        };
        let receiving = async {
            while let Some(line) = lines.next().await {
                octets += line.len();
            }
        };
        tokio::join!(sending, receiving);
        assert!((128 * 1024..160 * 1024).contains(&octets), "{octets} octets in one response");
        client.send(&["next"]).await;
        assert_eq!(client.frame().await, "a[\"next\"]");
    }
}

#[tokio::test]
async fn xhr_send_tells_what_is_wrong_with_a_payload() {
    let gateway = start().await;
    let mut client = echo(&gateway, Receiving::Xhr);
    assert_eq!(client.frame().await, "o");
    let post = async |body: &'static str| {
        let response = client.http.post(format!("{}/xhr_send", client.base)).body(body).send().await.unwrap();
        (
            response.status().as_u16(),
            header(&response, "content-type").map(str::to_owned),
            response.text().await.unwrap(),
        )
    };
    let text = Some("text/plain;charset=UTF-8".to_owned());
    assert_eq!(post("[\"x").await, (500, text.clone(), "Broken JSON encoding.".to_owned()));
    assert_eq!(post("").await, (500, text.clone(), "Payload expected.".to_owned()));
    assert_eq!(post("[\"a\"]").await, (204, text, String::new()));
    assert_eq!(client.frame().await, "a[\"a\"]", "the session has lived on");
}

#[tokio::test]
async fn xhr_send_takes_any_content_type() {
    let gateway = start().await;
    let mut client = echo(&gateway, Receiving::Xhr);
    assert_eq!(client.frame().await, "o");
    for kind in
        ["text/plain", "T", "application/json", "application/xml", "", "application/json; charset=utf-8", "text/html"]
    {
        let request = client.http.post(format!("{}/xhr_send", client.base)).header("content-type", kind);
        assert_eq!(request.body("[\"a\"]").send().await.unwrap().status(), StatusCode::NO_CONTENT, "{kind}");
        assert_eq!(client.frame().await, "a[\"a\"]");
    }
}

#[tokio::test]
async fn xhr_send_to_an_unknown_session_is_not_found() {
    let gateway = start().await;
    let client = echo(&gateway, Receiving::Xhr);
    assert_eq!(client.send(&["x"]).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_payload_over_the_limit_is_refused_and_the_session_lives_on() {
    let gateway = start().await;
    let mut client = echo(&gateway, Receiving::Xhr);
    assert_eq!(client.frame().await, "o");
    let refused = client.send(&[&"x".repeat(300 * 1024)]).await;
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(refused.text().await.unwrap().contains("limits.frame_bytes"));
    client.send(&["x"]).await;
    assert_eq!(client.frame().await, "a[\"x\"]");
}

#[tokio::test]
async fn the_servers_part_of_the_address_means_nothing() {
    let gateway = start().await;
    let mut client = echo(&gateway, Receiving::Xhr);
    assert_eq!(client.frame().await, "o");
    client.base = client.base.replace("/000/", "/999/");
    client.send(&["x"]).await;
    assert_eq!(client.frame().await, "a[\"x\"]");
}

#[tokio::test]
async fn a_second_receiver_is_told_so_and_the_first_goes_on() {
    let gateway = start().await;
    let mut client = echo(&gateway, Receiving::XhrStreaming);
    assert_eq!(client.frame().await, "o");
    let second = client.http.post(format!("{}/xhr", client.base)).send().await.unwrap();
    assert_eq!(second.text().await.unwrap(), "c[2010,\"Another connection still open\"]\n");
    let stream = client.receive().send().await.unwrap().text().await.unwrap();
    assert!(stream.starts_with(&"h".repeat(2048)) && stream.ends_with("\nc[2010,\"Another connection still open\"]\n"));
    client.send(&["x"]).await;
    assert_eq!(client.frame().await, "a[\"x\"]");
}

#[tokio::test]
async fn an_aborted_receiver_closes_the_session() {
    let gateway = start().await;
    for receiving in [Receiving::Xhr, Receiving::XhrStreaming, Receiving::EventSource] {
        let client = echo(&gateway, receiving);
        let opening = client.http.post(format!("{}/xhr", client.base)).send().await.unwrap();
        assert_eq!(opening.text().await.unwrap(), "o\n");
        // A client of its own, so that giving up cuts the connection.
        let pending = reqwest::Client::new().post(format!("{}/xhr", client.base)).send();
        let given_up = tokio::time::timeout(std::time::Duration::from_millis(200), pending).await;
        assert!(given_up.is_err(), "nothing was to be received");
        let interrupted = async || {
            let answer = client.http.post(format!("{}/xhr", client.base)).send().await.unwrap().text().await.unwrap();
            (answer == "c[1002,\"Connection interrupted\"]\n").then_some(())
        };
        eventually("the session is closed", interrupted).await;
    }
}

#[tokio::test]
async fn the_close_frame_is_served_to_everybody_who_comes_later() {
    let gateway = start().await;
    let mut client = SockJsClient::new(gateway.gateway.address(), "/test/close", Receiving::Xhr);
    assert_eq!(client.frame().await, "o");
    for _ in 0..3 {
        assert_eq!(client.frame().await, "c[3000,\"Go away!\"]");
    }
    for receiving in [Receiving::XhrStreaming, Receiving::EventSource] {
        let mut client = SockJsClient::new(gateway.gateway.address(), "/test/close", receiving);
        assert_eq!(client.frame().await, "o");
        assert_eq!(client.frame().await, "c[3000,\"Go away!\"]");
        assert_eq!(client.frame().await, "c[3000,\"Go away!\"]");
    }
}

#[tokio::test]
async fn heartbeats_come_when_nothing_else_does() {
    let gateway = TestGateway::with_test_services("[server.sockjs]\nheartbeat = \"200ms\"").await;
    for receiving in [Receiving::Xhr, Receiving::XhrStreaming, Receiving::EventSource] {
        let mut client = echo(&gateway, receiving);
        for frame in ["o", "h", "h"] {
            assert_eq!(client.frame().await, frame, "{receiving:?}");
        }
    }
}

#[tokio::test]
async fn a_session_is_dropped_when_its_receiver_stays_away() {
    let gateway = TestGateway::with("[server.sockjs]\ndisconnect_delay = \"300ms\"").await;
    let mut client = SockJsClient::new(gateway.gateway.address(), "/ws", Receiving::Xhr);
    assert_eq!(client.frame().await, "o");
    client.send(&[&format!("CONNECT\naccept-version:1.2\nx-auth-token:{}\n\n\0", token("ana"))]).await;
    assert!(client.frame().await.starts_with("a[\"CONNECTED\\n"));
    assert_eq!(gateway.gateway.registry().len(), 1);
    let gone = async || gateway.gateway.registry().is_empty().then_some(());
    eventually("the session is dropped", gone).await;
    let closed = gateway.metric("sluice_session_closed_total", &["link-lost"]).await;
    assert!(closed >= 1.0);
}

#[tokio::test]
async fn characters_that_browsers_change_travel_escaped() {
    let gateway = start().await;
    let mut client = echo(&gateway, Receiving::Xhr);
    assert_eq!(client.frame().await, "o");
    let fragile: String = [0..=0x1f_u32, 0x200c..=0x200f, 0x2028..=0x202f, 0x2060..=0x206f, 0xfff0..=0xffff]
        .into_iter()
        .flatten()
        .filter_map(char::from_u32)
        .collect();
    client.send(&[&fragile]).await;
    let frame = client.frame().await;
    assert!(frame.is_ascii(), "{frame}");
    assert!(frame.contains("\\u0000") && frame.contains("\\u2028") && frame.contains("\\uffff"), "{frame}");
    assert_eq!(messages_of(&frame).unwrap(), [fragile]);
}

#[tokio::test]
async fn half_a_surrogate_pair_does_not_end_a_session() {
    let gateway = start().await;
    let mut client = echo(&gateway, Receiving::Xhr);
    assert_eq!(client.frame().await, "o");
    let request = client.http.post(format!("{}/xhr_send", client.base)).body(r#"["\ud800x"]"#);
    assert_eq!(request.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(messages_of(&client.frame().await).unwrap(), ["\u{fffd}x"]);
}

#[tokio::test]
async fn the_cookie_for_load_balancers_is_set_where_the_config_wants_it() {
    let gateway = TestGateway::with_test_services("[server.sockjs]\ncookie = true").await;
    let info: serde_json::Value = get(&gateway, "/ws/info").await.json().await.unwrap();
    assert_eq!(info["cookie_needed"], true);
    for path in ["/ws", "/ws/info", "/ws/iframe.html"] {
        assert_eq!(header(&get(&gateway, path).await, "set-cookie"), None, "{path}");
    }
    for receiving in [Receiving::Xhr, Receiving::XhrStreaming, Receiving::EventSource] {
        let client = echo(&gateway, receiving);
        let response = client.receive().send().await.unwrap();
        assert_eq!(header(&response, "set-cookie"), Some("JSESSIONID=dummy; Path=/"));
        let client = echo(&gateway, receiving);
        let response = client.receive().header("cookie", "a=b; JSESSIONID=abcdef").send().await.unwrap();
        assert_eq!(header(&response, "set-cookie"), Some("JSESSIONID=abcdef; Path=/"));
    }
}

#[tokio::test]
async fn the_token_may_come_with_the_request_that_begins_a_session() {
    let gateway = TestGateway::start().await;
    let client = SockJsClient::new(gateway.gateway.address(), "/ws", Receiving::Xhr);
    let begin = client.receive().bearer_auth(token("ana")).send().await.unwrap();
    assert_eq!(begin.text().await.unwrap(), "o\n");
    client.send(&["CONNECT\naccept-version:1.2\n\n\0"]).await;
    let frame = client.receive().send().await.unwrap().text().await.unwrap();
    assert!(frame.contains("user-name:ana"), "{frame}");
}

#[tokio::test]
async fn sessions_count_as_connections_of_their_address() {
    let gateway = TestGateway::with("[limits]\nconnections_per_address = 2").await;
    let open = async |receiving| {
        let client = SockJsClient::new(gateway.gateway.address(), "/ws", receiving);
        let response = client.receive().send().await.unwrap();
        (response.status(), response)
    };
    let _first = open(Receiving::XhrStreaming).await;
    let _second = open(Receiving::EventSource).await;
    assert_eq!(open(Receiving::Xhr).await.0, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_stopping_node_refuses_new_sessions() {
    let gateway = TestGateway::with("[server.sockjs]\ndisconnect_delay = \"2s\"").await;
    let mut client = SockJsClient::new(gateway.gateway.address(), "/ws", Receiving::XhrStreaming);
    assert_eq!(client.frame().await, "o");
    // The node waits a moment for the next poll of this one.
    let mut polling = SockJsClient::new(gateway.gateway.address(), "/ws", Receiving::Xhr);
    assert_eq!(polling.frame().await, "o");
    let mut late = RawClient::connect(gateway.gateway.address()).await;
    late.write("POST /ws/000/late/xhr HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n").await;
    let stopping = tokio::spawn(gateway.gateway.stop());
    assert_eq!(client.frame().await, "c[1001,\"drain\"]");
    late.write("\r\n").await;
    let (head, _) = late.response().await;
    assert!(head.starts_with("HTTP/1.1 503 ") && head.contains("\r\nretry-after: 1"), "{head}");
    within("the gateway stops", stopping).await.unwrap();
}

/// The answer's headers do not tell a receiver what it may do with it but once.
#[tokio::test]
async fn headers_are_said_once() {
    let gateway = start().await;
    let response = echo(&gateway, Receiving::XhrStreaming).receive().send().await.unwrap();
    let said_once = |headers: &HeaderMap| headers.keys().all(|name| headers.get_all(name).iter().count() == 1);
    assert!(said_once(response.headers()), "{:?}", response.headers());
}
