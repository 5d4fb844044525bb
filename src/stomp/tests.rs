//! Tables and properties of the codec.

use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits { frame_bytes: 64 * 1024, header_bytes: 16 * 1024, headers: 64 };

fn parser(version: Option<Version>) -> Parser {
    let mut parser = Parser::new(LIMITS);
    if let Some(version) = version {
        parser.connected(version, LIMITS);
    }
    parser
}

fn parse_one(version: Option<Version>, octets: &[u8]) -> Result<Option<Frame>, ParseError> {
    let mut parser = parser(version);
    parser.push(octets);
    parser.next_frame()
}

#[track_caller]
fn header_is(version: Version, line: &str, name: &str, value: &str) {
    let frame = parse_one(Some(version), format!("SEND\n{line}\n\n\0").as_bytes()).unwrap().unwrap();
    assert_eq!(frame.header(name), Some(value), "{line:?}");
}

#[track_caller]
fn fails(version: Option<Version>, octets: &[u8], error: &ParseError) {
    assert_eq!(parse_one(version, octets).as_ref(), Err(error), "{:?}", String::from_utf8_lossy(octets));
}

#[test]
fn escapes_by_version() {
    header_is(Version::V12, "foo:a\\cb\\nc\\rd\\\\e", "foo", "a:b\nc\rd\\e");
    header_is(Version::V12, "a\\cb:x", "a:b", "x");
    header_is(Version::V12, "foo:  bar  ", "foo", "  bar  ");
    header_is(Version::V12, "foo:bar\r", "foo", "bar");
    header_is(Version::V11, "foo:bar\r", "foo", "bar\r");
    header_is(Version::V10, "foo:a\\cb\\t:z", "foo", "a\\cb\\t:z");
    header_is(Version::V10, "foo:  bar  ", "foo", "  bar  ");
    header_is(Version::V10, "destination: /queue/a ", "destination", "/queue/a");
    header_is(Version::V11, "destination: /queue/a ", "destination", " /queue/a ");
    header_is(Version::V12, "foo:first\nfoo:second", "foo", "first");
    header_is(Version::V12, "foo:", "foo", "");
    let escape = |text: &str, escape: &str, version| ParseError::UndefinedEscape(text.into(), escape.into(), version);
    fails(Some(Version::V12), b"SEND\nfoo:a\\tb\n\n\0", &escape("a\\tb", "t", "1.2"));
    fails(Some(Version::V12), b"SEND\nfoo:abc\\\n\n\0", &escape("abc\\", "", "1.2"));
    fails(Some(Version::V11), b"SEND\nfoo:a\\rb\n\n\0", &escape("a\\rb", "r", "1.1"));
}

#[test]
fn what_a_version_cannot_express_is_left_out() {
    for (version, headers) in [
        (Version::V10, "a:1:2\n"),
        (Version::V11, "a:1\\c2\nb\\cc:3\nd:\\n\n"),
        (Version::V12, "a:1\\c2\nb\\cc:3\nd:\\n\ne:\\r\n"),
    ] {
        let octets = encode("SEND", &[("a", "1:2"), ("b:c", "3"), ("d", "\n"), ("e", "\r")], b"", version);
        assert_eq!(String::from_utf8_lossy(&octets), format!("SEND\n{headers}\n\0"), "{version:?}");
    }
}

#[test]
fn connect_is_never_unescaped() {
    let frame = parse_one(None, b"CONNECT\r\nx-h:a\\tb\\\r\n\r\n\0").unwrap().unwrap();
    assert_eq!(frame.header("x-h"), Some("a\\tb\\"));
}

