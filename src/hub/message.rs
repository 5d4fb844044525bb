//! One message on its way into one channel, shared by everybody who gets it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::Delivery;
use crate::client_message::ClientMessage;
use crate::event::{Event, Priority};

/// Octets that a waiting message costs beside its body and names.
const OVERHEAD_BYTES: usize = 256;

/// Octets that one of a client's headers costs beside its name and value.
const HEADER_OVERHEAD_BYTES: usize = 64;

/// How many forms of a message are kept: one for each version of STOMP.
const FORMS: usize = 3;

/// One message on its way into one channel: an event, or what a client sent.
#[derive(Debug)]
pub struct Message {
    /// The channel's name.
    pub destination: Box<str>,
    /// `<stream>-<number>`: the stream is the partition and the lane.
    pub id: Box<str>,
    /// The event's type; `None` for what a client sent.
    pub event_type: Option<Arc<str>>,
    /// The event's own id.
    pub event_id: Option<Box<str>>,
    /// When it happened, RFC 3339 in UTC.
    pub timestamp: Option<Box<str>>,
    /// What it belongs to.
    pub correlation_id: Option<Box<str>>,
    /// Who sent it, encoded as in the names of channels; `None` for an event.
    pub user_name: Option<Box<str>>,
    /// The headers that a client gave it, its content type among them.
    pub headers: Vec<(String, String)>,
    /// The lane it goes out in.
    pub priority: Priority,
    /// The body's media type; `None` where `headers` say it, or nobody does.
    pub content_type: Option<&'static str>,
    /// The body.
    pub body: Bytes,
    /// The broker's time for its record, in milliseconds since 1970.
    pub record_time_ms: i64,
    forms: [OnceLock<Bytes>; FORMS],
}

impl Message {
    pub(super) fn of_event(event: &Event, delivery: &Delivery<'_>) -> Self {
        let position = &event.position;
        let (stream, lane) = (position.partition.stream(), delivery.priority.lane());
        Self {
            destination: delivery.channel.into(),
            id: format!("{stream}{lane}-{}", position.number).into(),
            event_type: Some(Arc::clone(&event.event_type)),
            event_id: event.id.as_deref().map(Into::into),
            timestamp: event.time.as_ref().map(|time| time.text.as_str().into()),
            correlation_id: event.correlation_id.as_deref().map(Into::into),
            user_name: None,
            headers: Vec::new(),
            priority: delivery.priority,
            content_type: Some(delivery.content_type),
            body: delivery.body.clone(),
            record_time_ms: event.record_time_ms,
            forms: Default::default(),
        }
    }

    pub(super) fn of_client(message: &ClientMessage) -> Self {
        let (stream, priority) = (message.position.partition.stream(), Priority::default());
        Self {
            destination: message.destination.as_str().into(),
            id: format!("{stream}{}-{}", priority.lane(), message.position.number).into(),
            event_type: None,
            event_id: None,
            timestamp: None,
            correlation_id: None,
            user_name: Some(message.user_name.as_str().into()),
            headers: message.headers.clone(),
            priority,
            content_type: None,
            body: message.body.clone(),
            record_time_ms: message.record_time_ms,
            forms: Default::default(),
        }
    }

    /// What the message costs while it waits, in octets.
    pub fn cost(&self) -> usize {
        let headers: usize =
            self.headers.iter().map(|(name, value)| HEADER_OVERHEAD_BYTES + name.len() + value.len()).sum();
        OVERHEAD_BYTES + self.destination.len() + headers + self.body.len()
    }

    /// The message in the form of that number, encoded by whoever asks first and shared by all who ask later.
    pub fn form(&self, number: usize, encode: impl FnOnce(&Self) -> Bytes) -> &Bytes {
        self.forms[number].get_or_init(|| encode(self))
    }
}
