//! Tokens for trying out, signed by the gateway itself with a key that it keeps in its data directory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde_json::{Map, Value};

use super::keys::Key;
use super::token::TOKEN_BYTES_MAX;
use super::{AuthError, unix_seconds};
use crate::config::AuthConfig;

/// The `kid` of development tokens.
const KEY_ID: &str = "sluice-development";
const SECRET_BYTES: usize = 32;
/// A file that is larger holds something else.
const FILE_BYTES_MAX: u64 = 1024;

/// Where the development key of a gateway is kept.
pub fn development_key_file(data_dir: &Path) -> PathBuf {
    data_dir.join("development.key")
}

/// Signs a token for trying out, as [`super::Authenticator::sign_development`] does, without a gateway. The key is made
/// where there is none yet, so that a gateway started later takes the token too.
///
/// # Errors
/// The config is not a development one, the key cannot be read or made, or the token cannot be made.
pub fn sign_development(
    config: &AuthConfig,
    data_dir: &Path,
    user: &str,
    claims: Map<String, Value>,
    lifetime: Duration,
) -> Result<String, AuthError> {
    if !config.development {
        return Err(AuthError::NotDevelopment);
    }
    DevelopmentKey::open(config, data_dir)
        .map_err(|err| AuthError::DevelopmentKey(err.to_string()))?
        .sign(user, claims, lifetime)
}

/// The key of one data directory, and what its tokens say beside what they are asked to.
pub(super) struct DevelopmentKey {
    secret: [u8; SECRET_BYTES],
    issuer: Option<String>,
    audience: Option<String>,
}

impl std::fmt::Debug for DevelopmentKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DevelopmentKey").finish_non_exhaustive()
    }
}

impl DevelopmentKey {
    /// Reads the key, or makes it.
    pub(super) fn open(config: &AuthConfig, data_dir: &Path) -> io::Result<Self> {
        let path = development_key_file(data_dir);
        let about = |err: io::Error| io::Error::new(err.kind(), format!("{}: {err}", path.display()));
        let secret = match read(&path) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => create(&path).and_then(|()| read(&path)),
            other => other,
        };
        Ok(Self { secret: secret.map_err(about)?, issuer: config.issuer.clone(), audience: config.audience.clone() })
    }

    /// The key as those that check tokens see it.
    pub(super) fn key(&self) -> Key {
        Key {
            id: Some(KEY_ID.to_owned()),
            algorithm: Algorithm::HS256,
            material: DecodingKey::from_secret(&self.secret),
        }
    }

    /// Signs a token that begins now. The user, the times, and the issuer and audience where the config names them
    /// stand over what `claims` say.
    pub(super) fn sign(
        &self,
        user: &str,
        mut claims: Map<String, Value>,
        lifetime: Duration,
    ) -> Result<String, AuthError> {
        if user.is_empty() {
            return Err(AuthError::Unsignable("the user is empty"));
        }
        let now = unix_seconds(SystemTime::now());
        let ends = now.saturating_add(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX));
        claims.insert("sub".to_owned(), user.into());
        claims.insert("iat".to_owned(), now.into());
        claims.insert("exp".to_owned(), ends.into());
        for (name, value) in [("iss", &self.issuer), ("aud", &self.audience)] {
            if let Some(value) = value {
                claims.insert(name.to_owned(), value.as_str().into());
            }
        }
        let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::HS256) };
        let token = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&self.secret))
            .map_err(|_| AuthError::Unsignable("the claims cannot be written as JSON"))?;
        if token.len() > TOKEN_BYTES_MAX {
            return Err(AuthError::TooLong(token.len()));
        }
        Ok(token)
    }
}

fn read(path: &Path) -> io::Result<[u8; SECRET_BYTES]> {
    let file = File::open(path)?;
    warn_if_open_to_others(path, &file)?;
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    URL_SAFE_NO_PAD.decode(text.trim()).ok().and_then(|octets| octets.try_into().ok()).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidData, "this is no development key; remove it to have one made")
    })
}

/// Some mounted file systems know no modes, so this is no reason to stop.
#[cfg(unix)]
fn warn_if_open_to_others(path: &Path, file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "others can read the development key; `chmod 600` closes it");
    }
    Ok(())
}

#[cfg(not(unix))]
fn warn_if_open_to_others(_path: &Path, _file: &File) -> io::Result<()> {
    Ok(())
}

/// Written aside and then linked to its name: whoever finds the file finds all of it, and of two that make it at the
/// same time one wins.
fn create(path: &Path) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let aside = path.with_extension(format!("{}.new", uuid::Uuid::new_v4().simple()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let secret: [u8; SECRET_BYTES] = rand::random();
    let written = options.open(&aside).and_then(|mut file| {
        writeln!(file, "{}", URL_SAFE_NO_PAD.encode(secret))?;
        file.sync_all()?;
        fs::hard_link(&aside, path)
    });
    // It may never have come to be.
    let _ = fs::remove_file(&aside);
    match written {
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> AuthConfig {
        AuthConfig { development: true, ..AuthConfig::default() }
    }

    #[test]
    fn the_key_is_made_once_and_for_its_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        let first = DevelopmentKey::open(&config(), &data).unwrap();
        let second = DevelopmentKey::open(&config(), &data).unwrap();
        assert_eq!(first.secret, second.secret);
        assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "nothing is left beside the key");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(development_key_file(&data)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn those_who_make_it_together_get_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let secrets: Vec<_> = std::thread::scope(|scope| {
            let open = || DevelopmentKey::open(&config(), directory.path()).unwrap().secret;
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(secrets.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn another_file_in_its_place_is_not_taken_for_a_key() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(development_key_file(directory.path()), "short").unwrap();
        let err = DevelopmentKey::open(&config(), directory.path()).unwrap_err().to_string();
        assert!(err.contains("development.key") && err.contains("remove it"), "{err}");
    }

    #[test]
    fn without_development_nothing_is_signed_or_made() {
        let directory = tempfile::tempdir().unwrap();
        let signed =
            sign_development(&AuthConfig::default(), directory.path(), "ana", Map::new(), Duration::from_secs(60));
        assert_eq!(signed, Err(AuthError::NotDevelopment));
        assert!(!development_key_file(directory.path()).exists());
    }

    #[test]
    fn a_token_that_would_be_refused_is_not_signed() {
        let directory = tempfile::tempdir().unwrap();
        let key = DevelopmentKey::open(&config(), directory.path()).unwrap();
        let minute = Duration::from_secs(60);
        assert!(matches!(key.sign("", Map::new(), minute), Err(AuthError::Unsignable(_))));
        let large = Map::from_iter([("text".to_owned(), "x".repeat(TOKEN_BYTES_MAX).into())]);
        assert!(matches!(key.sign("ana", large, minute), Err(AuthError::TooLong(_))));
    }
}
