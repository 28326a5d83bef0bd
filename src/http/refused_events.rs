//! Events of senders that are no leads as they are, kept until an operator maps their fields and takes them in again.

use crate::bindings::directory::{database, failed, number};
use crate::bindings::world::World;
use crate::http::audit::decisions::{Conditions, Params, page};
use crate::http::audit::lines;
use crate::http::respond::{ApiError, ApiResult, json};
use crate::http::routes::Call;
use crate::http::{senders, webhooks};
use lead_router_app::ports::{Clock, PortResult};
use lead_router_app::webhook::{RefusedEvent, WebhookResult};
use lead_router_core::audit::dead_letter;
use lead_router_core::error::Problem;
use lead_router_core::hash::sha256_hex;
use lead_router_core::intake::preview::{names_mailbox, preview, sent_pairs};
use lead_router_core::intake::{RawLead, RawSignal};
use lead_router_core::limits::{REFUSED_EVENT_BYTES_MAX, REFUSED_EVENTS_MAX, REFUSED_TEXT_CHARS_MAX};
use lead_router_core::time::HOUR_MS;
use lead_router_core::webhook::{Sender, WebhookEvent, WebhookEventKind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use worker::wasm_bindgen::JsValue;

/// Most events that one request takes in again.
const REDRIVEN_MAX: usize = 100;

/// An event as it is kept.
#[derive(Default, Serialize, Deserialize)]
struct KeptEvent {
    /// What makes a second delivery the same event.
    #[serde(default)]
    key: Option<String>,
    /// Its fields by the sender's names.
    #[serde(default)]
    fields: Vec<(String, String)>,
    /// Its intent signals with their moments.
    #[serde(default)]
    signals: Vec<(Option<String>, Option<String>)>,
}

impl KeptEvent {
    fn of(event: &RefusedEvent) -> Self {
        let signals = event.raw.signals.iter().map(|signal| (signal.signal.clone(), signal.at.clone()));
        Self { key: event.key.clone(), fields: sent_pairs(&event.raw), signals: signals.collect() }
    }

    /// As text, within the size of one. What is longer keeps the beginning of every text, which still says what to map.
    fn text(mut self) -> PortResult<String> {
        let text = serde_json::to_string(&self).map_err(failed)?;
        if text.len() <= REFUSED_EVENT_BYTES_MAX {
            return Ok(text);
        }
        for (_, value) in &mut self.fields {
            *value = value.chars().take(REFUSED_TEXT_CHARS_MAX).collect();
        }
        serde_json::to_string(&self).map_err(failed)
    }

    async fn raw(&self, world: &World, sender: Sender) -> PortResult<RawLead> {
        let map = senders::in_force(world, sender).await?;
        let mut raw = RawLead::from_pairs(self.fields.iter().cloned(), &map);
        let signal =
            |(signal, at): (Option<String>, Option<String>)| RawSignal { path: "intent[0]".to_owned(), signal, at };
        raw.signals = self.signals.iter().cloned().map(signal).collect();
        Ok(raw)
    }
}

/// Keeps an event that was refused. The same event has one row however often it comes; of those that could not be read there
/// is one an hour and code. Beyond [`REFUSED_EVENTS_MAX`] none is kept: then the first ones say enough.
///
/// # Errors
/// When the database fails.
pub async fn keep(world: &World, sender: &str, codes: &[String], event: Option<&RefusedEvent>) -> PortResult<()> {
    let now_ms = world.now().as_ms();
    let (kept, codes) = (event.map(KeptEvent::of).unwrap_or_default(), codes.join(" "));
    let content = match (&kept.key, kept.fields.is_empty()) {
        (Some(key), _) => key.clone(),
        (None, false) => serde_json::to_string(&kept.fields).map_err(failed)?,
        (None, true) => format!("{codes} {}", now_ms.div_euclid(HOUR_MS)),
    };
    let hash = sha256_hex(format!("{sender}\0{content}").as_bytes());
    let id = hash.get(..24).unwrap_or_default();
    let query = "INSERT OR IGNORE INTO refused_events (id, at_ms, sender, codes, body) SELECT ?1, ?2, ?3, ?4, ?5 \
        WHERE (SELECT count(*) FROM refused_events) < ?6";
    let text = JsValue::from_str;
    let body = kept.text()?;
    let bind = [text(id), number(now_ms), text(sender), text(&codes), text(&body), number(REFUSED_EVENTS_MAX)];
    let statement = database(&world.env)?.prepare(query).bind(&bind).map_err(failed)?;
    statement.run().await.map_err(failed).map(|_| ())
}

/// Whether the body of a kept event names a person.
pub fn names(body: &str, address: &str, mailbox: &str) -> bool {
    let fields = serde_json::from_str::<KeptEvent>(body).map(|event| event.fields).unwrap_or_default();
    names_mailbox(&fields, mailbox) || dead_letter::names(body, address, mailbox)
}

/// An event as JSON: its codes and the names of its fields, without what stands in them.
const LINE: &str = "json_object('id', id, 'sender', sender, 'code', codes, 'at', strftime('%Y-%m-%dT%H:%M:%SZ', \
    at_ms / 1000, 'unixepoch'), 'names', (SELECT json_group_array(value ->> 0) FROM json_each(body, '$.fields')))";

/// `GET /v1/refused-events`: a page of them, the newest first, and how many there are.
pub async fn list(call: &Call<'_>) -> ApiResult {
    let mut params = Params::new(call);
    let mut conditions = Conditions::default();
    conditions.equal("sender", params.text("sender"));
    conditions.equal("codes", params.text("code"));
    let (limit, cursor) = (params.limit(), params.cursor());
    params.done()?;
    let env = &call.world.env;
    let (query, bind) = conditions.clone().query("SELECT '' || count(*) AS line FROM refused_events", "");
    let count = lines(env, &query, &bind).await?;
    if let Some((at_ms, id)) = cursor {
        conditions.add("(at_ms, id) < (?, ?)", [number(at_ms), JsValue::from_str(&id)]);
    }
    let select = format!("SELECT json_object('cursor', at_ms || '_' || id, 'row', {LINE}) AS line FROM refused_events");
    let (query, mut bind) = conditions.query(&select, "ORDER BY at_ms DESC, id DESC LIMIT ?");
    bind.push(number(i64::from(limit)));
    let (events, next) = page(lines(env, &query, &bind).await?, limit);
    json(200, &json!({"refused_events": events, "count": count.first(), "next_cursor": next}))
}

#[derive(Deserialize)]
struct EventRow {
    id: String,
    sender: String,
    codes: String,
    body: String,
}

async fn row(world: &World, id: &str) -> Result<(EventRow, Sender, KeptEvent), ApiError> {
    let query = "SELECT id, sender, codes, body FROM refused_events WHERE id = ?1";
    let statement = database(&world.env)?.prepare(query).bind(&[JsValue::from_str(id)]).map_err(failed)?;
    let row: Option<EventRow> = statement.first(None).await.map_err(failed)?;
    let missing = || ApiError::not_found("refused event");
    let row = row.ok_or_else(missing)?;
    let sender = Sender::from_id(&row.sender).ok_or_else(missing)?;
    let event: KeptEvent = serde_json::from_str(&row.body).map_err(|_| missing())?;
    Ok((row, sender, event))
}

/// `GET /v1/refused-events/{id}`: an event with its fields, and what becomes of it by the sender's settings in force.
pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    let (row, sender, event) = row(&call.world, id).await?;
    let shown = preview(&event.raw(&call.world, sender).await?, call.world.now());
    json(200, &json!({"id": row.id, "sender": row.sender, "code": row.codes, "preview": shown}))
}

