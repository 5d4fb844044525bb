//! 5. One STOMP conversation: a state machine without I/O and without a clock, and the loop that drives it (`run`).

mod action;
mod disconnect;
mod heartbeat;
mod link;
mod on_event;
mod on_frame;
mod registry;
mod run;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;

use crate::auth::{AccessRules, AuthError, Principal};
use crate::channel::Pattern;
use crate::config::LimitsConfig;
use crate::hub::Entry;
use crate::stomp::{FrameWriter, Limits, ParseError, Parser, Version};

pub use action::Action;
pub use disconnect::DisconnectReason;
use heartbeat::{Beat, Heartbeat};
pub use link::{Link, LinkEvent};
pub use on_event::message_frame;
pub use registry::{Registry, SessionInfo};
pub use run::{Credential, Services, run};

/// A moment on both clocks: one that only goes forward, and the one that tokens speak of.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// For intervals.
    pub at: Instant,
    /// For `exp`.
    pub wall: SystemTime,
}

impl Moment {
    /// This moment.
    pub fn now() -> Self {
        Self { at: Instant::now(), wall: SystemTime::now() }
    }
}

/// What every session of a node shares.
#[derive(Debug)]
pub struct Settings {
    /// What a session may cost.
    pub limits: LimitsConfig,
    /// How far clocks may disagree about a token's end.
    pub leeway: Duration,
    /// Who may subscribe to what.
    pub access: AccessRules,
    /// The `server` header of CONNECTED.
    pub server: String,
}

/// Where a conversation stands.
#[derive(Debug)]
enum Phase {
    /// Nothing said yet.
    Connecting,
    /// CONNECT was said; whose token it is, is being found out.
    Authenticating { version: Version, heartbeat: Heartbeat },
    /// CONNECTED.
    Open(Open),
    /// Over; what still comes is not looked at.
    Closed,
}

/// What is known of a connected session.
#[derive(Debug)]
struct Open {
    version: Version,
    heartbeat: Heartbeat,
    principal: Principal,
    /// When the token's time is over.
    expires: Instant,
    /// The receipt that the client wants for a token that is being looked at.
    renewing: Option<Option<String>>,
    subscriptions: HashMap<String, Pattern>,
}

/// One STOMP conversation.
#[derive(Debug)]
pub struct Session {
    /// The `session` header of CONNECTED.
    id: String,
    settings: Arc<Settings>,
    /// The versions that the client may choose from.
    versions: Vec<Version>,
    parser: Parser,
    phase: Phase,
    started: Instant,
}

