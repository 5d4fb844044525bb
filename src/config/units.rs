//! Durations (`10s`, `14d`) and sizes (`64KiB`) as people write them.

use std::time::Duration;

const DURATIONS: [(&str, u64); 6] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];
const SIZES: [(&str, u64); 5] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("kB", 1_000), ("B", 1)];

/// A number and its unit, multiplied out; the text must be exactly `<digits><unit>`.
fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(split);
    let factor = units.iter().find(|(name, _)| *name == unit.trim_start())?.1;
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// Reads a duration such as `10s`, `500ms` or `14d`.
pub fn parse_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    parse(text, &DURATIONS).map(Duration::from_millis)
}

/// Reads a size such as `64KiB` or `1500B`.
pub fn parse_bytes(text: &str) -> Option<usize> {
    parse(text, &SIZES).and_then(|bytes| usize::try_from(bytes).ok())
}

/// `#[serde(with = "units::duration")]`
pub mod duration {
    use std::time::Duration;

    use serde::de::{Deserialize, Deserializer, Error};

    #[allow(missing_docs, reason = "serde's own shape")]
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::parse_duration(&text).ok_or_else(|| {
            D::Error::custom(format!("`{text}` is no duration; write `500ms`, `10s`, `5m`, `2h` or `14d`"))
        })
    }
}

/// `#[serde(with = "units::bytes")]`
pub mod bytes {
    use serde::de::{Deserialize, Deserializer, Error};

    #[allow(missing_docs, reason = "serde's own shape")]
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::parse_bytes(&text)
            .ok_or_else(|| D::Error::custom(format!("`{text}` is no size; write `1500B`, `64KiB` or `4MiB`")))
    }
}
