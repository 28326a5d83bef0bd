//! A pool that is kept between picks: calendars compiled, tables laid out, nothing looked up twice.
//!
//! [`PreparedPool::pick`] and [`PreparedPool::apply`] give the same answers and the same states as
//! [`pick`](crate::roster::pick::pick) and [`apply`](crate::roster::pick::apply) on the plain pool, without preparing each
//! time.

use crate::error::Problem;
use crate::id::{RepId, TierId};
use crate::roster::events::TouchEvent;
use crate::roster::model::{Pick, PickKind, PickOutcome, PickRequest, Pool, RepStatus, States};
use crate::roster::reason::PickReason;
use crate::roster::requested_rep::named;
use crate::roster::rotation::{LEAD_UNITS, RotationEntry};
use crate::roster::run::{PickRun, RunView};
use crate::roster::table::{Tables, TeamTable};
use crate::roster::windows::Windows;
use crate::roster::{events, explain};
use std::cell::{Cell, OnceCell};
use std::fmt;

/// A pool ready for picking.
#[derive(Default)]
pub struct PreparedPool {
    tables: Tables,
    windows: Cell<Windows>,
    run: Cell<PickRun>,
    /// The request that `run` answers, until something changes.
    asked: Cell<Option<PickRequest>>,
    /// The pool with its states as the tables have them. INVARIANT: empty exactly when `stale` is full.
    fresh: OnceCell<Pool>,
    /// The pool with states from before the last picks.
    stale: Cell<Option<Pool>>,
}

impl fmt::Debug for PreparedPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedPool").field("tables", &self.tables).finish_non_exhaustive()
    }
}

impl PreparedPool {
    /// Prepares a pool. Problems say which reps and members cannot be picked, and why; they stop nothing.
    #[must_use]
    pub fn new(pool: Pool) -> (Self, Vec<Problem>) {
        let (tables, problems) = Tables::new(&pool);
        (Self { tables, stale: Cell::new(Some(pool)), ..Self::default() }, problems)
    }

    /// Answers who takes a lead, with the candidates. Changes nothing but what is remembered of calendars.
    #[must_use]
    pub fn pick(&self, request: &PickRequest) -> Pick {
        let pick = self.answer(request, explain::pick);
        self.asked.set(Some(request.clone()));
        pick
    }

