//! Which pages may connect: a browser tells its page's origin, and a page of somebody else must not use a user's rights.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

/// The origins that are allowed beside the server's own.
#[derive(Clone, Debug)]
pub struct Origins(Vec<String>);

impl Origins {
    /// Those origins, and the page that this server itself gives out.
    pub fn new(allowed: &[String]) -> Self {
        Self(allowed.iter().map(|origin| origin.to_ascii_lowercase()).collect())
    }

    /// Whether that origin is in the list.
    pub fn lists(&self, origin: &str) -> bool {
        self.0.contains(&origin.to_ascii_lowercase())
    }

    /// Whether a request may come in: without an Origin (no browser), from a listed one, or from the page that this server
    /// itself gave out.
    pub fn allow(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        self.lists(origin) || is_own(origin, headers)
    }
}

/// Whether the origin's host and port are those that the request was sent to.
fn is_own(origin: &str, headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return false };
    let origin_host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    origin_host.is_some_and(|origin_host| origin_host.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(origin: Option<&str>, expected: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "sluice.example.com:8080".parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        let origins = Origins::new(&["https://App.example.com".to_owned()]);
        assert_eq!(origins.allow(&headers), expected, "{origin:?}");
    }

    #[test]
    fn only_listed_origins_and_the_own_page_may_connect() {
        check(None, true);
        check(Some("https://app.example.com"), true);
        check(Some("http://sluice.example.com:8080"), true);
        check(Some("http://app.example.com"), false);
        check(Some("https://app.example.com:8443"), false);
        check(Some("https://app.example.com.evil.example"), false);
        check(Some("null"), false);
        check(Some(""), false);
    }
}
