//! The addresses below the prefix that are no session: the greeting, the info, and the page for iframes.

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use uuid::Uuid;

use super::Settings;
use super::answer::{CACHED, NO_STORE, expires};

/// What sockjs-client is loaded from in an iframe, where the config names nothing else.
const CLIENT_URL: &str = "https://cdn.jsdelivr.net/npm/sockjs-client@1.6.1/dist/sockjs.min.js";

/// The digest of what is there: a page that sees tokens runs no other script.
const CLIENT_INTEGRITY: &str = "sha384-svdnwiXBL+Js+yUneJSRFy24NgGiOfDM/vkQl/vCeVrcbYD6yW8EwPr1FnxTEZsR";

pub(super) fn greeting() -> Response {
    ([(header::CONTENT_TYPE, "text/plain;charset=UTF-8")], "Welcome to SockJS!\n").into_response()
}

/// What the client wants to know before it chooses a transport.
pub(super) fn info(settings: &Settings) -> Response {
    let info = json!({
        "websocket": true,
        "cookie_needed": settings.cookie,
        "origins": ["*:*"],
        "entropy": rand::random::<u32>(),
    });
    let headers = [(header::CONTENT_TYPE, "application/json;charset=UTF-8"), (header::CACHE_CONTROL, NO_STORE)];
    (headers, Json(info)).into_response()
}

/// The page that sockjs-client opens in an iframe where the browser lets it reach this origin in no other way. It may be
/// embedded by pages of the allowed origins only: what runs in it has this server's own origin.
pub(super) fn iframe(settings: &Settings, headers: &HeaderMap) -> Response {
    let integrity = match settings.client_url.as_str() {
        CLIENT_URL => format!(" crossorigin=\"anonymous\" integrity=\"{CLIENT_INTEGRITY}\""),
        _ => String::new(),
    };
    let url = settings.client_url.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    let page = format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"UTF-8\">\n<title>SockJS</title>\n\
         <script src=\"{url}\"{integrity}></script>\n<script>SockJS.bootstrap_iframe();</script>\n</head>\n\
         <body>\n<p>A page of another origin speaks through this frame.</p>\n</body>\n</html>\n"
    );
    let etag = format!("\"{}\"", Uuid::new_v5(&Uuid::NAMESPACE_URL, page.as_bytes()).simple());
    let is_known = headers.get_all(header::IF_NONE_MATCH).iter().any(|known| {
        known.to_str().is_ok_and(|tags| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag))
    });
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "text/html;charset=UTF-8")], Body::from(page)).into_response()
    };
    let out = response.headers_mut();
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHED));
    out.insert(header::EXPIRES, expires());
    // Browsers that know the policy do not look at the older header.
    out.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    let embedders = settings.allowed_origins.iter().filter(|origin| *origin != "null");
    let policy = embedders.fold("frame-ancestors 'self'".to_owned(), |policy, origin| policy + " " + origin.as_str());
    for (name, value) in [(header::ETAG, etag), (header::CONTENT_SECURITY_POLICY, policy)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            out.insert(name, value);
        }
    }
    response
}
