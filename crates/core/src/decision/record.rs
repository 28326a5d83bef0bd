//! The decision: what is answered to the sender, written to the CRM and kept on record.

use crate::decision::attempts::{AccountContext, CandidateQuery, RoutingContext};
use crate::decision::plan::{Plan, Reason};
use crate::enrichment::waterfall::hedging::Hedge;
use crate::facts::Facts;
use crate::id::{LeadId, RepId, TeamId, TierId};
use crate::lead::Lead;
use crate::lead::key::LeadKeys;
use crate::roster::model::{Pick, PickOutcome, PickRequest, States};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How a decision ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A rep has the lead.
    Assigned,
    /// Nobody could take it; it is asked for again by itself.
    Held,
    /// Not for sales.
    Rejected,
}

/// What is done with a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It is written to the CRM and the rep is told.
    #[default]
    Live,
    /// It is recorded; nothing outside is written.
    Shadow,
}

/// The answer for one lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Decision {
    /// The lead.
    pub lead_id: LeadId,
    /// Lead id and number of the decision about it.
    pub decision_id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The earlier lead of the same person.
    pub duplicate_of: Option<LeadId>,
    /// Who has it; `None` unless assigned.
    pub assignment: Option<Assignment>,
    /// Why, the most telling line first.
    pub reasons: Vec<Reason>,
    /// When a held lead is asked for again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// What enrichment did.
    pub enrichment: EnrichmentSummary,
    /// What is done with the decision.
    pub mode: Mode,
    /// Version of the rubric.
    pub rubric_version: String,
    /// When the decision was made.
    pub decided_at: Timestamp,
    /// Time from the arrival of the lead to the decision, in milliseconds.
    pub ms: u32,
}

impl Decision {
    /// Who has the lead; `None` unless assigned.
    #[must_use]
    pub fn rep_id(&self) -> Option<RepId> {
        self.assignment.as_ref().map(|assignment| assignment.rep_id.clone())
    }

    /// This decision as one that another takes back; `None` unless assigned.
    #[must_use]
    pub fn replaced(&self) -> Option<Replaced> {
        self.rep_id().map(|rep_id| Replaced { rep_id, decided_at: self.decided_at })
    }
}

/// Who has a lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Assignment {
    /// The rep.
    pub rep_id: RepId,
    /// The rep's name.
    pub rep_name: String,
    /// The team that was asked.
    pub team: TeamId,
    /// The tier.
    pub tier: TierId,
    /// Points on what is known.
    pub score: i32,
    /// Fewest and most points that the unknown facts leave open.
    pub score_range: [i32; 2],
    /// Probability that the tier stands once everything is known, 0 to 1.
    pub confidence: f64,
    /// One sentence for the rep.
    pub reason: String,
    /// Time for the first touch, in minutes of the rep's working time.
    pub recommended_sla_minutes: u32,
    /// End of that time.
    pub due_at: Timestamp,
    /// The rep's booking page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking_url: Option<String>,
}

/// What enrichment did for a lead.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EnrichmentSummary {
    /// Providers that were asked over the network.
    pub providers_called: u32,
    /// Providers that could have been asked and were not, because the decision stood already.
    pub providers_skipped: u32,
    /// Providers whose answer was in the cache.
    #[serde(default)]
    pub providers_cached: u32,
    /// Where the facts came from.
    pub cache: CacheUse,
    /// Time spent, in milliseconds.
    pub ms: u32,
    /// Why asking ended: `settled`, `exhausted`, `deadline`, `disqualified` …
    #[serde(default)]
    pub stopped: String,
    /// What each asked provider answered, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ProviderCall>,
    /// Where what the CRM says came from; `None` when none is connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm: Option<CrmUse>,
}

/// Where what the CRM says about a lead came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CrmUse {
    /// From what was read before and is still good: no call.
    Snapshot,
    /// From the CRM itself.
    Live,
    /// From what was read before and may have changed, because the CRM did not answer.
    Stale,
    /// The CRM did not answer, and nothing was read before.
    Unavailable,
}

/// Where the facts came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CacheUse {
    /// Everything that was looked up was in the cache.
    Hit,
    /// Nothing was.
    #[default]
    Miss,
    /// Some was.
    Partial,
}

/// One provider's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProviderCall {
    /// The provider.
    pub provider: String,
    /// `found`, `not_found`, or the code of a failure.
    pub result: String,
    /// Time, in milliseconds.
    pub ms: u32,
    /// Why a second request was sent, when one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hedge: Option<Hedge>,
}

/// A question that was asked, and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryResult {
    /// The question.
    pub attempt: CandidateQuery,
    /// The question as it was put when it was first answered, where that was in an earlier try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<PickRequest>,
    /// The answer.
    pub pick: Pick,
    /// Version of the roster that answered.
    pub roster_version: String,
    /// State of the team's reps before the answer.
    pub states: States,
}

impl QueryResult {
    /// The rep who was named, if anybody was.
    #[must_use]
    pub const fn picked(&self) -> Option<&RepId> {
        match &self.pick.outcome {
            PickOutcome::Picked { rep_id, .. } => Some(rep_id),
            PickOutcome::Nobody { .. } => None,
        }
    }
}

/// Everything that a decision was made of: enough to make it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of this format.
    pub v: u32,
    /// The decision.
    pub decision: Decision,
    /// Hashes of account, person and submission.
    pub keys: LeadKeys,
    /// The lead as received and normalised.
    pub lead: Lead,
    /// What was known, without the sender's own fields and signals, which the lead holds; see [`known_facts`](Self::known_facts).
    pub facts: Facts,
    /// What the account was known to be.
    pub view: AccountContext,
    /// The lead, the time and the seed.
    pub context: RoutingContext,
    /// Who was asked, in order.
    pub asked: Vec<QueryResult>,
    /// Number of the decision about this lead, from 1.
    pub decision_no: u32,
    /// Hash of the account shard's record before this one; empty for the first.
    pub previous: String,
    /// Number among the records of the account shard, from 1; records of before they were numbered have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The assignment that this decision takes back, when a late answer moved the lead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Replaced>,
}

impl Record {
    /// What a record keeps of the facts: the lead holds its own fields and signals already.
    #[must_use]
    pub fn stored_facts(facts: &Facts) -> Facts {
        let mut stored = facts.clone();
        stored.fields.clear();
        stored.signals.clear();
        stored
    }

    /// Everything that was known, as the plan saw it.
    #[must_use]
    pub fn known_facts(&self) -> Facts {
        let mut facts = self.facts.clone();
        facts.fields.clone_from(&self.lead.fields);
        facts.signals.clone_from(&self.lead.signals);
        facts
    }
}

/// An assignment that no longer holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    /// Who had the lead.
    pub rep_id: RepId,
    /// When it was decided.
    pub decided_at: Timestamp,
}

/// What a decision is made from, besides the pools.
#[derive(Debug, Clone)]
pub struct DecisionInputs<'a> {
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

impl<'a> DecisionInputs<'a> {
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

/// Why enrichment ended for a lead that was placed again because a provider answered after the deadline.
pub const LATE_ANSWER: &str = "late_answer";
