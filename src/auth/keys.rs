//! The keys that tokens are checked with, and which of them may speak for a token.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, crypto};
use secrecy::ExposeSecret;

use super::AuthError;
use super::error::shown;
use super::token::Token;
use crate::config::{self, KeyConfig, Problem};

/// The fewest octets of a shared secret.
const SECRET_BYTES_MIN: usize = 32;
/// No key is larger than this.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// The least that RFC 7518, section 3.3 allows; smaller ones verify nothing.
const RSA_BITS_MIN: usize = 2048;

/// One key. Its algorithm is its own; a token can only agree with it.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) material: DecodingKey,
}

impl Key {
    fn verifies(&self, token: &Token<'_>) -> bool {
        self.algorithm == token.algorithm
            && crypto::verify(token.signature, token.message.as_bytes(), &self.material, self.algorithm)
                .unwrap_or(false)
    }

    /// The octets of a shared secret.
    pub(super) fn shared_secret(&self) -> Option<&[u8]> {
        match self.algorithm.family() {
            AlgorithmFamily::Hmac => self.material.try_get_as_bytes().ok(),
            _ => None,
        }
    }
}

/// What the keys say of a token.
#[derive(Debug)]
pub(super) enum Verdict {
    /// One of them signed it.
    Verified,
    /// The key it names did not sign it.
    Refused(AuthError),
    /// None of them signed it, but it may name a key that is not known yet.
    Unknown(AuthError),
}

/// Looks for the key that signed a token. A key with an id speaks for tokens with that `kid` or with none, a key
/// without an id for all.
pub(super) fn judge<'k>(keys: impl Iterator<Item = &'k Key> + Clone, token: &Token<'_>) -> Verdict {
    let named: Vec<&Key> = match &token.key_id {
        Some(_) => keys.clone().filter(|key| key.id == token.key_id).collect(),
        None => Vec::new(),
    };
    let candidates: Vec<&Key> = match &token.key_id {
        Some(_) if named.is_empty() => keys.filter(|key| key.id.is_none()).collect(),
        Some(_) => named.clone(),
        None => keys.collect(),
    };
    if candidates.iter().any(|key| key.verifies(token)) {
        return Verdict::Verified;
    }
    let same_algorithm = candidates.iter().any(|key| key.algorithm == token.algorithm);
    let said = format!("{:?}", token.algorithm);
    match (named.first(), &token.key_id) {
        (Some(_), _) if same_algorithm => Verdict::Refused(AuthError::Signature),
        (Some(key), _) => {
            Verdict::Refused(AuthError::WrongAlgorithm { token: said, key: format!("{:?}", key.algorithm) })
        }
        (None, Some(id)) => Verdict::Unknown(AuthError::UnknownKey(shown(id))),
        (None, None) if same_algorithm => Verdict::Unknown(AuthError::Signature),
        (None, None) => Verdict::Unknown(AuthError::NoKeyFor(said)),
    }
}

/// Reads all keys of the config, and tells every problem with them.
pub(super) fn load(configs: &[KeyConfig], problems: &mut Vec<Problem>) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::with_capacity(configs.len());
    for (index, config) in configs.iter().enumerate() {
        let place = format!("auth.keys[{index}]");
        if config.id.is_some() && keys.iter().any(|key| key.id == config.id) {
            problems.push(Problem {
                key: format!("{place}.id"),
                value: config.id.clone().unwrap_or_default(),
                message: "another key has this id; give each key its own".to_owned(),
            });
        }
        match load_key(config) {
            Ok(key) => keys.push(key),
            Err((member, value, message)) => problems.push(Problem { key: format!("{place}{member}"), value, message }),
        }
    }
    keys
}

