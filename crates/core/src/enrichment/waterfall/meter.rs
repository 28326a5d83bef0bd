//! How often a provider may be called, and what it may cost in a day.

use crate::rubric::file::LimitFile;
use crate::time::{DAY_MS, Timestamp};
use serde::{Deserialize, Serialize};

/// What a provider was asked and has cost.
///
/// Calls per second are counted in a bucket that holds one second's calls and fills evenly, so that no second has more
/// than twice the limit and no two seconds in a row more than three times. A day begins at midnight UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Meter {
    /// Days since 1970.
    day: i64,
    calls: u32,
    cost_usd_micros: u64,
    /// Calls that may be made at once, in thousandths, at `filled_at`.
    bucket: u64,
    filled_at: Timestamp,
}

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may, and is counted.
    Yes,
    /// Too many in this second.
    RateLimited,
    /// The calls or the money of the day are used up.
    DailyCapReached,
}

impl Meter {
    /// Asks for a call that costs at most `cost_usd_micros`, and counts it when it may be made. A call that is not made
    /// counts nowhere.
    pub fn admit(&mut self, limit: &LimitFile, cost_usd_micros: u32, now: Timestamp) -> Admission {
        self.turn(now);
        let cost = self.cost_usd_micros.saturating_add(cost_usd_micros.into());
        let is_spent = limit.calls_per_day.is_some_and(|most| self.calls >= most)
            || limit.usd_per_day.is_some_and(|usd| cost > u64::from(usd).saturating_mul(1_000_000));
        if is_spent {
            return Admission::DailyCapReached;
        }
        if let Some(per_second) = limit.calls_per_second {
            let whole = u64::from(per_second).saturating_mul(1_000);
            let passed_ms = u64::try_from(now.ms_since(self.filled_at)).unwrap_or(0);
            let filled = self.bucket.saturating_add(passed_ms.saturating_mul(per_second.into())).min(whole);
            self.filled_at = self.filled_at.max(now);
            self.bucket = filled;
            let Some(left) = filled.checked_sub(1_000) else { return Admission::RateLimited };
            self.bucket = left;
        }
        self.calls = self.calls.saturating_add(1);
        self.cost_usd_micros = cost;
        Admission::Yes
    }

    /// Gives back the price of a call that was counted at `at` and cost nothing. After midnight there is nothing to give
    /// back.
    pub fn refund(&mut self, cost_usd_micros: u32, at: Timestamp) {
        if day_of(at) == self.day {
            self.cost_usd_micros = self.cost_usd_micros.saturating_sub(cost_usd_micros.into());
        }
    }

    /// Calls of the day, and their price in millionths of a US dollar.
    #[must_use]
    pub fn of_day(mut self, now: Timestamp) -> (u32, u64) {
        self.turn(now);
        (self.calls, self.cost_usd_micros)
    }

    /// Begins a new day. A clock that goes back begins none.
    fn turn(&mut self, now: Timestamp) {
        let day = day_of(now);
        if day > self.day {
            *self = Self { day, calls: 0, cost_usd_micros: 0, ..*self };
        }
    }
}

fn day_of(at: Timestamp) -> i64 {
    at.as_ms().div_euclid(DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(20_000 * DAY_MS + ms)
    }

    fn admitted(meter: &mut Meter, limit: &LimitFile, cost: u32, now: Timestamp, tries: usize) -> usize {
        (0..tries).filter(|_| meter.admit(limit, cost, now) == Admission::Yes).count()
    }

    #[test]
    fn as_many_calls_as_the_second_allows_and_none_more() {
        let limit = LimitFile { calls_per_second: Some(5), ..LimitFile::default() };
        let mut meter = Meter::default();
        assert_eq!(admitted(&mut meter, &limit, 0, at(0), 6), 5);
        assert_eq!(meter.admit(&limit, 0, at(199)), Admission::RateLimited);
        assert_eq!(meter.admit(&limit, 0, at(200)), Admission::Yes);
        assert_eq!(admitted(&mut meter, &limit, 0, at(60_000), 100), 5, "a pause saves nothing up");
        assert_eq!(meter.admit(&limit, 0, at(59_000)), Admission::RateLimited, "a clock that goes back fills nothing");
    }

    #[test]
    fn the_calls_of_a_day_end_at_the_limit_and_begin_again_at_midnight() {
        let limit = LimitFile { calls_per_day: Some(3), ..LimitFile::default() };
        let mut meter = Meter::default();
        assert_eq!(admitted(&mut meter, &limit, 7, at(0), 4), 3);
        assert_eq!(meter.admit(&limit, 7, at(DAY_MS - 1)), Admission::DailyCapReached);
        assert_eq!(meter.of_day(at(DAY_MS - 1)), (3, 21));
        assert_eq!(meter.of_day(at(DAY_MS)), (0, 0));
        assert_eq!(meter.admit(&limit, 7, at(DAY_MS)), Admission::Yes);
        assert_eq!(meter.admit(&limit, 7, at(0)), Admission::Yes, "a clock that goes back begins no day");
        assert_eq!(meter.of_day(at(DAY_MS)), (2, 14));
    }

    #[test]
    fn the_money_of_a_day_is_never_exceeded_and_comes_back_when_nothing_was_found() {
        let limit = LimitFile { usd_per_day: Some(1), ..LimitFile::default() };
        let mut meter = Meter::default();
        assert_eq!(admitted(&mut meter, &limit, 250_000, at(0), 5), 4);
        meter.refund(250_000, at(0));
        assert_eq!(meter.admit(&limit, 250_001, at(1)), Admission::DailyCapReached);
        assert_eq!(meter.admit(&limit, 250_000, at(1)), Admission::Yes);
        assert_eq!(meter.admit(&limit, 1, at(2)), Admission::DailyCapReached);
        assert_eq!(meter.admit(&limit, 0, at(2)), Admission::Yes);
        assert_eq!(meter.admit(&limit, 0, at(DAY_MS)), Admission::Yes);
        meter.refund(250_000, at(2));
        assert_eq!(meter.of_day(at(DAY_MS)), (1, 0), "yesterday's price is not today's");
    }
}
