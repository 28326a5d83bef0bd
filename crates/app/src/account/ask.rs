//! Pools are asked who takes a lead, and release what does not count.

use crate::ports::messages::{PickResponse, ReleaseRequest};
use crate::ports::{PortResult, RepPools};
use lead_router_core::decision::attempts::RoutingContext;
use lead_router_core::decision::decide::CandidateSearch;
use lead_router_core::decision::plan::Plan;
use lead_router_core::decision::record::QueryResult;
use std::collections::BTreeSet;

/// Asks pool after pool until one names a rep.
pub(super) async fn query_pools(
    pools: &impl RepPools,
    mut search: CandidateSearch<'_>,
) -> PortResult<Vec<QueryResult>> {
    while let Some((query, request)) = search.next_query() {
        let PickResponse { request, pick, roster_version, states } = pools.pick(&query.pool, &request).await?;
        search.add(QueryResult { attempt: query, request, pick, roster_version, states });
    }
    Ok(search.into_results())
}

/// Has pools release what they gave to this lead before, but for the answer that counts.
pub(crate) async fn release(
    world: &impl RepPools,
    pools: BTreeSet<&str>,
    plan: &Plan,
    context: &RoutingContext,
    asked: &[QueryResult],
) -> PortResult<()> {
    let counts = asked.last().filter(|last| last.picked().is_some()).map(|last| &last.attempt);
    for pool in pools {
        let keep = counts.filter(|attempt| attempt.pool == pool).map(|attempt| attempt.request(plan, context));
        world.release(pool, &ReleaseRequest { lead_id: context.lead_id.clone(), keep }).await?;
    }
    Ok(())
}
