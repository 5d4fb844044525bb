//! How many frames a client may send in a second.

use std::time::{Duration, Instant};

/// So much of the permitted rate may come at once.
const BURST: Duration = Duration::from_secs(1);

/// A bucket that fills with time and pays for each frame.
#[derive(Debug)]
pub(super) struct FrameRate {
    cost: Duration,
    /// When the bucket will be full again.
    full_at: Instant,
}

impl FrameRate {
    pub(super) fn new(frames_per_second: usize, now: Instant) -> Self {
        let frames = u32::try_from(frames_per_second).unwrap_or(u32::MAX).max(1);
        Self { cost: BURST / frames, full_at: now }
    }

    /// Pays for one frame; false when the client is too fast.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let full_at = self.full_at.max(now) + self.cost;
        let is_paid = full_at <= now + BURST;
        if is_paid {
            self.full_at = full_at;
        }
        is_paid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_paid_from_what_was_saved() {
        let start = Instant::now();
        let mut rate = FrameRate::new(10, start);
        let taken = |rate: &mut FrameRate, now| (0..100).take_while(|_| rate.take(now)).count();
        assert_eq!(taken(&mut rate, start), 10);
        assert_eq!(taken(&mut rate, start + Duration::from_millis(99)), 0);
        assert_eq!(taken(&mut rate, start + Duration::from_millis(350)), 3);
        assert_eq!(taken(&mut rate, start + Duration::from_secs(60)), 10);
    }
}
