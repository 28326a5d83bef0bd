//! The whole decision in one call, on pools in memory.
//!
//! The service spreads the same steps over objects; replay, simulation, backtests and benches run them here. Nothing is
//! counted by deciding: [`count`] does that.

use crate::decision::attempts::{AccountContext, CandidateQuery, RoutingContext, candidate_queries};
use crate::decision::conclude::conclude;
use crate::decision::index::RosterIndex;
use crate::decision::plan::Plan;
use crate::decision::pools::Pools;
use crate::decision::record::{Decision, DecisionInputs, EnrichmentSummary, Mode, QueryResult};
use crate::id::RepId;
use crate::roster::model::{Pick, PickKind, PickOutcome, PickRequest, States};
use crate::roster::prepared::PreparedPool;
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// What a decision is made from, besides the pools.
#[derive(Debug, Clone)]
pub struct DecideInputs<'a> {
    /// What the rubric says.
    pub plan: &'a Plan,
    /// What the account is known to be.
    pub view: &'a AccountContext,
    /// The lead, the time and the seed.
    pub context: &'a RoutingContext,
    /// What enrichment did.
    pub enrichment: EnrichmentSummary,
    /// What is done with the decision.
    pub mode: Mode,
    /// Number of the decision about this lead, from 1.
    pub decision_no: u32,
    /// When the lead arrived.
    pub received_at: Timestamp,
}

impl<'a> DecideInputs<'a> {
    /// The first decision about a lead that arrives now, without enrichment.
    #[must_use]
    pub fn first(plan: &'a Plan, view: &'a AccountContext, context: &'a RoutingContext) -> Self {
        Self {
            plan,
            view,
            context,
            enrichment: EnrichmentSummary::default(),
            mode: Mode::default(),
            decision_no: 1,
            received_at: context.now,
        }
    }
}

/// How much of the answers is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordDetail {
    /// Every candidate, and the states before the answer: enough for a record.
    Record,
    /// Who, and nothing about the others: enough for the assignment.
    Outcome,
}

/// Makes a decision and says who was asked, in order. Changes nothing.
#[must_use]
pub fn decide(inputs: DecideInputs<'_>, pools: &Pools, detail: RecordDetail) -> (Decision, Vec<QueryResult>) {
    let index = pools.index();
    let asked = ask(inputs.plan, inputs.view, index, inputs.context, |attempt, request| {
        answer(pools.get(&attempt.pool), attempt, request, detail)
    });
    (concluded(inputs, index, &asked), asked)
}

/// The decision that these answers lead to.
#[must_use]
pub fn concluded(inputs: DecideInputs<'_>, index: &RosterIndex, asked: &[QueryResult]) -> Decision {
    let DecideInputs { plan, view, context, enrichment, mode, decision_no, received_at } = inputs;
    conclude(DecisionInputs { plan, view, index, context, asked, enrichment, mode, decision_no, received_at })
}

/// Asks team after team until one names a rep; empty when the plan rejects the lead.
pub fn ask(
    plan: &Plan,
    view: &AccountContext,
    index: &RosterIndex,
    context: &RoutingContext,
    mut answer: impl FnMut(CandidateQuery, &PickRequest) -> QueryResult,
) -> Vec<QueryResult> {
    let mut asked = Vec::new();
    for attempt in candidate_queries(plan, view, index, &context.exclude) {
        let request = attempt.request(plan, context);
        asked.push(answer(attempt, &request));
        if asked.last().is_some_and(|last| is_picked(&last.pick)) {
            break;
        }
    }
    asked
}

/// Counts the answer that named a rep, if one did: open leads, the day, and the rotation.
pub fn count(pools: &mut Pools, plan: &Plan, context: &RoutingContext, asked: &[QueryResult]) {
    if let Some(last) = asked.last().filter(|last| is_picked(&last.pick))
        && let Some(pool) = pools.get_mut(&last.attempt.pool)
    {
        pool.apply(&last.attempt.request(plan, context), &last.pick);
    }
}

/// One pool's answer; nobody, when there is no such pool.
fn answer(
    pool: Option<&PreparedPool>,
    attempt: CandidateQuery,
    request: &PickRequest,
    detail: RecordDetail,
) -> QueryResult {
    let bare = |outcome| Pick { outcome, candidates: Vec::new(), omitted: 0 };
    let (pick, states) = match (pool, detail) {
        (None, _) => (bare(PickOutcome::Nobody { wake_at: None }), BTreeMap::new()),
        (Some(pool), RecordDetail::Outcome) => (bare(pool.decide(request)), BTreeMap::new()),
        (Some(pool), RecordDetail::Record) => (pool.pick(request), states_of(pool, request)),
    };
    QueryResult { attempt, request: None, pick, roster_version: String::new(), states }
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

const fn is_picked(pick: &Pick) -> bool {
    matches!(pick.outcome, PickOutcome::Picked { .. })
}
