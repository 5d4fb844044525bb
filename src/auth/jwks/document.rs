//! Reads a JWKS document: the keys in it that tokens may be signed with, and nothing else.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::super::keys::Key;

/// The most keys that one document may hold; further ones are left out.
const KEYS_MAX: usize = 64;

/// Why a document gives no keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum DocumentError {
    #[error("it is no JSON object with a list `keys`")]
    NoJwks,
    #[error("none of its {0} keys can be used to check signatures")]
    NoKeys(usize),
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

/// One JWK (RFC 7517), as far as it is looked at.
#[derive(Deserialize)]
struct Entry {
    kty: String,
    #[serde(default, rename = "use")]
    usage: Option<String>,
    #[serde(default)]
    key_ops: Option<Vec<String>>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
}

/// The usable keys of a document. Others are passed over, so that an issuer's novelty does not shut everybody out.
pub(super) fn parse(json: &[u8]) -> Result<Vec<Key>, DocumentError> {
    let document: Document = serde_json::from_slice(json).map_err(|_| DocumentError::NoJwks)?;
    let found = document.keys.len();
    let keys: Vec<Key> = document.keys.into_iter().filter_map(usable).take(KEYS_MAX).collect();
    if keys.is_empty() { Err(DocumentError::NoKeys(found)) } else { Ok(keys) }
}

fn usable(value: Value) -> Option<Key> {
    let entry: Entry = serde_json::from_value(value).ok()?;
    let checks = entry.usage.as_deref().is_none_or(|usage| usage == "sig")
        && entry.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|operation| operation == "verify"));
    if !checks {
        return None;
    }
    let algorithm = algorithm(&entry)?;
    let material = material(&entry)?;
    Some(Key { id: entry.kid, algorithm, material })
}

/// The one algorithm of a key: its `alg` where that fits its type, else what its type is for. Symmetric keys have no
/// place in a public document: whoever can read it could sign.
fn algorithm(entry: &Entry) -> Option<Algorithm> {
    let said = entry.alg.as_deref();
    match (entry.kty.as_str(), entry.crv.as_deref()) {
        // OpenID Connect Core, section 15.1: RS256 is what every issuer has.
        ("RSA", _) => match said.unwrap_or("RS256") {
            "RS256" => Some(Algorithm::RS256),
            "RS384" => Some(Algorithm::RS384),
            "RS512" => Some(Algorithm::RS512),
            "PS256" => Some(Algorithm::PS256),
            "PS384" => Some(Algorithm::PS384),
            "PS512" => Some(Algorithm::PS512),
            _ => None,
        },
        ("EC", Some("P-256")) => said.is_none_or(|alg| alg == "ES256").then_some(Algorithm::ES256),
        ("EC", Some("P-384")) => said.is_none_or(|alg| alg == "ES384").then_some(Algorithm::ES384),
        ("OKP", Some("Ed25519")) => {
            said.is_none_or(|alg| matches!(alg, "EdDSA" | "Ed25519")).then_some(Algorithm::EdDSA)
        }
        _ => None,
    }
}

fn material(entry: &Entry) -> Option<DecodingKey> {
    let octets = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
    match entry.kty.as_str() {
        "RSA" => Some(DecodingKey::from_rsa_raw_components(&octets(&entry.n)?, &octets(&entry.e)?)),
        "EC" => {
            let size = if entry.crv.as_deref() == Some("P-384") { 48 } else { 32 };
            let (x, y) = (octets(&entry.x)?, octets(&entry.y)?);
            // An uncompressed point: SEC 1, section 2.3.3.
            (x.len() == size && y.len() == size).then(|| DecodingKey::from_ec_der(&[&[4], &x[..], &y[..]].concat()))
        }
        _ => octets(&entry.x).filter(|x| x.len() == 32).map(|x| DecodingKey::from_ed_der(&x)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(key: Value, expected: Option<Algorithm>) {
        let document = json!({ "keys": [key] }).to_string();
        let found = parse(document.as_bytes()).ok().map(|keys| keys[0].algorithm);
        assert_eq!(found, expected, "{document}");
    }

    fn octets(size: usize) -> String {
        URL_SAFE_NO_PAD.encode(vec![7; size])
    }

    #[test]
    fn type_use_and_algorithm_are_honoured() {
        let rsa = |more: Value| {
            let mut key = json!({ "kty": "RSA", "n": octets(256), "e": "AQAB" });
            key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            key
        };
        check(rsa(json!({})), Some(Algorithm::RS256));
        check(rsa(json!({ "alg": "PS384", "use": "sig", "key_ops": ["verify"] })), Some(Algorithm::PS384));
        check(rsa(json!({ "use": "enc" })), None);
        check(rsa(json!({ "key_ops": ["encrypt"] })), None);
        check(rsa(json!({ "alg": "RSA-OAEP" })), None);
        check(rsa(json!({ "alg": "HS256" })), None);
        check(rsa(json!({ "alg": "none" })), None);
        check(json!({ "kty": "EC", "crv": "P-256", "x": octets(32), "y": octets(32) }), Some(Algorithm::ES256));
        check(json!({ "kty": "EC", "crv": "P-384", "x": octets(48), "y": octets(48) }), Some(Algorithm::ES384));
        check(json!({ "kty": "EC", "crv": "P-384", "x": octets(32), "y": octets(32) }), None);
        check(json!({ "kty": "EC", "crv": "P-256", "alg": "ES384", "x": octets(32), "y": octets(32) }), None);
        check(json!({ "kty": "EC", "crv": "secp256k1", "x": octets(32), "y": octets(32) }), None);
        check(json!({ "kty": "OKP", "crv": "Ed25519", "x": octets(32) }), Some(Algorithm::EdDSA));
        check(json!({ "kty": "OKP", "crv": "X25519", "x": octets(32) }), None);
        check(json!({ "kty": "oct", "alg": "HS256", "k": octets(64) }), None);
    }

    #[test]
    fn one_odd_key_does_not_spoil_the_others() {
        let good = json!({ "kty": "OKP", "crv": "Ed25519", "x": octets(32), "kid": "good" });
        let document = json!({ "keys": [7, { "kty": "new" }, { "kty": "RSA", "n": "%" }, good] }).to_string();
        let keys = parse(document.as_bytes()).unwrap();
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0].id.as_deref(), Some("good"));
    }

    #[test]
    fn the_number_of_keys_is_bounded() {
        let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": octets(32) });
        let document = json!({ "keys": vec![key; KEYS_MAX + 1] }).to_string();
        assert_eq!(parse(document.as_bytes()).unwrap().len(), KEYS_MAX);
    }

    #[test]
    fn what_is_no_jwks() {
        assert!(matches!(parse(b"<html>"), Err(DocumentError::NoJwks)));
        assert!(matches!(parse(b"{}"), Err(DocumentError::NoJwks)));
        assert!(matches!(parse(br#"{"keys":[]}"#), Err(DocumentError::NoKeys(0))));
    }
}
