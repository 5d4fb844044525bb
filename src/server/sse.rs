//! `GET /sse?destination=…`: channels as Server-Sent Events, for clients that only read.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::App;
use super::bearer;
use super::problem::problem;
use super::upgrade::{enter, query_value, refuse_while_draining};
use crate::auth::{Opening, Principal};
use crate::channel::{Pattern, encode_value};
use crate::hub::Filter;
use crate::metrics;
use crate::session::SessionInfo;
use crate::transport::connection::Peer;
use crate::transport::sse::{Reader, Terms};

/// What a browser sends when it comes back.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

pub(super) async fn stream(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    open(&app, &parts).await.unwrap_or_else(|refused| refused)
}

async fn open(app: &Arc<App>, request: &Parts) -> Result<Response, Response> {
    if !app.origins.allow(&request.headers) {
        metrics::connection_refused("origin");
        return Err(problem(StatusCode::FORBIDDEN, "this page's origin is not in `server.allowed_origins`"));
    }
    refuse_while_draining(app)?;
    let connection = enter(app, request.extensions.get::<ConnectInfo<Peer>>())?;
    let principal = principal(app, request).await?;
    let patterns = patterns(app, request, &principal)?;
    let limits = &app.services.settings.limits;
    let info = SessionInfo { id: Uuid::new_v4().to_string(), user: principal.user.clone() };
    let presence = app.services.registry.enter(info, limits.connections_per_user).ok_or_else(|| {
        metrics::connection_refused("user");
        let message = "this user has as many sessions as `limits.connections_per_user` allows";
        problem(StatusCode::TOO_MANY_REQUESTS, message)
    })?;
    let terms = Terms {
        expires: expiry(app, &principal),
        write_timeout: limits.write_timeout,
        drain: app.services.drain.clone(),
        last_event_id: last_event_id(request),
    };
    let reader = Reader::new(Arc::clone(&app.services.hub), patterns, limits.outbox_bytes, terms);
    let kept = (connection, presence, app.sessions.token());
    let head = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store, no-transform"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((head, Body::from_stream(reader.into_stream(kept))).into_response())
}

/// Whose stream it is: by a ticket, as browsers cannot send headers here, else by a token.
async fn principal(app: &App, request: &Parts) -> Result<Principal, Response> {
    match query_value(request, "ticket") {
        Some(ticket) => app.tickets.redeem(&ticket, SystemTime::now()).map_err(|error| {
            metrics::connection_refused("ticket");
            problem(StatusCode::UNAUTHORIZED, &error.to_string())
        }),
        None => bearer::principal(app, &request.headers).await,
    }
}

/// The channels that the request names, if rules open them all, and what of them the rules leave open.
#[expect(clippy::result_large_err, reason = "the answer is sent as it is")]
fn patterns(app: &App, request: &Parts, principal: &Principal) -> Result<Vec<(Pattern, Filter)>, Response> {
    let settings = &app.services.settings;
    let query = request.uri.query().unwrap_or_default();
    let wanted = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "destination");
    let mut patterns = Vec::new();
    for (_, destination) in wanted {
        let pattern = resolve(&destination, &principal.user)
            .map_err(|message| problem(StatusCode::BAD_REQUEST, &format!("destination `{destination}`: {message}")))?;
        let only = match settings.access.opening(principal, &pattern) {
            Some(Opening::All) => None,
            Some(Opening::Only(conditions)) => Some(conditions),
            None => {
                return Err(problem(StatusCode::FORBIDDEN, &format!("no access rule opens {pattern} to this user")));
            }
        };
        if patterns.len() == settings.limits.subscriptions {
            let message = format!("more than {} destinations (limits.subscriptions)", settings.limits.subscriptions);
            return Err(problem(StatusCode::BAD_REQUEST, &message));
        }
        patterns.push((pattern, Filter { selector: None, only }));
    }
    if patterns.is_empty() {
        return Err(problem(
            StatusCode::BAD_REQUEST,
            "say what to read: `/sse?destination=/topic/…`, as often as needed",
        ));
    }
    Ok(patterns)
}

/// `/user/…` is the user's own part of `/topic/user`.
fn resolve(destination: &str, user: &str) -> Result<Pattern, String> {
    let pattern = match destination.strip_prefix("/user/") {
        Some(rest) => Pattern::parse(&format!("/topic/user/{}/{rest}", encode_value(user))),
        None => Pattern::parse(destination),
    };
    pattern.map_err(|error| error.to_string())
}

/// When the token's time is over; a token that ends beyond what the clock can count never ends here.
fn expiry(app: &App, principal: &Principal) -> Instant {
    let ends = Duration::from_secs(u64::try_from(principal.expires_at).unwrap_or(0)) + app.services.settings.leeway;
    let left = ends.saturating_sub(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
    let now = Instant::now();
    now.checked_add(left).unwrap_or(now + Duration::from_secs(u32::MAX.into()))
}

fn last_event_id(request: &Parts) -> Option<String> {
    let header = request.headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
    header.or_else(|| query_value(request, "lastEventId")).filter(|id| !id.is_empty())
}
