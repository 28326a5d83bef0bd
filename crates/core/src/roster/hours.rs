//! Working hours as written, turned into a table of the week.
//!
//! Times are wall-clock times of the rep. An interval that runs past midnight belongs to the day on which it
//! starts: a day off on that day cancels all of it.

use crate::error::Problem;
use crate::roster::model::{Day, Hours};
use crate::time::{DAY_MS, MINUTE_MS};

/// Minutes of a day: the time `24:00`.
const DAY_MINUTES: u32 = 24 * 60;

/// Part of a local day, in milliseconds since its midnight; the end is not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WorkInterval {
    /// Start.
    pub from_ms: i64,
    /// End.
    pub until_ms: i64,
}

/// Working hours of one day of the week.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct WeekDay {
    /// Spans that start on this day.
    own: Vec<WorkInterval>,
    /// The same, and what runs into this day from the one before.
    all: Vec<WorkInterval>,
}

/// Working hours of a week, Monday first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Week([WeekDay; 7]);

impl Week {
    /// Spans of a day, sorted and apart; `after_day_off` leaves out what would have started the day before.
    pub fn intervals(&self, weekday: usize, after_day_off: bool) -> &[WorkInterval] {
        self.0.get(weekday).map_or(&[], |day| if after_day_off { &day.own } else { &day.all })
    }

    /// Reads hours as written; every mistake becomes a problem with its path, and the interval is left out.
    pub fn compile(hours: &[Hours], problems: &mut Vec<Problem>) -> Self {
        let mut week = Self::default();
        for (index, interval) in hours.iter().enumerate() {
            let path = format!("hours[{index}]");
            if interval.days.is_empty() {
                problems.push(
                    Problem::new(format!("{path}.days"), "empty_days", "list at least one day")
                        .with_help("remove the shift if nobody works it"),
                );
            }
            let from = time_of_day(&interval.from, &format!("{path}.from"), problems);
            let to = time_of_day(&interval.to, &format!("{path}.to"), problems);
            if from == Some(DAY_MINUTES) {
                problems.push(
                    Problem::new(format!("{path}.from"), "bad_time", "a shift cannot start at `24:00`")
                        .with_help("write `00:00` and the next day"),
                );
            } else if let (Some(from), Some(to)) = (from, to) {
                week.add(interval, from, to, &path, problems);
            }
        }
        week.merge();
        week
    }

    fn add(&mut self, interval: &Hours, from: u32, to: u32, path: &str, problems: &mut Vec<Problem>) {
        if from == to {
            problems.push(
                Problem::new(format!("{path}.to"), "empty_span", "start and end are the same")
                    .with_help("for a whole day write `00:00` to `24:00`"),
            );
            return;
        }
        let (from_ms, to_ms) = (minutes_to_ms(from), minutes_to_ms(to));
        let today = WorkInterval { from_ms, until_ms: if to > from { to_ms } else { DAY_MS } };
        let tomorrow = WorkInterval { from_ms: 0, until_ms: if to > from { 0 } else { to_ms } };
        for day in &interval.days {
            let weekday = weekday(*day);
            if let Some(day) = self.0.get_mut(weekday) {
                day.own.push(today);
                day.all.push(today);
            }
            let next = if weekday == 6 { 0 } else { weekday.saturating_add(1) };
            if let Some(day) = self.0.get_mut(next).filter(|_| tomorrow.until_ms > 0) {
                day.all.push(tomorrow);
            }
        }
    }

    fn merge(&mut self) {
        for day in &mut self.0 {
            day.own = merged(std::mem::take(&mut day.own));
            day.all = merged(std::mem::take(&mut day.all));
        }
    }
}

/// Sorted, with intervals that touch or overlap made one.
fn merged(mut intervals: Vec<WorkInterval>) -> Vec<WorkInterval> {
    intervals.sort_unstable();
    let mut apart: Vec<WorkInterval> = Vec::with_capacity(intervals.len());
    for interval in intervals {
        match apart.last_mut() {
            Some(last) if interval.from_ms <= last.until_ms => last.until_ms = last.until_ms.max(interval.until_ms),
            _ => apart.push(interval),
        }
    }
    apart
}

/// Monday is 0.
const fn weekday(day: Day) -> usize {
    match day {
        Day::Mon => 0,
        Day::Tue => 1,
        Day::Wed => 2,
        Day::Thu => 3,
        Day::Fri => 4,
        Day::Sat => 5,
        Day::Sun => 6,
    }
}

fn minutes_to_ms(minutes: u32) -> i64 {
    i64::from(minutes).saturating_mul(MINUTE_MS)
}

