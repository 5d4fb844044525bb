//! `POST /api/v1/tickets`: a one-time ticket for a browser, which cannot send headers with an upgrade.

use std::sync::Arc;
use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

use super::App;
use super::bearer::principal;
use crate::auth::TICKET_LIFETIME;
use crate::catalogue::api::TicketResponse;

pub(super) async fn issue(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let principal = match principal(&app, &headers).await {
        Ok(principal) => principal,
        Err(refused) => return refused,
    };
    let ticket = app.tickets.issue(&principal, SystemTime::now());
    Json(TicketResponse { ticket, expires_in_seconds: TICKET_LIFETIME.as_secs() }).into_response()
}
