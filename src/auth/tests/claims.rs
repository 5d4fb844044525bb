//! What a token has to say once its signature is known to be right.

use std::time::Duration;

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::support::*;
use crate::auth::{AuthError, Authenticator, Principal, sign_development};
use crate::config::AuthConfig;

async fn check(config: &AuthConfig, claims: &Value) -> Result<Principal, AuthError> {
    verify(config, &sign(Algorithm::HS256, &private_key(Algorithm::HS256), None, claims)).await
}

fn plain() -> AuthConfig {
    with_keys(vec![secret_key(None)])
}

#[tokio::test]
async fn a_token_gives_its_principal() {
    let claims = with(good_claims(), json!({ "role": "operator", "level": 3, "ok": true, "list": [1], "none": null }));
    let principal = check(&plain(), &claims).await.unwrap();
    assert_eq!(principal.user, "ana");
    assert_eq!(principal.expires_at, NOW + 60);
    assert_eq!(principal.claim_text("role").as_deref(), Some("operator"));
    assert_eq!(principal.claim_text("level").as_deref(), Some("3"));
    assert_eq!(principal.claim_text("ok").as_deref(), Some("true"));
    for none in ["list", "none", "absent"] {
        assert_eq!(principal.claim_text(none), None, "{none}");
    }
}

#[tokio::test]
async fn a_token_ends_at_exp_and_the_leeway() {
    let config = AuthConfig { leeway: Duration::from_secs(30), ..plain() };
    let exp = |exp: Value| json!({ "sub": "ana", "exp": exp });
    assert!(check(&config, &exp(json!(NOW - 29))).await.is_ok());
    assert!(check(&config, &exp(json!(NOW as f64 + 0.5))).await.is_ok());
    assert!(check(&config, &exp(json!(1e300))).await.is_ok());
    let err = check(&config, &exp(json!(NOW - 30))).await.unwrap_err();
    assert_eq!(err.to_string(), "the token expired at 2033-05-18T03:32:50Z");
    for past in [json!(0), json!(-1), json!(-1e300), json!(i64::MIN)] {
        assert!(matches!(check(&config, &exp(past.clone())).await, Err(AuthError::Expired(_))), "{past}");
    }
    for wrong in [json!("2033"), json!(null), json!([NOW + 60]), json!(true)] {
        let err = check(&config, &exp(wrong.clone())).await.unwrap_err();
        assert!(matches!(err, AuthError::WrongType { claim: "exp", .. }), "{wrong}");
    }
    assert_eq!(check(&config, &json!({ "sub": "ana" })).await.unwrap_err(), AuthError::Missing("exp"));
}

#[tokio::test]
async fn a_token_begins_at_nbf_less_the_leeway() {
    let config = AuthConfig { leeway: Duration::from_secs(30), ..plain() };
    let nbf = |nbf: Value| with(good_claims(), json!({ "nbf": nbf }));
    assert!(check(&config, &nbf(json!(NOW + 30))).await.is_ok());
    let err = check(&config, &nbf(json!(NOW + 31))).await.unwrap_err();
    assert_eq!(err.to_string(), "the token is valid from 2033-05-18T03:33:51Z on");
    assert!(err.is_temporary());
    assert!(matches!(check(&config, &nbf(json!("now"))).await, Err(AuthError::WrongType { claim: "nbf", .. })));
}

#[tokio::test]
async fn the_issuer_is_the_one_that_is_wanted() {
    let config = AuthConfig { issuer: Some("https://id.example.com".to_owned()), ..plain() };
    let iss = |iss: Value| with(good_claims(), json!({ "iss": iss }));
    assert!(check(&config, &iss(json!("https://id.example.com"))).await.is_ok());
    let err = check(&config, &iss(json!("https://evil.example.com"))).await.unwrap_err();
    assert_eq!(err.to_string(), "the issuer is `https://evil.example.com`, `https://id.example.com` is wanted");
    let listed = check(&config, &iss(json!(["https://id.example.com"]))).await.unwrap_err();
    assert!(matches!(listed, AuthError::WrongType { claim: "iss", .. }));
    assert_eq!(check(&config, &good_claims()).await.unwrap_err(), AuthError::Missing("iss"));
    assert!(check(&plain(), &iss(json!("anybody"))).await.is_ok());
}

