//! When a rep works: time zone, hours, days off, leave.
//!
//! A rep works at a time when their wall clock shows a time inside one of their intervals, the day is no day
//! off, and no leave covers the time. Because the wall clock decides, a change to or from daylight saving
//! time needs no rule of its own: an hour that the clock skips is not worked, an hour that it shows twice is
//! worked twice, and the minutes of an SLA are real elapsed minutes.
//!
//! A day off takes out its whole local day, and with it all of an interval that starts on it, also past midnight.
//! No hours at all means around the clock.

use crate::error::Problem;
use crate::roster::absence::{Absence, days_off, leave};
use crate::roster::hours::{Week, WorkInterval};
use crate::roster::model::{Hours, Leave, Rep};
use crate::time::{DAY_MS, MINUTE_MS, Timestamp};
use jiff::tz::TimeZone;

/// How far ahead a calendar is searched, in milliseconds: a year and a day. Who does not work within it is
/// taken never to work again.
pub const SEARCH_MS: i64 = 366 * DAY_MS;

/// Latest time that the time-zone library takes, 9999-12-30T22:00:00Z; later ones are read as this one.
const ZONE_LATEST_MS: i64 = 253_402_207_200_000;

/// A rep's working time, compiled.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
    /// `None` is around the clock.
    week: Option<Week>,
    /// Days off as days since the epoch, sorted.
    days_off: Vec<i32>,
    /// Leave, sorted and apart.
    leave: Vec<Absence>,
}

/// What a calendar says about a stretch of time in which nothing of it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShiftWindow {
    /// Start it is known to hold for.
    pub from: Timestamp,
    /// Start it no longer holds for; always later than `from`, except at the end of time.
    pub until: Timestamp,
    /// Whether the hours say "at work", leave aside.
    pub in_hours: bool,
    /// Whether leave covers it.
    pub on_leave: bool,
    /// Start of work: `None` when it is not within [`SEARCH_MS`]; `from` itself while working.
    pub next_start: Option<Timestamp>,
    /// Local day, counted from the epoch.
    pub day: i32,
}

impl ShiftWindow {
    /// Whether the rep works throughout.
    #[must_use]
    pub const fn is_working(&self) -> bool {
        self.in_hours && !self.on_leave
    }
}

impl Calendar {
    /// Compiles what an operator wrote.
    ///
    /// # Errors
    /// Every mistake at once: `unknown_time_zone`, `empty_days`, `bad_time`, `empty_span`, `bad_date`,
    /// `bad_moment`, `leave_ends_first`; paths are relative to the rep, such as `hours[1].from`.
    ///
    /// # Example
    ///
    /// One hour of working time from Saturday afternoon is up on Monday at ten:
    ///
    /// ```
    /// use lead_router_core::roster::calendar::Calendar;
    /// let rep = serde_json::from_str(
    ///     r#"{"id": "ada", "time_zone": "Europe/Berlin",
    ///         "hours": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "18:00"}]}"#,
    /// ).unwrap();
    /// let calendar = Calendar::compile(&rep).unwrap();
    /// let saturday = "2026-06-06T15:00:00+02:00".parse().unwrap();
    /// let due_at = calendar.add_working_minutes(saturday, 60).unwrap();
    /// assert_eq!(due_at.to_string(), "2026-06-08T08:00:00Z");
    /// ```
    pub fn compile(rep: &Rep) -> Result<Self, Vec<Problem>> {
        Self::of(&rep.time_zone, &rep.hours, &rep.holidays, &rep.leave)
    }

