//! SockJS frames: a payload is a JSON array of strings or is refused, and what goes out is read as it was meant.

use sluice::transport::sockjs::{parse_payload, quote};

/// A client's payload; where it is text, it is also a message to a client.
pub fn run(data: &[u8]) {
    let exact: Option<Vec<String>> = serde_json::from_slice(data).ok();
    let taken = parse_payload(data).ok();
    if let Some(exact) = &exact {
        let taken = taken.as_ref().expect("a JSON array of strings is taken");
        assert!(exact.iter().map(String::as_bytes).eq(taken.iter().map(|message| &message[..])));
    }
    for message in taken.iter().flatten() {
        let text = std::str::from_utf8(message).expect("what is taken is text, even where surrogates are broken");
        check_quoted(text);
    }
    if let Ok(text) = std::str::from_utf8(data) {
        check_quoted(text);
    } else {
        assert!(taken.is_none(), "a payload that is no UTF-8 was taken");
    }
}

fn check_quoted(text: &str) {
    let quoted = quote(text);
    assert_eq!(serde_json::from_str::<String>(&quoted).ok().as_deref(), Some(text), "{quoted}");
    let is_fragile = |character: char| {
        character.is_control()
            || matches!(character, '\u{200c}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}'..='\u{206f}')
            || matches!(character, '\u{fff0}'..='\u{ffff}')
    };
    assert!(!quoted.contains(is_fragile), "something on the way may change {quoted:?}");
}
