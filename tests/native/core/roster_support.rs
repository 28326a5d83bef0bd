//! Pools and questions for the roster tests, written the way an operator writes them.
#![expect(clippy::arithmetic_side_effects, reason = "an overflow fails the test")]

use lead_router_core::id::{LeadId, RepId, TeamId, TierId};
use lead_router_core::roster::model::{Needs, Pick, PickKind, PickOutcome, PickRequest, Pool, Seat};
use lead_router_core::roster::prepared::PreparedPool;
use lead_router_core::time::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A Tuesday, 10:00 in Berlin, 09:00 in London.
pub const TUESDAY: &str = "2026-06-09T08:00:00Z";

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn rep_id(id: &str) -> RepId {
    RepId::new(id).unwrap()
}

/// Team `team` with these settings, and these reps as its members unless the settings name others.
pub fn pool(settings: Value, reps: Value) -> Pool {
    let mut team = json!({"id": "team"});
    let names: Vec<Value> = reps.as_array().unwrap().iter().map(|rep| json!({"rep_id": rep["id"]})).collect();
    team["members"] = Value::Array(names);
    for (key, value) in settings.as_object().unwrap() {
        team[key] = value.clone();
    }
    let by_id: BTreeMap<String, Value> =
        reps.as_array().unwrap().iter().map(|rep| (rep["id"].as_str().unwrap().to_owned(), rep.clone())).collect();
    serde_json::from_value(json!({"teams": {"team": team}, "reps": by_id, "states": {}})).unwrap()
}

pub fn prepared(settings: Value, reps: Value) -> PreparedPool {
    let (pool, problems) = PreparedPool::new(pool(settings, reps));
    assert_eq!(problems, vec![]);
    pool
}

/// A question of the rotation for lead `lead` at a moment; five minutes, tier A.
pub fn ask(lead: u64, now: Timestamp) -> PickRequest {
    PickRequest {
        lead_id: LeadId::new(&format!("lead-{lead}")).unwrap(),
        team: TeamId::new("team").unwrap(),
        tier: TierId::new("A").unwrap(),
        sla_minutes: 5,
        needs: Needs::default(),
        kind: PickKind::Rotation,
        exclude: Vec::new(),
        now,
        seed: lead,
    }
}

/// One question on [`TUESDAY`].
pub fn question() -> PickRequest {
    ask(1, at(TUESDAY))
}

/// The same for the owner of an account.
pub fn owner(rep: &str, respect_caps: bool) -> PickRequest {
    PickRequest { kind: PickKind::Owner { rep_id: rep_id(rep), respect_caps }, ..question() }
}

pub fn winner(pick: &Pick) -> Option<&str> {
    picked(&pick.outcome)
}

pub fn picked(outcome: &PickOutcome) -> Option<&str> {
    match outcome {
        PickOutcome::Picked { rep_id, .. } => Some(rep_id.as_str()),
        PickOutcome::Nobody { .. } => None,
    }
}

pub fn due_at(pick: &Pick) -> String {
    match &pick.outcome {
        PickOutcome::Picked { due_at, .. } => due_at.to_string(),
        PickOutcome::Nobody { .. } => panic!("nobody was picked: {:?}", pick.candidates),
    }
}

/// Rep and reason code of everybody who was excluded.
pub fn excluded(pick: &Pick) -> Vec<(&str, &str)> {
    let all = pick.candidates.iter();
    all.filter_map(|c| Some((c.rep_id.as_str(), c.excluded.as_deref()?))).collect()
}

/// Hands out `leads` leads, one a minute from `from`, and counts them by rep.
pub fn hand_out(pool: &mut PreparedPool, leads: u64, from: Timestamp) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for lead in 0..leads {
        let outcome = pool.assign(&ask(lead, from.plus_minutes(i64::try_from(lead).unwrap())));
        *counts.entry(picked(&outcome).unwrap_or("nobody").to_owned()).or_insert(0) += 1;
    }
    counts
}

pub fn counts(expected: &[(&str, u64)]) -> BTreeMap<String, u64> {
    expected.iter().map(|(rep, count)| ((*rep).to_owned(), *count)).collect()
}

/// Every seat of team `team`, former members included.
pub fn seats(pool: &PreparedPool) -> BTreeMap<RepId, Seat> {
    let team = TeamId::new("team").unwrap();
    let states = pool.states().iter();
    states.filter_map(|(rep, state)| Some((rep.clone(), *state.seats.get(&team)?))).collect()
}
