//! STOMP on a WebSocket (RFC 6455), behind axum's upgrade.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};

use crate::session::{DisconnectReason, Link, LinkEvent};
use crate::stomp::Version;

/// The library's default of 128 KiB would cost every idle connection 135 KiB.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// Frames are collected up to this size before the socket is written to.
const WRITE_BUFFER_BYTES: usize = 16 * 1024;

/// How long a client has to take the last frames and to answer the close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The versions that the client's subprotocols leave open: all of them where it names none of ours.
pub fn offered_versions(headers: &HeaderMap) -> Vec<Version> {
    let offers = headers.get_all("sec-websocket-protocol");
    let is_offered = |version: &Version| {
        let named = |value: &axum::http::HeaderValue| {
            value.to_str().is_ok_and(|list| list.split(',').any(|name| name.trim() == version.subprotocol()))
        };
        offers.iter().any(named)
    };
    let offered: Vec<Version> = Version::ALL.into_iter().filter(is_offered).collect();
    if offered.is_empty() { Version::ALL.to_vec() } else { offered }
}

/// Sets bounds, buffers and subprotocols for an upgrade. Messages of more than `message_bytes` end the connection.
pub fn configure(upgrade: WebSocketUpgrade, message_bytes: usize) -> WebSocketUpgrade {
    upgrade
        .protocols(Version::ALL.map(Version::subprotocol))
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(message_bytes)
        .max_frame_size(message_bytes)
}

/// A WebSocket as a session's link.
#[derive(Debug)]
pub struct WebSocketLink {
    socket: WebSocket,
    queued: VecDeque<Message>,
    flushing: bool,
    /// The client said that it closes: nothing may be sent any more but the answer, which the library has ready.
    closing: bool,
}

impl WebSocketLink {
    /// Takes over an upgraded socket.
    pub fn new(socket: WebSocket) -> Self {
        Self { socket, queued: VecDeque::new(), flushing: false, closing: false }
    }

    /// Writes what is queued, closes with that code and reason, and waits a moment for the client to agree.
    pub async fn end(mut self, code: u16, reason: &str) {
        self.queued.push_back(Message::Close(Some(CloseFrame { code, reason: reason.into() })));
        let farewell = async {
            if poll_fn(|context| self.poll_write(context)).await.is_err() {
                return;
            }
            // Unread octets would turn the close into a reset and take the last frames with them.
            while let Some(Ok(_)) = self.socket.next().await {}
            let _ = self.socket.close().await;
        };
        // A client that does not answer in time is simply cut.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, farewell).await;
    }

    /// Writes what is queued and flushes it once: many frames, one write.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Result<(), axum::Error>> {
        while !self.queued.is_empty() {
            match Pin::new(&mut self.socket).poll_ready(context) {
                Poll::Ready(Ok(())) => {}
                other => return other,
            }
            if let Some(message) = self.queued.pop_front() {
                Pin::new(&mut self.socket).start_send(message)?;
            }
        }
        let flushed = Pin::new(&mut self.socket).poll_flush(context);
        if flushed.is_ready() {
            self.flushing = false;
            // An idle link keeps no queue.
            self.queued = VecDeque::new();
        }
        flushed
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<LinkEvent> {
        if self.flushing {
            match self.poll_write(context) {
                Poll::Ready(Ok(())) => return Poll::Ready(LinkEvent::Flushed),
                Poll::Ready(Err(error)) => return Poll::Ready(failed(error)),
                Poll::Pending => {}
            }
        }
        loop {
            return match Pin::new(&mut self.socket).poll_next(context) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(None) => Poll::Ready(LinkEvent::Closed),
                Poll::Ready(Some(Ok(Message::Close(_)))) => {
                    self.closing = true;
                    self.flushing = false;
                    self.queued = VecDeque::new();
                    // The library writes the answer while it looks for the end.
                    continue;
                }
                Poll::Ready(Some(Err(error))) => Poll::Ready(failed(error)),
                // The library answers pings by itself.
                Poll::Ready(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => continue,
                Poll::Ready(Some(Ok(Message::Text(text)))) => {
                    Poll::Ready(LinkEvent::Received { octets: text.into(), binary: false })
                }
                Poll::Ready(Some(Ok(Message::Binary(octets)))) => {
                    Poll::Ready(LinkEvent::Received { octets, binary: true })
                }
            };
        }
    }
}

fn failed(error: axum::Error) -> LinkEvent {
    use tungstenite::Error;
    let reason = match error.into_inner().downcast_ref::<Error>() {
        Some(Error::Capacity(_)) => DisconnectReason::TooLarge,
        Some(Error::Utf8(_)) => DisconnectReason::BadText,
        Some(Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)) => {
            DisconnectReason::LinkLost
        }
        Some(Error::Protocol(_)) => DisconnectReason::Protocol,
        _ => DisconnectReason::LinkLost,
    };
    LinkEvent::Failed(reason)
}

impl Link for WebSocketLink {
    fn queue(&mut self, frame: Bytes, binary: bool) {
        if self.closing {
            return;
        }
        // A frame that is no UTF-8 cannot go out as text.
        let message = match Utf8Bytes::try_from(frame.clone()) {
            Ok(text) if !binary => Message::Text(text),
            _ => Message::Binary(frame),
        };
        self.queued.push_back(message);
        self.flushing = true;
    }

    fn is_writing(&self) -> bool {
        self.flushing
    }

    async fn next(&mut self) -> LinkEvent {
        poll_fn(|context| self.poll_next(context)).await
    }

    async fn close(self, reason: DisconnectReason) {
        if let Some(code) = reason.close_code() {
            self.end(code, reason.name()).await;
        }
    }
}
