//! What a client sent to a channel, on its way through a topic: to a record and back.

use std::borrow::Cow;

use bytes::Bytes;

use crate::channel::{encode_value, encode_value_into};
use crate::publish::Outgoing;
use crate::record::{Position, Record};
use crate::selector::Operand;
use crate::stomp::Headers;

/// The record header that holds the channel.
const DESTINATION: &str = "stomp-destination";

/// The record header that holds who sent it, encoded as in the names of channels.
const USER_NAME: &str = "stomp-user-name";

/// What the record headers of the client's own headers begin with. The header's name follows, every octet outside
/// `A-Za-z0-9._~-` as `%XX`, because a broker takes fewer octets in a name than STOMP does. The value is the header's own.
const OWN_PREFIX: &str = "stomp-h-";

/// Headers of a SEND that say something to the gateway, or that its MESSAGE gets from the gateway.
const NEVER_COPIED: [&str; 9] = [
    "destination",
    "message-id",
    "subscription",
    "ack",
    "receipt",
    "transaction",
    "content-length",
    "redelivered",
    // Who sent it, which only the gateway can say.
    "user-name",
];

/// Headers, in any case of letters, that would hand the sender's own rights to every receiver.
const CREDENTIALS: [&str; 3] = ["authorization", "x-auth-token", "passcode"];

/// What a client sent to a channel.
#[derive(Clone, Debug)]
pub struct ClientMessage {
    /// The channel.
    pub destination: String,
    /// Who sent it, encoded as in the names of channels.
    pub user_name: String,
    /// The client's own headers, each name once.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// Where its record stands.
    pub position: Position,
    /// The broker's time for its record, in milliseconds since 1970.
    pub record_time_ms: i64,
}

impl ClientMessage {
    /// The record that a SEND becomes. Records of one channel have one key, so that they stay in one order.
    pub fn outgoing(topic: &str, user: &str, destination: &str, headers: &Headers, body: Bytes) -> Outgoing {
        let mut record = vec![
            (DESTINATION.to_owned(), Bytes::copy_from_slice(destination.as_bytes())),
            (USER_NAME.to_owned(), Bytes::from(encode_value(user))),
        ];
        for (name, value) in headers.iter().filter(|(name, _)| is_copied(name)) {
            let mut encoded = OWN_PREFIX.to_owned();
            encode_value_into(name, &mut encoded);
            // Of a repeated header the first counts.
            if record.iter().all(|(known, _)| *known != encoded) {
                record.push((encoded, Bytes::copy_from_slice(value.as_bytes())));
            }
        }
        Outgoing {
            topic: topic.into(),
            key: Some(Bytes::copy_from_slice(destination.as_bytes())),
            headers: record,
            body,
        }
    }

    /// What was sent, or `None` where the record is no client's message.
    pub fn from_record(record: &Record) -> Option<Self> {
        let text = |name| record.header(name).and_then(|octets| std::str::from_utf8(octets).ok()).map(str::to_owned);
        let own = |(name, value): &(String, Bytes)| {
            let name = decode_name(name.strip_prefix(OWN_PREFIX)?)?;
            let value = String::from_utf8(value.to_vec()).ok()?;
            is_copied(&name).then_some((name, value))
        };
        Some(Self {
            destination: text(DESTINATION)?,
            user_name: text(USER_NAME)?,
            headers: record.headers.iter().filter_map(own).collect(),
            body: record.body.clone().unwrap_or_default(),
            position: record.position.clone(),
            record_time_ms: record.timestamp_ms,
        })
    }

    /// What a name in a selector stands for: the client's headers and `user-name`, all of them texts.
    pub fn value(&self, name: &str) -> Option<Operand<'_>> {
        let text = match name {
            "user-name" => &self.user_name,
            _ => self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value)?,
        };
        Some(Operand::Text(Cow::Borrowed(text)))
    }
}

