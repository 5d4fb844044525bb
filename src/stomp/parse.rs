//! Octets to frames. The cuts between chunks mean nothing: a frame may come in many, a chunk may hold many frames.

use bytes::{Buf, Bytes, BytesMut};

use super::{Command, Frame, Headers, Version};

/// Headers that STOMP itself gives a meaning. A 1.0 client may pad their values, as the examples of its specification do.
const PADDED_IN_V10: [&str; 8] =
    ["destination", "id", "ack", "message-id", "transaction", "receipt", "subscription", "selector"];

/// What one frame may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of a whole frame.
    pub frame_bytes: usize,
    /// Octets of one header line.
    pub header_bytes: usize,
    /// Header lines of a frame.
    pub headers: usize,
}

/// Why octets are no frame. The connection cannot go on after it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each message says it")]
pub enum ParseError {
    #[error("`{0}` is no STOMP command (commands are upper case)")]
    UnknownCommand(String),
    #[error("header line `{0}` has no colon")]
    NoColon(String),
    #[error("a header has an empty name")]
    EmptyName,
    #[error("header line `{0}` has the escape `\\{1}`, which STOMP {2} does not know")]
    UndefinedEscape(String, String, &'static str),
    #[error("a header line is no UTF-8")]
    NotUtf8,
    #[error("content-length `{0}` is no number of octets")]
    BadContentLength(String),
    #[error("the body does not end where content-length {0} says: no NUL follows")]
    WrongContentLength(usize),
    #[error("{0} must not have a body: only SEND has one")]
    UnexpectedBody(&'static str),
    #[error(
        "a frame of more than {0} octets (the limit is `limits.frame_bytes`, or `limits.connect_bytes` before CONNECTED)"
    )]
    FrameTooLarge(usize),
    #[error("a header line of more than {0} octets (the limit is `limits.header_bytes`)")]
    HeaderTooLarge(usize),
    #[error("more than {0} headers in a frame (the limit is `limits.frame_headers`)")]
    TooManyHeaders(usize),
}

impl ParseError {
    /// Whether a limit was passed, and not the grammar broken.
    pub const fn is_limit(&self) -> bool {
        matches!(self, Self::FrameTooLarge(_) | Self::HeaderTooLarge(_) | Self::TooManyHeaders(_))
    }
}

/// The frame that is being read.
#[derive(Debug)]
enum Stage {
    /// Only end-of-lines so far, if anything.
    Between,
    /// The command is known, header lines follow.
    Headers { command: Command, headers: Headers },
    /// The blank line was seen.
    Body { command: Command, headers: Headers, length: Option<usize> },
}

/// Reads frames from chunks of octets. Looks at each octet a bounded number of times, however the chunks are cut.
#[derive(Debug)]
pub struct Parser {
    buffer: BytesMut,
    /// Octets at the front of `buffer` that were searched in vain for the next delimiter.
    searched: usize,
    /// Octets of the current frame that have left `buffer` already.
    consumed: usize,
    stage: Stage,
    limits: Limits,
    version: Option<Version>,
}

impl Parser {
    /// A parser for a connection that has not said CONNECT yet.
    pub fn new(limits: Limits) -> Self {
        Self { buffer: BytesMut::new(), searched: 0, consumed: 0, stage: Stage::Between, limits, version: None }
    }

    /// From the next frame on, this version's rules and these limits apply.
    pub fn connected(&mut self, version: Version, limits: Limits) {
        self.version = Some(version);
        self.limits = limits;
    }

    /// Takes in octets.
    pub fn push(&mut self, octets: &[u8]) {
        self.buffer.extend_from_slice(octets);
    }

    /// Octets taken in and not yet given out as frames.
    pub fn buffered(&self) -> usize {
        self.buffer.len() + self.consumed
    }

