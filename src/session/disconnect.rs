//! Why a session ended, and what its client is told.

/// Why a session ended. Clients see the code, metrics and logs the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DisconnectReason {
    /// The client said DISCONNECT.
    ClientLeft,
    /// This node is stopping.
    Drain,
    /// The client broke the protocol; an ERROR frame said how.
    Protocol,
    /// A text message was no UTF-8.
    BadText,
    /// A frame was larger than the limits allow.
    TooLarge,
    /// Something here failed.
    Internal,
    /// The keys that would prove the token, or the broker that should take a message, cannot be reached right now.
    TryLater,
    /// No token, or one that is not believed.
    Unauthorized,
    /// No access rule opens what was asked for.
    Forbidden,
    /// The token's time is over.
    TokenExpired,
    /// No CONNECT in time.
    ConnectTimeout,
    /// Nothing came from the client for three of its heart-beats.
    HeartbeatMissed,
    /// The client reads too slowly.
    SlowConsumer,
    /// The client sends faster than the limits allow.
    TooFast,
    /// The user has as many sessions as `limits.connections_per_user` allows.
    TooManySessions,
    /// The connection broke.
    LinkLost,
}

impl DisconnectReason {
    /// Every reason, for tables and tests.
    pub const ALL: [Self; 16] = [
        Self::ClientLeft,
        Self::Drain,
        Self::Protocol,
        Self::BadText,
        Self::TooLarge,
        Self::Internal,
        Self::TryLater,
        Self::Unauthorized,
        Self::Forbidden,
        Self::TokenExpired,
        Self::ConnectTimeout,
        Self::HeartbeatMissed,
        Self::SlowConsumer,
        Self::TooFast,
        Self::TooManySessions,
        Self::LinkLost,
    ];

    /// The WebSocket close code (RFC 6455, section 7.4); 4001 is left to clients' own use. `None` where nobody is left to be told.
    pub const fn close_code(self) -> Option<u16> {
        Some(match self {
            Self::ClientLeft => 1000,
            Self::Drain => 1001,
            Self::Protocol => 1002,
            Self::BadText => 1007,
            Self::TooLarge => 1009,
            Self::TooFast => 4009,
            Self::Internal => 1011,
            Self::TryLater => 1013,
            Self::Unauthorized => 4004,
            Self::Forbidden => 4003,
            Self::TokenExpired => 4002,
            Self::ConnectTimeout => 4000,
            Self::HeartbeatMissed => 4012,
            Self::SlowConsumer => 4008,
            Self::TooManySessions => 4029,
            Self::LinkLost => return None,
        })
    }

    /// Whether the same client should connect again as it is. After the others it has to change something first.
    pub const fn come_back(self) -> bool {
        !matches!(
            self,
            Self::ClientLeft | Self::Protocol | Self::BadText | Self::TooLarge | Self::Unauthorized | Self::Forbidden
        )
    }

    /// The name in metrics, logs and the close frame's reason.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientLeft => "client-left",
            Self::Drain => "drain",
            Self::Protocol => "protocol",
            Self::BadText => "bad-text",
            Self::TooLarge => "too-large",
            Self::Internal => "internal",
            Self::TryLater => "try-later",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::TokenExpired => "token-expired",
            Self::ConnectTimeout => "connect-timeout",
            Self::HeartbeatMissed => "heartbeat-missed",
            Self::SlowConsumer => "slow-consumer",
            Self::TooFast => "too-fast",
            Self::TooManySessions => "too-many-sessions",
            Self::LinkLost => "link-lost",
        }
    }

    /// What happened, for documents.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::ClientLeft => "the client disconnected",
            Self::Drain => "the node is being stopped",
            Self::Protocol => "a frame broke the protocol",
            Self::BadText => "a text message was not UTF-8",
            Self::TooLarge => "a frame was over a limit",
            Self::Internal => "a fault of the gateway",
            Self::TryLater => "the token cannot be checked or the broker does not answer right now",
            Self::Unauthorized => "no token, or one that is not believed",
            Self::Forbidden => "no access rule opens what was asked for",
            Self::TokenExpired => "the token's time is over",
            Self::ConnectTimeout => "no CONNECT came in time",
            Self::HeartbeatMissed => "the client was silent for three of its heart-beats",
            Self::SlowConsumer => "more waited for the client than its outbox holds",
            Self::TooFast => "the client sent faster than it may",
            Self::TooManySessions => "the user has as many sessions as are allowed",
            Self::LinkLost => "the connection broke",
        }
    }

    /// Whether the client should come back, and with what, for documents.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Drain => "come back: another node takes over",
            Self::Internal | Self::ConnectTimeout | Self::HeartbeatMissed | Self::LinkLost => "come back",
            Self::TryLater | Self::TooManySessions => "come back after a while",
            Self::TokenExpired => "come back with a fresh token",
            Self::SlowConsumer => "come back, and read faster or subscribe to less",
            Self::TooFast => "come back, and send less at a time",
            Self::Unauthorized => "do not come back with this token",
            Self::ClientLeft | Self::Protocol | Self::BadText | Self::TooLarge | Self::Forbidden => {
                "do not come back as before: it would end the same way"
            }
        }
    }
}
