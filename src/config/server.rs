//! `[server]`: the public listener.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::units;

/// `[server]`: the public listener.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ServerConfig {
    /// Address and port to listen on.
    #[serde(deserialize_with = "units::address")]
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// Origins whose pages may connect, as `https://app.example.com`; the page's own origin always may. A request without
    /// an Origin (no browser) is allowed, one with another is answered 403 before the upgrade.
    pub allowed_origins: Vec<String>,
    /// This node's name in dead letters, logs and the `server` header. Empty: the host's name and the process id.
    pub node: String,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([0, 0, 0, 0], 8080)), allowed_origins: Vec::new(), node: String::new() }
    }
}