    /// The next whole frame, or `None` when more octets are needed.
    ///
    /// # Errors
    /// When the octets are no frame; nothing after them can be read.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, ParseError> {
        loop {
            match std::mem::replace(&mut self.stage, Stage::Between) {
                Stage::Between => {
                    self.skip_line_ends();
                    let Some(line) = self.line()? else { return Ok(None) };
                    let command = Command::parse(&line).ok_or_else(|| ParseError::UnknownCommand(printable(&line)))?;
                    self.stage = Stage::Headers { command, headers: Headers::default() };
                }
                Stage::Headers { command, mut headers } => {
                    let Some(line) = self.line()? else {
                        self.stage = Stage::Headers { command, headers };
                        return Ok(None);
                    };
                    if line.is_empty() {
                        let length = self.body_length(command, &headers)?;
                        self.stage = Stage::Body { command, headers, length };
                    } else {
                        self.header(command, &line, &mut headers)?;
                        self.stage = Stage::Headers { command, headers };
                    }
                }
                Stage::Body { command, headers, length } => match self.body(length)? {
                    Some(body) => {
                        self.consumed = 0;
                        if !body.is_empty() && command != Command::Send && self.version != Some(Version::V10) {
                            return Err(ParseError::UnexpectedBody(command.text()));
                        }
                        return Ok(Some(Frame { command, headers, body }));
                    }
                    None => {
                        self.stage = Stage::Body { command, headers, length };
                        return Ok(None);
                    }
                },
            }
        }
    }

    /// End-of-lines between frames are heart-beats or padding.
    fn skip_line_ends(&mut self) {
        let count = self.buffer.iter().take_while(|octet| matches!(octet, b'\n' | b'\r')).count();
        self.buffer.advance(count);
        self.searched = 0;
        if self.buffer.is_empty() {
            // An idle connection keeps no buffer.
            self.buffer = BytesMut::new();
        }
    }

    /// The next line without its end, or `None` when it is not whole yet.
    fn line(&mut self) -> Result<Option<Bytes>, ParseError> {
        let Some(end) = memchr::memchr(b'\n', &self.buffer[self.searched..]) else {
            self.searched = self.buffer.len();
            self.check_header_size(self.searched)?;
            return Ok(None);
        };
        let end = self.searched + end;
        self.check_header_size(end)?;
        let mut line = self.buffer.split_to(end).freeze();
        self.buffer.advance(1);
        self.searched = 0;
        self.consumed += end + 1;
        // Before the version is known, and in 1.2, a line may end in CR LF; in 1.0 and 1.1 the CR belongs to the line.
        if line.last() == Some(&b'\r') && !matches!(self.version, Some(Version::V10 | Version::V11)) {
            line.truncate(line.len() - 1);
        }
        Ok(Some(line))
    }

    /// Of two limits that a line is over, the one that its octets reached first is told, however they came.
    fn check_header_size(&self, line: usize) -> Result<(), ParseError> {
        let frame_room = self.limits.frame_bytes.saturating_sub(self.consumed);
        if line > self.limits.header_bytes && self.limits.header_bytes <= frame_room {
            return Err(ParseError::HeaderTooLarge(self.limits.header_bytes));
        }
        self.check_frame_size(line)
    }

    fn check_frame_size(&self, more: usize) -> Result<(), ParseError> {
        if self.consumed.saturating_add(more) > self.limits.frame_bytes {
            return Err(ParseError::FrameTooLarge(self.limits.frame_bytes));
        }
        Ok(())
    }

    fn header(&self, command: Command, line: &[u8], headers: &mut Headers) -> Result<(), ParseError> {
        if headers.len() == self.limits.headers {
            return Err(ParseError::TooManyHeaders(self.limits.headers));
        }
        let line = std::str::from_utf8(line).map_err(|_| ParseError::NotUtf8)?;
        // Real peers send raw colons in values: the first one counts.
        let (name, value) = line.split_once(':').ok_or_else(|| ParseError::NoColon(printable(line.as_bytes())))?;
        if name.is_empty() {
            return Err(ParseError::EmptyName);
        }
        match self.version {
            Some(version @ (Version::V11 | Version::V12)) if !command.is_connect() => {
                headers.push(unescape(name, version)?, unescape(value, version)?);
            }
            Some(Version::V10) if PADDED_IN_V10.contains(&name) => {
                headers.push(name.to_owned(), value.trim_matches(' ').to_owned());
            }
            _ => headers.push(name.to_owned(), value.to_owned()),
        }
        Ok(())
    }

    fn body_length(&self, command: Command, headers: &Headers) -> Result<Option<usize>, ParseError> {
        let Some(text) = headers.get("content-length") else { return Ok(None) };
        let length = Some(text.trim())
            .filter(|text| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit()))
            .ok_or_else(|| ParseError::BadContentLength(printable(text.as_bytes())))?;
        // A number too long for a usize is over every limit: refused before anything is allocated for it.
        let length = length.parse().unwrap_or(usize::MAX);
        if length > 0 && command != Command::Send && self.version != Some(Version::V10) {
            return Err(ParseError::UnexpectedBody(command.text()));
        }
        self.check_frame_size(length)?;
        Ok(Some(length))
    }

    /// The body without its NUL, or `None` when it is not whole yet.
    fn body(&mut self, length: Option<usize>) -> Result<Option<Bytes>, ParseError> {
        let end = match length {
            Some(length) => {
                if self.buffer.len() <= length {
                    return Ok(None);
                }
                if self.buffer[length] != 0 {
                    return Err(ParseError::WrongContentLength(length));
                }
                length
            }
            None => {
                let Some(end) = memchr::memchr(0, &self.buffer[self.searched..]) else {
                    self.searched = self.buffer.len();
                    self.check_frame_size(self.searched)?;
                    return Ok(None);
                };
                self.searched + end
            }
        };
        self.check_frame_size(end)?;
        let body = self.buffer.split_to(end).freeze();
        self.buffer.advance(1);
        self.searched = 0;
        Ok(Some(body))
    }
}

/// Undoes the escapes of a header's name or value (STOMP 1.2, "Value Encoding").
fn unescape(text: &str, version: Version) -> Result<String, ParseError> {
    if !text.contains('\\') {
        return Ok(text.to_owned());
    }
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        let escaped = characters.next();
        out.push(match escaped {
            Some('\\') => '\\',
            Some('n') => '\n',
            Some('c') => ':',
            Some('r') if version == Version::V12 => '\r',
            _ => {
                let escaped = escaped.map(String::from).unwrap_or_default();
                return Err(ParseError::UndefinedEscape(printable(text.as_bytes()), escaped, version.text()));
            }
        });
    }
    Ok(out)
}

/// The start of what a client sent, safe to show in an error.
fn printable(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).chars().take(60).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
