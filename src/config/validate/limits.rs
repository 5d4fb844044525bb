//! `[limits]`: limits that leave something possible, and that fit each other.

use std::time::Duration;

use super::Findings;
use crate::config::problem::{Problem, text};
use crate::config::units::{show_bytes, show_duration};
use crate::config::{Config, LimitsConfig};

pub(super) fn check(config: &Config, findings: &mut Findings) {
    let limits = &config.limits;
    for (name, shown) in zeros(limits) {
        findings.add(format!("limits.{name}"), shown, "must be more than nothing, or no client could be served");
    }
    holds(findings, ("frame_bytes", limits.frame_bytes), ("connect_bytes", limits.connect_bytes));
    holds(findings, ("frame_bytes", limits.frame_bytes), ("header_bytes", limits.header_bytes));
    if limits.unacknowledged < limits.prefetch {
        let message = format!("must be at least `limits.prefetch`, which is {}", limits.prefetch);
        let problem = Problem::new("limits.unacknowledged", limits.unacknowledged.to_string(), message);
        findings.add_beside(problem, &["limits.prefetch"]);
    }
}

/// The limits that are zero and must not be. Zero means something for `heartbeat` (none) and `drain` (at once).
fn zeros(limits: &LimitsConfig) -> Vec<(&'static str, String)> {
    let durations: [(&str, Duration); 3] = [
        ("connect_timeout", limits.connect_timeout),
        ("write_timeout", limits.write_timeout),
        ("publish_timeout", limits.publish_timeout),
    ];
    let sizes = [
        ("connect_bytes", limits.connect_bytes),
        ("frame_bytes", limits.frame_bytes),
        ("header_bytes", limits.header_bytes),
        ("outbox_bytes", limits.outbox_bytes),
        ("unacknowledged_bytes", limits.unacknowledged_bytes),
        ("transaction_bytes", limits.transaction_bytes),
        ("send_bytes", limits.send_bytes),
        ("request_bytes", limits.request_bytes),
    ];
    let counts = [
        ("frame_headers", limits.frame_headers),
        ("frames_per_second", limits.frames_per_second),
        ("subscriptions", limits.subscriptions),
        ("prefetch", limits.prefetch),
        ("unacknowledged", limits.unacknowledged),
        ("transactions", limits.transactions),
        ("connections_per_user", limits.connections_per_user),
        ("connections_per_address", limits.connections_per_address),
        ("request_events", limits.request_events),
    ];
    let durations = durations.into_iter().filter(|(_, value)| value.is_zero());
    let durations = durations.map(|(name, value)| (name, text(&show_duration(value))));
    let sizes = sizes.into_iter().filter(|(_, value)| *value == 0).map(|(name, _)| (name, text("0B")));
    let counts = counts.into_iter().filter(|(_, value)| *value == 0).map(|(name, _)| (name, "0".to_owned()));
    durations.chain(sizes).chain(counts).collect()
}

/// What the inner limit allows has to pass the outer one too.
fn holds(findings: &mut Findings, (outer, most): (&str, usize), (inner, needed): (&str, usize)) {
    if most < needed {
        let message = format!("must be at least `limits.{inner}`, which is {}", show_bytes(needed));
        let problem = Problem::new(format!("limits.{outer}"), text(&show_bytes(most)), message);
        findings.add_beside(problem, &[&format!("limits.{inner}")]);
    }
}
