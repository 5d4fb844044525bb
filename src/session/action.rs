//! What a session asks of whoever drives it.

use bytes::Bytes;

use super::DisconnectReason;
use crate::channel::Pattern;
use crate::hub::{Filter, Terms};
use crate::publish::Outgoing;

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
        /// Which of their messages, and at what pace.
        terms: Terms,
    },
    /// Change which messages a subscription gets.
    Refilter {
        /// The client's name for it.
        id: String,
        /// Those that pass this.
        filter: Filter,
    },
    /// Let more messages through to a subscription.
    Grant {
        /// The client's name for it.
        id: String,
        /// How many.
        count: usize,
    },
    /// End a subscription.
    Unsubscribe {
        /// The client's name for it.
        id: String,
    },
    /// Write these records behind those of earlier actions, and call `on_published` with all answers together.
    Publish(Vec<Outgoing>),
    /// Close the connection once everything was sent. Nothing follows.
    Close(DisconnectReason),
}
