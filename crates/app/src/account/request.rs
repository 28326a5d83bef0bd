//! The request to decide a lead: made here, whatever the trigger.

use crate::ports::InForce;
use crate::ports::messages::{DecideRequest, OpenRequest, Trigger};
use lead_router_core::decision::attempts::{AccountOwner, CrmOwners};
use lead_router_core::decision::plan::Plan;
use lead_router_core::decision::record::{EnrichmentSummary, Mode};
use lead_router_core::facts::Facts;
use lead_router_core::lead::key::LeadKeys;
use lead_router_core::time::Timestamp;

/// What was found out about a lead before it is decided.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// Everything that is known.
    pub facts: Facts,
    /// Owner of the account according to the CRM, else the directory.
    pub owner: Option<AccountOwner>,
    /// What the CRM says beside the owner, when one is connected.
    pub crm: Option<CrmOwners>,
    /// Keys of the employer's account, when enrichment moved the lead to one.
    pub employer: Option<LeadKeys>,
    /// What enrichment did.
    pub enrichment: EnrichmentSummary,
}

/// The request to decide a lead at `now` under the configuration in force.
#[must_use]
pub fn decide_request(
    config: &InForce,
    open: OpenRequest,
    findings: Findings,
    plan: Plan,
    trigger: Trigger,
    (mode, now): (Mode, Timestamp),
) -> DecideRequest {
    let Findings { facts, owner, crm, employer, enrichment } = findings;
    DecideRequest {
        seed: seed(&open.keys),
        open,
        facts,
        owner,
        crm,
        employer,
        plan,
        enrichment,
        index_version: config.index_version.clone(),
        mode,
        now,
        trigger,
    }
}

/// Seed of the tie-breaks: a function of the submission, so that asking again breaks ties the same way.
fn seed(keys: &LeadKeys) -> u64 {
    keys.submission.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or(0)
}
