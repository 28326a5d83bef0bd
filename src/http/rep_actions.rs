//! What a rep or an operator does with a lead: over HTTP, and for whoever was told through a message.

use crate::bindings::world::World;
use crate::http::body;
use crate::http::respond::{ApiError, ApiResult, json};
use crate::http::routes::Call;
use lead_router_app::follow_up::follow_up;
use lead_router_app::ports::follow_up::{FollowUps, RepAction, RepActionKind, RepActionOutcome};
use lead_router_app::ports::messages::LeadStatus;
use lead_router_app::ports::{AccountShards, Clock, Config, Events, PortResult};
use lead_router_core::audit::{AuditEvent, AuditEventKind, EventDetail, Who};
use lead_router_core::error::Problem;
use lead_router_core::id::{LeadId, RepId};
use serde::Deserialize;
use serde_json::json;

impl FollowUps for World {
    async fn follow_up(&self, act: &RepAction) -> PortResult<RepActionOutcome> {
        let acted = follow_up(self, act).await?;
        if let RepActionOutcome::Done { rep_id } = &acted {
            self.note(&[event(act, rep_id.clone())]).await?;
        }
        Ok(acted)
    }
}

/// What happened, for the lead's history. A decision is acted on once, so its number tells the events apart.
fn event(act: &RepAction, rep_id: Option<RepId>) -> AuditEvent {
    let kind = match act.kind {
        RepActionKind::Accept => AuditEventKind::Accept,
        RepActionKind::Decline => AuditEventKind::Decline,
        RepActionKind::Reassign { .. } => AuditEventKind::Reassign,
    };
    let who = act.by.clone().map_or(Who::Operator, Who::Rep);
    let detail = EventDetail { rep_id, from_rep_id: act.by.clone(), ..EventDetail::default() };
    AuditEvent::new(&act.lead_id, kind, act.decision_no, act.at, who).with(detail)
}

/// The body of a follow-up.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ReassignBody {
    /// The rep for whom this is said; an operator acts for whoever has the lead when it is missing.
    rep_id: Option<RepId>,
    /// Who gets the lead; whoever is next when it is missing.
    to: Option<RepId>,
    /// Number of the decision that is meant; the one that stands when it is missing.
    decision_no: Option<u32>,
}

/// `POST /v1/leads/{id}/accept`, `/decline` and `/reassign`.
pub async fn post(call: &mut Call<'_>, id: &str, what: &str) -> ApiResult {
    let lead_id = LeadId::new(id).map_err(|_| ApiError::not_found("lead"))?;
    let bytes = body::bytes(&mut call.request).await?;
    let asked =
        if bytes.is_empty() { Ok(ReassignBody::default()) } else { serde_json::from_slice::<ReassignBody>(&bytes) };
    let asked = asked.map_err(|error| {
        let message = format!("send an object with `rep_id`, `to` and `decision_no`, each optional: {error}");
        ApiError::invalid(vec![Problem::new("", "bad_body", message)])
    })?;
    let kind = match what {
        "accept" => RepActionKind::Accept,
        "decline" => RepActionKind::Decline,
        _ => RepActionKind::Reassign { to: asked.to.clone() },
    };
    let config = call.world.current().await?;
    let unknown = |name: &str, rep: &Option<RepId>| {
        let rep = rep.as_ref().filter(|rep| !config.index.reps.contains_key(*rep));
        rep.map(|rep| Problem::new(name, "unknown_rep", format!("there is no rep `{rep}` in the roster")))
    };
    let to = asked.to.as_ref().and_then(|rep| config.index.reps.get(rep).map(|entry| (rep, entry)));
    let teamless = to.filter(|(_, entry)| entry.team.is_none()).map(|(rep, _)| {
        let message = format!("`{rep}` is in no team and cannot have leads: add them to one first");
        Problem::new("to", "rep_without_team", message)
    });
    let problems = [unknown("rep_id", &asked.rep_id), unknown("to", &asked.to), teamless];
    let problems: Vec<Problem> = problems.into_iter().flatten().collect();
    if !problems.is_empty() {
        return Err(ApiError::invalid(problems));
    }
    let Some(LeadStatus::Decided { record, .. }) = call.world.lead(&lead_id).await? else {
        return Err(ApiError::not_found("lead"));
    };
    let decision_no = asked.decision_no.unwrap_or(record.decision_no);
    let act = RepAction { lead_id, kind, by: asked.rep_id, decision_no, at: call.world.now() };
    match call.world.follow_up(&act).await? {
        RepActionOutcome::Done { rep_id } => {
            json(200, &json!({"lead_id": act.lead_id, "done": true, "rep_id": rep_id}))
        }
        RepActionOutcome::Stale { rep_id } => {
            let who = rep_id.map_or_else(|| "nobody".to_owned(), |rep| format!("`{rep}`"));
            let message = format!("the lead was placed again, or another rep has it: {who} by now");
            Err(ApiError::new(409, "stale", message))
        }
        RepActionOutcome::Unknown => {
            Err(ApiError::new(409, "not_assigned", "nobody has this lead: there is nothing to be done with it"))
        }
    }
}
