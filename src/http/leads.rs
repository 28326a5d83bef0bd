//! Leads over HTTP: JSON, one lead with its timeline, and the dry run.

use crate::http::audit::{decisions, events};
use crate::http::body;
use crate::http::respond::{ApiError, ApiResult, json};
use crate::http::routes::Call;
use futures_util::future::join;
use lead_router_app::enrichment::{After, after};
use lead_router_app::intake::{Done, IntakeAnswer, Options, dry_run, intake, route_again};
use lead_router_app::ports::messages::LeadStatus;
use lead_router_app::ports::{AccountShards, Clock};
use lead_router_core::decision::record::Record;
use lead_router_core::id::LeadId;
use lead_router_core::intake::{FieldMap, Media, json as json_body};
use lead_router_core::lead::{KeyScope, Lead, check};
use lead_router_core::limits::IDEMPOTENCY_KEY_BYTES_MAX;
use lead_router_core::time::Timestamp;
use serde_json::{Value, json};
use worker::Request;

/// How a lead of this deployment is taken in.
pub fn options<'a>(call: &'a Call<'_>, wait: bool) -> Options<'a> {
    Options { person_key: call.settings.person_key.as_bytes(), mode: call.settings.mode, wait }
}

/// `POST /v1/leads`: a JSON lead. 200 with the decision, 202 when the sender does not wait.
pub async fn post_lead(call: &mut Call<'_>) -> ApiResult {
    let received_at = call.world.now();
    let lead = json_lead(call, received_at).await?;
    let key = idempotency_key(&call.request, &lead, KeyScope::Intake)?;
    let wait = call.query("wait").as_deref() != Some("0");
    let done = intake(&call.world, lead, key.as_deref(), received_at, options(call, wait)).await?;
    answer(call, done)
}

/// A lead from a JSON body.
pub async fn json_lead(call: &mut Call<'_>, received_at: Timestamp) -> Result<Lead, ApiError> {
    if Media::of(content_type(&call.request).as_deref()) != Ok(Media::Json) {
        return Err(ApiError::new(415, "unsupported_media_type", "send `content-type: application/json`"));
    }
    let bytes = body::bytes(&mut call.request).await?;
    check(json_body::read(&bytes, &FieldMap::default())?, received_at).map_err(ApiError::invalid)
}

/// `GET /v1/leads/{id}`: the lead as it stands, its timeline, and with `?record=1` the whole record. Of an erased one
/// there is what was decided and what happened.
pub async fn get_lead(call: &Call<'_>, id: &str) -> ApiResult {
    let id = LeadId::new(id).map_err(|_| ApiError::not_found("lead"))?;
    let env = &call.world.env;
    // The account shard knows the lead while the database is down; only what happened since is missing then.
    let (standing, events) = join(call.world.lead(&id), events::of_lead(env, &id)).await;
    let is_partial = events.is_err();
    let events = events.unwrap_or_default();
    let mut body = match standing? {
        Some(LeadStatus::Open { open }) => json!({
            "lead_id": id, "state": "open", "received_at": open.received_at, "lead": open.lead,
            "timeline": with_events(vec![event("received", open.received_at, "accepted; routing has not ended yet")], events),
        }),
        Some(LeadStatus::Decided { received_at, record, .. }) => {
            let with_record = call.query("record").as_deref() == Some("1");
            let mut body = json!({
                "lead_id": id, "state": record.decision.outcome, "received_at": received_at, "lead": record.lead,
                "decision": record.decision, "timeline": with_events(timeline(received_at, &record), events),
            });
            if with_record && let Some(map) = body.as_object_mut() {
                map.insert("record".to_owned(), json!(record));
            }
            body
        }
        None => {
            let decisions = decisions::erased(env, &id).await?;
            let last = decisions.last().ok_or_else(|| ApiError::not_found("lead"))?;
            json!({
                "lead_id": id, "state": "erased", "erased_at": last.get("erased_at"), "decisions": decisions,
                "timeline": with_events(Vec::new(), events),
            })
        }
    };
    if is_partial && let Some(map) = body.as_object_mut() {
        map.insert("timeline_is_partial".to_owned(), true.into());
    }
    json(200, &body)
}

