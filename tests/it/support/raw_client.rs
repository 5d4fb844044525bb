//! HTTP by hand, for what no client library would do.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::within;

/// A connection on which a test writes what it wants.
pub struct RawClient {
    pub stream: TcpStream,
}

impl RawClient {
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = within("a connection", TcpStream::connect(address)).await.unwrap();
        Self { stream }
    }

    pub async fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads at most so many octets of what comes.
    pub async fn some(&mut self, octets_max: usize) -> Vec<u8> {
        let mut octets = vec![0; octets_max];
        let length = within("some octets", self.stream.read(&mut octets)).await.unwrap();
        octets.truncate(length);
        octets
    }

    /// A whole response with a known length: its head and its body.
    pub async fn response(&mut self) -> (String, String) {
        let mut octets = Vec::new();
        loop {
            if let Some(response) = whole(&octets) {
                return response;
            }
            let piece = self.some(64 * 1024).await;
            assert!(!piece.is_empty(), "the response ends early: {:?}", String::from_utf8_lossy(&octets));
            octets.extend(piece);
        }
    }
}

fn whole(octets: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(octets).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |length| length.parse().unwrap());
    (body.len() >= length).then(|| (head.to_owned(), body.to_owned()))
}

/// The status of a request of that method and address, written just so.
pub async fn raw_status(address: SocketAddr, line: &str) -> u16 {
    let mut client = RawClient::connect(address).await;
    client.write(&format!("{line} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")).await;
    let (head, _) = client.response().await;
    head.split(' ').nth(1).unwrap().parse().unwrap()
}