/// Minutes since midnight of `HH:MM`, up to `24:00`.
fn time_of_day(text: &str, path: &str, problems: &mut Vec<Problem>) -> Option<u32> {
    let minutes = parse_time(text);
    if minutes.is_none() {
        let problem = Problem::new(path, "bad_time", "expected a time such as `09:00`, from `00:00` to `24:00`");
        let padded = format!("0{text}");
        problems.push(match parse_time(&padded) {
            Some(_) => problem.with_help(format!("did you mean `{padded}`?")),
            None => problem,
        });
    }
    minutes
}

fn parse_time(text: &str) -> Option<u32> {
    let [h1, h2, b':', m1, m2] = text.as_bytes() else { return None };
    let pair = |tens: &u8, ones: &u8| {
        let digit = |byte: &u8| byte.is_ascii_digit().then(|| u32::from(byte.saturating_sub(b'0')));
        Some(digit(tens)?.saturating_mul(10).saturating_add(digit(ones)?))
    };
    let (hour, minute) = (pair(h1, h2)?, pair(m1, m2)?);
    let total = hour.saturating_mul(60).saturating_add(minute);
    (minute < 60 && total <= DAY_MINUTES).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Day::{Mon, Sat, Sun, Tue};

    fn hours(days: &[Day], from: &str, to: &str) -> Hours {
        Hours { days: days.to_vec(), from: from.to_owned(), to: to.to_owned() }
    }

    fn compiled(written: &[Hours]) -> Week {
        let mut problems = Vec::new();
        let week = Week::compile(written, &mut problems);
        assert_eq!(problems, vec![]);
        week
    }

    fn minutes(intervals: &[WorkInterval]) -> Vec<(i64, i64)> {
        intervals.iter().map(|interval| (interval.from_ms / MINUTE_MS, interval.until_ms / MINUTE_MS)).collect()
    }

    #[test]
    fn a_lunch_break_leaves_two_spans() {
        let week = compiled(&[hours(&[Mon], "13:00", "18:00"), hours(&[Mon], "09:00", "12:00")]);
        assert_eq!(minutes(week.intervals(0, false)), vec![(540, 720), (780, 1080)]);
    }

    #[test]
    fn spans_that_touch_or_overlap_are_one() {
        let week = compiled(&[
            hours(&[Mon], "09:00", "12:00"),
            hours(&[Mon], "12:00", "15:00"),
            hours(&[Mon], "14:00", "16:00"),
        ]);
        assert_eq!(minutes(week.intervals(0, false)), vec![(540, 960)]);
    }

    #[test]
    fn a_night_span_of_sunday_runs_into_monday_unless_sunday_is_off() {
        let week = compiled(&[hours(&[Sun], "22:00", "06:00")]);
        assert_eq!(minutes(week.intervals(6, false)), vec![(1320, 1440)]);
        assert_eq!(minutes(week.intervals(0, false)), vec![(0, 360)]);
        assert_eq!(minutes(week.intervals(0, true)), vec![]);
    }

    #[test]
    fn midnight_may_be_written_as_00_00_or_24_00() {
        let week = compiled(&[hours(&[Sat], "18:00", "24:00"), hours(&[Sun], "18:00", "00:00")]);
        assert_eq!(minutes(week.intervals(5, false)), vec![(1080, 1440)]);
        assert_eq!(minutes(week.intervals(6, false)), vec![(1080, 1440)]);
        assert_eq!(minutes(week.intervals(0, false)), vec![]);
    }

    #[test]
    fn every_mistake_is_reported_at_once_with_its_path() {
        let mut problems = Vec::new();
        Week::compile(
            &[
                hours(&[], "9:00", "18:00"),
                hours(&[Mon], "24:00", "25:00"),
                hours(&[Tue], "09:00", "09:00"),
                hours(&[Tue], "09:60", "0900"),
            ],
            &mut problems,
        );
        let found: Vec<(&str, &str)> = problems.iter().map(|p| (p.path.as_str(), p.code.as_str())).collect();
        assert_eq!(
            found,
            vec![
                ("hours[0].days", "empty_days"),
                ("hours[0].from", "bad_time"),
                ("hours[1].to", "bad_time"),
                ("hours[1].from", "bad_time"),
                ("hours[2].to", "empty_span"),
                ("hours[3].from", "bad_time"),
                ("hours[3].to", "bad_time"),
            ]
        );
        assert_eq!(problems[1].help.as_deref(), Some("did you mean `09:00`?"));
    }
}
