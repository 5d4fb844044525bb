//! Frames to octets, by the rules of the receiver's version.

use bytes::{BufMut, Bytes, BytesMut};

use super::Version;

/// Writes one frame for a receiver of one version.
#[derive(Debug)]
pub struct FrameWriter {
    out: BytesMut,
    /// `None`: nothing is escaped, as in CONNECTED.
    escapes: Option<Version>,
}

impl FrameWriter {
    /// Begins a frame whose headers are escaped by the version's rules.
    pub fn new(command: &str, version: Version) -> Self {
        Self::begin(command, Some(version))
    }

    /// Begins a frame whose headers are never escaped: CONNECTED, or an ERROR before it.
    pub fn unescaped(command: &str) -> Self {
        Self::begin(command, None)
    }

    /// Begins in the middle of a frame: only headers and body, to follow a head that another writer wrote.
    pub fn tail(version: Version) -> Self {
        Self { out: BytesMut::with_capacity(256), escapes: Some(version) }
    }

    fn begin(command: &str, escapes: Option<Version>) -> Self {
        let mut out = BytesMut::with_capacity(128);
        out.put_slice(command.as_bytes());
        out.put_u8(b'\n');
        Self { out, escapes }
    }

    /// Adds a header. One that the version cannot express (a line end in 1.0, or a colon in its name; a carriage return in
    /// 1.1) is left out.
    pub fn header(&mut self, name: &str, value: &str) -> &mut Self {
        let is_name = self.escapes_anything() || !name.contains(':');
        if is_name && self.is_expressible(name) && self.is_expressible(value) {
            self.text(name);
            self.out.put_u8(b':');
            self.text(value);
            self.out.put_u8(b'\n');
        }
        self
    }

    fn is_expressible(&self, text: &str) -> bool {
        match self.escapes {
            Some(Version::V12) => true,
            Some(Version::V11) => !text.contains('\r'),
            Some(Version::V10) | None => !text.contains(['\n', '\r']),
        }
    }

    const fn escapes_anything(&self) -> bool {
        matches!(self.escapes, Some(Version::V11 | Version::V12))
    }

    fn text(&mut self, text: &str) {
        if !self.escapes_anything() || !text.contains(['\\', '\n', '\r', ':']) {
            self.out.put_slice(text.as_bytes());
            return;
        }
        for octet in text.bytes() {
            match octet {
                b'\\' => self.out.put_slice(b"\\\\"),
                b'\n' => self.out.put_slice(b"\\n"),
                b'\r' => self.out.put_slice(b"\\r"),
                b':' => self.out.put_slice(b"\\c"),
                _ => self.out.put_u8(octet),
            }
        }
    }

    /// What stands so far: the first half of a frame that another writer ends.
    pub fn head(self) -> Bytes {
        self.out.freeze()
    }

    /// Ends the frame with its body and NUL.
    pub fn finish(mut self, body: &[u8]) -> Bytes {
        self.out.reserve(body.len() + 2);
        self.out.put_u8(b'\n');
        self.out.put_slice(body);
        self.out.put_u8(0);
        self.out.freeze()
    }
}

/// One whole frame.
pub fn encode(command: &str, headers: &[(&str, &str)], body: &[u8], version: Version) -> Bytes {
    let mut writer = FrameWriter::new(command, version);
    for (name, value) in headers {
        writer.header(name, value);
    }
    writer.finish(body)
}
