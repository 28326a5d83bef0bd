//! A person is removed from every place that holds something about them. What stays are keyed hashes in ids, which say
//! nothing without the deployment's key, and the hash of every record, so that the chain of the ledger still verifies.

use crate::bindings::directory::{database, failed, number};
use crate::bindings::objects::{ACCOUNT_SHARD, call as ask};
use crate::bindings::world::World;
use crate::http::audit::decisions::Params;
use crate::http::audit::{ERASED, lines};
use crate::http::refused_events;
use crate::http::respond::{ApiResult, json};
use crate::http::routes::Call;
use crate::objects::account_shard::erasure::{Erase, Erased};
use futures_util::{StreamExt, TryStreamExt, stream};
use lead_router_app::ports::{Clock, Events, PortResult, Unavailable};
use lead_router_core::audit::{AuditEvent, AuditEventKind, ErasedPerson, EventDetail, Who, dead_letter};
use lead_router_core::error::Problem;
use lead_router_core::hash::{keyed_hash, sha256_hex};
use lead_router_core::id::LeadId;
use lead_router_core::lead::key::SHARDS;
use lead_router_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use worker::wasm_bindgen::JsValue;
use worker::{D1PreparedStatement, Env};

/// Binding of the cache of provider answers.
const CACHE: &str = "CACHE";
/// account shards that are asked at a time: a request may have six connections.
const DESKS_AT_ONCE: usize = 6;
/// Decisions that are read at a time: each may come with a record of a hundred thousand bytes.
const DECISIONS_AT_ONCE: u32 = 100;

/// Name of every account shard.
pub fn shards() -> impl Iterator<Item = String> {
    (0..SHARDS).map(|number| format!("shard-{number:02x}"))
}

/// A decision that is to be erased.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PersonRow {
    pub(crate) at_ms: i64,
    pub(crate) decision_id: String,
    pub(crate) lead_id: String,
    pub(crate) rep_id: Option<String>,
    /// The hash of the record; of an older one that has none, it is made of the text.
    pub(crate) hash: Option<String>,
    #[serde(skip_serializing)]
    pub(crate) record: Option<String>,
}

impl PersonRow {
    /// The row with its hash and without its text.
    pub(crate) fn with_hash(self) -> Self {
        let hash = self.hash.or_else(|| self.record.as_ref().map(|text| sha256_hex(text.as_bytes())));
        Self { hash, record: None, ..self }
    }
}

/// The statement that takes the content of some decisions away and leaves their place in the chain.
pub(crate) fn blank(env: &Env, rows: &[PersonRow], now: Timestamp) -> PortResult<D1PreparedStatement> {
    let query = format!(
        "UPDATE decisions SET record = '{ERASED}', reason = NULL, domain = NULL, erased_ms = ?2, \
         hash = coalesce(hash, value ->> 'hash') FROM json_each(?1) WHERE at_ms = value ->> 'at_ms' \
         AND decision_id = value ->> 'decision_id' AND erased_ms IS NULL"
    );
    let rows = serde_json::to_string(rows).map_err(failed)?;
    database(env)?.prepare(query).bind(&[JsValue::from_str(&rows), number(now.as_ms())]).map_err(failed)
}

/// How much was removed, by place.
#[derive(Debug, Default, Serialize)]
struct Removed {
    leads: u32,
    undecided_leads: u32,
    decisions: usize,
    contacts: usize,
    assignments: usize,
    events: usize,
    dead_letters: usize,
    refused_events: usize,
    cache_entries: usize,
}

/// Which of some leads are of people who were erased after the lead arrived: what is told of them outside would bring the
/// person back.
///
/// # Errors
/// When the database fails.
pub async fn is_erased(world: &World, leads: &[(&LeadId, Timestamp)]) -> PortResult<Vec<bool>> {
    let asked: Vec<Value> = leads.iter().map(|(id, at)| json!({"lead_id": id, "at_ms": at.as_ms()})).collect();
    let query = "SELECT '' || EXISTS (SELECT 1 FROM erasures WHERE person = substr(value ->> 'lead_id', 18, 10) \
        AND erased_ms >= value ->> 'at_ms') AS line FROM json_each(?1) ORDER BY key";
    let text = serde_json::to_string(&asked).map_err(failed)?;
    let found = lines(&world.env, query, &[JsValue::from_str(&text)]).await?;
    Ok(found.iter().map(|line| line.as_i64() == Some(1)).collect())
}

