//! `/ws`: from an HTTP request to a session, on a WebSocket or on SockJS.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use dashmap::DashMap;

use super::App;
use super::problem::problem;
use crate::auth;
use crate::metrics;
use crate::session::{self, Credential};
use crate::stomp::Version;
use crate::transport::connection::Peer;
use crate::transport::sockjs::{Farewell, Service};
use crate::transport::websocket::offered_versions;

/// Open connections by address.
#[derive(Debug, Default)]
pub(super) struct Addresses(DashMap<IpAddr, usize>);

impl Addresses {
    /// Counts a connection in, unless its address has `connections_max` already.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr, connections_max: usize) -> Option<Connection> {
        let mut count = self.0.entry(address).or_insert(0);
        if *count >= connections_max {
            return None;
        }
        *count += 1;
        Some(Connection { addresses: Arc::clone(self), address })
    }
}

/// One open connection or session; counted out when it goes.
#[derive(Debug)]
pub(super) struct Connection {
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

/// STOMP sessions behind `/ws`.
#[derive(Debug)]
pub(super) struct Stomp(pub(super) Arc<App>);

/// What a request brings along to the session that it begins.
pub(super) struct Guest {
    versions: Vec<Version>,
    credential: Option<Credential>,
    connection: Connection,
}

impl Service for Stomp {
    type Guest = Guest;

    fn allows(&self, headers: &HeaderMap) -> bool {
        let allowed = self.0.origins.allow(headers);
        if !allowed {
            metrics::connection_refused("origin");
        }
        allowed
    }

    fn admit(&self, request: &Parts) -> Result<Guest, Response> {
        let app = &self.0;
        refuse_while_draining(app)?;
        let connection = enter(app, request.extensions.get())?;
        let credential = credential(app, request).map_err(|error| {
            metrics::connection_refused("ticket");
            problem(StatusCode::UNAUTHORIZED, &error.to_string())
        })?;
        Ok(Guest { versions: offered_versions(&request.headers), credential, connection })
    }

    fn run<L: Farewell + 'static>(&self, link: L, guest: Guest) -> impl Future<Output = ()> + Send + 'static {
        let services = Arc::clone(&self.0.services);
        let Guest { versions, credential, connection } = guest;
        self.0.sessions.track_future(async move {
            session::run(link, versions, credential, services).await;
            drop(connection);
        })
    }
}

/// A stopping node takes no new clients.
#[expect(clippy::result_large_err, reason = "the answer is sent as it is")]
pub(super) fn refuse_while_draining(app: &App) -> Result<(), Response> {
    if !app.services.drain.is_cancelled() {
        return Ok(());
    }
    metrics::connection_refused("draining");
    let response = problem(StatusCode::SERVICE_UNAVAILABLE, "this node is stopping: try another, or again later");
    Err(([("retry-after", "1")], response).into_response())
}

/// Counts in what a request begins.
#[expect(clippy::result_large_err, reason = "the answer is sent as it is")]
pub(super) fn enter(app: &App, peer: Option<&ConnectInfo<Peer>>) -> Result<Connection, Response> {
    let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.address.ip());
    app.addresses.enter(address, app.services.settings.limits.connections_per_address).ok_or_else(|| {
        metrics::connection_refused("address");
        let message = "this address has as many connections as `limits.connections_per_address` allows";
        problem(StatusCode::TOO_MANY_REQUESTS, message)
    })
}

/// What the request itself says about who it is.
fn credential(app: &App, request: &Parts) -> Result<Option<Credential>, auth::AuthError> {
    if let Some(ticket) = query_value(request, "ticket") {
        let principal = app.tickets.redeem(&ticket, SystemTime::now())?;
        return Ok(Some(Credential::Known(Box::new(principal))));
    }
    Ok(auth::bearer(&request.headers).map(|token| Credential::Token(token.to_owned())))
}

/// The first value of that name in the request's query.
pub(super) fn query_value(request: &Parts, wanted: &str) -> Option<String> {
    let query = request.uri.query().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
}
