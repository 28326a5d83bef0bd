//! Times and lengths of time.
//!
//! A [`Timestamp`] is milliseconds since 1970-01-01T00:00:00Z. It is always an argument: nothing in
//! `domain` reads a clock. In JSON it is an RFC 3339 text in UTC, so that records can be read by people.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// A time, in milliseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// One minute in milliseconds.
pub const MINUTE_MS: i64 = 60_000;
/// One hour in milliseconds.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// One day of 24 hours in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// Latest time that is accepted, 9999-12-31T23:59:59.999Z; the earliest is the Unix epoch.
///
/// Between the two, every value is a valid calendar date for the time-zone library and fits the 2^53
/// integers of JSON and SQLite.
const LATEST_MS: i64 = 253_402_300_799_999;

impl Timestamp {
    /// The time `ms` milliseconds after the epoch, moved into the accepted range when outside it.
    #[must_use]
    pub fn from_ms(ms: i64) -> Self {
        Self(ms.clamp(0, LATEST_MS))
    }

    /// Milliseconds since the epoch, 0 to 253,402,300,799,999.
    #[must_use]
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// This time moved by `ms` milliseconds, kept inside the accepted range.
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self::from_ms(self.0.saturating_add(ms))
    }

    /// This time moved by whole minutes, kept inside the accepted range.
    #[must_use]
    pub fn plus_minutes(self, minutes: i64) -> Self {
        self.plus_ms(minutes.saturating_mul(MINUTE_MS))
    }

    /// Milliseconds from `earlier` to this time; negative when `earlier` is later.
    #[must_use]
    pub fn ms_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The same time for the calendar library.
    #[must_use]
    pub fn to_jiff(self) -> jiff::Timestamp {
        // Never the fallback: the range of `self` lies inside the library's own.
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(timestamp: jiff::Timestamp) -> Self {
        Self::from_ms(timestamp.as_millisecond())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_jiff(), f)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "date-time"})
    }
    fn inline_schema() -> bool {
        true
    }
}

/// The text is not an RFC 3339 time such as `2026-11-02T09:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a timestamp such as `2026-11-02T09:00:00Z`")]
pub struct TimestampError;

impl FromStr for Timestamp {
    type Err = TimestampError;

    /// Reads RFC 3339 with an offset; a time outside 1970–9999 is refused.
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let timestamp: jiff::Timestamp = text.parse().map_err(|_| TimestampError)?;
        let ms = timestamp.as_millisecond();
        if (0..=LATEST_MS).contains(&ms) { Ok(Self(ms)) } else { Err(TimestampError) }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_survives_the_trip_through_text() {
        for text in ["1970-01-01T00:00:00Z", "2026-11-02T09:05:00Z", "2026-11-02T09:05:00.123Z"] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn an_offset_is_turned_into_utc() {
        let timestamp: Timestamp = "2026-11-02T10:05:00+01:00".parse().unwrap();
        assert_eq!(timestamp.to_string(), "2026-11-02T09:05:00Z");
    }

    #[test]
    fn text_without_an_offset_and_dates_out_of_range_are_refused() {
        for text in ["2026-11-02T09:05:00", "yesterday", "", "1969-12-31T23:59:59Z"] {
            assert_eq!(text.parse::<Timestamp>(), Err(TimestampError), "{text}");
        }
    }

    #[test]
    fn arithmetic_stays_inside_the_accepted_range() {
        assert_eq!(Timestamp::from_ms(i64::MAX).as_ms(), LATEST_MS);
        assert_eq!(Timestamp::from_ms(5).plus_ms(i64::MIN).as_ms(), 0);
        assert_eq!(Timestamp::from_ms(LATEST_MS).plus_minutes(i64::MAX).as_ms(), LATEST_MS);
    }
}
