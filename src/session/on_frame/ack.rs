//! ACK and NACK.

use super::{Fault, required};
use crate::metrics;
use crate::session::ledger::Verdict;
use crate::session::open::Delivered;
use crate::session::transactions::Step;
use crate::session::{Action, Session};
use crate::stomp::{Frame, Version};

impl Session {
    pub(super) fn on_ack(&mut self, frame: &Frame, verdict: Verdict) -> Result<Vec<Action>, Fault> {
        let settings = std::sync::Arc::clone(&self.settings);
        let open = self.open()?;
        let (name, delivered) = match open.version {
            Version::V12 => ("id", open.delivered_by_ack(required(frame, "id")?)),
            Version::V11 => {
                let subscription = required(frame, "subscription")?;
                ("message-id", open.delivered_by_message(required(frame, "message-id")?, Some(subscription)))
            }
            Version::V10 if verdict == Verdict::Nack => return Err(Fault::protocol("STOMP 1.0 has no NACK")),
            Version::V10 => {
                let message_id = required(frame, "message-id")?;
                ("message-id", open.delivered_by_message(message_id, frame.header("subscription")))
            }
        };
        let delivered =
            delivered.ok_or_else(|| not_waiting(&format!("`{name}:{}`", required(frame, name).unwrap_or(""))))?;
        if let Some(id) = frame.header("transaction") {
            open.transactions.add(id, Step::Settle(delivered, verdict), &settings.limits)?;
        } else {
            self.settle(delivered, verdict)?;
        }
        Ok(self.done(Vec::new(), frame))
    }

    /// Does what an ACK or NACK asks for; what is to be sent again goes out when the link takes it.
    pub(super) fn settle(&mut self, delivered: Delivered, verdict: Verdict) -> Result<(), Fault> {
        let given_up = self.open()?.settle(delivered, verdict).ok_or_else(|| not_waiting("what was named"))?;
        if given_up > 0 {
            metrics::messages_given_up(given_up);
        }
        Ok(())
    }
}

fn not_waiting(what: &str) -> Fault {
    Fault::protocol(format!(
        "no message waits to be acknowledged by {what}: it was acknowledged already, or never had to be (`ack:auto`)"
    ))
}
