//! The dry run: the whole decision for a lead as it would be made at a given moment, with nothing written.

use crate::account::ask::ask;
use crate::crm::lookup::{CrmContext, CrmLookup};
use crate::enrichment::EnrichmentRun;
use crate::intake::{IntakeWorld, Options};
use crate::ports::messages::{PickResponse, ReleaseRequest};
use crate::ports::{PortResult, RepPools, Unavailable};
use lead_router_core::decision::attempts::{AccountContext, RoutingContext};
use lead_router_core::decision::plan::plan;
use lead_router_core::decision::record::{Decision, DecisionInputs, QueryResult, conclude};
use lead_router_core::lead::Lead;
use lead_router_core::lead::key::LeadKeys;
use lead_router_core::roster::model::PickRequest;
use lead_router_core::time::Timestamp;
use serde::Serialize;

/// A decision that was not made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explained {
    /// What the decision would be. Owners that only the account shard knows are not looked up.
    pub decision: Decision,
    /// Who would be asked, in order, with every candidate.
    pub asked: Vec<QueryResult>,
}

/// Makes the decision for a lead at `now` without writing anything. Providers are asked as for a real lead.
///
/// # Errors
/// `Unavailable` when a Team or the configuration cannot be reached.
pub async fn explain<W: IntakeWorld + RepPools>(
    world: &W,
    lead: &Lead,
    now: Timestamp,
    options: Options<'_>,
) -> PortResult<Explained> {
    let config = world.current().await?;
    let submission = format!("content:{}", crate::intake::fingerprint(lead, options.person_key));
    let keys = LeadKeys::new(options.person_key, &lead.account_key(), lead.person_key(), &submission);
    let mut run = EnrichmentRun::start(world, &config, lead, options.person_key, now).await;
    let consulted = match CrmLookup::start(world, &config, lead, &keys).await {
        Some(crm) => crm.without_learning().finish().await,
        None => CrmContext::default(),
    };
    run.told(&consulted);
    let known = run.finish(None).await;
    let plan = plan(&config.rubric, &known.facts, now);
    let lead_id = keys.lead_id(0).ok_or_else(|| Unavailable::new("shard", "the hashes make no id"))?;
    let view = AccountContext { owner: known.owner, crm: consulted.view, ..AccountContext::default() };
    let context = RoutingContext { lead_id, exclude: Vec::new(), now, seed: crate::intake::seed(&keys) };
    let asked = ask(&Dry(world), &plan, &view, &config.index, &context).await?;
    let decision = conclude(DecisionInputs {
        plan: &plan,
        view: &view,
        index: &config.index,
        context: &context,
        asked: &asked,
        enrichment: known.summary,
        mode: options.mode,
        decision_no: 1,
        received_at: now,
    });
    Ok(Explained { decision, asked })
}

/// Teams that are asked without any effect.
struct Dry<'a, T>(&'a T);

impl<T: RepPools> RepPools for Dry<'_, T> {
    async fn pick(&self, pool: &str, request: &PickRequest) -> PortResult<PickResponse> {
        self.0.peek(pool, request).await
    }

    async fn release(&self, _pool: &str, _take_back: &ReleaseRequest) -> PortResult<()> {
        Ok(())
    }

    async fn peek(&self, pool: &str, request: &PickRequest) -> PortResult<PickResponse> {
        self.0.peek(pool, request).await
    }
}
