//! An account shard accepts leads and decides them.
//!
//! An account shard runs one decision per account at a time (the caller holds the account's lock), so colleagues who
//! arrive together see one owner. Between the questions to the Teams nothing is written; the decision, the
//! owner and the outbox are one synchronous stretch at the end.

pub use crate::account::context::record_of;

use crate::account::ask::{query_pools, release};
use crate::account::context::{json, lead_id, view};
use crate::account::preview::{Claims, Preview};
use crate::ports::messages::{
    ClaimRequest, DecideRequest, DecideResponse, Explained, OpenRequest, OpenResponse, ReserveKeyRequest,
    ReserveKeyResponse, Trigger,
};
use crate::ports::{AccountShards, AccountStore, LeadRow, LeadState, PortResult, RepPools, Rosters};
use lead_router_core::decision::attempts::RoutingContext;
use lead_router_core::decision::conclude::conclude;
use lead_router_core::decision::decide::CandidateSearch;
use lead_router_core::decision::index::RosterIndex;
use lead_router_core::decision::record::{Decision, DecisionInputs, Outcome, Record};
use lead_router_core::hash::sha256_hex;
use lead_router_core::id::{LeadId, RepId};
use lead_router_core::limits::REPLAY_WINDOW_MS;
use lead_router_core::time::{MINUTE_MS, Timestamp};
use std::collections::BTreeSet;

/// How long the watchdog waits for a decision before it routes an accepted lead again, in milliseconds:
/// longer than the longest enrichment deadline and a slow Team together.
pub const WATCHDOG_MS: i64 = 15_000;

/// Version of the record format.
const RECORD_VERSION: u32 = 1;

/// Most submissions with one key that are told apart. Each is at least a replay window after the one before.
const GENERATIONS_MAX: u32 = 10_000;

/// Reserves an idempotency key for a content, or says that it is taken by another.
///
/// # Errors
/// [`Unavailable`] when the store fails.
pub fn reserve_key(store: &impl AccountStore, reserve: &ReserveKeyRequest) -> PortResult<ReserveKeyResponse> {
    match store.key(&reserve.key_hash)? {
        Some((_, at)) if reserve.now.ms_since(at) >= REPLAY_WINDOW_MS => {}
        Some((fingerprint, _)) if fingerprint != reserve.fingerprint => return Ok(ReserveKeyResponse::Conflict),
        Some(_) => return Ok(ReserveKeyResponse::Yours),
        None => {}
    }
    store.put_key(&reserve.key_hash, &reserve.fingerprint, &reserve.person, reserve.now)?;
    Ok(ReserveKeyResponse::Yours)
}

/// Where a submission stands.
enum SubmissionLookup {
    New(LeadId),
    Open(LeadRow),
    Held(LeadRow, Box<Record>),
    Decided(Box<Record>),
    Conflict,
}

/// Finds the submission: the first generation that is still inside the replay window, or a new one.
fn submission(store: &impl AccountStore, open: &OpenRequest) -> PortResult<SubmissionLookup> {
    for generation in 0..GENERATIONS_MAX {
        let id = lead_id(&open.keys, generation)?;
        let Some(row) = store.lead(&id)? else {
            return Ok(SubmissionLookup::New(id));
        };
        if row.state == LeadState::Open {
            let same = row.fingerprint == open.fingerprint;
            return Ok(if same { SubmissionLookup::Open(row) } else { SubmissionLookup::Conflict });
        }
        if open.received_at.ms_since(row.received_at) >= REPLAY_WINDOW_MS {
            continue;
        }
        if row.fingerprint != open.fingerprint {
            return Ok(SubmissionLookup::Conflict);
        }
        let record = Box::new(record_of(&row)?);
        return Ok(if row.state == LeadState::Held {
            SubmissionLookup::Held(row, record)
        } else {
            SubmissionLookup::Decided(record)
        });
    }
    Ok(SubmissionLookup::Conflict)
}

