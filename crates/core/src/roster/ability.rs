//! How able a rep is to work a lead in time, in thousandths of a fully able one.
//!
//! ```text
//! ability = presence × responsiveness × room × start     each in thousandths, at least ABILITY_MIN
//!
//! presence        on shift: online 1000, away 600, offline 200; before the shift 1000, as nobody is online yet
//! room            with a cap:  1000 up to half of it, then falling evenly to 200 at the cap
//!                 without one: 1000 up to the average of the team's candidates, then
//!                              (average + 10) / (open + 10), at least 200
//! responsiveness  (worked in time + 9) / (looked at + 10): nine of ten is taken for granted, so a newcomer
//!                 stands at 900, where a rep with 27 of 30 stands
//! start           1000 when at work, falling evenly to 500 for the latest start in time
//! ```
//!
//! Every step rounds down. Whole numbers only: no float decides who gets a lead. The floor keeps a share for
//! everybody who may take a lead at all.

use crate::roster::model::{Recent, RepStatus};
use crate::time::Timestamp;

/// A fully able rep, and the unit of everything here.
pub const FULL: u32 = 1_000;

/// Least ability of a candidate: a twentieth of a share.
pub const ABILITY_MIN: u32 = 50;

/// Presence of a rep on shift who is away from the desk.
pub const AWAY: u16 = 600;

/// Presence of a rep on shift who is not reachable.
pub const OFFLINE: u16 = 200;

/// Room of a rep at the cap, or far above the team's average.
pub const ROOM_MIN: u32 = 200;

/// Open leads added to both sides of a comparison with the average, so that one lead against none is no
/// difference.
pub const ROOM_PRIOR_LEADS: u32 = 10;

/// Leads that every rep is taken to have had before the first.
pub const RESPONSIVENESS_PRIOR_OF: u32 = 10;

/// How many of those were worked in time.
pub const RESPONSIVENESS_PRIOR_WORKED: u32 = 9;

/// Value of the latest start that is in time.
pub const START_MIN: u32 = 500;

/// Presence on shift.
#[must_use]
pub const fn presence(status: RepStatus) -> u16 {
    match status {
        RepStatus::Online => 1_000,
        RepStatus::Away => AWAY,
        RepStatus::Offline => OFFLINE,
    }
}

/// Part of the last leads that was worked in time, drawn towards the prior.
#[must_use]
pub fn responsiveness(recent: Recent) -> u16 {
    let worked = recent.worked_in_time.min(recent.of).saturating_add(RESPONSIVENESS_PRIOR_WORKED);
    let of = recent.of.saturating_add(RESPONSIVENESS_PRIOR_OF);
    thousandths(u64::from(worked), u64::from(of))
}

/// Room against a rep's own cap; a cap of 0 leaves the least.
#[must_use]
pub fn room_to_work(open_leads: u32, cap: u32) -> u16 {
    let room = u64::from(cap.saturating_sub(open_leads));
    let part = u32::from(thousandths(room.saturating_mul(2), u64::from(cap)));
    let above = part.saturating_mul(FULL.saturating_sub(ROOM_MIN)) / FULL;
    u16::try_from(ROOM_MIN.saturating_add(above)).unwrap_or(1_000)
}

/// What the candidates' average load is measured with: a thousand times the average, prior included. An average
/// above four million open leads counts as four million.
#[must_use]
pub fn average_load(open_sum: u64, candidates: u64) -> u32 {
    let leads = open_sum.saturating_mul(u64::from(FULL)).checked_div(candidates).unwrap_or(0);
    u32::try_from(leads).unwrap_or(u32::MAX).saturating_add(ROOM_PRIOR_LEADS.saturating_mul(FULL))
}

/// Room against the candidates' [`average_load`].
#[must_use]
pub fn room_against(open_leads: u32, average_load: u32) -> u16 {
    let part = average_load.checked_div(open_leads.saturating_add(ROOM_PRIOR_LEADS)).unwrap_or(FULL);
    u16::try_from(part.clamp(ROOM_MIN, FULL)).unwrap_or(1_000)
}

/// What a later start is measured with: from full at the first time that counts as at work to [`START_MIN`] at
/// the last one in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StartScale {
    first: Timestamp,
    /// What a millisecond costs, in units of 2^-32 thousandths, rounded up: a division once, not for every rep.
    per_ms: u64,
}

