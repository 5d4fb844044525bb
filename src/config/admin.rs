//! `[admin]`: the operators' listener.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::units;

/// `[admin]`: the operators' listener.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AdminConfig {
    /// Address and port to listen on.
    #[serde(deserialize_with = "units::address")]
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// Claims that an operator's token must have. Empty: the listener stays closed.
    pub claims: BTreeMap<String, String>,
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 9090)), claims: BTreeMap::new() }
    }
}
