//! What a provider was asked in a day, and what that cost.

use crate::time::{DAY_MS, Timestamp};
use serde::{Deserialize, Serialize};

/// What a provider may be asked and may cost in a day, and the price of the call that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DailyCap {
    /// Most calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_max: Option<u32>,
    /// Most money, in millionths of a US dollar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd_micros_max: Option<u64>,
    /// Price of this call, in millionths of a US dollar.
    pub cost_usd_micros: u32,
}

/// The calls of one day and their price. A day begins at midnight UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DailyUsage {
    /// Days since 1970.
    day: i64,
    /// Calls.
    pub calls: u32,
    /// Price, in millionths of a US dollar.
    pub cost_usd_micros: u64,
}

impl DailyUsage {
    /// Whether one more call stays within the cap.
    #[must_use]
    pub fn has_room(&self, cap: &DailyCap, now: Timestamp) -> bool {
        let next = self.on(now).with(cap);
        cap.calls_max.is_none_or(|most| next.calls <= most)
            && cap.usd_micros_max.is_none_or(|most| next.cost_usd_micros <= most)
    }

    /// Counts a call.
    pub fn count(&mut self, cap: &DailyCap, now: Timestamp) {
        *self = self.on(now).with(cap);
    }

    /// Gives back the price of a call that was counted at `at` and cost nothing. After midnight there is nothing to give
    /// back.
    pub fn refund(&mut self, cost_usd_micros: u32, at: Timestamp) {
        if day_of(at) == self.day {
            self.cost_usd_micros = self.cost_usd_micros.saturating_sub(cost_usd_micros.into());
        }
    }

    /// The usage of the day of `now`: zero on a new day. A clock that goes back begins none.
    #[must_use]
    pub fn on(self, now: Timestamp) -> Self {
        let day = day_of(now);
        if day > self.day { Self { day, calls: 0, cost_usd_micros: 0 } } else { self }
    }

    fn with(self, cap: &DailyCap) -> Self {
        Self {
            calls: self.calls.saturating_add(1),
            cost_usd_micros: self.cost_usd_micros.saturating_add(cap.cost_usd_micros.into()),
            ..self
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
        Timestamp::from_ms(ms.saturating_add(20_000 * DAY_MS))
    }

    fn admits(usage: &mut DailyUsage, cap: DailyCap, now: Timestamp) -> bool {
        let has_room = usage.has_room(&cap, now);
        if has_room {
            usage.count(&cap, now);
        }
        has_room
    }

    fn on(usage: DailyUsage, now: Timestamp) -> (u32, u64) {
        (usage.on(now).calls, usage.on(now).cost_usd_micros)
    }

    #[test]
    fn the_calls_of_a_day_end_at_the_cap_and_begin_again_at_midnight() {
        let cap = DailyCap { calls_max: Some(3), cost_usd_micros: 7, ..DailyCap::default() };
        let mut usage = DailyUsage::default();
        assert_eq!((0..4).filter(|_| admits(&mut usage, cap, at(0))).count(), 3);
        assert!(!admits(&mut usage, cap, at(DAY_MS - 1)));
        assert_eq!(on(usage, at(DAY_MS - 1)), (3, 21));
        assert_eq!(on(usage, at(DAY_MS)), (0, 0));
        assert!(admits(&mut usage, cap, at(DAY_MS)));
        assert!(admits(&mut usage, cap, at(0)), "a clock that goes back begins no day");
        assert_eq!(on(usage, at(DAY_MS)), (2, 14));
    }

    #[test]
    fn the_money_of_a_day_is_never_exceeded_and_comes_back_when_nothing_was_found() {
        let cap = |cost| DailyCap { usd_micros_max: Some(1_000_000), cost_usd_micros: cost, ..DailyCap::default() };
        let mut usage = DailyUsage::default();
        assert_eq!((0..5).filter(|_| admits(&mut usage, cap(250_000), at(0))).count(), 4);
        usage.refund(250_000, at(0));
        assert!(!admits(&mut usage, cap(250_001), at(1)));
        assert!(admits(&mut usage, cap(250_000), at(1)));
        assert!(!admits(&mut usage, cap(1), at(2)));
        assert!(admits(&mut usage, cap(0), at(2)));
        assert!(admits(&mut usage, cap(0), at(DAY_MS)));
        usage.refund(250_000, at(2));
        assert_eq!(on(usage, at(DAY_MS)), (1, 0), "yesterday's price is not today's");
    }
}
