//! One SockJS session over HTTP requests: what waits for its client, what came from it, and which request serves it now.
//!
//! One task owns the session as a link; each request that receives holds a [`Receiver`] for as long as its response lasts.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::frame::{Close, OPEN, messages_frame};
use crate::session::{DisconnectReason, LinkEvent};
use crate::transport::connection::Connection;
use crate::transport::paced::paced;

/// Octets of messages that go into one frame, if there are more messages than one.
const FRAME_BYTES: usize = 64 * 1024;

/// With more than this waiting for the client, nothing more is taken from it: its own requests cannot fill the memory with
/// their answers.
const OUTGOING_BYTES_MAX: usize = 256 * 1024;

/// What a received message costs beside its octets.
const MESSAGE_OVERHEAD_BYTES: usize = 64;

/// Which request receives.
#[derive(Debug)]
enum Slot {
    /// None, since then.
    Free(Instant),
    /// The one of that number.
    Held(u64),
    /// The one of that number, whose response has got its last piece: another may take its place already.
    Finishing(u64),
}

#[derive(Debug)]
struct Inner {
    is_open: bool,
    slot: Slot,
    receivers: u64,
    /// What carried the last response.
    carrier: Option<Arc<Connection>>,
    /// Messages as JSON strings.
    outgoing: VecDeque<String>,
    outgoing_bytes: usize,
    /// Pieces of responses that the HTTP library has and the operating system has not.
    in_flight: usize,
    /// Messages were taken, and the link was not told that they are written.
    is_unflushed: bool,
    /// The link is to be told so.
    is_flushed: bool,
    incoming: VecDeque<Bytes>,
    incoming_bytes: usize,
    /// Why it is over; told to whoever receives once `outgoing` is empty.
    close: Option<Close>,
    is_farewell_taken: bool,
    /// A receiver broke; the link is to be told.
    is_interrupted: bool,
    /// The link is gone.
    is_abandoned: bool,
}

/// One SockJS session over HTTP requests.
#[derive(Debug)]
pub(super) struct Session {
    inner: Mutex<Inner>,
    changed: Notify,
    disconnect_delay: Duration,
}

/// What one piece of a response carries.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) frames: Vec<String>,
    /// The last frame says that the session is over.
    pub(super) is_farewell: bool,
}

impl Session {
    /// A session that waits so long for a receiver before it ends.
    pub(super) fn new(disconnect_delay: Duration) -> Self {
        let inner = Inner {
            is_open: false,
            slot: Slot::Free(Instant::now()),
            receivers: 0,
            carrier: None,
            outgoing: VecDeque::new(),
            outgoing_bytes: 0,
            in_flight: 0,
            is_unflushed: false,
            is_flushed: false,
            incoming: VecDeque::new(),
            incoming_bytes: 0,
            close: None,
            is_farewell_taken: false,
            is_interrupted: false,
            is_abandoned: false,
        };
        Self { inner: Mutex::new(inner), changed: Notify::new(), disconnect_delay }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        let changed = change(&mut self.inner.lock());
        self.changed.notify_waiters();
        changed
    }

