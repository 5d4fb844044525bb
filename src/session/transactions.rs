//! What a client said within a transaction and has not committed.

use std::collections::HashMap;

use super::on_frame::Fault;
use super::open::Delivered;
use crate::config::LimitsConfig;
use crate::publish::Outgoing;

use super::ledger::Verdict;

/// Octets that one step costs beside what it holds.
const STEP_OVERHEAD_BYTES: usize = 256;

/// One frame of a transaction.
#[derive(Debug)]
pub(super) enum Step {
    /// SEND, allowed already.
    Send(Outgoing),
    /// ACK or NACK of a message that there is.
    Settle(Delivered, Verdict),
}

impl Step {
    fn cost(&self) -> usize {
        STEP_OVERHEAD_BYTES
            + match self {
                Self::Send(record) => record_bytes(record),
                Self::Settle(..) => 0,
            }
    }
}

/// What a record costs while it waits, in octets.
pub(super) fn record_bytes(record: &Outgoing) -> usize {
    const HEADER_OVERHEAD_BYTES: usize = 64;
    let header = |(name, value): &(String, bytes::Bytes)| HEADER_OVERHEAD_BYTES + name.len() + value.len();
    record.body.len() + record.headers.iter().map(header).sum::<usize>()
}

#[derive(Debug, Default)]
struct Transaction {
    steps: Vec<Step>,
    bytes: usize,
}

/// Every open transaction of a session.
#[derive(Debug, Default)]
pub(super) struct Transactions {
    open: HashMap<String, Transaction>,
    bytes: usize,
}

impl Transactions {
    pub(super) fn begin(&mut self, id: &str, limits: &LimitsConfig) -> Result<(), Fault> {
        if self.open.contains_key(id) {
            return Err(Fault::protocol(format!("transaction `{id}` is open already on this connection")));
        }
        if self.open.len() >= limits.transactions {
            let most = limits.transactions;
            return Err(Fault::protocol(format!("more than {most} open transactions (limits.transactions)")));
        }
        let bytes = STEP_OVERHEAD_BYTES + id.len();
        self.charge(bytes, limits)?;
        self.open.insert(id.to_owned(), Transaction { steps: Vec::new(), bytes });
        Ok(())
    }

    pub(super) fn add(&mut self, id: &str, step: Step, limits: &LimitsConfig) -> Result<(), Fault> {
        let cost = step.cost();
        let Some(transaction) = self.open.get_mut(id) else { return Err(unknown(id)) };
        transaction.steps.push(step);
        transaction.bytes += cost;
        self.charge(cost, limits)
    }

    /// Ends a transaction and gives what it held.
    pub(super) fn end(&mut self, id: &str) -> Result<Vec<Step>, Fault> {
        let transaction = self.open.remove(id).ok_or_else(|| unknown(id))?;
        self.bytes -= transaction.bytes;
        Ok(transaction.steps)
    }

    fn charge(&mut self, bytes: usize, limits: &LimitsConfig) -> Result<(), Fault> {
        self.bytes += bytes;
        if self.bytes > limits.transaction_bytes {
            let most = limits.transaction_bytes;
            return Err(Fault::protocol(format!(
                "the open transactions hold more than {most} octets (limits.transaction_bytes)"
            )));
        }
        Ok(())
    }
}

fn unknown(id: &str) -> Fault {
    Fault::protocol(format!("there is no open transaction `{id}` on this connection"))
}
