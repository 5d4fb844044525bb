//! What Sluice's frames carry: the headers that it adds to STOMP's own, and the codes that a connection is closed with.

use serde::{Deserialize, Serialize};

use crate::event::Priority;

/// Headers of a CONNECTED frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export_to = "protocol.ts"))]
#[serde(rename_all = "kebab-case")]
pub struct ConnectedHeaders {
    /// The STOMP version of this session: `1.0`, `1.1` or `1.2`.
    pub version: String,
    /// The session's id.
    pub session: String,
    /// The gateway's name and version.
    pub server: String,
    /// What the gateway sends and wants, in milliseconds, as `10000,10000`.
    pub heart_beat: String,
    /// The user, encoded as in the names of channels.
    pub user_name: String,
}

/// Headers of a MESSAGE frame that carries an event. As everywhere in STOMP, every value is text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export_to = "protocol.ts"))]
#[serde(rename_all = "kebab-case")]
pub struct MessageHeaders {
    /// The channel that the event was sent to.
    pub destination: String,
    /// The id of the subscription that gets it.
    pub subscription: String,
    /// `<stream>-<number>`: within one stream the numbers after the last hyphen may be compared, and nothing else.
    pub message_id: String,
    /// What ACK and NACK name; only where the subscription's mode is not `auto`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub ack: Option<String>,
    /// The body's media type.
    pub content_type: String,
    /// The body's length in octets.
    pub content_length: String,
    /// The event's type, as `agent.completed.v1`.
    pub event_type: String,
    /// The event's own id, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub event_id: Option<String>,
    /// When it happened: RFC 3339 in UTC, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub timestamp: Option<String>,
    /// What it belongs to, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub correlation_id: Option<String>,
    /// The lane it was sent in.
    pub priority: Priority,
}

/// Headers of an ERROR frame, after which the connection is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export_to = "protocol.ts"))]
#[serde(rename_all = "kebab-case")]
pub struct ErrorHeaders {
    /// What was wrong.
    pub message: String,
    /// The receipt that the offending frame asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub receipt_id: Option<String>,
}

/// Why the gateway closes a WebSocket. 1000 to 1013 are RFC 6455's, from 4000 on they are Sluice's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// The client disconnected, or an ERROR said why.
    Normal,
    /// The node is being stopped.
    GoingAway,
    /// A frame broke the protocol.
    Protocol,
    /// A kind of message that is not understood.
    Unsupported,
    /// Text that is not UTF-8.
    NotUtf8,
    /// Something that is not allowed.
    Policy,
    /// A frame over the limit.
    TooLarge,
    /// A fault of the gateway.
    Internal,
    /// The gateway has no room for now.
    TryAgainLater,
    /// No CONNECT came in time.
    ConnectTimeout,
    /// The token or ticket is not believed.
    Unauthenticated,
    /// The token expired in the session.
    TokenExpired,
    /// No rule opens what was asked for.
    Forbidden,
    /// More was waiting for the client than its outbox holds.
    SlowConsumer,
    /// The client was silent for three heart-beats.
    HeartbeatMissed,
}

impl CloseCode {
    /// Every code, the lowest first.
    pub const ALL: [Self; 15] = [
        Self::Normal,
        Self::GoingAway,
        Self::Protocol,
        Self::Unsupported,
        Self::NotUtf8,
        Self::Policy,
        Self::TooLarge,
        Self::Internal,
        Self::TryAgainLater,
        Self::ConnectTimeout,
        Self::Unauthenticated,
        Self::TokenExpired,
        Self::Forbidden,
        Self::SlowConsumer,
        Self::HeartbeatMissed,
    ];

    /// The number in the close frame.
    pub const fn code(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::GoingAway => 1001,
            Self::Protocol => 1002,
            Self::Unsupported => 1003,
            Self::NotUtf8 => 1007,
            Self::Policy => 1008,
            Self::TooLarge => 1009,
            Self::Internal => 1011,
            Self::TryAgainLater => 1013,
            Self::ConnectTimeout => 4000,
            Self::Unauthenticated => 4001,
            Self::TokenExpired => 4002,
            Self::Forbidden => 4003,
            Self::SlowConsumer => 4008,
            Self::HeartbeatMissed => 4012,
        }
    }

    /// Whether the client should come back, and with what.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::GoingAway => "come back: another node takes over",
            Self::Internal | Self::ConnectTimeout | Self::HeartbeatMissed => "come back",
            Self::TryAgainLater => "come back after a while",
            Self::TokenExpired => "come back with a fresh token",
            Self::SlowConsumer => "come back and resume: nothing is lost",
            Self::Unauthenticated => "do not come back with this token",
            Self::Normal
            | Self::Protocol
            | Self::Unsupported
            | Self::NotUtf8
            | Self::Policy
            | Self::TooLarge
            | Self::Forbidden => "do not come back: it would end the same way",
        }
    }

    /// Why the connection was closed.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Normal => "the client disconnected, or an ERROR said why",
            Self::GoingAway => "the node is being stopped",
            Self::Protocol => "a frame broke the protocol",
            Self::Unsupported => "a kind of message that is not understood",
            Self::NotUtf8 => "text that is not UTF-8",
            Self::Policy => "something that is not allowed",
            Self::TooLarge => "a frame over the limit",
            Self::Internal => "a fault of the gateway",
            Self::TryAgainLater => "the gateway has no room for now",
            Self::ConnectTimeout => "no CONNECT came in time",
            Self::Unauthenticated => "the token or ticket is not believed",
            Self::TokenExpired => "the token expired in the session",
            Self::Forbidden => "no rule opens what was asked for",
            Self::SlowConsumer => "more was waiting for the client than its outbox holds",
            Self::HeartbeatMissed => "the client was silent for three heart-beats",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_allowed_and_in_order() {
        let codes: Vec<u16> = CloseCode::ALL.iter().map(|code| code.code()).collect();
        assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
        assert!(codes.iter().all(|code| matches!(code, 1000..=1003 | 1007..=1014 | 4000..=4099)));
    }

    #[test]
    fn absent_headers_are_left_out() {
        let headers = MessageHeaders {
            destination: "/topic/system".to_owned(),
            subscription: "0".to_owned(),
            message_id: "5cn-17".to_owned(),
            ack: None,
            content_type: "application/json".to_owned(),
            content_length: "2".to_owned(),
            event_type: "system.alert-triggered.v1".to_owned(),
            event_id: None,
            timestamp: None,
            correlation_id: None,
            priority: Priority::Critical,
        };
        let headers = serde_json::to_value(headers).unwrap();
        let names: Vec<_> = headers.as_object().unwrap().keys().collect();
        assert_eq!(
            names,
            ["content-length", "content-type", "destination", "event-type", "message-id", "priority", "subscription"]
        );
        assert_eq!(headers["priority"], "critical");
    }
}