/// `DELETE /v1/people?email=…`: removes a person. Repeating it is harmless, and removes what arrived since.
///
/// Steps: 1 from now on nothing that arrived before is written; 2 the account shards; 3 the ledger; 4 contacts, assignments, events;
/// 5 dead letters and refused events; 6 cached answers of providers; 7 the history says that it was done. When one fails, all of it can be
/// asked for again.
pub async fn person(call: &Call<'_>) -> ApiResult {
    let mut params = Params::new(call);
    let person = params.person("email");
    if person.is_none() && params.text("email").is_none() {
        params.problem(Problem::new("email", "missing", "say whom: `?email=`"));
    }
    params.done()?;
    let Some(person) = person else { return json(200, &json!({})) };
    let (world, now) = (&call.world, call.world.now());
    // 1
    let query = "INSERT INTO erasures (person, erased_ms) VALUES (?1, ?2) ON CONFLICT (person) DO UPDATE \
        SET erased_ms = max(erased_ms, excluded.erased_ms)";
    run(world, query, &[JsValue::from_str(&person.hash), number(now.as_ms())]).await?;
    // 2
    let mut removed = Removed::default();
    let mut profiles: BTreeSet<String> = BTreeSet::new();
    for erased in erase_in_desks(world, &person, now).await? {
        removed.leads = removed.leads.saturating_add(erased.leads);
        removed.undecided_leads = removed.undecided_leads.saturating_add(erased.undecided);
        profiles.extend(erased.profiles);
    }
    // 3
    let mut leads: BTreeSet<String> = BTreeSet::new();
    loop {
        let rows = decisions(&world.env, &person).await?;
        if rows.is_empty() {
            break;
        }
        leads.extend(rows.iter().map(|row| row.lead_id.clone()));
        profiles.extend(rows.iter().filter_map(profile));
        let rows: Vec<PersonRow> = rows.into_iter().map(PersonRow::with_hash).collect();
        blank(&world.env, &rows, now)?.run().await.map_err(failed)?;
        removed.decisions = removed.decisions.saturating_add(rows.len());
    }
    // 4
    let hash = [JsValue::from_str(&person.hash)];
    let of_person = "substr(contact_id, 18, 10) = ?1";
    removed.contacts = run(world, &format!("DELETE FROM contacts WHERE {of_person}"), &hash).await?;
    removed.assignments = run(world, &format!("DELETE FROM assignments WHERE {of_person}"), &hash).await?;
    let query = "UPDATE events SET detail = '{}' WHERE substr(lead_id, 18, 10) = ?1 AND detail <> '{}' \
        AND kind <> 'erased'";
    removed.events = run(world, query, &hash).await?;
    run(world, "DELETE FROM messages WHERE substr(lead_id, 18, 10) = ?1", &hash).await?;
    // 5
    removed.dead_letters = dead_letters(world, &person).await?;
    removed.refused_events = remove_refused_events(world, &person).await?;
    // 6
    removed.cache_entries = cached(call, &person, &profiles).await?;
    // 7
    let told: Vec<AuditEvent> = leads.iter().filter_map(|id| LeadId::new(id).ok()).map(|id| told(&id, now)).collect();
    world.note(&told).await?;
    json(200, &json!({"erased_at": now, "removed": removed}))
}

fn told(lead_id: &LeadId, now: Timestamp) -> AuditEvent {
    let detail = EventDetail { code: Some("asked_for".to_owned()), ..EventDetail::default() };
    // Later than the erasure itself, which takes the details of what came before.
    AuditEvent::new(lead_id, AuditEventKind::Erased, 1, now.plus_ms(1), Who::Operator).with(detail)
}

/// Rows that a statement changed.
async fn run(world: &World, query: &str, bind: &[JsValue]) -> PortResult<usize> {
    let result = database(&world.env)?.prepare(query).bind(bind).map_err(failed)?.run().await.map_err(failed)?;
    Ok(result.meta().map_err(failed)?.and_then(|meta| meta.changes).unwrap_or(0))
}

