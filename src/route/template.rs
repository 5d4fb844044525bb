//! Channel templates: `/topic/user/{userId}/session/{/session/id}`.

use std::sync::Arc;

use super::reference::{Piece, pieces};
use crate::channel::{Pattern, encode_value_into};
use crate::event::Event;

/// A template that makes one channel's name of an event.
#[derive(Clone, Debug)]
pub(super) struct Template {
    text: Arc<str>,
    pieces: Vec<Piece>,
}

impl Template {
    /// Reads a template and makes sure that two different values never lead to one channel.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let pieces = pieces(text)?;
        check_values(&pieces)?;
        check_shape(&pieces)?;
        Ok(Self { text: text.into(), pieces })
    }

    /// The template as it stands in the config.
    pub(super) const fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The channel for that event; `None` when it lacks a value.
    pub(super) fn channel(&self, event: &Event) -> Option<String> {
        let mut channel = String::with_capacity(self.text.len() + 32);
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => channel.push_str(text),
                Piece::Value(reference) => encode_value_into(&reference.identity(event)?, &mut channel),
            }
        }
        Some(channel)
    }
}

/// Whether a character can never be part of an encoded value, so that it shows where a value ends.
const fn separates(character: char) -> bool {
    !(character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '~' | '-' | '%'))
}

fn check_values(pieces: &[Piece]) -> Result<(), String> {
    let mut is_open = false;
    for piece in pieces {
        match piece {
            Piece::Literal(text) => is_open = is_open && !text.contains(separates),
            Piece::Value(reference) if !reference.names_channels() => {
                return Err("`{@…}` stands in `project.wrap.with` only; a channel names members and headers".to_owned());
            }
            Piece::Value(_) if is_open => {
                return Err(
                    "two values in one level could run together (`a`, `bc` and `ab`, `c`): put a `/` between them"
                        .to_owned(),
                );
            }
            Piece::Value(_) => is_open = true,
        }
    }
    Ok(())
}

fn check_shape(pieces: &[Piece]) -> Result<(), String> {
    let sample: String =
        pieces.iter().map(|piece| if let Piece::Literal(text) = piece { text } else { "value" }).collect();
    let pattern = Pattern::parse(&sample).map_err(|err| err.to_string())?;
    if !pattern.is_exact() {
        return Err("a route names channels, not patterns: `*` and `**` are for those who subscribe".to_owned());
    }
    if sample.chars().any(char::is_control) {
        return Err("a channel's name has no control characters".to_owned());
    }
    if sample == "/user" || sample.starts_with("/user/") {
        let message =
            "`/user/…` is how a client names what is its own; a route names the channel itself: `/topic/user/{userId}`";
        return Err(message.to_owned());
    }
    Ok(())
}
