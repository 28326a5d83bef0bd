//! Days off and leave as written, turned into days and times.

use crate::error::Problem;
use crate::roster::model::Leave;
use crate::time::{DAY_MS, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Leave in milliseconds since the epoch; the end is not included, and `i64::MAX` is until further notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Absence {
    /// Start.
    pub from_ms: i64,
    /// Start after it.
    pub until_ms: i64,
}

/// Days off as days since the epoch, sorted, each once.
pub(super) fn days_off(written: &[String], problems: &mut Vec<Problem>) -> Vec<i32> {
    let mut days = Vec::with_capacity(written.len());
    for (index, text) in written.iter().enumerate() {
        match date(text) {
            Some(date) => days.push(day_number(date)),
            None => problems.push(Problem::new(
                format!("holidays[{index}]"),
                "bad_date",
                format!("`{text}` is not a date such as `2026-12-25`"),
            )),
        }
    }
    days.sort_unstable();
    days.dedup();
    days
}

/// Leave, sorted, with absences that touch or overlap made one.
pub(super) fn leave(written: &[Leave], zone: Option<&TimeZone>, problems: &mut Vec<Problem>) -> Vec<Absence> {
    let mut absences: Vec<Absence> = Vec::with_capacity(written.len());
    for (index, leave) in written.iter().enumerate() {
        let path = format!("leave[{index}]");
        let from = timestamp(&leave.from, false, zone, &format!("{path}.from"), problems);
        let until = match &leave.until {
            Some(until) => timestamp(until, true, zone, &format!("{path}.until"), problems),
            None => Some(i64::MAX),
        };
        let (Some(from_ms), Some(until_ms)) = (from, until) else { continue };
        if until_ms > from_ms {
            absences.push(Absence { from_ms, until_ms });
        } else {
            problems.push(
                Problem::new(format!("{path}.until"), "leave_ends_first", "the leave ends before it starts")
                    .with_help("`until` is the time of return, or the last day away"),
            );
        }
    }
    absences.sort_unstable();
    absences.dedup_by(|next, last| {
        let joined = next.from_ms <= last.until_ms;
        if joined {
            last.until_ms = last.until_ms.max(next.until_ms);
        }
        joined
    });
    absences
}

/// A time, or a date in the rep's zone: its first time, or with `at_end` the first time after it.
///
/// Without a zone, which is a problem of its own, dates are read in UTC so that their form is still checked.
fn timestamp(
    text: &str,
    at_end: bool,
    zone: Option<&TimeZone>,
    path: &str,
    problems: &mut Vec<Problem>,
) -> Option<i64> {
    let found = match date(text) {
        Some(date) => {
            let day = if at_end { date.tomorrow().unwrap_or(date) } else { date };
            let zone = zone.cloned().unwrap_or(TimeZone::UTC);
            day.to_zoned(zone).ok().map(|start| Timestamp::from(start.timestamp()).as_ms())
        }
        None => text.parse().ok().map(Timestamp::as_ms),
    };
    if found.is_none() {
        problems.push(
            Problem::new(path, "bad_moment", format!("`{text}` is neither a date nor a timestamp"))
                .with_help("use a date such as `2026-08-03` or a timestamp such as `2026-08-03T13:00:00+02:00`"),
        );
    }
    found
}

fn date(text: &str) -> Option<Date> {
    // Why: the library also reads `20261225` and dates with a time, which the other readers of a roster may not.
    let bytes = text.as_bytes();
    let is_dashed = bytes.len() == 10 && bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-');
    if is_dashed { text.parse().ok() } else { None }
}

fn day_number(date: Date) -> i32 {
    let midnight = date.to_zoned(TimeZone::UTC).map_or(0, |start| start.timestamp().as_millisecond());
    // Never the fallback: the calendar library ends with the year 9999.
    i32::try_from(midnight.div_euclid(DAY_MS)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(from: &str, until: Option<&str>) -> Leave {
        Leave { from: from.to_owned(), until: until.map(ToOwned::to_owned) }
    }

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_ms()
    }

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    #[test]
    fn a_date_is_the_whole_day_in_the_reps_zone() {
        let mut problems = Vec::new();
        let found = leave(&[written("2026-08-03", Some("2026-08-07"))], Some(&berlin()), &mut problems);
        assert_eq!(problems, vec![]);
        assert_eq!(found, vec![Absence { from_ms: at("2026-08-02T22:00:00Z"), until_ms: at("2026-08-07T22:00:00Z") }]);
    }

    #[test]
    fn a_day_whose_midnight_the_clock_skips_starts_when_the_clock_does() {
        let beirut = TimeZone::get("Asia/Beirut").unwrap();
        let found = leave(&[written("2025-03-30", Some("2025-03-30"))], Some(&beirut), &mut Vec::new());
        assert_eq!(found, vec![Absence { from_ms: at("2025-03-29T22:00:00Z"), until_ms: at("2025-03-30T21:00:00Z") }]);
    }

    #[test]
    fn absences_that_touch_are_one_and_an_open_end_swallows_the_rest() {
        let mut problems = Vec::new();
        let found = leave(
            &[
                written("2026-09-01", None),
                written("2026-08-03", Some("2026-08-07")),
                written("2026-10-01", Some("2026-10-02")),
                written("2026-08-08", Some("2026-08-09T12:00:00+02:00")),
            ],
            Some(&berlin()),
            &mut problems,
        );
        assert_eq!(problems, vec![]);
        assert_eq!(
            found,
            vec![
                Absence { from_ms: at("2026-08-02T22:00:00Z"), until_ms: at("2026-08-09T10:00:00Z") },
                Absence { from_ms: at("2026-08-31T22:00:00Z"), until_ms: i64::MAX },
            ]
        );
    }

    #[test]
    fn every_mistake_is_reported_at_once_with_its_path() {
        let mut problems = Vec::new();
        days_off(&["2026-02-30".to_owned(), "25.12.2026".to_owned(), "2026-12-25".to_owned()], &mut problems);
        leave(
            &[written("2026-08-03T13:00:00", Some("soon")), written("2026-08-03", Some("2026-08-02"))],
            None,
            &mut problems,
        );
        let found: Vec<(&str, &str)> = problems.iter().map(|p| (p.path.as_str(), p.code.as_str())).collect();
        assert_eq!(
            found,
            vec![
                ("holidays[0]", "bad_date"),
                ("holidays[1]", "bad_date"),
                ("leave[0].from", "bad_moment"),
                ("leave[0].until", "bad_moment"),
                ("leave[1].until", "leave_ends_first"),
            ]
        );
    }
}
