//! `[[access]]`: who may subscribe to, send to and publish what.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// `[[access]]`: one rule. `{claim}` stands for the token's claim; a rule whose claim is absent does not apply.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AccessConfig {
    /// Channels that may be subscribed to.
    pub subscribe: Option<String>,
    /// A condition on what of them is delivered, which a client cannot remove; the language is that of `selector`.
    pub only: Option<String>,
    /// Channels that clients may send to.
    pub send: Option<String>,
    /// The topic that what is sent goes through; only the gateway writes it.
    pub topic: Option<String>,
    /// Topics that `POST /api/v1/events` may write; `*` is every topic of the config but the dead letters and clients' messages.
    pub publish: Option<String>,
    /// Each claim named must be this value, or a list (or space-separated text) that holds it.
    pub claims: BTreeMap<String, String>,
}
