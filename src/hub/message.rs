//! One event on its way into one channel, shared by everybody who gets it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::Delivery;
use crate::event::{Event, Priority};

/// Octets that a waiting message costs beside its body and names.
const OVERHEAD_BYTES: usize = 256;

/// How many forms of a message are kept: one for each version of STOMP.
const FORMS: usize = 3;

/// One event on its way into one channel.
#[derive(Debug)]
pub struct Message {
    /// The channel's name.
    pub destination: Box<str>,
    /// `<stream>-<number>`: the stream is the partition and the lane.
    pub id: Box<str>,
    /// The event's type.
    pub event_type: Arc<str>,
    /// The event's own id.
    pub event_id: Option<Box<str>>,
    /// When it happened, RFC 3339 in UTC.
    pub timestamp: Option<Box<str>>,
    /// What it belongs to.
    pub correlation_id: Option<Box<str>>,
    /// The lane it goes out in.
    pub priority: Priority,
    /// The body's media type.
    pub content_type: &'static str,
    /// The body.
    pub body: Bytes,
    /// The broker's time for its record, in milliseconds since 1970.
    pub record_time_ms: i64,
    forms: [OnceLock<Bytes>; FORMS],
}

impl Message {
    pub(super) fn new(event: &Event, delivery: &Delivery<'_>) -> Self {
        let position = &event.position;
        let (stream, lane) = (position.partition.stream(), delivery.priority.lane());
        Self {
            destination: delivery.channel.into(),
            id: format!("{stream}{lane}-{}", position.number).into(),
            event_type: Arc::clone(&event.event_type),
            event_id: event.id.as_deref().map(Into::into),
            timestamp: event.time.as_ref().map(|time| time.text.as_str().into()),
            correlation_id: event.correlation_id.as_deref().map(Into::into),
            priority: delivery.priority,
            content_type: delivery.content_type,
            body: delivery.body.clone(),
            record_time_ms: event.record_time_ms,
            forms: Default::default(),
        }
    }

    /// What the message costs while it waits, in octets.
    pub fn cost(&self) -> usize {
        OVERHEAD_BYTES + self.destination.len() + self.body.len()
    }

    /// The message in the form of that number, encoded by whoever asks first and shared by all who ask later.
    pub fn form(&self, number: usize, encode: impl FnOnce(&Self) -> Bytes) -> &Bytes {
        self.forms[number].get_or_init(|| encode(self))
    }
}
