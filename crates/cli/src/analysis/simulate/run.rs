//! The loop: one event after the other, each at its time.

use crate::analysis::simulate::generate::Prospect;
use crate::analysis::simulate::report::{DayReport, RepReport, SimulationReport, Spread, TeamReport, bound_units};
use crate::analysis::simulate::response::{Luck, Worker};
use lead_router_core::decision::attempts::{AccountContext, RoutingContext};
use lead_router_core::decision::decide::{RecordDetail, count, decide};
use lead_router_core::decision::index::pool_of;
use lead_router_core::decision::plan::plan;
use lead_router_core::decision::pools::Pools;
use lead_router_core::decision::record::{Assignment, DecisionInputs, Outcome};
use lead_router_core::id::{LeadId, RepId, TeamId, TierId};
use lead_router_core::roster::events::TouchEvent;
use lead_router_core::roster::model::{PickKind, Rep, Team};
use lead_router_core::roster::prepared::PreparedPool;
use lead_router_core::rubric::Rubric;
use lead_router_core::time::{DAY_MS, MINUTE_MS, Timestamp};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// A lead that will arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// When.
    pub at: Timestamp,
    /// What is known, and who owns the account.
    pub prospect: Prospect,
    /// What is drawn for it.
    pub luck: Luck,
}

/// How long a lead that nobody takes is asked for again after the last arrival, in milliseconds: a week, in which every
/// weekly calendar has had its shift.
const AFTERMATH_MS: i64 = 7 * DAY_MS;

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum SimulationEvent {
    /// The lead with this number arrives, or is asked for again.
    Decide(usize),
    /// A rep touches a lead, or the promise is broken without a touch.
    Touch { lead: usize, rep: RepId, touch: TouchState },
    /// A rep closes a lead.
    Close { rep: RepId, tier: TierId },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum TouchState {
    InTime,
    Late,
    Never,
}

/// Runs arrivals, which are in order, through a rubric and a roster. `progress` is told the number of leads that have
/// arrived.
#[must_use]
pub fn run(
    rubric: &Rubric,
    teams: &[Team],
    reps: &[Rep],
    arrivals: &[Arrival],
    progress: &mut dyn FnMut(usize),
) -> SimulationReport {
    let pools = Pools::new(teams, reps).0;
    let mut report = SimulationReport { by_lead: vec![None; arrivals.len()], ..SimulationReport::default() };
    for team in teams {
        let bound = bound_units(team.members.len());
        let name = pools.index().team_name(&team.id);
        report.teams.insert(team.id.clone(), TeamReport { name, bound_units: bound, ..TeamReport::default() });
    }
    for rep in reps {
        let name = pools.index().rep_name(&rep.id);
        report.reps.insert(rep.id.clone(), RepReport { name, ..RepReport::default() });
    }
    let workers = reps.iter().map(|rep| (rep.id.clone(), Worker::new(rep))).collect();
    let end = arrivals.last().map_or_else(Timestamp::default, |last| last.at.plus_ms(AFTERMATH_MS));
    let mut world = SimulatedWorld {
        rubric,
        pools,
        arrivals,
        workers,
        homes: homes(teams),
        events: BinaryHeap::new(),
        planned: 0,
        holds: BTreeSet::new(),
        days: BTreeMap::new(),
        end,
        report,
        touch_minutes: Vec::new(),
        hold_minutes: Vec::new(),
    };
    world.live(progress);
    world.finish()
}

struct SimulatedWorld<'a> {
    rubric: &'a Rubric,
    pools: Pools,
    arrivals: &'a [Arrival],
    workers: BTreeMap<RepId, Worker>,
    /// Names of the pools that count a rep.
    homes: BTreeMap<RepId, BTreeSet<String>>,
    events: BinaryHeap<Reverse<(Timestamp, u64, SimulationEvent)>>,
    /// Events planned so far.
    planned: u64,
    /// Leads that are held.
    holds: BTreeSet<usize>,
    /// Days by number, counted from the epoch.
    days: BTreeMap<i64, DayReport>,
    end: Timestamp,
    report: SimulationReport,
    touch_minutes: Vec<i64>,
    hold_minutes: Vec<i64>,
}

