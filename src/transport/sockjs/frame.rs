//! SockJS's own wire format: `o`, `h`, `a["…"]` and `c[code,"reason"]` to the client, `["…"]` from it.

use std::fmt::Write;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// The session is open.
pub(super) const OPEN: &str = "o";

/// The connection is still there.
pub(super) const HEARTBEAT: &str = "h";

/// Why a session is over, as its client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The code, from the same table as a WebSocket's.
    pub code: u16,
    /// A word.
    pub reason: String,
}

impl Close {
    /// The session's client has another receiver.
    pub(super) fn another_connection() -> Self {
        Self { code: 2010, reason: "Another connection still open".to_owned() }
    }

    /// A receiver broke, and nobody knows what it took along.
    pub(super) fn interrupted() -> Self {
        Self { code: 1002, reason: "Connection interrupted".to_owned() }
    }

    /// The frame that says so.
    pub fn frame(&self) -> String {
        let mut frame = format!("c[{},", self.code);
        quote_into(&self.reason, &mut frame);
        frame.push(']');
        frame
    }
}

/// The frame that carries these messages, each a JSON string already.
pub(super) fn messages_frame(quoted: &[String]) -> String {
    let mut frame = String::with_capacity(quoted.iter().map(|message| message.len() + 1).sum::<usize>() + 2);
    frame.push_str("a[");
    for (index, message) in quoted.iter().enumerate() {
        if index > 0 {
            frame.push(',');
        }
        frame.push_str(message);
    }
    frame.push(']');
    frame
}

/// Characters that some browser or proxy changes on the way, and so travel as `\uXXXX`.
const fn is_fragile(character: char) -> bool {
    matches!(character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{200c}'..='\u{200f}' | '\u{2028}'..='\u{202f}'
        | '\u{2060}'..='\u{206f}' | '\u{fff0}'..='\u{ffff}')
}

/// A message as a JSON string.
pub fn quote(message: &str) -> String {
    let mut quoted = String::with_capacity(message.len() + message.len() / 8 + 16);
    quote_into(message, &mut quoted);
    quoted
}

fn quote_into(message: &str, out: &mut String) {
    out.push('"');
    let mut plain_from = 0;
    for (at, character) in message.char_indices() {
        if !is_fragile(character) && character != '"' && character != '\\' {
            continue;
        }
        out.push_str(&message[plain_from..at]);
        plain_from = at + character.len_utf8();
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // A `String` takes everything that is written to it.
            other => _ = write!(out, "\\u{:04x}", u32::from(other)),
        }
    }
    out.push_str(&message[plain_from..]);
    out.push('"');
}

/// Why a client's payload is not taken, in the protocol's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// Nothing came.
    #[error("Payload expected.")]
    Missing,
    /// Something else than a JSON array of strings.
    #[error("Broken JSON encoding.")]
    Broken,
}

/// The messages in a client's payload: a JSON array of strings.
pub fn parse_payload(payload: &[u8]) -> Result<Vec<Bytes>, PayloadError> {
    if payload.is_empty() {
        return Err(PayloadError::Missing);
    }
    // What is no UTF-8 itself is not taken for an escaped half of a pair.
    let payload = std::str::from_utf8(payload).map_err(|_| PayloadError::Broken)?;
    let messages: Vec<Text> = serde_json::from_str(payload).map_err(|_| PayloadError::Broken)?;
    Ok(messages.into_iter().map(|message| message.0.into()).collect())
}

/// A JSON string in which the halves of broken surrogate pairs are U+FFFD, which is what a browser makes of them on a
/// WebSocket.
struct Text(Vec<u8>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_bytes<E: Error>(self, octets: &[u8]) -> Result<Text, E> {
        let mut octets = octets.to_vec();
        // The JSON reader hands on a lone surrogate as the three octets that UTF-8 forbids.
        for at in 0..octets.len().saturating_sub(2) {
            if octets[at] == 0xED && octets[at + 1] >= 0xA0 {
                octets[at..at + 3].copy_from_slice("\u{fffd}".as_bytes());
            }
        }
        let text = String::from_utf8(octets).map_err(|_| E::custom("not UTF-8"))?;
        Ok(Text(text.into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frames_look_as_the_protocol_says() {
        assert_eq!(messages_frame(&[quote("x")]), r#"a["x"]"#);
        assert_eq!(messages_frame(&[quote("a\"b"), quote("")]), r#"a["a\"b",""]"#);
        assert_eq!(Close::another_connection().frame(), r#"c[2010,"Another connection still open"]"#);
        assert_eq!(Close::interrupted().frame(), r#"c[1002,"Connection interrupted"]"#);
    }

    #[test]
    fn fragile_characters_are_escaped_and_nul_is_u0000() {
        assert_eq!(quote("MESSAGE\n\n\0"), r#""MESSAGE\n\n\u0000""#);
        for range in [0..=0x1f_u32, 0x200c..=0x200f, 0x2028..=0x202f, 0x2060..=0x206f, 0xfff0..=0xffff] {
            for code in range {
                let quoted = quote(&char::from_u32(code).unwrap().to_string());
                assert!(quoted.is_ascii(), "U+{code:04X}: {quoted}");
            }
        }
        assert_eq!(quote("\u{2028}\u{ffff}\u{200b}\u{2030}é😀"), "\"\\u2028\\uffff\u{200b}\u{2030}é😀\"");
    }

    #[test]
    fn payloads_are_arrays_of_strings() {
        let texts = |payload: &str| {
            let parsed = parse_payload(payload.as_bytes());
            parsed.map(|messages| messages.iter().map(|m| String::from_utf8(m.to_vec()).unwrap()).collect::<Vec<_>>())
        };
        assert_eq!(texts(r#"["a","\u0000b\n"]"#).unwrap(), ["a", "\0b\n"]);
        assert_eq!(texts("[]").unwrap(), [""; 0]);
        assert_eq!(texts(""), Err(PayloadError::Missing));
        for broken in [r#"["x"#, "x", "{}", r#""x""#, "[1]", r#"["a",null]"#, r#"["a"] b"#, "[[\"a\"]]"] {
            assert_eq!(texts(broken), Err(PayloadError::Broken), "{broken}");
        }
        assert_eq!(parse_payload(b"[\"\xff\"]"), Err(PayloadError::Broken));
    }

    #[test]
    fn lone_surrogates_become_replacement_characters_of_the_same_length() {
        assert_eq!(parse_payload(br#"["a\ud800b\udc00"]"#).unwrap()[0], "a\u{fffd}b\u{fffd}".as_bytes());
        assert_eq!(parse_payload(br#"["\ud83d\ude00"]"#).unwrap()[0], "😀".as_bytes());
        assert_eq!(parse_payload("[\"\u{d7ff}\u{e000}\"]".as_bytes()).unwrap()[0], "\u{d7ff}\u{e000}".as_bytes());
    }

    proptest! {
        #[test]
        fn what_is_quoted_reads_back_the_same(message in any::<String>()) {
            let quoted = quote(&message);
            prop_assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), message.clone());
            let payload = format!("[{quoted}]");
            prop_assert_eq!(&parse_payload(payload.as_bytes()).unwrap()[0][..], message.as_bytes());
        }

        #[test]
        fn no_payload_is_taken_amiss(payload in any::<Vec<u8>>()) {
            if let Ok(messages) = parse_payload(&payload) {
                prop_assert!(messages.iter().all(|message| std::str::from_utf8(message).is_ok()));
            }
        }
    }
}
