//! Turns a token into a principal, with the keys of the config, of the issuer and of development.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jsonwebtoken::{AlgorithmFamily, EncodingKey};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::development::DevelopmentKey;
use super::jwks::{Jwks, Pace};
use super::keys::{self, Key, Verdict};
use super::token::{Expected, Token};
use super::{AuthError, Principal, Tickets};
use crate::config::{AuthConfig, Problem};
use crate::health::Part;

const REFRESH_MIN: Duration = Duration::from_secs(10);
const LEEWAY_MAX: Duration = Duration::from_secs(600);

/// Checks tokens. Cheap to clone; every clone is the same.
#[derive(Clone, Debug)]
pub struct Authenticator {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    keys: Vec<Key>,
    jwks: Option<Arc<Jwks>>,
    expected: Expected,
    development: Option<DevelopmentKey>,
}

/// Every problem of `[auth]`, without making or fetching anything.
pub fn check(config: &AuthConfig) -> Vec<Problem> {
    let mut problems = Vec::new();
    load(config, &mut problems);
    problems
}

/// The keys that the config holds and the address of those that it does not.
fn load(config: &AuthConfig, problems: &mut Vec<Problem>) -> (Vec<Key>, Option<Url>) {
    let mut problem = |key: &str, value: String, message: &str| {
        problems.push(Problem { key: key.to_owned(), value, message: message.to_owned() });
    };
    for (key, value) in [("auth.issuer", &config.issuer), ("auth.audience", &config.audience)] {
        if value.as_ref().is_some_and(String::is_empty) {
            problem(key, String::new(), "an empty text would let no token in; leave the key out to not check it");
        }
    }
    if config.jwks_refresh < REFRESH_MIN {
        problem("auth.jwks_refresh", format!("{:?}", config.jwks_refresh), "it is at least `10s`");
    }
    if config.leeway > LEEWAY_MAX {
        problem(
            "auth.leeway",
            format!("{:?}", config.leeway),
            "it is at most `10m`: clocks that differ more are wrong",
        );
    }
    let address = config.jwks_url.as_ref().and_then(|text| {
        jwks_address(text).map_err(|message| problem("auth.jwks_url", "(hidden)".to_owned(), message)).ok()
    });
    (keys::load(&config.keys, problems), address)
}

/// The text itself is not repeated in a problem: it may hold a password.
fn jwks_address(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "this is no URL; write `https://issuer.example.com/…/jwks.json`")?;
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
        return Err("the URL begins with `https://` (or `http://` inside a network that is trusted) and names a host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the URL holds a user or password; keys are public, so none is needed");
    }
    Ok(url)
}

impl Authenticator {
    /// Loads the keys of the config. With `auth.development` its key is made if there is none.
    ///
    /// # Errors
    /// All problems of `[auth]` together.
    pub fn new(config: &AuthConfig, data_dir: &Path) -> Result<Self, Vec<Problem>> {
        Self::with_pace(config, data_dir, Pace::new(config.jwks_refresh))
    }

    pub(super) fn with_pace(config: &AuthConfig, data_dir: &Path, pace: Pace) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let (mut keys, address) = load(config, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        let problem = |key: &str, value: &str, message: String| {
            vec![Problem { key: key.to_owned(), value: value.to_owned(), message }]
        };
        let jwks = address
            .map(|address| Jwks::new(address, pace).map(Arc::new))
            .transpose()
            .map_err(|err| problem("auth.jwks_url", "(hidden)", format!("no HTTPS client can be made: {err}")))?;
        let development = config
            .development
            .then(|| DevelopmentKey::open(config, data_dir))
            .transpose()
            .map_err(|err| problem("auth.development", "true", format!("the key cannot be read or made: {err}")))?;
        keys.extend(development.as_ref().map(DevelopmentKey::key));
        let expected =
            Expected { issuer: config.issuer.clone(), audience: config.audience.clone(), leeway: config.leeway };
        Ok(Self { inner: Arc::new(Inner { keys, jwks, expected, development }) })
    }

    /// Fetches the issuer's keys, waiting for the first answer (a few seconds at most), and keeps them fresh in the
    /// background until shutdown. `part` tells whether tokens can be checked.
    pub async fn start(&self, part: Option<Part>, shutdown: CancellationToken) {
        if self.has_no_keys() {
            tracing::warn!("nobody can sign in: `[auth]` has no keys, no `jwks_url` and no `development = true`");
        }
        match (&self.inner.jwks, part) {
            (Some(jwks), part) => Arc::clone(jwks).start(part, shutdown).await,
            (None, Some(part)) => part.up(),
            (None, None) => {}
        }
    }

    /// Whose token it is. May wait a few seconds for the issuer's keys, when the token names one that is not known.
    ///
    /// # Errors
    /// What is wrong with the token; [`AuthError::KeysUnavailable`] where that cannot be said.
    pub async fn verify(&self, token: &str, now: SystemTime) -> Result<Principal, AuthError> {
        if self.has_no_keys() {
            return Err(AuthError::NoKeys);
        }
        let token = Token::parse(token)?;
        let mut verdict = self.judge(&token);
        // A JWKS gives no shared secrets, so fetching it cannot help a token that needs one.
        let jwks = self.inner.jwks.as_ref().filter(|_| token.algorithm.family() != AlgorithmFamily::Hmac);
        if let (Verdict::Unknown(_), Some(jwks)) = (&verdict, jwks) {
            jwks.refetch().await;
            verdict = self.judge(&token);
        }
        match (verdict, jwks) {
            (Verdict::Verified, _) => self.inner.expected.check(token.claims()?, now),
            (Verdict::Unknown(_), Some(jwks)) if jwks.state().failures > 0 || jwks.state().keys.is_none() => {
                Err(AuthError::KeysUnavailable)
            }
            (Verdict::Unknown(err) | Verdict::Refused(err), _) => Err(err),
        }
    }

    fn judge(&self, token: &Token<'_>) -> Verdict {
        let fetched = self.inner.jwks.as_ref().and_then(|jwks| jwks.state().keys);
        keys::judge(self.inner.keys.iter().chain(fetched.iter().flat_map(|keys| keys.iter())), token)
    }

    fn has_no_keys(&self) -> bool {
        self.inner.keys.is_empty() && self.inner.jwks.is_none()
    }

    /// How long after its `exp` a token is still good.
    pub fn leeway(&self) -> Duration {
        self.inner.expected.leeway
    }

    /// Whether it signs tokens of its own, for trying out.
    pub fn is_development(&self) -> bool {
        self.inner.development.is_some()
    }

    /// Signs a token for trying out.
    ///
    /// # Errors
    /// The gateway is not a development one, or the token would be refused.
    pub fn sign_development(
        &self,
        user: &str,
        claims: Map<String, Value>,
        lifetime: Duration,
    ) -> Result<String, AuthError> {
        self.inner.development.as_ref().ok_or(AuthError::NotDevelopment)?.sign(user, claims, lifetime)
    }

    /// Tickets that every node with the same first shared secret in `[[auth.keys]]` (or the same development key)
    /// takes; with public keys alone only this node does.
    pub fn tickets(&self) -> Tickets {
        match self.inner.keys.iter().find_map(Key::shared_secret) {
            Some(secret) => Tickets::derived(&EncodingKey::from_secret(secret)),
            None => Tickets::new(),
        }
    }

    #[cfg(test)]
    pub(super) fn jwks(&self) -> &Jwks {
        self.inner.jwks.as_ref().expect("the test has configured one")
    }
}
