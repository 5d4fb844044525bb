//! `/demo/tokens`: the demo's ready-made users, for its page. Answers 404 everywhere else.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::App;
use super::problem::problem;

/// The users that a demo made up, with tokens that its own key signed.
#[derive(Clone, Debug, Serialize)]
pub struct DemoTokens {
    /// Whose events it plays.
    pub platform: String,
    /// The users.
    pub users: Vec<DemoUser>,
}

/// One made-up user.
#[derive(Clone, Debug, Serialize)]
pub struct DemoUser {
    /// What people call them.
    pub name: String,
    /// The `sub` of their token.
    pub user: String,
    /// `learner` or `operator`.
    pub role: String,
    /// A token, good for a month.
    pub token: String,
}

pub(super) async fn tokens(State(app): State<Arc<App>>) -> Response {
    match &app.demo {
        Some(tokens) => Json(tokens).into_response(),
        None => problem(StatusCode::NOT_FOUND, "this gateway is no demo: paste a token of your own"),
    }
}
