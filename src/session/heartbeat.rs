//! Heart-beats both ways (STOMP 1.2, "Heart-beating").

use std::time::{Duration, Instant};

/// A silent client is cut after so many of its intervals: timers of hidden browser tabs are late.
const MISSED_MAX: u32 = 3;

/// What a heart-beat asks for at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// Nothing yet.
    Wait,
    /// A beat is due to the client.
    Send,
    /// The client has been silent for too long.
    Missed,
}

/// The agreed intervals, and when something last went each way.
#[derive(Debug)]
pub(super) struct Heartbeat {
    send_every: Option<Duration>,
    receive_within: Option<Duration>,
    last_sent: Instant,
    last_received: Instant,
}

impl Heartbeat {
    /// Agrees with what the client's `heart-beat` header says (`can,wants` in milliseconds; absent: `0,0`), where the server
    /// can and wants `own`. `None` when the header is malformed.
    pub(super) fn negotiate(header: Option<&str>, own: Duration, now: Instant) -> Option<Self> {
        let (can, wants) = header.unwrap_or("0,0").split_once(',')?;
        let milliseconds = |text: &str| text.trim().parse::<u32>().ok().map(|ms| Duration::from_millis(ms.into()));
        let (can, wants) = (milliseconds(can)?, milliseconds(wants)?);
        let agree = |theirs: Duration| (!theirs.is_zero() && !own.is_zero()).then(|| theirs.max(own));
        Some(Self {
            // A beat must arrive within the interval, so it leaves ahead of its end.
            send_every: agree(wants).map(|interval| interval * 4 / 5),
            receive_within: agree(can).map(|interval| interval * MISSED_MAX),
            last_sent: now,
            last_received: now,
        })
    }

    /// Any octets from the client count as a beat.
    pub(super) fn on_received(&mut self, now: Instant) {
        self.last_received = now;
    }

    /// Any octets to the client count as a beat.
    pub(super) fn on_sent(&mut self, now: Instant) {
        self.last_sent = now;
    }

    /// When to look again.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let send = self.send_every.map(|interval| self.last_sent + interval);
        let receive = self.receive_within.map(|interval| self.last_received + interval);
        send.into_iter().chain(receive).min()
    }

    /// What is due now.
    pub(super) fn due(&self, now: Instant) -> Beat {
        let passed = |interval: Option<Duration>, since| interval.is_some_and(|interval| now >= since + interval);
        if passed(self.receive_within, self.last_received) {
            Beat::Missed
        } else if passed(self.send_every, self.last_sent) {
            Beat::Send
        } else {
            Beat::Wait
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: Duration = Duration::from_secs(10);

    #[test]
    fn the_larger_interval_counts_and_zero_means_none() {
        let now = Instant::now();
        let beat = |header| Heartbeat::negotiate(header, TEN, now).unwrap();
        assert_eq!(beat(None).deadline(), None);
        assert_eq!(beat(Some("0,0")).deadline(), None);
        assert_eq!(beat(Some("0,1000")).send_every, Some(Duration::from_secs(8)));
        assert_eq!(beat(Some("0,20000")).send_every, Some(Duration::from_secs(16)));
        assert_eq!(beat(Some("1000,0")).receive_within, Some(Duration::from_secs(30)));
        assert_eq!(Heartbeat::negotiate(Some("1000,1000"), Duration::ZERO, now).unwrap().deadline(), None);
        for malformed in ["abc", "1", "-1,0", "1,2,3", ""] {
            assert!(Heartbeat::negotiate(Some(malformed), TEN, now).is_none(), "{malformed:?}");
        }
    }

    #[test]
    fn traffic_either_way_counts_as_a_beat() {
        let start = Instant::now();
        let mut beat = Heartbeat::negotiate(Some("10000,10000"), TEN, start).unwrap();
        assert_eq!(beat.due(start + Duration::from_secs(7)), Beat::Wait);
        assert_eq!(beat.due(start + Duration::from_secs(8)), Beat::Send);
        beat.on_sent(start + Duration::from_secs(8));
        assert_eq!(beat.due(start + Duration::from_secs(15)), Beat::Wait);
        assert_eq!(beat.due(start + Duration::from_secs(30)), Beat::Missed);
        beat.on_received(start + Duration::from_secs(29));
        assert_ne!(beat.due(start + Duration::from_secs(30)), Beat::Missed);
    }
}
