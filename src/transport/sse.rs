//! Server-Sent Events: a reader of channels without STOMP, straight from the hub.

use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::channel::Pattern;
use crate::hub::{self, Entry, Filter, Hub, Outbox, OutboxState, Room, Subscription};
use crate::metrics;
use crate::session::DisconnectReason;
use crate::transport::paced::paced;

/// A comment goes out after so long without an event, so that proxies keep the connection.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What is taken from the outbox for one piece of the response. Nothing is acknowledged here.
const PIECE: Room = Room { bytes: 64 * 1024, windowed_bytes: 0 };

/// Browsers whose connection was lost come back after between one and two of these: not all in one moment.
const RETRY_MS: u32 = 2_000;

/// The stream ends in the middle of a piece: its connection is cut.
#[derive(Debug, thiserror::Error)]
#[error("the client does not read")]
pub struct Stuck;

/// What a reader is given.
#[derive(Debug)]
pub struct Terms {
    /// When the token's time is over.
    pub expires: Instant,
    /// How long a write may make no progress.
    pub write_timeout: Duration,
    /// Cancelled when the node stops.
    pub drain: CancellationToken,
    /// What the client has seen before.
    pub last_event_id: Option<String>,
}

/// One client's stream of events.
#[derive(Debug)]
pub struct Reader {
    hub: Arc<Hub>,
    outbox: Arc<Outbox>,
    subscriptions: Vec<(Pattern, Arc<Subscription>)>,
    terms: Terms,
    /// Resolves once the last piece is written.
    written: Option<oneshot::Receiver<()>>,
    /// The record times of the messages in that piece.
    in_flight: Vec<i64>,
    has_begun: bool,
    reason: Option<DisconnectReason>,
}

impl Reader {
    /// Subscribes to the channels, as far as their filters let messages through; `outbox_bytes` may wait.
    pub fn new(hub: Arc<Hub>, patterns: Vec<(Pattern, Filter)>, outbox_bytes: usize, terms: Terms) -> Self {
        let outbox = Arc::new(Outbox::new(outbox_bytes));
        let subscribe = |(pattern, filter): (Pattern, Filter)| {
            let terms = hub::Terms { filter, window: None };
            let subscription = hub.subscribe_on(&pattern, "sse", &outbox, terms);
            (pattern, subscription)
        };
        let subscriptions = patterns.into_iter().map(subscribe).collect();
        metrics::session_opened();
        Self { hub, outbox, subscriptions, terms, written: None, in_flight: Vec::new(), has_begun: false, reason: None }
    }

    /// The response's body. What is in `kept` goes when the stream has ended.
    pub fn into_stream<K: Send + 'static>(self, kept: K) -> impl Stream<Item = Result<Bytes, Stuck>> + Send {
        unfold(
            (self, kept),
            |(mut reader, kept)| async move { reader.next().await.map(|piece| (piece, (reader, kept))) },
        )
    }

    async fn next(&mut self) -> Option<Result<Bytes, Stuck>> {
        if let Some(written) = self.written.take() {
            if tokio::time::timeout(self.terms.write_timeout, written).await.is_err() {
                self.reason = Some(DisconnectReason::SlowConsumer);
                return Some(Err(Stuck));
            }
            self.on_written();
        }
        if self.reason.is_some() {
            return None;
        }
        if !std::mem::replace(&mut self.has_begun, true) {
            return Some(Ok(self.piece(beginning(self.terms.last_event_id.as_deref()))));
        }
        let text = self.text().await;
        Some(Ok(self.piece(text)))
    }

    /// Waits for something to write.
    async fn text(&mut self) -> String {
        loop {
            if Instant::now() >= self.terms.expires {
                return self.end(DisconnectReason::TokenExpired);
            }
            let mut batch: Vec<Entry> = Vec::new();
            if self.outbox.take(&mut batch, PIECE) == OutboxState::Overflowed {
                return self.end(DisconnectReason::SlowConsumer);
            }
            if !batch.is_empty() {
                self.in_flight.extend(batch.iter().map(|entry| entry.message.record_time_ms));
                return batch.iter().map(event).collect();
            }
            if self.terms.drain.is_cancelled() {
                return self.end(DisconnectReason::Drain);
            }
            tokio::select! {
                () = self.outbox.changed() => {}
                () = self.terms.drain.cancelled() => {}
                () = tokio::time::sleep_until(self.terms.expires.into()) => {}
                () = tokio::time::sleep(HEARTBEAT) => return ":\n\n".to_owned(),
            }
        }
    }

    /// The last event.
    fn end(&mut self, reason: DisconnectReason) -> String {
        self.reason = Some(reason);
        let data = json!({ "reason": reason.name(), "comeBack": reason.come_back(), "message": reason.meaning() });
        notice("end", &data)
    }

    fn piece(&mut self, text: String) -> Bytes {
        let (guard, written) = oneshot::channel();
        self.written = Some(written);
        paced(text.into_bytes(), guard)
    }

    fn on_written(&mut self) {
        let unix_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64;
        let age = |record_time_ms: i64| Duration::from_millis(u64::try_from(unix_ms - record_time_ms).unwrap_or(0));
        let ages: Vec<Duration> = self.in_flight.drain(..).map(age).collect();
        metrics::frames_written();
        if !ages.is_empty() {
            metrics::messages_delivered(&ages);
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        for (pattern, subscription) in self.subscriptions.drain(..) {
            self.hub.unsubscribe(&pattern, &subscription);
        }
        self.outbox.close();
        metrics::session_closed(self.reason.unwrap_or(DisconnectReason::LinkLost).name());
    }
}

/// What a stream begins with: when to come back, and for a client that comes back, that nobody can say what it missed.
fn beginning(last_event_id: Option<&str>) -> String {
    let mut text = format!("retry: {}\n\n", RETRY_MS + rand::random_range(0..RETRY_MS));
    if let Some(id) = last_event_id {
        let message = "this stream keeps no history: what came since that id cannot be told";
        text.push_str(&notice("gap", &json!({ "reason": "no-history", "lastEventId": id, "message": message })));
    }
    text
}

/// An event of the gateway's own.
fn notice(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

/// An event of a channel. The body's lines are lines of `data`.
fn event(entry: &Entry) -> String {
    let message = &entry.message;
    let Ok(body) = std::str::from_utf8(&message.body) else {
        let data =
            json!({ "reason": "not-text", "id": &*message.id, "message": "an event that is no text was left out" });
        return notice("gap", &data);
    };
    // What a client sent has no type.
    let event_type = message.event_type.as_deref().unwrap_or_default();
    let mut text = String::with_capacity(body.len() + message.id.len() + event_type.len() + 32);
    // A `String` takes everything that is written to it.
    let _ = writeln!(text, "id: {}", message.id);
    let event_type: String = event_type.chars().filter(|character| !character.is_control()).collect();
    if !event_type.is_empty() {
        let _ = writeln!(text, "event: {event_type}");
    }
    for line in body.replace("\r\n", "\n").split(['\n', '\r']) {
        let _ = writeln!(text, "data: {line}");
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_comes_back_is_told_that_nobody_knows() {
        assert!(!beginning(None).contains("gap"));
        let text = beginning(Some("a\nb-1"));
        assert!(text.contains("event: gap\ndata: {"), "{text}");
        assert!(text.contains("\"reason\":\"no-history\"") && text.contains("a\\nb-1"), "{text}");
    }
}
