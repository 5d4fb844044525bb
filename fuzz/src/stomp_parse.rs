//! STOMP frames: whatever comes, in whatever version and however it is cut, is read the same, and a frame that was read
//! and written again is the same frame.

use sluice::stomp::{Command, Frame, Limits, ParseError, Parser, Version, encode};

const LIMITS: Limits = Limits { frame_bytes: 4096, header_bytes: 512, headers: 16 };

/// Escapes make a frame longer, twice at most.
const WIDE: Limits = Limits { frame_bytes: 3 * 4096, header_bytes: 3 * 512, headers: 16 };

/// The first octet chooses the version, the second how the rest is cut.
pub fn run(data: &[u8]) {
    let [version, cut, octets @ ..] = data else { return };
    let version = [None, Some(Version::V10), Some(Version::V11), Some(Version::V12)][usize::from(version % 4)];
    let whole = read(octets, version, octets.len());
    assert_eq!(whole, read(octets, version, 1), "cut at every octet");
    assert_eq!(whole, read(octets, version, 2 + usize::from(*cut)), "cut by {cut}");
    if version == Some(Version::V12) {
        for frame in &whole.0 {
            check_round_trip(frame);
        }
    }
}

/// What comes of octets that arrive in pieces of that size.
fn read(octets: &[u8], version: Option<Version>, piece: usize) -> (Vec<Frame>, Option<ParseError>) {
    let mut parser = Parser::new(LIMITS);
    if let Some(version) = version {
        parser.connected(version, LIMITS);
    }
    let mut frames = Vec::new();
    for piece in octets.chunks(piece.max(1)) {
        parser.push(piece);
        loop {
            match parser.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
        assert!(parser.buffered() <= LIMITS.frame_bytes + piece.len(), "more is kept than one frame may have");
    }
    (frames, None)
}

fn check_round_trip(frame: &Frame) {
    if matches!(frame.command, Command::Connect | Command::Stomp) {
        // Their headers are not escaped, so not everything that was read can be written.
        return;
    }
    let headers: Vec<(&str, &str)> = frame.headers.iter().collect();
    let written = encode(frame.command.text(), &headers, &frame.body, Version::V12);
    let mut parser = Parser::new(WIDE);
    parser.connected(Version::V12, WIDE);
    parser.push(&written);
    assert_eq!(parser.next_frame().as_ref(), Ok(&Some(frame.clone())), "{written:?}");
}
