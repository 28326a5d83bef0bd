//! A provider answers after the lead had to be decided without it.

use crate::account::decide::may_be_placed_again;
use crate::account::request::{Findings, decide_request};
use crate::intake::{IntakeWorld, Options, employer};
use crate::ports::messages::{DecideResponse, LeadStatus, OpenRequest, Trigger};
use crate::ports::{CachedReading, PortResult};
use lead_router_core::decision::attempts::AccountOwner;
use lead_router_core::decision::plan::{Plan, plan};
use lead_router_core::decision::record::{Decision, EnrichmentSummary, LATE_ANSWER, ProviderCall, Record};
use lead_router_core::directory::DIRECTORY;
use lead_router_core::enrichment::provider::merge::Facted;
use lead_router_core::enrichment::provider::merge_readings;
use lead_router_core::enrichment::waterfall::results::FOUND;
use lead_router_core::facts::{Fact, Facts, Field};
use lead_router_core::id::LeadId;

/// Places a lead again when a late answer changes tier, team, or what the rep must bring; at most once, and not when the
/// first decision is older than [`LATE_MS_MAX`](crate::account::decide::LATE_MS_MAX). When only the tier changes, the rep keeps the
/// lead. A lead that a rep has is not taken away because it turns out to be none for sales: that is the rep's to say.
///
/// Returns the new decision, or `None` when the first one stands.
///
/// # Errors
/// `Unavailable` when an object or the configuration cannot be reached; the first decision stands until this is called
/// again.
pub async fn apply_late_enrichment<W: IntakeWorld>(
    world: &W,
    lead_id: &LeadId,
    reading: &CachedReading,
    options: Options<'_>,
) -> PortResult<Option<Decision>> {
    let Some(LeadStatus::Decided { fingerprint, received_at, record }) = world.lead(lead_id).await? else {
        return Ok(None);
    };
    let now = world.now();
    // The account shard of an employer has answered for this lead, and answers once.
    let is_claimed = record.lead.company_domain().is_none() && record.facts.text(Field::CompanyDomain).is_some();
    if is_claimed || !may_be_placed_again(&record, now) {
        return Ok(None);
    }
    let config = world.current().await?;
    let known = record.known_facts();
    let said = merge_readings(&known, &[facted(reading)]);
    let (facts, owner) = with_directory(world, &record, said).await?;
    let before = plan(&config.rubric, &known, now);
    let plan = plan(&config.rubric, &facts, now);
    let keeps_rep = placement(&plan) == placement(&before) && owner == record.view.owner;
    let is_same = keeps_rep && plan.score.tier == before.score.tier;
    if is_same || plan.rejected.is_some() {
        return Ok(None);
    }
    let Record { keys, lead, decision, view, .. } = *record;
    let ms = u32::try_from(now.ms_since(decision.decided_at)).unwrap_or(0);
    let provider = reading.facts.values().next().map(|fact| fact.provider.to_string()).unwrap_or_default();
    let enrichment = EnrichmentSummary {
        stopped: LATE_ANSWER.to_owned(),
        calls: vec![ProviderCall {
            provider,
            result: FOUND.to_owned(),
            ms: decision.enrichment.ms.saturating_add(ms),
            hedge: None,
        }],
        ..EnrichmentSummary::default()
    };
    let open = OpenRequest { keys, fingerprint, lead, received_at };
    let shard = open.keys.account.shard();
    let findings =
        Findings { employer: employer(&open, &facts, options.person_key), facts, owner, crm: view.crm, enrichment };
    let trigger = Trigger::LateEnrichment { keeps_rep };
    let request = decide_request(&config, open, findings, plan, trigger, (decision.mode, now));
    match world.decide(&shard, &request).await? {
        DecideResponse::Decided { decision, replay: false } => Ok(Some(*decision)),
        DecideResponse::Decided { .. } | DecideResponse::Conflict => Ok(None),
    }
}

/// What places a lead, besides its tier.
fn placement(plan: &Plan) -> impl PartialEq {
    (plan.team.clone(), plan.rep.clone(), plan.ignore_account_owner, plan.needs.clone())
}

fn facted(reading: &CachedReading) -> Facted {
    let fact = |(path, fact): (&String, &Fact)| Field::from_path(path).map(|field| (field, fact.clone()));
    reading.facts.iter().filter_map(fact).collect()
}

/// What the directory adds when the answer names a company that was not known: above all, who owns the account.
async fn with_directory<W: IntakeWorld>(
    world: &W,
    record: &Record,
    facts: Facts,
) -> PortResult<(Facts, Option<AccountOwner>)> {
    let domain = facts.text(Field::CompanyDomain);
    if domain == record.facts.text(Field::CompanyDomain) {
        return Ok((facts, record.view.owner.clone()));
    }
    let Some(row) = world.find(domain, None).await? else {
        return Ok((facts, record.view.owner.clone()));
    };
    let owner = row.owner_rep_id.clone().map(|rep_id| AccountOwner { rep_id, source: DIRECTORY.to_owned() });
    let facts = merge_readings(&facts, &[row.facts(world.now())]);
    Ok((facts, owner.or_else(|| record.view.owner.clone())))
}
