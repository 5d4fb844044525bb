//! What a run came to: for people, and as JSON for machines.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::fleet::Lost;
use super::process::Usage;

/// How late things were, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Latency {
    pub(super) p50: f64,
    pub(super) p90: f64,
    pub(super) p99: f64,
    pub(super) p999: f64,
    pub(super) max: f64,
}

impl Latency {
    /// Of a histogram of microseconds.
    pub(super) fn of(histogram: &Histogram<u64>) -> Self {
        let quantile = |quantile: f64| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
        Self {
            p50: quantile(0.5),
            p90: quantile(0.9),
            p99: quantile(0.99),
            p999: quantile(0.999),
            max: histogram.max() as f64 / 1_000.0,
        }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { p50, p90, p99, p999, max } = self;
        write!(f, "p50 {p50:.2} ms   p90 {p90:.2} ms   p99 {p99:.2} ms   p99.9 {p999:.2} ms   max {max:.2} ms")
    }
}

/// The connections.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Connections {
    /// How many were opened.
    pub(super) opened: u32,
    /// How long that took, in seconds.
    pub(super) opened_in: f64,
    /// How long each took to be connected and subscribed.
    pub(super) opening_ms: Latency,
    /// How many ended before the run did.
    pub(super) lost: u64,
    /// How the first of those ended.
    pub(super) first_lost: Option<String>,
}

/// The events and what became of them.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Deliveries {
    /// Events that were asked for, a second.
    pub(super) rate_asked: u32,
    /// Events that were acknowledged.
    pub(super) events: u64,
    /// Octets of an event.
    pub(super) event_bytes: usize,
    /// How many of them were acknowledged a second.
    pub(super) rate: f64,
    /// Requests that carried them.
    pub(super) requests: u64,
    /// How long after its moment an event was acknowledged.
    pub(super) acknowledged_ms: Latency,
    /// Deliveries that these events must lead to.
    pub(super) expected: u64,
    /// Deliveries that there were.
    pub(super) received: u64,
    /// Deliveries of an event that was not newer than the one before on that connection.
    pub(super) repeated: u64,
    /// Deliveries a second, from the first event's moment to the last delivery.
    pub(super) throughput: f64,
    /// How long after its event's moment each delivery was.
    pub(super) latency_ms: Latency,
}

/// What the gateway's process used while it was measured.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Gateway {
    /// CPU time, in seconds, publishing included.
    pub(super) cpu: f64,
    /// The same as a part of one core.
    pub(super) cores: f64,
    /// CPU time for each million deliveries, in seconds.
    pub(super) cpu_per_million: Option<f64>,
    /// Resident memory with all connections open, in octets.
    pub(super) resident: u64,
    /// What of it each connection added.
    pub(super) resident_per_connection: i64,
}

impl Gateway {
    /// From what it used ahead of the connections, when they were open, and in the end, `elapsed` later.
    pub(super) fn of(before: Usage, open: Usage, end: Usage, elapsed: Duration, connections: u32) -> Self {
        let cpu = end.cpu.saturating_sub(open.cpu).as_secs_f64();
        let added = i64::try_from(open.resident).unwrap_or(i64::MAX) - i64::try_from(before.resident).unwrap_or(0);
        Self {
            cpu,
            cores: cpu / elapsed.as_secs_f64(),
            cpu_per_million: None,
            resident: open.resident,
            resident_per_connection: added / i64::from(connections),
        }
    }

    /// The same, with its CPU time spread over so many deliveries.
    pub(super) fn per_delivery(mut self, deliveries: u64) -> Self {
        self.cpu_per_million = (deliveries > 0).then(|| self.cpu * 1e6 / deliveries as f64);
        self
    }
}

/// What else tells how far to trust the figures.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Machine {
    /// Its cores.
    pub(super) cores: usize,
    /// The part of them that was busy, from 0 to 1.
    pub(super) busy: Option<f64>,
    /// The part that other machines on the same host took.
    pub(super) stolen: Option<f64>,
    /// How many cores this client itself used.
    pub(super) client_cores: Option<f64>,
}

/// What a run came to.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    /// Which benchmark.
    pub(super) bench: &'static str,
    /// Its length in seconds.
    pub(super) seconds: f64,
    pub(super) connections: Connections,
    /// `None` where nothing is published.
    pub(super) deliveries: Option<Deliveries>,
    /// `None` where no process was named.
    pub(super) gateway: Option<Gateway>,
    pub(super) machine: Machine,
}

impl Connections {
    /// From what the fleet tells.
    pub(super) fn new(opened: u32, opened_in: Duration, opening: &Histogram<u64>, lost: Lost) -> Self {
        Self {
            opened,
            opened_in: opened_in.as_secs_f64(),
            opening_ms: Latency::of(opening),
            lost: lost.count,
            first_lost: lost.first,
        }
    }
}

