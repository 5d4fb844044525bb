//! Whose session it is: the answers to tokens that were looked at.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant, SystemTime};

use super::open::Open;
use super::publishing::Publishing;
use super::rate::FrameRate;
use super::transactions::Transactions;
use super::{Action, DisconnectReason, Heartbeat, Moment, Phase, Session, Settings};
use crate::auth::{AuthError, Opening, Principal};
use crate::stomp::{FrameWriter, Limits, Version};

impl Session {
    /// The answer to [`Action::Authenticate`].
    pub fn on_authenticated(&mut self, outcome: Result<Principal, AuthError>, now: Moment) -> Vec<Action> {
        let (version, heartbeat) = match std::mem::replace(&mut self.phase, Phase::Connecting) {
            Phase::Authenticating { version, heartbeat } => (version, heartbeat),
            other => {
                self.phase = other;
                return Vec::new();
            }
        };
        let principal = match outcome {
            Ok(principal) => principal,
            Err(error) => {
                let reason = refusal(&error);
                return self.fail(&error.to_string(), None, reason);
            }
        };
        let mut connected = FrameWriter::unescaped("CONNECTED");
        let limits = &self.settings.limits;
        let own = limits.heartbeat.as_millis();
        connected
            .header("version", version.text())
            .header("session", &self.id)
            .header("server", &self.settings.server)
            .header("heart-beat", &format!("{own},{own}"))
            .header("user-name", &crate::channel::encode_value(&principal.user));
        let frame_limits = Limits {
            frame_bytes: limits.frame_bytes,
            header_bytes: limits.header_bytes,
            headers: limits.frame_headers,
        };
        self.parser.connected(version, frame_limits);
        self.phase = Phase::Open(Box::new(self.opened(version, heartbeat, principal, now)));
        let mut actions = vec![Action::Send(connected.finish(b""))];
        actions.extend(self.read_frames(now));
        actions
    }

    fn opened(&self, version: Version, heartbeat: Heartbeat, principal: Principal, now: Moment) -> Open {
        Open {
            version,
            heartbeat,
            expires: expiry(&self.settings, &principal, now),
            principal,
            renewing: None,
            rate: FrameRate::new(self.settings.limits.frames_per_second, now.at),
            subscriptions: HashMap::new(),
            parked: VecDeque::new(),
            next_serial: 0,
            transactions: Transactions::default(),
            publishing: Publishing::default(),
            leaving: None,
        }
    }

    /// The answer to [`Action::Renew`].
    pub fn on_renewed(&mut self, outcome: Result<Principal, AuthError>, now: Moment) -> Vec<Action> {
        let Phase::Open(open) = &mut self.phase else { return Vec::new() };
        let receipt = open.renewing.take().flatten();
        let principal = match outcome {
            Err(error) => {
                let reason = refusal(&error);
                return self.fail(&format!("the new token is not accepted: {error}"), receipt.as_deref(), reason);
            }
            Ok(principal) if principal.user != open.principal.user => {
                let message = "the new token is another user's: a session keeps its user";
                return self.fail(message, receipt.as_deref(), DisconnectReason::Unauthorized);
            }
            Ok(principal) => principal,
        };
        open.expires = expiry(&self.settings, &principal, now);
        open.principal = principal;
        match open.reopen(&self.settings) {
            Ok(mut actions) => {
                actions.extend(self.receipt(receipt.as_deref()));
                actions
            }
            Err(message) => self.fail(&message, receipt.as_deref(), DisconnectReason::Forbidden),
        }
    }
}

impl Open {
    /// Holds every subscription against the rights of today.
    fn reopen(&mut self, settings: &Settings) -> Result<Vec<Action>, String> {
        let mut actions = Vec::new();
        for (id, subscribed) in self.subscriptions.iter_mut().filter(|(_, subscribed)| !subscribed.is_own) {
            let pattern = &subscribed.pattern;
            let only = match settings.access.opening(&self.principal, pattern) {
                Some(Opening::All) => None,
                Some(Opening::Only(conditions)) => Some(conditions),
                None => {
                    return Err(format!("the new token does not open {pattern}, which this session is subscribed to"));
                }
            };
            if subscribed.filter.only != only {
                subscribed.filter.only = only;
                actions.push(Action::Refilter { id: id.clone(), filter: subscribed.filter.clone() });
            }
        }
        Ok(actions)
    }
}

fn expiry(settings: &Settings, principal: &Principal, now: Moment) -> Instant {
    let unix_now = now.wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let expires = Duration::from_secs(u64::try_from(principal.expires_at).unwrap_or(0)) + settings.leeway;
    // A token that ends beyond what the clock can count simply never ends here.
    now.at.checked_add(expires.saturating_sub(unix_now)).unwrap_or(now.at + Duration::from_secs(u32::MAX.into()))
}

/// A token that is not believed, apart from keys that cannot be had.
fn refusal(error: &AuthError) -> DisconnectReason {
    if error.is_temporary() { DisconnectReason::TryLater } else { DisconnectReason::Unauthorized }
}