    /// Compiles the parts of a rep that say when they work.
    ///
    /// # Errors
    /// As [`Self::compile`].
    pub fn of(time_zone: &str, hours: &[Hours], holidays: &[String], absences: &[Leave]) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let zone = TimeZone::get(time_zone).ok().filter(|zone| !zone.is_unknown());
        if zone.is_none() {
            problems.push(
                Problem::new("time_zone", "unknown_time_zone", format!("`{time_zone}` is not an IANA time zone"))
                    .with_help("write a name such as `Europe/Berlin`, not an abbreviation or an offset"),
            );
        }
        let week = (!hours.is_empty()).then(|| Week::compile(hours, &mut problems));
        let days_off = days_off(holidays, &mut problems);
        let leave = leave(absences, zone.as_ref(), &mut problems);
        match zone {
            Some(zone) if problems.is_empty() => Ok(Self { zone, week, days_off, leave }),
            _ => Err(problems),
        }
    }

    /// Whether the rep works at this time.
    #[must_use]
    pub fn is_working(&self, at: Timestamp) -> bool {
        let (day, ms) = local(at.as_ms(), self.offset_ms(at.as_ms()));
        self.absence(at.as_ms()).is_none_or(|absence| absence.from_ms > at.as_ms()) && self.hours_at(day, ms).0
    }

    /// Whether leave covers this time.
    #[must_use]
    pub fn on_leave(&self, at: Timestamp) -> bool {
        self.absence(at.as_ms()).is_some_and(|absence| absence.from_ms <= at.as_ms())
    }

    /// End of the leave that covers this time: `None` when none does, or when it is open.
    #[must_use]
    pub fn leave_ends(&self, at: Timestamp) -> Option<Timestamp> {
        let absence = self.absence(at.as_ms()).filter(|absence| absence.from_ms <= at.as_ms())?;
        (absence.until_ms < i64::MAX).then(|| Timestamp::from_ms(absence.until_ms))
    }

    /// The rep's day at this time, counted from 1970-01-01: what daily caps count by.
    #[must_use]
    pub fn local_day(&self, at: Timestamp) -> i32 {
        local(at.as_ms(), self.offset_ms(at.as_ms())).0
    }

    /// Start of the rep's next day.
    #[must_use]
    pub fn next_day(&self, at: Timestamp) -> Timestamp {
        let mut walk = Walk::new(self, at.as_ms());
        let today = walk.step().day;
        // At most one change of the clock and a handful of intervals lie before midnight.
        while walk.at_ms < at.as_ms().saturating_add(2 * DAY_MS) {
            let stretch = walk.step();
            if stretch.day != today {
                break;
            }
            walk.at_ms = stretch.until_ms;
        }
        Timestamp::from_ms(walk.at_ms)
    }

    /// When the rep starts to work: `at` itself while working, `None` when not within [`SEARCH_MS`].
    #[must_use]
    pub fn next_start(&self, at: Timestamp) -> Option<Timestamp> {
        self.add_working_minutes(at, 0)
    }

    /// The time at which `minutes` of working time have passed since `at`.
    ///
    /// An end that falls together with the end of an interval is that end, not the start of the next interval.
    /// `None` when the rep does not work that long within [`SEARCH_MS`].
    #[must_use]
    pub fn add_working_minutes(&self, at: Timestamp, minutes: u32) -> Option<Timestamp> {
        let limit_ms = at.as_ms().saturating_add(SEARCH_MS);
        let mut left_ms = i64::from(minutes).saturating_mul(MINUTE_MS);
        let mut walk = Walk::new(self, at.as_ms());
        while walk.at_ms < limit_ms {
            let stretch = walk.step();
            if stretch.in_hours && !stretch.on_leave {
                let end_ms = walk.at_ms.saturating_add(left_ms);
                if end_ms <= stretch.until_ms {
                    return Some(Timestamp::from_ms(end_ms));
                }
                left_ms = end_ms.saturating_sub(stretch.until_ms);
            }
            // Why: leave may last for months, in which no hour matters.
            let leave_ends_ms = if stretch.on_leave { stretch.leave_ends_ms } else { stretch.until_ms };
            walk.at_ms = stretch.until_ms.max(leave_ends_ms);
        }
        None
    }

    /// What holds at `at` and for a while after.
    #[must_use]
    pub fn window(&self, at: Timestamp) -> ShiftWindow {
        let mut walk = Walk::new(self, at.as_ms());
        let stretch = walk.step();
        let (in_hours, on_leave) = (stretch.in_hours, stretch.on_leave);
        let next_start = if in_hours && !on_leave { Some(at) } else { self.next_start(at) };
        ShiftWindow {
            from: at,
            until: Timestamp::from_ms(stretch.until_ms),
            in_hours,
            on_leave,
            next_start,
            day: stretch.day,
        }
    }

    /// The first leave that ends after `at_ms`.
    fn absence(&self, at_ms: i64) -> Option<&Absence> {
        self.leave.get(self.leave.partition_point(|absence| absence.until_ms <= at_ms))
    }

    /// Whether the hours say "at work" at a local time, and until when on that day.
    fn hours_at(&self, day: i32, ms: i64) -> (bool, i64) {
        let is_off = |day: i32| self.days_off.binary_search(&day).is_ok();
        if !self.days_off.is_empty() && is_off(day) {
            return (false, DAY_MS);
        }
        let Some(week) = &self.week else { return (true, DAY_MS) };
        let after_day_off = !self.days_off.is_empty() && is_off(day.saturating_sub(1));
        let intervals = week.intervals(weekday(day), after_day_off);
        match intervals.iter().find(|interval| interval.until_ms > ms) {
            Some(WorkInterval { from_ms, until_ms }) if *from_ms <= ms => (true, *until_ms),
            Some(WorkInterval { from_ms, .. }) => (false, *from_ms),
            None => (false, DAY_MS),
        }
    }

    fn offset_ms(&self, at_ms: i64) -> i64 {
        i64::from(self.zone.to_offset(timestamp(at_ms)).seconds()).saturating_mul(1_000)
    }
}

