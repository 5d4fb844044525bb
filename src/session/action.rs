//! What a session asks of whoever drives it.

use bytes::Bytes;

use super::DisconnectReason;
use crate::channel::Pattern;

/// What a session asks of whoever drives it, to be done in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Send a whole frame, or a heart-beat's line end.
    Send(Bytes),
    /// Find out whose token this is, and call `on_authenticated`.
    Authenticate {
        /// The token from the CONNECT frame; `None`: what came with the HTTP request counts.
        token: Option<String>,
    },
    /// Find out whose token this is, and call `on_renewed`.
    Renew {
        /// The token that shall replace the session's.
        token: String,
    },
    /// Register a subscription with the hub.
    Subscribe {
        /// The client's name for it.
        id: String,
        /// The channels.
        pattern: Pattern,
    },
    /// End a subscription.
    Unsubscribe {
        /// The client's name for it.
        id: String,
    },
    /// Close the connection once everything was sent. Nothing follows.
    Close(DisconnectReason),
}
