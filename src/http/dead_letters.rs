//! Dead letters: messages that were given up, kept with what to change, until they are sent again or put aside.
//!
//! A letter is sent again as it was, with the same ids in it. Whatever a message does is done once however often it comes,
//! so a letter that is sent twice does no harm; a letter is marked while it is sent, so that this stays rare.

use crate::bindings::directory::{database, failed, number};
use crate::bindings::queue::send_bodies;
use crate::bindings::settings::Settings;
use crate::bindings::world::World;
use crate::http::audit::decisions::{Conditions, Params, page};
use crate::http::audit::{events, lines};
use crate::http::respond::{ApiError, ApiResult, json};
use crate::http::routes::Call;
use lead_router_app::intake::id_of;
use lead_router_app::ports::jobs::Job;
use lead_router_app::ports::{Clock, PortResult};
use lead_router_core::audit::{AuditEvent, AuditEventKind, EventDetail, Who, dead_letter};
use lead_router_core::error::Problem;
use lead_router_core::id::LeadId;
use lead_router_core::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use worker::wasm_bindgen::JsValue;
use worker::{D1PreparedStatement, Env};

/// The code of a message that the queue gave up on.
pub const GAVE_UP: &str = "gave_up";
/// Most letters that one request sends again.
const REDRIVEN_MAX: u32 = 1_000;
/// Letters that are sent at a time: what one batch of the queue takes.
const AT_ONCE: u32 = 100;
/// How long a letter that is being sent again is left alone, in milliseconds: a request that died leaves it after that.
const SENDING_MS: i64 = 60_000;
/// Longest reason for putting a letter aside, in characters.
const REASON_CHARS_MAX: usize = 200;

/// A message that is given up.
#[derive(Debug)]
pub struct DeadLetter<'a> {
    /// Id of the message.
    pub id: &'a str,
    /// The queue it was on.
    pub queue: &'a str,
    /// The body.
    pub body: &'a str,
    /// Stable code of the reason.
    pub code: &'a str,
    /// What has to be changed before it can succeed. Holds no lead data.
    pub message: &'a str,
    /// How often it was tried, where that is known.
    pub tries: Option<u32>,
}

/// Keeps a message for a person to look at, and says so in the history of its lead. A message of a person who was erased
/// after it was sent is gone. Keeping one again changes nothing.
///
/// # Errors
/// When the database fails.
pub async fn keep(world: &World, letter: &DeadLetter<'_>) -> PortResult<()> {
    let now = world.now();
    let read = dead_letter::read(letter.body);
    let lead_id = read.lead_id.or_else(|| lead_of_row(world, letter.body));
    let query = "INSERT OR IGNORE INTO dead_letters (id, at_ms, queue, body, kind, lead_id, code, message, tries) \
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE NOT EXISTS (SELECT 1 FROM erasures \
        WHERE person = substr(?6, 18, 10) AND erased_ms >= ?10)";
    let text = JsValue::from_str;
    let bind = [
        text(letter.id),
        number(now.as_ms()),
        text(letter.queue),
        text(letter.body),
        text(&read.kind),
        lead_id.as_ref().map_or(JsValue::NULL, |id| text(id.as_str())),
        text(letter.code),
        text(letter.message),
        letter.tries.map_or(JsValue::NULL, |tries| number(tries.into())),
        // A message that does not say when its lead arrived is as old as can be.
        number(dead_letter::received_at(letter.body).map_or(0, Timestamp::as_ms)),
    ];
    let mut batch = vec![database(&world.env)?.prepare(query).bind(&bind).map_err(failed)?];
    if let Some(lead_id) = &lead_id {
        let (code, job) = (Some(letter.code.to_owned()), Some(read.kind.clone()));
        let detail = EventDetail { code, job, tries: letter.tries, ..EventDetail::default() };
        let event = AuditEvent::new(lead_id, AuditEventKind::DeliveryFailed, letter.id, now, Who::Router).with(detail);
        batch.push(events::statement(&world.env, &[event])?);
    }
    database(&world.env)?.batch(batch).await.map_err(failed).map(|_| ())
}

/// The lead that a row of a batch becomes.
fn lead_of_row(world: &World, body: &str) -> Option<LeadId> {
    let Ok(Job::Take { lead, key, .. }) = serde_json::from_str(body) else { return None };
    let settings = Settings::read(&world.env).ok()?;
    id_of(&lead, &key, settings.person_key.as_bytes())
}

/// A letter as JSON, without its body.
const LINE: &str = "json_object('id', id, 'queue', queue, 'kind', kind, 'lead_id', lead_id, 'code', code, \
    'message', message, 'tries', tries, 'at', strftime('%Y-%m-%dT%H:%M:%SZ', at_ms / 1000, 'unixepoch'))";