/// A stretch of time in which offset, day, hours and leave stay the same.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    until_ms: i64,
    day: i32,
    in_hours: bool,
    on_leave: bool,
    leave_ends_ms: i64,
}

/// Walks a calendar; remembers the offset until it changes.
struct Walk<'a> {
    calendar: &'a Calendar,
    at_ms: i64,
    offset_ms: i64,
    offset_until_ms: i64,
}

impl<'a> Walk<'a> {
    const fn new(calendar: &'a Calendar, at_ms: i64) -> Self {
        Self { calendar, at_ms, offset_ms: 0, offset_until_ms: i64::MIN }
    }

    /// The stretch that starts at `at_ms`. It ends later than it starts.
    fn step(&mut self) -> Stretch {
        let calendar = self.calendar;
        if self.at_ms >= self.offset_until_ms {
            self.offset_ms = calendar.offset_ms(self.at_ms);
            let change = calendar.zone.following(timestamp(self.at_ms)).next();
            self.offset_until_ms = change.map_or(i64::MAX, |change| change.timestamp().as_millisecond());
        }
        let (day, ms) = local(self.at_ms, self.offset_ms);
        let (in_hours, until_local_ms) = calendar.hours_at(day, ms);
        let hours_until_ms = self.at_ms.saturating_add(until_local_ms.saturating_sub(ms));
        let (on_leave, leave_change_ms, leave_ends_ms) = match calendar.absence(self.at_ms) {
            Some(absence) if absence.from_ms <= self.at_ms => (true, absence.until_ms, absence.until_ms),
            Some(absence) => (false, absence.from_ms, i64::MAX),
            None => (false, i64::MAX, i64::MAX),
        };
        let until_ms = hours_until_ms.min(self.offset_until_ms).min(leave_change_ms);
        Stretch { until_ms, day, in_hours, on_leave, leave_ends_ms }
    }
}

/// Local day since the epoch and milliseconds since its midnight.
fn local(at_ms: i64, offset_ms: i64) -> (i32, i64) {
    let ms = at_ms.saturating_add(offset_ms);
    // Never the fallback: the accepted range of times has fewer than four million days.
    (i32::try_from(ms.div_euclid(DAY_MS)).unwrap_or(i32::MAX), ms.rem_euclid(DAY_MS))
}

/// Monday is 0. The epoch was a Thursday.
fn weekday(day: i32) -> usize {
    usize::try_from(day.saturating_add(3).rem_euclid(7)).unwrap_or(0)
}

fn timestamp(at_ms: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at_ms.clamp(0, ZONE_LATEST_MS)).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}