/// The id that a submission would get if it were new.
fn unused_id(store: &impl AccountStore, open: &OpenRequest) -> PortResult<LeadId> {
    for generation in 0..GENERATIONS_MAX {
        let id = lead_id(&open.keys, generation)?;
        if store.lead(&id)?.is_none() {
            return Ok(id);
        }
    }
    lead_id(&open.keys, GENERATIONS_MAX)
}

/// How long after a decision a late answer may change it, in milliseconds: before that a rep has hardly begun.
pub const LATE_MS_MAX: i64 = 10 * MINUTE_MS;

/// Whether a late answer may change a decision: the first one about a lead that a rep has, and that is fresh.
#[must_use]
pub fn may_be_placed_again(record: &Record, now: Timestamp) -> bool {
    let age_ms = now.ms_since(record.decision.decided_at);
    record.decision_no == 1 && record.decision.outcome == Outcome::Assigned && age_ms <= LATE_MS_MAX
}

/// Accepts a lead: after this it is durable, and the watchdog sees to it that it is decided.
///
/// # Errors
/// [`Unavailable`] when the store fails; the lead is not accepted then.
pub fn open(store: &impl AccountStore, open: &OpenRequest) -> PortResult<OpenResponse> {
    match submission(store, open)? {
        SubmissionLookup::New(lead_id) => {
            store.put(&LeadRow {
                lead_id: lead_id.clone(),
                fingerprint: open.fingerprint.clone(),
                state: LeadState::Open,
                rep_id: None,
                received_at: open.received_at,
                wake_at: Some(open.received_at.plus_ms(WATCHDOG_MS)),
                decision_no: 0,
                body: json(open)?,
            })?;
            Ok(OpenResponse::Open { lead_id, received_at: open.received_at })
        }
        SubmissionLookup::Open(row) => Ok(OpenResponse::Open { lead_id: row.lead_id, received_at: row.received_at }),
        SubmissionLookup::Held(_, record) | SubmissionLookup::Decided(record) => {
            Ok(OpenResponse::Decided { decision: Box::new(record.decision) })
        }
        SubmissionLookup::Conflict => Ok(OpenResponse::Conflict),
    }
}

/// Whether this request takes back the decision that stands: a late answer, before the rep began to work the lead, or a
/// rep or an operator who means this very decision.
fn is_taken_back(store: &impl AccountStore, request: &DecideRequest, record: &Record) -> PortResult<bool> {
    match &request.trigger {
        Trigger::Arrival | Trigger::Retry => Ok(false),
        Trigger::Reassignment { decision_no, .. } => {
            Ok(record.decision_no == *decision_no && record.decision.outcome == Outcome::Assigned)
        }
        Trigger::LateEnrichment { .. } => {
            Ok(may_be_placed_again(record, request.now) && store.touched(&record.context.lead_id)?.is_none())
        }
    }
}

/// A lead that is to be decided.
struct DecisionCase {
    lead_id: LeadId,
    received_at: Timestamp,
    decision_no: u32,
    /// Pools that may have been asked about it before.
    asked_before: AskedBefore,
    /// The decision that is taken back.
    earlier: Option<Decision>,
    /// Reps who had the lead already.
    exclude: Vec<RepId>,
}

/// Which pools may hold an answer to a lead that does not count.
enum AskedBefore {
    /// None: it is decided for the first time.
    Nobody,
    /// These, by the record of the decision before.
    Pools(BTreeSet<String>),
    /// Any: a try before this one ended without a record.
    Anybody,
}

impl DecisionCase {
    fn first(lead_id: LeadId, received_at: Timestamp, asked_before: AskedBefore) -> Self {
        Self { lead_id, received_at, decision_no: 1, asked_before, earlier: None, exclude: Vec::new() }
    }

    /// The decision after that of `record`.
    fn next(record: Record, received_at: Timestamp) -> Self {
        let pools = record.asked.iter().map(|asked| asked.attempt.pool.clone()).collect();
        Self {
            lead_id: record.context.lead_id,
            received_at,
            decision_no: record.decision_no.saturating_add(1),
            asked_before: AskedBefore::Pools(pools),
            earlier: None,
            exclude: record.context.exclude,
        }
    }
}

