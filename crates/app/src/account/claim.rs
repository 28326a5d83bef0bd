//! Who gets a lead of an account of this account shard that lives in another one.

use crate::account::ask::query_pools;
use crate::account::context::{json, lead_id, view};
use crate::account::preview::Preview;
use crate::ports::messages::{ClaimRequest, ClaimResponse};
use crate::ports::{AccountStore, ClaimRow, PortResult, RepPools, Rosters, Unavailable};
use lead_router_core::decision::decide::CandidateSearch;
use lead_router_core::decision::record::QueryResult;

/// Decides who gets a lead of this account that lives in another account shard, and remembers it. The caller holds the
/// account's lock.
///
/// # Errors
/// [`Unavailable`] when the store or a pool fails. Nothing is remembered then, and asking again gives the same rep.
pub async fn claim(
    store: &impl AccountStore,
    pools: &impl RepPools,
    rosters: &impl Rosters,
    claim: &ClaimRequest,
) -> PortResult<ClaimResponse> {
    let id = lead_id(&claim.keys, 0)?;
    if let Some(claimed) = store.claim(&id)?.filter(|claimed| claimed.lead_id == claim.context.lead_id) {
        return serde_json::from_str(&claimed.body).map_err(|error| Unavailable::new("shard", error.to_string()));
    }
    let claimed = claimed(store, pools, rosters, claim).await?;
    if let Some(rep) = claimed.asked.last().and_then(QueryResult::picked) {
        store.put_claim(&ClaimRow {
            claim_id: id,
            lead_id: claim.context.lead_id.clone(),
            rep_id: rep.clone(),
            at: claim.context.now,
            body: json(&claimed)?,
        })?;
    }
    Ok(claimed)
}

/// What [`claim`] would answer; nothing is remembered, and pools are asked without effect.
///
/// # Errors
/// [`Unavailable`] when the store or a pool fails. Nothing is remembered then, and asking again gives the same rep.
pub async fn preview_claim(
    store: &impl AccountStore,
    pools: &impl RepPools,
    rosters: &impl Rosters,
    claim: &ClaimRequest,
) -> PortResult<ClaimResponse> {
    claimed(store, &Preview(pools), rosters, claim).await
}

async fn claimed(
    store: &impl AccountStore,
    pools: &impl RepPools,
    rosters: &impl Rosters,
    claim: &ClaimRequest,
) -> PortResult<ClaimResponse> {
    let index = rosters.index(&claim.index_version).await?;
    let mut view = view(store, &claim.keys, claim.owner.as_ref(), claim.context.now, None)?;
    view.crm.clone_from(&claim.crm);
    let asked = query_pools(pools, CandidateSearch::new(&claim.plan, &view, &index, &claim.context)).await?;
    Ok(ClaimResponse { view, asked })
}
