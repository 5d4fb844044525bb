//! Every problem of `[auth]` is found at start, all at once.

use std::path::Path;
use std::time::Duration;

use jsonwebtoken::Algorithm;

use super::support::*;
use crate::auth::{Authenticator, check};
use crate::config::{self, AuthConfig, KeyConfig};

#[track_caller]
fn problem(key: KeyConfig, member: &str, told: &str) {
    let problems = check(&with_keys(vec![secret_key(Some("good")), key]));
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].key, format!("auth.keys[1]{member}"));
    assert!(problems[0].message.contains(told), "{}", problems[0].message);
    assert!(!format!("{problems:?}").contains("hunter2"), "secrets are not told");
}

#[test]
fn keys_that_cannot_be_used() {
    use config::Algorithm::{ES256, ES384, EdDSA, RS256};
    let named = |name: &str| Some(key_path(name));
    let bare = KeyConfig { secret: None, ..secret_key(None) };
    problem(bare.clone(), "", "exactly one");
    problem(KeyConfig { secret_file: named("rsa"), ..secret_key(None) }, "", "exactly one");
    problem(KeyConfig { public_key_file: named("rsa.pub"), ..bare.clone() }, "", "`secret` or `secret_file`");
    problem(KeyConfig { algorithm: RS256, ..secret_key(None) }, "", "`public_key_file`");
    problem(KeyConfig { secret: Some("hunter2".into()), ..secret_key(None) }, ".secret", "7 octets");
    problem(secret_key(Some("good")), ".id", "another key");
    problem(KeyConfig { secret_file: named("none"), ..bare }, ".secret_file", "cannot be read");
    problem(public_key(None, RS256, "none"), ".public_key_file", "cannot be read");
    problem(public_key(None, RS256, "p256"), ".public_key_file", "an RSA key");
    problem(public_key(None, RS256, "rsa-weak"), ".public_key_file", "1024 bits");
    problem(public_key(None, ES256, "p384"), ".public_key_file", "P-256");
    problem(public_key(None, ES384, "p256"), ".public_key_file", "P-384");
    problem(public_key(None, ES256, "ed25519"), ".public_key_file", "P-256");
    problem(public_key(None, EdDSA, "rsa"), ".public_key_file", "Ed25519");
    let private = KeyConfig { public_key_file: named("rsa"), ..public_key(None, RS256, "rsa") };
    problem(private, ".public_key_file", "private key");
}

#[test]
fn everything_that_is_wrong_is_told_together() {
    let config = AuthConfig {
        issuer: Some(String::new()),
        audience: Some(String::new()),
        jwks_url: Some("https://user:hunter2@id.example.com/jwks.json".to_owned()),
        jwks_refresh: Duration::ZERO,
        leeway: Duration::from_secs(86_400),
        keys: vec![public_key(None, config::Algorithm::RS256, "none")],
        development: true,
    };
    let problems = Authenticator::new(&config, Path::new("/nonexistent")).unwrap_err();
    let keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
    let expected = [
        "auth.issuer",
        "auth.audience",
        "auth.jwks_refresh",
        "auth.leeway",
        "auth.jwks_url",
        "auth.keys[0].public_key_file",
    ];
    assert_eq!(keys, expected);
    assert!(!format!("{problems:?}").contains("hunter2"));
}

#[test]
fn addresses_that_give_no_keys() {
    for address in ["id.example.com/jwks.json", "ftp://id.example.com/jwks.json", "file:///etc/passwd", ""] {
        let config = AuthConfig { jwks_url: Some(address.to_owned()), ..AuthConfig::default() };
        assert_eq!(check(&config).len(), 1, "{address}");
    }
    let good = AuthConfig { jwks_url: Some("https://id.example.com/jwks.json".to_owned()), ..AuthConfig::default() };
    assert_eq!(check(&good), []);
}

#[test]
fn a_development_key_that_cannot_be_made_is_a_problem() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let config = AuthConfig { development: true, ..AuthConfig::default() };
    assert_eq!(Authenticator::new(&config, &file).unwrap_err()[0].key, "auth.development");
    assert_eq!(check(&config), [], "a check makes nothing");
}

#[tokio::test]
async fn a_secret_file_may_end_with_a_line_end() {
    let directory = tempfile::tempdir().unwrap();
    for end in ["", "\n", "\r\n"] {
        let path = directory.path().join("secret");
        std::fs::write(&path, format!("{SECRET}{end}")).unwrap();
        let config = with_keys(vec![KeyConfig { secret: None, secret_file: Some(path), ..secret_key(None) }]);
        let token = sign(Algorithm::HS256, &private_key(Algorithm::HS256), None, &good_claims());
        assert!(verify(&config, &token).await.is_ok(), "{end:?}");
    }
}
