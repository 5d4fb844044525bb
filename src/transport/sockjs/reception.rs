//! The body of a response that carries a session's frames, written no faster than its client reads.

use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;

use super::frame::HEARTBEAT;
use super::session::{Delivery, Receiver};
use super::wire::Wire;

/// The session ended while a piece of the response could not be written: its connection is cut.
#[derive(Debug, thiserror::Error)]
#[error("the client does not read")]
pub(super) struct Stuck;

/// A piece that is ready to be taken.
#[derive(Debug)]
struct Ready {
    octets: Vec<u8>,
    is_last: bool,
    is_farewell: bool,
}

/// A response in the making.
#[derive(Debug)]
pub(super) struct Reception {
    receiver: Receiver,
    wire: Wire,
    heartbeat: Duration,
    /// The response ends once it has so many octets, so that the client's memory of it is freed.
    bytes_left: usize,
    ready: Option<Ready>,
    is_writing: bool,
    is_finished: bool,
}

impl Reception {
    pub(super) fn new(receiver: Receiver, wire: Wire, heartbeat: Duration, bytes_max: usize) -> Self {
        let prelude = wire.prelude().map(|octets| Ready { octets, is_last: false, is_farewell: false });
        Self { receiver, wire, heartbeat, bytes_left: bytes_max, ready: prelude, is_writing: false, is_finished: false }
    }

    /// Waits for the next piece and gives its length.
    pub(super) async fn prepare(&mut self) -> usize {
        if let Some(ready) = &self.ready {
            return ready.octets.len();
        }
        let delivery = self.receiver.delivery(self.wire.is_single());
        let delivery = tokio::time::timeout(self.heartbeat, delivery)
            .await
            .unwrap_or_else(|_| Delivery { frames: vec![HEARTBEAT.to_owned()], is_farewell: false });
        let mut octets = Vec::with_capacity(delivery.frames.iter().map(|frame| frame.len() + 16).sum());
        for frame in &delivery.frames {
            self.wire.write(frame, &mut octets);
        }
        self.bytes_left = self.bytes_left.saturating_sub(octets.len());
        let is_last = self.wire.is_polling() || delivery.is_farewell || self.bytes_left == 0;
        self.ready.insert(Ready { octets, is_last, is_farewell: delivery.is_farewell }).octets.len()
    }

    /// The body, piece by piece.
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Bytes, Stuck>> + Send {
        unfold(self, |mut reception| async move { reception.next().await.map(|piece| (piece, reception)) })
    }

    async fn next(&mut self) -> Option<Result<Bytes, Stuck>> {
        if std::mem::take(&mut self.is_writing) && !self.receiver.written().await {
            return Some(Err(Stuck));
        }
        if self.is_finished {
            return None;
        }
        self.prepare().await;
        let Ready { octets, is_last, is_farewell } = self.ready.take()?;
        (self.is_writing, self.is_finished) = (true, is_last);
        Some(Ok(self.receiver.piece(octets, is_last, is_farewell)))
    }
}