/// What is to be decided, or what is answered at once.
fn case(store: &impl AccountStore, request: &DecideRequest) -> PortResult<Result<DecisionCase, DecideResponse>> {
    let is_retry = request.trigger != Trigger::Arrival;
    Ok(Ok(match submission(store, &request.open)? {
        SubmissionLookup::New(lead_id) => DecisionCase::first(lead_id, request.open.received_at, AskedBefore::Nobody),
        SubmissionLookup::Open(row) => {
            let is_again = is_retry || row.received_at != request.open.received_at;
            let asked_before = if is_again { AskedBefore::Anybody } else { AskedBefore::Nobody };
            DecisionCase::first(row.lead_id, row.received_at, asked_before)
        }
        SubmissionLookup::Held(row, record) if is_retry => DecisionCase::next(*record, row.received_at),
        SubmissionLookup::Decided(record) if is_taken_back(store, request, &record)? => {
            let decision = record.decision.clone();
            let mut case = DecisionCase::next(*record, request.open.received_at);
            if let Trigger::Reassignment { to, .. } = &request.trigger {
                case.exclude.extend(decision.rep_id().filter(|rep| !case.exclude.contains(rep)));
                // An explicit reassignment always wins, also back to a rep who had the lead.
                case.exclude.retain(|rep| Some(rep) != to.as_ref());
            }
            DecisionCase { earlier: Some(decision), ..case }
        }
        SubmissionLookup::Held(_, record) | SubmissionLookup::Decided(record) => {
            return Ok(Err(DecideResponse::Decided { decision: Box::new(record.decision), replay: true }));
        }
        SubmissionLookup::Conflict => return Ok(Err(DecideResponse::Conflict)),
    }))
}

/// Decides a lead, accepting it in the same write when it was not before. The caller holds the account's lock.
///
/// Steps: 1 where the submission stands (a decided one is answered with its first answer, a held one only
/// when its time has come); 2 the record, see [`record`]; 3 for a lead that may have been asked about before, pools release
/// what does not count; 4 decision, owner and outbox in one write.
///
/// # Errors
/// [`Unavailable`] when the store, a pool or the employer's account shard fails. Nothing is decided then, and asking
/// again gives the same rep.
pub async fn decide<W: RepPools + AccountShards>(
    store: &impl AccountStore,
    world: &W,
    rosters: &impl Rosters,
    request: &DecideRequest,
) -> PortResult<DecideResponse> {
    // 1
    let case = match case(store, request)? {
        Ok(case) => case,
        Err(answered) => return Ok(answered),
    };
    // 2
    let index = rosters.index(&request.index_version).await?;
    let record = record(store, world, &index, request, &case).await?;
    // 3
    let pools: BTreeSet<&str> = match &case.asked_before {
        AskedBefore::Nobody => BTreeSet::new(),
        AskedBefore::Pools(before) => before
            .iter()
            .map(String::as_str)
            .chain(record.asked.iter().map(|asked| asked.attempt.pool.as_str()))
            .collect(),
        AskedBefore::Anybody => index.teams.values().map(|team| team.pool.as_str()).collect(),
    };
    release(world, pools, &request.plan, &record.context, &record.asked).await?;
    // 4
    let decision = write(store, record, &request.open.fingerprint, case.received_at)?;
    Ok(DecideResponse::Decided { decision: Box::new(decision), replay: false })
}

/// Says how a lead would be decided if it arrived now, by the steps of [`decide`], and changes nothing: pools are asked
/// without effect, and so is the account shard of an employer.
///
/// # Errors
/// As [`decide`].
pub async fn explain<W: RepPools + AccountShards>(
    store: &impl AccountStore,
    world: &W,
    rosters: &impl Rosters,
    request: &DecideRequest,
) -> PortResult<Explained> {
    let lead_id = unused_id(store, &request.open)?;
    let case = DecisionCase::first(lead_id, request.open.received_at, AskedBefore::Nobody);
    let index = rosters.index(&request.index_version).await?;
    let record = record(store, &Preview(world), &index, request, &case).await?;
    Ok(Explained { decision: record.decision, asked: record.asked })
}

