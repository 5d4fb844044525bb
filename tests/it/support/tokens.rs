//! Tokens that the test gateways believe.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

/// The shared secret of the test gateways.
pub const SECRET: &str = "a secret for tests only, and never for anything else";

/// A token with these claims, and an `exp` so many seconds from now.
pub fn token_with(mut claims: Value, lifetime_s: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    claims["exp"] = (now + lifetime_s).into();
    encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

/// An ordinary user's token.
pub fn token(user: &str) -> String {
    token_with(json!({ "sub": user }), 600)
}

/// A token that may see and publish everything.
pub fn operator() -> String {
    token_with(json!({ "sub": "operator", "role": "operator", "scope": "publish" }), 600)
}
