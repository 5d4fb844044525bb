//! Answers that are no success: a status, and a sentence for a person.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::catalogue::api::ApiProblem;

/// An answer that says what was wrong, and what would be right.
pub(super) fn problem(status: StatusCode, message: &str) -> Response {
    (status, Json(ApiProblem { error: message.to_owned() })).into_response()
}
