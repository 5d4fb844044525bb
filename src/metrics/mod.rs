//! Every metric of the gateway, one function per thing that happens. No other file names a metric.

#![expect(clippy::disallowed_macros, reason = "the one place that names metrics")]

mod exporter;

use std::time::Duration;

use metrics::{counter, gauge, histogram};

pub use exporter::{Exporter, install};

/// Records came from a broker.
pub fn records_read(topic: &str, count: usize) {
    counter!("sluice_source_records_total", "topic" => topic.to_owned()).increment(count as u64);
}

/// How many records of a partition are written but not yet read by this node.
pub fn source_lag(topic: &str, partition: i32, records: u64) {
    gauge!("sluice_source_lag_records", "topic" => topic.to_owned(), "partition" => partition.to_string())
        .set(records as f64);
}

/// A partition could not be read on where it was, and was taken up somewhere else or anew.
pub fn source_restarted(topic: &str, reason: &'static str) {
    counter!("sluice_source_restarts_total", "topic" => topic.to_owned(), "reason" => reason).increment(1);
}

/// A connection to a broker was lost or came back.
pub fn source_connected(source: &'static str, connected: bool) {
    gauge!("sluice_source_connected", "source" => source).set(if connected { 1.0 } else { 0.0 });
}

/// A record became an event.
pub fn event_decoded(topic: &str) {
    counter!("sluice_decode_events_total", "topic" => topic.to_owned()).increment(1);
}

/// The live path passed over a record; the once-per-cluster path keeps it as a dead letter.
pub fn record_refused(topic: &str, reason: &'static str) {
    counter!("sluice_decode_refused_total", "topic" => topic.to_owned(), "reason" => reason).increment(1);
}

/// An event goes to this many channels.
pub fn event_routed(topic: &str, channels: usize) {
    let name = if channels == 0 { "sluice_route_unrouted_total" } else { "sluice_route_events_total" };
    counter!(name, "topic" => topic.to_owned()).increment(1);
}

/// A dead letter was written.
pub fn dead_letter_written(topic: &str, reason: &'static str) {
    counter!("sluice_dead_letter_written_total", "topic" => topic.to_owned(), "reason" => reason).increment(1);
}

/// A dead letter could not be written; it is tried again.
pub fn dead_letter_failed(topic: &str) {
    counter!("sluice_dead_letter_failed_total", "topic" => topic.to_owned()).increment(1);
}

/// A dead letter has no topic to go to; it is counted and logged, and not kept.
pub fn dead_letter_not_kept(topic: &str, reason: &'static str) {
    counter!("sluice_dead_letter_not_kept_total", "topic" => topic.to_owned(), "reason" => reason).increment(1);
}

/// The hub put an event into this many outboxes.
pub fn event_queued(outboxes: usize) {
    counter!("sluice_hub_queued_total").increment(outboxes as u64);
}

/// Messages were handed to a socket, each so long after its record's timestamp.
pub fn messages_delivered(ages: &[Duration]) {
    counter!("sluice_session_delivered_total").increment(ages.len() as u64);
    let latency = histogram!("sluice_session_delivery_seconds");
    for age in ages {
        latency.record(age.as_secs_f64());
    }
}

/// A client refused messages as often as they are sent.
pub fn messages_given_up(count: usize) {
    counter!("sluice_session_given_up_total").increment(count as u64);
}

/// A session's queued frames went to its socket in one go.
pub fn frames_written() {
    counter!("sluice_session_writes_total").increment(1);
}

/// A session began.
pub fn session_opened() {
    counter!("sluice_session_opened_total").increment(1);
    gauge!("sluice_session_active").increment(1.0);
}

/// A session ended.
pub fn session_closed(reason: &'static str) {
    counter!("sluice_session_closed_total", "reason" => reason).increment(1);
    gauge!("sluice_session_active").decrement(1.0);
}

/// Subscriptions began (positive) or ended (negative).
pub fn subscriptions_changed(difference: i64) {
    gauge!("sluice_hub_subscriptions").increment(difference as f64);
}

/// Octets waiting in all outboxes changed.
pub fn outbox_bytes_changed(difference: i64) {
    gauge!("sluice_outbox_bytes").increment(difference as f64);
}

/// An outbox was full.
pub fn outbox_overflowed() {
    counter!("sluice_outbox_overflows_total").increment(1);
}

/// A connection was refused before it became a session.
pub fn connection_refused(reason: &'static str) {
    counter!("sluice_transport_refused_total", "reason" => reason).increment(1);
}

/// The issuer's keys were asked for.
pub fn jwks_fetched(ok: bool) {
    counter!("sluice_auth_jwks_fetches_total", "outcome" => if ok { "ok" } else { "failed" }).increment(1);
}

/// A record was published, or was not.
pub fn record_published(topic: &str, outcome: &'static str) {
    counter!("sluice_publish_records_total", "topic" => topic.to_owned(), "outcome" => outcome).increment(1);
}
