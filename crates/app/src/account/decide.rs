//! An account shard accepts leads and decides them.
//!
//! An account shard runs one decision per account at a time (the caller holds the account's lock), so colleagues who
//! arrive together see one owner. Between the questions to the Teams nothing is written; the decision, the
//! owner and the outbox are one synchronous stretch at the end.

pub use crate::account::context::record_of;

use crate::account::ask::{ask, picked, release};
use crate::account::context::view;
use crate::ports::messages::{
    ClaimRequest, ClaimResponse, DecideRequest, DecideResponse, OpenRequest, OpenResponse, ReserveKeyRequest,
    ReserveKeyResponse, TouchRequest, TouchResponse,
};
use crate::ports::{AccountShards, AccountStore, LeadRow, LeadState, PortResult, RepPools, Rosters, Unavailable};
use lead_router_core::decision::attempts::RoutingContext;
use lead_router_core::decision::record::{Decision, DecisionInputs, Outcome, Record, conclude};
use lead_router_core::id::{LeadId, RepId};
use lead_router_core::lead::key::{LeadKeys, sha256_hex};
use lead_router_core::limits::REPLAY_WINDOW_MS;
use lead_router_core::time::{MINUTE_MS, Timestamp};

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
fn standing(store: &impl AccountStore, open: &OpenRequest) -> PortResult<SubmissionLookup> {
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

fn lead_id(keys: &LeadKeys, generation: u32) -> PortResult<LeadId> {
    keys.lead_id(generation).ok_or_else(|| Unavailable::new("shard", "the hashes make no id"))
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
    match standing(store, open)? {
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

/// Whether this question takes back the decision that stands: a late answer, before the rep began to work the lead, or a
/// rep or an operator who means this very decision.
fn is_taken_back(store: &impl AccountStore, decide: &DecideRequest, record: &Record) -> PortResult<bool> {
    if let Some(handed) = &decide.handed {
        return Ok(record.decision_no == handed.decision_no && record.decision.outcome == Outcome::Assigned);
    }
    let may_move = decide.late.is_some() && may_be_placed_again(record, decide.now);
    Ok(may_move && store.touched(&record.context.lead_id)?.is_none())
}

/// A rep begins to work a lead.
///
/// # Errors
/// [`Unavailable`] when the store fails; saying it again is harmless.
pub fn touch(store: &impl AccountStore, touch: &TouchRequest) -> PortResult<TouchResponse> {
    let row = store.lead(&touch.lead_id)?.filter(|row| row.state == LeadState::Assigned);
    if row.is_none_or(|row| row.decision_no != touch.decision_no) {
        return Ok(TouchResponse::Stale);
    }
    if store.touched(&touch.lead_id)?.is_none() {
        store.put_touched(&touch.lead_id, touch.at)?;
    }
    Ok(TouchResponse::Yes)
}

/// A lead that is to be decided.
struct DecisionCase {
    lead_id: LeadId,
    received_at: Timestamp,
    decision_no: u32,
    /// Whether pools may have been asked about it before.
    again: bool,
    /// The decision that is taken back.
    earlier: Option<Decision>,
    /// Reps who had the lead already.
    exclude: Vec<RepId>,
}

/// What is to be decided, or what is answered at once.
fn case(
    store: &impl AccountStore,
    decide: &DecideRequest,
    woken: bool,
) -> PortResult<Result<DecisionCase, DecideResponse>> {
    let first = |lead_id, received_at, again| {
        let (decision_no, earlier, exclude) = (1, None, Vec::new());
        DecisionCase { lead_id, received_at, decision_no, again, earlier, exclude }
    };
    Ok(Ok(match standing(store, &decide.open)? {
        SubmissionLookup::New(lead_id) => first(lead_id, decide.open.received_at, false),
        SubmissionLookup::Open(row) => {
            let again = woken || row.received_at != decide.open.received_at;
            first(row.lead_id, row.received_at, again)
        }
        SubmissionLookup::Held(row, record) if woken => {
            let decision_no = row.decision_no.saturating_add(1);
            DecisionCase { decision_no, exclude: record.context.exclude, ..first(row.lead_id, row.received_at, true) }
        }
        SubmissionLookup::Decided(record) if is_taken_back(store, decide, &record)? => {
            let had_it = decide.handed.as_ref().and_then(|_| record.decision.rep_id());
            let mut exclude = record.context.exclude;
            exclude.extend(had_it.filter(|rep| !exclude.contains(rep)));
            // Whom somebody names gets it, also back.
            let to = decide.handed.as_ref().and_then(|handed| handed.to.as_ref());
            exclude.retain(|rep| Some(rep) != to);
            DecisionCase {
                decision_no: record.decision_no.saturating_add(1),
                earlier: Some(record.decision),
                exclude,
                ..first(record.context.lead_id, decide.open.received_at, true)
            }
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
/// when its time has come); 2 what the account is known to be; 3 the questions, here or at the employer's
/// account shard; 4 for a lead that may have been asked about before, pools take back what does not count; 5 decision,
/// owner and outbox in one write.
///
/// # Errors
/// [`Unavailable`] when the store, a Team or the employer's account shard fails. Nothing is decided then, and asking
/// again gives the same rep.
pub async fn decide<W: RepPools + AccountShards>(
    store: &impl AccountStore,
    world: &W,
    rosters: &impl Rosters,
    decide: &DecideRequest,
    woken: bool,
) -> PortResult<DecideResponse> {
    // 1
    let case = match case(store, decide, woken)? {
        Ok(case) => case,
        Err(answered) => return Ok(answered),
    };
    let DecisionCase { lead_id, received_at, decision_no, again, earlier, exclude } = case;
    // 2
    let index = rosters.index(&decide.index_version).await?;
    let mut view =
        view(store, &decide.open.keys, decide.owner.as_ref(), decide.now, earlier.as_ref().map(|_| &lead_id))?;
    view.crm.clone_from(&decide.crm);
    view.holder = decide.late.filter(|late| late.keeps_rep).and(earlier.as_ref()).and_then(|earlier| earlier.rep_id());
    view.handed_to = decide.handed.as_ref().and_then(|handed| handed.to.clone());
    let context = RoutingContext { lead_id, exclude, now: decide.now, seed: decide.seed };
    // 3
    let asked = match decide.employer.as_ref().filter(|_| view.person.is_none() && decide.plan.rejected.is_none()) {
        Some(keys) => {
            let claim = ClaimRequest {
                keys: keys.clone(),
                context: context.clone(),
                owner: decide.owner.clone(),
                crm: decide.crm.clone(),
                plan: decide.plan.clone(),
                index_version: decide.index_version.clone(),
            };
            let claimed = world.claim(&keys.account.shard(), &claim).await?;
            view = claimed.view;
            claimed.asked
        }
        None => ask(world, &decide.plan, &view, &index, &context).await?,
    };
    // 4
    if again {
        release(world, &index, &decide.plan, &context, &asked).await?;
    }
    // 5
    let decision = conclude(DecisionInputs {
        plan: &decide.plan,
        view: &view,
        index: &index,
        context: &context,
        asked: &asked,
        enrichment: decide.enrichment.clone(),
        mode: decide.mode,
        decision_no,
        received_at,
    });
    let record = Record {
        v: RECORD_VERSION,
        decision,
        keys: decide.open.keys.clone(),
        lead: decide.open.lead.clone(),
        facts: Record::stored_facts(&decide.facts),
        view,
        context,
        asked,
        decision_no,
        previous: String::new(),
        seq: None,
        replaces: earlier.as_ref().and_then(Decision::replaced),
    };
    let decision = write(store, record, &decide.open.fingerprint, received_at)?;
    Ok(DecideResponse::Decided { decision: Box::new(decision), replay: false })
}

/// Decides who gets a lead of this account that lives in another account shard. The caller holds the account's lock.
///
/// # Errors
/// As [`decide`].
pub async fn claim(
    store: &impl AccountStore,
    teams: &impl RepPools,
    rosters: &impl Rosters,
    claim: &ClaimRequest,
) -> PortResult<ClaimResponse> {
    let id = lead_id(&claim.keys, 0)?;
    if let Some(row) = store.lead(&id)?.filter(|row| row.state == LeadState::Claim) {
        let claimed: ClaimResponse =
            serde_json::from_str(&row.body).map_err(|error| Unavailable::new("shard", error.to_string()))?;
        let same = claimed.asked.last().is_some_and(|asked| picked(asked).is_some());
        if same && row.fingerprint == claim.context.lead_id.as_str() {
            return Ok(claimed);
        }
    }
    let index = rosters.index(&claim.index_version).await?;
    let mut view = view(store, &claim.keys, claim.owner.as_ref(), claim.context.now, None)?;
    view.crm.clone_from(&claim.crm);
    let asked = ask(teams, &claim.plan, &view, &index, &claim.context).await?;
    let claimed = ClaimResponse { view, asked };
    if let Some(rep) = claimed.asked.last().and_then(picked) {
        store.put(&LeadRow {
            lead_id: id,
            fingerprint: claim.context.lead_id.to_string(),
            state: LeadState::Claim,
            rep_id: Some(rep.to_string()),
            received_at: claim.context.now,
            wake_at: None,
            decision_no: 1,
            body: json(&claimed)?,
        })?;
    }
    Ok(claimed)
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

fn json<T: serde::Serialize>(value: &T) -> PortResult<String> {
    serde_json::to_string(value).map_err(|error| Unavailable::new("shard", error.to_string()))
}
