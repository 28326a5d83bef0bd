//! One pick of a team, step by step. What each step found is kept, so that the explanation is the run itself.
//!
//! 1. *Eligibility*: every member is a candidate or has the first reason why not.
//! 2. *Next shift*: when nobody is on shift in time, the members whose shift is next, if the team works that way.
//! 3. *Skipping*: unresponsive reps, while anybody else remains.
//! 4. *Weights*: the strategy's effective weight of every candidate; 0 takes no part in the rotation.
//! 5. *Catching up*: doubled weight for reps with make-up credit.
//! 6. *The turn*: shares, and the seat with the largest balance.

use crate::id::RepId;
use crate::roster::ability;
use crate::roster::ability::{StartScale, ability};
use crate::roster::calendar::ShiftWindow;
use crate::roster::eligibility::{Exclusion, MemberNeeds, NEXT_SHIFT_MINUTES, RepRow};
use crate::roster::model::{AfterAbsence, OffHours, PickKind, PickRequest, Strategy};
use crate::roster::needs::Members;
use crate::roster::reason::PickReason;
use crate::roster::rotation::{Rate, RotationEntry, TieBreak, Turn};
use crate::roster::table::{Tables, TeamTable};
use crate::time::Timestamp;

/// What a run reads.
#[derive(Clone, Copy)]
pub(super) struct RunView<'a> {
    pub tables: &'a Tables,
    pub team: &'a TeamTable,
    pub windows: &'a [ShiftWindow],
    pub request: &'a PickRequest,
}

impl<'a> RunView<'a> {
    /// Row and window of a rep with a calendar.
    pub fn row_and_window(&self, rep: u32) -> Option<(&'a RepRow, &'a ShiftWindow)> {
        let row = self.tables.rows.get(rep as usize)?;
        Some((row, self.windows.get(row.calendar as usize)?))
    }

    /// Row and window of the member at a seat.
    fn member(&self, seat: u32) -> Option<(&'a RepRow, &'a ShiftWindow)> {
        self.row_and_window(*self.team.reps.get(seat as usize)?)
    }

    /// Place of a rep among the members.
    pub fn seat(&self, rep: &RepId) -> Option<usize> {
        self.team.seat(&self.tables.ids, rep)
    }

    /// What the request asks, in terms of the team's members.
    fn asked(&self) -> MemberNeeds {
        let PickRequest { needs, exclude, tier, .. } = self.request;
        let team = self.team;
        let had = (!exclude.is_empty()).then(|| {
            let mut had = Members::none(team.reps.len());
            exclude.iter().filter_map(|id| self.seat(id)).for_each(|seat| had.insert(seat));
            had
        });
        let language = needs.language.as_ref().map(|code| team.languages.taking(code));
        let territory = needs.territory.as_ref().map(|id| team.territories.taking(id.as_str()));
        let skills = team.skills.listing_all(&needs.skills);
        MemberNeeds::new(had, language, territory, skills, self.tables.tiers.get(tier).copied())
    }
}

/// The candidates of a run together: what each of them is measured against.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Peers {
    /// How many.
    pub count: u64,
    open_sum: u64,
    unresponsive: u64,
    /// See [`ability::average_load`]; filled in when all have joined.
    average_load: u32,
    start: StartScale,
    /// Latest time of a start in time.
    last: Timestamp,
}

impl Peers {
    fn none(request: &PickRequest) -> Self {
        let last = request.now.plus_minutes(i64::from(request.sla_minutes));
        Self { start: StartScale::new(request.now, last), last, ..Self::default() }
    }

    /// A rep alone.
    pub fn of(row: &RepRow, request: &PickRequest) -> Self {
        let mut alone = Self::none(request);
        alone.join(row);
        alone.close();
        alone
    }

    fn join(&mut self, row: &RepRow) {
        self.count = self.count.saturating_add(1);
        self.open_sum = self.open_sum.saturating_add(u64::from(row.open_leads));
        self.unresponsive = self.unresponsive.saturating_add(u64::from(row.is_unresponsive));
    }

    fn leave(&mut self, row: &RepRow) {
        self.count = self.count.saturating_sub(1);
        self.open_sum = self.open_sum.saturating_sub(u64::from(row.open_leads));
    }

