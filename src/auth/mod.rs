//! Whose session or request it is, and what they may subscribe to and publish.
//!
//! A token is checked by the [`Authenticator`], which gives a [`Principal`]; [`AccessRules`] say what the principal may
//! do. Nothing here knows STOMP or HTTP beyond [`bearer`].

mod access;
mod authenticator;
mod client_topics;
mod development;
mod error;
mod jwks;
mod keys;
mod only;
mod template;
#[cfg(test)]
mod tests;
mod ticket;
mod token;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use serde_json::{Map, Number, Value};

pub use access::{AccessRules, Opening};
pub use authenticator::{Authenticator, check};
pub use client_topics::ClientTopics;
pub(crate) use client_topics::can_be_sent_to;
pub use development::{development_key_file, sign_development};
pub use error::AuthError;
pub use ticket::{TICKET_LIFETIME, Tickets};

/// Who a session or request belongs to.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The token's `sub`.
    pub user: String,
    /// Every claim of the token.
    pub claims: Arc<Map<String, Value>>,
    /// When the token ends, in Unix seconds; the leeway is not added.
    pub expires_at: i64,
}

impl Principal {
    /// A claim as text: strings as they are, numbers and booleans written out; nothing for lists, objects and null.
    pub fn claim_text(&self, name: &str) -> Option<String> {
        self.claims.get(name).and_then(scalar_text)
    }

    /// Whether each claim named is the value, a list that holds it, or text that holds it between spaces or commas.
    pub fn has_claims(&self, wanted: &BTreeMap<String, String>) -> bool {
        wanted.iter().all(|(name, value)| self.claims.get(name).is_some_and(|claim| holds(claim, value)))
    }
}

/// Integers beyond this are rounded by JSON readers that keep them as floating point numbers.
const EXACT_FLOAT_MAX: f64 = 9_007_199_254_740_992.0;

fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => exact(number).then(|| number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Two ids that are rounded to one number would meet in one channel.
fn exact(number: &Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|float| float.abs() < EXACT_FLOAT_MAX)
}

fn holds(claim: &Value, wanted: &str) -> bool {
    match claim {
        Value::Array(items) => items.iter().any(|item| scalar_text(item).is_some_and(|text| text == wanted)),
        Value::String(text) => text == wanted || text.split([' ', ',']).any(|word| !word.is_empty() && word == wanted),
        other => scalar_text(other).is_some_and(|text| text == wanted),
    }
}

/// The token of an HTTP request: `Authorization: Bearer …`, else `x-auth-token`.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    text(AUTHORIZATION.as_str())
        .and_then(bearer_value)
        .or_else(|| text("x-auth-token").map(str::trim).filter(|token| !token.is_empty()))
}

/// The token in the value of an `authorization` header. The scheme's case does not matter (RFC 9110, section 11.1).
pub fn bearer_value(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Milliseconds since 1970; times before it are negative.
fn unix_millis(time: SystemTime) -> i128 {
    let millis = |span: std::time::Duration| i128::try_from(span.as_millis()).unwrap_or(i128::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => millis(after),
        Err(before) => -millis(before.duration()),
    }
}

/// Whole seconds since 1970, rounded down.
fn unix_seconds(time: SystemTime) -> i64 {
    i64::try_from(unix_millis(time).div_euclid(1000)).unwrap_or(i64::MAX)
}
