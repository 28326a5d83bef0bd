//! What a run found, in the words of the answer.

use crate::id::RepId;
use crate::roster::eligibility::{Exclusion, RepRow};
use crate::roster::model::{Candidate, Pick, PickOutcome, PickRequest};
use crate::roster::question::CANDIDATES_MAX;
use crate::roster::rotation::RotationEntry;
use crate::roster::run::{Peers, PickRun, RunView};
use crate::time::{MINUTE_MS, Timestamp};

/// The outcome of a run.
pub(super) fn outcome(view: RunView<'_>, run: &PickRun) -> PickOutcome {
    let found = run.turn.and_then(|turn| {
        let rep = *view.team.reps.get(turn.winner as usize)?;
        Some((view.tables.ids.get(rep as usize)?, view.tables.rows.get(rep as usize)?))
    });
    match found {
        Some((rep_id, row)) => PickOutcome::Picked {
            rep_id: rep_id.clone(),
            due_at: due_at(view, row),
            reason: run.why(view.team.strategy).code().to_owned(),
        },
        None => PickOutcome::Nobody { wake_at: run.wake_at(view) },
    }
}

/// The outcome with its candidates.
pub(super) fn pick(view: RunView<'_>, run: &PickRun) -> Pick {
    let listed = listed(view, run);
    let candidates = listed.iter().filter_map(|index| {
        let place = *index as usize;
        let rep = *view.team.reps.get(place)? as usize;
        let (rep_id, row) = (view.tables.ids.get(rep)?, view.tables.rows.get(rep)?);
        let entry = run.entries.binary_search_by_key(index, |entry| entry.seat).ok();
        let seen = RepView {
            rep_id,
            row,
            seat: Some(place),
            excluded: *run.excluded.get(place)?,
            ability: entry.and_then(|entry| run.entries.get(entry)).map(|entry| entry.ability),
            share_units: entry.and_then(|entry| run.entries.get(entry)).map_or(0, |entry| entry.share_units),
            make_up_credit_units: run
                .make_up_credits
                .iter()
                .find(|(seat, _)| seat == index)
                .map_or(0, |(_, units)| *units),
        };
        Some(candidate(view, &run.peers, seen))
    });
    let omitted = view.team.reps.len().saturating_sub(listed.len());
    let omitted = u32::try_from(omitted).unwrap_or(u32::MAX);
    Pick { outcome: outcome(view, run), candidates: candidates.collect(), omitted }
}

/// Seats to list, in their order: all of a small team; of a large one the winner, then the candidates with the
/// largest balances, then the first of the others.
fn listed(view: RunView<'_>, run: &PickRun) -> Vec<u32> {
    let len = view.team.reps.len();
    if len <= CANDIDATES_MAX {
        return (0..).take(len).collect();
    }
    let winner = run.turn.map(|turn| turn.winner);
    let rank = |entry: &RotationEntry| {
        let balance = view.team.ledger.balance(entry.seat as usize);
        (Some(entry.seat) != winner, balance.saturating_neg(), entry.seat)
    };
    let mut ranked: Vec<_> = run.entries.iter().map(rank).collect();
    if ranked.len() > CANDIDATES_MAX {
        ranked.select_nth_unstable(CANDIDATES_MAX);
    }
    let mut listed: Vec<u32> = ranked.iter().take(CANDIDATES_MAX).map(|(.., seat)| *seat).collect();
    let others = (0_u32..).zip(&run.excluded).filter(|(_, excluded)| excluded.is_some()).map(|(seat, _)| seat);
    listed.extend(others.take(CANDIDATES_MAX.saturating_sub(listed.len())));
    listed.sort_unstable();
    listed
}

/// One rep as a run, or the question for one rep, saw them.
pub(super) struct RepView<'a> {
    pub rep_id: &'a RepId,
    pub row: &'a RepRow,
    /// Place among the team's members, when they are one.
    pub seat: Option<usize>,
    pub excluded: Option<Exclusion>,
    /// Ability, when the run looked at it.
    pub ability: Option<u32>,
    pub share_units: i64,
    pub make_up_credit_units: i64,
}

/// One rep in the words of the answer.
pub(super) fn candidate(view: RunView<'_>, peers: &Peers, seen: RepView<'_>) -> Candidate {
    let window = view.windows.get(seen.row.calendar as usize);
    let starts_in = window.and_then(|window| window.next_start).map(|start| start.ms_since(view.request.now));
    let minutes = |ms: i64| u32::try_from(ms.max(0).saturating_add(MINUTE_MS.saturating_sub(1)) / MINUTE_MS).ok();
    Candidate {
        rep_id: seen.rep_id.clone(),
        excluded: seen.excluded.map(|excluded| excluded.code().to_owned()),
        weight: seen.seat.and_then(|seat| view.team.weights.get(seat).copied()).unwrap_or(0),
        ability: seen.ability.or_else(|| window.map(|window| peers.ability(seen.row, window))).unwrap_or(0),
        balance_units: seen.seat.map_or(0, |seat| view.team.ledger.balance(seat)),
        open_leads: seen.row.open_leads,
        share_units: seen.share_units,
        make_up_credit_units: seen.make_up_credit_units,
        starts_in_minutes: starts_in.and_then(minutes),
    }
}

/// End of the SLA in the rep's working time. A rep who does not work that long within a year gets the end by
/// the wall clock, so that the lead is looked at again.
pub(super) fn due_at(view: RunView<'_>, row: &RepRow) -> Timestamp {
    let PickRequest { now, sla_minutes, .. } = view.request;
    let wall = now.plus_minutes(i64::from(*sla_minutes));
    let calendar = row.calendar as usize;
    match view.windows.get(calendar) {
        Some(window) if window.is_working() && wall <= window.until => wall,
        _ => {
            view.tables.calendars.get(calendar).and_then(|c| c.add_working_minutes(*now, *sla_minutes)).unwrap_or(wall)
        }
    }
}
