//! What a client said, one file for each command.

mod ack;
mod connect;
mod destination;
mod disconnect;
mod send;
mod subscribe;
mod transaction;
mod unsubscribe;

use super::ledger::Verdict;
use super::{Action, DisconnectReason, Moment, Phase, Session};
use crate::stomp::{Command, Frame};

/// Why a frame was not obeyed: what the ERROR says, and how the session ends.
#[derive(Debug)]
pub(super) struct Fault {
    message: String,
    reason: DisconnectReason,
}

impl Fault {
    pub(super) fn protocol(message: impl Into<String>) -> Self {
        Self { message: message.into(), reason: DisconnectReason::Protocol }
    }

    pub(super) fn too_fast(message: impl Into<String>) -> Self {
        Self { message: message.into(), reason: DisconnectReason::TooFast }
    }

    fn forbidden(message: impl Into<String>) -> Self {
        Self { message: message.into(), reason: DisconnectReason::Forbidden }
    }
}

impl Session {
    pub(super) fn on_frame(&mut self, frame: &Frame, now: Moment) -> Vec<Action> {
        let outcome = self.count(now).and_then(|()| match (frame.command, self.is_open()) {
            (Command::Connect | Command::Stomp, false) => self.on_connect(frame, now),
            (Command::Connect | Command::Stomp, true) => Err(Fault::protocol("CONNECT was said already")),
            (command, false) => Err(Fault::protocol(format!("{} before CONNECT", command.text()))),
            (Command::Subscribe, true) => self.on_subscribe(frame),
            (Command::Unsubscribe, true) => self.on_unsubscribe(frame),
            (Command::Send, true) => self.on_send(frame),
            (Command::Ack, true) => self.on_ack(frame, Verdict::Ack),
            (Command::Nack, true) => self.on_ack(frame, Verdict::Nack),
            (Command::Begin, true) => self.on_begin(frame),
            (Command::Commit, true) => self.on_commit(frame),
            (Command::Abort, true) => self.on_abort(frame),
            (Command::Disconnect, true) => self.on_disconnect(frame),
        });
        outcome.unwrap_or_else(|fault| self.fail(&fault.message, frame.header("receipt"), fault.reason))
    }

    /// Counts a frame of a connected session.
    fn count(&mut self, now: Moment) -> Result<(), Fault> {
        let most = self.settings.limits.frames_per_second;
        let Phase::Open(open) = &mut self.phase else { return Ok(()) };
        if open.rate.take(now.at) {
            return Ok(());
        }
        Err(Fault::too_fast(format!("more than {most} frames in a second (limits.frames_per_second)")))
    }

    pub(super) fn open(&mut self) -> Result<&mut super::Open, Fault> {
        match &mut self.phase {
            Phase::Open(open) => Ok(open),
            _ => Err(Fault::protocol("not connected")),
        }
    }

    /// What was done, and the receipt for it.
    fn done(&self, mut actions: Vec<Action>, frame: &Frame) -> Vec<Action> {
        actions.extend(self.receipt(frame.header("receipt")));
        actions
    }
}

/// A header that a frame must have.
fn required<'a>(frame: &'a Frame, name: &str) -> Result<&'a str, Fault> {
    let value = frame.header(name).filter(|value| !value.is_empty());
    value.ok_or_else(|| Fault::protocol(format!("{} needs the header `{name}`", frame.command.text())))
}
