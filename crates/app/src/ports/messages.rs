//! What the Worker, the account shards, the Teams and the consumer say to each other.
//!
//! Objects and Workers of two versions talk during a deploy, so every added field has a default.

use crate::ports::CachedReading;
use lead_router_core::crm::snapshot::CrmSnapshot;
use lead_router_core::decision::attempts::{AccountContext, AccountOwner, CrmOwners, RoutingContext};
use lead_router_core::decision::plan::Plan;
use lead_router_core::decision::record::{Decision, EnrichmentSummary, Mode, QueryResult, Record};
use lead_router_core::enrichment::provider::Contact;
use lead_router_core::enrichment::waterfall::hedging::Hedge;
use lead_router_core::enrichment::waterfall::results::is_call;
use lead_router_core::facts::Facts;
use lead_router_core::id::{LeadId, ProviderId, RepId};
use lead_router_core::lead::Lead;
use lead_router_core::lead::key::{AccountHash, LeadKeys};
use lead_router_core::roster::model::{Pick, PickRequest, States};
use lead_router_core::rubric::file::{LimitFile, Prefer};
use lead_router_core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Reserves an idempotency key for a content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReserveKeyRequest {
    /// Keyed hash of the idempotency key.
    pub key_hash: String,
    /// Keyed hash of the content.
    pub fingerprint: String,
    /// The part of lead ids that stands for the person, so that the reservation goes when they are erased.
    pub person: String,
    /// Now.
    pub now: Timestamp,
}

/// Answer to [`ReserveKeyRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReserveKeyResponse {
    /// The key is this content's.
    Yours,
    /// The key was used for another content within the replay window.
    Conflict,
}

/// Accepts a lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenRequest {
    /// Hashes of account, person and submission.
    pub keys: LeadKeys,
    /// Hash of the content.
    pub fingerprint: String,
    /// The lead.
    pub lead: Lead,
    /// When it arrived.
    pub received_at: Timestamp,
}

/// Answer to [`OpenRequest`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenResponse {
    /// The lead is durable and has to be decided.
    Open {
        /// Its id.
        lead_id: LeadId,
        /// When it arrived first.
        received_at: Timestamp,
    },
    /// It was decided before: the first answer.
    Decided {
        /// The answer.
        decision: Box<Decision>,
    },
    /// The id belongs to another content.
    Conflict,
}

/// Decides a lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecideRequest {
    /// The lead, accepted now unless it was before.
    pub open: OpenRequest,
    /// What is known.
    pub facts: Facts,
    /// Owner of the account according to the directory or the CRM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<AccountOwner>,
    /// What the CRM says beside the owner, when one is connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm: Option<CrmOwners>,
    /// Keys of the employer's account, when enrichment moved the lead to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employer: Option<LeadKeys>,
    /// What the rubric says.
    pub plan: Plan,
    /// What enrichment did.
    pub enrichment: EnrichmentSummary,
    /// Version of the roster index.
    pub index_version: String,
    /// What is done with the decision.
    pub mode: Mode,
    /// Breaks ties.
    pub seed: u64,
    /// Now.
    pub now: Timestamp,
    /// What makes it be decided now.
    #[serde(default)]
    pub trigger: Trigger,
}

/// What makes a lead be decided now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// It arrives, for the first time or once more. A lead that was decided is answered with its first decision.
    #[default]
    Arrival,
    /// Its time has come: it was accepted and not decided, or it is held.
    Retry,
    /// A provider answered after the first decision, which may then be made once more.
    LateEnrichment {
        /// Whether team and rep are asked for as before, so that the rep keeps the lead under its new tier.
        keeps_rep: bool,
    },
    /// A rep gives the lead back, or it is reassigned: the decision is made once more without that rep.
    Reassignment {
        /// Number of the decision that is taken back: when there is a newer one, nothing happens.
        decision_no: u32,
        /// Who gets it, whatever the rotation says; `None` for whoever is next.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<RepId>,
    },
}

/// Says that a rep works a lead: a late answer does not move it any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TouchRequest {
    /// The lead.
    pub lead_id: LeadId,
    /// Number of the decision that gave it to the rep: when there is a newer one, nothing happens.
    pub decision_no: u32,
    /// When.
    pub at: Timestamp,
}

/// Answer to [`TouchRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TouchResponse {
    /// It is remembered.
    Yes,
    /// The lead was decided again since, or nobody has it.
    Stale,
}

