//! The time of an event, in whichever of the usual spellings: epoch seconds or milliseconds, ISO 8601 with or without a
//! zone.

use ::time::{Date, Month, OffsetDateTime};

use crate::event::EventTime;

const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// Decimals of a second that are kept.
const DECIMALS_MAX: usize = 9;

/// From here on a number counts milliseconds: as seconds it would be a time after the year 5138.
const MILLISECONDS_FROM: i128 = 100_000_000_000;

/// Digits of a number that can be a time, leading zeros and decimals included; 10^38 still fits in 128 bits.
const DIGITS_MAX: usize = 38;

/// Digits before the decimal point from which a text is a number of seconds; shorter ones may be a year or a day.
const EPOCH_TEXT_DIGITS_MIN: usize = 9;

/// Reads a JSON number: seconds since 1970, or milliseconds when it is too large for that.
pub(super) fn from_number(text: &str) -> Option<EventTime> {
    let (sign, unsigned) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.len() > DIGITS_MAX || digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let digits: i128 = digits.parse().ok()?;
    let exponent: i32 = exponent.parse().ok()?;
    let mut decimals = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    if scaled(digits, decimals.checked_neg()?)? >= MILLISECONDS_FROM {
        decimals = decimals.checked_add(3)?;
    }
    let unix_nanos = scaled(sign * digits, 9_i32.checked_sub(decimals)?)?;
    time_of(unix_nanos, usize::try_from(decimals).unwrap_or(0))
}

/// `number` times ten to the power of `exponent`, rounded down.
fn scaled(number: i128, exponent: i32) -> Option<i128> {
    let power = 10_i128.checked_pow(exponent.unsigned_abs());
    if exponent >= 0 { number.checked_mul(power?) } else { power.map(|power| number.div_euclid(power)) }
}

/// Reads a text: ISO 8601 (taken as UTC where it names no zone), or the digits of an epoch time.
pub(super) fn from_text(text: &str) -> Option<EventTime> {
    from_iso(text).or_else(|| {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        if digits >= EPOCH_TEXT_DIGITS_MIN { from_number(text) } else { None }
    })
}

fn from_iso(text: &str) -> Option<EventTime> {
    // Some writers name the zone behind the offset: 2025-08-13T10:15:30+02:00[Europe/Paris].
    let text = text.strip_suffix(']').and_then(|text| text.split_once('[')).map_or(text, |(before, _)| before);
    let mut rest = Rest(text);
    let year = rest.digits(4)?;
    let month = rest.after('-')?.digits(2)?;
    let day = rest.after('-')?.digits(2)?;
    if !(rest.eat('T') || rest.eat('t') || rest.eat(' ')) {
        return None;
    }
    let hour = rest.digits(2)?;
    let minute = rest.after(':')?.digits(2)?;
    let second = if rest.eat(':') { rest.digits(2)? } else { 0 };
    let fraction = if rest.eat('.') || rest.eat(',') { rest.all_digits()? } else { "" };
    let offset_minutes = rest.zone()?;
    // 60 is a leap second; it is the first one of the next minute.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()?;
    let seconds = i64::from(hour * 3600 + minute * 60 + second) - offset_minutes * 60;
    let unix_seconds = date.midnight().assume_utc().unix_timestamp() + seconds;
    let fraction = &fraction[..fraction.len().min(DECIMALS_MAX)];
    let nanos: i128 = format!("{fraction:0<9}").parse().ok()?;
    time_of(i128::from(unix_seconds) * NANOS_PER_SECOND + nanos, fraction.len())
}

/// What is left of a text.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn eat(&mut self, expected: char) -> bool {
        let rest = self.0.strip_prefix(expected);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn after(&mut self, expected: char) -> Option<&mut Self> {
        self.eat(expected).then_some(self)
    }

    fn digits(&mut self, count: usize) -> Option<u32> {
        let digits = self.0.get(..count).filter(|text| text.bytes().all(|octet| octet.is_ascii_digit()))?;
        self.0 = &self.0[count..];
        digits.parse().ok()
    }

    fn all_digits(&mut self) -> Option<&'a str> {
        let end = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        (!digits.is_empty()).then_some(digits)
    }

    /// The zone's offset in minutes; the text must end with it.
    fn zone(&mut self) -> Option<i64> {
        if self.0.is_empty() {
            return Some(0);
        }
        self.eat(' ');
        if self.eat('Z') || self.eat('z') {
            return self.0.is_empty().then_some(0);
        }
        let sign = if self.eat('+') {
            1
        } else {
            self.after('-')?;
            -1
        };
        let hours = self.digits(2)?;
        let minutes = if self.0.is_empty() {
            0
        } else {
            self.eat(':');
            self.digits(2)?
        };
        let in_range = self.0.is_empty() && hours <= 23 && minutes <= 59;
        in_range.then_some(sign * i64::from(hours * 60 + minutes))
    }
}

