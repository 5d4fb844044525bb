//! What the answers of one prefix have in common: who may read them, for how long they are kept, the cookie.

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

use super::address::Transport;

/// Never kept, and never changed on the way.
pub(super) const NO_STORE: &str = "no-store, no-cache, no-transform, must-revalidate, max-age=0";

/// Kept for a year.
pub(super) const CACHED: &str = "public, max-age=31536000";

const YEAR_SECONDS: &str = "31536000";

const COOKIE: &str = "JSESSIONID";

const HTTP_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// The end of what is kept for a year.
pub(super) fn expires() -> HeaderValue {
    let date = (OffsetDateTime::now_utc() + Duration::days(365)).format(HTTP_DATE).unwrap_or_default();
    HeaderValue::from_str(&date).unwrap_or(HeaderValue::from_static("0"))
}

/// Lets the page that asks read the answer. With credentials it is named, never `*`.
pub(super) fn allow_reading(response: &mut Response, origin: Option<&HeaderValue>) {
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    match origin {
        Some(origin) => {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        None => _ = headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    }
}

/// The answer to what a browser asks before it sends a request to another origin.
pub(super) fn preflight(request: &Parts, methods: &'static str) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(YEAR_SECONDS));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHED));
    headers.insert(header::EXPIRES, expires());
    if let Some(wanted) = request.headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    response
}

/// The methods of a transport, as a preflight and a 405 name them.
pub(super) const fn methods(transport: Transport) -> &'static str {
    match transport.method().as_bytes() {
        b"GET" => "OPTIONS, GET",
        _ => "OPTIONS, POST",
    }
}

/// The address is right and the method is not.
pub(super) fn wrong_method(allowed: &'static str) -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, allowed)]).into_response()
}

/// A short text for whoever debugs a client.
pub(super) fn text(status: StatusCode, text: impl Into<String>) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain;charset=UTF-8"), (header::CACHE_CONTROL, NO_STORE)];
    (status, headers, text.into()).into_response()
}

/// Repeats the cookie by which load balancers send a client to the same node again, or sets one for them to use.
pub(super) fn set_cookie(response: &mut Response, request: &HeaderMap) {
    let known = request.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).find_map(cookie);
    let cookie = format!("{COOKIE}={}; Path=/", known.unwrap_or("dummy"));
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

fn cookie(cookies: &str) -> Option<&str> {
    cookies.split(';').find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// Tells nginx to hand on each piece as it comes.
pub(super) const UNBUFFERED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_cookie_is_repeated() {
        assert_eq!(cookie("a=b; JSESSIONID=abc; c=d"), Some("abc"));
        assert_eq!(cookie("XJSESSIONID=abc; JSESSIONIDX=2"), None);
        assert_eq!(cookie(""), None);
    }

    #[test]
    fn dates_are_http_dates() {
        let date = expires();
        let date = date.to_str().unwrap();
        assert!(date.ends_with(" GMT") && date.len() == "Sun, 06 Nov 1994 08:49:37 GMT".len(), "{date}");
    }
}
