//! What is known of a connected session.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::heartbeat::Heartbeat;
use super::ledger::{Ledger, Verdict};
use super::publishing::Publishing;
use super::rate::FrameRate;
use super::transactions::Transactions;
use crate::auth::Principal;
use crate::channel::Pattern;
use crate::config::LimitsConfig;
use crate::hub::{Filter, Message};
use crate::stomp::Version;

/// What is known of a connected session.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) version: Version,
    pub(super) heartbeat: Heartbeat,
    pub(super) principal: Principal,
    /// When the token's time is over.
    pub(super) expires: Instant,
    /// The receipt that the client wants for a token that is being looked at.
    pub(super) renewing: Option<Option<String>>,
    pub(super) rate: FrameRate,
    pub(super) subscriptions: HashMap<String, Subscribed>,
    /// What ended subscriptions had not acknowledged, the longest ended first.
    pub(super) parked: VecDeque<Parked>,
    pub(super) next_serial: u64,
    pub(super) transactions: Transactions,
    pub(super) publishing: Publishing,
    /// DISCONNECT was said, with that receipt; nothing that comes after it is read.
    pub(super) leaving: Option<Option<String>>,
}

/// One subscription of the session.
#[derive(Debug)]
pub(super) struct Subscribed {
    pub(super) pattern: Pattern,
    /// The destination as the client wrote it.
    pub(super) destination: String,
    /// Whether the client gave it the id that it goes by.
    pub(super) is_named: bool,
    /// Whether it is one of the session's own queues, which need no rule.
    pub(super) is_own: bool,
    pub(super) filter: Filter,
    pub(super) ledger: Option<Ledger>,
}

/// What an ended subscription had not acknowledged.
#[derive(Debug)]
pub(super) struct Parked {
    pub(super) id: String,
    pub(super) pattern: Pattern,
    pub(super) filter: Filter,
    pub(super) ledger: Ledger,
}

/// A message that is to be acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Delivered {
    serial: u64,
    number: u64,
}

impl Open {
    /// Octets of messages that are to be acknowledged, without those of ended subscriptions.
    pub(super) fn unacknowledged_bytes(&self) -> usize {
        self.ledgers().map(|(_, ledger)| ledger.bytes()).sum()
    }

    fn ledgers(&self) -> impl Iterator<Item = (&str, &Ledger)> {
        self.subscriptions.iter().filter_map(|(id, subscribed)| Some((id.as_str(), subscribed.ledger.as_ref()?)))
    }

    /// Those of live subscriptions first.
    fn all_ledgers(&self) -> impl Iterator<Item = (&str, &Ledger)> {
        self.ledgers().chain(self.parked.iter().map(|parked| (parked.id.as_str(), &parked.ledger)))
    }

    /// The message of a 1.2 client's `id`, the `ack` header of its MESSAGE.
    pub(super) fn delivered_by_ack(&self, ack: &str) -> Option<Delivered> {
        let (serial, number) = ack.split_once('-')?;
        let delivered = Delivered { serial: serial.parse().ok()?, number: number.parse().ok()? };
        // One number has one text.
        let is_exact = format!("{}-{}", delivered.serial, delivered.number) == ack;
        let mut all = self.all_ledgers().map(|(_, ledger)| ledger);
        let is_held = all.any(|ledger| ledger.serial() == delivered.serial && ledger.holds(delivered.number));
        (is_exact && is_held).then_some(delivered)
    }

    /// The message of that id, of any subscription where none is named.
    pub(super) fn delivered_by_message(&self, message_id: &str, subscription: Option<&str>) -> Option<Delivered> {
        let named = |(id, ledger): (&str, &Ledger)| {
            let is_meant = subscription.is_none_or(|subscription| subscription == id);
            let number = is_meant.then(|| ledger.number_of(message_id)).flatten()?;
            Some(Delivered { serial: ledger.serial(), number })
        };
        self.all_ledgers().find_map(named)
    }

    /// What the client says of a message; gives how many messages are given up, or `None` when it is not to be
    /// acknowledged any more.
    pub(super) fn settle(&mut self, delivered: Delivered, verdict: Verdict) -> Option<usize> {
        let live = self.subscriptions.values_mut().filter_map(|subscribed| subscribed.ledger.as_mut());
        let mut all = live.chain(self.parked.iter_mut().map(|parked| &mut parked.ledger));
        let given_up = all.find(|ledger| ledger.serial() == delivered.serial)?.settle(delivered.number, verdict);
        self.parked.retain(|parked| parked.ledger.len() > 0);
        given_up
    }

    /// Keeps what an ended subscription had not acknowledged, within the limits: of too much, what is longest ended goes.
    pub(super) fn park(&mut self, parked: Parked, limits: &LimitsConfig) {
        if parked.ledger.len() == 0 {
            return;
        }
        self.parked.push_back(parked);
        let is_too_much = |all: &VecDeque<Parked>| {
            all.iter().map(|parked| parked.ledger.len()).sum::<usize>() > limits.unacknowledged
                || all.iter().map(|parked| parked.ledger.bytes()).sum::<usize>() > limits.unacknowledged_bytes
        };
        while is_too_much(&self.parked) {
            self.parked.pop_front();
        }
    }

    /// What the subscription of that id to those channels had not acknowledged when it ended. What was filtered otherwise
    /// is not given: it may not pass the filter of today.
    pub(super) fn unpark(&mut self, id: &str, pattern: &Pattern, filter: &Filter) -> Option<Ledger> {
        let place = self.parked.iter().position(|parked| parked.id == id && parked.pattern == *pattern)?;
        let parked = self.parked.remove(place)?;
        (parked.filter == *filter).then_some(parked.ledger)
    }

    /// The next number that no ledger has.
    pub(super) fn take_serial(&mut self) -> u64 {
        self.next_serial += 1;
        self.next_serial
    }
}

/// One MESSAGE frame to be written.
#[derive(Debug)]
pub(super) struct Envelope<'a> {
    pub(super) message: &'a Arc<Message>,
    /// The subscription's id, where the client knows it by one.
    pub(super) subscription: Option<&'a str>,
    pub(super) ack: Option<&'a str>,
    pub(super) is_redelivered: bool,
}