/// `POST /v1/refused-events/{id}/redrive`: takes an event in again, as the sender's settings in force say.
pub async fn redrive(call: &Call<'_>, id: &str) -> ApiResult {
    match again(call, id).await? {
        WebhookResult::Accepted(lead_id) => json(200, &json!({"status": "accepted", "lead_id": lead_id})),
        WebhookResult::Duplicate(lead_id) => json(200, &json!({"status": "duplicate", "lead_id": lead_id})),
        WebhookResult::Refused { codes, .. } => {
            let message = "map its fields with `PUT /v1/senders/{sender}`; `GET` shows what they are";
            let problems = codes.iter().map(|code| Problem::new("fields", code, message)).collect();
            Err(ApiError::invalid(problems))
        }
        _ => Err(ApiError::new(503, "unavailable", "it could not be taken in at the moment; try again")),
    }
}

/// `POST /v1/refused-events:redrive`: takes up to [`REDRIVEN_MAX`] events in again, the oldest first; those of one sender with
/// `sender`. What is still no lead stays.
pub async fn redrive_all(call: &Call<'_>) -> ApiResult {
    let params = Params::new(call);
    let mut conditions = Conditions::default();
    conditions.equal("sender", params.text("sender"));
    params.done()?;
    let (query, mut bind) =
        conditions.query("SELECT json_quote(id) AS line FROM refused_events", "ORDER BY at_ms, id LIMIT ?");
    bind.push(number(i64::try_from(REDRIVEN_MAX).unwrap_or(i64::MAX)));
    let (mut accepted, mut refused) = (0_usize, 0_usize);
    for id in lines(&call.world.env, &query, &bind).await?.iter().filter_map(Value::as_str) {
        match again(call, id).await {
            Ok(WebhookResult::Accepted(_) | WebhookResult::Duplicate(_)) => accepted = accepted.saturating_add(1),
            _ => refused = refused.saturating_add(1),
        }
    }
    json(200, &json!({"accepted": accepted, "refused": refused}))
}

/// Takes an event in, and forgets it when it is a lead.
async fn again(call: &Call<'_>, id: &str) -> Result<WebhookResult, ApiError> {
    let (row, sender, event) = row(&call.world, id).await?;
    let says = WebhookEventKind::Lead(Box::new(event.raw(&call.world, sender).await?));
    let taken = webhooks::take_one(call, sender, WebhookEvent { key: event.key, says }).await?;
    if matches!(taken, WebhookResult::Accepted(_) | WebhookResult::Duplicate(_)) {
        remove(&call.world, &row.id).await?;
    }
    Ok(taken)
}

/// `DELETE /v1/refused-events/{id}`: forgets an event.
pub async fn dismiss(call: &Call<'_>, id: &str) -> ApiResult {
    let (row, ..) = row(&call.world, id).await?;
    remove(&call.world, &row.id).await?;
    json(200, &json!({"dismissed": row.id}))
}

async fn remove(world: &World, id: &str) -> PortResult<()> {
    let query = "DELETE FROM refused_events WHERE id = ?1";
    let statement = database(&world.env)?.prepare(query).bind(&[JsValue::from_str(id)]).map_err(failed)?;
    statement.run().await.map_err(failed).map(|_| ())
}