    async fn when<T>(&self, mut look: impl FnMut(&mut Inner) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            let found = look(&mut self.inner.lock());
            match found {
                Some(found) => return found,
                None => changed.await,
            }
        }
    }

    /// Makes a request the receiver, or says what it is told instead.
    pub(super) fn attach(self: &Arc<Self>, carrier: Option<&Arc<Connection>>) -> Result<Receiver, Close> {
        let number = self.change(|inner| inner.attach(carrier))?;
        Ok(Receiver { session: Arc::clone(self), number })
    }

    /// Hands messages from the client to the link. Waits while earlier ones lie there; those for a session that is over
    /// are dropped, as its client is about to be told.
    pub(super) async fn receive(&self, messages: Vec<Bytes>, bytes_max: usize) {
        let cost = messages.iter().map(|message| message.len() + MESSAGE_OVERHEAD_BYTES).sum::<usize>();
        let mut messages = Some(messages);
        self.when(|inner| {
            let has_room = inner.incoming.is_empty() || inner.incoming_bytes + cost <= bytes_max;
            if inner.close.is_none() && !has_room {
                return None;
            }
            if inner.close.is_none() {
                inner.incoming.extend(messages.take().into_iter().flatten());
                inner.incoming_bytes += cost;
            }
            Some(())
        })
        .await;
        self.changed.notify_waiters();
    }

    /// Queues a message, a JSON string, for the client.
    pub(super) fn queue(&self, quoted: String) {
        self.change(|inner| {
            if inner.close.is_none() {
                inner.outgoing_bytes += quoted.len();
                inner.outgoing.push_back(quoted);
                inner.is_unflushed |= std::mem::take(&mut inner.is_flushed);
            }
        });
    }

    /// Whether the link has to wait for something to be written.
    pub(super) fn is_writing(&self) -> bool {
        let inner = self.inner.lock();
        !inner.outgoing.is_empty() || inner.is_unflushed || inner.is_flushed
    }

    /// The next thing that happens to the link.
    pub(super) async fn event(&self) -> LinkEvent {
        loop {
            let changed = self.changed.notified();
            let free_since = {
                let mut inner = self.inner.lock();
                if let Some(event) = inner.event() {
                    drop(inner);
                    self.changed.notify_waiters();
                    return event;
                }
                match inner.slot {
                    Slot::Free(since) => Some(since),
                    Slot::Held(_) | Slot::Finishing(_) => None,
                }
            };
            match free_since {
                None => changed.await,
                Some(since) if since.elapsed() >= self.disconnect_delay => {
                    self.change(Inner::interrupt);
                    return LinkEvent::Failed(DisconnectReason::LinkLost);
                }
                Some(since) => _ = timeout_at(since + self.disconnect_delay, changed).await,
            }
        }
    }

    /// Tells the client why the session is over, once it has got what waits. Returns when it was told, or did not come.
    pub(super) async fn close(&self, close: Close) {
        self.change(|inner| _ = inner.close.get_or_insert(close));
        let is_told = |inner: &mut Inner| (inner.is_farewell_taken || inner.is_interrupted).then_some(());
        // A client that does not come to hear it has gone.
        let _ = tokio::time::timeout(self.disconnect_delay, self.when(is_told)).await;
    }

    /// The link is gone: whoever comes later is told that the session is over.
    pub(super) fn abandon(&self) {
        self.change(|inner| {
            inner.is_abandoned = true;
            inner.drop_waiting();
            inner.close.get_or_insert_with(Close::interrupted);
        });
    }
}

impl Inner {
    fn attach(&mut self, carrier: Option<&Arc<Connection>>) -> Result<u64, Close> {
        if matches!(self.slot, Slot::Held(_)) {
            return Err(Close::another_connection());
        }
        let is_other = |last: &&Arc<Connection>| !carrier.is_some_and(|carrier| Arc::ptr_eq(last, carrier));
        if self.close.is_none() && self.carrier.as_ref().filter(is_other).is_some_and(|last| last.has_lost()) {
            self.interrupt();
        }
        if let Some(close) = self.close.clone().filter(|_| self.outgoing.is_empty()) {
            self.is_farewell_taken = true;
            return Err(close);
        }
        self.carrier = carrier.cloned();
        if let Some(carrier) = &self.carrier {
            carrier.watch();
        }
        self.receivers += 1;
        self.slot = Slot::Held(self.receivers);
        Ok(self.receivers)
    }

    /// Nobody knows what the client has got: the session ends, so that it comes back and asks.
    fn interrupt(&mut self) {
        self.is_interrupted = true;
        self.drop_waiting();
        self.close.get_or_insert_with(Close::interrupted);
    }

    fn drop_waiting(&mut self) {
        self.outgoing = VecDeque::new();
        self.outgoing_bytes = 0;
        self.incoming = VecDeque::new();
        self.incoming_bytes = 0;
    }

