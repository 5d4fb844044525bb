//! BEGIN, COMMIT and ABORT.

use super::{Fault, required};
use crate::session::transactions::Step;
use crate::session::{Action, Session};
use crate::stomp::Frame;

impl Session {
    pub(super) fn on_begin(&mut self, frame: &Frame) -> Result<Vec<Action>, Fault> {
        let settings = std::sync::Arc::clone(&self.settings);
        self.open()?.transactions.begin(required(frame, "transaction")?, &settings.limits)?;
        Ok(self.done(Vec::new(), frame))
    }

    /// Acknowledges first, so that an ACK that is wrong keeps everything from being sent.
    pub(super) fn on_commit(&mut self, frame: &Frame) -> Result<Vec<Action>, Fault> {
        let id = required(frame, "transaction")?;
        let steps = self.open()?.transactions.end(id)?;
        let mut records = Vec::new();
        for step in steps {
            match step {
                Step::Send(record) => records.push(record),
                Step::Settle(delivered, verdict) => self.settle(delivered, verdict)?,
            }
        }
        self.publish(records, format!("COMMIT of `{id}`"), frame.header("receipt"))
    }

    pub(super) fn on_abort(&mut self, frame: &Frame) -> Result<Vec<Action>, Fault> {
        self.open()?.transactions.end(required(frame, "transaction")?)?;
        Ok(self.done(Vec::new(), frame))
    }
}
