//! Events in D1: written once each, read by lead and in lists.

use crate::bindings::directory::{database, failed, number};
use crate::bindings::settings::person_key;
use crate::bindings::world::World;
use crate::http::audit::decisions::{Conditions, Params};
use crate::http::audit::{lines, optional};
use crate::http::respond::{ApiResult, json};
use crate::http::routes::Call;
use lead_router_app::ports::{Events, PortResult};
use lead_router_core::audit::{AuditEvent, AuditEventKind, seal};
use lead_router_core::error::Problem;
use lead_router_core::id::LeadId;
use serde_json::{Value, json};
use worker::wasm_bindgen::JsValue;
use worker::{D1PreparedStatement, Env};

/// What happens to a lead after its person was erased is kept, what was said about it is not.
const INSERT: &str = "INSERT OR IGNORE INTO events (event_id, lead_id, at_ms, kind, who, seal, detail) \
    SELECT value ->> 'event_id', value ->> 'lead_id', value ->> 'at_ms', value ->> 'kind', value ->> 'who', \
    value ->> 'seal', \
    iif(erased_ms IS NULL, value ->> 'detail', '{}') FROM json_each(?1) \
    LEFT JOIN erasures ON person = value ->> 'person' AND erased_ms >= value ->> 'at_ms'";

/// One event as JSON.
const LINE: &str = "json_object('event_id', event_id, 'lead_id', lead_id, 'kind', kind, 'who', who, \
    'at', strftime('%Y-%m-%dT%H:%M:%fZ', at_ms / 1000.0, 'unixepoch'), 'detail', json(detail))";

/// One event as it is stored, for its seal.
const STORED: &str = "json_object('event_id', event_id, 'lead_id', lead_id, 'at_ms', at_ms, 'kind', kind, 'who', who, \
    'detail', detail, 'seal', seal)";

/// Most events of a lead in its timeline.
const TIMELINE_MAX: u32 = 500;

/// The statement that writes some events, for a batch with others.
///
/// # Errors
/// When the database is not there.
pub fn statement(env: &Env, events: &[AuditEvent]) -> PortResult<D1PreparedStatement> {
    let key = person_key(env);
    let sealed = |event: &AuditEvent| {
        let mut row = event.row();
        let seal = seal::of_event(key.as_bytes(), &row);
        if let Some(map) = row.as_object_mut() {
            map.insert("seal".to_owned(), seal.into());
        }
        row
    };
    let rows: Vec<Value> = events.iter().map(sealed).collect();
    let text = serde_json::to_string(&rows).map_err(failed)?;
    database(env)?.prepare(INSERT).bind(&[JsValue::from_str(&text)]).map_err(failed)
}

impl Events for World {
    async fn note(&self, events: &[AuditEvent]) -> PortResult<()> {
        if events.is_empty() {
            return Ok(());
        }
        statement(&self.env, events)?.run().await.map_err(failed).map(|_| ())
    }
}

/// Whether the ledger has an event with any of these ids.
///
/// # Errors
/// When the database fails.
pub async fn has_any(env: &Env, event_ids: &[String]) -> PortResult<bool> {
    let query = "SELECT '{}' AS line FROM events WHERE event_id IN (SELECT value FROM json_each(?1)) LIMIT 1";
    let ids = serde_json::to_string(event_ids).map_err(failed)?;
    Ok(!lines(env, query, &[JsValue::from_str(&ids)]).await?.is_empty())
}

/// The events of a lead, the oldest first.
///
/// # Errors
/// When the database fails.
pub async fn of_lead(env: &Env, lead_id: &LeadId) -> PortResult<Vec<Value>> {
    let query = format!(
        "SELECT {LINE} AS line FROM events WHERE event_id >= ?1 || '/' AND event_id < ?1 || '0' \
         ORDER BY at_ms, event_id LIMIT {TIMELINE_MAX}"
    );
    lines(env, &query, &[JsValue::from_str(lead_id.as_str())]).await
}

/// What a request asks for.
pub fn conditions(params: &mut Params<'_, '_>) -> Conditions {
    let mut conditions = Conditions::default();
    let kind = params.text("kind");
    if let Some(kind) = &kind
        && AuditEventKind::from_code(kind).is_none()
    {
        let codes = AuditEventKind::ALL.map(AuditEventKind::code).join("`, `");
        params.problem(Problem::new("kind", "unknown_kind", format!("use one of `{codes}`")));
    }
    conditions.equal("lead_id", params.text("lead"));
    conditions.equal("kind", kind);
    conditions.equal("who", params.text("who"));
    conditions.between("at_ms", params.moment("from"), params.moment("until"));
    if let Some(person) = params.person("email") {
        conditions.add("substr(lead_id, 18, 10) = ?", [JsValue::from_str(&person.hash)]);
    }
    conditions
}

/// `GET /v1/events`: a page of them, the newest first.
pub async fn list(call: &Call<'_>) -> ApiResult {
    let mut params = Params::new(call);
    let mut conditions = conditions(&mut params);
    let limit = params.limit();
    if let Some((at_ms, id)) = params.cursor() {
        conditions.add("(at_ms, event_id) < (?, ?)", [number(at_ms), JsValue::from_str(&id)]);
    }
    params.done()?;
    let order = "ORDER BY at_ms DESC, event_id DESC LIMIT ?";
    let select = format!("SELECT json_object('cursor', at_ms || '_' || event_id, 'row', {LINE}) AS line FROM events");
    let (query, mut bind) = conditions.query(&select, order);
    bind.push(number(i64::from(limit)));
    let (events, next) = crate::http::audit::decisions::page(lines(&call.world.env, &query, &bind).await?, limit);
    json(200, &json!({"events": events, "next_cursor": next}))
}

/// A piece of an export: events after one with this id, in the order of their ids.
pub(crate) async fn after(env: &Env, conditions: &Conditions, id: Option<&str>, rows: u32) -> PortResult<Vec<Value>> {
    let mut conditions = conditions.clone();
    conditions.add("event_id > coalesce(?, '')", [optional(id)]);
    let select =
        format!("SELECT json_object('cursor', event_id, 'stored', {STORED}, 'row', {LINE}) AS line FROM events");
    let (query, mut bind) = conditions.query(&select, "ORDER BY event_id LIMIT ?");
    bind.push(number(i64::from(rows)));
    lines(env, &query, &bind).await
}