impl SimulatedWorld<'_> {
    fn live(&mut self, progress: &mut dyn FnMut(usize)) {
        let arrivals = self.arrivals;
        for (index, arrival) in arrivals.iter().enumerate() {
            self.pass_until(arrival.at);
            add_one(&mut self.report.leads);
            add_one(&mut self.day_of(index).arrived);
            self.decide(index, arrival.at);
            progress(index.saturating_add(1));
        }
        self.note_open_leads();
        self.pass_until(Timestamp::from_ms(i64::MAX));
    }

    /// Everything that happens before `until`, in the order of its times.
    fn pass_until(&mut self, until: Timestamp) {
        while let Some(Reverse((at, ..))) = self.events.peek() {
            if *at > until {
                break;
            }
            let Some(Reverse((at, _, event))) = self.events.pop() else { break };
            match event {
                SimulationEvent::Decide(lead) => self.decide(lead, at),
                SimulationEvent::Touch { lead, rep, touch } => self.touch(lead, &rep, touch, at),
                SimulationEvent::Close { rep, tier } => self.in_pools_of(&rep, |pool| pool.closed(&rep, &tier)),
            }
        }
    }

    fn schedule(&mut self, at: Timestamp, event: SimulationEvent) {
        // Events of one time happen in the order in which they were planned.
        self.planned = self.planned.saturating_add(1);
        self.events.push(Reverse((at, self.planned, event)));
    }

    fn in_pools_of(&mut self, rep: &RepId, change: impl Fn(&mut PreparedPool)) {
        for name in self.homes.get(rep).into_iter().flatten() {
            self.pools.get_mut(name).into_iter().for_each(&change);
        }
    }

    fn decide(&mut self, lead: usize, now: Timestamp) {
        let Some(arrival) = self.arrivals.get(lead) else { return };
        let Ok(lead_id) = LeadId::new(&format!("simulated-{lead}")) else { return };
        let plan = plan(self.rubric, &arrival.prospect.facts, now);
        let view = AccountContext { owner: arrival.prospect.owner.clone(), ..AccountContext::default() };
        let seed = u64::try_from(lead).unwrap_or(0).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let context = RoutingContext { lead_id, exclude: Vec::new(), now, seed };
        let (decision, asked) =
            decide(DecisionInputs::first(&plan, &view, &context), &self.pools, RecordDetail::Outcome);
        match (decision.outcome, decision.assignment) {
            (Outcome::Assigned, Some(assignment)) => {
                count(&mut self.pools, &plan, &context, &asked);
                if asked.last().is_some_and(|last| matches!(last.attempt.kind, PickKind::Rotation | PickKind::AnyShift))
                {
                    self.note_gap(&assignment.team);
                }
                self.assigned(lead, &assignment, now);
            }
            (Outcome::Rejected, _) => add_one(&mut self.report.rejected),
            _ => self.held(lead, decision.retry_at.filter(|at| *at > now && *at <= self.end)),
        }
    }

    fn held(&mut self, lead: usize, retry_at: Option<Timestamp>) {
        if self.holds.insert(lead) {
            add_one(&mut self.report.held);
            add_one(&mut self.day_of(lead).held);
        }
        match retry_at {
            Some(at) => self.schedule(at, SimulationEvent::Decide(lead)),
            None => add_one(&mut self.report.still_held),
        }
    }

    fn assigned(&mut self, lead: usize, assignment: &Assignment, now: Timestamp) {
        let Some(arrival) = self.arrivals.get(lead) else { return };
        let rep = &assignment.rep_id;
        add_one(&mut self.report.assigned);
        self.report.teams.get_mut(&assignment.team).into_iter().for_each(|team| add_one(&mut team.got));
        if self.holds.remove(&lead) {
            self.hold_minutes.push(now.ms_since(arrival.at) / MINUTE_MS);
        }
        let touched_at = self.workers.get_mut(rep).and_then(|worker| worker.touches_at(now, arrival.luck));
        let (at, touch) = match touched_at {
            Some(at) if at <= assignment.due_at => (at, TouchState::InTime),
            Some(at) => (at, TouchState::Late),
            None => (assignment.due_at, TouchState::Never),
        };
        self.schedule(at, SimulationEvent::Touch { lead, rep: rep.clone(), touch });
        let close_at = at.plus_ms(arrival.luck.open_ms);
        self.schedule(close_at, SimulationEvent::Close { rep: rep.clone(), tier: assignment.tier.clone() });
        if let Some(place) = self.report.by_lead.get_mut(lead) {
            *place = Some(rep.clone());
        }
        let open = self.open_leads(rep);
        if let Some(line) = self.report.reps.get_mut(rep) {
            add_one(&mut line.got);
            line.open_max = line.open_max.max(open);
        }
    }

    fn touch(&mut self, lead: usize, rep: &RepId, touch: TouchState, at: Timestamp) {
        let event = if touch == TouchState::InTime { TouchEvent::InTime } else { TouchEvent::Missed };
        self.in_pools_of(rep, |pool| pool.touched(rep, event));
        let Some(arrival) = self.arrivals.get(lead) else { return };
        if touch != TouchState::Never {
            self.touch_minutes.push(at.ms_since(arrival.at) / MINUTE_MS);
        }
        let is_in_time = touch == TouchState::InTime;
        let count = |in_time: &mut u32, late: &mut u32| {
            add_one(if is_in_time { in_time } else { late });
        };
        count(&mut self.report.in_time, &mut self.report.late);
        if let Some(line) = self.report.reps.get_mut(rep) {
            count(&mut line.in_time, &mut line.late);
        }
        let day = self.day_of(lead);
        count(&mut day.in_time, &mut day.late);
    }

    fn open_leads(&self, rep: &RepId) -> u32 {
        self.pools
            .iter()
            .filter_map(|(_, pool)| pool.states().get(rep))
            .map(|state| state.open_leads)
            .max()
            .unwrap_or(0)
    }

    /// Notes the largest gap of a team after a turn.
    fn note_gap(&mut self, team: &TeamId) {
        let name = self.pools.index().pool(team);
        let Some(pool) = self.pools.get(&name) else { return };
        let seats = pool.states().values().filter_map(|state| state.seats.get(team));
        let gap = seats.map(|seat| seat.balance_units.saturating_abs()).max().unwrap_or(0);
        if let Some(line) = self.report.teams.get_mut(team) {
            line.gap_max_units = line.gap_max_units.max(gap);
        }
    }

    fn note_open_leads(&mut self) {
        let ids: Vec<RepId> = self.report.reps.keys().cloned().collect();
        for rep in ids {
            let open = self.open_leads(&rep);
            if let Some(line) = self.report.reps.get_mut(&rep) {
                line.open_end = open;
            }
        }
    }

    /// The day on which a lead arrived.
    fn day_of(&mut self, lead: usize) -> &mut DayReport {
        let at_ms = self.arrivals.get(lead).map_or(0, |arrival| arrival.at.as_ms());
        self.days.entry(at_ms.div_euclid(DAY_MS)).or_insert_with(|| DayReport {
            date: Timestamp::from_ms(at_ms).to_string().chars().take(10).collect(),
            ..DayReport::default()
        })
    }

    fn finish(mut self) -> SimulationReport {
        for (_, pool) in self.pools.iter() {
            for (rep, state) in pool.states() {
                let Some(line) = self.report.reps.get_mut(rep) else { continue };
                for seat in state.seats.values() {
                    line.by_turn = line.by_turn.saturating_add(seat.got);
                    line.due_units = line.due_units.saturating_add(seat.due_units);
                }
            }
        }
        self.report.first_touch = Spread::of(self.touch_minutes);
        self.report.hold = Spread::of(self.hold_minutes);
        self.report.days = self.days.into_values().collect();
        self.report
    }
}

