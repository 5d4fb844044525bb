//! `/api/v1/catalogue` and `/api/v1/types.ts`: what there is, for machines.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::App;
use crate::catalogue::api::CatalogueEntry;
use crate::catalogue::types_ts;

/// Every known event type with its JSON Schema.
pub(super) async fn list(State(app): State<Arc<App>>) -> Json<Vec<CatalogueEntry>> {
    Json(app.catalogue.types().map(CatalogueEntry::from).collect())
}

/// The TypeScript of the protocol and of every known event type, in one file.
pub(super) async fn types() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], types_ts()).into_response()
}
