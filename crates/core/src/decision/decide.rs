//! The whole decision in one call, on pools in memory.
//!
//! The service spreads the same steps over objects; replay, simulation, backtests and benches run them here. Nothing is
//! counted by deciding: [`count`] does that.

use crate::decision::attempts::{AccountContext, CandidateQuery, RoutingContext, candidate_queries};
use crate::decision::conclude::conclude;
use crate::decision::index::RosterIndex;
use crate::decision::plan::Plan;
use crate::decision::pools::Pools;
use crate::decision::record::{Decision, DecisionInputs, QueryResult};
use crate::id::RepId;
use crate::roster::model::{Pick, PickKind, PickOutcome, PickRequest, States};
use crate::roster::prepared::PreparedPool;
use std::collections::BTreeMap;

/// How much of the answers is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordDetail {
    /// Every candidate, and the states before the answer: enough for a record.
    Record,
    /// Who, and nothing about the others: enough for the assignment.
    Outcome,
}

/// Makes a decision and says what the teams answered, in order. Changes nothing.
#[must_use]
pub fn decide(inputs: DecisionInputs<'_>, pools: &Pools, detail: RecordDetail) -> (Decision, Vec<QueryResult>) {
    let index = pools.index();
    let results = query_all(inputs.plan, inputs.view, index, inputs.context, |query, request| {
        answer(pools.get(&query.pool), query, request, detail)
    });
    (conclude(inputs, index, &results), results)
}

/// Asks team after team until one names a rep; empty when the plan rejects the lead.
pub fn query_all(
    plan: &Plan,
    view: &AccountContext,
    index: &RosterIndex,
    context: &RoutingContext,
    mut answer: impl FnMut(CandidateQuery, &PickRequest) -> QueryResult,
) -> Vec<QueryResult> {
    let mut search = CandidateSearch::new(plan, view, index, context);
    while let Some((query, request)) = search.next_query() {
        search.add(answer(query, &request));
    }
    search.into_results()
}

/// Asks team after team until one names a rep. The caller carries the questions to the teams, in memory or over a network.
#[derive(Debug)]
pub struct CandidateSearch<'a> {
    plan: &'a Plan,
    context: &'a RoutingContext,
    queries: std::vec::IntoIter<CandidateQuery>,
    results: Vec<QueryResult>,
}

impl<'a> CandidateSearch<'a> {
    /// The search for a lead; it has no question when the plan rejects the lead.
    #[must_use]
    pub fn new(plan: &'a Plan, view: &AccountContext, index: &RosterIndex, context: &'a RoutingContext) -> Self {
        let queries = candidate_queries(plan, view, index, &context.exclude).into_iter();
        Self { plan, context, queries, results: Vec::new() }
    }

    /// The pools that may be asked from here on.
    pub fn pools(&self) -> impl Iterator<Item = &str> {
        self.queries.as_slice().iter().map(|query| query.pool.as_str())
    }

    /// The next question, with the request that goes to its pool; `None` when a rep is named, or no team is left.
    pub fn next_query(&mut self) -> Option<(CandidateQuery, PickRequest)> {
        if self.results.last().is_some_and(|last| last.picked().is_some()) {
            return None;
        }
        let query = self.queries.next()?;
        let request = query.request(self.plan, self.context);
        Some((query, request))
    }

    /// Takes the answer to the last question.
    pub fn add(&mut self, result: QueryResult) {
        self.results.push(result);
    }

    /// What was answered, in order; the last one may have named a rep.
    #[must_use]
    pub fn into_results(self) -> Vec<QueryResult> {
        self.results
    }
}

/// Counts the answer that named a rep, if one did: open leads, the day, and the rotation.
pub fn count(pools: &mut Pools, plan: &Plan, context: &RoutingContext, results: &[QueryResult]) {
    if let Some(last) = results.last().filter(|last| last.picked().is_some())
        && let Some(pool) = pools.get_mut(&last.attempt.pool)
    {
        pool.apply(&last.attempt.request(plan, context), &last.pick);
    }
}

/// One pool's answer; nobody, when there is no such pool.
fn answer(
    pool: Option<&PreparedPool>,
    query: CandidateQuery,
    request: &PickRequest,
    detail: RecordDetail,
) -> QueryResult {
    let bare = |outcome| Pick { outcome, candidates: Vec::new(), omitted: 0 };
    let (pick, states) = match (pool, detail) {
        (None, _) => (bare(PickOutcome::Nobody { wake_at: None }), BTreeMap::new()),
        (Some(pool), RecordDetail::Outcome) => (bare(pool.decide(request)), BTreeMap::new()),
        (Some(pool), RecordDetail::Record) => (pool.pick(request), states_of(pool, request)),
    };
    QueryResult { attempt: query, request: None, pick, roster_version: String::new(), states }
}

/// States of the reps that a question is about.
#[must_use]
pub fn states_of(pool: &PreparedPool, request: &PickRequest) -> States {
    let team = pool.pool().teams.get(&request.team);
    let states = pool.states();
    let state = |rep: &RepId| states.get(rep).map(|state| (rep.clone(), state.clone()));
    match &request.kind {
        PickKind::Owner { rep_id, .. } | PickKind::Duplicate { rep_id } => state(rep_id).into_iter().collect(),
        PickKind::Manager => team.and_then(|team| team.manager_rep_id.as_ref()).and_then(state).into_iter().collect(),
        PickKind::Rotation | PickKind::AnyShift => {
            let members = team.into_iter().flat_map(|team| &team.members);
            members.filter_map(|member| state(&member.rep_id)).collect()
        }
    }
}
