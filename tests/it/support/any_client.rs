//! One STOMP client for every transport, so that one suite holds them all to the same behaviour.

use std::collections::VecDeque;
use std::net::SocketAddr;

use tokio_tungstenite::tungstenite::Message;

use super::sockjs_client::{close_of, messages_of};
use super::{Frame, Receiving, SockJsClient, StompClient, Upgrade};

/// The transports that carry STOMP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    WebSocket,
    RawWebSocket,
    FramedWebSocket,
    Http(Receiving),
}

/// What a client hears.
#[derive(Debug)]
pub enum Heard {
    Frame(Frame),
    Beat,
    Closed(u16, String),
}

enum Wire {
    Socket(StompClient),
    Framed(StompClient),
    Http(SockJsClient),
}

/// A STOMP client on any transport.
pub struct AnyClient {
    wire: Wire,
    messages: VecDeque<String>,
    next_id: usize,
}

impl AnyClient {
    /// A link on which nothing was said yet.
    pub async fn open(address: SocketAddr, transport: Transport) -> Self {
        let socket =
            async |path: &str| StompClient::open(address, &Upgrade { path, ..Upgrade::default() }).await.unwrap();
        let wire = match transport {
            Transport::WebSocket => Wire::Socket(socket("/ws").await),
            Transport::RawWebSocket => Wire::Socket(socket("/ws/websocket").await),
            Transport::FramedWebSocket => Wire::Framed(socket("/ws/000/abcdefgh/websocket").await),
            Transport::Http(receiving) => Wire::Http(SockJsClient::new(address, "/ws", receiving)),
        };
        let mut client = Self { wire, messages: VecDeque::new(), next_id: 0 };
        if !matches!(client.wire, Wire::Socket(_)) {
            assert_eq!(client.sockjs_frame().await.unwrap(), "o");
        }
        client
    }

    /// A connected client with those heart-beats.
    pub async fn connected(address: SocketAddr, transport: Transport, token: &str, beats: &str) -> Self {
        let mut client = Self::open(address, transport).await;
        client.say(&format!("CONNECT\naccept-version:1.2\nheart-beat:{beats}\nx-auth-token:{token}\n\n\0")).await;
        let connected = client.frame().await;
        assert_eq!((connected.command.as_str(), connected.header("version")), ("CONNECTED", Some("1.2")));
        client
    }

    pub async fn say(&mut self, text: &str) {
        match &mut self.wire {
            Wire::Socket(client) => client.say(text).await,
            Wire::Framed(client) => client.say(&serde_json::to_string(&[text]).unwrap()).await,
            Wire::Http(client) => assert_eq!(client.send(&[text]).await.status(), 204),
        }
    }

    /// Subscribes and waits for the receipt.
    pub async fn subscribe(&mut self, destination: &str) {
        let id = self.next_id;
        self.next_id += 1;
        self.say(&format!("SUBSCRIBE\nid:{id}\ndestination:{destination}\nreceipt:r{id}\n\n\0")).await;
        assert_eq!(self.frame().await.header("receipt-id"), Some(format!("r{id}").as_str()));
    }

    /// The next thing that the client hears.
    pub async fn hear(&mut self) -> Heard {
        if let Wire::Socket(client) = &mut self.wire {
            return match client.message().await {
                Some(Ok(Message::Text(text))) => heard(text.as_str()),
                Some(Ok(Message::Close(Some(close)))) => {
                    Heard::Closed(close.code.into(), close.reason.as_str().to_owned())
                }
                other => panic!("{other:?}"),
            };
        }
        loop {
            if let Some(message) = self.messages.pop_front() {
                return heard(&message);
            }
            let frame = self.sockjs_frame().await.expect("a frame");
            if let Some((code, reason)) = close_of(&frame) {
                return Heard::Closed(code, reason);
            }
            self.messages.extend(messages_of(&frame).unwrap_or_default());
        }
    }

    async fn sockjs_frame(&mut self) -> Option<String> {
        match &mut self.wire {
            Wire::Http(client) => Some(client.frame().await),
            Wire::Framed(client) | Wire::Socket(client) => match client.message().await {
                Some(Ok(Message::Text(text))) => Some(text.as_str().to_owned()),
                other => panic!("{other:?}"),
            },
        }
    }

    /// The next frame; heart-beats are passed over.
    pub async fn frame(&mut self) -> Frame {
        loop {
            match self.hear().await {
                Heard::Frame(frame) => return frame,
                Heard::Beat => {}
                Heard::Closed(code, reason) => panic!("closed: {code} {reason}"),
            }
        }
    }

    /// The next MESSAGE, and nothing else before it.
    pub async fn event(&mut self) -> Frame {
        let frame = self.frame().await;
        assert_eq!(frame.command, "MESSAGE", "{frame:?}");
        frame
    }

    /// A close with this code and reason; heart-beats are passed over.
    pub async fn closes(&mut self, code: u16, reason: &str) {
        loop {
            match self.hear().await {
                Heard::Beat => {}
                Heard::Closed(is, why) => return assert_eq!((is, why.as_str()), (code, reason)),
                Heard::Frame(frame) => panic!("a close was wanted, there came {frame:?}"),
            }
        }
    }

    /// An ERROR that says so, and then a close.
    pub async fn ends(&mut self, code: u16, reason: &str, says: &str) {
        let frame = self.frame().await;
        assert_eq!(frame.command, "ERROR", "{frame:?}");
        assert!(frame.header("message").unwrap().contains(says), "{frame:?}");
        self.closes(code, reason).await;
    }
}

fn heard(message: &str) -> Heard {
    if message == "\n" { Heard::Beat } else { Heard::Frame(Frame::parse(message.as_bytes())) }
}
