//! `[log]`: what the process writes to standard error.

use schemars::JsonSchema;
use serde::Deserialize;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Pretty,
    /// One JSON object a line.
    Json,
}

/// `[log]`: what the process writes to standard error.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LogConfig {
    /// `pretty` or `json`.
    pub format: LogFormat,
    /// What is logged, in `tracing`'s filter language: `info`, `sluice=debug,warn`.
    pub filter: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Pretty, filter: "sluice=info,warn".to_owned() }
    }
}
