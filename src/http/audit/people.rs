//! A person is removed from every place that holds something about them. What stays are keyed hashes in ids, which say
//! nothing without the deployment's key, and the hash of every record, so that the chain of the ledger still verifies.

use crate::bindings::directory::{database, failed, number};
use crate::bindings::log;
use crate::bindings::objects::{ACCOUNT_SHARD, call as ask};
use crate::bindings::world::World;
use crate::http::audit::{ERASED, lines};
use crate::http::body;
use crate::http::refused_events;
use crate::http::respond::{ApiError, ApiResult, json};
use crate::http::routes::Call;
use crate::objects::account_shard::erasure::{Erase, Erased};
use futures_util::{StreamExt, stream};
use lead_router_app::ports::{Clock, Events, PortResult, Unavailable};
use lead_router_core::audit::{
    AuditEvent, AuditEventKind, ErasedPerson, EventDetail, Who, dead_letter, person_of, seal,
};
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
/// Account shards that are asked at a time: a request may have six connections.
const SHARDS_AT_ONCE: usize = 6;
/// People of whom the cron erases what was left, at a time.
const PEOPLE_AT_ONCE: u32 = 20;
/// Largest body that says whom to erase, in bytes: an address and the JSON around it.
const WHOM_BYTES_MAX: usize = 1_024;
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
    /// What proves that this program erased it.
    #[serde(default)]
    pub(crate) erasure: Option<String>,
}

impl PersonRow {
    /// The row with its hash and the proof of its erasure, and without its text.
    pub(crate) fn with_hash(self, key: &[u8]) -> Self {
        let hash = self.hash.or_else(|| self.record.as_ref().map(|text| sha256_hex(text.as_bytes())));
        let erasure = hash.as_ref().map(|hash| seal::of_erasure(key, &self.decision_id, hash));
        Self { hash, record: None, erasure, ..self }
    }
}

/// The statement that takes the content of some decisions away and leaves their place in the chain.
pub(crate) fn blank(env: &Env, rows: &[PersonRow], now: Timestamp) -> PortResult<D1PreparedStatement> {
    let query = format!(
        "UPDATE decisions SET record = '{ERASED}', reason = NULL, domain = NULL, erased_ms = ?2, \
         hash = coalesce(hash, value ->> 'hash'), erasure = value ->> 'erasure' FROM json_each(?1) WHERE at_ms = value ->> 'at_ms' \
         AND decision_id = value ->> 'decision_id' AND erased_ms IS NULL"
    );
    let rows = serde_json::to_string(rows).map_err(failed)?;
    database(env)?.prepare(query).bind(&[JsValue::from_str(&rows), number(now.as_ms())]).map_err(failed)
}

