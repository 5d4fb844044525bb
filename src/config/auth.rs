//! `[auth]`: whose tokens are believed.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::units;

/// `[auth]`: whose tokens are believed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AuthConfig {
    /// What `iss` must be; not checked where left out.
    pub issuer: Option<String>,
    /// What `aud` must be or hold; not checked where left out.
    pub audience: Option<String>,
    /// Where the issuer publishes its keys. Fetched at start, again when a token names an unknown `kid`, and every
    /// `jwks_refresh`.
    pub jwks_url: Option<String>,
    /// How often the JWKS is read again.
    #[serde(deserialize_with = "units::duration")]
    #[schemars(with = "String")]
    pub jwks_refresh: Duration,
    /// How far clocks may disagree when `exp` and `nbf` are compared.
    #[serde(deserialize_with = "units::duration")]
    #[schemars(with = "String")]
    pub leeway: Duration,
    /// `[[auth.keys]]`: keys beside the JWKS, or instead of it.
    pub keys: Vec<KeyConfig>,
    /// Signs tokens with a key of its own, kept in the data directory: for trying out, never for production.
    pub development: bool,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            issuer: None,
            audience: None,
            jwks_url: None,
            jwks_refresh: Duration::from_secs(600),
            leeway: Duration::from_secs(30),
            keys: Vec::new(),
            development: false,
        }
    }
}

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the names are RFC 7518's")]
pub enum Algorithm {
    HS256,
    HS384,
    HS512,
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
}

/// `[[auth.keys]]`: one key. Exactly one of `secret`, `secret_file` and `public_key_file` is given.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct KeyConfig {
    /// Compared with the token's `kid` where it has one.
    #[serde(default)]
    pub id: Option<String>,
    /// How it signs; a token that claims another algorithm is refused.
    pub algorithm: Algorithm,
    /// The shared secret of an HS key, at least 32 octets.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub secret: Option<SecretString>,
    /// A file that holds the shared secret.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// A PEM file with the public key of the other kinds.
    #[serde(default)]
    pub public_key_file: Option<PathBuf>,
}