/// Every account shard, because a person may have written for companies of which nothing else is known here.
async fn erase_in_desks(world: &World, person: &ErasedPerson, now: Timestamp) -> PortResult<Vec<Erased>> {
    let question = Erase::Person { person: person.hash.clone(), now };
    let asked = shards().map(|shard| {
        let question = &question;
        async move { ask::<_, Erased>(&world.env, ACCOUNT_SHARD, &shard, "erase", question).await }
    });
    stream::iter(asked).buffer_unordered(DESKS_AT_ONCE).try_collect().await
}

async fn decisions(env: &Env, person: &ErasedPerson) -> PortResult<Vec<PersonRow>> {
    let query = format!(
        "SELECT json_object('at_ms', at_ms, 'decision_id', decision_id, 'lead_id', lead_id, 'rep_id', rep_id, \
         'hash', hash, 'record', record) AS line FROM decisions WHERE substr(lead_id, 18, 10) = ?1 \
         AND erased_ms IS NULL LIMIT {DECISIONS_AT_ONCE}"
    );
    let rows = lines(env, &query, &[JsValue::from_str(&person.hash)]).await?;
    rows.into_iter().map(|row| serde_json::from_value(row).map_err(failed)).collect()
}

fn profile(row: &PersonRow) -> Option<String> {
    let record: Value = serde_json::from_str(row.record.as_deref()?).ok()?;
    record.pointer("/lead/linkedin/normal").and_then(Value::as_str).map(str::to_owned)
}

/// Letters about leads of the person, and those whose body names them.
async fn dead_letters(world: &World, person: &ErasedPerson) -> PortResult<usize> {
    let query = "SELECT json_object('id', id, 'lead_id', lead_id, 'body', body) AS line FROM dead_letters \
        WHERE id > ?1 ORDER BY id LIMIT 100";
    let (mut after, mut removed) = (String::new(), 0_usize);
    loop {
        let rows = lines(&world.env, query, &[JsValue::from_str(&after)]).await?;
        let text = |row: &Value, name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some(last) = rows.last() else { return Ok(removed) };
        after = text(last, "id");
        let is_theirs = |row: &&Value| {
            text(row, "lead_id").get(17..27) == Some(&person.hash)
                || dead_letter::names(&text(row, "body"), &person.address, &person.mailbox)
        };
        let ids: Vec<String> = rows.iter().filter(is_theirs).map(|row| text(row, "id")).collect();
        let ids = serde_json::to_string(&ids).map_err(failed)?;
        let query = "DELETE FROM dead_letters WHERE id IN (SELECT value FROM json_each(?1))";
        removed = removed.saturating_add(run(world, query, &[JsValue::from_str(&ids)]).await?);
    }
}

/// Refused events that name the person.
async fn remove_refused_events(world: &World, person: &ErasedPerson) -> PortResult<usize> {
    let query =
        "SELECT json_object('id', id, 'body', body) AS line FROM refused_events WHERE id > ?1 ORDER BY id LIMIT 100";
    let (mut after, mut removed) = (String::new(), 0_usize);
    loop {
        let rows = lines(&world.env, query, &[JsValue::from_str(&after)]).await?;
        let text = |row: &Value, name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some(last) = rows.last() else { return Ok(removed) };
        after = text(last, "id");
        let is_theirs = |row: &&Value| refused_events::names(&text(row, "body"), &person.address, &person.mailbox);
        let ids: Vec<String> = rows.iter().filter(is_theirs).map(|row| text(row, "id")).collect();
        let ids = serde_json::to_string(&ids).map_err(failed)?;
        let query = "DELETE FROM refused_events WHERE id IN (SELECT value FROM json_each(?1))";
        removed = removed.saturating_add(run(world, query, &[JsValue::from_str(&ids)]).await?);
    }
}

/// What providers said about the person, under the address and under every profile that a lead named.
async fn cached(call: &Call<'_>, person: &ErasedPerson, profiles: &BTreeSet<String>) -> PortResult<usize> {
    let failed = |error: worker::KvError| Unavailable::new("kv", error.to_string());
    let cache = call.world.env.kv(CACHE).map_err(|error| Unavailable::new("kv", error.to_string()))?;
    let mut removed = 0_usize;
    for name in profiles.iter().chain([&person.mailbox]) {
        let key = format!("person:{}", keyed_hash(call.settings.person_key.as_bytes(), "facts", name));
        if cache.get(&key).text().await.map_err(failed)?.is_some() {
            cache.delete(&key).await.map_err(failed)?;
            removed = removed.saturating_add(1);
        }
    }
    Ok(removed)
}
