//! What a rep or an operator does with a lead that a rep has: it is accepted, given back, or handed on.

use crate::account::request::{Findings, decide_request};
use crate::intake::IntakeWorld;
use crate::ports::PortResult;
use crate::ports::follow_up::{RepAction, RepActionKind, RepActionOutcome};
use crate::ports::messages::{DecideResponse, LeadStatus, OpenRequest, TouchRequest, TouchResponse, Trigger};
use lead_router_core::decision::plan::plan;
use lead_router_core::decision::record::{EnrichmentSummary, Outcome, Record};
use lead_router_core::id::RepId;

/// Why enrichment has nothing to say about a decision that is made because a lead was given back or reassigned.
pub const REASSIGNED: &str = "reassigned";

/// Carries out what somebody does with a lead.
///
/// Steps: 1 the lead as it stands: an answer to an earlier decision, or by a rep who does not have it, is stale; asking
/// again for what was done is done again; 2 accepting is remembered by the account shard, which no longer moves the lead by itself;
/// 3 giving back and handing on make a new decision, without the rep who had it, on what was known about the lead and on
/// the rubric and the roster of now. An operator (`by` is nobody) acts for whoever has it.
///
/// # Errors
/// `Unavailable` when an object or the configuration cannot be reached. Asking again is safe.
pub async fn follow_up<W: IntakeWorld>(world: &W, act: &RepAction) -> PortResult<RepActionOutcome> {
    // 1
    let Some(LeadStatus::Decided { fingerprint, received_at, record }) = world.lead(&act.lead_id).await? else {
        return Ok(RepActionOutcome::Unknown);
    };
    let holder = record.decision.rep_id();
    if record.decision.outcome == Outcome::Rejected {
        return Ok(RepActionOutcome::Unknown);
    }
    if record.decision_no != act.decision_no || holder.is_none() {
        return Ok(already_done(&record, act));
    }
    if act.by.is_some() && act.by != holder {
        return Ok(RepActionOutcome::Stale { rep_id: holder });
    }
    let to = match &act.kind {
        // 2
        RepActionKind::Accept => {
            let touch = TouchRequest { lead_id: act.lead_id.clone(), decision_no: act.decision_no, at: act.at };
            return Ok(match world.touch(&touch).await? {
                TouchResponse::Yes => RepActionOutcome::Done { rep_id: holder },
                TouchResponse::Stale => RepActionOutcome::Stale { rep_id: None },
            });
        }
        RepActionKind::Decline => None,
        RepActionKind::Reassign { to } if to.is_some() && *to == holder => {
            return Ok(RepActionOutcome::Done { rep_id: holder });
        }
        RepActionKind::Reassign { to } => to.clone(),
    };
    // 3
    let config = world.current().await?;
    let facts = record.known_facts();
    let Record { keys, lead, view, decision, .. } = *record;
    let plan = plan(&config.rubric, &facts, act.at);
    let open = OpenRequest { keys, fingerprint, lead, received_at };
    let shard = open.keys.account.shard();
    let findings = Findings {
        facts,
        owner: view.owner,
        crm: view.crm,
        // The account shard of an employer has answered for this lead, and answers once: here the lead's own decides.
        employer: None,
        enrichment: EnrichmentSummary { stopped: REASSIGNED.to_owned(), ..EnrichmentSummary::default() },
    };
    let trigger = Trigger::Reassignment { decision_no: act.decision_no, to };
    let request = decide_request(&config, open, findings, plan, trigger, (decision.mode, act.at));
    Ok(match world.decide(&shard, &request).await? {
        DecideResponse::Decided { decision, replay: false } => RepActionOutcome::Done { rep_id: decision.rep_id() },
        DecideResponse::Decided { decision, replay: true } => RepActionOutcome::Stale { rep_id: decision.rep_id() },
        DecideResponse::Conflict => RepActionOutcome::Unknown,
    })
}

/// An act on a decision that no longer stands: done again when the rep who asks did the same with it before, stale otherwise.
fn already_done(record: &Record, act: &RepAction) -> RepActionOutcome {
    let gave_away = |by: &RepId| record.context.exclude.contains(by);
    let is_same = match &act.kind {
        RepActionKind::Accept => false,
        RepActionKind::Decline => record.view.handed_to.is_none(),
        RepActionKind::Reassign { to } => record.view.handed_to == *to,
    };
    let is_again =
        is_same && record.decision_no == act.decision_no.saturating_add(1) && act.by.as_ref().is_some_and(gave_away);
    let rep_id = record.decision.rep_id();
    if is_again { RepActionOutcome::Done { rep_id } } else { RepActionOutcome::Stale { rep_id } }
}
