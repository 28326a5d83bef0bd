//! Random worlds: a team over days, with everything that happens to one. After every step the books are checked,
//! and a second, naive look at the winner.
#![expect(clippy::arithmetic_side_effects, reason = "an overflow fails the test")]

use crate::roster_support::{ask, at, rep_id, seats};
use jiff::tz::TimeZone;
use lead_router_core::id::{RepId, TierId};
use lead_router_core::roster::events::TouchEvent;
use lead_router_core::roster::model::{
    AfterAbsence, Leave, Member, Pick, PickKind, PickOutcome, PickRequest, Pool, Rep, RepState, RepStatus,
    Strategy as Way,
};
use lead_router_core::roster::pick::{apply, pick};
use lead_router_core::roster::prepared::PreparedPool;
use lead_router_core::roster::rotation::LEAD_UNITS;
use lead_router_core::time::Timestamp;
use proptest::prelude::*;
use serde_json::json;

const NAMES: [&str; 7] = ["ada", "ben", "cem", "dan", "eva", "fay", "gus"];
const ZONES: [&str; 3] = ["Europe/Berlin", "America/New_York", "Asia/Tokyo"];

#[derive(Debug, Clone)]
enum Step {
    Lead { language: Option<&'static str>, exclude: Option<usize>, kind: usize },
    Close { rep: usize },
    GiveBack { last: usize, whole: bool },
    Touch { rep: usize, in_time: bool },
    Presence { rep: usize, status: usize },
    Join { rep: usize, weight: u32 },
    Part { rep: usize },
    Away { rep: usize, hours: i64 },
    Later { minutes: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let rep = 0..NAMES.len();
    prop_oneof![
        12 => (prop::option::of(prop::sample::select(vec!["de", "en"])), prop::option::of(rep.clone()), 0_usize..8)
            .prop_map(|(language, exclude, kind)| Step::Lead { language, exclude, kind }),
        4 => rep.clone().prop_map(|rep| Step::Close { rep }),
        2 => (0_usize..6, any::<bool>()).prop_map(|(last, whole)| Step::GiveBack { last, whole }),
        2 => (rep.clone(), any::<bool>()).prop_map(|(rep, in_time)| Step::Touch { rep, in_time }),
        1 => (rep.clone(), 0_usize..3).prop_map(|(rep, status)| Step::Presence { rep, status }),
        1 => (rep.clone(), 0_u32..5).prop_map(|(rep, weight)| Step::Join { rep, weight }),
        1 => rep.clone().prop_map(|rep| Step::Part { rep }),
        1 => (rep, 1_i64..72).prop_map(|(rep, hours)| Step::Away { rep, hours }),
        4 => (1_i64..600).prop_map(|minutes| Step::Later { minutes }),
    ]
}

fn world(strategy: Way, after_absence: AfterAbsence) -> Pool {
    let reps: serde_json::Map<_, _> = NAMES
        .iter()
        .enumerate()
        .map(|(i, name)| {
            let days = ["mon", "tue", "wed", "thu", "fri"];
            let languages = [json!([]), json!(["de"]), json!(["en", "de"])][i % 3].clone();
            let hours = if i % 2 == 0 { json!([]) } else { json!([{"days": days, "from": "08:00", "to": "19:00"}]) };
            let capacity = [json!({}), json!({"open_leads": 6}), json!({"per_day": 4}), json!({"per_tier": {"A": 5}})][i % 4].clone();
            ((*name).to_owned(), json!({"id": name, "time_zone": ZONES[i % 3], "hours": hours, "languages": languages, "capacity": capacity}))
        })
        .collect();
    let members: Vec<_> = NAMES[..3].iter().map(|name| json!({"rep_id": name})).collect();
    let mut pool: Pool = serde_json::from_value(json!({
        "teams": {"team": {"id": "team", "members": members, "manager_rep_id": "gus"}}, "reps": reps, "states": {}}))
    .unwrap();
    let team = pool.teams.values_mut().next().unwrap();
    (team.strategy, team.after_absence) = (strategy, after_absence);
    pool
}

struct Run {
    prepared: PreparedPool,
    now: Timestamp,
    leads: u64,
    /// Rotation picks that were not given back.
    given: Vec<(PickRequest, Pick)>,
    returned: i64,
    /// Every rep who ever had a seat.
    steps: i64,
}

impl Run {
    fn take(&mut self, step: &Step) {
        self.steps += 1;
        let rep = |index: usize| rep_id(NAMES[index]);
        let tier = TierId::new("A").unwrap();
        match step {
            Step::Lead { language, exclude, kind } => self.lead(*language, *exclude, *kind),
            Step::Close { rep: index } => self.prepared.closed(&rep(*index), &tier),
            Step::Touch { rep: index, in_time } => {
                self.prepared.touched(&rep(*index), if *in_time { TouchEvent::InTime } else { TouchEvent::Missed });
            }
            Step::Presence { rep: index, status } => {
                self.prepared
                    .set_status(&rep(*index), [RepStatus::Online, RepStatus::Away, RepStatus::Offline][*status]);
            }
            Step::GiveBack { last, whole } => {
                if let Some(at) = self.given.len().checked_sub(last + 1) {
                    let (request, answer) = self.given.remove(at);
                    self.returned += 1;
                    if *whole {
                        self.prepared.release(&request, &answer)
                    } else {
                        self.prepared.refund(&request, &answer)
                    }
                }
            }
            Step::Join { rep: index, weight } => self.edit(|pool| {
                let members = &mut pool.teams.values_mut().next().unwrap().members;
                members.retain(|member| member.rep_id != rep(*index));
                members.push(Member { rep_id: rep(*index), weight: *weight });
            }),
            Step::Part { rep: index } => self.edit(|pool| {
                pool.teams.values_mut().next().unwrap().members.retain(|member| member.rep_id != rep(*index));
            }),
            Step::Away { rep: index, hours } => {
                let (from, until) = (self.now.to_string(), self.now.plus_minutes(hours * 60).to_string());
                self.edit(|pool| {
                    pool.reps.get_mut(&rep(*index)).unwrap().leave.push(Leave { from, until: Some(until) })
                });
            }
            Step::Later { minutes } => self.now = self.now.plus_minutes(*minutes),
        }
    }

    fn edit(&mut self, change: impl FnOnce(&mut Pool)) {
        let mut pool = std::mem::take(&mut self.prepared).into_pool();
        change(&mut pool);
        let (prepared, problems) = PreparedPool::new(pool);
        assert_eq!(problems, vec![]);
        self.prepared = prepared;
    }

    fn lead(&mut self, language: Option<&str>, exclude: Option<usize>, kind: usize) {
        self.leads += 1;
        let mut request = ask(self.leads, self.now);
        request.needs.language = language.map(str::to_owned);
        request.exclude = exclude.into_iter().map(|index| rep_id(NAMES[index])).collect();
        request.kind = match kind {
            0 => {
                PickKind::Owner { rep_id: rep_id(NAMES[usize::try_from(self.leads).unwrap() % 7]), respect_caps: true }
            }
            1 => PickKind::Manager,
            2 => PickKind::AnyShift,
            _ => PickKind::Rotation,
        };
        // The plain functions and the prepared pool agree, and a pool that went through JSON answers the same.
        let mut plain = self.prepared.pool().clone();
        let answer = self.prepared.pick(&request);
        assert_eq!(pick(&plain, &request), answer);
        let copy: Pool = serde_json::from_str(&serde_json::to_string(&plain).unwrap()).unwrap();
        assert_eq!(pick(&copy, &request), answer);
        check_winner(&plain, &request, &answer);
        apply(&mut plain, &request, &answer);
        if self.leads.is_multiple_of(2) {
            self.prepared.apply(&request, &answer);
        } else {
            assert_eq!(self.prepared.assign(&request), answer.outcome);
        }
        assert_eq!(self.prepared.pool(), &plain);
        if matches!(request.kind, PickKind::Rotation | PickKind::AnyShift)
            && matches!(answer.outcome, PickOutcome::Picked { .. })
        {
            self.given.push((request, answer));
        }
    }

    fn check_books(&self) {
        let all = seats(&self.prepared);
        assert_eq!(all.values().map(|seat| seat.balance_units).sum::<i64>(), 0, "balances sum to zero");
        let got: u64 = all.values().map(|seat| seat.got).sum();
        assert_eq!(got, u64::try_from(self.given.len()).unwrap(), "every pick that stands was paid for once");
        let bound = i64::try_from(NAMES.len()).unwrap() - 1 + self.returned;
        for seat in all.values() {
            assert_eq!(seat.balance_units, seat.due_units - i64::try_from(seat.got).unwrap() * LEAD_UNITS);
            assert!(seat.balance_units.abs() <= bound * LEAD_UNITS + self.steps * 7, "{all:?}");
            assert!(seat.make_up_credit_units >= 0);
        }
    }
}

/// What the winner must not be, looked up the long way.
fn check_winner(pool: &Pool, request: &PickRequest, answer: &Pick) {
    let PickOutcome::Picked { rep_id, due_at, .. } = &answer.outcome else { return };
    let rep = &pool.reps[rep_id];
    let fresh = RepState::of(rep).into();
    let state = pool.states.get(rep_id).unwrap_or(&fresh);
    assert!(rep.active && !is_away(rep, request.now), "{rep_id} is not here");
    assert!(*due_at > request.now);
    let listed = answer.candidates.iter().find(|candidate| candidate.rep_id == *rep_id).unwrap();
    assert_eq!(listed.excluded, None);
    if request.kind == PickKind::Manager {
        return;
    }
    let zone = TimeZone::get(&rep.time_zone).unwrap();
    let today = zone.to_datetime(request.now.to_jiff()).date().to_zoned(TimeZone::UTC).unwrap().timestamp().as_second()
        / 86_400;
    let given_today = if i64::from(state.day) == today { state.given_today } else { 0 };
    assert!(rep.capacity.open_leads.is_none_or(|cap| state.open_leads < cap));
    assert!(rep.capacity.per_day.is_none_or(|cap| given_today < cap));
    let of_tier = state.open_by_tier.get(&request.tier).copied().unwrap_or(0);
    assert!(rep.capacity.per_tier.get(&request.tier).is_none_or(|cap| of_tier < *cap));
    if matches!(request.kind, PickKind::Owner { .. }) {
        return;
    }
    let speaks = |language: &String| rep.languages.is_empty() || rep.languages.contains(language);
    assert!(request.needs.language.as_ref().is_none_or(speaks));
    assert!(!request.exclude.contains(rep_id));
    let team = &pool.teams[&request.team];
    assert!(team.members.iter().any(|member: &Member| member.rep_id == *rep_id && member.weight > 0));
}

fn is_away(rep: &Rep, now: Timestamp) -> bool {
    rep.leave.iter().any(|leave| at(&leave.from) <= now && leave.until.as_ref().is_none_or(|until| now < at(until)))
}

fn play(strategy: Way, after_absence: AfterAbsence, steps: &[Step]) {
    let (prepared, problems) = PreparedPool::new(world(strategy, after_absence));
    assert_eq!(problems, vec![]);
    let mut run = Run { prepared, now: at("2026-10-23T06:00:00Z"), leads: 0, given: Vec::new(), returned: 0, steps: 0 };
    for step in steps {
        run.take(step);
        run.check_books();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_team_over_days(
        strategy in prop::sample::select(vec![Way::FairAndAble, Way::RoundRobin, Way::Weighted, Way::LeastLoaded, Way::BestFit]),
        after_absence in prop::sample::select(vec![AfterAbsence::KeepPlace, AfterAbsence::CatchUp]),
        steps in prop::collection::vec(step(), 1..80),
    ) {
        play(strategy, after_absence, &steps);
    }

    /// Neither the order in which an operator wrote the team nor reps and teams that have nothing to do with it
    /// change an answer.
    #[test]
    fn order_and_strangers_change_nothing(order in Just(NAMES[..6].to_vec()).prop_shuffle(), leads in 1_u64..40, strategy in prop::sample::select(vec![Way::FairAndAble, Way::LeastLoaded])) {
        let plain = |names: &[&str], with_strangers: bool| {
            let mut pool = world(strategy, AfterAbsence::KeepPlace);
            let team = pool.teams.values_mut().next().unwrap();
            team.members = names.iter().map(|name| Member { rep_id: rep_id(name), weight: 1 }).collect();
            team.manager_rep_id = None;
            if with_strangers {
                let mut other = team.clone();
                other.id = lead_router_core::id::TeamId::new("other").unwrap();
                pool.teams.insert(other.id.clone(), other);
                let mut stranger = pool.reps.values().next().unwrap().clone();
                stranger.id = RepId::new("aaa").unwrap();
                pool.reps.insert(stranger.id.clone(), stranger);
            }
            PreparedPool::new(pool).0
        };
        let (mut one, mut other) = (plain(&NAMES[..6], false), plain(&order, true));
        for lead in 0..leads {
            let request = ask(lead, at("2026-10-23T06:00:00Z").plus_minutes(i64::try_from(lead * 45).unwrap()));
            let answer = one.pick(&request);
            prop_assert_eq!(&other.pick(&request), &answer);
            one.apply(&request, &answer);
            other.apply(&request, &answer);
        }
    }
}

/// Every small world of the whole pick: three reps, four leads, every choice of who had the lead before, and every
/// choice of one lead that is given back.
#[test]
fn no_small_world_breaks_the_books() {
    for weights in [[1, 1, 1], [3, 2, 1]] {
        let mut pool = world(Way::Weighted, AfterAbsence::KeepPlace);
        let team = pool.teams.values_mut().next().unwrap();
        team.members =
            NAMES.iter().zip(weights).map(|(name, weight)| Member { rep_id: rep_id(name), weight }).collect();
        pool.reps.values_mut().for_each(|rep| {
            (rep.hours, rep.capacity) = (Vec::new(), lead_router_core::roster::model::Capacity::default())
        });
        for pattern in 0..8_usize.pow(4) {
            let (mut prepared, _) = PreparedPool::new(pool.clone());
            let mut given = Vec::new();
            for lead in 0..4_u32 {
                let mut request = ask(u64::from(lead), at("2026-10-23T06:00:00Z"));
                let part = pattern / 8_usize.pow(lead) % 8;
                request.exclude = (0..3).filter(|rep| part & (1 << rep) > 0).map(|rep| rep_id(NAMES[rep])).collect();
                let answer = prepared.pick(&request);
                check_winner(prepared.pool(), &request, &answer);
                assert_eq!(matches!(answer.outcome, PickOutcome::Nobody { .. }), part == 7);
                prepared.apply(&request, &answer);
                given.push((request, answer));
            }
            for (request, answer) in &given {
                let gap = seats(&prepared).values().map(|seat| seat.balance_units.abs()).max().unwrap_or(0);
                assert!(gap <= 2 * LEAD_UNITS + 12);
                let before = prepared.states().clone();
                prepared.release(request, answer);
                assert_eq!(seats(&prepared).values().map(|seat| seat.balance_units).sum::<i64>(), 0);
                prepared.restore(before);
            }
        }
    }
}
