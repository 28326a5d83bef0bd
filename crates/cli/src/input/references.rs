//! What rubric and roster say about each other: a name that only one of them knows does nothing.

use crate::input::roster_file::Roster;
use lead_router_core::error::Problem;
use lead_router_core::normalize::nearest;
use lead_router_core::rubric::Rubric;
use lead_router_core::rubric::model::Effect;
use std::collections::BTreeSet;

/// Names in the rubric that the roster does not know, and the other way round.
pub fn check(rubric: &Rubric, roster: &Roster) -> Vec<Problem> {
    let teams: BTreeSet<&str> = roster.teams.iter().map(|team| team.id.as_str()).collect();
    let reps: BTreeSet<&str> = roster.reps.iter().map(|rep| rep.id.as_str()).collect();
    let mut problems = Vec::new();
    let mut need = |path: String, code: &str, what: &str, id: &str, known: &BTreeSet<&str>| {
        if !known.contains(id) {
            problems.push(unknown(path, code, what, id, known));
        }
    };
    for (index, line) in rubric.overrides().iter().enumerate() {
        if let Effect::Place { team, rep, .. } = &line.effect {
            if let Some(team) = team {
                need(format!("overrides[{index}].team"), "unknown_team", "team", team.as_str(), &teams);
            }
            if let Some(rep) = rep {
                need(format!("overrides[{index}].rep"), "unknown_rep", "rep", rep.as_str(), &reps);
            }
        }
    }
    for (index, line) in rubric.routes().iter().enumerate() {
        need(format!("routes[{index}].team"), "unknown_team", "team", line.team.as_str(), &teams);
    }
    need("fallback.team".to_owned(), "unknown_team", "team", rubric.fallback_team().as_str(), &teams);
    let territories: BTreeSet<&str> = rubric.territories().iter().map(|territory| territory.id.as_str()).collect();
    let tiers: BTreeSet<&str> = rubric.tiers().map(|tier| tier.id().as_str()).collect();
    for rep in &roster.reps {
        for territory in &rep.territories {
            let path = format!("reps.{}.territories", rep.id);
            need(path, "unknown_territory", "territory", territory.as_str(), &territories);
        }
        for tier in rep.capacity.per_tier.keys() {
            need(format!("reps.{}.capacity.per_tier", rep.id), "unknown_tier", "tier", tier.as_str(), &tiers);
        }
    }
    problems
}

fn unknown(path: String, code: &str, what: &str, id: &str, known: &BTreeSet<&str>) -> Problem {
    let problem = Problem::new(path, code, format!("no {what} `{id}`"));
    match nearest(id, known.iter().copied()) {
        Some(name) => problem.with_help(format!("did you mean `{name}`?")),
        None => problem,
    }
}
