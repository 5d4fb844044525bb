//! SockJS below one prefix, as sockjs-client 1.6 wants it: for browsers behind proxies that break WebSockets.
//!
//! It knows nothing of STOMP. Whatever stands behind a prefix is a [`Service`] that gets a link for each session.

mod address;
mod answer;
mod dispatch;
mod frame;
mod page;
mod reception;
mod session;
mod sessions;
#[cfg(test)]
mod tests;
mod websocket;
mod wire;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::Response;

use crate::session::Link;
use crate::transport::websocket::WebSocketLink;

pub use frame::{Close, PayloadError, parse_payload, quote};
pub use sessions::HttpLink;
pub use websocket::FramedLink;

use sessions::Sessions;

/// Makes text of a message that is none: SockJS carries nothing else.
pub type TextForm = fn(&[u8]) -> String;

/// What a prefix is set up with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether the transports of browsers without CORS are there: they need no Origin, and so cannot be held to one.
    pub legacy: bool,
    /// Whether clients get the cookie by which load balancers know them again.
    pub cookie: bool,
    /// Where the page for iframes loads sockjs-client from.
    pub client_url: String,
    /// Whose pages may embed the page for iframes, beside the server's own.
    pub allowed_origins: Vec<String>,
    /// A frame goes to the client at least this often.
    pub heartbeat: Duration,
    /// A session without a receiver ends after so long.
    pub disconnect_delay: Duration,
    /// A streaming response ends after about so many octets.
    pub response_bytes: usize,
    /// The most that one message to the server may have.
    pub message_bytes: usize,
    /// Makes text of a message that is none.
    pub text_form: TextForm,
}

impl Settings {
    /// The most that one payload, the messages as JSON, may have.
    const fn payload_bytes(&self) -> usize {
        // A character outside the basic plane, which clients send as two escapes, triples; so does an accent.
        self.message_bytes * 3 + 1024
    }
}

/// A link that can end with any code and reason.
pub trait Farewell: Link {
    /// Writes what is queued, tells the client why, and closes. Takes a few seconds at most.
    fn end(self, close: Close) -> impl Future<Output = ()> + Send;
}

impl Farewell for WebSocketLink {
    async fn end(self, close: Close) {
        Self::end(self, close.code, &close.reason).await;
    }
}

/// What stands behind a prefix.
pub trait Service: Send + Sync + 'static {
    /// What is known of a session before it begins.
    type Guest: Send + 'static;

    /// Whether a page of that origin may be here at all.
    fn allows(&self, headers: &HeaderMap) -> bool;

    /// Lets the sender of a request begin a session, or answers why not.
    #[expect(clippy::result_large_err, reason = "the answer is sent as it is")]
    fn admit(&self, request: &Parts) -> Result<Self::Guest, Response>;

    /// Runs a session to its end.
    fn run<L: Farewell + 'static>(&self, link: L, guest: Self::Guest) -> impl Future<Output = ()> + Send + 'static;
}

/// One prefix and its sessions.
#[derive(Debug)]
pub struct SockJs<S> {
    prefix: &'static str,
    settings: Settings,
    service: S,
    sessions: Arc<Sessions>,
}

impl<S: Service> SockJs<S> {
    /// The service behind that prefix, which begins with a slash and does not end with one.
    pub fn new(prefix: &'static str, settings: Settings, service: S) -> Self {
        Self { prefix, settings, service, sessions: Arc::default() }
    }

    /// Every address below the prefix.
    pub fn routes(self) -> Router {
        let prefix = self.prefix;
        let any = || axum::routing::any(dispatch::dispatch::<S>);
        Router::new()
            .route(prefix, any())
            .route(&format!("{prefix}/"), any())
            .route(&format!("{prefix}/{{*rest}}"), any())
            .with_state(Arc::new(self))
    }
}
