//! A pool laid out for picking: reps and seats side by side, calendars compiled, codes turned into positions.

use crate::error::Problem;
use crate::id::{RepId, TeamId, TierId};
use crate::roster::calendar::Calendar;
use crate::roster::check;
use crate::roster::eligibility::{NO_CALENDAR, RepRow, TierRoom};
use crate::roster::model::{AfterAbsence, Hours, Leave, OffHours, Pool, Rep, RepState, Strategy, Team, WEIGHT_MAX};
use crate::roster::needs::Listing;
use crate::roster::rotation::{RotationLedger, tie_breaker};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A pool laid out for picking.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// Reps: first those who are described, by id, then those whom a team names all the same.
    pub ids: Vec<RepId>,
    /// How many of `ids` are described.
    pub known: usize,
    /// What a pick reads of each.
    pub rows: Vec<RepRow>,
    /// Caps by tier of each.
    pub rooms: Vec<Vec<TierRoom>>,
    /// Open leads by tier of each.
    pub open_by_tier: Vec<BTreeMap<TierId, u32>>,
    /// Position of every tier that somebody caps.
    pub tiers: BTreeMap<TierId, u16>,
    /// Calendars; reps who wrote the same one share it.
    pub calendars: Vec<Calendar>,
    /// Teams.
    pub teams: BTreeMap<TeamId, TeamTable>,
}

/// A team laid out for picking. The lists go together, by rep id.
#[derive(Debug, Default)]
pub(super) struct TeamTable {
    pub strategy: Strategy,
    pub off_hours: OffHours,
    pub after_absence: AfterAbsence,
    /// Position of the manager.
    pub manager: Option<u32>,
    /// Positions of the members.
    pub reps: Vec<u32>,
    /// Their weights.
    pub weights: Vec<u32>,
    /// Their seats.
    pub ledger: RotationLedger,
    pub languages: Listing,
    pub territories: Listing,
    pub skills: Listing,
}

