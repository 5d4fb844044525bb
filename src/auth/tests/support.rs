//! Keys, tokens and authenticators for the tests beside this file.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::auth::{AuthError, Authenticator, Principal};
use crate::config::{self, AuthConfig, KeyConfig};

pub(super) const SECRET: &str = "a secret of the tests with many octets";

/// The moment at which all tokens are checked.
pub(super) const NOW: i64 = 2_000_000_000;

pub(super) fn at(unix_seconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(unix_seconds.try_into().unwrap())
}

pub(super) fn key_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/keys/test-only-{name}.pem"))
}

/// The private key that signs with an algorithm.
pub(super) fn private_key(algorithm: Algorithm) -> EncodingKey {
    let pem = |name| std::fs::read(key_path(name)).unwrap();
    match algorithm {
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => EncodingKey::from_secret(SECRET.as_bytes()),
        Algorithm::ES256 => EncodingKey::from_ec_pem(&pem("p256")).unwrap(),
        Algorithm::ES384 => EncodingKey::from_ec_pem(&pem("p384")).unwrap(),
        Algorithm::EdDSA => EncodingKey::from_ed_pem(&pem("ed25519")).unwrap(),
        _ => EncodingKey::from_rsa_pem(&pem("rsa")).unwrap(),
    }
}

/// Another key of the kind of `rsa`.
pub(super) fn other_rsa_key() -> EncodingKey {
    EncodingKey::from_rsa_pem(&std::fs::read(key_path("rsa-other")).unwrap()).unwrap()
}

pub(super) fn sign(algorithm: Algorithm, key: &EncodingKey, kid: Option<&str>, claims: &Value) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) };
    jsonwebtoken::encode(&header, claims, key).unwrap()
}

/// Claims that any authenticator of these tests takes.
pub(super) fn good_claims() -> Value {
    json!({ "sub": "ana", "exp": NOW + 60 })
}

pub(super) fn with(mut claims: Value, more: Value) -> Value {
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    claims
}

pub(super) fn secret_key(id: Option<&str>) -> KeyConfig {
    KeyConfig {
        id: id.map(str::to_owned),
        algorithm: config::Algorithm::HS256,
        secret: Some(SECRET.into()),
        secret_file: None,
        public_key_file: None,
    }
}

pub(super) fn public_key(id: Option<&str>, algorithm: config::Algorithm, name: &str) -> KeyConfig {
    KeyConfig {
        id: id.map(str::to_owned),
        algorithm,
        secret: None,
        secret_file: None,
        public_key_file: Some(key_path(&format!("{name}.pub"))),
    }
}

pub(super) fn with_keys(keys: Vec<KeyConfig>) -> AuthConfig {
    AuthConfig { keys, ..AuthConfig::default() }
}

pub(super) fn authenticator(config: &AuthConfig) -> Authenticator {
    Authenticator::new(config, Path::new("/nonexistent")).unwrap()
}

pub(super) async fn verify(config: &AuthConfig, token: &str) -> Result<Principal, AuthError> {
    authenticator(config).verify(token, at(NOW)).await
}

pub(super) async fn refusal(config: &AuthConfig, token: &str) -> AuthError {
    let err = verify(config, token).await.unwrap_err();
    let signature = token.rsplit('.').next().unwrap_or_default();
    assert!(signature.len() < 16 || !err.to_string().contains(signature), "the token is not repeated: {err}");
    err
}
