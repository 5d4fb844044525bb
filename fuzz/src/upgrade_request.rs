//! Upgrade requests: whatever headers come, versions are offered and an origin is judged.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use sluice::auth;
use sluice::server::Origins;
use sluice::stomp::Version;
use sluice::transport::websocket::offered_versions;

/// Header lines, `name: value`.
pub fn run(data: &[u8]) {
    let headers = headers(data);
    let offered = offered_versions(&headers);
    assert!(!offered.is_empty(), "a connection that can speak nothing");
    assert!(offered.is_sorted_by_key(|version| Version::ALL.iter().position(|known| known == version)));

    let origins = Origins::new(&["https://app.example.com".to_owned()]);
    let allowed = origins.allow(&headers);
    match headers.get("origin").map(HeaderValue::to_str) {
        None => assert!(allowed, "a client that is no browser"),
        Some(Ok(origin)) if origins.lists(origin) => assert!(allowed, "a listed page"),
        Some(Ok(origin)) => {
            let host = headers.get("host").and_then(|host| host.to_str().ok());
            let own = host.is_some_and(|host| origin.to_ascii_lowercase().ends_with(&host.to_ascii_lowercase()));
            assert!(!allowed || own, "the page {origin:?} of somebody else");
        }
        Some(Err(_)) => assert!(!allowed, "an origin that is no text"),
    }
    if let Some(token) = auth::bearer(&headers) {
        assert!(!token.is_empty(), "an empty token");
    }
}

fn headers(data: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in data.split(|octet| *octet == b'\n').take(64) {
        let mut parts = line.splitn(2, |octet| *octet == b':');
        let name = parts.next().and_then(|name| HeaderName::from_bytes(name).ok());
        let value = parts.next().and_then(|value| HeaderValue::from_bytes(value.trim_ascii()).ok());
        if let (Some(name), Some(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}