/// A person of whom something is left.
#[derive(Deserialize)]
struct LeftRow {
    person: String,
    erased_ms: i64,
    left: Vec<String>,
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

/// Whom to remove.
#[derive(Deserialize)]
struct WhomBody {
    email: String,
}

/// Reads whom to remove. The address is in the body: an address of a request ends up in the logs of whatever it passes.
///
/// # Errors
/// 422 for an address in the query, none, or one that cannot exist.
async fn whom(call: &mut Call<'_>) -> Result<ErasedPerson, ApiError> {
    let wrong = |code: &str, message: &str| ApiError::invalid(vec![Problem::new("email", code, message)]);
    if call.query("email").is_some() {
        return Err(wrong(
            "email_in_query",
            "send `{\"email\": \"…\"}` as the body; an address in a URL ends up in logs",
        ));
    }
    let bytes = body::bytes_up_to(&mut call.request, WHOM_BYTES_MAX).await?;
    let whom: WhomBody =
        serde_json::from_slice(&bytes).map_err(|_| wrong("missing", "say whom: `{\"email\": \"…\"}`"))?;
    let person = person_of(call.settings.person_key.as_bytes(), &whom.email);
    person.ok_or_else(|| wrong("bad_email", "expected an e-mail address"))
}

/// `DELETE /v1/people` with `{"email": "…"}`: removes a person. Repeating it is harmless, and removes what arrived since.
///
/// Steps: 1 from now on nothing that arrived before is written; 2 the account shards, those that cannot be asked are left
/// to the cron; 3 the ledger; 4 contacts, assignments, events; 5 dead letters and refused events; 6 cached answers of providers; 7 the history
/// says that it was done. When one of the others fails, all of it can be asked for again.
pub async fn person(call: &mut Call<'_>) -> ApiResult {
    let person = whom(call).await?;
    let (world, now) = (&call.world, call.world.now());
    // 1
    let query = "INSERT INTO erasures (person, erased_ms) VALUES (?1, ?2) ON CONFLICT (person) DO UPDATE \
        SET erased_ms = max(erased_ms, excluded.erased_ms)";
    run(world, query, &[JsValue::from_str(&person.hash), number(now.as_ms())]).await?;
    // 2
    let mut removed = Removed::default();
    let mut profiles: BTreeSet<String> = BTreeSet::new();
    let (done, left) = erase_in_shards(world, &person.hash, now, shards().collect()).await;
    for erased in done {
        removed.leads = removed.leads.saturating_add(erased.leads);
        removed.undecided_leads = removed.undecided_leads.saturating_add(erased.undecided);
        profiles.extend(erased.profiles);
    }
    leave(world, &person.hash, &left).await?;
    // 3
    let mut leads: BTreeSet<String> = BTreeSet::new();
    loop {
        let rows = decisions(&world.env, &person).await?;
        if rows.is_empty() {
            break;
        }
        leads.extend(rows.iter().map(|row| row.lead_id.clone()));
        profiles.extend(rows.iter().filter_map(profile));
        let key = call.settings.person_key.as_bytes();
        let rows: Vec<PersonRow> = rows.into_iter().map(|row| row.with_hash(key)).collect();
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
    let names = profiles.iter().chain([&person.mailbox]);
    removed.cache_entries = forget_cached(world, call.settings.person_key.as_bytes(), names).await?;
    // 7
    let told: Vec<AuditEvent> = leads.iter().filter_map(|id| LeadId::new(id).ok()).map(|id| told(&id, now)).collect();
    world.note(&told).await?;
    let status = if left.is_empty() { 200 } else { 202 };
    json(status, &json!({"erased_at": now, "removed": removed, "left": left}))
}

/// Remembers which account shards are left, for [`again`].
async fn leave(world: &World, person: &str, left: &[String]) -> PortResult<()> {
    let left = JsValue::from_str(&serde_json::to_string(left).map_err(failed)?);
    run(world, "UPDATE erasures SET shards_left = ?2 WHERE person = ?1", &[JsValue::from_str(person), left]).await?;
    Ok(())
}

/// Erases in the account shards that could not be asked before, for some people.
///
/// # Errors
/// When the database or the cache fails.
pub async fn again(world: &World, person_key: &[u8]) -> PortResult<()> {
    let query = format!(
        "SELECT json_object('person', person, 'erased_ms', erased_ms, 'left', json(shards_left)) AS line FROM erasures \
         WHERE shards_left <> '[]' LIMIT {PEOPLE_AT_ONCE}"
    );
    for row in lines(&world.env, &query, &[]).await? {
        let row: LeftRow = serde_json::from_value(row).map_err(failed)?;
        let at = Timestamp::from_ms(row.erased_ms);
        let (done, left) = erase_in_shards(world, &row.person, at, row.left).await;
        let profiles: BTreeSet<String> = done.into_iter().flat_map(|erased| erased.profiles).collect();
        forget_cached(world, person_key, profiles.iter()).await?;
        leave(world, &row.person, &left).await?;
    }
    Ok(())
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

/// What account shards removed, and the names of those that could not be asked. Every one is asked, because a person may
/// have written for companies of which nothing else is known here.
async fn erase_in_shards(
    world: &World,
    person: &str,
    now: Timestamp,
    names: Vec<String>,
) -> (Vec<Erased>, Vec<String>) {
    let question = Erase::Person { person: person.to_owned(), now };
    let asked = names.into_iter().map(|shard| {
        let question = &question;
        async move {
            let answer = ask::<_, Erased>(&world.env, ACCOUNT_SHARD, &shard, "erase", question).await;
            answer.map_err(|error| (shard, error))
        }
    });
    let (mut done, mut left) = (Vec::new(), Vec::new());
    let mut answers = stream::iter(asked).buffer_unordered(SHARDS_AT_ONCE);
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(erased) => done.push(erased),
            Err((shard, error)) => {
                let (code, detail) = (Some(shard.as_str()), Some(error.detail.as_str()));
                log::error(&log::LogLine { event: "erasure.shard_failed", code, detail, ..log::LogLine::default() });
                left.push(shard);
            }
        }
    }
    left.sort();
    (done, left)
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

/// What providers said about the person, under the address and under every profile that a lead named. How many there were.
async fn forget_cached<'a>(
    world: &World,
    person_key: &[u8],
    names: impl Iterator<Item = &'a String>,
) -> PortResult<usize> {
    let failed = |error: worker::KvError| Unavailable::new("kv", error.to_string());
    let cache = world.env.kv(CACHE).map_err(|error| Unavailable::new("kv", error.to_string()))?;
    let mut removed = 0_usize;
    for name in names {
        let key = format!("person:{}", keyed_hash(person_key, "facts", name));
        if cache.get(&key).text().await.map_err(failed)?.is_some() {
            cache.delete(&key).await.map_err(failed)?;
            removed = removed.saturating_add(1);
        }
    }
    Ok(removed)
}
