//! A SockJS client over HTTP, for each of the ways to receive.

use std::collections::VecDeque;
use std::net::SocketAddr;

use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use reqwest::{RequestBuilder, Response, StatusCode};
use uuid::Uuid;

use super::within;

/// How a client receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiving {
    Xhr,
    XhrStreaming,
    EventSource,
}

impl Receiving {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xhr => "xhr",
            Self::XhrStreaming => "xhr_streaming",
            Self::EventSource => "eventsource",
        }
    }
}

/// The lines of a response as they come.
pub struct Lines {
    pieces: BoxStream<'static, Vec<u8>>,
    octets: Vec<u8>,
}

impl Lines {
    pub fn of(response: Response) -> Self {
        Self { pieces: pieces(response).boxed(), octets: Vec::new() }
    }

    /// The next line without its end; none when the response has ended.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.octets.iter().position(|octet| *octet == b'\n') {
                let line: Vec<u8> = self.octets.drain(..=end).collect();
                return Some(String::from_utf8(line).unwrap().trim_end_matches(['\r', '\n']).to_owned());
            }
            let piece = within("a piece of a response", self.pieces.next()).await?;
            self.octets.extend(piece);
        }
    }
}

fn pieces(response: Response) -> impl Stream<Item = Vec<u8>> {
    // A broken response ends early, and is seen by what is missing.
    response.bytes_stream().take_while(|piece| std::future::ready(piece.is_ok())).map(|piece| piece.unwrap().to_vec())
}

/// One SockJS session.
pub struct SockJsClient {
    pub http: reqwest::Client,
    /// The address without the transport.
    pub base: String,
    receiving: Receiving,
    response: Option<Lines>,
    frames: VecDeque<String>,
}

impl SockJsClient {
    /// A session that begins with its first request.
    pub fn new(address: SocketAddr, prefix: &str, receiving: Receiving) -> Self {
        let id = &Uuid::new_v4().simple().to_string()[..8];
        let base = format!("http://{address}{prefix}/000/{id}");
        Self { http: reqwest::Client::new(), base, receiving, response: None, frames: VecDeque::new() }
    }

    /// A request for more frames.
    pub fn receive(&self) -> RequestBuilder {
        let url = format!("{}/{}", self.base, self.receiving.name());
        if self.receiving == Receiving::EventSource { self.http.get(url) } else { self.http.post(url) }
    }

    /// The next frame as it stands on the wire.
    pub async fn frame(&mut self) -> String {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return frame;
            }
            let Some(lines) = &mut self.response else {
                let response = within("a response", self.receive().send()).await.unwrap();
                assert_eq!(response.status(), StatusCode::OK);
                self.response = Some(Lines::of(response));
                continue;
            };
            match lines.next().await {
                None => self.response = None,
                Some(line) => self.frames.extend(self.receiving.frame_of(line)),
            }
        }
    }

    /// Sends messages.
    pub async fn send(&self, messages: &[&str]) -> Response {
        let body = serde_json::to_string(messages).unwrap();
        self.http.post(format!("{}/xhr_send", self.base)).body(body).send().await.unwrap()
    }
}

impl Receiving {
    /// The frame on a line, if it is one.
    fn frame_of(self, line: String) -> Option<String> {
        match self {
            // The prelude of a stream is a heap of heart-beats.
            Self::XhrStreaming if line.starts_with("hh") => None,
            Self::Xhr | Self::XhrStreaming => Some(line),
            Self::EventSource => line.strip_prefix("data: ").map(str::to_owned),
        }
    }
}

/// The messages of an `a[…]` frame.
pub fn messages_of(frame: &str) -> Option<Vec<String>> {
    Some(serde_json::from_str(frame.strip_prefix('a')?).unwrap())
}

/// The code and reason of a `c[…]` frame.
pub fn close_of(frame: &str) -> Option<(u16, String)> {
    Some(serde_json::from_str(frame.strip_prefix('c')?).unwrap())
}