    /// What waits for the receiver; of several frames only the first, where a response holds but one.
    fn take(&mut self, is_single: bool) -> Option<Delivery> {
        if !self.is_open {
            self.is_open = true;
            return Some(Delivery { frames: vec![OPEN.to_owned()], is_farewell: false });
        }
        let mut messages = Vec::new();
        let mut bytes = 0;
        while bytes < FRAME_BYTES
            && let Some(message) = self.outgoing.pop_front()
        {
            bytes += message.len();
            messages.push(message);
        }
        self.outgoing_bytes -= bytes;
        let mut frames = Vec::new();
        if messages.is_empty() {
            // An idle session keeps no queue.
            self.outgoing = VecDeque::new();
        } else {
            self.is_unflushed = true;
            frames.push(messages_frame(&messages));
        }
        let close = self.close.as_ref().filter(|_| self.outgoing.is_empty() && (frames.is_empty() || !is_single));
        let is_farewell = close.is_some();
        frames.extend(close.map(Close::frame));
        (!frames.is_empty()).then_some(Delivery { frames, is_farewell })
    }

    fn event(&mut self) -> Option<LinkEvent> {
        if std::mem::take(&mut self.is_flushed) {
            return Some(LinkEvent::Flushed);
        }
        if self.outgoing_bytes < OUTGOING_BYTES_MAX
            && let Some(octets) = self.incoming.pop_front()
        {
            self.incoming_bytes -= octets.len() + MESSAGE_OVERHEAD_BYTES;
            return Some(LinkEvent::Received { octets, binary: false });
        }
        self.is_interrupted.then_some(LinkEvent::Closed)
    }

    /// A piece of a response is with the operating system, or its connection has broken.
    fn written(&mut self, receiver: u64, is_farewell: bool) {
        self.in_flight -= 1;
        if self.in_flight == 0 && self.outgoing.is_empty() && self.is_unflushed {
            self.is_unflushed = false;
            self.is_flushed = true;
        }
        if matches!(self.slot, Slot::Finishing(number) if number == receiver) {
            self.slot = Slot::Free(Instant::now());
        }
        self.is_farewell_taken |= is_farewell;
    }

    fn detach(&mut self, receiver: u64) {
        if matches!(self.slot, Slot::Held(number) if number == receiver) {
            self.slot = Slot::Free(Instant::now());
            self.interrupt();
        }
    }
}

/// A request that receives for a session. Dropping it before its last piece was handed on ends the session.
#[derive(Debug)]
pub(super) struct Receiver {
    session: Arc<Session>,
    number: u64,
}

impl Receiver {
    /// Waits for something to hand on.
    pub(super) async fn delivery(&self, is_single: bool) -> Delivery {
        self.session.when(|inner| inner.take(is_single)).await
    }

    /// A piece of the response; the last one lets another receiver come.
    pub(super) fn piece(&self, octets: Vec<u8>, is_last: bool, is_farewell: bool) -> Bytes {
        self.session.change(|inner| {
            inner.in_flight += 1;
            if is_last && matches!(inner.slot, Slot::Held(number) if number == self.number) {
                inner.slot = Slot::Finishing(self.number);
            }
        });
        let guard = Piece { session: Arc::clone(&self.session), receiver: self.number, is_farewell };
        paced(octets, guard)
    }

    /// Waits until all pieces are written. False when nobody waits for that any more.
    pub(super) async fn written(&self) -> bool {
        let is_done = |inner: &mut Inner| match (inner.in_flight, inner.is_abandoned) {
            (0, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        };
        self.session.when(is_done).await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.session.change(|inner| inner.detach(self.number));
    }
}

/// A piece of a response on its way.
struct Piece {
    session: Arc<Session>,
    receiver: u64,
    is_farewell: bool,
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.session.change(|inner| inner.written(self.receiver, self.is_farewell));
    }
}
