//! Who sends an HTTP request.

use std::time::SystemTime;

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::App;
use super::problem::problem;
use crate::auth::{self, AuthError, Principal};

/// The request's principal, or the answer that refuses it.
pub(super) async fn principal(app: &App, headers: &HeaderMap) -> Result<Principal, Response> {
    let Some(token) = auth::bearer(headers) else {
        return Err(unauthorized("no token: send `Authorization: Bearer <token>`"));
    };
    app.services.authenticator.verify(token, SystemTime::now()).await.map_err(|error| match error {
        AuthError::KeysUnavailable => problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
        _ => unauthorized(&error.to_string()),
    })
}

fn unauthorized(message: &str) -> Response {
    ([("www-authenticate", "Bearer")], problem(StatusCode::UNAUTHORIZED, message)).into_response()
}
