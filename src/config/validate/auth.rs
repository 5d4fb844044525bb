//! `[auth]`: keys that can be used, each in one place.

use std::io;
use std::path::Path;
use std::time::Duration;

use secrecy::ExposeSecret;
use url::Url;

use super::Findings;
use crate::config::problem::{Problem, text};
use crate::config::units::show_duration;
use crate::config::{Algorithm, AuthConfig, KeyConfig};

/// The least that an HS key may have (RFC 7518, section 3.2, for HS256).
const SECRET_OCTETS_MIN: usize = 32;

/// The secret that `sluice.example.toml` shows, and that everybody knows.
const SECRET_OF_THE_EXAMPLE: &str = "replace this by random octets, 32 or more";

/// A file with more is no key.
const KEY_FILE_BYTES_MAX: u64 = 64 * 1024;

/// A JWKS that is read more often than this is an attack on its issuer.
const JWKS_REFRESH_MIN: Duration = Duration::from_secs(10);

pub(super) fn check(auth: &AuthConfig, findings: &mut Findings) {
    findings.not_empty("auth.issuer", auth.issuer.as_deref());
    findings.not_empty("auth.audience", auth.audience.as_deref());
    if let Some(url) = &auth.jwks_url {
        let http = Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if url.contains('@') {
            findings.add("auth.jwks_url", "…", "may hold no password; a JWKS is public");
        } else if !http {
            findings.add("auth.jwks_url", text(url), "must be an address that begins with https:// or http://");
        }
    }
    if auth.jwks_refresh < JWKS_REFRESH_MIN {
        let message = format!("must be at least {}", show_duration(JWKS_REFRESH_MIN));
        findings.add("auth.jwks_refresh", text(&show_duration(auth.jwks_refresh)), message);
    }
    for (index, key) in auth.keys.iter().enumerate() {
        check_key(&format!("auth.keys[{index}]"), key, findings);
    }
}

fn check_key(at: &str, key: &KeyConfig, findings: &mut Findings) {
    let (secret, secret_file, public) =
        (format!("{at}.secret"), format!("{at}.secret_file"), format!("{at}.public_key_file"));
    findings.not_empty(&format!("{at}.id"), key.id.as_deref());
    let given = [key.secret.is_some(), key.secret_file.is_some(), key.public_key_file.is_some()];
    if given.iter().filter(|given| **given).count() != 1 {
        let right = if key.algorithm.is_shared() { "`secret` or `secret_file`" } else { "`public_key_file`" };
        let few = given.contains(&true);
        let message = format!("has {} key; write one of {right}", if few { "more than one" } else { "no" });
        findings.add_beside(Problem::new(at, "", message), &[&secret, &secret_file, &public]);
        return;
    }
    let name = format!("{:?}", key.algorithm);
    if let (Some(file), true) = (&key.public_key_file, key.algorithm.is_shared()) {
        let message = format!("an {name} key is a shared secret; write `secret` or `secret_file`");
        findings.add(public, text(&file.display().to_string()), message);
    } else if let (false, Some((at, shown))) = (key.algorithm.is_shared(), shared(key, &secret, &secret_file)) {
        findings.add(at, shown, format!("an {name} key is a public key; write `public_key_file`"));
    } else if let Some(held) = &key.secret {
        if let Some(message) = secret_fault(held.expose_secret().as_bytes()) {
            findings.add(secret, "…", message);
        }
    } else if let Some(file) = &key.secret_file {
        let fault = match read(file) {
            Ok(held) => secret_fault(trimmed(&held)),
            Err(err) => Some(format!("cannot be read: {err}")),
        };
        if let Some(message) = fault {
            findings.add(secret_file, text(&file.display().to_string()), message);
        }
    } else if let Some(file) = &key.public_key_file
        && let Some(message) = public_key_fault(file)
    {
        findings.add(public, text(&file.display().to_string()), message);
    }
}

/// The place and the look of the shared secret that a key has.
fn shared(key: &KeyConfig, secret: &str, secret_file: &str) -> Option<(String, String)> {
    match (&key.secret, &key.secret_file) {
        (Some(_), _) => Some((secret.to_owned(), "…".to_owned())),
        (None, Some(file)) => Some((secret_file.to_owned(), text(&file.display().to_string()))),
        (None, None) => None,
    }
}

fn secret_fault(secret: &[u8]) -> Option<String> {
    let octets = secret.len();
    if secret == SECRET_OF_THE_EXAMPLE.as_bytes() {
        return Some(format!("is the example's; draw {SECRET_OCTETS_MIN} octets at random"));
    }
    (octets < SECRET_OCTETS_MIN)
        .then(|| format!("is {octets} octets long; a secret has at least {SECRET_OCTETS_MIN}, drawn at random"))
}

/// Editors end a file with a newline that is no part of the secret.
fn trimmed(held: &[u8]) -> &[u8] {
    let newlines = held.iter().rev().take_while(|octet| matches!(octet, b'\r' | b'\n')).count();
    &held[..held.len() - newlines]
}

fn public_key_fault(file: &Path) -> Option<String> {
    let held = match read(file) {
        Ok(held) => held,
        Err(err) => return Some(format!("cannot be read: {err}")),
    };
    let held = String::from_utf8_lossy(&held);
    if held.contains("PRIVATE KEY-----") {
        return Some("holds a private key; the gateway wants the public one alone".to_owned());
    }
    (!held.contains("-----BEGIN ")).then(|| "is not PEM; it begins with `-----BEGIN PUBLIC KEY-----`".to_owned())
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    if std::fs::metadata(file)?.len() > KEY_FILE_BYTES_MAX {
        return Err(io::Error::other("it is too large to be a key"));
    }
    std::fs::read(file)
}

impl Algorithm {
    /// Whether signing and verifying take the same, secret key.
    pub const fn is_shared(self) -> bool {
        matches!(self, Self::HS256 | Self::HS384 | Self::HS512)
    }
}
