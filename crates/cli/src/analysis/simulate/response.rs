//! How reps work leads: a made-up model, the same for every rep.
//!
//! A rep takes leads in the order in which they come, one at a time, in their own working hours. A lead takes
//! [`Luck::effort_minutes`], longer for who is away from the desk. Some leads are not worked in time whatever the
//! queue: as often as the roster says that the rep's last leads were not, drawn towards nine of ten for who has no
//! record. A lead stays open for [`Luck::open_ms`] after the first touch.

use crate::analysis::random::Random;
use lead_router_core::roster::ability::{presence, responsiveness};
use lead_router_core::roster::calendar::Calendar;
use lead_router_core::roster::model::{Rep, RepState};
use lead_router_core::time::{DAY_MS, Timestamp};

/// Mean time of a first touch, in working minutes: reading, looking up, writing or calling.
pub const EFFORT_MINUTES_MEAN: f64 = 10.0;

/// Longest time of a first touch, in working minutes.
pub const EFFORT_MINUTES_MAX: f64 = 90.0;

/// Mean time for which a lead stays open after its first touch, in days.
pub const OPEN_DAYS_MEAN: f64 = 10.0;

/// What is drawn for a lead before anybody decides on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Luck {
    /// Time of the first touch, in working minutes.
    pub effort_minutes: u32,
    /// From 0 up to 999: the lead is left unworked by reps whose responsiveness, in thousandths, is not above it.
    pub patience: u16,
    /// Time for which the lead stays open after its first touch, in milliseconds.
    pub open_ms: i64,
}

impl Luck {
    /// Draws the luck of one lead.
    pub fn draw(random: &mut Random) -> Self {
        let minutes = random.exponential(EFFORT_MINUTES_MEAN).clamp(1.0, EFFORT_MINUTES_MAX);
        let days = random.exponential(OPEN_DAYS_MEAN).min(365.0);
        Self {
            effort_minutes: whole(minutes),
            patience: u16::try_from(random.below(1_000)).unwrap_or(0),
            open_ms: i64::from(whole(days * 1_440.0)).saturating_mul(60_000).min(DAY_MS.saturating_mul(365)),
        }
    }
}

/// A number as a whole one, rounded; 0 for what is below.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "kept between 0 and the largest first")]
fn whole(number: f64) -> u32 {
    number.round().clamp(0.0, f64::from(u32::MAX)) as u32
}

/// A rep at work.
#[derive(Debug)]
pub struct Worker {
    /// `None` when nobody can know when the rep works.
    calendar: Option<Calendar>,
    responsiveness: u16,
    presence: u16,
    /// When the last lead in the queue is done.
    busy_until: Timestamp,
}

impl Worker {
    /// A rep with an empty queue.
    #[must_use]
    pub fn new(rep: &Rep) -> Self {
        let state = RepState::of(rep);
        Self {
            calendar: Calendar::compile(rep).ok(),
            responsiveness: responsiveness(state.recent),
            presence: presence(state.status),
            busy_until: Timestamp::default(),
        }
    }

    /// When the rep touches a lead given at `at`; `None` when it is left unworked.
    pub fn touches_at(&mut self, at: Timestamp, luck: Luck) -> Option<Timestamp> {
        if luck.patience >= self.responsiveness {
            return None;
        }
        let slowed = luck.effort_minutes.saturating_mul(1_000).checked_div(u32::from(self.presence));
        let minutes = slowed.unwrap_or(u32::MAX);
        let done_at = self.calendar.as_ref()?.add_working_minutes(self.busy_until.max(at), minutes)?;
        self.busy_until = done_at;
        Some(done_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(rep: serde_json::Value) -> Worker {
        Worker::new(&serde_json::from_value(rep).unwrap())
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const QUICK: Luck = Luck { effort_minutes: 30, patience: 0, open_ms: 0 };

    #[test]
    fn leads_are_worked_one_after_the_other_in_working_hours() {
        let hours = serde_json::json!([{"days": ["mon", "tue"], "from": "09:00", "to": "10:00"}]);
        let mut ada = worker(serde_json::json!({"id": "ada", "hours": hours}));
        let monday = at("2026-11-16T08:00:00Z");
        let touches: Vec<Timestamp> = (0..3).filter_map(|_| ada.touches_at(monday, QUICK)).collect();
        assert_eq!(touches, vec![at("2026-11-16T09:30:00Z"), at("2026-11-16T10:00:00Z"), at("2026-11-17T09:30:00Z")]);
    }

    #[test]
    fn who_is_away_takes_longer_and_who_ignores_leads_leaves_them() {
        let mut away = worker(serde_json::json!({"id": "ada", "status": "away"}));
        assert_eq!(away.touches_at(at("2026-11-16T08:00:00Z"), QUICK), Some(at("2026-11-16T08:50:00Z")));
        let mut idle = worker(serde_json::json!({"id": "ben", "recent": {"worked_in_time": 0, "of": 30}}));
        let luck = Luck { patience: 225, ..QUICK };
        assert_eq!(idle.touches_at(at("2026-11-16T08:00:00Z"), luck), None);
        assert!(idle.touches_at(at("2026-11-16T08:00:00Z"), Luck { patience: 224, ..QUICK }).is_some());
    }

    #[test]
    fn draws_stay_in_their_range() {
        let mut random = Random::new(1, "luck");
        for _ in 0..5_000 {
            let luck = Luck::draw(&mut random);
            assert!((1..=90).contains(&luck.effort_minutes) && luck.patience < 1_000 && luck.open_ms >= 0, "{luck:?}");
        }
    }
}
