//! A lead comes in, a decision goes out.

pub mod batch;
pub mod dry_run;
pub mod turnstile;

pub use crate::world::IntakeWorld;

use crate::account::request::{Findings, decide_request};
use crate::crm::lookup::{CrmContext, CrmLookup, of_employer};
use crate::crm::write_back;
use crate::enrichment::{After, Enriched, EnrichmentRun};
use crate::ports::crm::CrmLookups;
use crate::ports::jobs::Job;
use crate::ports::messages::{
    DecideResponse, LeadStatus, OpenRequest, OpenResponse, ReserveKeyRequest, ReserveKeyResponse, Trigger,
};
use crate::ports::{Jobs, PortResult};
use futures_util::future::join;
use lead_router_core::crm::CrmKind;
use lead_router_core::decision::plan::plan;
use lead_router_core::decision::record::{Decision, Mode, Outcome};
use lead_router_core::enrichment::provider::merge::merge;
use lead_router_core::facts::{Facts, Field};
use lead_router_core::hash::{hex, keyed_hash};
use lead_router_core::id::LeadId;
use lead_router_core::lead::Lead;
use lead_router_core::lead::key::{AccountHash, LeadKeys, shard_of};
use lead_router_core::time::Timestamp;

/// Settings of the intake.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Keys the hashes in ids and cache keys.
    pub person_key: &'a [u8],
    /// What is done with decisions.
    pub mode: Mode,
    /// Whether the sender waits for the decision; otherwise the lead is accepted and routed afterwards.
    pub wait: bool,
}

/// The answer to a sender.
#[derive(Debug, Clone, PartialEq)]
pub enum IntakeAnswer {
    /// The decision, of this call or of the first one.
    Decided {
        /// The answer.
        decision: Box<Decision>,
        /// Whether an earlier call made it.
        replay: bool,
    },
    /// The lead is durable and is routed next.
    Accepted {
        /// Its id.
        lead_id: LeadId,
    },
    /// The idempotency key was used for another content.
    Conflict,
}

/// The answer, and what is done after it was sent.
#[derive(Debug)]
pub struct Done {
    /// The answer.
    pub answer: IntakeAnswer,
    /// What is left to do; nothing depends on it.
    pub after: After,
}

impl Done {
    fn now(answer: IntakeAnswer) -> Self {
        Self { answer, after: After::default() }
    }
}

/// Takes a lead in.
///
/// Steps: 1 an explicit idempotency key is reserved for this content; 2 hashes of account, person and submission;
/// 3 what the cache and the mirror of the CRM know; 4 when something slow has to be waited for, the lead is made durable
/// first, so that a crash from here on only delays it, and the CRM is told that there is one; 5 the CRM, then enrichment,
/// which an owner may make needless; 6 what the rubric says; 7 the account shard decides.
///
/// # Errors
/// `Unavailable` when an object or the configuration cannot be reached. Sending the same lead again is safe.
pub async fn intake<W: IntakeWorld>(
    world: &W,
    lead: Lead,
    idempotency_key: Option<&str>,
    received_at: Timestamp,
    options: Options<'_>,
) -> PortResult<Done> {
    // 1
    if let Some(key) = idempotency_key {
        let key_hash = keyed_hash(options.person_key, "idempotency", key);
        let reserve = ReserveKeyRequest {
            key_hash,
            fingerprint: fingerprint(&lead, options.person_key),
            person: LeadKeys::new(options.person_key, &lead.account_key(), lead.person_key(), key).person,
            now: received_at,
        };
        if world.reserve(&shard_of(&reserve.key_hash), &reserve).await? == ReserveKeyResponse::Conflict {
            return Ok(Done::now(IntakeAnswer::Conflict));
        }
    }
    accept(world, lead, idempotency_key, received_at, options).await
}

/// Steps 2 to 7 of [`intake`]: the same lead under the same id, whoever else used its key. For a sender that was told
/// that its lead is accepted, and cannot be told that the key is another person's.
///
/// # Errors
/// As [`intake`].
pub(super) async fn accept<W: IntakeWorld>(
    world: &W,
    lead: Lead,
    key: Option<&str>,
    received_at: Timestamp,
    options: Options<'_>,
) -> PortResult<Done> {
    // 2
    let (fingerprint, of_content) = submission_of_content(&lead, options.person_key);
    let submission = key.map_or(of_content, submission_of);
    let keys = LeadKeys::new(options.person_key, &lead.account_key(), lead.person_key(), &submission);
    let open = OpenRequest { keys, fingerprint, lead, received_at };
    if !options.wait {
        return Ok(Done::now(match world.open(&open.keys.account.shard(), &open).await? {
            OpenResponse::Open { lead_id, .. } => IntakeAnswer::Accepted { lead_id },
            OpenResponse::Decided { decision } => IntakeAnswer::Decided { decision, replay: true },
            OpenResponse::Conflict => IntakeAnswer::Conflict,
        }));
    }
    route(world, open, options, None).await
}

/// The fingerprint of a lead's content, and what it is hashed as where the sender gives no key.
pub(super) fn submission_of_content(lead: &Lead, person_key: &[u8]) -> (String, String) {
    let fingerprint = fingerprint(lead, person_key);
    let submission = format!("content:{fingerprint}");
    (fingerprint, submission)
}

/// What an idempotency key is hashed as.
fn submission_of(key: &str) -> String {
    format!("key:{key}")
}

