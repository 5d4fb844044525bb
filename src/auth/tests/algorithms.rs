//! The key decides how a token is signed; the token only agrees.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::support::*;
use crate::auth::AuthError;
use crate::config;

const FAMILIES: [(Algorithm, config::Algorithm, &str); 12] = [
    (Algorithm::HS256, config::Algorithm::HS256, ""),
    (Algorithm::HS384, config::Algorithm::HS384, ""),
    (Algorithm::HS512, config::Algorithm::HS512, ""),
    (Algorithm::RS256, config::Algorithm::RS256, "rsa"),
    (Algorithm::RS384, config::Algorithm::RS384, "rsa"),
    (Algorithm::RS512, config::Algorithm::RS512, "rsa"),
    (Algorithm::PS256, config::Algorithm::PS256, "rsa"),
    (Algorithm::PS384, config::Algorithm::PS384, "rsa"),
    (Algorithm::PS512, config::Algorithm::PS512, "rsa"),
    (Algorithm::ES256, config::Algorithm::ES256, "p256"),
    (Algorithm::ES384, config::Algorithm::ES384, "p384"),
    (Algorithm::EdDSA, config::Algorithm::EdDSA, "ed25519"),
];

fn key_for(algorithm: config::Algorithm, name: &str) -> config::KeyConfig {
    if name.is_empty() {
        config::KeyConfig { algorithm, ..secret_key(None) }
    } else {
        public_key(None, algorithm, name)
    }
}

/// A token with any header and signature.
fn raw(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let part = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
    format!("{}.{}.{}", part(header.to_string().as_bytes()), part(claims.to_string().as_bytes()), part(signature))
}

#[tokio::test]
async fn every_algorithm_is_verified_by_its_own_key_alone() {
    for (signs, _, _) in FAMILIES {
        let token = sign(signs, &private_key(signs), None, &good_claims());
        for (takes, configured, name) in FAMILIES {
            let result = verify(&with_keys(vec![key_for(configured, name)]), &token).await;
            if signs == takes {
                assert_eq!(result.unwrap().user, "ana", "{signs:?}");
            } else {
                assert!(matches!(result, Err(AuthError::NoKeyFor(_))), "{signs:?} by {takes:?}: {result:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_changed_token_is_refused() {
    for (algorithm, configured, name) in FAMILIES {
        let token = sign(algorithm, &private_key(algorithm), None, &good_claims());
        let (message, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = message.split_once('.').unwrap();
        let claims = URL_SAFE_NO_PAD.encode(with(good_claims(), json!({ "sub": "bob" })).to_string());
        let changed = format!("{header}.{claims}.{signature}");
        assert_eq!(refusal(&with_keys(vec![key_for(configured, name)]), &changed).await, AuthError::Signature);
    }
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    let public_pem = std::fs::read(key_path("rsa.pub")).unwrap();
    for kid in [None, Some("main")] {
        let token = sign(Algorithm::HS256, &EncodingKey::from_secret(&public_pem), kid, &good_claims());
        let key = public_key(Some("main"), config::Algorithm::RS256, "rsa");
        let err = refusal(&with_keys(vec![key]), &token).await;
        assert!(matches!(err, AuthError::NoKeyFor(_) | AuthError::WrongAlgorithm { .. }), "{err:?}");
    }
}

#[tokio::test]
async fn tokens_that_are_not_signed_are_refused() {
    let config = with_keys(vec![secret_key(None), public_key(None, config::Algorithm::RS256, "rsa")]);
    for name in ["none", "None", "NONE", "nOnE", "", "HS1", "ES512", "RSA-OAEP"] {
        let token = raw(&json!({ "alg": name, "typ": "JWT" }), &good_claims(), b"");
        assert_eq!(refusal(&config, &token).await, AuthError::Algorithm(name.to_owned()));
    }
    for token in
        [raw(&json!({ "alg": "HS256" }), &good_claims(), b""), raw(&json!({ "alg": "RS256" }), &good_claims(), b"")]
    {
        assert_eq!(refusal(&config, &token).await, AuthError::Signature);
    }
}

#[tokio::test]
async fn keys_that_a_token_brings_along_are_never_looked_at() {
    let theirs = json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode(SECRET) });
    let header = json!({ "alg": "HS256", "jwk": theirs, "jku": "https://evil.example.com/jwks.json", "x5u": "https://evil.example.com" });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&header), part(&good_claims()));
    let signed = jsonwebtoken::crypto::sign(message.as_bytes(), &private_key(Algorithm::HS256), Algorithm::HS256);
    let token = format!("{message}.{}", signed.unwrap());
    let other =
        config::KeyConfig { secret: Some("another secret with enough octets in it".into()), ..secret_key(None) };
    assert_eq!(refusal(&with_keys(vec![other]), &token).await, AuthError::Signature);
}

#[tokio::test]
async fn a_token_that_misstates_how_it_is_signed_is_refused() {
    let header = URL_SAFE_NO_PAD.encode(json!({ "alg": "RS384", "kid": "main" }).to_string());
    let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(good_claims().to_string()));
    let rsa = private_key(Algorithm::RS256);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &rsa, Algorithm::RS256).unwrap();
    let config = with_keys(vec![public_key(Some("main"), config::Algorithm::RS256, "rsa")]);
    let err = refusal(&config, &format!("{message}.{signature}")).await;
    assert!(matches!(err, AuthError::WrongAlgorithm { .. }), "{err:?}");
}

