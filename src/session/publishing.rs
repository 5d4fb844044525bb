//! What the session has handed to the broker, and the answers.

use std::collections::VecDeque;

use super::on_frame::Fault;
use super::transactions::record_bytes;
use super::{Action, DisconnectReason, Phase, Session};
use crate::publish::{Outgoing, PublishError, Written};

/// One frame whose records are on their way.
#[derive(Debug)]
struct Waiting {
    records: usize,
    bytes: usize,
    /// The frame, for an error.
    what: String,
    receipt: Option<String>,
}

/// Every frame whose records are on their way, in order.
#[derive(Debug, Default)]
pub(super) struct Publishing {
    waiting: VecDeque<Waiting>,
    bytes: usize,
}

impl Publishing {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

impl Session {
    /// Hands records to the broker; the receipt is given once it has them all.
    pub(super) fn publish(
        &mut self,
        records: Vec<Outgoing>,
        what: String,
        receipt: Option<&str>,
    ) -> Result<Vec<Action>, Fault> {
        if records.is_empty() {
            return Ok(self.receipt(receipt).into_iter().collect());
        }
        let most = self.settings.limits.send_bytes;
        let publishing = &mut self.open()?.publishing;
        let bytes = records.iter().map(record_bytes).sum();
        if !publishing.is_empty() && publishing.bytes + bytes > most {
            let message =
                format!("more than {most} octets wait for the broker (limits.send_bytes): send less at a time");
            return Err(Fault::too_fast(message));
        }
        publishing.bytes += bytes;
        let receipt = receipt.map(ToOwned::to_owned);
        publishing.waiting.push_back(Waiting { records: records.len(), bytes, what, receipt });
        Ok(vec![Action::Publish(records)])
    }

    /// The broker's answers for records of [`Action::Publish`], in the order in which they were handed over; of one action
    /// all or none.
    pub fn on_published(&mut self, outcomes: Vec<Result<Written, PublishError>>) -> Vec<Action> {
        let mut actions = Vec::new();
        let mut outcomes = outcomes.into_iter();
        while outcomes.len() > 0 {
            let Phase::Open(open) = &mut self.phase else { return actions };
            let Some(waiting) = open.publishing.waiting.pop_front() else { return actions };
            open.publishing.bytes -= waiting.bytes;
            let fault = outcomes.by_ref().take(waiting.records).find_map(Result::err);
            match fault {
                None => actions.extend(self.receipt(waiting.receipt.as_deref())),
                Some(error) => {
                    let (why, reason) = refusal(&error);
                    let message = format!("{}: {why}", waiting.what);
                    actions.extend(self.fail(&message, waiting.receipt.as_deref(), reason));
                }
            }
        }
        actions.extend(self.leave());
        actions
    }

    /// The end after a DISCONNECT, once nothing is on its way any more.
    pub(super) fn leave(&mut self) -> Vec<Action> {
        let receipt = match &mut self.phase {
            Phase::Open(open) if open.publishing.is_empty() => open.leaving.take(),
            _ => None,
        };
        let Some(receipt) = receipt else { return Vec::new() };
        let mut actions: Vec<Action> = self.receipt(receipt.as_deref()).into_iter().collect();
        actions.extend(self.close(DisconnectReason::ClientLeft));
        actions
    }
}

/// What the client is told, and how its session ends. What exactly the broker said is the operator's business.
const fn refusal(error: &PublishError) -> (&'static str, DisconnectReason) {
    match error {
        PublishError::Unavailable(_) => {
            ("the broker did not confirm it; it may yet appear", DisconnectReason::TryLater)
        }
        PublishError::UnknownTopic(_) => {
            ("the broker lacks the topic that it goes through", DisconnectReason::Internal)
        }
        // The same frame would be refused again.
        PublishError::Refused(_) => ("the broker refused it", DisconnectReason::Protocol),
    }
}