#[tokio::test]
async fn the_audience_is_or_holds_the_one_that_is_wanted() {
    let config = AuthConfig { audience: Some("sluice".to_owned()), ..plain() };
    let aud = |aud: Value| with(good_claims(), json!({ "aud": aud }));
    assert!(check(&config, &aud(json!("sluice"))).await.is_ok());
    assert!(check(&config, &aud(json!(["shop", "sluice"]))).await.is_ok());
    for wrong in [json!("shop"), json!("sluice shop"), json!([]), json!(["shop", ["sluice"]])] {
        assert!(matches!(check(&config, &aud(wrong.clone())).await, Err(AuthError::Audience { .. })), "{wrong}");
    }
    assert!(matches!(check(&config, &aud(json!(7))).await, Err(AuthError::WrongType { claim: "aud", .. })));
    assert_eq!(check(&config, &good_claims()).await.unwrap_err(), AuthError::Missing("aud"));
    assert!(check(&plain(), &aud(json!("anybody"))).await.is_ok());
}

#[tokio::test]
async fn a_token_belongs_to_somebody() {
    let exp = NOW + 60;
    assert_eq!(check(&plain(), &json!({ "exp": exp })).await.unwrap_err(), AuthError::Missing("sub"));
    for wrong in [json!(""), json!(42), json!(null), json!(["ana"])] {
        let err = check(&plain(), &json!({ "exp": exp, "sub": wrong })).await.unwrap_err();
        assert!(matches!(err, AuthError::WrongType { claim: "sub", .. }), "{wrong}");
    }
}

#[tokio::test]
async fn what_a_message_shows_of_a_token_is_short_and_on_one_line() {
    let config = AuthConfig { issuer: Some("me".to_owned()), ..plain() };
    let long = format!("line\nbreak{}", "x".repeat(5000));
    let text = check(&config, &with(good_claims(), json!({ "iss": long }))).await.unwrap_err().to_string();
    assert!(text.len() < 200 && !text.contains('\n'), "{text}");
}

#[tokio::test]
async fn development_tokens_outlive_a_restart_and_are_refused_in_production() {
    let directory = tempfile::tempdir().unwrap();
    let development = AuthConfig {
        development: true,
        issuer: Some("me".to_owned()),
        audience: Some("sluice".to_owned()),
        ..AuthConfig::default()
    };
    let gateway = |config: &AuthConfig| Authenticator::new(config, directory.path()).unwrap();
    let claims = json!({ "role": "operator", "sub": "somebody else" }).as_object().unwrap().clone();
    let first = gateway(&development);
    assert!(first.is_development());
    let token = first.sign_development("ana", claims.clone(), Duration::from_secs(60)).unwrap();
    let alone =
        sign_development(&development, directory.path(), "ana", claims.clone(), Duration::from_secs(60)).unwrap();
    let restarted = gateway(&development);
    for token in [&token, &alone] {
        let principal = restarted.verify(token, std::time::SystemTime::now()).await.unwrap();
        assert_eq!(principal.user, "ana");
        assert_eq!(principal.claim_text("role").as_deref(), Some("operator"));
    }

    let production = gateway(&AuthConfig { development: false, keys: vec![secret_key(None)], ..development });
    assert!(!production.is_development());
    assert!(production.verify(&token, std::time::SystemTime::now()).await.is_err());
    let signed = production.sign_development("ana", claims, Duration::from_secs(60));
    assert_eq!(signed, Err(AuthError::NotDevelopment));
}

#[tokio::test]
async fn a_ticket_of_one_node_is_good_on_another_with_the_same_secret() {
    let (one, two) = (authenticator(&plain()).tickets(), authenticator(&plain()).tickets());
    let principal = check(&plain(), &good_claims()).await.unwrap();
    let ticket = one.issue(&principal, at(NOW));
    assert_eq!(two.redeem(&ticket, at(NOW + 1)).unwrap().user, "ana");
    // Neither stands in for the other.
    assert!(matches!(refusal(&plain(), &ticket).await, AuthError::Malformed(_)));
    let token = sign(Algorithm::HS256, &private_key(Algorithm::HS256), None, &good_claims());
    assert_eq!(two.redeem(&token, at(NOW)).unwrap_err(), AuthError::TicketUnknown);
}
