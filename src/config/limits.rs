//! `[limits]`: what one client may cost.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::units;

/// `[limits]`: what one client may cost.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LimitsConfig {
    /// How long a client has from the upgrade to its CONNECT.
    #[serde(deserialize_with = "units::duration")]
    #[schemars(with = "String")]
    pub connect_timeout: Duration,
    /// Octets that a client may send before it is connected.
    #[serde(deserialize_with = "units::bytes")]
    #[schemars(with = "String")]
    pub connect_bytes: usize,
    /// Octets of one STOMP frame.
    #[serde(deserialize_with = "units::bytes")]
    #[schemars(with = "String")]
    pub frame_bytes: usize,
    /// Headers of one STOMP frame.
    pub frame_headers: usize,
    /// Octets of one header line.
    #[serde(deserialize_with = "units::bytes")]
    #[schemars(with = "String")]
    pub header_bytes: usize,
    /// Frames of one session in a second; so many may come at once.
    pub frames_per_second: usize,
    /// Octets that wait for a client that reads too slowly. A larger event is sent alone, when the outbox is empty.
    #[serde(deserialize_with = "units::bytes")]
    #[schemars(with = "String")]
    pub outbox_bytes: usize,
    /// How long a write to a client may make no progress.
    #[serde(deserialize_with = "units::duration")]
    #[schemars(with = "String")]
    pub write_timeout: Duration,
    /// Subscriptions of one session.
    pub subscriptions: usize,
    /// Unacknowledged messages of a subscription that names no `prefetch-count`.
    pub prefetch: usize,
    /// Unacknowledged messages that a `prefetch-count` may ask for.
    pub unacknowledged: usize,
    /// Octets of a session's unacknowledged messages; beyond them, messages wait for an ACK.
    #[serde(deserialize_with = "units::bytes")]
    #[schemars(with = "String")]
    pub unacknowledged_bytes: usize,
    /// Open transactions of one session.
    pub transactions: usize,
    /// Octets of a session's open transactions.
    #[serde(deserialize_with = "units::bytes")]
    #[schemars(with = "String")]
    pub transaction_bytes: usize,
    /// Octets that a session has sent and the broker has not confirmed.
    #[serde(deserialize_with = "units::bytes")]
    #[schemars(with = "String")]
    pub send_bytes: usize,
    /// What the server offers and wants at most this often; a silent client is cut after three. Zero: no heart-beats.
    #[serde(deserialize_with = "units::duration")]
    #[schemars(with = "String")]
    pub heartbeat: Duration,
    /// Sessions of one user on this node.
    pub connections_per_user: usize,
    /// Connections of one address to this node.
    pub connections_per_address: usize,
    /// How long a stopping node gives its clients.
    #[serde(deserialize_with = "units::duration")]
    #[schemars(with = "String")]
    pub drain: Duration,
    /// Octets of one HTTP request's body.
    #[serde(deserialize_with = "units::bytes")]
    #[schemars(with = "String")]
    pub request_bytes: usize,
    /// Events of one `POST /api/v1/events`.
    pub request_events: usize,
    /// How long the broker has to confirm what was published.
    #[serde(deserialize_with = "units::duration")]
    #[schemars(with = "String")]
    pub publish_timeout: Duration,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(15),
            connect_bytes: 16 * 1024,
            frame_bytes: 64 * 1024,
            frame_headers: 64,
            header_bytes: 16 * 1024,
            frames_per_second: 1_000,
            outbox_bytes: 256 * 1024,
            write_timeout: Duration::from_secs(20),
            subscriptions: 100,
            prefetch: 100,
            unacknowledged: 1_000,
            unacknowledged_bytes: 1024 * 1024,
            transactions: 16,
            transaction_bytes: 1024 * 1024,
            send_bytes: 1024 * 1024,
            heartbeat: Duration::from_secs(10),
            connections_per_user: 200,
            connections_per_address: 20_000,
            drain: Duration::from_secs(10),
            request_bytes: 4 * 1024 * 1024,
            request_events: 1_000,
            publish_timeout: Duration::from_secs(10),
        }
    }
}
