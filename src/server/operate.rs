//! `/health` and `/metrics`: what operators' machines ask.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::App;
use crate::catalogue::api::HealthReport;

/// The process runs.
pub(super) async fn live() -> Response {
    Json(json!({ "live": true })).into_response()
}

/// The node can serve clients; else it says which part cannot. A node that stops cannot.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    let mut report = HealthReport::from(&app.health);
    report.ready &= !app.services.drain.is_cancelled();
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report)).into_response()
}

/// Every metric, for Prometheus.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.exporter.render()).into_response()
}
