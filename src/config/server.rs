//! `[server]`: the public listener.

use std::net::SocketAddr;
use std::time::Duration;

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
    /// This node's name in dead letters. Empty: the host's name and the process id.
    pub node: String,
    /// `[server.sockjs]`: the fallback for browsers behind proxies that break WebSockets.
    pub sockjs: SockJsConfig,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], 8080)),
            allowed_origins: Vec::new(),
            node: String::new(),
            sockjs: SockJsConfig::default(),
        }
    }
}

/// `[server.sockjs]`: the fallback for browsers behind proxies that break WebSockets.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SockJsConfig {
    /// Whether the transports of browsers without CORS, `htmlfile` and `jsonp`, are there. They send no Origin.
    pub legacy: bool,
    /// Whether clients get the cookie JSESSIONID, by which a load balancer can keep a client on one node.
    pub cookie: bool,
    /// Where the page for iframes loads sockjs-client from; it has to be the version that the pages use.
    pub client_url: String,
    /// After so long without a frame to the client an `h` is sent.
    #[serde(deserialize_with = "units::duration")]
    #[schemars(with = "String")]
    pub heartbeat: Duration,
    /// How long a session waits for its client's next request.
    #[serde(deserialize_with = "units::duration")]
    #[schemars(with = "String")]
    pub disconnect_delay: Duration,
    /// Octets after which a streaming response ends, and the client asks for another.
    #[serde(deserialize_with = "units::bytes")]
    #[schemars(with = "String")]
    pub response_bytes: usize,
}

impl Default for SockJsConfig {
    fn default() -> Self {
        Self {
            legacy: false,
            cookie: false,
            client_url: "https://cdn.jsdelivr.net/npm/sockjs-client@1.6.1/dist/sockjs.min.js".to_owned(),
            heartbeat: Duration::from_secs(25),
            disconnect_delay: Duration::from_secs(5),
            response_bytes: 128 * 1024,
        }
    }
}
