//! Every address of the public listener.

use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit};
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::trace::TraceLayer;

use super::problem::problem;
use super::{App, catalogue, demo, operate, page, publish, sockjs, sse, test_services, ticket};
use crate::transport::connection::Peer;

/// The name under which a request can be found again in the logs.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(super) fn router(app: Arc<App>) -> Router {
    // The layers stand on the HTTP routes only: an upgrade outlives them.
    let mut sockets = sockjs::routes(&app);
    if app.test_services {
        sockets = sockets.merge(test_services::routes(&app));
    }
    let api = Router::new()
        .route("/api/v1/events", post(publish::publish))
        .route("/api/v1/tickets", post(ticket::issue))
        .route("/api/v1/catalogue", get(catalogue::list))
        .route("/api/v1/types.ts", get(catalogue::types))
        .route("/sse", get(sse::stream))
        .route("/demo/tokens", get(demo::tokens))
        .route("/health/live", get(operate::live))
        .route("/health/ready", get(operate::ready))
        .route("/metrics", get(operate::metrics))
        .route("/api/{*rest}", axum::routing::any(unknown))
        .layer(DefaultBodyLimit::max(app.config.limits.request_bytes))
        .layer(cors(&app))
        .layer(CatchPanicLayer::new())
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(TraceLayer::new_for_http())
        .layer(SetSensitiveRequestHeadersLayer::new([header::AUTHORIZATION, HeaderName::from_static("x-auth-token")]))
        .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid));
    let routes = api.with_state(app).merge(sockets).merge(page::routes());
    routes.layer(axum::middleware::map_request(tell_address))
}

/// Handlers that want no more than the address ask for it by its own type.
async fn tell_address<B>(mut request: Request<B>) -> Request<B> {
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<Peer>>() {
        let address = ConnectInfo(peer.address);
        request.extensions_mut().insert(address);
    }
    request
}

/// Pages of the allowed origins may use the API.
fn cors(app: &Arc<App>) -> CorsLayer {
    let app = Arc::clone(app);
    let allowed = AllowOrigin::predicate(move |origin: &HeaderValue, _| {
        origin.to_str().is_ok_and(|origin| app.origins.lists(origin))
    });
    CorsLayer::new().allow_origin(allowed).allow_methods([Method::GET, Method::POST]).allow_headers([
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::CACHE_CONTROL,
        HeaderName::from_static("last-event-id"),
        HeaderName::from_static("x-auth-token"),
    ])
}

async fn unknown() -> axum::response::Response {
    problem(StatusCode::NOT_FOUND, "there is no such address; docs/protocol.md lists what there is")
}
