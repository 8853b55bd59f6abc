//! Points in time as entries carry them: UTC, written to the second, read as both Pythons write.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Length of the part that every timestamp has, `YYYY-MM-DDTHH:MM:SS`.
const SECONDS_LEN: usize = 19;
/// Digits of a fraction that count; further ones are dropped.
const FRACTION_DIGITS_MAX: usize = 9;

/// A point in time, to the nanosecond; ordered by instant. `Display` writes `YYYY-MM-DDTHH:MM:SSZ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The instant so many seconds after 1970-01-01T00:00:00Z, held within the years −9999 to 9999.
    pub fn from_unix_seconds(seconds: i64) -> Timestamp {
        let end = if seconds < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        };
        Timestamp(jiff::Timestamp::from_second(seconds).unwrap_or(end))
    }

    /// Whole seconds since 1970-01-01T00:00:00Z; a fraction is dropped.
    pub fn as_unix_seconds(&self) -> i64 {
        self.0.as_second()
    }

    /// Reads `YYYY-MM-DDTHH:MM:SS`, a fraction or none, then `Z` or `±HH:MM`; nothing else, no blanks.
    pub fn parse(text: &str) -> Option<Timestamp> {
        let bytes = text.as_bytes();
        if !has_shape(bytes) {
            return None;
        }
        let number = |from: usize, len: usize| text[from..from + len].parse::<i16>().ok();
        let small = |from: usize| text[from..from + 2].parse::<i8>().ok();
        let fraction = &text[SECONDS_LEN..zone_start(bytes)];
        // A leap second is read as the last ordinary one.
        let second = small(17)?.min(59);
        let civil = jiff::civil::DateTime::new(
            number(0, 4)?,
            small(5)?,
            small(8)?,
            small(11)?,
            small(14)?,
            second,
            nanoseconds(fraction.trim_start_matches('.'))?,
        )
        .ok()?;
        let offset = jiff::tz::Offset::from_seconds(offset_seconds(&text[zone_start(bytes)..])?);
        Some(Timestamp(offset.ok()?.to_timestamp(civil).ok()?))
    }

    /// The first whole second that is not before this instant.
    pub(crate) fn rounded_up(self) -> Timestamp {
        let up = i64::from(self.0.subsec_nanosecond() > 0);
        Timestamp::from_unix_seconds(self.0.as_second() + up)
    }
}

/// Whether the bytes look like a timestamp; its numbers may still be out of range.
pub(crate) fn has_shape(bytes: &[u8]) -> bool {
    const SHAPE: &[u8; SECONDS_LEN] = b"dddd-dd-ddTdd:dd:dd";
    let fits = |byte: &u8, shape: &u8| match shape {
        b'd' => byte.is_ascii_digit(),
        exact => byte == exact,
    };
    if bytes.len() <= SECONDS_LEN
        || !bytes
            .iter()
            .zip(SHAPE)
            .all(|(byte, shape)| fits(byte, shape))
    {
        return false;
    }
    let zone = zone_start(bytes);
    let fraction_fits = zone == SECONDS_LEN || zone > SECONDS_LEN + 1;
    fraction_fits
        && match &bytes[zone..] {
            [b'Z'] => true,
            [b'+' | b'-', digits @ ..] => {
                digits.len() == 5
                    && digits
                        .iter()
                        .zip(b"dd:dd")
                        .all(|(byte, shape)| fits(byte, shape))
            }
            _ => false,
        }
}

/// Where the zone begins, after the seconds and their fraction.
fn zone_start(bytes: &[u8]) -> usize {
    if bytes.get(SECONDS_LEN) != Some(&b'.') {
        return SECONDS_LEN;
    }
    let digits = bytes[SECONDS_LEN + 1..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    SECONDS_LEN + 1 + digits
}

fn nanoseconds(fraction: &str) -> Option<i32> {
    if fraction.is_empty() {
        return Some(0);
    }
    let digits = &fraction[..fraction.len().min(FRACTION_DIGITS_MAX)];
    format!("{digits:0<FRACTION_DIGITS_MAX$}").parse().ok()
}

fn offset_seconds(zone: &str) -> Option<i32> {
    if zone == "Z" {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    Some(sign * (zone[1..3].parse::<i32>().ok()? * 3600 + zone[4..6].parse::<i32>().ok()? * 60))
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%dT%H:%M:%SZ"))
    }
}

impl Serialize for Timestamp {
    /// Writes the whole instant, with its fraction where it has one.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse(&text).ok_or_else(|| de::Error::custom("not a timestamp"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(
            Timestamp::parse(text).map(|it| it.to_string()).as_deref(),
            expected,
            "{text}"
        );
    }

    #[test]
    fn reads_what_both_pythons_write() {
        check("2026-01-05T09:00:00Z", Some("2026-01-05T09:00:00Z"));
        check(
            "2026-11-22T15:08:23.574938+00:00",
            Some("2026-11-22T15:08:23Z"),
        );
        check("2026-11-22T15:08:23.5Z", Some("2026-11-22T15:08:23Z"));
        check(
            "2026-11-22T15:08:23.1234567890123Z",
            Some("2026-11-22T15:08:23Z"),
        );
        check("2026-11-22T15:08:23+05:30", Some("2026-11-22T09:38:23Z"));
        check("2026-11-22T00:08:23-01:00", Some("2026-11-22T01:08:23Z"));
        check("2016-12-31T23:59:60Z", Some("2016-12-31T23:59:59Z"));
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            "",
            "2026-01-05",
            "2026-01-05T09:00:00",
            "2026-01-05T09:00Z",
            "2026-13-05T09:00:00Z",
            "2026-02-30T09:00:00Z",
            "2026-01-05T25:00:00Z",
            "2026-01-05 09:00:00Z",
            "2026-01-05T09:00:00z",
            "2026-01-05T09:00:00.Z",
            "2026-01-05T09:00:00+0000",
            "2026-01-05T09:00:00+99:00",
            "2026-01-05T09:00:00Z ",
            "２026-01-05T09:00:00Z",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn orders_by_instant_and_keeps_fractions_in_json() {
        let parse = |text| Timestamp::parse(text).unwrap();
        let whole = parse("2026-11-22T15:08:23Z");
        let later = parse("2026-11-22T15:08:23.5+00:00");
        assert!(whole < later && parse("2026-11-22T16:08:23+01:00") == whole);
        assert_eq!(later.rounded_up().to_string(), "2026-11-22T15:08:24Z");
        assert_eq!(whole.rounded_up(), whole);
        let json = serde_json::to_string(&later).unwrap();
        assert_eq!(json, r#""2026-11-22T15:08:23.5Z""#);
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), later);
    }

    #[test]
    fn seconds_out_of_range_are_held_at_the_end() {
        assert_eq!(
            Timestamp::from_unix_seconds(0).to_string(),
            "1970-01-01T00:00:00Z"
        );
        assert_eq!(
            Timestamp::from_unix_seconds(i64::MAX).to_string(),
            "9999-12-30T22:00:00Z"
        );
        assert_eq!(
            Timestamp::from_unix_seconds(1_767_603_600).as_unix_seconds(),
            1_767_603_600
        );
    }
}