/// Answer to [`DecideRequest`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecideResponse {
    /// The decision, of this call or of the first one.
    Decided {
        /// The answer.
        decision: Box<Decision>,
        /// Whether an earlier call made it.
        replay: bool,
    },
    /// The id belongs to another content.
    Conflict,
}

/// A decision that was not made: a dry run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explained {
    /// What the decision would be.
    pub decision: Decision,
    /// Who would be asked, in order, with every candidate.
    pub asked: Vec<QueryResult>,
}

/// Asks the account shard of an employer who gets the lead of a person who wrote from a private address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimRequest {
    /// Hashes of the employer's account, the person and the submission.
    pub keys: LeadKeys,
    /// The lead, under its own account shard's id.
    pub context: RoutingContext,
    /// Owner of the employer's account according to the directory or the CRM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<AccountOwner>,
    /// What the CRM says beside the owner, when one is connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm: Option<CrmOwners>,
    /// What the rubric says.
    pub plan: Plan,
    /// Version of the roster index.
    pub index_version: String,
}

/// Answer to [`ClaimRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimResponse {
    /// What the employer's account was known to be.
    pub view: AccountContext,
    /// Who was asked, in order.
    pub asked: Vec<QueryResult>,
}

/// Asks what was last read of the CRM about a person and their account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotRequest {
    /// The account.
    pub account: AccountHash,
    /// The person, as in [`LeadKeys::person`].
    pub person: String,
}

/// Something that was read of the CRM about a person and their account, for the account shard to remember.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreSnapshotRequest {
    /// The account.
    pub account: AccountHash,
    /// The person, as in [`LeadKeys::person`]; empty when only the account was read.
    pub person: String,
    /// What was read.
    pub read: CrmSnapshot,
}

/// A lead as it stands in its account shard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadStatus {
    /// Accepted, not decided.
    Open {
        /// What was accepted.
        open: Box<OpenRequest>,
    },
    /// Decided; a held lead is decided again later.
    Decided {
        /// Hash of the content.
        fingerprint: String,
        /// When it arrived.
        received_at: Timestamp,
        /// The record of the last decision.
        record: Box<Record>,
    },
}

/// Answer of a pool to a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PickResponse {
    /// The question as it was first put, when an earlier try put it differently: the answer is to that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<PickRequest>,
    /// Who, or nobody.
    pub pick: Pick,
    /// Version of the pool's teams and reps.
    pub roster_version: String,
    /// State of the reps in question before the pick.
    pub states: States,
}

/// Tells a pool to take back what it gave to a lead under another question than the one that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseRequest {
    /// The lead.
    pub lead_id: LeadId,
    /// The question that counts, when it was asked here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<PickRequest>,
}

/// What a pool stores about an answer: enough to take it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPick {
    /// The question.
    pub request: PickRequest,
    /// The answer.
    pub reply: PickResponse,
}

/// A question to a provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProviderLookupRequest {
    /// Cache key of the subject. Leads of one subject at one time are one call.
    pub subject: String,
    /// The provider.
    pub provider: ProviderId,
    /// What is known.
    pub facts: Facts,
    /// What the provider may be told about the person.
    pub contact: Contact,
    /// How long the lead waits, in milliseconds. The call goes on after that, and its answer is kept.
    pub wait_ms: u32,
    /// What the provider may be asked and may cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitFile>,
    /// Whether it may be asked twice because the answer takes long.
    #[serde(default)]
    pub prefer: Prefer,
    /// The lead that was decided without the answer, and may be placed again when it comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_id: Option<LeadId>,
}

/// What a question came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderLookupResponse {
    /// The answer, when there is one: also that the provider knows nothing.
    pub reading: Option<CachedReading>,
    /// `found`, `not_found`, or the code of what went wrong.
    pub result: String,
    /// Whether it was asked for another lead, and cost nothing here.
    #[serde(default)]
    pub shared: bool,
    /// Why the provider was sent a second request, when it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hedge: Option<Hedge>,
}

impl ProviderLookupResponse {
    /// No answer, for this reason.
    #[must_use]
    pub fn failed(code: &str) -> Self {
        Self { reading: None, result: code.to_owned(), shared: false, hedge: None }
    }

    /// Whether the provider was called for this lead.
    #[must_use]
    pub fn was_called(&self) -> bool {
        !self.shared && is_call(&self.result)
    }
}
