//! Settings of senders, and what becomes of a sample that an operator pastes: of a sender or of a form.

use crate::bindings::config;
use crate::bindings::directory::{database, failed, number};
use crate::bindings::world::World;
use crate::http::encoding::with_decoder;
use crate::http::respond::{ApiError, ApiResult, json};
use crate::http::routes::Call;
use crate::http::{body, form_settings};
use lead_router_app::ports::{Clock, PortResult, Unavailable};
use lead_router_core::error::Problem;
use lead_router_core::form::{self, read_map};
use lead_router_core::intake::preview::preview as preview_of;
use lead_router_core::intake::{FieldMap, Media, form as form_body, json as json_body};
use lead_router_core::limits::FORM_BYTES_MAX;
use lead_router_core::time::Timestamp;
use lead_router_core::webhook::{
    Incoming, ParsedWebhook, Sender, SenderSettings, WebhookEvent, WebhookEventKind, WebhookMethod, read_sample,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use worker::wasm_bindgen::JsValue;

/// How long an isolate keeps what it read, in milliseconds.
const KEPT_MS: i64 = 30_000;

type Kept = BTreeMap<Sender, (Timestamp, Rc<FieldMap>)>;

thread_local! {
    static KEPT: RefCell<Kept> = const { RefCell::new(BTreeMap::new()) };
}

/// What the names of a sender's fields mean, as its settings say.
///
/// # Errors
/// [`Unavailable`] when KV fails and the isolate keeps nothing.
pub async fn in_force(world: &World, sender: Sender) -> PortResult<Rc<FieldMap>> {
    let now = world.now();
    let kept = KEPT.with_borrow(|kept| kept.get(&sender).cloned());
    if let Some((at, map)) = &kept
        && now.ms_since(*at) < KEPT_MS
    {
        return Ok(Rc::clone(map));
    }
    let map = match config::sender_text(&world.env, sender.id()).await {
        Ok(Some(text)) => {
            Rc::new(read_map(&text).map_err(|_| Unavailable::new("sender", "its settings cannot be read"))?)
        }
        Ok(None) => Rc::default(),
        // The last good copy is better than no answer.
        Err(error) => return kept.map(|(_, map)| map).ok_or(error),
    };
    KEPT.with_borrow_mut(|kept| kept.insert(sender, (now, Rc::clone(&map))));
    Ok(map)
}

fn sender_of(id: &str) -> Result<Sender, ApiError> {
    Sender::from_id(id).ok_or_else(|| ApiError::not_found("sender"))
}

#[derive(Deserialize)]
struct SenderRow {
    body: String,
}

/// `GET /v1/senders/{id}`: what the sender's field names mean.
pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    let sender = sender_of(id)?;
    let query = "SELECT body FROM senders WHERE id = ?1";
    let statement = database(&call.world.env)?.prepare(query).bind(&[JsValue::from_str(id)]).map_err(failed)?;
    let row: Option<SenderRow> = statement.first(None).await.map_err(failed)?;
    json(200, &shown(sender, row.map_or_else(|| "{}".to_owned(), |row| row.body).as_str()))
}

/// `PUT /v1/senders/{id}`: what the sender's field names mean, checked, and in force within half a minute everywhere.
pub async fn put(call: &mut Call<'_>, id: &str) -> ApiResult {
    let sender = sender_of(id)?;
    let bytes = body::bytes_up_to(&mut call.request, FORM_BYTES_MAX).await?;
    let text = String::from_utf8(bytes).map_err(|_| ApiError::new(400, "bad_encoding", "send UTF-8"))?;
    let text = form_settings::without_id(&text, id)?;
    read_map(&text).map_err(ApiError::invalid)?;
    let world = &call.world;
    let query = "INSERT OR REPLACE INTO senders (id, body, updated_ms) VALUES (?1, ?2, ?3)";
    let bind = [JsValue::from_str(id), JsValue::from_str(&text), number(world.now().as_ms())];
    database(&world.env)?.prepare(query).bind(&bind).map_err(failed)?.run().await.map_err(failed)?;
    config::put_sender(&world.env, id, &text).await?;
    KEPT.with_borrow_mut(|kept| kept.remove(&sender));
    json(200, &shown(sender, &text))
}

