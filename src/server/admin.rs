//! The operators' listener: who is connected, and what works. Closed unless `[admin] claims` says who an operator is.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::bearer::principal;
use super::problem::problem;
use super::start::StartError;
use super::{App, operate};
use crate::session::SessionInfo;

/// The operators' listener, once it listens.
#[derive(Debug)]
pub(super) struct Admin {
    address: SocketAddr,
    listener: TcpListener,
}

impl Admin {
    /// Listens where the config says so; `None` where it names no claims, which nobody could show.
    pub(super) async fn bind(config: &crate::config::AdminConfig) -> Result<Option<Self>, StartError> {
        if config.claims.is_empty() {
            return Ok(None);
        }
        let failed = |error| StartError::Listen { key: "admin.listen", address: config.listen, error };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Some(Self { address, listener }))
    }

    /// Answers until `shutdown`; gives the address.
    pub(super) fn serve(self, app: &Arc<App>, shutdown: CancellationToken) -> SocketAddr {
        let router = router(Arc::clone(app));
        tokio::spawn(async move {
            let serving = axum::serve(self.listener, router).with_graceful_shutdown(shutdown.cancelled_owned());
            if let Err(error) = serving.await {
                tracing::error!(%error, "the operators' listener failed");
            }
        });
        self.address
    }
}

fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/api/v1/sessions", get(sessions))
        .route("/health/ready", get(operate::ready))
        .route("/metrics", get(operate::metrics))
        .layer(from_fn_with_state(Arc::clone(&app), operators_only))
        .with_state(app)
}

/// Lets a request through whose token has every claim of `[admin] claims`.
async fn operators_only(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match principal(&app, request.headers()).await {
        Err(refused) => refused,
        Ok(principal) if principal.has_claims(&app.config.admin.claims) => next.run(request).await,
        Ok(_) => problem(StatusCode::FORBIDDEN, "this token has not the claims that `[admin] claims` wants"),
    }
}

/// Who is connected to this node.
async fn sessions(State(app): State<Arc<App>>) -> Json<Vec<SessionInfo>> {
    let mut sessions = app.services.registry.sessions();
    sessions.sort_unstable_by(|one, other| (&one.user, &one.id).cmp(&(&other.user, &other.id)));
    Json(sessions)
}