    fn close(&mut self) {
        self.average_load = ability::average_load(self.open_sum, self.count);
    }

    /// Ability of a rep among these.
    pub fn ability(&self, row: &RepRow, window: &ShiftWindow) -> u32 {
        let room = match row.room {
            0 => ability::room_against(row.open_leads, self.average_load),
            room => room,
        };
        if window.is_working() {
            return ability(row.readiness, room, 1_000);
        }
        ability(row.responsiveness, room, self.start.value(window.next_start.unwrap_or(self.last)))
    }
}

/// What a run found. The memory is used again by the next run.
#[derive(Debug, Default)]
pub(super) struct PickRun {
    /// Why each member is no candidate; goes with the team's members.
    pub excluded: Vec<Option<Exclusion>>,
    /// The candidates, in the order of their seats.
    pub entries: Vec<RotationEntry>,
    /// Seats for which only the calendar stands in the way.
    waiting: Vec<Waiting>,
    /// Changes of make-up credits, by seat.
    pub make_up_credits: Vec<(u32, i64)>,
    pub turn: Option<Turn>,
    pub peers: Peers,
}

/// A seat for which only the calendar stands in the way.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    seat: u32,
    /// Which part of the calendar: `OnLeave`, `DayFull` or `OffShift`.
    excluded: Exclusion,
    /// Next start of work, from now on.
    start: Option<Timestamp>,
}

impl PickRun {
    /// Runs a pick.
    pub fn pick(&mut self, view: RunView<'_>) {
        self.check_eligibility(view);
        if self.peers.count == 0 {
            let is_open = view.team.off_hours == OffHours::NextShift || view.request.kind == PickKind::AnyShift;
            if is_open {
                self.next_shift(view);
            }
        }
        let is_corrected = !matches!(view.team.strategy, Strategy::Weighted | Strategy::RoundRobin);
        if is_corrected && self.peers.unresponsive > 0 && self.peers.unresponsive < self.peers.count {
            self.skip_unresponsive(view);
        }
        self.weigh(view);
        let plain = self.catch_up(view);
        self.turn = view.team.ledger.turn(&mut self.entries, view.request.seed);
        if let Some(plain) = plain.filter(|_| self.turn.is_some()) {
            self.note_make_up_credit(view, plain);
        }
    }

    /// Step 1.
    fn check_eligibility(&mut self, view: RunView<'_>) {
        let asked = view.asked();
        self.excluded.clear();
        self.entries.clear();
        self.waiting.clear();
        let mut peers = Peers::none(view.request);
        let members = view.team.reps.iter().zip(&view.team.weights);
        for (seat, (rep, weight)) in (0_u32..).zip(members) {
            let row = view.tables.rows.get(*rep as usize).unwrap_or(&RepRow::UNKNOWN);
            let is_open = row.is_clear & (*weight > 0) && asked.fits(seat as usize);
            let excluded = match view.windows.get(row.calendar as usize) {
                Some(window) if is_open && !window.on_leave => self.in_time(seat, window, peers.last),
                window => self.judge(view, &asked, seat, row, window, peers.last),
            };
            self.excluded.push(excluded);
            if excluded.is_none() {
                peers.join(row);
                self.entries.push(RotationEntry { seat, ..RotationEntry::default() });
            }
        }
        self.peers = peers;
    }

    /// All checks in their order.
    fn judge(
        &mut self,
        view: RunView<'_>,
        asked: &MemberNeeds,
        seat: u32,
        row: &RepRow,
        window: Option<&ShiftWindow>,
        last: Timestamp,
    ) -> Option<Exclusion> {
        let place = seat as usize;
        if !row.is_known {
            return Some(Exclusion::UnknownRep);
        }
        if !row.is_active {
            return Some(Exclusion::Inactive);
        }
        let Some(window) = window else { return Some(Exclusion::CalendarBroken) };
        let rep = view.team.reps.get(place).copied().unwrap_or(u32::MAX);
        let rooms = view.tables.rooms.get(rep as usize).map_or(&[][..], Vec::as_slice);
        let weight = view.team.weights.get(place).copied().unwrap_or(0);
        let obstacle = asked.obstacle(place, weight, row, rooms, window);
        let excluded = match (window.on_leave, obstacle) {
            (true, _) => Exclusion::OnLeave,
            (false, Some(obstacle)) => obstacle,
            (false, None) => return self.in_time(seat, window, last),
        };
        if excluded == Exclusion::DayFull || (window.on_leave && obstacle.is_none()) {
            self.waiting.push(Waiting { seat, excluded, start: window.next_start });
        }
        Some(excluded)
    }