/// The time with that many decimals; none where RFC 3339 cannot write it.
fn time_of(unix_nanos: i128, decimals: usize) -> Option<EventTime> {
    let seconds = i64::try_from(unix_nanos.div_euclid(NANOS_PER_SECOND)).ok()?;
    let at = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    if !(0..=9999).contains(&at.year()) {
        return None;
    }
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second) = at.to_hms();
    let mut text = format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}", u8::from(month));
    if decimals > 0 {
        let fraction = format!("{:09}", unix_nanos.rem_euclid(NANOS_PER_SECOND));
        text.push('.');
        text.push_str(&fraction[..decimals.min(DECIMALS_MAX)]);
    }
    text.push('Z');
    Some(EventTime { text, unix_nanos })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(time: Option<EventTime>, text: &str, unix_nanos: i128) {
        assert_eq!(time, Some(EventTime { text: text.to_owned(), unix_nanos }));
    }

    #[test]
    fn numbers_keep_all_of_their_digits() {
        let nanos = 1_755_072_930_123_456_789;
        check(from_number("1755072930.123456789"), "2025-08-13T08:15:30.123456789Z", nanos);
        check(from_number("1755072930.123456000"), "2025-08-13T08:15:30.123456000Z", 1_755_072_930_123_456_000);
        check(from_number("1755072930"), "2025-08-13T08:15:30Z", 1_755_072_930_000_000_000);
        check(from_number("1.7550729305E9"), "2025-08-13T08:15:30.5Z", 1_755_072_930_500_000_000);
        check(from_number("175507293e+1"), "2025-08-13T08:15:30Z", 1_755_072_930_000_000_000);
        check(from_number("1755072930.1234567899"), "2025-08-13T08:15:30.123456789Z", nanos);
        check(from_number("0"), "1970-01-01T00:00:00Z", 0);
        check(from_number("-0.5"), "1969-12-31T23:59:59.5Z", -500_000_000);
    }

    #[test]
    fn large_numbers_are_milliseconds() {
        check(from_number("1755072930456"), "2025-08-13T08:15:30.456Z", 1_755_072_930_456_000_000);
        check(from_number("1755072930456.25"), "2025-08-13T08:15:30.45625Z", 1_755_072_930_456_250_000);
        check(from_number("100000000000"), "1973-03-03T09:46:40.000Z", 100_000_000_000_000_000);
        check(from_number("99999999999"), "5138-11-16T09:46:39Z", 99_999_999_999_000_000_000);
    }

    #[test]
    fn iso_texts_become_utc() {
        let nanos = 1_755_072_930_123_456_000;
        check(from_text("2025-08-13T08:15:30.123456Z"), "2025-08-13T08:15:30.123456Z", nanos);
        check(from_text("2025-08-13T10:15:30.123456+02:00"), "2025-08-13T08:15:30.123456Z", nanos);
        check(from_text("2025-08-13T03:15:30.123456-0500"), "2025-08-13T08:15:30.123456Z", nanos);
        check(from_text("2025-08-13T10:15:30.123456+02"), "2025-08-13T08:15:30.123456Z", nanos);
        check(from_text("2025-08-13 08:15:30.123456"), "2025-08-13T08:15:30.123456Z", nanos);
        check(from_text("2025-08-13T08:15:30,123456"), "2025-08-13T08:15:30.123456Z", nanos);
        check(from_text("2025-08-13T10:15:30.123456+02:00[Europe/Paris]"), "2025-08-13T08:15:30.123456Z", nanos);
        check(from_text("2025-08-13t08:15z"), "2025-08-13T08:15:00Z", 1_755_072_900_000_000_000);
        check(from_text("2016-12-31T23:59:60Z"), "2017-01-01T00:00:00Z", 1_483_228_800_000_000_000);
        check(from_text("1755072930.5"), "2025-08-13T08:15:30.5Z", 1_755_072_930_500_000_000);
        check(from_text("1755072930456"), "2025-08-13T08:15:30.456Z", 1_755_072_930_456_000_000);
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "now",
            "2025",
            "20250813",
            "2025-08-13",
            "2025-13-01T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2025-08-13T24:00:00Z",
            "2025-08-13T08:15:61Z",
            "2025-08-13T08:15:30.Z",
            "2025-08-13T08:15:30+2:00",
            "2025-08-13T08:15:30Z and more",
            "2025-08-13T08:15:30+99:00",
            "+2025-08-13T08:15:30Z",
            "2025-08-13T08:15:30é",
            "é025-08-13T08:15:30Z",
            "9999-12-31T23:59:59-01:00",
        ] {
            assert_eq!(from_text(text), None, "{text}");
        }
        for text in ["1e400", "1e99999999999", "9e30", "1e-400", "", "-", ".", "1.2.3", "NaN", "٣", &"1".repeat(50)] {
            assert_eq!(from_number(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}", number in "-?[0-9.eE+-]{0,45}") {
            let _ = (from_text(&text), from_number(&number));
        }

        #[test]
        fn a_time_written_out_is_read_back(nanos in 0_i128..4_000_000_000_000_000_000) {
            let number = format!("{}.{:09}", nanos / NANOS_PER_SECOND, nanos % NANOS_PER_SECOND);
            let time = from_number(&number).unwrap();
            prop_assert_eq!(time.unix_nanos, nanos);
            prop_assert_eq!(from_text(&time.text), Some(time));
        }
    }
}
