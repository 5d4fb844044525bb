//! The transports of browsers without CORS, where the config switches them on.

use reqwest::StatusCode;

use crate::support::{Lines, Receiving, SockJsClient, TestGateway};

async fn start() -> (TestGateway, SockJsClient) {
    let gateway = TestGateway::with_test_services("[server.sockjs]\nlegacy = true").await;
    let client = SockJsClient::new(gateway.gateway.address(), "/test/echo", Receiving::Xhr);
    (gateway, client)
}

impl SockJsClient {
    async fn get(&self, transport: &str) -> (u16, String) {
        let response = self.http.get(format!("{}/{transport}", self.base)).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn form(&self, content_type: &str, body: &'static str) -> (u16, String) {
        let request = self.http.post(format!("{}/jsonp_send", self.base)).header("content-type", content_type);
        let response = request.body(body).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

#[tokio::test]
async fn jsonp_calls_the_function_once_for_each_frame() {
    let (_gateway, client) = start().await;
    let response = client.http.get(format!("{}/jsonp?c=%63all.me-_1", client.base)).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/javascript;charset=UTF-8");
    assert_eq!(response.text().await.unwrap(), "/**/call.me-_1(\"o\");\r\n");
    let form = "application/x-www-form-urlencoded";
    assert_eq!(client.form(form, "d=%5B%22x%22%5D").await, (200, "ok".to_owned()));
    assert_eq!(client.get("jsonp?c=f").await, (200, "/**/f(\"a[\\\"x\\\"]\");\r\n".to_owned()));
    assert_eq!(client.form("text/plain", "[\"y</script>\"]").await, (200, "ok".to_owned()));
    let (_, script) = client.get("jsonp?c=f").await;
    assert_eq!(script, "/**/f(\"a[\\\"y\\u003c/script>\\\"]\");\r\n");
    for body in ["", "d=", "p=p"] {
        assert_eq!(client.form(form, body).await, (500, "Payload expected.".to_owned()), "{body}");
    }
    assert_eq!(client.form(form, "d=%5B%22x").await, (500, "Broken JSON encoding.".to_owned()));
}

#[tokio::test]
async fn callbacks_have_to_be_names() {
    let (_gateway, client) = start().await;
    let missing = (500, "\"callback\" parameter required".to_owned());
    let invalid = (500, "invalid \"callback\" parameter".to_owned());
    for transport in ["jsonp", "htmlfile"] {
        for query in ["", "?a=1", "?c="] {
            assert_eq!(client.get(&format!("{transport}{query}")).await, missing, "{transport}{query}");
        }
        for query in ["?c=%20", "?c=*", "?c=abc(", "?c=abc%28", "?c=a%0Ab"] {
            assert_eq!(client.get(&format!("{transport}{query}")).await, invalid, "{transport}{query}");
        }
    }
}

#[tokio::test]
async fn htmlfile_streams_scripts_into_a_page() {
    let (_gateway, client) = start().await;
    let response = client.http.get(format!("{}/htmlfile?c=parent_function", client.base)).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/html;charset=UTF-8");
    let mut lines = Lines::of(response);
    let mut head = String::new();
    loop {
        let line = lines.next().await.unwrap();
        if line == "p(\"o\");" {
            break;
        }
        head += &(line + "\n");
    }
    assert!(head.len() >= 1024 && head.contains("parent.parent_function;"), "{head}");
    assert_eq!(lines.next().await.unwrap(), "</script>");
    client.send(&["x</script>"]).await;
    assert_eq!(lines.next().await.unwrap(), "<script>");
    assert_eq!(lines.next().await.unwrap(), "p(\"a[\\\"x\\u003c/script>\\\"]\");");
    assert_eq!(lines.next().await.unwrap(), "</script>");
}
