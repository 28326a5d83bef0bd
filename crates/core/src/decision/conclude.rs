//! From what was asked and answered to the decision.

use crate::decision::index::RosterIndex;
use crate::decision::plan::Reason;
use crate::decision::record::{Assignment, Decision, DecisionInputs, LATE_ANSWER, Outcome, QueryResult};
use crate::decision::wording::{result_reasons, sentence, unknown_owner};
use crate::roster::model::{PickKind, PickOutcome};
use crate::time::{MINUTE_MS, Timestamp};

/// Longest time until a held lead is asked for again, in minutes: calendars say when somebody may be back,
/// but a rep who closes a lead or an operator who changes the roster does so at any time.
const HOLD_MINUTES_MAX: i64 = 5;

/// Makes the decision that these answers lead to, in the order in which they were given. Total: assigned when the last team
/// named a rep, rejected when the plan says so, else held. `index` has the names for people.
#[must_use]
pub fn conclude(c: DecisionInputs<'_>, index: &RosterIndex, results: &[QueryResult]) -> Decision {
    let picked = results.last().filter(|result| result.picked().is_some());
    let duplicate = picked.is_some_and(|result| matches!(result.attempt.kind, PickKind::Duplicate { .. }));
    let outcome = match (&c.plan.rejected, &picked) {
        (Some(_), _) => Outcome::Rejected,
        (None, Some(_)) => Outcome::Assigned,
        (None, None) => Outcome::Held,
    };
    let mut reasons: Vec<Reason> = results.iter().flat_map(|result| result_reasons(result, &c, index)).collect();
    if outcome == Outcome::Held {
        reasons.insert(0, Reason::new("no_eligible_rep", "no eligible rep right now, so the lead is on hold"));
    }
    if c.enrichment.stopped == LATE_ANSWER {
        let who = c.enrichment.calls.first().map_or("a provider", |call| call.provider.as_str());
        reasons.push(Reason::new(LATE_ANSWER, format!("{who} answered after the first decision")));
    }
    let assignment = picked.and_then(|result| assignment(&c, index, result));
    if let Some(owner) = c.view.crm.as_ref().and_then(|crm| crm.unknown_owner.as_ref()) {
        reasons.push(Reason::new("crm_owner_unknown", unknown_owner(owner)));
    }
    reasons.extend(c.plan.reasons.iter().cloned());
    Decision {
        lead_id: c.context.lead_id.clone(),
        decision_id: format!("{}-{}", c.context.lead_id, c.decision_no),
        outcome,
        duplicate_of: c.view.person.as_ref().filter(|_| duplicate).map(|earlier| earlier.lead_id.clone()),
        assignment: assignment.filter(|_| outcome == Outcome::Assigned),
        reasons,
        retry_at: (outcome == Outcome::Held).then(|| retry_at(c.context.now, results)),
        enrichment: c.enrichment,
        mode: c.mode,
        rubric_version: c.plan.rubric_version.clone(),
        decided_at: c.context.now,
        ms: u32::try_from(c.context.now.ms_since(c.received_at)).unwrap_or(0),
    }
}

fn assignment(c: &DecisionInputs<'_>, index: &RosterIndex, result: &QueryResult) -> Option<Assignment> {
    let PickOutcome::Picked { rep_id, due_at, reason } = &result.pick.outcome else { return None };
    let score = &c.plan.score;
    Some(Assignment {
        rep_id: rep_id.clone(),
        rep_name: index.rep_name(rep_id),
        team: result.attempt.team.clone(),
        tier: score.tier.clone(),
        score: score.points,
        score_range: [score.low, score.high],
        confidence: f64::from(score.confidence_bp) / 10_000.0,
        reason: sentence(c, result, reason),
        recommended_sla_minutes: c.plan.sla_minutes,
        due_at: *due_at,
        booking_url: index.reps.get(rep_id).and_then(|entry| entry.booking_url.clone()),
    })
}

/// When a held lead is asked for again: when a calendar says that somebody may be back, and at the latest
/// after [`HOLD_MINUTES_MAX`].
fn retry_at(now: Timestamp, results: &[QueryResult]) -> Timestamp {
    let latest = now.plus_ms(HOLD_MINUTES_MAX.saturating_mul(MINUTE_MS));
    let wake = results.iter().filter_map(|result| match result.pick.outcome {
        PickOutcome::Nobody { wake_at } => wake_at,
        PickOutcome::Picked { .. } => None,
    });
    wake.filter(|at| *at > now).min().map_or(latest, |at| at.min(latest))
}