impl StartScale {
    /// The scale between two times.
    #[must_use]
    pub fn new(first: Timestamp, last: Timestamp) -> Self {
        let length_ms = u64::try_from(last.ms_since(first)).unwrap_or(0).max(1);
        Self { first, per_ms: (u64::from(FULL.saturating_sub(START_MIN)) << 32).div_ceil(length_ms) }
    }

    /// Value of a start.
    #[must_use]
    pub fn value(&self, start: Timestamp) -> u16 {
        let wait = u64::try_from(start.ms_since(self.first)).unwrap_or(0);
        let most = FULL.saturating_sub(START_MIN);
        let lost = u32::try_from(wait.saturating_mul(self.per_ms) >> 32).unwrap_or(most).min(most);
        u16::try_from(FULL.saturating_sub(lost)).unwrap_or(1_000)
    }
}

/// Presence and responsiveness together: what does not depend on the other candidates.
#[must_use]
pub fn readiness(presence: u16, responsiveness: u16) -> u16 {
    u16::try_from(u32::from(presence).saturating_mul(u32::from(responsiveness)) / FULL).unwrap_or(1_000)
}

/// The whole formula.
#[must_use]
pub fn ability(readiness: u16, room: u16, start: u16) -> u32 {
    let so_far = u32::from(readiness).saturating_mul(u32::from(room)) / FULL;
    (so_far.saturating_mul(u32::from(start)) / FULL).max(ABILITY_MIN)
}

/// `part / whole` in thousandths, rounded down, at most 1000; 1000 when the whole is 0 and the part is not, and
/// 0 when both are.
fn thousandths(part: u64, whole: u64) -> u16 {
    if part >= whole {
        return if part == 0 { 0 } else { 1_000 };
    }
    let scaled = part.saturating_mul(u64::from(FULL));
    scaled.checked_div(whole).and_then(|value| u16::try_from(value).ok()).unwrap_or(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recent(worked_in_time: u32, of: u32) -> Recent {
        Recent { worked_in_time, of }
    }

    #[test]
    fn a_newcomer_stands_where_nine_of_ten_stands() {
        assert_eq!(responsiveness(recent(0, 0)), 900);
        assert_eq!(responsiveness(recent(27, 30)), 900);
        assert_eq!(responsiveness(recent(30, 30)), 975);
        assert_eq!(responsiveness(recent(0, 30)), 225);
    }

    #[test]
    fn room_against_a_cap_falls_from_half_of_it() {
        for (open, cap, expected) in
            [(0, 50, 1_000), (25, 50, 1_000), (26, 50, 968), (49, 50, 232), (50, 50, 200), (0, 0, 200)]
        {
            assert_eq!(room_to_work(open, cap), expected, "{open} of {cap}");
        }
    }

    #[test]
    fn room_against_the_average_is_full_up_to_it() {
        let of_two = average_load(240, 2);
        assert_eq!(room_against(40, of_two), 1_000);
        assert_eq!(room_against(120, of_two), 1_000);
        assert_eq!(room_against(200, of_two), 619);
        assert_eq!(room_against(100_000, average_load(100_000, 1_000)), 200);
        assert_eq!(room_against(1, average_load(1, 2)), 954);
    }

    #[test]
    fn a_start_at_the_last_moment_is_worth_half() {
        let at = |minutes| Timestamp::from_ms(0).plus_minutes(minutes);
        let scale = StartScale::new(at(0), at(60));
        let values: Vec<u16> = [0, 30, 60, 61].map(|minutes| scale.value(at(minutes))).to_vec();
        assert_eq!(values, vec![1_000, 750, 500, 500]);
        assert_eq!(StartScale::new(at(5), at(5)).value(at(5)), 1_000);
    }

    #[test]
    fn nobody_falls_below_the_floor_or_above_full() {
        assert_eq!(ability(readiness(OFFLINE, 225), 200, 500), ABILITY_MIN);
        assert_eq!(ability(readiness(1_000, 1_000), 1_000, 1_000), 1_000);
        assert_eq!(ability(readiness(1_000, 225), 619, 1_000), 139);
    }
}
