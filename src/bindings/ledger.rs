//! The ledger, the built-in CRM and the inbox, in D1.
//!
//! A batch of records is one transaction of four statements (five when a lead was moved), each fed with one JSON text. Every row has a
//! key of its own record, so writing a record again changes nothing.

use crate::bindings::directory::{database, failed, number};
use crate::bindings::settings::person_key;
use crate::bindings::world::World;
use lead_router_app::ports::{DecisionLedger, PortResult};
use lead_router_core::audit::seal;
use lead_router_core::decision::record::{Mode, Record};
use lead_router_core::facts::Field;
use lead_router_core::hash::sha256_hex;
use serde::Deserialize;
use serde_json::{Value, json};
use worker::wasm_bindgen::JsValue;
use worker::{D1PreparedStatement, Env};

/// What a person who was erased sent before that is written without what it says: its place in the chain is kept.
const DECISIONS: &str = "INSERT OR IGNORE INTO decisions (at_ms, decision_id, lead_id, outcome, tier, team, rep_id, \
    source, form, mode, rubric_version, duplicate_of, ms, shard, seq, hash, previous, seal, erasure, reason, domain, erased_ms, record) \
    SELECT value ->> 'at_ms', value ->> 'decision_id', value ->> 'lead_id', value ->> 'outcome', value ->> 'tier', \
    value ->> 'team', value ->> 'rep_id', value ->> 'source', value ->> 'form', value ->> 'mode', \
    value ->> 'rubric_version', value ->> 'duplicate_of', value ->> 'ms', value ->> 'shard', value ->> 'seq', \
    value ->> 'hash', value ->> 'previous', value ->> 'seal', iif(erased_ms IS NULL, NULL, value ->> 'erasure'), \
    iif(erased_ms IS NULL, value ->> 'reason', NULL), \
    iif(erased_ms IS NULL, value ->> 'domain', NULL), erased_ms, iif(erased_ms IS NULL, value ->> 'record', '{}') \
    FROM json_each(?1) LEFT JOIN erasures ON person = value ->> 'person' AND erased_ms >= value ->> 'received_ms'";

/// An older record that comes late does not overwrite what a newer one wrote, nor bring back who was erased.
const CONTACTS: &str = "INSERT INTO contacts (contact_id, email, name, company, title, phone, country, \
    account_domain, owner_rep_id, tier, lead_id, updated_ms) SELECT value ->> 'contact_id', value ->> 'email', \
    value ->> 'name', value ->> 'company', value ->> 'title', value ->> 'phone', value ->> 'country', \
    value ->> 'account_domain', value ->> 'rep_id', value ->> 'tier', value ->> 'lead_id', value ->> 'at_ms' \
    FROM json_each(?1) WHERE NOT EXISTS (SELECT 1 FROM erasures WHERE person = value ->> 'person' \
    AND erased_ms >= value ->> 'received_ms') ON CONFLICT (contact_id) DO UPDATE SET email = excluded.email, \
    name = excluded.name, company = excluded.company, title = excluded.title, phone = excluded.phone, \
    country = excluded.country, account_domain = excluded.account_domain, owner_rep_id = excluded.owner_rep_id, \
    tier = excluded.tier, lead_id = excluded.lead_id, updated_ms = excluded.updated_ms \
    WHERE excluded.updated_ms > contacts.updated_ms";

/// An account is written when it is new or when its owner changes, not with every lead.
const ACCOUNTS: &str = "INSERT INTO accounts (domain, name, owner_rep_id, created_ms, updated_ms) \
    SELECT value ->> 'account_domain', value ->> 'account_name', value ->> 'rep_id', value ->> 'at_ms', \
    value ->> 'at_ms' FROM json_each(?1) WHERE value ->> 'account_domain' IS NOT NULL \
    ON CONFLICT (domain) DO UPDATE SET owner_rep_id = excluded.owner_rep_id, updated_ms = excluded.updated_ms \
    WHERE excluded.updated_ms > accounts.updated_ms AND excluded.owner_rep_id IS NOT accounts.owner_rep_id \
    AND excluded.owner_rep_id IS NOT NULL";

const ASSIGNMENTS: &str = "INSERT OR IGNORE INTO assignments (rep_id, at_ms, lead_id, team, tier, due_ms, reason, \
    contact_id) SELECT value ->> 'rep_id', value ->> 'at_ms', value ->> 'lead_id', value ->> 'team', \
    value ->> 'tier', value ->> 'due_ms', value ->> 'reason', value ->> 'contact_id' FROM json_each(?1) \
    WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE contacts.contact_id = value ->> 'contact_id' \
    AND contacts.lead_id = value ->> 'lead_id' AND contacts.updated_ms > value ->> 'at_ms') \
    AND NOT EXISTS (SELECT 1 FROM erasures WHERE person = value ->> 'person' AND erased_ms >= value ->> 'received_ms')";

/// The inbox entry of a rep from whom a late answer moved the lead. Should that rep's record come later, it finds a newer
/// one of the lead and writes no entry.
const TAKEN_BACK: &str = "DELETE FROM assignments WHERE (rep_id, at_ms, lead_id) IN (SELECT \
    value ->> 'replaces_rep_id', value ->> 'replaces_at_ms', value ->> 'lead_id' FROM json_each(?1))";

