//! One frame, its headers decoded.

use bytes::Bytes;

/// What a client may send. Names are case sensitive (STOMP 1.2, "Augmented BNF").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the protocol's")]
pub enum Command {
    Connect,
    Stomp,
    Send,
    Subscribe,
    Unsubscribe,
    Ack,
    Nack,
    Begin,
    Commit,
    Abort,
    Disconnect,
}

impl Command {
    const ALL: [Self; 11] = [
        Self::Connect,
        Self::Stomp,
        Self::Send,
        Self::Subscribe,
        Self::Unsubscribe,
        Self::Ack,
        Self::Nack,
        Self::Begin,
        Self::Commit,
        Self::Abort,
        Self::Disconnect,
    ];

    /// The command's line.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Stomp => "STOMP",
            Self::Send => "SEND",
            Self::Subscribe => "SUBSCRIBE",
            Self::Unsubscribe => "UNSUBSCRIBE",
            Self::Ack => "ACK",
            Self::Nack => "NACK",
            Self::Begin => "BEGIN",
            Self::Commit => "COMMIT",
            Self::Abort => "ABORT",
            Self::Disconnect => "DISCONNECT",
        }
    }

    /// Reads the command's line.
    pub fn parse(text: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.text().as_bytes() == text)
    }

    /// Whether its headers are free of escapes (CONNECT stays as in 1.0, for old peers).
    pub const fn is_connect(self) -> bool {
        matches!(self, Self::Connect | Self::Stomp)
    }
}

/// Headers in their order; of a repeated one the first counts (STOMP 1.2, "Repeated Header Entries").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// The first header of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Adds a header at the end.
    pub fn push(&mut self, name: String, value: String) {
        self.0.push((name, value));
    }

    /// How many there are, repeated ones included.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// One frame from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it asks.
    pub command: Command,
    /// Its headers, escapes undone.
    pub headers: Headers,
    /// Its body; only SEND has one.
    pub body: Bytes,
}

impl Frame {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }
}