#[tokio::test]
async fn what_is_no_token() {
    let config = with_keys(vec![secret_key(None)]);
    let good = sign(Algorithm::HS256, &private_key(Algorithm::HS256), None, &good_claims());
    for text in
        ["", ".", "..", "a.b", "a.b.c", "a.b.c.d.e", &format!("{good}.x"), &format!(" {good}"), "\u{e9}.\u{e9}.\u{e9}"]
    {
        assert!(matches!(refusal(&config, text).await, AuthError::Malformed(_)), "{text:?}");
    }
    for header in [
        json!([]),
        json!({}),
        json!({ "alg": 7 }),
        json!({ "alg": "HS256", "crit": ["b64"], "b64": false }),
        json!({ "alg": "HS256", "typ": "logout+jwt" }),
        json!({ "alg": "HS256", "typ": "application/SecEvent+JWT" }),
    ] {
        let err = refusal(&config, &raw(&header, &good_claims(), b"x")).await;
        assert!(matches!(err, AuthError::Malformed(_)), "{header}");
    }
    for typ in ["JWT", "at+jwt", "application/at+jwt"] {
        let token = raw(&json!({ "alg": "HS256", "typ": typ }), &good_claims(), b"x");
        assert_eq!(refusal(&config, &token).await, AuthError::Signature, "{typ} is looked at further");
    }
}

#[tokio::test]
async fn a_large_token_is_refused_unread() {
    let claims = with(good_claims(), json!({ "text": "x".repeat(8 * 1024) }));
    let token = sign(Algorithm::HS256, &private_key(Algorithm::HS256), None, &claims);
    assert_eq!(refusal(&with_keys(vec![secret_key(None)]), &token).await, AuthError::TooLong(token.len()));
}

#[tokio::test]
async fn a_key_with_an_id_is_for_tokens_with_that_kid_or_none() {
    let rsa = private_key(Algorithm::RS256);
    let named = with_keys(vec![public_key(Some("main"), config::Algorithm::RS256, "rsa")]);
    let token = |kid| sign(Algorithm::RS256, &rsa, kid, &good_claims());
    assert!(verify(&named, &token(Some("main"))).await.is_ok());
    assert!(verify(&named, &token(None)).await.is_ok());
    assert_eq!(refusal(&named, &token(Some("other"))).await, AuthError::UnknownKey("other".to_owned()));

    let both = with_keys(vec![
        public_key(Some("main"), config::Algorithm::RS256, "rsa"),
        public_key(Some("other"), config::Algorithm::RS256, "rsa-other"),
    ]);
    assert!(verify(&both, &token(Some("main"))).await.is_ok());
    assert_eq!(refusal(&both, &token(Some("other"))).await, AuthError::Signature);
    let elliptic = with_keys(vec![public_key(Some("main"), config::Algorithm::ES256, "p256")]);
    assert!(matches!(refusal(&elliptic, &token(Some("main"))).await, AuthError::WrongAlgorithm { .. }));
}

#[tokio::test]
async fn a_key_without_an_id_is_for_all_tokens() {
    let config = with_keys(vec![secret_key(None)]);
    let token = sign(Algorithm::HS256, &private_key(Algorithm::HS256), Some("2033-05"), &good_claims());
    assert!(verify(&config, &token).await.is_ok());
    let forged = sign(Algorithm::HS256, &EncodingKey::from_secret(b"not the secret"), Some("2033-05"), &good_claims());
    assert_eq!(refusal(&config, &forged).await, AuthError::UnknownKey("2033-05".to_owned()));
}

#[tokio::test]
async fn without_keys_every_token_is_refused() {
    let token = sign(Algorithm::HS256, &private_key(Algorithm::HS256), None, &good_claims());
    assert_eq!(refusal(&with_keys(vec![]), &token).await, AuthError::NoKeys);
}
