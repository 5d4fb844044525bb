//! One-time tickets: how a browser, which cannot set headers on a WebSocket, brings its identity along.
//!
//! A ticket stands in an address and may be seen in logs; so it lives for seconds, is good once on each node, and is
//! no token.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{AuthError, Principal, unix_seconds};

/// How long a ticket may be used.
pub const TICKET_LIFETIME: Duration = Duration::from_secs(30);
const LIFETIME_SECONDS: i64 = TICKET_LIFETIME.as_secs() as i64;
/// How far the clock of the node that issued a ticket may be ahead.
const AHEAD_SECONDS_MAX: i64 = 30;
/// A ticket holds what its token holds, and little more.
const TICKET_BYTES_MAX: usize = 16 * 1024;
/// The most used tickets that are remembered: about ten megabytes.
const USED_MAX: usize = 1 << 18;

#[derive(Serialize, Deserialize)]
struct Content {
    id: Uuid,
    ends: i64,
    user: String,
    claims: Arc<Map<String, Value>>,
    expires_at: i64,
}

/// Tickets that were used, by their end.
#[derive(Debug, Default)]
struct Used {
    tickets: BTreeSet<(i64, Uuid)>,
    /// Tickets that ended by then may have been forgotten, so they stay refused even when the clock is set back.
    forgotten_until: i64,
}

/// Issues tickets and takes each of them once.
pub struct Tickets {
    signing: EncodingKey,
    checking: DecodingKey,
    used: Mutex<Used>,
    used_max: usize,
}

impl std::fmt::Debug for Tickets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tickets").finish_non_exhaustive()
    }
}

impl Default for Tickets {
    fn default() -> Self {
        Self::new()
    }
}

impl Tickets {
    /// Tickets that only this process takes. [`super::Authenticator::tickets`] gives ones that go from node to node.
    pub fn new() -> Self {
        Self::with_key(&rand::random::<[u8; 32]>())
    }

    /// Tickets with a key of their own, derived from a secret that nodes share.
    pub(super) fn derived(secret: &EncodingKey) -> Self {
        let key = crypto::sign(b"sluice ticket key, version 1", secret, Algorithm::HS256);
        key.map_or_else(|_| Self::new(), |key| Self::with_key(key.as_bytes()))
    }

    fn with_key(key: &[u8]) -> Self {
        Self {
            signing: EncodingKey::from_secret(key),
            checking: DecodingKey::from_secret(key),
            used: Mutex::default(),
            used_max: USED_MAX,
        }
    }

    /// A ticket for the principal, good for thirty seconds.
    pub fn issue(&self, principal: &Principal, now: SystemTime) -> String {
        let content = Content {
            id: Uuid::new_v4(),
            ends: unix_seconds(now).saturating_add(LIFETIME_SECONDS),
            user: principal.user.clone(),
            claims: Arc::clone(&principal.claims),
            expires_at: principal.expires_at,
        };
        let json = serde_json::to_vec(&content).expect("texts, numbers and JSON are always JSON");
        let message = URL_SAFE_NO_PAD.encode(json);
        let signature =
            crypto::sign(message.as_bytes(), &self.signing, Algorithm::HS256).expect("an HMAC can be made of anything");
        format!("{message}.{signature}")
    }

    /// Whose ticket it is; the ticket is used up.
    ///
    /// # Errors
    /// It is none of ours, too old, or was used before.
    pub fn redeem(&self, ticket: &str, now: SystemTime) -> Result<Principal, AuthError> {
        let content = self.open(ticket).ok_or(AuthError::TicketUnknown)?;
        let now = unix_seconds(now);
        if content.ends <= now {
            return Err(AuthError::TicketExpired);
        }
        if content.ends > now.saturating_add(LIFETIME_SECONDS + AHEAD_SECONDS_MAX) {
            return Err(AuthError::TicketUnknown);
        }
        self.use_up((content.ends, content.id), now)?;
        Ok(Principal { user: content.user, claims: content.claims, expires_at: content.expires_at })
    }

    fn open(&self, ticket: &str) -> Option<Content> {
        let (message, signature) = ticket.split_once('.').filter(|_| ticket.len() <= TICKET_BYTES_MAX)?;
        let signed = crypto::verify(signature, message.as_bytes(), &self.checking, Algorithm::HS256).unwrap_or(false);
        let json = URL_SAFE_NO_PAD.decode(message).ok().filter(|_| signed)?;
        serde_json::from_slice(&json).ok()
    }