    /// The outcome alone, for those who need no explanation.
    #[must_use]
    pub fn decide(&self, request: &PickRequest) -> PickOutcome {
        let outcome = |view: RunView<'_>, run: &PickRun| Pick {
            outcome: explain::outcome(view, run),
            candidates: Vec::new(),
            omitted: 0,
        };
        self.answer(request, outcome).outcome
    }

    /// Decides and counts in one go.
    pub fn assign(&mut self, request: &PickRequest) -> PickOutcome {
        let outcome = self.decide(request);
        self.count(request, &outcome, true);
        outcome
    }

    /// Counts an answer of [`pick`](Self::pick); see [`apply`](crate::roster::pick::apply).
    pub fn apply(&mut self, request: &PickRequest, pick: &Pick) {
        let is_last = self.asked.take().is_some_and(|asked| asked == *request);
        self.count(request, &pick.outcome, is_last);
    }

    /// The pool with its states as they are.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        self.fresh.get_or_init(|| {
            let mut pool = self.stale.take().unwrap_or_default();
            self.tables.store(&mut pool);
            pool
        })
    }

    /// The states as they are. Every rep of the pool has one.
    #[must_use]
    pub fn states(&self) -> &States {
        &self.pool().states
    }

    /// Puts states back, such as those from before a pick that could not be stored.
    pub fn restore(&mut self, states: States) {
        self.update(|pool| pool.states = states);
    }

    /// See [`events::release`].
    pub fn release(&mut self, request: &PickRequest, pick: &Pick) {
        self.update(|pool| events::release(pool, request, pick));
    }

    /// See [`events::refund`].
    pub fn refund(&mut self, request: &PickRequest, pick: &Pick) {
        self.update(|pool| events::refund(pool, request, pick));
    }

    /// See [`events::closed`].
    pub fn closed(&mut self, rep: &RepId, tier: &TierId) {
        self.update(|pool| events::closed(pool, rep, tier));
    }

    /// See [`events::touched`].
    pub fn touched(&mut self, rep: &RepId, touch: TouchEvent) {
        self.update(|pool| events::touched(pool, rep, touch));
    }

    /// See [`events::set_status`].
    pub fn set_status(&mut self, rep: &RepId, status: RepStatus) {
        self.update(|pool| events::set_status(pool, rep, status));
    }

    /// The plain pool, to change teams or reps and prepare again.
    #[must_use]
    pub fn into_pool(self) -> Pool {
        let _ = self.pool();
        self.fresh.into_inner().unwrap_or_default()
    }

    /// Changes states; teams and reps stay as they are.
    fn update(&mut self, change: impl FnOnce(&mut Pool)) {
        let _ = self.pool();
        if let Some(pool) = self.fresh.get_mut() {
            change(pool);
            self.tables.load(pool);
            // Every rep has a state, also one that the change left out.
            self.tables.store(pool);
        }
        self.asked.set(None);
    }

    fn answer(&self, request: &PickRequest, of_run: impl FnOnce(RunView<'_>, &PickRun) -> Pick) -> Pick {
        self.asked.set(None);
        let mut windows = self.windows.take();
        let mut run = self.run.take();
        let nobody = TeamTable::default();
        let tables = &self.tables;
        let team = tables.teams.get(&request.team);
        let list = windows.at(request.now, &tables.calendars);
        let view = RunView { tables, team: team.unwrap_or(&nobody), windows: list, request };
        let manager = view.team.manager.and_then(|manager| tables.ids.get(manager as usize));
        let pick = match (&request.kind, manager) {
            (PickKind::Rotation | PickKind::AnyShift, _) => {
                run.pick(view);
                of_run(view, &run)
            }
            (PickKind::Owner { rep_id, respect_caps }, _) => {
                named(view, rep_id, *respect_caps, PickReason::AccountOwner)
            }
            (PickKind::Duplicate { rep_id }, _) => named(view, rep_id, false, PickReason::SamePerson),
            (PickKind::Manager, Some(manager)) => named(view, manager, false, PickReason::TeamManager),
            (PickKind::Manager, None) => {
                Pick { outcome: PickOutcome::Nobody { wake_at: None }, candidates: Vec::new(), omitted: 0 }
            }
        };
        self.windows.set(windows);
        self.run.set(run);
        pick
    }

    fn count(&mut self, request: &PickRequest, outcome: &PickOutcome, is_last: bool) {
        let PickOutcome::Picked { rep_id, .. } = outcome else { return };
        let Some(rep) = self.tables.position(rep_id) else { return };
        if matches!(request.kind, PickKind::Duplicate { .. }) {
            return;
        }
        if matches!(request.kind, PickKind::Rotation | PickKind::AnyShift) {
            if !is_last {
                let _ = self.decide(request);
            }
            self.settle(request, rep_id);
        }
        self.hand_out(request, rep);
        if let Some(pool) = self.fresh.take() {
            self.stale.set(Some(pool));
        }
    }

    /// Writes the last run into the ledger.
    fn settle(&mut self, request: &PickRequest, rep_id: &RepId) {
        let run = self.run.take();
        let Tables { teams, ids, .. } = &mut self.tables;
        let team = teams.get_mut(&request.team);
        if let Some((team, winner)) = team.and_then(|team| team.seat(ids, rep_id).map(|seat| (team, seat))) {
            let winner = u32::try_from(winner).unwrap_or(u32::MAX);
            // The states moved since the answer was given, and nobody is a candidate any more: the lead is the rep's
            // own share.
            let own = [RotationEntry { seat: winner, share_units: LEAD_UNITS, ..RotationEntry::default() }];
            let entries = if run.turn.is_some() { run.entries.as_slice() } else { &own };
            team.ledger.settle(entries, winner, request.now);
            for (seat, units) in &run.make_up_credits {
                team.ledger.add_make_up_credit(*seat as usize, *units);
            }
        }
        self.run.set(run);
    }

    /// Counts the lead as open and as one of the day.
    fn hand_out(&mut self, request: &PickRequest, rep: usize) {
        let Tables { rows, rooms, open_by_tier, tiers, calendars, .. } = &mut self.tables;
        let Some(row) = rows.get_mut(rep) else { return };
        let mut windows = self.windows.take();
        let window = windows.at(request.now, calendars).get(row.calendar as usize);
        row.hand_out(window.map_or(row.day, |window| window.day));
        self.windows.set(windows);
        if let Some(open) = open_by_tier.get_mut(rep) {
            match open.get_mut(&request.tier) {
                Some(open) => *open = open.saturating_add(1),
                None => drop(open.insert(request.tier.clone(), 1)),
            }
        }
        let tier = tiers.get(&request.tier);
        for room in rooms.get_mut(rep).into_iter().flatten().filter(|room| Some(&room.tier) == tier) {
            room.open = room.open.saturating_add(1);
        }
    }
}
