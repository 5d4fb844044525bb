//! 5. One STOMP conversation: a state machine without I/O and without a clock, and the loop that drives it (`run`).

mod action;
mod authenticate;
mod disconnect;
mod heartbeat;
mod ledger;
mod link;
mod on_event;
mod on_frame;
mod open;
mod publishing;
mod rate;
mod registry;
mod run;
#[cfg(test)]
mod tests;
mod transactions;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;

use crate::auth::AccessRules;
use crate::config::LimitsConfig;
use crate::stomp::{FrameWriter, Limits, ParseError, Parser, Version};

pub use action::Action;
pub use disconnect::DisconnectReason;
use heartbeat::{Beat, Heartbeat};
pub use link::{Link, LinkEvent};
pub use on_event::message_frame;
use open::Open;
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
    Open(Box<Open>),
    /// Over; what still comes is not looked at.
    Closed,
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
    /// Octets that came before CONNECTED.
    early_bytes: usize,
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
            early_bytes: 0,
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
            Phase::Open(open) => {
                open.heartbeat.on_received(now.at);
                if open.leaving.is_some() {
                    return Vec::new();
                }
            }
            Phase::Connecting | Phase::Authenticating { .. } => {
                // Line ends count as well: whoever is not connected yet costs no more than this.
                self.early_bytes = self.early_bytes.saturating_add(octets.len());
                let most = self.settings.limits.connect_bytes;
                if self.early_bytes > most {
                    let message = format!("more than {most} octets before CONNECTED (limits.connect_bytes)");
                    return self.fail(&message, None, DisconnectReason::TooLarge);
                }
            }
        }
        self.parser.push(octets);
        // Frames sent on the heels of CONNECT wait until it is answered.
        if matches!(self.phase, Phase::Authenticating { .. }) { Vec::new() } else { self.read_frames(now) }
    }

    fn read_frames(&mut self, now: Moment) -> Vec<Action> {
        let mut actions = Vec::new();
        while self.is_reading() {
            match self.parser.next_frame() {
                Ok(Some(frame)) => actions.extend(self.on_frame(&frame, now)),
                Ok(None) => break,
                Err(error) => actions.extend(self.on_parse_error(&error)),
            }
        }
        actions
    }

    /// Whether the next frame is to be looked at.
    fn is_reading(&self) -> bool {
        match &self.phase {
            Phase::Connecting => true,
            Phase::Open(open) => open.leaving.is_none(),
            Phase::Authenticating { .. } | Phase::Closed => false,
        }
    }

    fn on_parse_error(&mut self, error: &ParseError) -> Vec<Action> {
        let reason = if error.is_limit() { DisconnectReason::TooLarge } else { DisconnectReason::Protocol };
        self.fail(&error.to_string(), None, reason)
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
        match &mut self.phase {
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
                Beat::Send => {
                    // Else a link that takes nothing would be given beat after beat.
                    open.heartbeat.on_sent(now.at);
                    vec![Action::Send(Bytes::from_static(b"\n"))]
                }
                Beat::Missed => {
                    self.fail("nothing came for three heart-beats", None, DisconnectReason::HeartbeatMissed)
                }
            },
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
