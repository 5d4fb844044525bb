//! What an event of a run carries in its id, so that whoever gets it can tell when it should have been sent.

use std::time::Duration;

use uuid::Uuid;

/// Bits of a run's number: what the UUID's variant leaves of four octets.
const RUN_MASK: u32 = 0x3fff_ffff;

/// A run, an event of it, and when that event is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The run's number, below 2^30.
    pub(super) run: u32,
    /// The event's number within the run.
    pub(super) number: u32,
    /// When it is due, in microseconds since the epoch of [`super::tally::Tally`]; below 2^48.
    pub(super) due_us: u64,
}

impl Stamp {
    /// A number that no other run near this one has.
    pub(super) fn new_run() -> u32 {
        rand::random::<u32>() & RUN_MASK
    }

    /// The stamp as an event's id, a UUID of version 8.
    pub(super) fn id(self) -> Uuid {
        let mut octets = [0; 16];
        octets[..6].copy_from_slice(&self.due_us.to_be_bytes()[2..]);
        octets[8..12].copy_from_slice(&self.run.to_be_bytes());
        octets[12..].copy_from_slice(&self.number.to_be_bytes());
        uuid::Builder::from_custom_bytes(octets).into_uuid()
    }

    /// Reads an id; any UUID gives a stamp, so the run tells whether it is one of ours.
    pub(super) fn read(id: &[u8]) -> Option<Self> {
        let octets = Uuid::try_parse_ascii(id).ok()?.into_bytes();
        let [d0, d1, d2, d3, d4, d5, _, _, r0, r1, r2, r3, n0, n1, n2, n3] = octets;
        Some(Self {
            run: u32::from_be_bytes([r0, r1, r2, r3]) & RUN_MASK,
            number: u32::from_be_bytes([n0, n1, n2, n3]),
            due_us: u64::from_be_bytes([0, 0, d0, d1, d2, d3, d4, d5]),
        })
    }

    /// How late it is at a moment, which counts as [`Stamp::due_us`] does.
    pub(super) fn age(self, now: Duration) -> Duration {
        now.saturating_sub(Duration::from_micros(self.due_us))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_stamp_is_read_back(run in 0..=RUN_MASK, number: u32, due_us in 0..1_u64 << 48) {
            let stamp = Stamp { run, number, due_us };
            let id = stamp.id();
            prop_assert_eq!(id.get_version_num(), 8);
            prop_assert_eq!(Stamp::read(id.to_string().as_bytes()), Some(stamp));
        }
    }

    #[test]
    fn other_ids_are_none() {
        assert_eq!(Stamp::read(b"order-7"), None);
        assert_eq!(
            Stamp { run: 0, number: 0, due_us: 500 }.age(Duration::from_millis(2)),
            Duration::from_micros(1_500)
        );
    }
}