    /// The last check: the shift.
    fn in_time(&mut self, seat: u32, window: &ShiftWindow, last: Timestamp) -> Option<Exclusion> {
        if window.is_working() || window.next_start.is_some_and(|start| start <= last) {
            return None;
        }
        let excluded = Exclusion::OffShift;
        self.waiting.push(Waiting { seat, excluded, start: window.next_start });
        Some(excluded)
    }

    /// Step 2.
    fn next_shift(&mut self, view: RunView<'_>) {
        let start = |waiting: &Waiting| waiting.start.filter(|_| waiting.excluded == Exclusion::OffShift);
        let Some(earliest) = self.waiting.iter().filter_map(start).min() else { return };
        let last = earliest.plus_minutes(i64::from(NEXT_SHIFT_MINUTES));
        (self.peers.start, self.peers.last) = (StartScale::new(earliest, last), last);
        let Self { waiting, entries, excluded, peers, .. } = self;
        waiting.retain(|waiting| {
            let is_next = start(waiting).is_some_and(|start| start <= last);
            let member = view.member(waiting.seat).filter(|_| is_next);
            let (Some((row, _)), Some(excluded)) = (member, excluded.get_mut(waiting.seat as usize)) else {
                return true;
            };
            entries.push(RotationEntry { seat: waiting.seat, ..RotationEntry::default() });
            peers.join(row);
            *excluded = None;
            false
        });
    }

    /// Step 3.
    fn skip_unresponsive(&mut self, view: RunView<'_>) {
        let Self { entries, excluded, peers, .. } = self;
        entries.retain(|entry| {
            let Some((row, _)) = view.member(entry.seat).filter(|(row, _)| row.is_unresponsive) else { return true };
            peers.leave(row);
            if let Some(excluded) = excluded.get_mut(entry.seat as usize) {
                *excluded = Some(Exclusion::Unresponsive);
            }
            false
        });
    }

    /// Step 4.
    fn weigh(&mut self, view: RunView<'_>) {
        self.peers.close();
        let (strategy, peers) = (view.team.strategy, self.peers);
        for entry in &mut self.entries {
            let weight = view.team.weights.get(entry.seat as usize).copied().unwrap_or(0);
            let Some((row, window)) = view.member(entry.seat) else { continue };
            entry.ability = peers.ability(row, window);
            entry.effective = match strategy {
                Strategy::FairAndAble => weight.saturating_mul(entry.ability),
                Strategy::RoundRobin => 1,
                Strategy::Weighted | Strategy::LeastLoaded | Strategy::BestFit => weight,
            };
        }
        if matches!(strategy, Strategy::LeastLoaded | Strategy::BestFit) {
            self.keep_best(view);
        }
    }

    /// Under `least_loaded` and `best_fit` only the best take part in the turn: the ledger decides among equals.
    ///
    /// Room is what the cap leaves when every candidate has one, else fewer open leads are more room.
    fn keep_best(&mut self, view: RunView<'_>) {
        let team = view.team;
        let needs = Some(&view.request.needs).filter(|_| team.strategy == Strategy::BestFit);
        let language = needs.and_then(|needs| needs.language.as_ref()).map(|code| team.languages.listing(code));
        let territory = needs.and_then(|needs| needs.territory.as_ref());
        let territory = territory.map(|id| team.territories.listing(id.as_str()));
        let rows = || self.entries.iter().map(|entry| view.member(entry.seat).map_or(&RepRow::UNKNOWN, |(row, _)| row));
        let by_cap = rows().all(|row| row.room != 0);
        let lists = |members: &Option<Members>, seat: u32| {
            u32::from(members.as_ref().is_some_and(|members| members.contains(seat as usize)))
        };
        let key = |(entry, row): (&RotationEntry, &RepRow)| {
            let cap = if by_cap { i64::from(row.open_cap) } else { 0 };
            let matched = lists(&language, entry.seat).saturating_add(lists(&territory, entry.seat));
            (matched, cap.saturating_sub(i64::from(row.open_leads)))
        };
        let keys: Vec<(u32, i64)> = self.entries.iter().zip(rows()).map(key).collect();
        let best = keys.iter().max().copied();
        for (entry, key) in self.entries.iter_mut().zip(&keys) {
            entry.effective = if Some(*key) == best { entry.effective } else { 0 };
        }
    }

