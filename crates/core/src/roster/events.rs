//! What happens to a rep besides being picked: leads are closed, given back, worked or missed; presence,
//! roster entries and seats change.
//!
//! Plain functions on a [`Pool`]. Each does nothing when the rep or the seat it speaks of does not exist, and
//! no count falls below zero. None of them remembers that it was called: the caller sees to it that an event
//! counts once.

use crate::id::{RepId, TeamId, TierId};
use crate::roster::calendar::Calendar;
use crate::roster::model::{Pick, PickKind, PickOutcome, PickRequest, Pool, Recent, Rep, RepState, RepStatus, Seat};
use crate::roster::rotation::{LEAD_UNITS, Rate};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Leads that [`Recent`] looks back on.
pub const RECENT_MAX: u32 = 30;

/// Whether a rep touched a lead before its SLA was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TouchEvent {
    /// In time.
    InTime,
    /// Late, or not at all.
    Missed,
}

impl RepState {
    /// The state of a rep of whom only the entry is known.
    #[must_use]
    pub fn of(rep: &Rep) -> Self {
        let mut state = Self::default();
        state.adopt(rep);
        state
    }

    /// Takes over what the rep's entry says about open leads, the last leads and presence; what it leaves out stays.
    pub fn adopt(&mut self, rep: &Rep) {
        self.open_leads = rep.open_leads.unwrap_or(self.open_leads);
        self.status = rep.status.unwrap_or(self.status);
        if let Some(recent) = rep.recent {
            let of = recent.of.min(RECENT_MAX);
            self.recent = Recent { worked_in_time: recent.worked_in_time.min(of), of };
            self.recent_bits = spread(self.recent);
        }
    }

    /// Notes one more of the last leads; the oldest falls out after [`RECENT_MAX`].
    pub fn touched(&mut self, touch: TouchEvent) {
        let of = self.recent.of.min(RECENT_MAX);
        let is_kept =
            self.recent_bits.count_ones() == self.recent.worked_in_time && self.recent_bits & !low_bits(of) == 0;
        let bits = if is_kept { self.recent_bits } else { spread(self.recent) };
        let of = of.saturating_add(1).min(RECENT_MAX);
        self.recent_bits = ((bits << 1) | u32::from(touch == TouchEvent::InTime)) & low_bits(of);
        self.recent = Recent { worked_in_time: self.recent_bits.count_ones(), of };
    }

    fn close(&mut self, tier: &TierId) {
        self.open_leads = self.open_leads.saturating_sub(1);
        if let Some(open) = self.open_by_tier.get_mut(tier) {
            *open = open.saturating_sub(1);
            if *open == 0 {
                self.open_by_tier.remove(tier);
            }
        }
    }
}

/// The lowest `count` bits, at most [`RECENT_MAX`].
const fn low_bits(count: u32) -> u32 {
    if count >= RECENT_MAX { (1 << RECENT_MAX) - 1 } else { (1_u32 << count).wrapping_sub(1) }
}

/// Bits for counts of which the order is not known: as even as can be.
fn spread(recent: Recent) -> u32 {
    let of = recent.of.min(RECENT_MAX);
    let worked = recent.worked_in_time.min(of);
    let upto = |leads: u32| leads.saturating_mul(worked).checked_div(of).unwrap_or(0);
    (0..of).filter(|lead| upto(lead.saturating_add(1)) > upto(*lead)).fold(0, |bits, lead| bits | (1 << lead))
}

/// Adds or replaces a rep's entry; open leads, last leads and presence move when the entry gives them.
pub fn put_rep(pool: &mut Pool, rep: Rep) {
    state(pool, &rep.id).adopt(&rep);
    pool.reps.insert(rep.id.clone(), rep);
}

/// Sets a rep's presence.
pub fn set_status(pool: &mut Pool, rep: &RepId, status: RepStatus) {
    if pool.reps.contains_key(rep) {
        state(pool, rep).status = status;
    }
}

/// A lead that a rep was given was worked in time, or not.
pub fn touched(pool: &mut Pool, rep: &RepId, touch: TouchEvent) {
    if pool.reps.contains_key(rep) {
        state(pool, rep).touched(touch);
    }
}

/// A lead of a rep is no longer open.
pub fn closed(pool: &mut Pool, rep: &RepId, tier: &TierId) {
    if let Some(state) = pool.states.get_mut(rep).map(Arc::make_mut) {
        state.close(tier);
    }
}