impl Tables {
    /// Lays a pool out. Total: who cannot be read is excluded with a reason, and the problems say why.
    pub fn new(pool: &Pool) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut tables = Self { known: pool.reps.len(), ..Self::default() };
        tables.add_reps(pool, &mut problems);
        for team in pool.teams.values() {
            problems
                .extend(check::team(team, &pool.reps).into_iter().map(|p| check::below(p, "teams", team.id.as_str())));
            let table = tables.team(team, pool);
            tables.teams.insert(team.id.clone(), table);
        }
        tables.load(pool);
        (tables, problems)
    }

    /// Position of a described rep.
    pub fn position(&self, rep: &RepId) -> Option<usize> {
        self.ids.get(..self.known).and_then(|ids| ids.binary_search(rep).ok())
    }

    /// Reads every state again; a missing one is what the rep's entry says.
    pub fn load(&mut self, pool: &Pool) {
        let places = self.rows.iter_mut().zip(&mut self.rooms).zip(&mut self.open_by_tier);
        for ((id, rep), ((row, rooms), open)) in pool.reps.iter().zip(places) {
            let fresh;
            let state = match pool.states.get(id) {
                Some(state) => state,
                None => {
                    fresh = RepState::of(rep);
                    &fresh
                }
            };
            *row = RepRow::new(rep, state, row.calendar);
            *rooms = TierRoom::all(rep, state, &self.tiers);
            open.clone_from(&state.open_by_tier);
        }
        for (id, team) in &mut self.teams {
            for (place, rep) in team.reps.iter().enumerate() {
                let state = self.ids.get(*rep as usize).and_then(|rep| pool.states.get(rep));
                let seat = state.and_then(|state| state.seats.get(id)).copied().unwrap_or_default();
                team.ledger.load(place, seat);
            }
        }
    }

    /// Writes what picks changed into the pool's states; a rep without one gets it.
    pub fn store(&self, pool: &mut Pool) {
        let Pool { reps, states, .. } = pool;
        for ((rep, row), open) in reps.values().zip(&self.rows).zip(&self.open_by_tier) {
            if !states.contains_key(&rep.id) {
                states.insert(rep.id.clone(), Arc::new(RepState::of(rep)));
            }
            // A state that stays is not taken apart from those who share it.
            let counts = (row.open_leads, row.day, row.given_today);
            if let Some(state) = states.get_mut(&rep.id)
                && ((state.open_leads, state.day, state.given_today) != counts || state.open_by_tier != *open)
            {
                let state = Arc::make_mut(state);
                (state.open_leads, state.day, state.given_today) = counts;
                state.open_by_tier.clone_from(open);
            }
        }
        for (id, team) in &self.teams {
            for (place, rep) in team.reps.iter().enumerate() {
                let state = self.ids.get(*rep as usize).and_then(|rep| states.get_mut(rep));
                let (Some(state), Some(seat)) = (state, team.ledger.seat(place)) else { continue };
                // A seat that was never used is no entry, so that it costs nothing to keep.
                if state.seats.get(id).copied().unwrap_or_default() != seat {
                    Arc::make_mut(state).seats.insert(id.clone(), seat);
                }
            }
        }
    }

    fn add_reps(&mut self, pool: &Pool, problems: &mut Vec<Problem>) {
        let mut shared: BTreeMap<WrittenTable<'_>, u32> = BTreeMap::new();
        let capped: BTreeSet<&TierId> = pool.reps.values().flat_map(|rep| rep.capacity.per_tier.keys()).collect();
        self.tiers = capped.into_iter().cloned().zip(0..).collect();
        for rep in pool.reps.values() {
            let written = (rep.time_zone.as_str(), rep.hours.as_slice(), rep.holidays.as_slice(), rep.leave.as_slice());
            let calendar = match shared.get(&written) {
                Some(calendar) => *calendar,
                None => self.add_calendar(rep, problems),
            };
            if calendar != NO_CALENDAR {
                shared.insert(written, calendar);
            }
            self.ids.push(rep.id.clone());
            self.rows.push(RepRow { calendar, ..RepRow::UNKNOWN });
            self.rooms.push(Vec::new());
            self.open_by_tier.push(BTreeMap::new());
        }
    }

    fn add_calendar(&mut self, rep: &Rep, problems: &mut Vec<Problem>) -> u32 {
        match Calendar::compile(rep) {
            Ok(calendar) => {
                self.calendars.push(calendar);
                position(self.calendars.len().saturating_sub(1))
            }
            Err(found) => {
                problems.extend(found.into_iter().map(|problem| check::below(problem, "reps", rep.id.as_str())));
                NO_CALENDAR
            }
        }
    }

    /// Lays a team out. A rep who is named twice has one seat, with the first weight.
    fn team(&mut self, team: &Team, pool: &Pool) -> TeamTable {
        let mut members: BTreeMap<&RepId, u32> = BTreeMap::new();
        for member in &team.members {
            members.entry(&member.rep_id).or_insert(member.weight.min(WEIGHT_MAX));
        }
        let listing = || Listing::new(members.len());
        let mut table = TeamTable {
            strategy: team.strategy,
            off_hours: team.off_hours,
            after_absence: team.after_absence,
            manager: team.manager_rep_id.as_ref().and_then(|rep| self.position(rep)).map(position),
            languages: listing(),
            territories: listing(),
            skills: listing(),
            ..TeamTable::default()
        };
        for (index, (id, weight)) in (0..).zip(&members) {
            let rep = self.position(id).unwrap_or_else(|| self.add_unknown(id));
            table.reps.push(position(rep));
            table.weights.push(*weight);
            table.ledger.push(tie_breaker(id));
            if let Some(rep) = pool.reps.get(*id) {
                table.languages.add(index, rep.languages.iter().map(String::as_str));
                table.territories.add(index, rep.territories.iter().map(|territory| territory.as_str()));
                table.skills.add(index, rep.skills.iter().map(String::as_str));
            }
        }
        table
    }

    fn add_unknown(&mut self, rep: &RepId) -> usize {
        self.ids.push(rep.clone());
        self.rows.push(RepRow::UNKNOWN);
        self.rooms.push(Vec::new());
        self.open_by_tier.push(BTreeMap::new());
        self.ids.len().saturating_sub(1)
    }
}

impl TeamTable {
    /// Place of a rep among the members, who are in the order of their ids.
    pub fn seat(&self, ids: &[RepId], rep: &RepId) -> Option<usize> {
        self.reps.binary_search_by(|place| ids.get(*place as usize).cmp(&Some(rep))).ok()
    }
}

/// What makes two calendars the same.
type WrittenTable<'a> = (&'a str, &'a [Hours], &'a [String], &'a [Leave]);

fn position(index: usize) -> u32 {
    // Never the fallback: four billion reps do not fit into memory.
    u32::try_from(index).unwrap_or(u32::MAX)
}
