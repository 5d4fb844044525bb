//! A message from the hub becomes a MESSAGE frame.

use bytes::{BufMut, Bytes, BytesMut};

use crate::hub::{Entry, Message};
use crate::stomp::{FrameWriter, Version};

/// The frame for one subscriber: everything but its `subscription` header is encoded once and shared.
/// `None` when the subscription has ended.
pub fn message_frame(entry: &Entry, version: Version) -> Option<Bytes> {
    if !entry.subscription.is_active() {
        return None;
    }
    let shared = entry.message.form(version.index(), |message| shared_part(message, version));
    let mut head = FrameWriter::new("MESSAGE", version);
    head.header("subscription", &entry.subscription.id);
    let head = head.head();
    let mut frame = BytesMut::with_capacity(head.len() + shared.len());
    frame.put(head);
    frame.put_slice(shared);
    Some(frame.freeze())
}

/// All headers that every subscriber gets, and the body.
fn shared_part(message: &Message, version: Version) -> Bytes {
    let mut tail = FrameWriter::tail(version);
    tail.header("message-id", &message.id)
        .header("destination", &message.destination)
        .header("content-type", message.content_type)
        .header("content-length", &message.body.len().to_string())
        .header("event-type", &message.event_type)
        .header("priority", message.priority.name());
    let optional = [
        ("event-id", &message.event_id),
        ("timestamp", &message.timestamp),
        ("correlation-id", &message.correlation_id),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            tail.header(name, value);
        }
    }
    tail.finish(&message.body)
}