impl Report {
    /// Whether every delivery came once, and every connection stayed.
    pub(super) fn is_clean(&self) -> bool {
        let complete = |deliveries: &Deliveries| deliveries.received == deliveries.expected && deliveries.repeated == 0;
        self.connections.lost == 0 && self.deliveries.as_ref().is_none_or(complete)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connections, machine, .. } = self;
        let (opened, rate) =
            (grouped(connections.opened.into()), f64::from(connections.opened) / connections.opened_in);
        writeln!(f, "{}: {opened} connections, {:.1} s", self.bench, self.seconds)?;
        writeln!(f, "  opened       in {:.2} s ({} a second)", connections.opened_in, grouped(rate as u64))?;
        writeln!(f, "  opening      {}", connections.opening_ms)?;
        if let Some(first) = &connections.first_lost {
            writeln!(f, "  LOST         {} connections, the first: {first}", grouped(connections.lost))?;
        }
        if let Some(deliveries) = &self.deliveries {
            deliveries.fmt(f)?;
        }
        if let Some(gateway) = &self.gateway {
            gateway.fmt(f)?;
        }
        write!(f, "  machine      {} cores", machine.cores)?;
        if let (Some(busy), Some(stolen)) = (machine.busy, machine.stolen) {
            write!(f, ", {:.0} % busy, {:.0} % stolen", busy * 100.0, stolen * 100.0)?;
        }
        if let Some(cores) = machine.client_cores {
            write!(f, "; this client used {cores:.2} cores")?;
        }
        writeln!(f)
    }
}

impl fmt::Display for Deliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (events, requests) = (grouped(self.events), grouped(self.requests));
        let (rate, asked) = (grouped(self.rate as u64), grouped(self.rate_asked.into()));
        let (expected, received) = (grouped(self.expected), grouped(self.received));
        writeln!(f, "  published    {events} events of {} octets in {requests} requests", self.event_bytes)?;
        writeln!(f, "               {rate} a second ({asked} were asked for)")?;
        writeln!(f, "  acknowledged {}", self.acknowledged_ms)?;
        write!(f, "  delivered    {received} of {expected}, {} a second", grouped(self.throughput as u64))?;
        match self.expected.saturating_sub(self.received) {
            0 => writeln!(f)?,
            missing => writeln!(f, ", {} MISSING", grouped(missing))?,
        }
        if self.repeated > 0 {
            writeln!(f, "  REPEATED     {} or out of order", grouped(self.repeated))?;
        }
        writeln!(f, "  latency      {}", self.latency_ms)
    }
}

impl fmt::Display for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  gateway      {:.2} s of CPU ({:.2} cores)", self.cpu, self.cores)?;
        if let Some(cpu) = self.cpu_per_million {
            write!(f, ", {cpu:.2} s for each million deliveries")?;
        }
        let (resident, each) = (self.resident as f64 / 1_048_576.0, self.resident_per_connection as f64 / 1_024.0);
        writeln!(f, "\n  memory       {resident:.1} MiB resident, {each:.1} KiB for each connection")
    }
}

/// A number with a comma after every three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::tally::histogram;

    fn report(received: u64, repeated: u64, lost: u64) -> Report {
        let mut latency = histogram();
        (1..=1_000).for_each(|ms| latency.record(ms * 1_000).unwrap());
        let latency = Latency::of(&latency);
        let first_lost = (lost > 0).then(|| "closed with 1013".to_owned());
        Report {
            bench: "fanout",
            seconds: 10.0,
            connections: Connections { opened: 1_000, opened_in: 0.5, opening_ms: latency, lost, first_lost },
            deliveries: Some(Deliveries {
                rate_asked: 100,
                events: 1_000,
                event_bytes: 512,
                rate: 100.0,
                requests: 900,
                acknowledged_ms: latency,
                expected: 1_000_000,
                received,
                repeated,
                throughput: 100_000.0,
                latency_ms: latency,
            }),
            gateway: None,
            machine: Machine { cores: 2, busy: Some(0.5), stolen: Some(0.0), client_cores: None },
        }
    }

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_run_is_clean_only_when_nothing_is_missing_repeated_or_lost() {
        assert!(report(1_000_000, 0, 0).is_clean());
        assert!(!report(999_999, 0, 0).is_clean());
        assert!(!report(1_000_000, 1, 0).is_clean());
        assert!(!report(1_000_000, 0, 1).is_clean());
    }

    #[test]
    fn the_text_tells_what_is_wrong() {
        let text = report(999_000, 2, 3).to_string();
        for part in ["999,000 of 1,000,000", "1,000 MISSING", "REPEATED     2", "LOST         3", "closed with 1013"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.contains("p50 500."), "{text}");
    }

    #[test]
    fn the_gateways_figures_are_of_the_measured_time() {
        let usage = |cpu, resident| Usage { cpu: Duration::from_secs(cpu), resident };
        let ends = (usage(1, 10_000), usage(2, 110_000), usage(6, 120_000));
        let gateway = Gateway::of(ends.0, ends.1, ends.2, Duration::from_secs(8), 100).per_delivery(2_000_000);
        assert_eq!((gateway.cores, gateway.cpu_per_million, gateway.resident_per_connection), (0.5, Some(2.0), 1_000));
    }
}
