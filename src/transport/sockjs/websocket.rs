//! SockJS's framing on a WebSocket.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use super::frame::{Close, HEARTBEAT, OPEN, messages_frame, parse_payload, quote};
use super::{Farewell, TextForm};
use crate::session::{DisconnectReason, Link, LinkEvent};
use crate::transport::websocket::WebSocketLink;

/// A SockJS session on a WebSocket as a link.
#[derive(Debug)]
pub struct FramedLink {
    socket: WebSocketLink,
    received: VecDeque<Bytes>,
    /// Messages are being written, not only SockJS's own frames.
    is_writing: bool,
    heartbeat: Duration,
    beat_at: Instant,
    text_form: TextForm,
}

impl FramedLink {
    /// Takes over an upgraded socket and opens the session.
    pub(super) fn new(mut socket: WebSocketLink, heartbeat: Duration, text_form: TextForm) -> Self {
        socket.queue(Bytes::from_static(OPEN.as_bytes()), false);
        let beat_at = Instant::now() + heartbeat;
        Self { socket, received: VecDeque::new(), is_writing: false, heartbeat, beat_at, text_form }
    }

    fn send(&mut self, frame: impl Into<Bytes>) {
        self.socket.queue(frame.into(), false);
        self.beat_at = Instant::now() + self.heartbeat;
    }
}

impl Link for FramedLink {
    fn queue(&mut self, frame: Bytes, _binary: bool) {
        let quoted = match std::str::from_utf8(&frame) {
            Ok(text) => quote(text),
            Err(_) => quote(&(self.text_form)(&frame)),
        };
        self.is_writing = true;
        self.send(messages_frame(&[quoted]));
    }

    fn is_writing(&self) -> bool {
        self.is_writing
    }

    async fn next(&mut self) -> LinkEvent {
        loop {
            if let Some(octets) = self.received.pop_front() {
                return LinkEvent::Received { octets, binary: false };
            }
            let Ok(event) = timeout_at(self.beat_at, self.socket.next()).await else {
                self.send(HEARTBEAT);
                continue;
            };
            match event {
                LinkEvent::Received { octets, .. } if octets.is_empty() => {}
                LinkEvent::Received { octets, .. } => match parse_payload(&octets) {
                    Ok(messages) => self.received.extend(messages),
                    Err(_) => return LinkEvent::Failed(DisconnectReason::Protocol),
                },
                // SockJS's own frames are none of the session's.
                LinkEvent::Flushed if !self.is_writing => {}
                LinkEvent::Flushed => {
                    self.is_writing = false;
                    return LinkEvent::Flushed;
                }
                other => return other,
            }
        }
    }

    async fn close(mut self, reason: DisconnectReason) {
        if let Some(code) = reason.close_code() {
            let close = Close { code, reason: reason.name().to_owned() };
            self.send(close.frame());
        }
        self.socket.close(reason).await;
    }
}

impl Farewell for FramedLink {
    async fn end(mut self, close: Close) {
        self.send(close.frame());
        self.socket.end(close.code, &close.reason).await;
    }
}
