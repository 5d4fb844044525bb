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
    /// `true` on a message that was sent to this session before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub redelivered: Option<String>,
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

/// Headers of a MESSAGE frame that carries what a client sent. The sender's own headers stand beside them, `content-type`
/// among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export_to = "protocol.ts"))]
#[serde(rename_all = "kebab-case")]
pub struct ClientMessageHeaders {
    /// The channel that it was sent to.
    pub destination: String,
    /// The id of the subscription that gets it.
    pub subscription: String,
    /// `<stream>-<number>`: within one stream the numbers after the last hyphen may be compared, and nothing else.
    pub message_id: String,
    /// What ACK and NACK name; only where the subscription's mode is not `auto`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub ack: Option<String>,
    /// `true` on a message that was sent to this session before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub redelivered: Option<String>,
    /// The body's length in octets.
    pub content_length: String,
    /// Who sent it, encoded as in the names of channels. The gateway says so, not the sender.
    pub user_name: String,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_headers_are_left_out() {
        let headers = MessageHeaders {
            destination: "/topic/system".to_owned(),
            subscription: "0".to_owned(),
            message_id: "5cn-17".to_owned(),
            ack: None,
            redelivered: None,
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
