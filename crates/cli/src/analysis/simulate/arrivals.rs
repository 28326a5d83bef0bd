//! When leads arrive: independently of each other, at a rate that changes from hour to hour.

use crate::analysis::random::Random;
use lead_router_core::time::{DAY_MS, HOUR_MS, Timestamp};

/// Share of each hour of the day, UTC. People write during the day; the hump is wide enough for Europe and the
/// Americas, and nights are quiet but never empty.
pub const HOUR_WEIGHTS: [u32; 24] = [2, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 12, 12, 14, 16, 16, 15, 13, 11, 9, 7, 6, 4, 3];

/// Share of each day of the week, Monday first. A weekend day brings about a quarter of a working day.
pub const DAY_WEIGHTS: [u32; 7] = [21, 22, 22, 21, 19, 5, 6];

/// Times at which leads arrive, in order: `days` days from `start` (moved to the start of its day, UTC), `per_day`
/// on average over a week.
#[must_use]
pub fn arrivals(start: Timestamp, days: u32, per_day: f64, random: &mut Random) -> Vec<Timestamp> {
    let hour_total = f64::from(HOUR_WEIGHTS.iter().sum::<u32>());
    let day_total = f64::from(DAY_WEIGHTS.iter().sum::<u32>());
    let first_day = start.as_ms().div_euclid(DAY_MS);
    let mut timestamps = Vec::new();
    for day in 0..i64::from(days) {
        let day = first_day.saturating_add(day);
        // The epoch was a Thursday.
        let weekday = usize::try_from(day.saturating_add(3).rem_euclid(7)).unwrap_or(0);
        let of_day = f64::from(DAY_WEIGHTS.get(weekday).copied().unwrap_or(0)) * 7.0 / day_total;
        for (hour, weight) in (0_i64..).zip(HOUR_WEIGHTS) {
            let from_ms = day.saturating_mul(DAY_MS).saturating_add(hour.saturating_mul(HOUR_MS));
            for _ in 0..random.poisson(per_day * of_day * f64::from(weight) / hour_total) {
                let offset_ms = i64::try_from(random.below(HOUR_MS.unsigned_abs())).unwrap_or(0);
                timestamps.push(Timestamp::from_ms(from_ms.saturating_add(offset_ms)));
            }
        }
    }
    timestamps.sort_unstable();
    timestamps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weeks(weeks: u32, per_day: f64) -> Vec<Timestamp> {
        let monday = "2026-11-16T09:30:00Z".parse().unwrap();
        arrivals(monday, weeks.saturating_mul(7), per_day, &mut Random::new(1, "arrivals"))
    }

    #[test]
    fn the_mean_over_weeks_is_what_was_asked_for() {
        let timestamps = weeks(20, 50.0);
        let mean = timestamps.len() as f64 / 140.0;
        assert!((mean - 50.0).abs() < 2.5, "{mean}");
        assert!(timestamps.is_sorted());
        assert!(timestamps[0] >= "2026-11-16T00:00:00Z".parse().unwrap());
    }

    #[test]
    fn weekends_and_nights_are_quiet() {
        let timestamps = weeks(20, 50.0);
        let share = |is: &dyn Fn(i64, i64) -> bool| {
            let fits = |at: &&Timestamp| {
                let (day, ms) = (at.as_ms().div_euclid(DAY_MS), at.as_ms().rem_euclid(DAY_MS));
                is((day + 3).rem_euclid(7), ms / HOUR_MS)
            };
            timestamps.iter().filter(fits).count() as f64 / timestamps.len() as f64
        };
        let weekend = share(&|day, _| day >= 5);
        assert!((weekend - 11.0 / 116.0).abs() < 0.02, "{weekend}");
        assert!(share(&|_, hour| hour < 6) < 0.06);
    }

    #[test]
    fn nothing_arrives_at_a_rate_of_zero_or_in_no_days() {
        assert_eq!(weeks(1, 0.0), vec![]);
        assert_eq!(weeks(0, 50.0), vec![]);
    }
}
