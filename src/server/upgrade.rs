//! `/ws`: from an HTTP request to a session on a WebSocket.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use dashmap::DashMap;
use serde::Deserialize;

use super::App;
use super::problem::problem;
use crate::auth;
use crate::metrics;
use crate::session::{self, Credential};
use crate::transport::websocket::{WebSocketLink, configure, offered_versions};

/// Open connections by address.
#[derive(Debug, Default)]
pub(super) struct Addresses(DashMap<IpAddr, usize>);

impl Addresses {
    /// Counts a connection in, unless its address has `connections_max` already.
    fn enter(self: &Arc<Self>, address: IpAddr, connections_max: usize) -> Option<Connection> {
        let mut count = self.0.entry(address).or_insert(0);
        if *count >= connections_max {
            return None;
        }
        *count += 1;
        Some(Connection { addresses: Arc::clone(self), address })
    }
}

/// One open connection; counted out when it goes.
struct Connection {
    addresses: Arc<Addresses>,
    address: IpAddr,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.addresses.0.remove_if_mut(&self.address, |_, count| {
            *count -= 1;
            *count == 0
        });
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct UpgradeQuery {
    ticket: Option<String>,
}

pub(super) async fn upgrade(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Query(query): Query<UpgradeQuery>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    if !app.origins.allow(&headers) {
        metrics::connection_refused("origin");
        let message = "this page's origin is not in `server.allowed_origins`";
        return problem(StatusCode::FORBIDDEN, message);
    }
    let Ok(upgrade) = upgrade else {
        return problem(StatusCode::UPGRADE_REQUIRED, "this address speaks STOMP on a WebSocket: send an upgrade");
    };
    if app.services.drain.is_cancelled() {
        metrics::connection_refused("draining");
        let response = problem(StatusCode::SERVICE_UNAVAILABLE, "this node is stopping: try another, or again later");
        return ([("retry-after", "1")], response).into_response();
    }
    let credential = match credential(&app, query.ticket.as_deref(), &headers) {
        Ok(credential) => credential,
        Err(error) => {
            metrics::connection_refused("ticket");
            return problem(StatusCode::UNAUTHORIZED, &error.to_string());
        }
    };
    let limits = &app.services.settings.limits;
    let Some(connection) = app.addresses.enter(peer.ip(), limits.connections_per_address) else {
        metrics::connection_refused("address");
        let message = "this address has as many connections as `limits.connections_per_address` allows";
        return problem(StatusCode::TOO_MANY_REQUESTS, message);
    };
    let versions = offered_versions(&headers);
    let services = Arc::clone(&app.services);
    let tasks = app.sessions.clone();
    configure(upgrade, limits.frame_bytes.max(limits.connect_bytes)).on_upgrade(move |socket| {
        tasks.track_future(async move {
            session::run(WebSocketLink::new(socket), versions, credential, services).await;
            drop(connection);
        })
    })
}

/// What the request itself says about who it is.
fn credential(app: &App, ticket: Option<&str>, headers: &HeaderMap) -> Result<Option<Credential>, auth::AuthError> {
    if let Some(ticket) = ticket {
        let principal = app.tickets.redeem(ticket, SystemTime::now())?;
        return Ok(Some(Credential::Known(Box::new(principal))));
    }
    Ok(auth::bearer(headers).map(|token| Credential::Token(token.to_owned())))
}