fn shown(sender: Sender, body: &str) -> Value {
    let settings: Value = serde_json::from_str(body).unwrap_or_default();
    json!({"id": sender.id(), "fields": settings.get("fields").cloned().unwrap_or_else(|| json!({}))})
}

/// A pasted sample.
#[derive(Deserialize)]
struct Sample {
    /// The payload: JSON, or a text as it is sent.
    sample: Value,
    /// How a text is to be read.
    #[serde(default)]
    content_type: Option<String>,
    /// What the names mean, instead of what the settings in force say.
    #[serde(default)]
    fields: Option<Value>,
}

impl Sample {
    async fn read(call: &mut Call<'_>) -> Result<Self, ApiError> {
        let bytes = body::bytes(&mut call.request).await?;
        let message = "send an object with `sample`, and `content_type` when it is no JSON";
        serde_json::from_slice(&bytes)
            .map_err(|_| ApiError::invalid(vec![Problem::new("sample", "wrong_type", message)]))
    }

    fn bytes(&self) -> Vec<u8> {
        match &self.sample {
            Value::String(text) => text.clone().into_bytes(),
            sample => sample.to_string().into_bytes(),
        }
    }

    /// The content type; of a text that does not begin as JSON or XML do, a form's.
    fn media(&self) -> String {
        let is_form = matches!(&self.sample, Value::String(text) if !text.trim_start().starts_with(['{', '[', '<']));
        let usual = if is_form { "application/x-www-form-urlencoded" } else { "application/json" };
        self.content_type.clone().unwrap_or_else(|| usual.to_owned())
    }

    fn map(&self) -> Result<Option<FieldMap>, ApiError> {
        let map = self.fields.as_ref().map(|fields| read_map(&json!({"fields": fields}).to_string()));
        map.transpose().map_err(ApiError::invalid)
    }
}

/// `POST /v1/senders/{sender}/preview`: what becomes of a sample, of each event of it; nothing is kept.
pub async fn preview(call: &mut Call<'_>, id: &str) -> ApiResult {
    let sender = sender_of(id)?;
    let sample = Sample::read(call).await?;
    let map = match sample.map()? {
        Some(map) => map,
        None => (*in_force(&call.world, sender).await?).clone(),
    };
    let settings = SenderSettings::default().with_map(map);
    let (body, now) = (sample.bytes(), call.world.now());
    let headers = [("content-type".to_owned(), sample.media())];
    let incoming = Incoming { method: WebhookMethod::Post, url: "", headers: &headers, body: &body, now };
    let events = match read_sample(sender, &incoming, &settings)? {
        ParsedWebhook::Events(events) => events,
        ParsedWebhook::Challenge { .. } => Vec::new(),
    };
    let events: Vec<Value> = events.iter().map(|event| shown_event(event, now)).collect();
    json(200, &json!({"events": events}))
}

fn shown_event(event: &WebhookEvent, now: Timestamp) -> Value {
    match &event.says {
        WebhookEventKind::Lead(raw) => json!(preview_of(raw, now)),
        WebhookEventKind::Nothing(code) => json!({"is_lead": false, "ignored": code}),
        WebhookEventKind::Broken(code) => json!({"is_lead": false, "refused": code}),
        WebhookEventKind::Fetch(_) => json!({"is_lead": false, "ignored": "names_a_record"}),
    }
}

/// `POST /v1/forms/{form}/preview`: what becomes of a sample submission; nothing is kept.
pub async fn form_preview(call: &mut Call<'_>, form_id: &str) -> ApiResult {
    let sample = Sample::read(call).await?;
    let id = form::FormId::new(form_id).ok_or_else(|| ApiError::not_found("form"))?;
    let in_force = form_settings::in_force(&call.world, &id).await?.unwrap_or_default();
    let mut settings: form::Form = (*in_force).clone();
    if let Some(map) = sample.map()? {
        settings.map = map;
    }
    let (bytes, media) = (sample.bytes(), sample.media());
    let mut raw = match Media::of(Some(&media))? {
        Media::Json => json_body::read(&bytes, &settings.map)?,
        _ => with_decoder(&media, |decoder| form_body::read_encoded(&bytes, decoder, &settings.map))?,
    };
    settings.guard(&mut raw);
    settings.complete(id.as_str(), &mut raw);
    json(200, &json!({"events": [preview_of(&raw, call.world.now())]}))
}
