//! What a subscription was sent and has not acknowledged.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::hub::Message;

/// How often one message is sent at most, if the client says NACK each time.
pub(super) const DELIVERIES_MAX: u8 = 5;

/// When a message counts as dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AckMode {
    /// When it is sent.
    Auto,
    /// When it, or a later one, is acknowledged.
    Client,
    /// When it is acknowledged.
    Individual,
}

/// What a client says of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Ack,
    Nack,
}

/// One message that was sent; `number` is unique within the ledger.
#[derive(Clone, Debug)]
struct Sent {
    number: u64,
    message: Arc<Message>,
    deliveries: u8,
}

/// A message that is sent again.
#[derive(Debug)]
pub(super) struct Again {
    /// By what it is acknowledged, if it has to be.
    pub(super) ack: Option<String>,
    pub(super) message: Arc<Message>,
}

/// What a subscription was sent and has not acknowledged, in the order of sending.
#[derive(Debug)]
pub(super) struct Ledger {
    /// Unique within the session; the first half of the ids that the client acknowledges.
    serial: u64,
    mode: AckMode,
    prefetch: usize,
    next_number: u64,
    in_flight: VecDeque<Sent>,
    /// To be sent again, when the window has a place.
    waiting: VecDeque<Sent>,
    /// Places of the window that the hub may fill.
    granted: usize,
    bytes: usize,
}

impl Ledger {
    pub(super) fn new(serial: u64, mode: AckMode, prefetch: usize) -> Self {
        Self {
            serial,
            mode,
            prefetch,
            next_number: 0,
            in_flight: VecDeque::new(),
            waiting: VecDeque::new(),
            granted: 0,
            bytes: 0,
        }
    }

    pub(super) const fn serial(&self) -> u64 {
        self.serial
    }

    pub(super) fn len(&self) -> usize {
        self.in_flight.len() + self.waiting.len()
    }

    /// What the messages cost while they are kept, in octets.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// A message from the hub is sent; gives the id by which it is acknowledged.
    pub(super) fn record(&mut self, message: &Arc<Message>) -> String {
        let sent = Sent { number: self.next_number, message: Arc::clone(message), deliveries: 1 };
        self.next_number += 1;
        self.granted = self.granted.saturating_sub(1);
        self.bytes += message.cost();
        let ack = self.ack_id(&sent);
        self.in_flight.push_back(sent);
        ack
    }

    /// Made of digits and a hyphen: some clients' libraries get escapes wrong.
    fn ack_id(&self, sent: &Sent) -> String {
        format!("{}-{}", self.serial, sent.number)
    }

    /// Whether that message is still to be acknowledged.
    pub(super) fn holds(&self, number: u64) -> bool {
        self.in_flight.iter().chain(&self.waiting).any(|sent| sent.number == number)
    }

    /// The number of the message of that id.
    pub(super) fn number_of(&self, message_id: &str) -> Option<u64> {
        let mut all = self.in_flight.iter().chain(&self.waiting);
        all.find(|sent| &*sent.message.id == message_id).map(|sent| sent.number)
    }

    /// What the client says of a message, and in `client` mode of all that were sent before it. Gives how many messages are
    /// given up because the client has refused them too often; `None` when the message is not to be acknowledged.
    pub(super) fn settle(&mut self, number: u64, verdict: Verdict) -> Option<usize> {
        let place = |list: &VecDeque<Sent>| list.iter().position(|sent| sent.number == number);
        // A client may also name the copy that it got before it subscribed anew.
        let (list, place) = match (place(&self.in_flight), place(&self.waiting)) {
            (Some(place), _) => (&mut self.in_flight, place),
            (None, Some(place)) => (&mut self.waiting, place),
            (None, None) => return None,
        };
        let first = if self.mode == AckMode::Client { 0 } else { place };
        let meant: Vec<Sent> = list.drain(first..=place).collect();
        self.bytes -= meant.iter().map(|sent| sent.message.cost()).sum::<usize>();
        if verdict == Verdict::Ack {
            return Some(0);
        }
        let (again, given_up): (Vec<Sent>, Vec<Sent>) =
            meant.into_iter().partition(|sent| sent.deliveries < DELIVERIES_MAX);
        for sent in again {
            self.bytes += sent.message.cost();
            let sent = Sent { number: self.next_number, deliveries: sent.deliveries + 1, ..sent };
            self.next_number += 1;
            self.waiting.push_back(sent);
        }
        Some(given_up.len())
    }

    /// The client has subscribed anew: everything is to be sent again.
    pub(super) fn resume(&mut self, mode: AckMode, prefetch: usize) {
        self.mode = mode;
        self.prefetch = prefetch;
        self.granted = 0;
        while let Some(sent) = self.in_flight.pop_back() {
            self.waiting.push_front(sent);
        }
    }

    /// Places of the window that nobody has.
    fn free(&self) -> usize {
        self.prefetch.saturating_sub(self.in_flight.len() + self.granted)
    }

    /// The next message to be sent again, if there is a place for it.
    pub(super) fn next_again(&mut self) -> Option<Again> {
        if self.mode == AckMode::Auto {
            let sent = self.waiting.pop_front()?;
            self.bytes -= sent.message.cost();
            return Some(Again { ack: None, message: sent.message });
        }
        if self.free() == 0 {
            return None;
        }
        let sent = self.waiting.pop_front()?;
        let again = Again { ack: Some(self.ack_id(&sent)), message: Arc::clone(&sent.message) };
        self.in_flight.push_back(sent);
        Some(again)
    }

    /// How many more messages the hub may send; they count as granted from now on.
    pub(super) fn grant(&mut self) -> usize {
        if self.mode == AckMode::Auto || !self.waiting.is_empty() {
            return 0;
        }
        let free = self.free();
        self.granted += free;
        free
    }
}
