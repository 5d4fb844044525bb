//! Services without STOMP on the stack of `/ws`, for conformance tests: no config switches them on.

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::Response;

use super::App;
use super::sockjs::settings;
use crate::session::LinkEvent;
use crate::transport::sockjs::{Close, Farewell, Service, SockJs};

/// `/test/echo` and `/test/close`, each on plain WebSockets and on SockJS.
pub(super) fn routes(app: &Arc<App>) -> Router {
    let echo = SockJs::new("/test/echo", settings(app), Echo(Arc::clone(app)));
    let close = SockJs::new("/test/close", settings(app), GoAway(Arc::clone(app)));
    echo.routes().merge(close.routes())
}

/// Sends back what it gets.
struct Echo(Arc<App>);

impl Service for Echo {
    type Guest = ();

    fn allows(&self, headers: &HeaderMap) -> bool {
        self.0.origins.allow(headers)
    }

    fn admit(&self, _request: &Parts) -> Result<(), Response> {
        Ok(())
    }

    fn run<L: Farewell + 'static>(&self, link: L, (): ()) -> impl Future<Output = ()> + Send + 'static {
        echo(link)
    }
}

async fn echo<L: Farewell>(mut link: L) {
    loop {
        match link.next().await {
            LinkEvent::Received { octets, binary } => link.queue(octets, binary),
            LinkEvent::Flushed => {}
            LinkEvent::Closed => return,
            LinkEvent::Failed(reason) => return link.close(reason).await,
        }
    }
}

/// Ends every session at once.
struct GoAway(Arc<App>);

impl Service for GoAway {
    type Guest = ();

    fn allows(&self, headers: &HeaderMap) -> bool {
        self.0.origins.allow(headers)
    }

    fn admit(&self, _request: &Parts) -> Result<(), Response> {
        Ok(())
    }

    fn run<L: Farewell + 'static>(&self, link: L, (): ()) -> impl Future<Output = ()> + Send + 'static {
        link.end(Close { code: 3000, reason: "Go away!".to_owned() })
    }
}