impl Session {
    /// A conversation in which nothing was said yet. `versions` are those that the transport's handshake left open.
    pub fn new(settings: Arc<Settings>, versions: Vec<Version>, now: Moment) -> Self {
        let limits = &settings.limits;
        let before_connect = Limits {
            frame_bytes: limits.connect_bytes,
            header_bytes: limits.header_bytes.min(limits.connect_bytes),
            headers: limits.frame_headers,
        };
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            parser: Parser::new(before_connect),
            phase: Phase::Connecting,
            started: now.at,
            settings,
            versions,
        }
    }

    /// The session's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether CONNECTED was said and the session is not over.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open(_))
    }

    /// Octets came from the client.
    pub fn on_octets(&mut self, octets: &[u8], now: Moment) -> Vec<Action> {
        match &mut self.phase {
            Phase::Closed => return Vec::new(),
            Phase::Open(open) => open.heartbeat.on_received(now.at),
            Phase::Connecting | Phase::Authenticating { .. } => {}
        }
        self.parser.push(octets);
        if matches!(self.phase, Phase::Authenticating { .. }) {
            // Frames sent on the heels of CONNECT wait until it is answered, within the same bound.
            if self.parser.buffered() > self.settings.limits.connect_bytes {
                return self.on_parse_error(&ParseError::FrameTooLarge(self.settings.limits.connect_bytes));
            }
            return Vec::new();
        }
        self.read_frames(now)
    }

    fn read_frames(&mut self, now: Moment) -> Vec<Action> {
        let mut actions = Vec::new();
        while matches!(self.phase, Phase::Connecting | Phase::Open(_)) {
            match self.parser.next_frame() {
                Ok(Some(frame)) => actions.extend(self.on_frame(&frame, now)),
                Ok(None) => break,
                Err(error) => actions.extend(self.on_parse_error(&error)),
            }
        }
        actions
    }

    fn on_parse_error(&mut self, error: &ParseError) -> Vec<Action> {
        let reason = if error.is_limit() { DisconnectReason::TooLarge } else { DisconnectReason::Protocol };
        self.fail(&error.to_string(), None, reason)
    }

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
        let own = self.settings.limits.heartbeat.as_millis();
        connected
            .header("version", version.text())
            .header("session", &self.id)
            .header("server", &self.settings.server)
            .header("heart-beat", &format!("{own},{own}"))
            .header("user-name", &crate::channel::encode_value(&principal.user));
        let limits = &self.settings.limits;
        let frame_limits = Limits {
            frame_bytes: limits.frame_bytes,
            header_bytes: limits.header_bytes,
            headers: limits.frame_headers,
        };
        self.parser.connected(version, frame_limits);
        self.phase = Phase::Open(Open {
            version,
            heartbeat,
            expires: self.expiry(&principal, now),
            principal,
            renewing: None,
            subscriptions: HashMap::new(),
        });
        let mut actions = vec![Action::Send(connected.finish(b""))];
        actions.extend(self.read_frames(now));
        actions
    }

    /// The answer to [`Action::Renew`].
    pub fn on_renewed(&mut self, outcome: Result<Principal, AuthError>, now: Moment) -> Vec<Action> {
        let expires = outcome.as_ref().map(|principal| self.expiry(principal, now)).ok();
        let Phase::Open(open) = &mut self.phase else { return Vec::new() };
        let receipt = open.renewing.take().flatten();
        match outcome {
            Err(error) => {
                let reason = refusal(&error);
                self.fail(&format!("the new token is not accepted: {error}"), receipt.as_deref(), reason)
            }
            Ok(principal) if principal.user != open.principal.user => self.fail(
                "the new token is another user's: a session keeps its user",
                receipt.as_deref(),
                DisconnectReason::Unauthorized,
            ),
            Ok(principal) => {
                open.principal = principal;
                open.expires = expires.unwrap_or(open.expires);
                let lost = open
                    .subscriptions
                    .values()
                    .find(|&wanted| !self.settings.access.may_subscribe(&open.principal, wanted));
                if let Some(wanted) = lost {
                    let message = format!("the new token does not open {wanted}, which this session is subscribed to");
                    return self.fail(&message, receipt.as_deref(), DisconnectReason::Forbidden);
                }
                self.receipt(receipt.as_deref()).into_iter().collect()
            }
        }
    }

    fn expiry(&self, principal: &Principal, now: Moment) -> Instant {
        let unix_now = now.wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let expires = Duration::from_secs(u64::try_from(principal.expires_at).unwrap_or(0)) + self.settings.leeway;
        // A token that ends beyond what the clock can count simply never ends here.
        now.at.checked_add(expires.saturating_sub(unix_now)).unwrap_or(now.at + Duration::from_secs(u32::MAX.into()))
    }

    /// The session's outbox was full.
    pub fn on_overflow(&mut self) -> Vec<Action> {
        let message = format!(
            "this client reads too slowly: more than {} octets waited for it (limits.outbox_bytes); connect again",
            self.settings.limits.outbox_bytes
        );
        self.fail(&message, None, DisconnectReason::SlowConsumer)
    }

    /// The user has as many sessions as one may have.
    pub fn on_too_many(&mut self) -> Vec<Action> {
        let message = format!(
            "this user has {} sessions on this node already (limits.connections_per_user)",
            self.settings.limits.connections_per_user
        );
        self.fail(&message, None, DisconnectReason::TooManySessions)
    }

    /// This node is stopping; what waited has been sent.
    pub fn on_drain(&mut self) -> Vec<Action> {
        self.close(DisconnectReason::Drain)
    }

    /// Something was written to the client.
    pub fn on_sent(&mut self, now: Moment) {
        if let Phase::Open(open) = &mut self.phase {
            open.heartbeat.on_sent(now.at);
        }
    }

    /// When [`Session::on_tick`] wants to be called.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Connecting | Phase::Authenticating { .. } => {
                Some(self.started + self.settings.limits.connect_timeout)
            }
            Phase::Open(open) => open.heartbeat.deadline().into_iter().chain([open.expires]).min(),
            Phase::Closed => None,
        }
    }

    /// Time has passed.
    pub fn on_tick(&mut self, now: Moment) -> Vec<Action> {
        match &self.phase {
            Phase::Closed => Vec::new(),
            Phase::Connecting | Phase::Authenticating { .. } => {
                if now.at < self.started + self.settings.limits.connect_timeout {
                    return Vec::new();
                }
                self.fail("no CONNECT in time (limits.connect_timeout)", None, DisconnectReason::ConnectTimeout)
            }
            Phase::Open(open) if now.at >= open.expires => {
                self.fail("the token's time is over; connect with a new one", None, DisconnectReason::TokenExpired)
            }
            Phase::Open(open) => match open.heartbeat.due(now.at) {
                Beat::Wait => Vec::new(),
                Beat::Send => vec![Action::Send(Bytes::from_static(b"\n"))],
                Beat::Missed => {
                    self.fail("nothing came for three heart-beats", None, DisconnectReason::HeartbeatMissed)
                }
            },
        }
    }

    /// The MESSAGE frame for an entry of the outbox; `None` when it is not to be sent any more.
    pub fn message(&self, entry: &Entry) -> Option<Bytes> {
        match &self.phase {
            Phase::Open(open) => on_event::message_frame(entry, open.version),
            _ => None,
        }
    }

    /// ERROR, then the end: STOMP 1.2 wants the connection closed just after any ERROR.
    fn fail(&mut self, message: &str, receipt: Option<&str>, reason: DisconnectReason) -> Vec<Action> {
        let mut error = match &self.phase {
            Phase::Open(open) => FrameWriter::new("ERROR", open.version),
            _ => FrameWriter::unescaped("ERROR"),
        };
        error.header("message", message);
        if let Some(receipt) = receipt {
            error.header("receipt-id", receipt);
        }
        if !self.is_open() {
            error.header("version", "1.0,1.1,1.2");
        }
        let advice = if reason.come_back() {
            "The client may connect again."
        } else {
            "Connecting again as before leads here again."
        };
        let body = format!("{message}\n{advice}\n");
        error.header("content-type", "text/plain").header("content-length", &body.len().to_string());
        let mut actions = vec![Action::Send(error.finish(body.as_bytes()))];
        actions.extend(self.close(reason));
        actions
    }

    fn close(&mut self, reason: DisconnectReason) -> Vec<Action> {
        match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Closed => Vec::new(),
            _ => vec![Action::Close(reason)],
        }
    }

    /// The RECEIPT for a frame that was dealt with, if its sender wanted one.
    fn receipt(&self, receipt: Option<&str>) -> Option<Action> {
        let Phase::Open(open) = &self.phase else { return None };
        let mut frame = FrameWriter::new("RECEIPT", open.version);
        frame.header("receipt-id", receipt?);
        Some(Action::Send(frame.finish(b"")))
    }
}

/// A token that is not believed, apart from keys that cannot be had.
fn refusal(error: &AuthError) -> DisconnectReason {
    if error.is_temporary() { DisconnectReason::TryLater } else { DisconnectReason::Unauthorized }
}