const fn add_one(count: &mut u32) {
    *count = count.saturating_add(1);
}

/// Names of the pools in which a rep is known.
fn homes(teams: &[Team]) -> BTreeMap<RepId, BTreeSet<String>> {
    let mut homes: BTreeMap<RepId, BTreeSet<String>> = BTreeMap::new();
    for team in teams {
        for rep in team.members.iter().map(|member| &member.rep_id).chain(&team.manager_rep_id) {
            homes.entry(rep.clone()).or_default().insert(pool_of(team));
        }
    }
    homes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::random::Random;
    use crate::analysis::simulate::arrivals::arrivals;
    use crate::analysis::simulate::generate::prospect;
    use crate::analysis::simulate::report::bound_units;
    use lead_router_core::rubric;
    use serde_json::json;

    fn rubric() -> Rubric {
        let text = json!({
            "name": "desk", "groups": {"points": {}},
            "criteria": [{"id": "demo", "group": "points", "when": {"fact": "lead.form", "equals": "demo"}, "points": 10}],
            "tiers": [{"id": "A", "at_least": 10, "sla_minutes": 60}, {"id": "B", "sla_minutes": 480}],
            "fallback": {"team": "desk"},
        });
        rubric::load(&text.to_string()).unwrap()
    }

    fn roster(reps: serde_json::Value) -> (Vec<Team>, Vec<Rep>) {
        let reps: Vec<Rep> = serde_json::from_value(reps).unwrap();
        let members: Vec<_> = reps.iter().map(|rep| json!({"rep_id": rep.id})).collect();
        (serde_json::from_value(json!([{"id": "desk", "members": members}])).unwrap(), reps)
    }

    fn leads(days: u32, per_day: f64) -> Vec<Arrival> {
        let start = "2026-11-16T00:00:00Z".parse().unwrap();
        let (mut facts, mut luck) = (Random::new(1, "facts"), Random::new(1, "luck"));
        let timestamps = arrivals(start, days, per_day, &mut Random::new(1, "arrivals"));
        let lead = |at| Arrival { at, prospect: prospect(at, &[], &mut facts), luck: Luck::draw(&mut luck) };
        timestamps.into_iter().map(lead).collect()
    }

    fn simulated(reps: serde_json::Value, leads: &[Arrival]) -> SimulationReport {
        let (teams, reps) = roster(reps);
        run(&rubric(), &teams, &reps, leads, &mut |_| {})
    }

    #[test]
    fn every_lead_is_accounted_for_and_the_bound_holds() {
        let week = ["mon", "tue", "wed", "thu", "fri"];
        let hours = |zone: &str| json!({"time_zone": zone, "hours": [{"days": week, "from": "09:00", "to": "17:00"}]});
        let mut reps =
            json!([hours("Europe/Berlin"), hours("America/New_York"), hours("Asia/Tokyo"), hours("Europe/London")]);
        for (rep, id) in reps.as_array_mut().unwrap().iter_mut().zip(["ada", "ben", "cleo", "dov"]) {
            rep["id"] = json!(id);
            rep["capacity"] = json!({"per_day": 12});
        }
        let leads = leads(14, 40.0);
        let report = simulated(reps, &leads);
        assert_eq!(report.leads as usize, leads.len());
        assert_eq!(report.assigned + report.rejected + report.still_held, report.leads);
        assert_eq!(report.in_time + report.late, report.assigned);
        assert_eq!(report.reps.values().map(|rep| rep.got).sum::<u32>(), report.assigned);
        assert_eq!(report.days.iter().map(|day| day.arrived).sum::<u32>(), report.leads);
        let team = &report.teams[&TeamId::new("desk").unwrap()];
        assert!(team.holds() && team.gap_max_units > 0, "{team:?}");
        assert_eq!(team.bound_units, bound_units(4));
    }

    #[test]
    fn the_same_seed_gives_the_same_report() {
        let reps = json!([{"id": "ada"}, {"id": "ben"}]);
        let leads = leads(7, 20.0);
        assert_eq!(simulated(reps.clone(), &leads), simulated(reps, &leads));
    }

    #[test]
    fn a_rep_who_ignores_leads_is_found_out_and_a_second_pair_of_hands_helps() {
        let leads = leads(14, 60.0);
        let alone = simulated(json!([{"id": "ada"}]), &leads);
        let two = simulated(json!([{"id": "ada"}, {"id": "ben"}]), &leads);
        assert!(two.first_touch.p90_minutes < alone.first_touch.p90_minutes, "{two:?} {alone:?}");
        let idle = simulated(json!([{"id": "ada"}, {"id": "idle", "recent": {"worked_in_time": 0, "of": 30}}]), &leads);
        let share = f64::from(idle.reps[&RepId::new("idle").unwrap()].got) / f64::from(idle.assigned);
        assert!(share < 0.05, "{share}");
    }

    #[test]
    fn leads_that_nobody_can_take_are_held_until_somebody_can() {
        let leave = json!([{"from": "2026-11-16", "until": "2026-11-17"}]);
        let report = simulated(json!([{"id": "ada", "leave": leave}]), &leads(4, 20.0));
        assert!(report.held > 0 && report.still_held == 0, "{report:?}");
        assert!(report.hold.max_minutes > 1_440 && report.hold.max_minutes <= 2 * 1_440, "{:?}", report.hold);
        let gone = simulated(json!([{"id": "ada", "active": false}]), &leads(4, 20.0));
        assert_eq!((gone.assigned, gone.still_held), (0, gone.leads));
    }
}
