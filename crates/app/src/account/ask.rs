//! Pools are asked who takes a lead, and release what does not count.

use crate::ports::messages::{PickResponse, ReleaseRequest};
use crate::ports::{PortResult, RepPools};
use lead_router_core::decision::attempts::{AccountContext, RoutingContext, candidate_queries};
use lead_router_core::decision::index::RosterIndex;
use lead_router_core::decision::plan::Plan;
use lead_router_core::decision::record::QueryResult;
use lead_router_core::id::RepId;
use lead_router_core::roster::model::PickOutcome;
use std::collections::BTreeSet;

/// Who was picked, if anybody.
pub(crate) fn picked(asked: &QueryResult) -> Option<&RepId> {
    match &asked.pick.outcome {
        PickOutcome::Picked { rep_id, .. } => Some(rep_id),
        PickOutcome::Nobody { .. } => None,
    }
}

/// Asks team after team until one names a rep.
pub(crate) async fn ask(
    teams: &impl RepPools,
    plan: &Plan,
    view: &AccountContext,
    index: &RosterIndex,
    context: &RoutingContext,
) -> PortResult<Vec<QueryResult>> {
    let mut asked = Vec::new();
    for attempt in candidate_queries(plan, view, index, &context.exclude) {
        let reply = teams.pick(&attempt.pool, &attempt.request(plan, context)).await?;
        let PickResponse { request, pick, roster_version, states } = reply;
        let done = matches!(pick.outcome, PickOutcome::Picked { .. });
        asked.push(QueryResult { attempt, request, pick, roster_version, states });
        if done {
            break;
        }
    }
    Ok(asked)
}

/// Has pools release what they gave to this lead before, but for the answer that counts.
pub(crate) async fn release(
    world: &impl RepPools,
    pools: BTreeSet<&str>,
    plan: &Plan,
    context: &RoutingContext,
    asked: &[QueryResult],
) -> PortResult<()> {
    let counts = asked.last().filter(|asked| picked(asked).is_some()).map(|asked| &asked.attempt);
    for pool in pools {
        let keep = counts.filter(|attempt| attempt.pool == pool).map(|attempt| attempt.request(plan, context));
        world.release(pool, &ReleaseRequest { lead_id: context.lead_id.clone(), keep }).await?;
    }
    Ok(())
}