/// Which letters a request asks for.
fn conditions(params: &Params<'_, '_>) -> Conditions {
    let mut conditions = Conditions::default();
    for (column, name) in [("code", "code"), ("kind", "kind"), ("lead_id", "lead")] {
        conditions.equal(column, params.text(name));
    }
    conditions
}

/// `GET /v1/dead-letters`: a page of them, the newest first, and how many there are.
pub async fn list(call: &Call<'_>) -> ApiResult {
    let mut params = Params::new(call);
    let mut conditions = conditions(&params);
    let env = &call.world.env;
    let (limit, cursor) = (params.limit(), params.cursor());
    params.done()?;
    let (query, bind) = conditions.clone().query("SELECT '' || count(*) AS line FROM dead_letters", "");
    let count = lines(env, &query, &bind).await?;
    if let Some((at_ms, id)) = cursor {
        conditions.add("(at_ms, id) < (?, ?)", [number(at_ms), JsValue::from_str(&id)]);
    }
    let select = format!("SELECT json_object('cursor', at_ms || '_' || id, 'row', {LINE}) AS line FROM dead_letters");
    let (query, mut bind) = conditions.query(&select, "ORDER BY at_ms DESC, id DESC LIMIT ?");
    bind.push(number(i64::from(limit)));
    let (letters, next) = page(lines(env, &query, &bind).await?, limit);
    json(200, &json!({"dead_letters": letters, "count": count.first(), "next_cursor": next}))
}

/// `GET /v1/dead-letters/{id}`: a letter with its body.
pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    let query = format!("SELECT json_patch({LINE}, json_object('body', body)) AS line FROM dead_letters WHERE id = ?");
    let found = lines(&call.world.env, &query, &[JsValue::from_str(id)]).await?;
    json(200, found.first().ok_or_else(|| ApiError::not_found("dead letter"))?)
}

/// How many letters wait.
///
/// # Errors
/// When the database fails.
pub async fn count(env: &Env) -> PortResult<u64> {
    let found = lines(env, "SELECT '' || count(*) AS line FROM dead_letters", &[]).await?;
    Ok(found.first().and_then(Value::as_u64).unwrap_or(0))
}

#[derive(Debug, Deserialize)]
struct DeadLetterRow {
    id: String,
    kind: String,
    lead_id: Option<String>,
    body: String,
}

/// Marks letters as being sent, and hands them out; those of another request that is sending them are left out.
async fn mark(world: &World, mut conditions: Conditions, rows: u32) -> PortResult<Vec<DeadLetterRow>> {
    let now_ms = world.now().as_ms();
    conditions.add("coalesce(sent_ms, 0) < ?", [number(now_ms.saturating_sub(SENDING_MS))]);
    let (query, values) = conditions.query("SELECT id FROM dead_letters", "ORDER BY at_ms, id LIMIT ?");
    let query = format!("UPDATE dead_letters SET sent_ms = ? WHERE id IN ({query}) RETURNING id, kind, lead_id, body");
    let bind: Vec<JsValue> = std::iter::once(number(now_ms)).chain(values).chain([number(i64::from(rows))]).collect();
    let result = database(&world.env)?.prepare(query).bind(&bind).map_err(failed)?.all().await.map_err(failed)?;
    result.results().map_err(failed)
}

/// Sends letters that are marked, and forgets them. Of a failure nothing is lost: the marks end by themselves.
async fn send(world: &World, rows: Vec<DeadLetterRow>) -> PortResult<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let now = world.now();
    let events: Vec<AuditEvent> = rows.iter().map(|row| event(row, AuditEventKind::Redriven, now, None)).collect();
    let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    send_bodies(&world.env, rows.into_iter().map(|row| row.body).collect()).await?;
    let batch = vec![remove(&world.env, &ids)?, events::statement(&world.env, &events)?];
    database(&world.env)?.batch(batch).await.map_err(failed).map(|_| ())
}

fn remove(env: &Env, ids: &[String]) -> PortResult<D1PreparedStatement> {
    let ids = serde_json::to_string(ids).map_err(failed)?;
    let query = "DELETE FROM dead_letters WHERE id IN (SELECT value FROM json_each(?1))";
    database(env)?.prepare(query).bind(&[JsValue::from_str(&ids)]).map_err(failed)
}

/// What happened to a letter, told by its own id, in the history of its lead where it has one.
fn event(row: &DeadLetterRow, kind: AuditEventKind, at: Timestamp, reason: Option<String>) -> AuditEvent {
    let detail = EventDetail { job: Some(row.kind.clone()), reason, ..EventDetail::default() };
    let event = match row.lead_id.as_deref().and_then(|id| LeadId::new(id).ok()) {
        Some(lead_id) => AuditEvent::new(&lead_id, kind, &row.id, at, Who::Operator),
        None => AuditEvent::of_message(&row.id, kind, at, Who::Operator),
    };
    event.with(detail)
}