/// The member that is wrong, what stands there, and why.
type KeyProblem = (&'static str, String, String);

fn load_key(config: &KeyConfig) -> Result<Key, KeyProblem> {
    let algorithm = algorithm(config.algorithm);
    let shared = algorithm.family() == AlgorithmFamily::Hmac;
    let material = match (&config.secret, &config.secret_file, &config.public_key_file) {
        (Some(secret), None, None) if shared => secret_key(secret.expose_secret().as_bytes())
            .map_err(|message| (".secret", "(hidden)".to_owned(), message))?,
        (None, Some(file), None) if shared => read(file)
            .and_then(|octets| secret_key(without_line_end(&octets)))
            .map_err(|message| (".secret_file", file.display().to_string(), message))?,
        (None, None, Some(file)) if !shared => read(file)
            .and_then(|octets| public_key(&octets, algorithm))
            .map_err(|message| (".public_key_file", file.display().to_string(), message))?,
        _ => {
            let wanted = if shared { "`secret` or `secret_file`" } else { "`public_key_file`" };
            let message = format!("a key for {algorithm:?} has {wanted}, exactly one, and nothing else");
            return Err(("", format!("{algorithm:?}"), message));
        }
    };
    Ok(Key { id: config.id.clone(), algorithm, material })
}

fn secret_key(secret: &[u8]) -> Result<DecodingKey, String> {
    if secret.len() < SECRET_BYTES_MIN {
        return Err(format!("the secret has {} octets; it needs at least {SECRET_BYTES_MIN}", secret.len()));
    }
    Ok(DecodingKey::from_secret(secret))
}

fn public_key(pem: &[u8], algorithm: Algorithm) -> Result<DecodingKey, String> {
    let text = String::from_utf8_lossy(pem);
    if text.contains("PRIVATE KEY-----") {
        return Err("this is a private key; give its public one (`openssl pkey -pubout`)".to_owned());
    }
    if !text.contains("PUBLIC KEY-----") {
        return Err("no public key in PEM (`-----BEGIN PUBLIC KEY-----`) is in the file".to_owned());
    }
    let wrong = |kind: &str| format!("{algorithm:?} needs {kind}, and the file holds none");
    match algorithm.family() {
        AlgorithmFamily::Rsa => {
            let key = DecodingKey::from_rsa_pem(pem).map_err(|_| wrong("an RSA key"))?;
            match rsa_bits(&key) {
                Some(bits) if bits >= RSA_BITS_MIN => Ok(key),
                Some(bits) => Err(format!("the key has {bits} bits; it needs at least {RSA_BITS_MIN}")),
                None => Err(wrong("an RSA key")),
            }
        }
        AlgorithmFamily::Ec => {
            let (curve, kind) = match algorithm {
                Algorithm::ES384 => (EllipticCurve::P384, "a key on the curve P-384"),
                _ => (EllipticCurve::P256, "a key on the curve P-256"),
            };
            let key = DecodingKey::from_ec_pem(pem).map_err(|_| wrong(kind))?;
            if curve_of(&key) == Some(curve) { Ok(key) } else { Err(wrong(kind)) }
        }
        _ => DecodingKey::from_ed_pem(pem).map_err(|_| wrong("an Ed25519 key")),
    }
}

fn rsa_bits(key: &DecodingKey) -> Option<usize> {
    match Jwk::from_decoding_key(key, None).ok()?.algorithm {
        // Six bits to a character of base64, rounded down to whole octets.
        AlgorithmParameters::RSA(rsa) => Some(rsa.n.len() * 6 / 8 * 8),
        _ => None,
    }
}

fn curve_of(key: &DecodingKey) -> Option<EllipticCurve> {
    match Jwk::from_decoding_key(key, None).ok()?.algorithm {
        AlgorithmParameters::EllipticCurve(elliptic) => Some(elliptic.curve),
        _ => None,
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let read = || -> io::Result<Vec<u8>> {
        let mut octets = Vec::new();
        File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut octets)?;
        Ok(octets)
    };
    read().map_err(|err| format!("the file cannot be read: {err}"))
}

/// Editors end a file with a line end that is not part of the secret.
fn without_line_end(octets: &[u8]) -> &[u8] {
    let octets = octets.strip_suffix(b"\n").unwrap_or(octets);
    octets.strip_suffix(b"\r").unwrap_or(octets)
}

const fn algorithm(algorithm: config::Algorithm) -> Algorithm {
    match algorithm {
        config::Algorithm::HS256 => Algorithm::HS256,
        config::Algorithm::HS384 => Algorithm::HS384,
        config::Algorithm::HS512 => Algorithm::HS512,
        config::Algorithm::RS256 => Algorithm::RS256,
        config::Algorithm::RS384 => Algorithm::RS384,
        config::Algorithm::RS512 => Algorithm::RS512,
        config::Algorithm::PS256 => Algorithm::PS256,
        config::Algorithm::PS384 => Algorithm::PS384,
        config::Algorithm::PS512 => Algorithm::PS512,
        config::Algorithm::ES256 => Algorithm::ES256,
        config::Algorithm::ES384 => Algorithm::ES384,
        config::Algorithm::EdDSA => Algorithm::EdDSA,
    }
}