/// The decision of a case, with everything it was made of. Writes nothing itself.
///
/// Steps: 1 what the account is known to be; 2 the questions, here or at the employer's account shard; 3 the decision.
async fn record(
    store: &impl AccountStore,
    world: &(impl RepPools + Claims),
    index: &RosterIndex,
    request: &DecideRequest,
    case: &DecisionCase,
) -> PortResult<Record> {
    // 1
    let earlier = case.earlier.as_ref();
    let but = earlier.map(|_| &case.lead_id);
    let mut view = view(store, &request.open.keys, request.owner.as_ref(), request.now, but)?;
    view.crm.clone_from(&request.crm);
    match &request.trigger {
        Trigger::Arrival | Trigger::Retry => {}
        Trigger::LateEnrichment { keeps_rep } => {
            view.holder = earlier.filter(|_| *keeps_rep).and_then(Decision::rep_id);
        }
        Trigger::Reassignment { to, .. } => view.handed_to.clone_from(to),
    }
    let context = RoutingContext {
        lead_id: case.lead_id.clone(),
        exclude: case.exclude.clone(),
        now: request.now,
        seed: request.seed,
    };
    // 2
    let is_moved = view.person.is_none() && request.plan.rejected.is_none();
    let asked = match request.employer.as_ref().filter(|_| is_moved) {
        Some(keys) => {
            let claim = ClaimRequest {
                keys: keys.clone(),
                context: context.clone(),
                owner: request.owner.clone(),
                crm: request.crm.clone(),
                plan: request.plan.clone(),
                index_version: request.index_version.clone(),
            };
            let claimed = world.claim(&keys.account.shard(), &claim).await?;
            view = claimed.view;
            claimed.asked
        }
        None => query_pools(world, CandidateSearch::new(&request.plan, &view, index, &context)).await?,
    };
    // 3
    let inputs = DecisionInputs {
        plan: &request.plan,
        view: &view,
        context: &context,
        enrichment: request.enrichment.clone(),
        mode: request.mode,
        decision_no: case.decision_no,
        received_at: case.received_at,
    };
    Ok(Record {
        v: RECORD_VERSION,
        decision: conclude(inputs, index, &asked),
        keys: request.open.keys.clone(),
        lead: request.open.lead.clone(),
        facts: Record::stored_facts(&request.facts),
        view,
        context,
        asked,
        decision_no: case.decision_no,
        previous: String::new(),
        seq: None,
        replaces: earlier.and_then(Decision::replaced),
    })
}

/// Writes the decision with its place in the chain, the owner and the outbox, all or none.
fn write(
    store: &impl AccountStore,
    mut record: Record,
    fingerprint: &str,
    received_at: Timestamp,
) -> PortResult<Decision> {
    let (last, previous) = store.head()?;
    let seq = last.saturating_add(1);
    record.previous = previous;
    record.seq = Some(seq);
    let body = json(&record)?;
    let decision = record.decision;
    let row = LeadRow {
        lead_id: decision.lead_id.clone(),
        fingerprint: fingerprint.to_owned(),
        state: match decision.outcome {
            Outcome::Assigned => LeadState::Assigned,
            Outcome::Held => LeadState::Held,
            Outcome::Rejected => LeadState::Rejected,
        },
        rep_id: decision.assignment.as_ref().map(|assignment| assignment.rep_id.to_string()),
        received_at,
        wake_at: decision.retry_at,
        decision_no: record.decision_no,
        body,
    };
    let hash = sha256_hex(row.body.as_bytes());
    store.transaction(&mut || {
        if row.decision_no > 1 {
            store.keep_record(&row.lead_id)?;
        }
        store.append(seq, &row.lead_id, &hash)?;
        store.put(&row)
    })?;
    Ok(decision)
}