fn is_job(row: &DeadLetterRow) -> bool {
    serde_json::from_str::<Job>(&row.body).is_ok()
}

fn of_id(id: &str) -> Conditions {
    let mut conditions = Conditions::default();
    conditions.equal("id", Some(id.to_owned()));
    conditions
}

/// `POST /v1/dead-letters/{id}/redrive`: sends one letter again.
pub async fn redrive(call: &Call<'_>, id: &str) -> ApiResult {
    let world = &call.world;
    let rows = mark(world, of_id(id), 1).await?;
    if let Some(row) = rows.iter().find(|row| !is_job(row)) {
        release(world, std::slice::from_ref(&row.id)).await?;
        let message = "this version of the program cannot read the message, so it would come back: dismiss it with \
            `DELETE`, or deploy the version that wrote it";
        return Err(ApiError::new(409, "unreadable", message));
    }
    let sent = rows.len();
    send(world, rows).await?;
    if sent == 0 {
        let (query, bind) = of_id(id).query("SELECT json_quote(id) AS line FROM dead_letters", "");
        if lines(&world.env, &query, &bind).await?.is_empty() {
            return Err(ApiError::not_found("dead letter"));
        }
        return Err(ApiError::new(409, "being_sent", "another request is sending this letter; look again in a minute"));
    }
    json(200, &json!({"sent": sent}))
}

async fn release(world: &World, ids: &[String]) -> PortResult<()> {
    let ids = serde_json::to_string(ids).map_err(failed)?;
    let query = "UPDATE dead_letters SET sent_ms = NULL WHERE id IN (SELECT value FROM json_each(?1))";
    let statement = database(&world.env)?.prepare(query).bind(&[JsValue::from_str(&ids)]).map_err(failed)?;
    statement.run().await.map_err(failed).map(|_| ())
}

/// `POST /v1/dead-letters:redrive`: sends all letters again, or those with a code or of a kind, the oldest first, up to
/// [`REDRIVEN_MAX`]. Those that nobody can read are left.
pub async fn redrive_all(call: &Call<'_>) -> ApiResult {
    let params = Params::new(call);
    let conditions = conditions(&params);
    params.done()?;
    let world = &call.world;
    let (mut sent, mut skipped) = (0_usize, Vec::new());
    let mut marked = 0_u32;
    while marked < REDRIVEN_MAX {
        let rows = mark(world, conditions.clone(), AT_ONCE).await?;
        let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        marked = marked.saturating_add(count);
        let (jobs, others): (Vec<DeadLetterRow>, Vec<DeadLetterRow>) = rows.into_iter().partition(is_job);
        skipped.extend(others.into_iter().map(|row| row.id));
        sent = sent.saturating_add(jobs.len());
        send(world, jobs).await?;
        if count < AT_ONCE {
            break;
        }
    }
    release(world, &skipped).await?;
    let (query, bind) = conditions.query("SELECT '' || count(*) AS line FROM dead_letters", "");
    let left = lines(&world.env, &query, &bind).await?;
    json(200, &json!({"sent": sent, "unreadable": skipped.len(), "left": left.first()}))
}

/// `DELETE /v1/dead-letters/{id}?reason=…`: puts a letter aside. The reason stays in the history.
pub async fn dismiss(call: &Call<'_>, id: &str) -> ApiResult {
    let mut params = Params::new(call);
    let reason = params.text("reason");
    if reason.as_ref().is_none_or(|reason| reason.chars().count() > REASON_CHARS_MAX) {
        let message = format!("say why, in 1 to {REASON_CHARS_MAX} characters and without naming the person");
        params.problem(Problem::new("reason", "missing_reason", message));
    }
    params.done()?;
    let query = "SELECT id, kind, lead_id, '' AS body FROM dead_letters WHERE id = ?1";
    let statement = database(&call.world.env)?.prepare(query).bind(&[JsValue::from_str(id)]).map_err(failed)?;
    let row: DeadLetterRow =
        statement.first(None).await.map_err(failed)?.ok_or_else(|| ApiError::not_found("dead letter"))?;
    let event = event(&row, AuditEventKind::Dismissed, call.world.now(), reason);
    let batch = vec![remove(&call.world.env, &[row.id])?, events::statement(&call.world.env, &[event])?];
    database(&call.world.env)?.batch(batch).await.map_err(failed)?;
    json(200, &json!({"dismissed": id}))
}
