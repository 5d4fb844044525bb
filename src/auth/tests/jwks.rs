//! An issuer that publishes its keys, rotates them, and is away now and then.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use futures_util::future::join_all;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::support::*;
use crate::auth::jwks::{Pace, State};
use crate::auth::{AuthError, Authenticator, Principal};
use crate::config::AuthConfig;
use crate::health::Health;

/// Shorter than a client waits for a fetch at most, so that waiting in vain is seen.
const DEADLINE: Duration = Duration::from_secs(8);

/// How the issuer answers.
#[derive(Clone)]
enum Answer {
    Keys(Vec<Value>),
    Text(String),
    Status(StatusCode),
    Redirect,
    Never,
}

/// An issuer on a port of its own; dropped, it stops.
struct Issuer {
    address: String,
    answer: Arc<Mutex<Answer>>,
    asked: Arc<AtomicUsize>,
    _stop: DropGuard,
}

impl Issuer {
    async fn start(answer: Answer) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let (answer, asked) = (Arc::new(Mutex::new(answer)), Arc::new(AtomicUsize::new(0)));
        let stop = CancellationToken::new();
        let (shared, count, stopped) = (Arc::clone(&answer), Arc::clone(&asked), stop.clone());
        let respond = move || {
            count.fetch_add(1, Ordering::SeqCst);
            let answer = shared.lock().clone();
            respond(answer)
        };
        let moved = json!({ "keys": [public(Algorithm::RS256, "rsa")] }).to_string();
        let router = Router::new().route("/jwks.json", get(respond)).route("/moved", get(async || moved));
        tokio::spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                served = async { axum::serve(listener, router).await } => served.unwrap(),
            }
        });
        Self { address, answer, asked, _stop: stop.drop_guard() }
    }

    fn now_answers(&self, answer: Answer) {
        *self.answer.lock() = answer;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn respond(answer: Answer) -> Response {
    match answer {
        Answer::Keys(keys) => json!({ "keys": keys }).to_string().into_response(),
        Answer::Text(text) => text.into_response(),
        Answer::Status(status) => status.into_response(),
        Answer::Redirect => Redirect::temporary("/moved").into_response(),
        Answer::Never => std::future::pending().await,
    }
}

/// The public half of a test key as a JWK with that `kid`.
fn public(algorithm: Algorithm, kid: &str) -> Value {
    public_of(&private_key(algorithm), algorithm, kid)
}

fn public_of(key: &EncodingKey, algorithm: Algorithm, kid: &str) -> Value {
    let jwk = serde_json::to_value(Jwk::from_encoding_key(key, algorithm).unwrap()).unwrap();
    with(jwk, json!({ "kid": kid, "use": "sig" }))
}

fn quick() -> Pace {
    Pace { retry: Duration::from_millis(5), timeout: Duration::from_secs(5), ..Pace::new(Duration::from_secs(600)) }
}

/// A gateway that gets its keys from an issuer; dropped, it stops asking.
struct Gateway {
    authenticator: Authenticator,
    health: Health,
    _stop: DropGuard,
}

impl Gateway {
    async fn start(address: &str, pace: Pace) -> Self {
        let config = AuthConfig { jwks_url: Some(address.to_owned()), ..AuthConfig::default() };
        let authenticator = Authenticator::with_pace(&config, Path::new("/nonexistent"), pace).unwrap();
        let health = Health::default();
        let stop = CancellationToken::new();
        authenticator.start(Some(health.required("auth.jwks")), stop.clone()).await;
        Self { authenticator, health, _stop: stop.drop_guard() }
    }

    async fn verify(&self, token: &str) -> Result<Principal, AuthError> {
        self.authenticator.verify(token, at(NOW)).await
    }

    async fn until(&self, reached: impl FnMut(&State) -> bool) {
        let mut state = self.authenticator.jwks().watch();
        tokio::time::timeout(DEADLINE, state.wait_for(reached)).await.expect("in time").unwrap();
    }
}

fn token(algorithm: Algorithm, kid: &str) -> String {
    sign(algorithm, &private_key(algorithm), Some(kid), &good_claims())
}

#[tokio::test]
async fn keys_of_every_public_kind_are_taken_from_the_issuer() {
    let kinds = [Algorithm::RS256, Algorithm::PS512, Algorithm::ES256, Algorithm::ES384, Algorithm::EdDSA];
    let keys = kinds.iter().map(|kind| public(*kind, &format!("{kind:?}"))).collect();
    let issuer = Issuer::start(Answer::Keys(keys)).await;
    let gateway = Gateway::start(&issuer.address, quick()).await;
    assert!(gateway.health.is_ready());
    for kind in kinds {
        assert_eq!(gateway.verify(&token(kind, &format!("{kind:?}"))).await.unwrap().user, "ana", "{kind:?}");
        let without_kid = sign(kind, &private_key(kind), None, &good_claims());
        assert!(gateway.verify(&without_kid).await.is_ok(), "{kind:?}");
    }
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn a_rotated_key_is_fetched_once_for_all_who_wait_for_it() {
    let issuer = Issuer::start(Answer::Keys(vec![public(Algorithm::RS256, "old")])).await;
    let gateway = Gateway::start(&issuer.address, quick()).await;
    assert!(gateway.verify(&token(Algorithm::RS256, "old")).await.is_ok());

    let new = public_of(&other_rsa_key(), Algorithm::RS256, "new");
    issuer.now_answers(Answer::Keys(vec![new]));
    let token_of_new = sign(Algorithm::RS256, &other_rsa_key(), Some("new"), &good_claims());
    let results = join_all((0..50).map(|_| gateway.verify(&token_of_new))).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(issuer.asked(), 2);
    let err = gateway.verify(&token(Algorithm::RS256, "old")).await.unwrap_err();
    assert_eq!(err, AuthError::UnknownKey("old".to_owned()), "a key that is gone signs nothing");
}

#[tokio::test]
async fn unknown_kids_do_not_make_the_gateway_flood_the_issuer() {
    let issuer = Issuer::start(Answer::Keys(vec![public(Algorithm::RS256, "main")])).await;
    let gateway = Gateway::start(&issuer.address, quick()).await;
    for number in 0..20 {
        let kid = format!("made-up-{number}");
        let err = gateway.verify(&token(Algorithm::RS256, &kid)).await.unwrap_err();
        assert_eq!(err, AuthError::UnknownKey(kid));
    }
    assert_eq!(issuer.asked(), 2, "one at the start, one for all of them");
}

#[tokio::test]
async fn a_key_used_the_wrong_way_is_refused_without_asking_the_issuer() {
    let issuer = Issuer::start(Answer::Keys(vec![public(Algorithm::RS256, "main")])).await;
    let gateway = Gateway::start(&issuer.address, quick()).await;
    let secret = EncodingKey::from_secret(&std::fs::read(key_path("rsa.pub")).unwrap());
    let confused = sign(Algorithm::HS256, &secret, Some("main"), &good_claims());
    assert!(matches!(gateway.verify(&confused).await, Err(AuthError::WrongAlgorithm { .. })));
    let confused = sign(Algorithm::HS256, &secret, Some("other"), &good_claims());
    assert!(matches!(gateway.verify(&confused).await, Err(AuthError::UnknownKey(_))));
    let forged = sign(Algorithm::RS256, &other_rsa_key(), Some("main"), &good_claims());
    assert_eq!(gateway.verify(&forged).await.unwrap_err(), AuthError::Signature);
    let other_padding = token(Algorithm::PS256, "main");
    assert!(matches!(gateway.verify(&other_padding).await, Err(AuthError::WrongAlgorithm { .. })));
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn symmetric_keys_from_an_issuer_are_refused() {
    let secret =
        serde_json::to_value(Jwk::from_encoding_key(&private_key(Algorithm::HS256), Algorithm::HS256).unwrap());
    let secret = with(secret.unwrap(), json!({ "kid": "shared" }));
    let issuer = Issuer::start(Answer::Keys(vec![secret, public(Algorithm::RS256, "main")])).await;
    let gateway = Gateway::start(&issuer.address, quick()).await;
    let err = gateway.verify(&token(Algorithm::HS256, "shared")).await.unwrap_err();
    assert_eq!(err, AuthError::UnknownKey("shared".to_owned()));
}

#[tokio::test]
async fn an_issuer_that_is_away_at_start_is_asked_until_it_answers() {
    let issuer = Issuer::start(Answer::Status(StatusCode::SERVICE_UNAVAILABLE)).await;
    let gateway = Gateway::start(&issuer.address, quick()).await;
    let err = gateway.verify(&token(Algorithm::RS256, "main")).await.unwrap_err();
    assert_eq!(err, AuthError::KeysUnavailable);
    assert!(err.is_temporary());
    let part = gateway.health.parts()["auth.jwks"].clone();
    assert!(!part.ready && part.detail.contains("503"), "{part:?}");

    issuer.now_answers(Answer::Keys(vec![public(Algorithm::RS256, "main")]));
    gateway.until(|state| state.keys.is_some()).await;
    assert!(gateway.verify(&token(Algorithm::RS256, "main")).await.is_ok());
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_told_without_the_address() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/secret-path", listener.local_addr().unwrap());
    drop(listener);
    let gateway = Gateway::start(&address, quick()).await;
    let err = gateway.verify(&token(Algorithm::RS256, "main")).await.unwrap_err();
    assert_eq!(err, AuthError::KeysUnavailable);
    assert!(!format!("{:?}", gateway.health.parts()).contains("secret-path"));
}

#[tokio::test]
async fn what_was_fetched_before_is_used_while_the_issuer_fails() {
    let issuer = Issuer::start(Answer::Keys(vec![public(Algorithm::RS256, "main")])).await;
    let pace = Pace { refresh: Duration::from_millis(5), ..quick() };
    let gateway = Gateway::start(&issuer.address, pace).await;
    let failures = [
        Answer::Status(StatusCode::INTERNAL_SERVER_ERROR),
        Answer::Text("<html>".to_owned()),
        Answer::Text(format!("{}{}", json!({ "keys": [public(Algorithm::RS256, "large")] }), " ".repeat(1024 * 1024))),
        Answer::Keys(vec![]),
        Answer::Redirect,
    ];
    for failure in failures {
        issuer.now_answers(failure);
        gateway.until(|state| state.failures > 0).await;
        assert!(gateway.verify(&token(Algorithm::RS256, "main")).await.is_ok());
        assert!(gateway.health.is_ready(), "a gateway that can check tokens is ready");
        let err = gateway.verify(&token(Algorithm::RS256, "rsa")).await.unwrap_err();
        assert_eq!(err, AuthError::KeysUnavailable, "it cannot say whether that key exists");
        issuer.now_answers(Answer::Keys(vec![public(Algorithm::RS256, "main")]));
        gateway.until(|state| state.failures == 0).await;
    }
}

#[tokio::test]
async fn an_issuer_that_never_answers_does_not_hold_a_client_for_ever() {
    let issuer = Issuer::start(Answer::Never).await;
    let pace = Pace { timeout: Duration::from_millis(50), ..quick() };
    let gateway = Gateway::start(&issuer.address, pace).await;
    let main = token(Algorithm::RS256, "main");
    let verified = tokio::time::timeout(DEADLINE, gateway.verify(&main)).await.expect("in time");
    assert_eq!(verified.unwrap_err(), AuthError::KeysUnavailable);
}

#[tokio::test]
async fn before_the_start_and_after_the_end_nobody_waits_for_a_fetch() {
    let issuer = Issuer::start(Answer::Keys(vec![public(Algorithm::RS256, "main")])).await;
    let config = AuthConfig { jwks_url: Some(issuer.address.clone()), ..AuthConfig::default() };
    let authenticator = Authenticator::new(&config, Path::new("/nonexistent")).unwrap();
    let main = token(Algorithm::RS256, "main");
    assert_eq!(authenticator.verify(&main, at(NOW)).await.unwrap_err(), AuthError::KeysUnavailable);

    let stop = CancellationToken::new();
    authenticator.start(None, stop.clone()).await;
    assert!(authenticator.verify(&main, at(NOW)).await.is_ok());
    stop.cancel();
    let other = token(Algorithm::RS256, "other");
    let verified = tokio::time::timeout(DEADLINE, authenticator.verify(&other, at(NOW))).await.expect("in time");
    assert_eq!(verified.unwrap_err(), AuthError::UnknownKey("other".to_owned()));
    assert_eq!(issuer.asked(), 1);
}