/// The id that a lead with a key has, unless it comes after the replay window of another one; `None` only when no hash
/// can be made.
#[must_use]
pub fn id_of(lead: &Lead, key: &str, person_key: &[u8]) -> Option<LeadId> {
    LeadKeys::new(person_key, &lead.account_key(), lead.person_key(), &submission_of(key)).lead_id(0)
}

/// Steps 3 to 7 of [`intake`]. A lead that is retried was accepted before, and is known outside.
async fn route<W: IntakeWorld>(
    world: &W,
    open: OpenRequest,
    options: Options<'_>,
    retried: Option<LeadId>,
) -> PortResult<Done> {
    // 3
    let config = world.current().await?;
    let mut run = EnrichmentRun::start(world, &config, &open.lead, options.person_key, world.now()).await;
    let crm = CrmLookup::start(world, &config, &open.lead, &open.keys).await;
    let shard = open.keys.account.shard();
    // 4
    let trigger = if retried.is_some() { Trigger::Retry } else { Trigger::Arrival };
    let mut accepted = retried;
    let is_slow = crm.as_ref().is_some_and(|crm| !crm.is_known()) || !run.is_over();
    if trigger == Trigger::Arrival && is_slow {
        match world.open(&shard, &open).await? {
            OpenResponse::Open { lead_id, .. } => accepted = Some(lead_id),
            OpenResponse::Decided { decision } => {
                return Ok(Done::now(IntakeAnswer::Decided { decision, replay: true }));
            }
            OpenResponse::Conflict => return Ok(Done::now(IntakeAnswer::Conflict)),
        }
    }
    let announced = accepted.as_ref().filter(|_| trigger == Trigger::Arrival && options.mode == Mode::Live);
    // 5
    let enriched = async {
        let mut consulted = match crm {
            Some(crm) => crm.finish().await,
            None => CrmContext::default(),
        };
        run.told(&consulted);
        let known = run.finish(accepted.as_ref()).await;
        let employer = employer(&open, &known.facts, options.person_key);
        if let Some(keys) = employer.as_ref().filter(|_| consulted.how.is_some()) {
            consulted = of_employer(world, &config, (consulted, keys), &known.facts).await;
        }
        (consulted, known, employer)
    };
    let (_, (consulted, mut known, employer)) = join(announce(world, announced, &open), enriched).await;
    merge_crm(&mut known, &consulted);
    // 6
    let now = world.now();
    let plan = plan(&config.rubric, &known.facts, now);
    // 7
    let Enriched { facts, owner, summary, after } = known;
    let findings = Findings { facts, owner, crm: consulted.view, employer, enrichment: summary };
    let request = decide_request(&config, open, findings, plan, trigger, (options.mode, now));
    let answer = match world.decide(&shard, &request).await? {
        DecideResponse::Decided { decision, replay } => IntakeAnswer::Decided { decision, replay },
        DecideResponse::Conflict => IntakeAnswer::Conflict,
    };
    Ok(Done { answer, after })
}

/// Adds what the CRM says of the employer that enrichment found.
fn merge_crm(known: &mut Enriched, consulted: &CrmContext) {
    if let Some(owner) = &consulted.owner {
        known.owner = Some(owner.clone());
    }
    for (field, fact) in &consulted.facts {
        merge(&mut known.facts, *field, fact.clone());
    }
}

/// Tells the CRM that there is a lead, so that it is there while providers are asked. Nothing depends on it: the assignment
/// writes the same record.
async fn announce<W: Jobs + CrmLookups>(world: &W, lead_id: Option<&LeadId>, open: &OpenRequest) {
    if let Some(lead_id) = lead_id.filter(|_| world.crm() != CrmKind::Builtin) {
        let write = Box::new(write_back::announced(lead_id, open));
        let _ = world.enqueue(&[Job::Crm { write, tries: 0 }], 0).await;
    }
}

/// Keys of the account of the employer that enrichment found for a lead that names no company itself.
pub(super) fn employer(open: &OpenRequest, facts: &Facts, person_key: &[u8]) -> Option<LeadKeys> {
    let domain = facts.text(Field::CompanyDomain).filter(|_| open.lead.company_domain().is_none());
    domain.map(|domain| open.keys.at_account(AccountHash::new(person_key, domain)))
}

/// Routes a lead again that was accepted and not decided, or that is held. A decided lead is left alone.
///
/// # Errors
/// As [`intake`].
pub async fn route_again<W: IntakeWorld>(
    world: &W,
    lead_id: &LeadId,
    options: Options<'_>,
) -> PortResult<Option<Done>> {
    let open = match world.lead(lead_id).await? {
        Some(LeadStatus::Open { open }) => *open,
        Some(LeadStatus::Decided { fingerprint, received_at, record }) if record.decision.outcome == Outcome::Held => {
            OpenRequest { keys: record.keys, fingerprint, lead: record.lead, received_at }
        }
        Some(LeadStatus::Decided { .. }) | None => return Ok(None),
    };
    route(world, open, options, Some(lead_id.clone())).await.map(Some)
}

/// Keyed hash of the content, in hexadecimal: whoever reads it cannot try out what somebody may have written.
#[must_use]
pub fn fingerprint(lead: &Lead, person_key: &[u8]) -> String {
    keyed_hash(person_key, "content", &hex(&lead.content_fingerprint()))
}
