//! How `/ws` and the services for tests are set up as SockJS prefixes.

use std::sync::Arc;

use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::App;
use super::upgrade::Stomp;
use crate::transport::sockjs::{Settings, SockJs};

/// `/ws` and everything below it.
pub(super) fn routes(app: &Arc<App>) -> Router {
    SockJs::new("/ws", settings(app), Stomp(Arc::clone(app))).routes()
}

/// What all prefixes are set up with.
pub(super) fn settings(app: &App) -> Settings {
    let (server, limits) = (&app.config.server, &app.services.settings.limits);
    Settings {
        legacy: server.sockjs.legacy,
        cookie: server.sockjs.cookie,
        client_url: server.sockjs.client_url.clone(),
        allowed_origins: server.allowed_origins.clone(),
        heartbeat: server.sockjs.heartbeat,
        disconnect_delay: server.sockjs.disconnect_delay,
        response_bytes: server.sockjs.response_bytes,
        message_bytes: limits.frame_bytes.max(limits.connect_bytes),
        text_form,
    }
}

/// A frame whose body is no UTF-8, as text: the body in base64, and a header that says so.
fn text_form(frame: &[u8]) -> String {
    let frame = frame.strip_suffix(b"\0").unwrap_or(frame);
    let blank = memchr::memmem::find(frame, b"\n\n").unwrap_or(frame.len());
    let (head, body) = (String::from_utf8_lossy(&frame[..blank]), frame.get(blank + 2..).unwrap_or_default());
    let body = STANDARD.encode(body);
    let mut text = String::with_capacity(head.len() + body.len() + 80);
    for line in head.split('\n').filter(|line| !line.starts_with("content-length:")) {
        text.push_str(line);
        text.push('\n');
    }
    text.push_str(&format!("content-length:{}\ncontent-transfer-encoding:base64\n\n{body}\0", body.len()));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_no_text_goes_out_in_base64() {
        let frame = b"MESSAGE\nsubscription:0\ncontent-length:4\nevent-type:raw\n\n\xff\0\n\n\0";
        let expected =
            "MESSAGE\nsubscription:0\nevent-type:raw\ncontent-length:8\ncontent-transfer-encoding:base64\n\n/wAKCg==\0";
        assert_eq!(text_form(frame), expected);
    }
}
