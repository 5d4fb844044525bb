//! What a session needs from whatever carries it.

use std::future::Future;

use bytes::Bytes;

use super::DisconnectReason;

/// Something that happened on a link.
#[derive(Debug)]
pub enum LinkEvent {
    /// Octets came from the client.
    Received {
        /// The octets; cuts between them mean nothing.
        octets: Bytes,
        /// Whether they came as binary data, which tells how the client wants to be answered.
        binary: bool,
    },
    /// All that was queued is with the operating system.
    Flushed,
    /// The client closed the connection.
    Closed,
    /// The connection broke, or the client broke its rules: the reason says which.
    Failed(DisconnectReason),
}

/// What a session needs from whatever carries it: a WebSocket, a SockJS transport, a test.
pub trait Link: Send {
    /// Queues a frame; it is written by [`Link::next`].
    fn queue(&mut self, frame: Bytes, binary: bool);

    /// Whether something queued is not flushed yet.
    fn is_writing(&self) -> bool;

    /// Reads and writes until something happens. May be dropped and called again: nothing is lost.
    fn next(&mut self) -> impl Future<Output = LinkEvent> + Send;

    /// Writes what is queued, tells the client why, and closes. Takes a few seconds at most, whatever the client does.
    fn close(self, reason: DisconnectReason) -> impl Future<Output = ()> + Send;
}