impl DecisionLedger for World {
    async fn write(&self, records: &[Record]) -> PortResult<()> {
        let database = database(&self.env)?;
        let key = person_key(&self.env);
        let rows: Vec<Value> = records.iter().filter_map(|record| row(record, key.as_bytes())).collect();
        let live: Vec<&Value> = rows.iter().filter(|row| row["live"] == true).collect();
        let assigned: Vec<&&Value> = live.iter().filter(|row| !row["rep_id"].is_null()).collect();
        let statement = |query: &str, rows: String| -> PortResult<D1PreparedStatement> {
            database.prepare(query).bind(&[JsValue::from_str(&rows)]).map_err(failed)
        };
        let mut batch = vec![statement(DECISIONS, text(&rows)?)?];
        if !live.is_empty() {
            batch.push(statement(CONTACTS, text(&live)?)?);
            batch.push(statement(ACCOUNTS, text(&live)?)?);
        }
        if !assigned.is_empty() {
            batch.push(statement(ASSIGNMENTS, text(&assigned)?)?);
        }
        let moved: Vec<&&Value> = live.iter().filter(|row| !row["replaces_rep_id"].is_null()).collect();
        if !moved.is_empty() {
            batch.push(statement(TAKEN_BACK, text(&moved)?)?);
        }
        database.batch(batch).await.map_err(failed).map(|_| ())
    }
}

fn text<T: serde::Serialize>(rows: &[T]) -> PortResult<String> {
    serde_json::to_string(rows).map_err(failed)
}

/// Everything that the four statements read of a record.
fn row(record: &Record, key: &[u8]) -> Option<Value> {
    let decision = &record.decision;
    let assignment = decision.assignment.as_ref();
    let lead = &record.lead;
    let domain = record.facts.text(Field::CompanyDomain);
    let text = serde_json::to_string(record).ok()?;
    let hash = sha256_hex(text.as_bytes());
    let mut row = json!({
        "person": record.keys.person,
        "received_ms": lead.received_at.as_ms(),
        "shard": record.keys.account.shard(),
        "seq": record.seq,
        "erasure": seal::of_erasure(key, &decision.decision_id, &hash),
        "hash": hash,
        "previous": record.previous,
        "domain": domain.or(lead.company_domain()),
        "at_ms": decision.decided_at.as_ms(),
        "decision_id": decision.decision_id,
        "lead_id": decision.lead_id,
        "outcome": decision.outcome,
        "tier": assignment.map(|assignment| &assignment.tier),
        "team": assignment.map(|assignment| &assignment.team),
        "rep_id": assignment.map(|assignment| &assignment.rep_id),
        "due_ms": assignment.map(|assignment| assignment.due_at.as_ms()),
        "reason": assignment.map(|assignment| &assignment.reason).or(decision.reasons.first().map(|first| &first.text)),
        "source": lead.source,
        "form": lead.form,
        "mode": decision.mode,
        "live": decision.mode == Mode::Live,
        "rubric_version": decision.rubric_version,
        "duplicate_of": decision.duplicate_of,
        "ms": decision.ms,
        "contact_id": format!("{}-{}", record.keys.account.as_str(), record.keys.person),
        "email": lead.email.typed,
        "name": lead.full_name(),
        "company": record.facts.text(Field::CompanyName).or(lead.company.as_deref()),
        "title": lead.title,
        "phone": lead.phone.as_ref().map(|phone| &phone.typed),
        "country": lead.country.as_ref().map(|country| country.normal.as_ref().unwrap_or(&country.typed)),
        "account_domain": domain,
        "account_name": record.facts.text(Field::CompanyName),
        "replaces_rep_id": record.replaces.as_ref().map(|replaced| &replaced.rep_id),
        "replaces_at_ms": record.replaces.as_ref().map(|replaced| replaced.decided_at.as_ms()),
        "record": text,
    });
    let seal = seal::of_decision(key, &row);
    row.as_object_mut()?.insert("seal".to_owned(), seal.into());
    Some(row)
}

/// Most entries of an inbox.
const INBOX_ROWS_MAX: u32 = 50;

#[derive(Deserialize)]
struct InboxLine {
    line: String,
}

/// The newest inbox entries of a rep.
///
/// # Errors
/// When the database fails.
pub async fn inbox(env: &Env, rep_id: &str) -> PortResult<Value> {
    let query = "SELECT json_object('lead_id', a.lead_id, 'team', a.team, \
        'tier', a.tier, 'reason', a.reason, 'due_at', strftime('%Y-%m-%dT%H:%M:%SZ', a.due_ms / 1000, 'unixepoch'), \
        'assigned_at', strftime('%Y-%m-%dT%H:%M:%SZ', a.at_ms / 1000, 'unixepoch'), 'contact', json_object( \
        'name', c.name, 'email', c.email, 'company', c.company, 'title', c.title, 'phone', c.phone)) AS line \
        FROM assignments a LEFT JOIN contacts c ON c.contact_id = a.contact_id WHERE a.rep_id = ?1 \
        ORDER BY a.at_ms DESC LIMIT ?2";
    let bind = [JsValue::from_str(rep_id), number(i64::from(INBOX_ROWS_MAX))];
    let result = database(env)?.prepare(query).bind(&bind).map_err(failed)?.all().await.map_err(failed)?;
    let lines: Vec<InboxLine> = result.results().map_err(failed)?;
    let entries: Vec<Value> = lines.iter().filter_map(|line| serde_json::from_str(&line.line).ok()).collect();
    Ok(json!({"rep_id": rep_id, "inbox": entries}))
}