    /// Step 5. Doubles the weight of reps with make-up credit. Returns the total weight without it, or `None` when the team does not catch up.
    fn catch_up(&mut self, view: RunView<'_>) -> Option<u64> {
        self.make_up_credits.clear();
        let has_shares = !matches!(view.team.strategy, Strategy::LeastLoaded | Strategy::BestFit);
        if view.team.after_absence != AfterAbsence::CatchUp || !has_shares {
            return None;
        }
        let mut plain = 0_u64;
        for entry in &mut self.entries {
            plain = plain.saturating_add(u64::from(entry.effective));
            if view.team.ledger.make_up_credit(entry.seat as usize) > 0 {
                entry.effective = entry.effective.saturating_mul(2);
            }
        }
        Some(plain)
    }

    /// What the turn pays back of make-up credits, and what it adds for those on leave.
    fn note_make_up_credit(&mut self, view: RunView<'_>, plain: u64) {
        let team = view.team;
        let doubled = self.entries.iter().fold(0_u64, |sum, entry| sum.saturating_add(u64::from(entry.effective)));
        let (Some(with), Some(without)) = (Rate::new(doubled), Rate::new(plain)) else { return };
        for entry in &self.entries {
            let credit = team.ledger.make_up_credit(entry.seat as usize);
            if credit > 0 {
                let extra = with.share_units(entry.effective).saturating_sub(without.share_units(entry.effective / 2));
                self.make_up_credits.push((entry.seat, extra.clamp(0, credit).saturating_neg()));
            }
        }
        for Waiting { seat, .. } in self.waiting.iter().filter(|waiting| waiting.excluded == Exclusion::OnLeave) {
            let Some((row, _)) = view.member(*seat).filter(|(_, window)| window.in_hours) else { continue };
            let weight = team.weights.get(*seat as usize).copied().unwrap_or(0);
            let weight = match team.strategy {
                Strategy::FairAndAble => weight.saturating_mul(u32::from(row.responsiveness)),
                Strategy::RoundRobin => 1,
                _ => weight,
            };
            let share = Rate::new(plain.saturating_add(u64::from(weight))).map_or(0, |rate| rate.share_units(weight));
            self.make_up_credits.push((*seat, share));
        }
    }

    /// When somebody may be able who waits for their calendar.
    pub fn wake_at(&self, view: RunView<'_>) -> Option<Timestamp> {
        let now = view.request.now;
        let sla_minutes = i64::from(view.request.sla_minutes);
        let wakes = self.waiting.iter().filter_map(|waiting| {
            let (row, _) = view.member(waiting.seat)?;
            let calendar = view.tables.calendars.get(row.calendar as usize)?;
            let (from, start) = match waiting.excluded {
                Exclusion::OnLeave => (calendar.leave_ends(now)?, waiting.start),
                Exclusion::DayFull => (calendar.next_day(now), calendar.next_start(calendar.next_day(now))),
                _ => (now, waiting.start),
            };
            Some(start?.plus_minutes(sla_minutes.saturating_neg()).max(from))
        });
        wakes.min()
    }

    /// What decided.
    pub fn why(&self, strategy: Strategy) -> PickReason {
        match (self.peers.count, strategy, self.turn.map_or(TieBreak::Balance, |turn| turn.by)) {
            (1, ..) => PickReason::OnlyOneEligible,
            (_, Strategy::LeastLoaded, _) => PickReason::LeastLoaded,
            (_, Strategy::BestFit, _) => PickReason::BestFit,
            (_, _, TieBreak::Balance) => PickReason::LargestShortfall,
            (_, _, TieBreak::Weight) => PickReason::LargerShare,
            (_, _, TieBreak::Waiting) => PickReason::LongestWaiting,
            (_, _, TieBreak::Random) => PickReason::DrawnByLot,
        }
    }
}
