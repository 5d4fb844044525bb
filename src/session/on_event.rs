//! A message from the hub becomes a MESSAGE frame.

use bytes::{BufMut, Bytes, BytesMut};

use super::open::Envelope;
use super::{Action, Phase, Session};
use crate::hub::{Entry, Message};
use crate::stomp::{FrameWriter, Version};

impl Session {
    /// The MESSAGE frame for an entry of the outbox; `None` when it is not to be sent any more. One that has to be
    /// acknowledged counts as sent.
    pub fn message(&mut self, entry: &Entry) -> Option<Bytes> {
        let Phase::Open(open) = &mut self.phase else { return None };
        if !entry.subscription.is_active() {
            return None;
        }
        let subscribed = open.subscriptions.get_mut(&*entry.subscription.id);
        let is_named = subscribed.as_ref().is_none_or(|subscribed| subscribed.is_named);
        let ledger = subscribed.and_then(|subscribed| subscribed.ledger.as_mut());
        let ack = ledger.map(|ledger| ledger.record(&entry.message));
        let envelope = Envelope {
            message: &entry.message,
            subscription: is_named.then_some(&entry.subscription.id),
            ack: ack.as_deref(),
            is_redelivered: false,
        };
        Some(enveloped(&envelope, open.version))
    }

    /// How many octets of messages may be sent to subscriptions that acknowledge; at least one message, when none waits for
    /// its ACK.
    pub fn acknowledged_room(&self) -> usize {
        let Phase::Open(open) = &self.phase else { return 0 };
        let most = self.settings.limits.unacknowledged_bytes;
        most.saturating_sub(open.unacknowledged_bytes())
    }

    /// The link takes more: what has to be sent again goes ahead of what the outbox holds, and what was acknowledged makes
    /// place for that. About `bytes` octets; what they cost is taken off.
    pub fn on_writable(&mut self, bytes: &mut usize) -> Vec<Action> {
        let mut actions = Vec::new();
        let Phase::Open(open) = &mut self.phase else { return actions };
        for (id, subscribed) in &mut open.subscriptions {
            let Some(ledger) = &mut subscribed.ledger else { continue };
            while *bytes > 0
                && let Some(again) = ledger.next_again()
            {
                *bytes = bytes.saturating_sub(again.message.cost());
                let envelope = Envelope {
                    message: &again.message,
                    subscription: subscribed.is_named.then_some(id),
                    ack: again.ack.as_deref(),
                    is_redelivered: true,
                };
                actions.push(Action::Send(enveloped(&envelope, open.version)));
            }
            match ledger.grant() {
                0 => {}
                count => actions.push(Action::Grant { id: id.clone(), count }),
            }
        }
        actions
    }
}

/// The frame for a subscriber that does not acknowledge. `None` when the subscription has ended.
pub fn message_frame(entry: &Entry, version: Version) -> Option<Bytes> {
    let subscription = Some(&*entry.subscription.id);
    let envelope = Envelope { message: &entry.message, subscription, ack: None, is_redelivered: false };
    entry.subscription.is_active().then(|| enveloped(&envelope, version))
}

/// The frame for one subscriber: everything but what only it gets is encoded once and shared.
fn enveloped(envelope: &Envelope<'_>, version: Version) -> Bytes {
    let shared = envelope.message.form(version.index(), |message| shared_part(message, version));
    let mut head = FrameWriter::new("MESSAGE", version);
    if let Some(subscription) = envelope.subscription {
        head.header("subscription", subscription);
    }
    if let Some(ack) = envelope.ack.filter(|_| version == Version::V12) {
        head.header("ack", ack);
    }
    if envelope.is_redelivered {
        head.header("redelivered", "true");
    }
    let head = head.head();
    let mut frame = BytesMut::with_capacity(head.len() + shared.len());
    frame.put(head);
    frame.put_slice(shared);
    frame.freeze()
}

/// All headers that every subscriber gets, and the body. The gateway's own come first: of a repeated header the first
/// counts.
fn shared_part(message: &Message, version: Version) -> Bytes {
    let mut tail = FrameWriter::tail(version);
    tail.header("message-id", &message.id).header("destination", &message.destination);
    let length = message.body.len().to_string();
    let optional = [
        ("content-type", message.content_type),
        ("content-length", Some(length.as_str())),
        ("event-type", message.event_type.as_deref()),
        ("priority", message.event_type.is_some().then(|| message.priority.name())),
        ("event-id", message.event_id.as_deref()),
        ("timestamp", message.timestamp.as_deref()),
        ("correlation-id", message.correlation_id.as_deref()),
        ("user-name", message.user_name.as_deref()),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            tail.header(name, value);
        }
    }
    for (name, value) in &message.headers {
        tail.header(name, value);
    }
    tail.finish(&message.body)
}