/// Undoes a pick that was counted, because another owner won: open leads, the day's count when it is still that
/// day, and the rotation.
pub fn release(pool: &mut Pool, request: &PickRequest, pick: &Pick) {
    let PickOutcome::Picked { rep_id, .. } = &pick.outcome else { return };
    if matches!(request.kind, PickKind::Duplicate { .. }) {
        return;
    }
    let given_on = pool.reps.get(rep_id).and_then(|rep| Calendar::compile(rep).ok()).map(|c| c.local_day(request.now));
    if let Some(state) = pool.states.get_mut(rep_id).map(Arc::make_mut) {
        state.close(&request.tier);
        if given_on == Some(state.day) {
            state.given_today = state.given_today.saturating_sub(1);
        }
    }
    refund(pool, request, pick);
}

/// Gives a lead back to the rotation, because it was declined, bad or a duplicate: the rep's payment and
/// everybody's share of it are taken back, so that the balances still sum to zero.
///
/// Exact for the seats that the pick lists. What a long team's pick leaves out is taken from the members it does
/// not list, by weight. Only rotation picks are in the ledger, so nothing else is refunded; open leads are
/// not touched (see [`closed`], [`release`]).
pub fn refund(pool: &mut Pool, request: &PickRequest, pick: &Pick) {
    let PickOutcome::Picked { rep_id, .. } = &pick.outcome else { return };
    if !matches!(request.kind, PickKind::Rotation | PickKind::AnyShift) {
        return;
    }
    let Some(seat) = seat(pool, &request.team, rep_id) else { return };
    if !seat.unpay() {
        return;
    }
    let mut left = LEAD_UNITS;
    for candidate in &pick.candidates {
        if let Some(seat) = self::seat(pool, &request.team, &candidate.rep_id) {
            seat.credit(candidate.share_units.saturating_neg());
            seat.add_make_up_credit(candidate.make_up_credit_units.saturating_neg());
            left = left.saturating_sub(candidate.share_units);
        }
    }
    if pick.omitted > 0 && left > 0 {
        left = take_from_others(pool, request, pick, left);
    }
    // What nobody can be found for stays with the rep, so that the sum holds.
    if let Some(seat) = self::seat(pool, &request.team, rep_id) {
        seat.credit(left.saturating_neg());
    }
}

/// Takes `units` from the members whom the pick does not list, by weight; answers with what the rounding left.
fn take_from_others(pool: &mut Pool, request: &PickRequest, pick: &Pick, units: i64) -> i64 {
    let listed: BTreeSet<&RepId> = pick.candidates.iter().map(|candidate| &candidate.rep_id).collect();
    let Some(team) = pool.teams.get(&request.team) else { return units };
    let others: BTreeMap<RepId, u32> = team
        .members
        .iter()
        .filter(|member| !listed.contains(&member.rep_id))
        .filter(|member| pool.reps.get(&member.rep_id).is_some_and(|rep| rep.active))
        .map(|member| (member.rep_id.clone(), member.weight))
        .collect();
    let total = others.values().fold(0_u64, |sum, weight| sum.saturating_add(u64::from(*weight)));
    let Some(rate) = Rate::new(total) else { return units };
    let mut left = units;
    for (rep, weight) in others {
        let taken = rate.share_units(weight).saturating_mul(units) / LEAD_UNITS;
        if let Some(seat) = seat(pool, &request.team, &rep) {
            seat.credit(taken.saturating_neg());
            left = left.saturating_sub(taken);
        }
    }
    left
}

fn state<'a>(pool: &'a mut Pool, rep: &RepId) -> &'a mut RepState {
    let Pool { reps, states, .. } = pool;
    let state =
        states.entry(rep.clone()).or_insert_with(|| Arc::new(reps.get(rep).map(RepState::of).unwrap_or_default()));
    Arc::make_mut(state)
}

/// The seat of a rep, former members included.
fn seat<'a>(pool: &'a mut Pool, team: &TeamId, rep: &RepId) -> Option<&'a mut Seat> {
    let is_member = pool.teams.get(team).is_some_and(|team| team.members.iter().any(|member| member.rep_id == *rep));
    let state = Arc::make_mut(pool.states.get_mut(rep)?);
    if is_member && !state.seats.contains_key(team) {
        state.seats.insert(team.clone(), Seat::default());
    }
    state.seats.get_mut(team)
}
