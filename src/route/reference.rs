//! Values of an event that a template names, and texts with such names in braces.

use std::borrow::Cow;

use serde_json::Value;

use crate::event::Event;

/// One value of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// `{name}`: a top-level member.
    Member(Box<str>),
    /// `{/a/b}`: a JSON pointer.
    Pointer(Box<str>),
    /// `{header:x}`: a header of the record.
    Header(Box<str>),
    /// `{@type}`: the event's type.
    Type,
    /// `{@id}`: the event's id.
    Id,
    /// `{@time}`: when it happened, RFC 3339.
    Time,
    /// `{@now_ms}`: the gateway's clock.
    NowMs,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Literal(Box<str>),
    Value(Reference),
}

/// Splits a text at its `{…}`.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (literal, tail) = rest.split_at(at);
        let inside = tail.strip_prefix('{').ok_or("a `}` has no `{` before it")?;
        let (name, after) = inside.split_once('}').ok_or("a `{` has no `}` after it")?;
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal.into()));
        }
        pieces.push(Piece::Value(Reference::parse(name)?));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(rest.into()));
    }
    Ok(pieces)
}

/// The keys that a JSON pointer leads through, or why it is none.
pub(super) fn pointer_keys(pointer: &str) -> Result<Vec<String>, String> {
    let mut keys = Vec::new();
    for key in pointer.split('/').skip(1) {
        if key.split('~').skip(1).any(|after| !after.starts_with(['0', '1'])) {
            return Err(format!("in the JSON pointer `{pointer}` a `~` is written `~0` and a `/` within a name `~1`"));
        }
        keys.push(key.replace("~1", "/").replace("~0", "~"));
    }
    Ok(keys)
}

impl Reference {
    fn parse(name: &str) -> Result<Self, String> {
        if name.starts_with('/') {
            return pointer_keys(name).map(|_| Self::Pointer(name.into()));
        }
        if let Some(header) = name.strip_prefix("header:") {
            return match header {
                "" => Err("`{header:…}` names a record's header, as `{header:tenant}`".to_owned()),
                _ => Ok(Self::Header(header.into())),
            };
        }
        match name {
            "" => Err("`{}` names nothing; write `{userId}`, `{/shop/id}` or `{header:tenant}`".to_owned()),
            "@type" => Ok(Self::Type),
            "@id" => Ok(Self::Id),
            "@time" => Ok(Self::Time),
            "@now_ms" => Ok(Self::NowMs),
            _ if name.contains('(') => {
                Err(format!("`{{{name}}}` looks a value up, which is not supported by this version"))
            }
            _ if name.starts_with('@') => {
                Err(format!("`{{{name}}}` is unknown; there are `{{@type}}`, `{{@id}}`, `{{@time}}` and `{{@now_ms}}`"))
            }
            _ if name.contains('.') => {
                let pointer = format!("/{}", name.replace('.', "/"));
                Err(format!(
                    "`{{{name}}}`: a member within a member is written `{{{pointer}}}`, a name with a dot `{{/{name}}}`"
                ))
            }
            _ if name.contains([':', '{', '*', ' ']) => Err(format!(
                "`{{{name}}}` is no plain name; write `{{userId}}`, `{{/shop/id}}` or `{{header:tenant}}`, and an unusual name as a JSON pointer"
            )),
            _ => Ok(Self::Member(name.into())),
        }
    }

    /// Whether a channel may be made of it.
    pub(super) const fn names_channels(&self) -> bool {
        matches!(self, Self::Member(_) | Self::Pointer(_) | Self::Header(_))
    }

    fn in_document<'event>(&self, event: &'event Event) -> Option<&'event Value> {
        match self {
            Self::Member(name) => event.document.get(&**name),
            Self::Pointer(pointer) => event.document.pointer(pointer),
            _ => None,
        }
    }

    fn in_headers<'event>(&self, event: &'event Event) -> Option<&'event str> {
        match self {
            Self::Header(name) => event.header(name).and_then(|octets| std::str::from_utf8(octets).ok()),
            Self::Type => Some(&event.event_type),
            Self::Id => event.id.as_deref(),
            Self::Time => event.time.as_ref().map(|time| time.text.as_str()),
            _ => None,
        }
    }

    /// The value as a text that no other value has: a text, a boolean, or a whole number of 64 bits (the number `42` and the
    /// text `42` are one id). Other numbers have been rounded by the time they are read, so that two of them could meet.
    pub(super) fn identity<'event>(&self, event: &'event Event) -> Option<Cow<'event, str>> {
        if let Some(text) = self.in_headers(event) {
            return Some(Cow::Borrowed(text));
        }
        match self.in_document(event)? {
            Value::String(text) => Some(Cow::Borrowed(text)),
            Value::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
            Value::Number(number) if number.is_i64() || number.is_u64() => Some(Cow::Owned(number.to_string())),
            _ => None,
        }
    }

    /// The value as JSON; `null` where there is none.
    pub(super) fn json(&self, event: &Event, now_ms: i64) -> Value {
        if *self == Self::NowMs {
            return now_ms.into();
        }
        match self.in_headers(event) {
            Some(text) => text.into(),
            None => self.in_document(event).cloned().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refuse(text: &str, part: &str) {
        let message = pieces(text).expect_err(text);
        assert!(message.contains(part), "{text}: {message}");
    }

    #[test]
    fn texts_are_split_at_their_braces() {
        let value = |reference| Piece::Value(reference);
        assert_eq!(pieces("").unwrap(), []);
        assert_eq!(pieces("{a}").unwrap(), [value(Reference::Member("a".into()))]);
        assert_eq!(
            pieces("x{/a/b~1c}{header:h:1}y{@now_ms}").unwrap(),
            [
                Piece::Literal("x".into()),
                value(Reference::Pointer("/a/b~1c".into())),
                value(Reference::Header("h:1".into())),
                Piece::Literal("y".into()),
                value(Reference::NowMs),
            ]
        );
    }

    #[test]
    fn errors_say_what_would_be_right() {
        refuse("a}", "no `{` before");
        refuse("{a", "no `}` after");
        refuse("{}", "`{userId}`");
        refuse("{header:}", "{header:tenant}");
        refuse("{owner(/orderId)}", "not supported by this version");
        refuse("{@tpye}", "{@type}");
        refuse("{shop.id}", "`{/shop/id}`");
        refuse("{/a~2}", "`~0`");
        refuse("{{a}}", "no plain name");
        refuse("{*order}", "no plain name");
    }
}
