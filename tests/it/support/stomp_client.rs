//! A plain STOMP client on a WebSocket: what it says and hears is in the tests' own hands.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Response};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::within;

/// A frame as it came, headers not unescaped.
#[derive(Clone, Debug)]
pub struct Frame {
    pub command: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Frame {
    pub fn parse(octets: &[u8]) -> Self {
        assert_eq!(octets.last(), Some(&0), "a message is one frame that ends in NUL: {octets:?}");
        let split = octets.windows(2).position(|pair| pair == b"\n\n").expect("a blank line");
        let head = std::str::from_utf8(&octets[..split]).unwrap();
        let mut lines = head.split('\n');
        let command = lines.next().unwrap().to_owned();
        let headers = lines.map(|line| line.split_once(':').unwrap()).map(|(k, v)| (k.to_owned(), v.to_owned()));
        Self { command, headers: headers.collect(), body: octets[split + 2..octets.len() - 1].to_vec() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// What a client asks of the upgrade.
#[derive(Default)]
pub struct Upgrade<'a> {
    pub path: &'a str,
    pub headers: &'a [(&'static str, &'a str)],
}

/// A WebSocket that speaks STOMP.
pub struct StompClient {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub response: Response<Option<Vec<u8>>>,
    next_id: usize,
}

impl StompClient {
    /// Upgrades, and says nothing yet.
    pub async fn open(address: SocketAddr, upgrade: &Upgrade<'_>) -> Result<Self, Error> {
        let path = if upgrade.path.is_empty() { "/ws" } else { upgrade.path };
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        for (name, value) in upgrade.headers {
            request.headers_mut().append(*name, HeaderValue::from_str(value).unwrap());
        }
        let (socket, response) = within("the upgrade", connect_async(request)).await?;
        Ok(Self { socket, response, next_id: 0 })
    }

    /// Upgrades and connects with that token, without heart-beats.
    pub async fn connected(address: SocketAddr, token: &str) -> Self {
        let mut client = Self::open(address, &Upgrade::default()).await.unwrap();
        client.say(&format!("CONNECT\naccept-version:1.2\nauthorization:Bearer {token}\n\n\0")).await;
        let frame = client.frame().await;
        assert_eq!(frame.command, "CONNECTED", "{frame:?}");
        client
    }

    pub async fn say(&mut self, frames: &str) {
        self.socket.send(Message::text(frames)).await.unwrap();
    }

    /// Subscribes and waits for the receipt; gives the subscription's id.
    pub async fn subscribe(&mut self, destination: &str) -> String {
        let id = format!("s{}", self.next_id);
        self.next_id += 1;
        self.say(&format!("SUBSCRIBE\nid:{id}\ndestination:{destination}\nreceipt:r-{id}\n\n\0")).await;
        let frame = self.frame().await;
        assert_eq!((frame.command.as_str(), frame.header("receipt-id")), ("RECEIPT", Some(format!("r-{id}").as_str())));
        id
    }

    /// The next message of the WebSocket.
    pub async fn message(&mut self) -> Option<Result<Message, Error>> {
        within("a message", self.socket.next()).await
    }

    /// The next frame; heart-beats and pings are passed over.
    pub async fn frame(&mut self) -> Frame {
        loop {
            match self.message().await {
                Some(Ok(Message::Text(text))) if text.as_str() == "\n" => {}
                Some(Ok(Message::Text(text))) => return Frame::parse(text.as_bytes()),
                Some(Ok(Message::Binary(octets))) => return Frame::parse(&octets),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("a frame was wanted, there came {other:?}"),
            }
        }
    }

    /// The next MESSAGE, and nothing else before it.
    pub async fn event(&mut self) -> Frame {
        let frame = self.frame().await;
        assert_eq!(frame.command, "MESSAGE", "{frame:?}");
        frame
    }

    /// Asserts that nothing waits for this client: what is answered next is what is asked now.
    pub async fn assert_silent(&mut self) {
        let id = self.subscribe("/user/queue/errors").await;
        self.say(&format!("UNSUBSCRIBE\nid:{id}\n\n\0")).await;
    }

    /// An ERROR and then a close with this code.
    pub async fn ends(&mut self, code: u16, says: &str) {
        let frame = self.frame().await;
        assert_eq!(frame.command, "ERROR", "{frame:?}");
        assert!(frame.header("message").unwrap().contains(says), "{frame:?}");
        self.closes(code).await;
    }

    /// A close with this code.
    pub async fn closes(&mut self, code: u16) {
        loop {
            match self.message().await {
                Some(Ok(Message::Close(Some(close)))) => return assert_eq!(u16::from(close.code), code, "{close:?}"),
                Some(Ok(Message::Text(text))) if text.as_str() == "\n" => {}
                other => panic!("a close was wanted, there came {other:?}"),
            }
        }
    }
}
