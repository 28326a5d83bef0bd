//! A whole roster, ready to be asked: every pool prepared, and the index over them.

use crate::decision::index::{RosterIndex, pool_of};
use crate::error::Problem;
use crate::id::RepId;
use crate::roster::check;
use crate::roster::model::{Pool, Rep, States, Team};
use crate::roster::prepared::PreparedPool;
use std::collections::{BTreeMap, BTreeSet};

/// The pools of a roster.
#[derive(Debug, Default)]
pub struct Pools {
    pools: BTreeMap<String, PreparedPool>,
    index: RosterIndex,
}

impl Pools {
    /// Splits a roster into its pools and prepares them. Problems say what is wrong with the roster as written; they
    /// stop nothing: who cannot be picked is excluded with a reason.
    #[must_use]
    pub fn new(teams: &[Team], reps: &[Rep]) -> (Self, Vec<Problem>) {
        Self::with_states(teams, reps, &BTreeMap::new())
    }

    /// As [`new`](Self::new), with the states that reps were in; a rep without one starts as the roster says.
    #[must_use]
    pub fn with_states(teams: &[Team], reps: &[Rep], states: &States) -> (Self, Vec<Problem>) {
        let mut problems = check::roster(teams, reps);
        problems.extend(shared(teams));
        let plain = split(teams, reps, states);
        let pools = plain.into_iter().map(|(name, pool)| (name, PreparedPool::new(pool).0)).collect();
        (Self { pools, index: RosterIndex::new(teams, reps) }, problems)
    }

    /// The roster at a glance.
    #[must_use]
    pub const fn index(&self) -> &RosterIndex {
        &self.index
    }

    /// The pool with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&PreparedPool> {
        self.pools.get(name)
    }

    /// The pool with this name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut PreparedPool> {
        self.pools.get_mut(name)
    }

    /// The pools by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &PreparedPool)> {
        self.pools.iter().map(|(name, pool)| (name.as_str(), pool))
    }

    /// The pools by name, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut PreparedPool)> {
        self.pools.iter_mut().map(|(name, pool)| (name.as_str(), pool))
    }
}

/// The pools of a roster by name: their teams, and every rep whom those name as a member or manager.
#[must_use]
pub fn split(teams: &[Team], reps: &[Rep], states: &States) -> BTreeMap<String, Pool> {
    let by_id: BTreeMap<&RepId, &Rep> = reps.iter().map(|rep| (&rep.id, rep)).collect();
    let mut pools: BTreeMap<String, Pool> = BTreeMap::new();
    for team in teams {
        let pool = pools.entry(pool_of(team)).or_default();
        for id in named(team) {
            pool.reps.extend(by_id.get(id).map(|rep| (id.clone(), (*rep).clone())));
            pool.states.extend(states.get(id).map(|state| (id.clone(), state.clone())));
        }
        pool.teams.insert(team.id.clone(), team.clone());
    }
    pools
}

/// Members of teams in different pools: two pools could both hand out the last place below a rep's cap.
#[must_use]
pub fn shared(teams: &[Team]) -> Vec<Problem> {
    let mut first: BTreeMap<&RepId, &Team> = BTreeMap::new();
    let mut problems = Vec::new();
    for team in teams {
        for member in team.members.iter().map(|member| &member.rep_id).collect::<BTreeSet<_>>() {
            let other = *first.entry(member).or_insert(team);
            if pool_of(other) != pool_of(team) {
                let message = format!("`{member}` is also a member of `{}`, which is in another pool", other.id);
                problems.push(
                    Problem::new(format!("teams.{}.members", team.id), "rep_in_two_pools", message)
                        .with_help("give both teams the same `pool`"),
                );
            }
        }
    }
    problems
}

fn named(team: &Team) -> impl Iterator<Item = &RepId> {
    team.members.iter().map(|member| &member.rep_id).chain(&team.manager_rep_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn roster(value: serde_json::Value) -> (Vec<Team>, Vec<Rep>) {
        (
            serde_json::from_value(value["teams"].clone()).unwrap(),
            serde_json::from_value(value["reps"].clone()).unwrap(),
        )
    }

    #[test]
    fn teams_of_one_pool_lie_together_with_members_and_managers() {
        let (teams, reps) = roster(json!({
            "teams": [
                {"id": "a", "pool": "x", "members": [{"rep_id": "ada"}]},
                {"id": "b", "pool": "x", "members": [{"rep_id": "ada"}], "manager_rep_id": "max"},
                {"id": "c", "members": [{"rep_id": "ben"}]},
            ],
            "reps": [{"id": "ada"}, {"id": "ben"}, {"id": "max"}, {"id": "nobody"}],
        }));
        let pools = split(&teams, &reps, &BTreeMap::new());
        let names: Vec<(&str, Vec<&str>)> =
            pools.iter().map(|(name, pool)| (name.as_str(), pool.reps.keys().map(RepId::as_str).collect())).collect();
        assert_eq!(names, vec![("c", vec!["ben"]), ("x", vec!["ada", "max"])]);
        assert_eq!(shared(&teams), vec![]);
    }

    #[test]
    fn a_member_of_two_pools_is_a_problem_and_a_manager_is_not() {
        let (teams, _) = roster(json!({
            "teams": [
                {"id": "a", "members": [{"rep_id": "ada"}], "manager_rep_id": "ben"},
                {"id": "b", "members": [{"rep_id": "ada"}, {"rep_id": "ben"}]},
            ],
            "reps": [],
        }));
        let found: Vec<String> =
            shared(&teams).into_iter().map(|problem| format!("{} {}", problem.path, problem.code)).collect();
        assert_eq!(found, vec!["teams.b.members rep_in_two_pools"]);
    }
}