/// What happened to a lead, put among what is known of it by itself.
fn with_events(mut timeline: Vec<Value>, events: Vec<Value>) -> Vec<Value> {
    for mut event in events {
        if let Some(map) = event.as_object_mut() {
            let kind = map.remove("kind").unwrap_or_default();
            map.insert("event".to_owned(), kind);
            map.remove("lead_id");
        }
        timeline.push(event);
    }
    let moment = |event: &Value| event.get("at").and_then(Value::as_str).and_then(|at| at.parse::<Timestamp>().ok());
    timeline.sort_by_key(moment);
    timeline
}

fn event(what: &str, at: Timestamp, text: &str) -> Value {
    json!({"event": what, "at": at, "text": text})
}

fn timeline(received_at: Timestamp, record: &Record) -> Vec<Value> {
    let decision = &record.decision;
    let mut events = vec![event("received", received_at, "accepted")];
    for call in &decision.enrichment.calls {
        let text = format!("{}: {} in {} ms", call.provider, call.result, call.ms);
        events.push(event("enriched", decision.decided_at, &text));
    }
    let why = decision.reasons.first().map_or("", |reason| reason.text.as_str());
    events.push(event("decided", decision.decided_at, why));
    if let Some(assignment) = &decision.assignment {
        events.push(event("due", assignment.due_at, "first touch is due"));
    }
    if let Some(at) = decision.retry_at {
        events.push(event("retry", at, "asked for again at the latest"));
    }
    events
}

/// `POST /v1/explain`: the whole decision for a lead, nothing written. `?at=` sets the moment.
pub async fn explain(call: &mut Call<'_>) -> ApiResult {
    let received_at = match call.query("at") {
        Some(text) => text
            .parse()
            .map_err(|_| ApiError::new(422, "bad_moment", "`at` takes a moment such as `2026-11-02T09:00:00Z`"))?,
        None => call.world.now(),
    };
    let lead = json_lead(call, received_at).await?;
    let explained = dry_run::explain(&call.world, lead, received_at, options(call, true)).await?;
    json(200, &explained)
}

/// The answer to a program.
fn answer(call: &Call<'_>, done: Done) -> ApiResult {
    later(call, done.after);
    match done.answer {
        IntakeAnswer::Decided { decision, .. } => json(200, &*decision),
        IntakeAnswer::Accepted { lead_id } => {
            let id = lead_id.clone();
            let (world, settings) = (call.world.clone(), call.settings.clone());
            call.context.wait_until(async move {
                let person_key = settings.person_key.as_bytes();
                let options = Options { person_key, mode: settings.mode, wait: true };
                // When this fails, the watchdog routes the lead.
                if let Ok(Some(done)) = route_again(&world, &id, options).await {
                    after(&world, done.after).await;
                }
            });
            json(202, &json!({"lead_id": lead_id, "outcome": "accepted"}))
        }
        IntakeAnswer::Conflict => Err(conflict()),
    }
}

/// 409 for a key that belongs to another lead.
pub fn conflict() -> ApiError {
    let message = "this idempotency key was used for another lead; use a new key, or send the same content again";
    ApiError::new(409, "idempotency_conflict", message)
}

/// Does after the answer what nothing depends on.
pub fn later(call: &Call<'_>, left: After) {
    if !left.is_empty() {
        let world = call.world.clone();
        call.context.wait_until(async move { after(&world, left).await });
    }
}

/// The content type of a request.
pub fn content_type(request: &Request) -> Option<String> {
    request.headers().get("content-type").ok().flatten()
}

/// The sender's idempotency key among all senders: the header, else the `submission_id` of the lead.
pub fn idempotency_key(request: &Request, lead: &Lead, scope: KeyScope<'_>) -> Result<Option<String>, ApiError> {
    let header = request.headers().get("idempotency-key").ok().flatten();
    match header.map(|key| key.trim().to_owned()).filter(|key| !key.is_empty()) {
        Some(key) if key.len() > IDEMPOTENCY_KEY_BYTES_MAX => {
            let message = format!("`Idempotency-Key` may have {IDEMPOTENCY_KEY_BYTES_MAX} bytes");
            Err(ApiError::new(422, "idempotency_key_too_long", message))
        }
        Some(key) => Ok(Some(scope.of(&key))),
        None => Ok(lead.submission_id.as_deref().map(|id| scope.of(id))),
    }
}
