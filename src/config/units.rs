//! Values as people write them: durations (`10s`, `14d`), sizes (`64KiB`), addresses, and texts that may be numbers.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

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

/// A number in the largest of its units that leaves no rest.
fn show(number: u128, units: &[(&str, u64)]) -> String {
    let (name, factor) = units
        .iter()
        .filter(|(_, factor)| number != 0 && number.is_multiple_of(u128::from(*factor)))
        .max_by_key(|(_, factor)| *factor)
        .unwrap_or(&("", 1));
    format!("{}{name}", number / u128::from(*factor))
}

/// A duration as it is written in the config.
pub fn show_duration(duration: Duration) -> String {
    show(duration.as_millis(), &DURATIONS)
}

/// A size as it is written in the config.
pub fn show_bytes(bytes: usize) -> String {
    show(bytes as u128, &SIZES)
}

/// Reads a kind of value that is written as text.
struct Written<T> {
    /// Completes the sentence "must be …".
    expected: &'static str,
    read: fn(&str) -> Option<T>,
}

impl<T> Visitor<'_> for Written<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.read)(text).ok_or_else(|| E::custom(format_args!("must be {}", self.expected)))
    }
}

/// `#[serde(deserialize_with = "units::duration")]`
pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let expected = "a duration as text: \"500ms\", \"10s\", \"5m\", \"2h\", \"14d\" or \"0\"";
    deserializer.deserialize_str(Written { expected, read: parse_duration })
}

/// `#[serde(deserialize_with = "units::bytes")]`
pub(super) fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let expected = "a size as text: \"1500B\", \"64KiB\", \"4MiB\" or \"1GiB\"";
    deserializer.deserialize_str(Written { expected, read: parse_bytes })
}

/// `#[serde(deserialize_with = "units::address")]`
pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let expected = "an IP address and a port: \"0.0.0.0:8080\", \"127.0.0.1:8080\" or \"[::]:8080\"";
    deserializer.deserialize_str(Written { expected, read: |text| text.parse().ok() })
}

/// A text, or a number or truth value taken as its text.
struct Scalar(String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalars;
        impl Visitor<'_> for Scalars {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, `true` or `false`")
            }

            fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar(text.to_owned()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string()))
            }

            fn visit_bool<E>(self, truth: bool) -> Result<Scalar, E> {
                Ok(Scalar(truth.to_string()))
            }
        }
        deserializer.deserialize_any(Scalars)
    }
}

/// `#[serde(deserialize_with = "units::texts")]`: names and scalars, each as its text.
pub(super) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let scalars = BTreeMap::<String, Scalar>::deserialize(deserializer)?;
    Ok(scalars.into_iter().map(|(name, Scalar(text))| (name, text)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_read_and_show_alike() {
        for text in ["500ms", "10s", "5m", "2h", "3d", "2w", "0"] {
            assert_eq!(parse_duration(text).map(show_duration).as_deref(), Some(text));
        }
        for text in ["1500B", "2kB", "64KiB", "4MiB", "1GiB"] {
            assert_eq!(parse_bytes(text).map(show_bytes).as_deref(), Some(text));
        }
        assert_eq!(show_bytes(0), "0");
    }

    #[test]
    fn texts_that_are_neither() {
        for text in ["", "10", "s", "-1s", "1.5s", "10 seconds", "10S", "99999999999999999999s", "20000000000000000w"] {
            assert_eq!(parse_duration(text), None, "{text:?}");
        }
        for text in ["", "10", "64kb", "64 KB", "-1B", "99999999999GiB"] {
            assert_eq!(parse_bytes(text), None, "{text:?}");
        }
    }
}