    fn use_up(&self, ticket: (i64, Uuid), now: i64) -> Result<(), AuthError> {
        let mut used = self.used.lock();
        while used.tickets.first().is_some_and(|(ends, _)| *ends <= now) {
            used.tickets.pop_first();
            used.forgotten_until = now;
        }
        if ticket.0 <= used.forgotten_until {
            return Err(AuthError::TicketExpired);
        }
        if used.tickets.contains(&ticket) {
            return Err(AuthError::TicketUsed);
        }
        if used.tickets.len() >= self.used_max {
            return Err(AuthError::TicketsExhausted);
        }
        used.tickets.insert(ticket);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::{Duration, UNIX_EPOCH};

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
    }

    fn ana() -> Principal {
        let claims = json!({ "sub": "ana", "role": "operator" }).as_object().unwrap().clone();
        Principal { user: "ana".to_owned(), claims: Arc::new(claims), expires_at: 1_003_600 }
    }

    #[test]
    fn a_ticket_brings_its_principal_once() {
        let tickets = Tickets::new();
        let ticket = tickets.issue(&ana(), at(0));
        let principal = tickets.redeem(&ticket, at(1)).unwrap();
        assert_eq!(principal.user, "ana");
        assert_eq!(principal.claim_text("role").as_deref(), Some("operator"));
        assert_eq!(principal.expires_at, 1_003_600);
        assert_eq!(tickets.redeem(&ticket, at(2)).unwrap_err(), AuthError::TicketUsed);
    }

    #[test]
    fn a_ticket_fits_into_an_address() {
        let ticket = Tickets::new().issue(&ana(), at(0));
        assert!(ticket.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_.".contains(&octet)));
    }

    #[test]
    fn a_ticket_lives_for_thirty_seconds() {
        let tickets = Tickets::new();
        let ticket = tickets.issue(&ana(), at(0));
        assert_eq!(tickets.redeem(&ticket, at(30)).unwrap_err(), AuthError::TicketExpired);
        assert!(tickets.redeem(&ticket, at(29)).is_ok());
    }

    #[test]
    fn a_used_ticket_stays_used_when_the_clock_is_set_back() {
        let tickets = Tickets::new();
        let ticket = tickets.issue(&ana(), at(0));
        tickets.redeem(&ticket, at(1)).unwrap();
        let later = tickets.issue(&ana(), at(60));
        tickets.redeem(&later, at(60)).unwrap();
        assert_eq!(tickets.redeem(&ticket, at(2)).unwrap_err(), AuthError::TicketExpired);
    }

    #[test]
    fn forged_tickets_are_refused() {
        let (tickets, other) = (Tickets::new(), Tickets::new());
        let ticket = tickets.issue(&ana(), at(0));
        let (message, signature) = ticket.split_once('.').unwrap();
        let json = String::from_utf8(URL_SAFE_NO_PAD.decode(message).unwrap()).unwrap();
        let changed = URL_SAFE_NO_PAD.encode(json.replace("ana", "bob"));
        for forged in [
            other.issue(&ana(), at(0)),
            format!("{changed}.{signature}"),
            format!("{message}."),
            format!("{message}.AAAA"),
            message.to_owned(),
            String::new(),
            "x".repeat(TICKET_BYTES_MAX + 1),
        ] {
            assert_eq!(tickets.redeem(&forged, at(1)).unwrap_err(), AuthError::TicketUnknown, "{forged}");
        }
    }

    #[test]
    fn a_ticket_from_the_far_future_is_refused() {
        let tickets = Tickets::new();
        let ticket = tickets.issue(&ana(), at(3600));
        assert_eq!(tickets.redeem(&ticket, at(0)).unwrap_err(), AuthError::TicketUnknown);
    }

    #[test]
    fn nodes_with_the_same_secret_take_each_others_tickets() {
        let secret = EncodingKey::from_secret(b"a secret that both of the nodes have");
        let (one, two) = (Tickets::derived(&secret), Tickets::derived(&secret));
        let ticket = one.issue(&ana(), at(0));
        assert_eq!(two.redeem(&ticket, at(1)).unwrap().user, "ana");
        assert_eq!(two.redeem(&ticket, at(1)).unwrap_err(), AuthError::TicketUsed);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_forgotten() {
        let tickets = Tickets { used_max: 2, ..Tickets::new() };
        let redeem = |issued, used| tickets.redeem(&tickets.issue(&ana(), at(issued)), at(used)).map(|_| ());
        assert_eq!(redeem(0, 0), Ok(()));
        assert_eq!(redeem(0, 0), Ok(()));
        assert_eq!(redeem(0, 0), Err(AuthError::TicketsExhausted));
        assert_eq!(redeem(30, 30), Ok(()));
        assert_eq!(tickets.used.lock().tickets.len(), 1);
    }
}
