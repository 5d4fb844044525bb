//! The page at `/`, embedded in the binary.

use axum::Router;
use axum::body::Bytes;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::{EmbeddedFile, RustEmbed};

/// The built page. Empty where only `cargo build` was run.
#[derive(RustEmbed)]
#[folder = "console/dist"]
#[exclude = ".gitkeep"]
struct Console;

/// What `/` answers where the page was not built.
const PLAIN: &str = include_str!("../../console/plain.html");
const INDEX: &str = "index.html";
/// The folder whose files carry a hash of their content in their names.
const HASHED: &str = "assets/";

/// The page loads nothing from elsewhere. Heart-beats are kept by a worker made from a blob, and a page served over
/// plain HTTP behind a proxy may connect to another host's `/ws`.
const POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; worker-src 'self' blob:; object-src 'none'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The page and its files: one route for each, so that no other address is taken.
pub(super) fn routes() -> Router {
    let index = Console::get(INDEX).map_or_else(Asset::plain, |file| Asset::embedded(INDEX, file));
    let mut routes = Router::new().route("/", serve(index));
    for path in Console::iter().filter(|path| path != INDEX) {
        if let Some(file) = Console::get(&path) {
            routes = routes.route(&format!("/{path}"), serve(Asset::embedded(&path, file)));
        }
    }
    routes
}

fn serve(asset: Asset) -> axum::routing::MethodRouter {
    get(move |headers: HeaderMap| std::future::ready(asset.answer(&headers)))
}

/// One file, ready to be sent.
#[derive(Clone, Debug)]
struct Asset {
    body: Bytes,
    content_type: String,
    cache: &'static str,
    /// Names the content; left out for what is too small to be worth a question.
    etag: Option<String>,
}

impl Asset {
    fn embedded(path: &str, file: EmbeddedFile) -> Self {
        let kind = file.metadata.mimetype();
        let content_type = if kind.starts_with("text/") { format!("{kind}; charset=utf-8") } else { kind.to_owned() };
        let hash = file.metadata.sha256_hash();
        let digits: String = hash.iter().take(16).map(|octet| format!("{octet:02x}")).collect();
        Self {
            body: Bytes::from(file.data.into_owned()),
            content_type,
            cache: if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" },
            etag: Some(format!("\"{digits}\"")),
        }
    }

    fn plain() -> Self {
        Self {
            body: Bytes::from_static(PLAIN.as_bytes()),
            content_type: "text/html; charset=utf-8".to_owned(),
            cache: "no-cache",
            etag: None,
        }
    }

    fn answer(&self, request: &HeaderMap) -> Response {
        let mut response = if self.is_known_to(request) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(CONTENT_TYPE, self.content_type.as_str())], self.body.clone()).into_response()
        };
        let fixed = [
            (CACHE_CONTROL, self.cache),
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
        ];
        for (name, value) in fixed {
            response.headers_mut().insert(name, axum::http::HeaderValue::from_static(value));
        }
        if let Some(etag) = self.etag.as_deref().and_then(|etag| etag.parse().ok()) {
            response.headers_mut().insert(ETAG, etag);
        }
        response
    }

    /// Whether the client has this very content. RFC 9110, 13.1.2: the comparison is weak, and `*` matches all.
    fn is_known_to(&self, request: &HeaderMap) -> bool {
        let Some(etag) = &self.etag else { return false };
        request
            .get_all(IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|known| known.trim())
            .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset() -> Asset {
        Asset {
            body: Bytes::from_static(b"let it = 1"),
            content_type: "text/javascript; charset=utf-8".to_owned(),
            cache: "no-cache",
            etag: Some("\"abc\"".to_owned()),
        }
    }

    #[track_caller]
    fn check(if_none_match: &str, expected: StatusCode) {
        let mut request = HeaderMap::new();
        request.insert(IF_NONE_MATCH, if_none_match.parse().unwrap());
        let response = asset().answer(&request);
        assert_eq!(response.status(), expected, "{if_none_match}");
        assert_eq!(response.headers()[ETAG], "\"abc\"");
        assert!(response.headers().contains_key(CONTENT_SECURITY_POLICY));
    }

    #[test]
    fn a_client_that_has_the_content_is_not_sent_it_again() {
        check("\"abc\"", StatusCode::NOT_MODIFIED);
        check("W/\"abc\"", StatusCode::NOT_MODIFIED);
        check("\"x\", \"abc\"", StatusCode::NOT_MODIFIED);
        check("*", StatusCode::NOT_MODIFIED);
        check("\"abcd\"", StatusCode::OK);
        check("abc", StatusCode::OK);
    }

    #[test]
    fn a_file_is_sent_with_its_type_and_never_sniffed() {
        let response = asset().answer(&HeaderMap::new());
        assert_eq!(response.headers()[CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(response.headers()[REFERRER_POLICY], "no-referrer");
    }

    #[test]
    fn the_plain_page_says_how_to_get_the_full_one() {
        let response = Asset::plain().answer(&HeaderMap::new());
        assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
        assert!(PLAIN.contains("make console"));
        assert!(!PLAIN.contains("<script") && !PLAIN.contains("<style") && !PLAIN.contains("style="), "{POLICY}");
    }

    #[test]
    fn only_files_with_a_hash_in_their_names_are_kept_for_good() {
        for path in Console::iter() {
            let asset = Asset::embedded(&path, Console::get(&path).unwrap());
            assert_eq!(asset.cache.contains("immutable"), path.starts_with(HASHED), "{path}");
            assert!(!asset.content_type.contains("octet-stream"), "{path} is {}", asset.content_type);
        }
    }

    #[tokio::test]
    async fn the_page_is_at_the_root_and_takes_no_other_address() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(axum::serve(listener, routes()).into_future());
        let root = reqwest::get(format!("http://{address}/")).await.unwrap();
        assert_eq!(root.status(), 200);
        assert_eq!(root.headers()["content-type"], "text/html; charset=utf-8");
        assert!(root.text().await.unwrap().contains("<title>Sluice</title>"));
        for other in ["index.html", ".gitkeep", "assets/", "api/v1/events", "..%2fCargo.toml"] {
            let response = reqwest::get(format!("http://{address}/{other}")).await.unwrap();
            assert_eq!(response.status(), 404, "{other}");
        }
    }
}