fn is_copied(name: &str) -> bool {
    !NEVER_COPIED.contains(&name) && !CREDENTIALS.iter().any(|credential| credential.eq_ignore_ascii_case(name))
}

/// Undoes [`encode_value`].
fn decode_name(text: &str) -> Option<String> {
    if text == "%" {
        return Some(String::new());
    }
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&octet, after)) = rest.split_first() {
        if octet == b'%' {
            let digits = after.first_chunk::<2>()?;
            octets.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = &after[2..];
        } else {
            octets.push(octet);
            rest = after;
        }
    }
    String::from_utf8(octets).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    use crate::record::Partition;

    fn back(outgoing: Outgoing) -> Option<ClientMessage> {
        let partition = Arc::new(Partition::new("cluster", &outgoing.topic, uuid::Uuid::nil(), 0));
        ClientMessage::from_record(&Record {
            position: Position { partition, epoch: 0, number: 7 },
            timestamp_ms: 5,
            key: outgoing.key,
            headers: outgoing.headers,
            body: Some(outgoing.body),
        })
    }

    fn headers(pairs: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::default();
        pairs.iter().for_each(|(name, value)| headers.push((*name).to_owned(), (*value).to_owned()));
        headers
    }

    #[test]
    fn the_gateway_says_who_sent_it_and_nobody_else() {
        let given = headers(&[
            ("user-name", "ben"),
            ("destination", "/topic/b"),
            ("message-id", "1"),
            ("Authorization", "Bearer secret"),
            ("X-AUTH-TOKEN", "secret"),
            ("content-length", "99"),
            ("receipt", "r"),
            ("x", "first"),
            ("x", "second"),
        ]);
        let outgoing = ClientMessage::outgoing("rooms", "a/na", "/topic/a", &given, Bytes::from_static(b"hi"));
        assert_eq!(outgoing.key.as_deref(), Some(b"/topic/a".as_slice()));
        let message = back(outgoing).unwrap();
        assert_eq!((message.destination.as_str(), message.user_name.as_str()), ("/topic/a", "a%2Fna"));
        assert_eq!(message.headers, [("x".to_owned(), "first".to_owned())]);
        assert_eq!(message.value("user-name"), Some(Operand::Text("a%2Fna".into())));
        assert_eq!(message.value("x"), Some(Operand::Text("first".into())));
        assert_eq!(message.value("destination"), None);
    }

    #[test]
    fn what_others_wrote_is_no_clients_message_and_forges_nothing() {
        let mut outgoing = ClientMessage::outgoing("rooms", "ana", "/topic/a", &headers(&[]), Bytes::new());
        outgoing.headers.push(("stomp-h-user%2Dname".to_owned(), Bytes::from_static(b"ben")));
        outgoing.headers.push(("stomp-h-%zz".to_owned(), Bytes::from_static(b"x")));
        outgoing.headers.push(("stomp-h-a".to_owned(), Bytes::from_static(b"\xff")));
        assert_eq!(back(outgoing.clone()).unwrap().headers, []);
        outgoing.headers.remove(0);
        assert!(back(outgoing).is_none());
    }

    proptest! {
        #[test]
        fn every_header_that_stomp_can_carry_comes_back(
            pairs in prop::collection::vec((any::<String>(), any::<String>()), 0..6),
            body in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut given: Vec<(String, String)> = Vec::new();
            for (name, value) in pairs {
                if is_copied(&name) && given.iter().all(|(known, _)| *known != name) {
                    given.push((name, value));
                }
            }
            let pairs: Vec<(&str, &str)> = given.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let outgoing = ClientMessage::outgoing("t", "ana", "/a", &headers(&pairs), body.clone().into());
            prop_assert!(outgoing.headers.iter().all(|(name, _)| name.is_ascii() && !name.contains('\0')));
            let message = back(outgoing).unwrap();
            prop_assert_eq!(message.headers, given);
            prop_assert_eq!(&message.body[..], &body[..]);
        }
    }
}
