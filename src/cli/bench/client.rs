//! One connection: a STOMP client that does no more than it must, so that it is the gateway that is measured.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use memchr::memmem;
use tokio::net::TcpStream;
use tokio::time::{Instant, interval_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tokio_util::sync::CancellationToken;

use super::stamp::Stamp;
use super::tally::Tally;
use super::target::Target;

/// How long connecting or subscribing may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the gateway has to take the close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The library's default of 128 KiB would cost the machine more than the gateway's side does.
const BUFFER_BYTES: usize = 4 * 1024;

/// The header that begins a stamp.
const EVENT_ID: &[u8] = b"\nevent-id:";

/// Octets of a UUID's text.
const ID_BYTES: usize = 36;

/// A connected session.
#[derive(Debug)]
pub(super) struct Client {
    socket: WebSocketStream<TcpStream>,
    heartbeat: Duration,
}

impl Client {
    /// Connects as a user and subscribes to each destination.
    pub(super) async fn open(
        target: &Target,
        user: &str,
        heartbeat: Duration,
        destinations: &[&str],
    ) -> anyhow::Result<Self> {
        let opening = async {
            let mut client = Self::connect(target, user, heartbeat).await?;
            for (number, destination) in destinations.iter().enumerate() {
                client.subscribe(number, destination).await?;
            }
            Ok(client)
        };
        let opened = tokio::time::timeout(ANSWER_TIMEOUT, opening).await;
        opened.unwrap_or_else(|_| bail!("the gateway did not answer within {} s", ANSWER_TIMEOUT.as_secs()))
    }

    async fn connect(target: &Target, user: &str, heartbeat: Duration) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(target.address).await.with_context(|| target.address.to_string())?;
        stream.set_nodelay(true)?;
        let mut request = target.websocket().into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("v12.stomp"));
        let config = WebSocketConfig::default().read_buffer_size(BUFFER_BYTES).write_buffer_size(0);
        let (socket, _) = client_async_with_config(request, stream, Some(config)).await.context("the upgrade")?;
        let mut client = Self { socket, heartbeat };
        let (token, beat) = (target.user_token(user)?, heartbeat.as_millis());
        let connect =
            format!("CONNECT\naccept-version:1.2\nheart-beat:{beat},{beat}\nauthorization:Bearer {token}\n\n\0");
        client.ask(connect, "CONNECTED").await?;
        Ok(client)
    }

    async fn subscribe(&mut self, number: usize, destination: &str) -> anyhow::Result<()> {
        let subscribe = format!("SUBSCRIBE\nid:{number}\ndestination:{destination}\nreceipt:{number}\n\n\0");
        self.ask(subscribe, "RECEIPT").await.with_context(|| format!("subscribing to {destination}"))
    }

    /// Sends a frame and waits for the answer, passing over what else comes.
    async fn ask(&mut self, frame: String, answer: &str) -> anyhow::Result<()> {
        self.socket.send(Message::text(frame)).await?;
        loop {
            let octets = self.next().await?;
            if octets.starts_with(answer.as_bytes()) {
                return Ok(());
            }
            refuse_error(&octets)?;
        }
    }

    /// The next data message.
    async fn next(&mut self) -> anyhow::Result<Bytes> {
        loop {
            match self.socket.next().await.transpose()? {
                Some(Message::Text(text)) => return Ok(text.into()),
                Some(Message::Binary(octets)) => return Ok(octets),
                Some(Message::Close(Some(close))) => bail!("closed with {}: {}", u16::from(close.code), close.reason),
                Some(_) => {}
                None => bail!("closed without a word"),
            }
        }
    }

    /// Counts what comes until it is told to stop; an error says how the connection was lost.
    pub(super) async fn listen(mut self, number: usize, tally: &Tally, stop: &CancellationToken) -> anyhow::Result<()> {
        let mut newest = None;
        let beat = self.heartbeat.max(Duration::from_millis(1));
        let mut beats = interval_at(Instant::now() + beat, beat);
        let has_beats = !self.heartbeat.is_zero();
        let stopped = stop.cancelled();
        tokio::pin!(stopped);
        loop {
            tokio::select! {
                octets = self.next() => {
                    let octets = octets?;
                    refuse_error(&octets)?;
                    for stamp in stamps(&octets) {
                        tally.count(number, stamp, &mut newest);
                    }
                }
                _ = beats.tick(), if has_beats => self.socket.send(Message::text("\n")).await?,
                () = &mut stopped => break,
            }
        }
        let farewell = async {
            self.socket.close(None).await?;
            while self.socket.next().await.transpose()?.is_some() {}
            Ok::<_, tokio_tungstenite::tungstenite::Error>(())
        };
        // The run is over; a gateway that is slow to say goodbye changes nothing about it.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, farewell).await;
        Ok(())
    }
}

/// The stamps of all MESSAGE frames in there. A body is JSON, which has no raw line end within a text.
fn stamps(octets: &[u8]) -> impl Iterator<Item = Stamp> {
    memmem::find_iter(octets, EVENT_ID)
        .filter_map(|at| Stamp::read(octets.get(at + EVENT_ID.len()..at + EVENT_ID.len() + ID_BYTES)?))
}

fn refuse_error(octets: &[u8]) -> anyhow::Result<()> {
    if !octets.starts_with(b"ERROR") {
        return Ok(());
    }
    let text = String::from_utf8_lossy(octets);
    let message = text.lines().find_map(|line| line.strip_prefix("message:")).unwrap_or("no message");
    Err(anyhow!("the gateway says: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stamp_of_a_message_is_found() {
        let stamp = |number| Stamp { run: 7, number, due_us: 11 };
        let frame = |number| {
            let id = stamp(number).id();
            format!("MESSAGE\nsubscription:0\nevent-id:{id}\n\n{{\"eventId\":\"{id}\"}}\0")
        };
        let both = format!("{}{}", frame(1), frame(2));
        assert_eq!(stamps(both.as_bytes()).collect::<Vec<_>>(), [stamp(1), stamp(2)]);
        assert_eq!(stamps(b"MESSAGE\nevent-id:7\n\n\0").count(), 0);
        assert_eq!(stamps(b"\n").count(), 0);
    }

    #[test]
    fn an_error_frame_is_told_in_the_gateways_words() {
        let error = refuse_error(b"ERROR\nmessage:too slow\n\nbody\0").unwrap_err();
        assert_eq!(error.to_string(), "the gateway says: too slow");
        assert!(refuse_error(b"MESSAGE\n\n\0").is_ok());
    }
}
