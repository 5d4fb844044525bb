//! One JWT: taken apart before its signature is known, and its claims checked after.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::error::{date, shown};
use super::{AuthError, Principal, unix_millis};

/// The largest token that is looked at.
pub(super) const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// What is read of a JOSE header. `jku`, `jwk`, `x5u` and `x5c` are never looked at: keys come from the config only.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    crit: Option<IgnoredAny>,
}

/// A token whose signature is not checked yet.
#[derive(Debug)]
pub(super) struct Token<'a> {
    /// What it claims to be signed with; only ever compared with a key's own.
    pub(super) algorithm: Algorithm,
    /// Its `kid`.
    pub(super) key_id: Option<String>,
    /// What is signed.
    pub(super) message: &'a str,
    /// The signature in base64.
    pub(super) signature: &'a str,
    payload: &'a str,
}

impl<'a> Token<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, AuthError> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(AuthError::TooLong(text.len()));
        }
        let parts = || AuthError::Malformed("it has three parts with a dot between them");
        let (message, signature) = text.rsplit_once('.').ok_or_else(parts)?;
        let (header, payload) =
            message.split_once('.').filter(|(_, payload)| !payload.contains('.')).ok_or_else(parts)?;
        let header: Header = URL_SAFE_NO_PAD
            .decode(header)
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok())
            .ok_or(AuthError::Malformed("its header is an object in base64url with an `alg`"))?;
        if header.crit.is_some() {
            return Err(AuthError::Malformed("no extension that `crit` could name is understood"));
        }
        if header.typ.as_deref().is_some_and(is_another_kind) {
            return Err(AuthError::Malformed("its `typ` says that it is no access token"));
        }
        let algorithm = algorithm_named(&header.alg).ok_or_else(|| AuthError::Algorithm(shown(&header.alg)))?;
        Ok(Self { algorithm, key_id: header.kid, message, signature, payload })
    }

    /// The claims; to be asked for once the signature is known to be right.
    pub(super) fn claims(&self) -> Result<Map<String, Value>, AuthError> {
        URL_SAFE_NO_PAD
            .decode(self.payload)
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok())
            .ok_or(AuthError::Malformed("its claims are an object in base64url"))
    }
}

/// Issuers sign logout and event tokens with the same keys; RFC 8725, section 3.11 tells them apart by `typ`.
fn is_another_kind(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    typ.ends_with("+jwt") && !typ.ends_with("at+jwt")
}

fn algorithm_named(name: &str) -> Option<Algorithm> {
    match name {
        // RFC 9864 names the curve.
        "Ed25519" => Some(Algorithm::EdDSA),
        _ => name.parse().ok(),
    }
}

/// What the claims of every token are held against.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) issuer: Option<String>,
    pub(super) audience: Option<String>,
    pub(super) leeway: Duration,
}

impl Expected {
    /// Whose token it is, if its claims are as they should be.
    pub(super) fn check(&self, claims: Map<String, Value>, now: SystemTime) -> Result<Principal, AuthError> {
        let expires_at = self.check_times(&claims, now)?;
        self.check_issuer(&claims)?;
        self.check_audience(&claims)?;
        let user = match claims.get("sub") {
            None => return Err(AuthError::Missing("sub")),
            Some(Value::String(user)) if !user.is_empty() => user.clone(),
            Some(_) => return Err(AuthError::WrongType { claim: "sub", wanted: "it is text that is not empty" }),
        };
        Ok(Principal { user, claims: Arc::new(claims), expires_at })
    }

    fn check_times(&self, claims: &Map<String, Value>, now: SystemTime) -> Result<i64, AuthError> {
        let now = unix_millis(now);
        let leeway = i128::try_from(self.leeway.as_millis()).unwrap_or(i128::MAX);
        let expires_at = time_claim(claims, "exp")?.ok_or(AuthError::Missing("exp"))?;
        // RFC 7519, section 4.1.4: on or after the time it is not accepted.
        if now >= (i128::from(expires_at) * 1000).saturating_add(leeway) {
            return Err(AuthError::Expired(date(expires_at)));
        }
        match time_claim(claims, "nbf")? {
            Some(begins_at) if now.saturating_add(leeway) < i128::from(begins_at) * 1000 => {
                Err(AuthError::NotYet(date(begins_at)))
            }
            _ => Ok(expires_at),
        }
    }

    fn check_issuer(&self, claims: &Map<String, Value>) -> Result<(), AuthError> {
        let Some(wanted) = &self.issuer else { return Ok(()) };
        match claims.get("iss") {
            None => Err(AuthError::Missing("iss")),
            Some(Value::String(issuer)) if issuer == wanted => Ok(()),
            Some(Value::String(issuer)) => Err(AuthError::Issuer { is: shown(issuer), wanted: wanted.clone() }),
            Some(_) => Err(AuthError::WrongType { claim: "iss", wanted: "it is text" }),
        }
    }

    fn check_audience(&self, claims: &Map<String, Value>) -> Result<(), AuthError> {
        let Some(wanted) = &self.audience else { return Ok(()) };
        let audiences: Vec<&str> = match claims.get("aud") {
            None => return Err(AuthError::Missing("aud")),
            Some(Value::String(audience)) => vec![audience],
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            Some(_) => return Err(AuthError::WrongType { claim: "aud", wanted: "it is text or a list of texts" }),
        };
        if audiences.contains(&wanted.as_str()) {
            return Ok(());
        }
        Err(AuthError::Audience { is: shown(&audiences.join(", ")), wanted: wanted.clone() })
    }
}

/// A NumericDate: whole or with decimals, which are cut off.
fn time_claim(claims: &Map<String, Value>, claim: &'static str) -> Result<Option<i64>, AuthError> {
    let Some(value) = claims.get(claim) else { return Ok(None) };
    let seconds = value.as_i64().or_else(|| {
        #[expect(clippy::cast_possible_truncation, reason = "numbers beyond the range become its ends, as they should")]
        value.as_f64().map(|seconds| seconds.floor() as i64)
    });
    seconds.map(Some).ok_or(AuthError::WrongType { claim, wanted: "it is a number of seconds since 1970" })
}
