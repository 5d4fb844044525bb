//! The gateway that is measured: where it is, and tokens that it believes.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Map, Value};
use url::Url;

use super::args::TargetArguments;
use crate::auth;
use crate::config::AuthConfig;

/// No run lasts longer, with its warm-up.
const TOKEN_LIFETIME: Duration = Duration::from_secs(3 * 3_600);

/// A running gateway.
#[derive(Debug)]
pub(super) struct Target {
    /// Where it is.
    pub(super) address: SocketAddr,
    /// Its name as the URL has it.
    pub(super) host: String,
    key: Key,
    auth: AuthConfig,
    /// The token to publish with, if one was given.
    token: Option<String>,
}

/// What signs tokens.
#[derive(Debug)]
enum Key {
    Secret(String),
    Development(PathBuf),
}

impl Target {
    /// Finds the gateway. Only this machine's own addresses are taken unless others are allowed.
    pub(super) async fn find(arguments: &TargetArguments) -> anyhow::Result<Self> {
        let (host, port) = host_and_port(&arguments.url)?;
        let found = tokio::net::lookup_host((host.trim_matches(['[', ']']), port)).await;
        let addresses: Vec<SocketAddr> = found.with_context(|| format!("--url {}", arguments.url))?.collect();
        if !arguments.allow_remote
            && let Some(remote) = addresses.iter().find(|address| !address.ip().is_loopback())
        {
            bail!("--url {}: {} is not on this machine; --allow-remote allows it", arguments.url, remote.ip());
        }
        let Some(&address) = addresses.first() else { bail!("--url {}: the name has no address", arguments.url) };
        let key = match &arguments.secret {
            Some(secret) => Key::Secret(secret.clone()),
            None => development_key(arguments)?,
        };
        let auth = AuthConfig {
            development: true,
            issuer: arguments.issuer.clone(),
            audience: arguments.audience.clone(),
            ..AuthConfig::default()
        };
        Ok(Self { address, host, key, auth, token: arguments.token.clone() })
    }

    /// The URL of a path, for HTTP.
    pub(super) fn http(&self, path: &str) -> String {
        format!("http://{}:{}{path}", self.host, self.address.port())
    }

    /// The URL of the WebSocket.
    pub(super) fn websocket(&self) -> String {
        format!("ws://{}:{}/ws", self.host, self.address.port())
    }

    /// A token for a user.
    pub(super) fn user_token(&self, user: &str) -> anyhow::Result<String> {
        self.sign(user, Map::new())
    }

    /// A token that may publish.
    pub(super) fn publisher_token(&self) -> anyhow::Result<String> {
        match &self.token {
            Some(token) => Ok(token.clone()),
            None => self.sign("bench-publisher", Map::from_iter([("scope".to_owned(), "publish".into())])),
        }
    }

    fn sign(&self, user: &str, mut claims: Map<String, Value>) -> anyhow::Result<String> {
        let secret = match &self.key {
            Key::Secret(secret) => secret,
            Key::Development(data) => {
                return Ok(auth::sign_development(&self.auth, data, user, claims, TOKEN_LIFETIME)?);
            }
        };
        let ends = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + TOKEN_LIFETIME;
        claims.insert("sub".to_owned(), user.into());
        claims.insert("exp".to_owned(), ends.as_secs().into());
        for (name, value) in [("iss", &self.auth.issuer), ("aud", &self.auth.audience)] {
            claims.extend(value.as_ref().map(|value| (name.to_owned(), value.as_str().into())));
        }
        Ok(encode(&Header::default(), &claims, &EncodingKey::from_secret(secret.as_bytes()))?)
    }
}

fn host_and_port(url: &Url) -> anyhow::Result<(String, u16)> {
    match (url.scheme(), url.host_str(), url.port_or_known_default(), url.path()) {
        ("http", Some(host), Some(port), "/") => Ok((host.to_owned(), port)),
        _ => bail!("--url {url}: write it as http://127.0.0.1:8080, without TLS and without a path"),
    }
}

/// The key must be there: one that is made now is not the one that the gateway has read.
fn development_key(arguments: &TargetArguments) -> anyhow::Result<Key> {
    let file = auth::development_key_file(&arguments.data);
    if !file.exists() {
        bail!(
            "{} does not exist: name the gateway's data directory (--data DIR), or the HS256 secret that it checks \
             tokens with (--secret)",
            file.display()
        );
    }
    Ok(Key::Development(arguments.data.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn find(url: &str, allow_remote: bool) -> Result<Target, String> {
        let arguments = TargetArguments {
            url: url.parse().unwrap(),
            secret: Some("a secret of the tests, of thirty-two octets or more".to_owned()),
            data: PathBuf::new(),
            token: None,
            issuer: Some("issuer".to_owned()),
            audience: None,
            allow_remote,
            pid: None,
            json: None,
        };
        Target::find(&arguments).await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn only_this_machine_is_measured_unless_others_are_allowed() {
        assert_eq!(find("http://127.0.0.1:81", false).await.unwrap().http("/x"), "http://127.0.0.1:81/x");
        assert_eq!(find("http://[::1]:81/", false).await.unwrap().websocket(), "ws://[::1]:81/ws");
        assert!(find("http://192.0.2.1:81", false).await.unwrap_err().contains("--allow-remote"));
        assert!(find("http://192.0.2.1:81", true).await.is_ok());
    }

    #[tokio::test]
    async fn urls_that_cannot_be_measured_are_refused() {
        for url in ["https://127.0.0.1", "ws://127.0.0.1", "http://127.0.0.1/path"] {
            assert!(find(url, false).await.unwrap_err().contains("http://127.0.0.1:8080"), "{url}");
        }
    }

    #[tokio::test]
    async fn tokens_carry_who_and_what_for() {
        use base64::Engine;
        let target = find("http://127.0.0.1:81", false).await.unwrap();
        let claims = |token: String| -> Value {
            let claims = token.split('.').nth(1).unwrap().to_owned();
            let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap();
            serde_json::from_slice(&claims).unwrap()
        };
        let user = claims(target.user_token("u-1").unwrap());
        assert_eq!((&user["sub"], &user["iss"], &user["scope"]), (&"u-1".into(), &"issuer".into(), &Value::Null));
        assert_eq!(claims(target.publisher_token().unwrap())["scope"], "publish");
    }
}
