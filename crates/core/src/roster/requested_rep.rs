//! A rep who is asked for by name: the owner of the account, who has the person already, or the manager.
//!
//! Only what makes it impossible counts: nobody described the rep, they no longer work here, their calendar
//! cannot be read, they are on leave. Shift, weight, language, territory and skill do not; an owner's caps do
//! when the question says so. The SLA runs in the rep's own working time.

use crate::id::RepId;
use crate::roster::eligibility::{Exclusion, RepRow, TierRoom};
use crate::roster::explain::{RepView, candidate, due_at};
use crate::roster::model::{Pick, PickOutcome, PickRequest};
use crate::roster::reason::PickReason;
use crate::roster::run::{Peers, RunView};
use crate::roster::table::Tables;
use crate::time::Timestamp;

/// Asks one rep.
pub(super) fn named(view: RunView<'_>, rep_id: &RepId, respects_caps: bool, why: PickReason) -> Pick {
    let tables = view.tables;
    let place = tables.position(rep_id);
    let row = place.and_then(|place| tables.rows.get(place)).unwrap_or(&RepRow::UNKNOWN);
    let (excluded, wake_at) = match obstacle(view, place, row, respects_caps) {
        Ok(()) => (None, None),
        Err((excluded, wake_at)) => (Some(excluded), wake_at),
    };
    let seen = RepView {
        rep_id,
        row,
        seat: view.seat(rep_id),
        excluded,
        ability: None,
        share_units: 0,
        make_up_credit_units: 0,
    };
    let candidate = candidate(view, &Peers::of(row, view.request), seen);
    let outcome = match excluded {
        None => {
            PickOutcome::Picked { rep_id: rep_id.clone(), due_at: due_at(view, row), reason: why.code().to_owned() }
        }
        Some(_) => PickOutcome::Nobody { wake_at },
    };
    Pick { outcome, candidates: vec![candidate], omitted: 0 }
}

type Obstacle = (Exclusion, Option<Timestamp>);

/// What stands in the way, and when the calendar may have cleared it.
fn obstacle(view: RunView<'_>, place: Option<usize>, row: &RepRow, respects_caps: bool) -> Result<(), Obstacle> {
    let Tables { rooms, tiers, calendars, .. } = view.tables;
    let PickRequest { now, tier, .. } = view.request;
    let Some(place) = place.filter(|_| row.is_known) else { return Err((Exclusion::UnknownRep, None)) };
    if !row.is_active {
        return Err((Exclusion::Inactive, None));
    }
    let calendar = row.calendar as usize;
    let (Some(window), Some(calendar)) = (view.windows.get(calendar), calendars.get(calendar)) else {
        return Err((Exclusion::CalendarBroken, None));
    };
    if window.on_leave {
        return Err((Exclusion::OnLeave, calendar.leave_ends(*now)));
    }
    if !respects_caps {
        return Ok(());
    }
    match row.full(window.day) {
        Some(Exclusion::DayFull) => return Err((Exclusion::DayFull, Some(calendar.next_day(*now)))),
        Some(excluded) => return Err((excluded, None)),
        None => {}
    }
    let rooms = rooms.get(place).map_or(&[][..], Vec::as_slice);
    if TierRoom::is_full(rooms, tiers.get(tier).copied()) { Err((Exclusion::TierFull, None)) } else { Ok(()) }
}
