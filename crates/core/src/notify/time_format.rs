//! Times in a rep's own time zone, as a person says them.

use crate::time::Timestamp;
use jiff::Zoned;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

/// Latest time that the time-zone library takes, 9999-12-30T22:00:00Z.
const LATEST_MS: i64 = 253_402_207_200_000;

/// `today 14:05 CET`, `tomorrow 09:00 CET` or `Mon 23 Nov 09:00 CET`, as seen at `seen_at` in the zone. A zone that is not
/// known is UTC.
///
/// ```
/// use lead_router_core::notify::time_format::said;
/// let (at, seen) = ("2026-11-02T13:05:00Z".parse().unwrap(), "2026-11-02T12:00:00Z".parse().unwrap());
/// assert_eq!(said(at, seen, "Europe/Berlin"), "today 14:05 CET");
/// assert_eq!(said(at, seen, "Nowhere/Else"), "today 13:05 UTC");
/// ```
#[must_use]
pub fn said(at: Timestamp, seen_at: Timestamp, zone: &str) -> String {
    let (at, seen) = (zoned(at, zone), zoned(seen_at, zone));
    let tomorrow = seen.date().tomorrow().ok();
    let format = if at.date() == seen.date() {
        "today %H:%M %Z"
    } else if Some(at.date()) == tomorrow {
        "tomorrow %H:%M %Z"
    } else {
        "%a %-d %b %H:%M %Z"
    };
    strtime::format(format, &at).unwrap_or_default()
}

/// `Mon 23 Nov 2026 09:00 CET`: for what is read later than it is told.
#[must_use]
pub fn dated(at: Timestamp, zone: &str) -> String {
    strtime::format("%a %-d %b %Y %H:%M %Z", &zoned(at, zone)).unwrap_or_default()
}

fn zoned(at: Timestamp, zone: &str) -> Zoned {
    let zone = TimeZone::get(zone).ok().filter(|zone| !zone.is_unknown()).unwrap_or(TimeZone::UTC);
    Timestamp::from_ms(at.as_ms().min(LATEST_MS)).to_jiff().to_zoned(zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_that_of_the_rep() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (timestamp, seen, zone, words) in [
            ("2026-11-18T23:30:00Z", "2026-11-18T12:00:00Z", "Europe/Berlin", "tomorrow 00:30 CET"),
            ("2026-11-18T23:30:00Z", "2026-11-18T12:00:00Z", "America/New_York", "today 18:30 EST"),
            ("2026-11-23T08:00:00Z", "2026-11-18T12:00:00Z", "Europe/Berlin", "Mon 23 Nov 09:00 CET"),
            // The clock is put back on 25 October 2026 at three in the morning.
            ("2026-10-25T00:30:00Z", "2026-10-24T20:00:00Z", "Europe/Berlin", "tomorrow 02:30 CEST"),
            ("2026-10-25T01:30:00Z", "2026-10-24T20:00:00Z", "Europe/Berlin", "tomorrow 02:30 CET"),
            ("2026-11-18T12:05:00Z", "2026-11-18T12:00:00Z", "Asia/Kolkata", "today 17:35 IST"),
            ("2026-11-18T12:05:00Z", "2026-11-18T12:00:00Z", "", "today 12:05 UTC"),
        ] {
            assert_eq!(said(at(timestamp), at(seen), zone), words, "{timestamp} {zone}");
        }
        assert_eq!(dated(at("2026-11-23T08:00:00Z"), "Europe/Berlin"), "Mon 23 Nov 2026 09:00 CET");
        assert_eq!(dated(Timestamp::from_ms(i64::MAX), "Pacific/Kiritimati"), "Fri 31 Dec 9999 12:00 +14");
    }
}