#[test]
fn octets_that_are_no_frame() {
    let v12 = Some(Version::V12);
    fails(v12, b"FLY\n\n\0", &ParseError::UnknownCommand("FLY".into()));
    fails(v12, b"send\n\n\0", &ParseError::UnknownCommand("send".into()));
    fails(v12, b"SEND\nnocolon\n\n\0", &ParseError::NoColon("nocolon".into()));
    fails(v12, b"SEND\n:x\n\n\0", &ParseError::EmptyName);
    fails(v12, b"SEND\nfoo:\xff\xfe\n\n\0", &ParseError::NotUtf8);
    fails(v12, b"SEND\ncontent-length:abc\n\n\0", &ParseError::BadContentLength("abc".into()));
    fails(v12, b"SEND\ncontent-length:2\n\nhello\0", &ParseError::WrongContentLength(2));
    fails(v12, b"SUBSCRIBE\n\nbody\0", &ParseError::UnexpectedBody("SUBSCRIBE"));
}

#[test]
fn limits_are_kept_before_anything_is_buffered() {
    let v12 = Some(Version::V12);
    let huge = b"SEND\ncontent-length:99999999999999999999999\n\n";
    fails(v12, huge, &ParseError::FrameTooLarge(LIMITS.frame_bytes));
    let line = [b"SEND\nfoo:".as_slice(), &vec![b'x'; LIMITS.header_bytes]].concat();
    fails(v12, &line, &ParseError::HeaderTooLarge(LIMITS.header_bytes));
    let many = format!("SEND\n{}\n\0", "a:b\n".repeat(LIMITS.headers + 1));
    fails(v12, many.as_bytes(), &ParseError::TooManyHeaders(LIMITS.headers));
    let body = [b"SEND\n\n".as_slice(), &vec![b'x'; LIMITS.frame_bytes]].concat();
    fails(v12, &body, &ParseError::FrameTooLarge(LIMITS.frame_bytes));
}

#[test]
fn frames_and_line_ends_in_one_chunk() {
    let mut parser = parser(Some(Version::V12));
    parser.push(b"\n\r\nSEND\ndestination:/a\ncontent-length:6\n\na\0b\0\0c\0\n\nDISCONNECT\n\n\0\n");
    let send = parser.next_frame().unwrap().unwrap();
    assert_eq!((send.command, send.body.as_ref()), (Command::Send, b"a\0b\0\0c".as_slice()));
    assert_eq!(parser.next_frame().unwrap().unwrap().command, Command::Disconnect);
    assert_eq!(parser.next_frame().unwrap(), None);
    assert_eq!(parser.buffered(), 0);
}

fn version() -> impl Strategy<Value = Version> {
    prop_oneof![Just(Version::V10), Just(Version::V11), Just(Version::V12)]
}

/// Header text that the version can express.
fn expressible(version: Version, text: &str) -> String {
    match version {
        Version::V10 => text.replace(['\n', '\r'], ""),
        Version::V11 => text.replace('\r', ""),
        Version::V12 => text.to_owned(),
    }
}

proptest! {
    #[test]
    fn what_is_encoded_is_parsed_again_wherever_it_is_cut(
        version in version(),
        headers in prop::collection::vec(("[^:\0]{1,12}", "[^\0]{0,20}"), 0..6),
        body in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let length = body.len().to_string();
        let headers: Vec<(String, String)> = headers
            .into_iter()
            .map(|(name, value)| (format!("x{}", expressible(version, &name)), expressible(version, &value)))
            .collect();
        let mut all: Vec<(&str, &str)> = vec![("content-length", &length)];
        all.extend(headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let octets = encode("SEND", &all, &body, version);
        for cut in 0..=octets.len() {
            let mut parser = parser(Some(version));
            parser.push(&octets[..cut]);
            let early = parser.next_frame().unwrap();
            prop_assert_eq!(early.is_some(), cut == octets.len());
            parser.push(&octets[cut..]);
            let frame = early.or_else(|| parser.next_frame().unwrap()).unwrap();
            prop_assert_eq!(frame.headers.iter().collect::<Vec<_>>(), all.clone());
            prop_assert_eq!(&frame.body[..], &body[..]);
        }
    }

    #[test]
    fn no_octets_make_the_parser_panic(octets in prop::collection::vec(any::<u8>(), 0..200), version in version()) {
        let mut parser = parser(Some(version));
        for chunk in octets.chunks(7) {
            parser.push(chunk);
            while let Ok(Some(_)) = parser.next_frame() {}
        }
    }
}
