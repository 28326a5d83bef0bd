//! What came of a simulation.

use lead_router_core::id::{RepId, TeamId};
use lead_router_core::roster::rotation::LEAD_UNITS;
use serde::Serialize;
use std::collections::BTreeMap;

/// The whole report.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SimulationReport {
    /// Leads that arrived.
    pub leads: u32,
    /// Leads that a rep got, at once or after a hold.
    pub assigned: u32,
    /// Leads that are not for sales.
    pub rejected: u32,
    /// Leads that were held at least once.
    pub held: u32,
    /// Leads that nobody had taken by the end.
    pub still_held: u32,
    /// First touches in time.
    pub in_time: u32,
    /// First touches late, or none at all.
    pub late: u32,
    /// Minutes by the clock from arrival to first touch, of leads that were touched.
    pub first_touch: Spread,
    /// Minutes by the clock from arrival to assignment, of leads that were held.
    pub hold: Spread,
    /// Reps by id.
    pub reps: BTreeMap<RepId, RepReport>,
    /// Teams by id.
    pub teams: BTreeMap<TeamId, TeamReport>,
    /// Days in order, UTC.
    pub days: Vec<DayReport>,
    /// Who got each lead, in the order of arrival.
    #[serde(skip)]
    pub by_lead: Vec<Option<RepId>>,
}

/// Where half, nine of ten, and all values lie below, in minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Spread {
    /// Half.
    pub p50_minutes: i64,
    /// Nine of ten.
    pub p90_minutes: i64,
    /// The largest.
    pub max_minutes: i64,
}

impl Spread {
    /// The spread of some values; all zero for none.
    #[must_use]
    pub fn of(mut values: Vec<i64>) -> Self {
        values.sort_unstable();
        let last = values.len().saturating_sub(1);
        let at = |percent: usize| {
            let index = last.saturating_mul(percent).checked_div(100).unwrap_or(0);
            values.get(index).copied().unwrap_or(0)
        };
        Self { p50_minutes: at(50), p90_minutes: at(90), max_minutes: at(100) }
    }
}

/// One rep.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RepReport {
    /// Name for people.
    pub name: String,
    /// Leads, however they came.
    pub got: u32,
    /// Leads by the rotation.
    pub by_turn: u64,
    /// Share due of the rotation, in millionths of a lead.
    pub due_units: i64,
    /// First touches in time.
    pub in_time: u32,
    /// First touches late, or none.
    pub late: u32,
    /// Most open leads at once.
    pub open_max: u32,
    /// Open leads after the last arrival.
    pub open_end: u32,
}

impl RepReport {
    /// Share due less share got, in millionths of a lead.
    #[must_use]
    pub fn gap_units(&self) -> i64 {
        let got = i64::try_from(self.by_turn).unwrap_or(i64::MAX);
        self.due_units.saturating_sub(got.saturating_mul(LEAD_UNITS))
    }
}

/// One team.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TeamReport {
    /// Name for people.
    pub name: String,
    /// Leads that its members got when it was asked.
    pub got: u32,
    /// Largest gap between due and got of any seat at any time, in millionths of a lead.
    pub gap_max_units: i64,
    /// The stated bound of that gap, in millionths of a lead; see [`bound_units`].
    pub bound_units: i64,
}

impl TeamReport {
    /// Whether the bound held.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.gap_max_units <= self.bound_units
    }
}

/// The largest gap between due and got that a rotation of `seats` may have when any subset takes part in each pick: one
/// lead less than there are seats, and a unit a seat for the rounding of shares. The proof is in
/// [`rotation`](lead_router_core::roster::rotation).
#[must_use]
pub fn bound_units(seats: usize) -> i64 {
    let seats = i64::try_from(seats).unwrap_or(i64::MAX);
    seats.saturating_sub(1).max(0).saturating_mul(LEAD_UNITS).saturating_add(seats)
}

/// One day.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct DayReport {
    /// `YYYY-MM-DD`.
    pub date: String,
    /// Leads that arrived.
    pub arrived: u32,
    /// Leads that were held when they arrived.
    pub held: u32,
    /// Of the leads that arrived, those touched in time.
    pub in_time: u32,
    /// Of the leads that arrived, those touched late or not at all.
    pub late: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_names_the_middle_and_the_end() {
        assert_eq!(
            Spread::of((1..=101).rev().collect()),
            Spread { p50_minutes: 51, p90_minutes: 91, max_minutes: 101 }
        );
        assert_eq!(Spread::of(vec![7]), Spread { p50_minutes: 7, p90_minutes: 7, max_minutes: 7 });
        assert_eq!(Spread::of(vec![]), Spread::default());
    }

    #[test]
    fn the_bound_grows_by_a_lead_a_seat() {
        assert_eq!(bound_units(0), 0);
        assert_eq!(bound_units(1), 1);
        assert_eq!(bound_units(3), 2 * LEAD_UNITS + 3);
    }
}
