//! Counts what the connections get, and how late it is. Counted in parts, so that connections do not wait for each other.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use parking_lot::Mutex;

use super::stamp::Stamp;

/// Later deliveries count as this late.
const LATENCY_MAX: Duration = Duration::from_secs(600);

/// Digits of a latency that are kept.
const DIGITS: u8 = 3;

/// Connections are dealt out to so many parts.
const PARTS: usize = 16;

/// An empty histogram of microseconds.
pub(super) fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(LATENCY_MAX.as_micros() as u64, DIGITS).expect("these bounds are in order")
}

/// What was delivered in the current run.
#[derive(Debug)]
pub(super) struct Tally {
    epoch: Instant,
    run: AtomicU32,
    parts: Vec<Mutex<Counts>>,
}

/// What was counted in a run.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    /// How late each delivery was, in microseconds.
    pub(super) latency: Histogram<u64>,
    /// Deliveries.
    pub(super) received: u64,
    /// Deliveries of an event that is not newer than the one before on the same connection.
    pub(super) repeated: u64,
    /// When the last one came, since the epoch.
    pub(super) last: Duration,
}

impl Counts {
    fn new() -> Self {
        Self { latency: histogram(), received: 0, repeated: 0, last: Duration::ZERO }
    }
}

impl Tally {
    /// A tally of no run.
    pub(super) fn new() -> Self {
        let parts = (0..PARTS).map(|_| Mutex::new(Counts::new())).collect();
        Self { epoch: Instant::now(), run: AtomicU32::new(Stamp::new_run()), parts }
    }

    /// Time since the moment that stamps count from.
    pub(super) fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// Begins a run and gives its number: what is delivered of others is not counted.
    pub(super) fn begin(&self) -> u32 {
        let run = Stamp::new_run();
        self.run.store(run, Ordering::Relaxed);
        for part in &self.parts {
            *part.lock() = Counts::new();
        }
        run
    }

    /// Counts a delivery on a connection, which remembers in `newest` what it got before.
    pub(super) fn count(&self, connection: usize, stamp: Stamp, newest: &mut Option<Stamp>) {
        let run = self.run.load(Ordering::Relaxed);
        if stamp.run != run {
            return;
        }
        let now = self.now();
        let repeated = newest.is_some_and(|newest| newest.run == run && stamp.number <= newest.number);
        if !repeated {
            *newest = Some(stamp);
        }
        let mut part = self.parts[connection % PARTS].lock();
        part.latency.saturating_record(stamp.age(now).as_micros() as u64);
        part.received += 1;
        part.repeated += u64::from(repeated);
        part.last = now;
    }

    /// Deliveries of the run so far.
    pub(super) fn received(&self) -> u64 {
        self.parts.iter().map(|part| part.lock().received).sum()
    }

    /// All that was counted of the run.
    pub(super) fn counts(&self) -> Counts {
        let mut all = Counts::new();
        for part in &self.parts {
            let part = part.lock();
            // Both have the same bounds, so nothing can fall outside.
            let _ = all.latency.add(&part.latency);
            all.received += part.received;
            all.repeated += part.repeated;
            all.last = all.last.max(part.last);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_current_run_is_counted_and_what_comes_again_is_told() {
        let tally = Tally::new();
        let run = tally.begin();
        let stamp = |run, number| Stamp { run, number, due_us: 0 };
        let (mut first, mut second) = (None, None);
        for number in [0, 1, 1, 0, 2] {
            tally.count(0, stamp(run, number), &mut first);
        }
        tally.count(17, stamp(run, 0), &mut second);
        tally.count(0, stamp(run ^ 1, 3), &mut first);
        let counts = tally.counts();
        assert_eq!((counts.received, counts.repeated, counts.latency.len()), (6, 2, 6));

        let next = tally.begin();
        tally.count(0, stamp(next, 0), &mut first);
        let counts = tally.counts();
        assert_eq!((counts.received, counts.repeated), (1, 0));
    }
}
