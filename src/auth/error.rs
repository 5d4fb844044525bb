//! Why a token or ticket is not accepted, in words that may be shown to whoever sent it.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::token::TOKEN_BYTES_MAX;

/// Why a token or ticket is not accepted. No message repeats the token, a signature or a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The keys at the JWKS URL could not be fetched, so nothing can be said about the token.
    #[error("the keys that tokens are checked with cannot be fetched; try again later")]
    KeysUnavailable,
    /// Nothing was brought along.
    #[error("no token: bring one in the CONNECT header `authorization: Bearer …`, in the HTTP request, or as a ticket")]
    NoToken,
    /// The config names no key at all.
    #[error("this gateway has no keys to check tokens with")]
    NoKeys,
    /// The token is larger than any that is taken.
    #[error("the token has {0} octets, at most {TOKEN_BYTES_MAX} are taken")]
    TooLong(usize),
    /// It does not have a signed JWT's shape.
    #[error("the token is no signed JWT: {0}")]
    Malformed(&'static str),
    /// An algorithm that no key may have, such as `none`.
    #[error("the algorithm `{0}` is not accepted")]
    Algorithm(String),
    /// The key it names signs with another algorithm.
    #[error("the token says {token}, but its key signs with {key}")]
    WrongAlgorithm {
        /// What the token's header says.
        token: String,
        /// What the key is for.
        key: String,
    },
    /// No key signs with the token's algorithm.
    #[error("no key signs with {0}")]
    NoKeyFor(String),
    /// No key has the token's `kid`.
    #[error("no key has the id `{0}`")]
    UnknownKey(String),
    /// It was changed, or signed by somebody else.
    #[error("the token's signature is wrong")]
    Signature,
    /// A claim that is needed is absent.
    #[error("the token has no `{0}`")]
    Missing(&'static str),
    /// A claim is of the wrong type.
    #[error("the token's `{claim}` is wrong: {wanted}")]
    WrongType {
        /// The claim's name.
        claim: &'static str,
        /// What it has to be.
        wanted: &'static str,
    },
    /// Its `exp` has passed.
    #[error("the token expired at {0}")]
    Expired(String),
    /// Its `nbf` is still to come.
    #[error("the token is valid from {0} on")]
    NotYet(String),
    /// Somebody else issued it.
    #[error("the issuer is `{is}`, `{wanted}` is wanted")]
    Issuer {
        /// What the token says.
        is: String,
        /// What the config says.
        wanted: String,
    },
    /// It is meant for somebody else.
    #[error("the audience is `{is}`, `{wanted}` is wanted")]
    Audience {
        /// What the token says.
        is: String,
        /// What the config says.
        wanted: String,
    },
    /// Only a gateway in development signs tokens.
    #[error("tokens are only signed where `auth.development` is true")]
    NotDevelopment,
    /// The development key cannot be read or made.
    #[error("the development key cannot be used: {0}")]
    DevelopmentKey(String),
    /// A token cannot be made of what was given.
    #[error("no token can be made: {0}")]
    Unsignable(&'static str),
    /// Not a ticket of this gateway.
    #[error("the ticket is none of this gateway's")]
    TicketUnknown,
    /// Tickets live for seconds.
    #[error("the ticket has expired; ask for another at /api/v1/tickets")]
    TicketExpired,
    /// A ticket is good for one connection.
    #[error("the ticket was used before; ask for another at /api/v1/tickets")]
    TicketUsed,
    /// As many tickets as can be remembered were used within their lifetime.
    #[error("too many tickets are in use; try again later")]
    TicketsExhausted,
}

impl AuthError {
    /// Whether the same token or ticket may be accepted later.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::KeysUnavailable | Self::TicketsExhausted | Self::NotYet(_))
    }

    /// A word for metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::KeysUnavailable => "keys-unavailable",
            Self::NoToken => "no-token",
            Self::NoKeys => "no-keys",
            Self::TooLong(_) | Self::Malformed(_) | Self::Missing(_) | Self::WrongType { .. } => "malformed",
            Self::Algorithm(_) | Self::WrongAlgorithm { .. } | Self::NoKeyFor(_) => "algorithm",
            Self::UnknownKey(_) => "unknown-key",
            Self::Signature => "signature",
            Self::Expired(_) => "expired",
            Self::NotYet(_) => "not-yet-valid",
            Self::Issuer { .. } => "issuer",
            Self::Audience { .. } => "audience",
            Self::NotDevelopment | Self::DevelopmentKey(_) | Self::Unsignable(_) => "signing",
            Self::TicketUnknown | Self::TicketExpired | Self::TicketUsed | Self::TicketsExhausted => "ticket",
        }
    }
}

/// Text from a token as it may stand in a message: on one line, and short.
pub(super) fn shown(text: &str) -> String {
    const CHARACTERS_MAX: usize = 80;
    let mut shown: String = text.chars().take(CHARACTERS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(CHARACTERS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// A Unix time as RFC 3339; a number that is no date stays a number.
pub(super) fn date(unix_seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(unix_seconds)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| unix_seconds.to_string())
}
