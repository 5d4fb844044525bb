//! How one record lies on disk: a version, flags, the time, key, headers, and the body to the end.

use bytes::{BufMut, Bytes};

use crate::publish::Outgoing;

/// The layout that this build writes and the only one it reads.
const VERSION: u8 = 1;

const HAS_KEY: u8 = 1;
const HAS_BODY: u8 = 2;
const FLAGS: u8 = HAS_KEY | HAS_BODY;

/// Octets before the key: version, flags and time.
const FIXED_LEN: usize = 10;

/// A record as it is stored; its position is its place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) timestamp_ms: i64,
    pub(super) key: Option<Bytes>,
    pub(super) headers: Vec<(String, Bytes)>,
    pub(super) body: Option<Bytes>,
}

/// A record as it is stored when it is written at that time.
pub(super) fn encode(record: &Outgoing, timestamp_ms: i64) -> Vec<u8> {
    encode_parts(timestamp_ms, record.key.as_ref(), &record.headers, Some(&record.body))
}

fn encode_parts(timestamp_ms: i64, key: Option<&Bytes>, headers: &[(String, Bytes)], body: Option<&Bytes>) -> Vec<u8> {
    let mut out = Vec::with_capacity(len_at_most(key, headers, body));
    out.put_u8(VERSION);
    out.put_u8(flag(key.is_some(), HAS_KEY) | flag(body.is_some(), HAS_BODY));
    out.put_i64(timestamp_ms);
    if let Some(key) = key {
        put_octets(&mut out, key);
    }
    put_length(&mut out, headers.len());
    for (name, value) in headers {
        put_octets(&mut out, name.as_bytes());
        put_octets(&mut out, value);
    }
    if let Some(body) = body {
        out.put_slice(body);
    }
    out
}

fn len_at_most(key: Option<&Bytes>, headers: &[(String, Bytes)], body: Option<&Bytes>) -> usize {
    const LENGTH: usize = 10;
    let headers = headers.iter().map(|(name, value)| name.len() + value.len() + 2 * LENGTH).sum::<usize>();
    FIXED_LEN + 2 * LENGTH + key.map_or(0, Bytes::len) + headers + body.map_or(0, Bytes::len)
}

/// How much of the log's room a record takes while it waits to be written.
pub(super) fn weight(record: &Outgoing) -> usize {
    len_at_most(record.key.as_ref(), &record.headers, Some(&record.body))
}

impl Stored {
    /// Reads what [`encode`] wrote, sharing the given bytes; `None` where nobody wrote them so.
    pub(super) fn decode(mut bytes: Bytes) -> Option<Self> {
        let (timestamp_ms, flags) = fixed(&bytes)?;
        let _ = bytes.split_to(FIXED_LEN);
        let key = if flags & HAS_KEY != 0 { Some(take_octets(&mut bytes)?) } else { None };
        let count = take_length(&mut bytes)?;
        // A header takes two octets at least, so a count beyond this is a lie and must not reserve memory.
        if count > bytes.len() / 2 {
            return None;
        }
        let mut headers = Vec::with_capacity(count);
        for _ in 0..count {
            let name = String::from_utf8(take_octets(&mut bytes)?.to_vec()).ok()?;
            headers.push((name, take_octets(&mut bytes)?));
        }
        let body = match (flags & HAS_BODY != 0, bytes.is_empty()) {
            (true, _) => Some(bytes),
            (false, true) => None,
            (false, false) => return None,
        };
        Some(Self { timestamp_ms, key, headers, body })
    }
}

/// The time of an encoded record alone, for whoever needs no more.
pub(super) fn timestamp_ms(bytes: &[u8]) -> Option<i64> {
    fixed(bytes).map(|(timestamp_ms, _)| timestamp_ms)
}

fn fixed(bytes: &[u8]) -> Option<(i64, u8)> {
    let (version, rest) = bytes.split_first()?;
    let (flags, rest) = rest.split_first()?;
    let timestamp = rest.first_chunk::<8>()?;
    (*version == VERSION && flags & !FLAGS == 0).then_some((i64::from_be_bytes(*timestamp), *flags))
}

const fn flag(set: bool, bit: u8) -> u8 {
    if set { bit } else { 0 }
}

/// Lengths are written seven bits at a time, the lowest first; the top bit says that more follows.
fn put_length(out: &mut Vec<u8>, length: usize) {
    let mut rest = length as u64;
    while rest >= 0x80 {
        out.put_u8((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.put_u8(rest as u8);
}

fn put_octets(out: &mut Vec<u8>, octets: &[u8]) {
    put_length(out, octets.len());
    out.put_slice(octets);
}

fn take_length(bytes: &mut Bytes) -> Option<usize> {
    let mut length = 0_u64;
    for shift in (0..63).step_by(7) {
        let octet = *bytes.first()?;
        let _ = bytes.split_to(1);
        length |= u64::from(octet & 0x7f) << shift;
        if octet & 0x80 == 0 {
            return usize::try_from(length).ok();
        }
    }
    None
}

fn take_octets(bytes: &mut Bytes) -> Option<Bytes> {
    let length = take_length(bytes)?;
    (length <= bytes.len()).then(|| bytes.split_to(length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn octets() -> impl Strategy<Value = Bytes> {
        prop::collection::vec(any::<u8>(), 0..300).prop_map(Bytes::from)
    }

    prop_compose! {
        fn any_stored()(
            timestamp_ms in any::<i64>(),
            key in prop::option::of(octets()),
            headers in prop::collection::vec((".{0,200}", octets()), 0..6),
            body in prop::option::of(octets()),
        ) -> Stored {
            Stored { timestamp_ms, key, headers, body }
        }
    }

    impl Stored {
        fn encode(&self) -> Vec<u8> {
            encode_parts(self.timestamp_ms, self.key.as_ref(), &self.headers, self.body.as_ref())
        }
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(stored in any_stored()) {
            let bytes = stored.encode();
            prop_assert!(bytes.len() <= len_at_most(stored.key.as_ref(), &stored.headers, stored.body.as_ref()));
            prop_assert_eq!(timestamp_ms(&bytes), Some(stored.timestamp_ms));
            prop_assert_eq!(Stored::decode(bytes.into()), Some(stored));
        }

        #[test]
        fn what_nobody_encoded_is_refused_or_read_but_never_panics(bytes in octets(), lead in any::<bool>()) {
            let bytes = if lead { [&[VERSION, FLAGS][..], &bytes].concat().into() } else { bytes };
            if let Some(stored) = Stored::decode(bytes) {
                prop_assert_eq!(Stored::decode(stored.encode().into()), Some(stored));
            }
        }

        #[test]
        fn a_cut_record_never_shows_other_headers(stored in any_stored(), cut in any::<prop::sample::Index>()) {
            let bytes = stored.encode();
            let cut = cut.index(bytes.len());
            if let Some(decoded) = Stored::decode(Bytes::from(bytes).slice(..cut)) {
                prop_assert_eq!((decoded.key, decoded.headers), (stored.key, stored.headers));
            }
        }
    }

    #[test]
    fn another_version_is_not_guessed_at() {
        let stored = Stored { timestamp_ms: 1, key: None, headers: Vec::new(), body: None };
        let mut bytes = stored.encode();
        assert!(Stored::decode(bytes.clone().into()).is_some());
        bytes[0] = VERSION + 1;
        assert!(Stored::decode(bytes.clone().into()).is_none());
        assert!(timestamp_ms(&bytes).is_none());
    }
}
