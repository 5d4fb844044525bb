//! What a client said, one file for each command.

mod connect;
mod destination;
mod disconnect;
mod send;
mod subscribe;
mod unsubscribe;

use super::{Action, DisconnectReason, Moment, Phase, Session};
use crate::stomp::{Command, Frame};

/// Why a frame was not obeyed: what the ERROR says, and how the session ends.
pub(super) struct Fault {
    message: String,
    reason: DisconnectReason,
}

impl Fault {
    fn protocol(message: impl Into<String>) -> Self {
        Self { message: message.into(), reason: DisconnectReason::Protocol }
    }

    fn forbidden(message: impl Into<String>) -> Self {
        Self { message: message.into(), reason: DisconnectReason::Forbidden }
    }
}

impl Session {
    pub(super) fn on_frame(&mut self, frame: &Frame, now: Moment) -> Vec<Action> {
        let outcome = match (frame.command, self.is_open()) {
            (Command::Connect | Command::Stomp, false) => self.on_connect(frame, now),
            (Command::Connect | Command::Stomp, true) => Err(Fault::protocol("CONNECT was said already")),
            (command, false) => Err(Fault::protocol(format!("{} before CONNECT", command.text()))),
            (Command::Subscribe, true) => self.on_subscribe(frame),
            (Command::Unsubscribe, true) => self.on_unsubscribe(frame),
            (Command::Send, true) => self.on_send(frame),
            (Command::Disconnect, true) => Ok(self.on_disconnect(frame)),
            (command, true) => Err(Fault::protocol(format!("{} is not supported", command.text()))),
        };
        outcome.unwrap_or_else(|fault| self.fail(&fault.message, frame.header("receipt"), fault.reason))
    }

    fn open(&mut self) -> Result<&mut super::Open, Fault> {
        match &mut self.phase {
            Phase::Open(open) => Ok(open),
            _ => Err(Fault::protocol("not connected")),
        }
    }
}

/// A header that a frame must have.
fn required<'a>(frame: &'a Frame, name: &str) -> Result<&'a str, Fault> {
    frame.header(name).ok_or_else(|| Fault::protocol(format!("{} needs the header `{name}`", frame.command.text())))
}
