//! The tables of an account shard, in the SQLite of its Durable Object.

use crate::bindings::platform::Sql;
use lead_router_app::ports::{
    AccountStore, ClaimRow, EarlierRow, LeadRow, LeadState, OutboxRow, OutboxStore, PortResult, Unavailable,
};
use lead_router_core::id::{LeadId, RepId};
use lead_router_core::lead::key::AccountHash;
use lead_router_core::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::cell::Cell;
use std::rc::Rc;
use worker::durable::State;

/// `leads` is one row per lead, ordered by account and person. `log` is the chain of records and the outbox
/// in one: rows that the ledger confirmed are deleted, all but the last, which carries the head of the chain; that it was
/// confirmed is remembered in memory alone, so a restart sends it again. The record of a row is in `leads`, until that row
/// holds a later one: then it stands here. `crm` is what was last read of the
/// CRM: a row per person, and one per account with an empty person. `touched` is which leads a rep works. A lead whose
/// content was removed has an empty body; `erased` says of whom no older content is taken any more.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS leads (
  lead_id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, state TEXT NOT NULL, rep_id TEXT,
  received_ms INTEGER NOT NULL, wake_ms INTEGER, decision_no INTEGER NOT NULL, body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS leads_wake ON leads (wake_ms) WHERE wake_ms IS NOT NULL;
CREATE TABLE IF NOT EXISTS claims (
  claim_id TEXT PRIMARY KEY, lead_id TEXT NOT NULL, rep_id TEXT NOT NULL, at_ms INTEGER NOT NULL, body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS keys (
  key_hash TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, person TEXT NOT NULL, at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log (
  seq INTEGER PRIMARY KEY, lead_id TEXT NOT NULL, hash TEXT NOT NULL, record TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS touched (lead_id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS crm (
  account TEXT NOT NULL, person TEXT NOT NULL, seen TEXT NOT NULL, PRIMARY KEY (account, person)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS erased (person TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";

const COLUMNS: &str = "lead_id, fingerprint, state, rep_id, received_ms, wake_ms, decision_no, body";

/// The tables of an account shard. Clones are of the same tables.
#[derive(Debug, Clone)]
pub struct SqlAccountStore {
    pub(crate) sql: Sql,
    /// Whether anybody was erased here, once that was asked: most account shards never have to look further.
    pub(crate) has_erased: Rc<Cell<Option<bool>>>,
}

#[derive(Deserialize)]
struct LeadDbRow {
    lead_id: String,
    fingerprint: String,
    state: String,
    rep_id: Option<String>,
    received_ms: i64,
    wake_ms: Option<i64>,
    decision_no: u32,
    body: String,
}

#[derive(Deserialize)]
struct EarlierDbRow {
    lead_id: String,
    rep_id: String,
    body: String,
    is_claim: u8,
}

#[derive(Deserialize)]
struct ClaimDbRow {
    lead_id: String,
    rep_id: String,
    at_ms: i64,
    body: String,
}

#[derive(Deserialize)]
struct HeadRow {
    seq: u64,
    hash: String,
}

#[derive(Deserialize)]
struct SeqRow {
    seq: u64,
}

#[derive(Deserialize)]
struct KeyRow {
    fingerprint: String,
    at_ms: i64,
}

#[derive(Deserialize)]
struct TouchedRow {
    at_ms: i64,
}

#[derive(Deserialize)]
struct SeenRow {
    seen: String,
}

#[derive(Deserialize)]
struct WakeRow {
    wake_ms: i64,
}

impl SqlAccountStore {
    /// Opens the tables, creating them when the object is new; the state of the object is handed back.
    ///
    /// # Errors
    /// When the object has no SQLite storage.
    pub fn open(state: State) -> (State, PortResult<Self>) {
        let (state, sql) = Sql::open(state, "shard", SCHEMA);
        (state, sql.map(|sql| Self { sql, has_erased: Rc::default() }))
    }
}

fn ms(at: Timestamp) -> Value {
    at.as_ms().into()
}

fn state_of(text: &str) -> PortResult<LeadState> {
    serde_json::from_value(serde_json::Value::from(text)).map_err(|error| Unavailable::new("shard", error.to_string()))
}

fn state_text(state: LeadState) -> &'static str {
    match state {
        LeadState::Open => "open",
        LeadState::Assigned => "assigned",
        LeadState::Held => "held",
        LeadState::Rejected => "rejected",
    }
}

fn id_of(text: &str) -> PortResult<LeadId> {
    LeadId::new(text).map_err(|error| Unavailable::new("shard", error.to_string()))
}

fn lead_row(row: LeadDbRow) -> PortResult<LeadRow> {
    Ok(LeadRow {
        lead_id: id_of(&row.lead_id)?,
        fingerprint: row.fingerprint,
        state: state_of(&row.state)?,
        rep_id: row.rep_id,
        received_at: Timestamp::from_ms(row.received_ms),
        wake_at: row.wake_ms.map(Timestamp::from_ms),
        decision_no: row.decision_no,
        body: row.body,
    })
}

impl AccountStore for SqlAccountStore {
    fn lead(&self, id: &LeadId) -> PortResult<Option<LeadRow>> {
        let query = format!("SELECT {COLUMNS} FROM leads WHERE lead_id = ?");
        let rows = self.sql.rows::<LeadDbRow>(&query, &[id.as_str().into()])?;
        rows.into_iter().next().map(lead_row).transpose()
    }

    fn latest(&self, prefix: &str, since: Timestamp, but: Option<&LeadId>) -> PortResult<Option<EarlierRow>> {
        // `~` sorts after every character of an id, and no id is empty.
        let query = "SELECT lead_id, rep_id, body, is_claim FROM (\
             SELECT lead_id, rep_id, received_ms AS at_ms, body, 0 AS is_claim FROM leads \
             WHERE lead_id >= ?1 AND lead_id < ?2 AND rep_id IS NOT NULL AND received_ms > ?3 AND lead_id <> ?4 \
             UNION ALL SELECT lead_id, rep_id, at_ms, body, 1 FROM claims \
             WHERE claim_id >= ?1 AND claim_id < ?2 AND at_ms > ?3 AND lead_id <> ?4) \
             ORDER BY at_ms DESC, lead_id LIMIT 1";
        let but = but.map_or("", LeadId::as_str);
        let values = [prefix.into(), format!("{prefix}~").into(), ms(since), but.into()];
        let row = self.sql.rows::<EarlierDbRow>(query, &values)?.into_iter().next();
        row.map(|row| {
            let EarlierDbRow { lead_id, rep_id, body, is_claim } = row;
            Ok(EarlierRow { lead_id: id_of(&lead_id)?, rep_id, body, is_claim: is_claim == 1 })
        })
        .transpose()
    }

    fn claim(&self, id: &LeadId) -> PortResult<Option<ClaimRow>> {
        let query = "SELECT lead_id, rep_id, at_ms, body FROM claims WHERE claim_id = ?";
        let row = self.sql.rows::<ClaimDbRow>(query, &[id.as_str().into()])?.into_iter().next();
        row.map(|row| {
            let rep_id = RepId::new(&row.rep_id).map_err(|error| Unavailable::new("shard", error.to_string()))?;
            let (lead_id, at) = (id_of(&row.lead_id)?, Timestamp::from_ms(row.at_ms));
            Ok(ClaimRow { claim_id: id.clone(), lead_id, rep_id, at, body: row.body })
        })
        .transpose()
    }

    fn put_claim(&self, row: &ClaimRow) -> PortResult<()> {
        let query = "INSERT INTO claims (claim_id, lead_id, rep_id, at_ms, body) VALUES (?, ?, ?, ?, ?) \
                     ON CONFLICT (claim_id) DO UPDATE SET lead_id = excluded.lead_id, rep_id = excluded.rep_id, \
                     at_ms = excluded.at_ms, body = excluded.body";
        let ids = [row.claim_id.as_str().into(), row.lead_id.as_str().into(), row.rep_id.as_str().into(), ms(row.at)];
        self.sql.run(query, &ids, Some(&row.body))
    }

    fn put(&self, row: &LeadRow) -> PortResult<()> {
        let query = format!(
            "INSERT INTO leads ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (lead_id) DO UPDATE SET \
             fingerprint = excluded.fingerprint, state = excluded.state, rep_id = excluded.rep_id, \
             received_ms = excluded.received_ms, wake_ms = excluded.wake_ms, decision_no = excluded.decision_no, \
             body = excluded.body"
        );
        let values = [
            row.lead_id.as_str().into(),
            row.fingerprint.as_str().into(),
            state_text(row.state).into(),
            row.rep_id.clone().into(),
            ms(row.received_at),
            row.wake_at.map_or(Value::Null, ms),
            row.decision_no.into(),
        ];
        self.sql.run(&query, &values, Some(&row.body))
    }

    fn due(&self, now: Timestamp, limit: u32) -> PortResult<Vec<LeadRow>> {
        let query =
            format!("SELECT {COLUMNS} FROM leads WHERE wake_ms IS NOT NULL AND wake_ms <= ? ORDER BY wake_ms LIMIT ?");
        let rows = self.sql.rows::<LeadDbRow>(&query, &[ms(now), limit.into()])?;
        rows.into_iter().map(lead_row).collect()
    }

    fn next_wake(&self) -> PortResult<Option<Timestamp>> {
        let query = "SELECT wake_ms FROM leads WHERE wake_ms IS NOT NULL ORDER BY wake_ms LIMIT 1";
        Ok(self.sql.rows::<WakeRow>(query, &[])?.first().map(|row| Timestamp::from_ms(row.wake_ms)))
    }

    fn key(&self, hash: &str) -> PortResult<Option<(String, Timestamp)>> {
        let query = "SELECT fingerprint, at_ms FROM keys WHERE key_hash = ?";
        let rows = self.sql.rows::<KeyRow>(query, &[hash.into()])?;
        Ok(rows.into_iter().next().map(|row| (row.fingerprint, Timestamp::from_ms(row.at_ms))))
    }

    fn put_key(&self, hash: &str, fingerprint: &str, person: &str, at: Timestamp) -> PortResult<()> {
        let query = "INSERT INTO keys (key_hash, fingerprint, person, at_ms) VALUES (?, ?, ?, ?) \
                     ON CONFLICT (key_hash) DO UPDATE SET fingerprint = excluded.fingerprint, \
                     person = excluded.person, at_ms = excluded.at_ms";
        self.sql.run(query, &[hash.into(), fingerprint.into(), person.into(), ms(at)], None)
    }

    fn head(&self) -> PortResult<(u64, String)> {
        let query = "SELECT seq, hash FROM log ORDER BY seq DESC LIMIT 1";
        let head = self.sql.rows::<HeadRow>(query, &[])?.into_iter().next();
        Ok(head.map_or((0, String::new()), |row| (row.seq, row.hash)))
    }

    fn transaction(&self, run: &mut dyn FnMut() -> PortResult<()>) -> PortResult<()> {
        self.sql.transaction(run)
    }

    fn append(&self, seq: u64, lead_id: &LeadId, hash: &str) -> PortResult<()> {
        let query = "INSERT INTO log (seq, lead_id, hash) VALUES (?, ?, ?)";
        self.sql.run(query, &[seq.into(), lead_id.as_str().into(), hash.into()], None)
    }

    fn keep_record(&self, lead_id: &LeadId) -> PortResult<()> {
        let query = "UPDATE log SET record = (SELECT nullif(body, '') FROM leads WHERE leads.lead_id = log.lead_id) \
                     WHERE lead_id = ? AND record IS NULL";
        self.sql.run(query, &[lead_id.as_str().into()], None)
    }

    fn touched(&self, id: &LeadId) -> PortResult<Option<Timestamp>> {
        let rows = self.sql.rows::<TouchedRow>("SELECT at_ms FROM touched WHERE lead_id = ?", &[id.as_str().into()])?;
        Ok(rows.first().map(|row| Timestamp::from_ms(row.at_ms)))
    }

    fn put_touched(&self, id: &LeadId, at: Timestamp) -> PortResult<()> {
        let query = "INSERT OR IGNORE INTO touched (lead_id, at_ms) VALUES (?, ?)";
        self.sql.run(query, &[id.as_str().into(), ms(at)], None)
    }

    fn crm(&self, account: &AccountHash, person: &str) -> PortResult<Option<String>> {
        let query = "SELECT seen FROM crm WHERE account = ? AND person = ?";
        let rows = self.sql.rows::<SeenRow>(query, &[account.as_str().into(), person.into()])?;
        Ok(rows.into_iter().next().map(|row| row.seen))
    }

    fn put_crm(&self, account: &AccountHash, person: &str, seen: &str) -> PortResult<()> {
        let query = "INSERT INTO crm (account, person, seen) VALUES (?, ?, ?) ON CONFLICT (account, person) \
                     DO UPDATE SET seen = excluded.seen";
        self.sql.run(query, &[account.as_str().into(), person.into()], Some(seen))
    }
}

impl OutboxStore for SqlAccountStore {
    fn outbox_after(&self, after: u64) -> PortResult<Vec<u64>> {
        let rows = self.sql.rows::<SeqRow>("SELECT seq FROM log WHERE seq > ? ORDER BY seq", &[json!(after)])?;
        Ok(rows.into_iter().map(|row| row.seq).collect())
    }

    fn outbox_rows(&self, seqs: &[u64]) -> PortResult<Vec<OutboxRow>> {
        // The row of a lead holds the record of its last decision, and a lead that is open holds none.
        let query = "SELECT seq, log.lead_id, coalesce(record, iif(state IN ('assigned', 'held', 'rejected'), \
                     nullif(body, ''), NULL)) AS record FROM log LEFT JOIN leads USING (lead_id) \
                     WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq";
        self.sql.rows(query, &[json!(json!(seqs).to_string())])
    }

    fn forget_records(&self, seqs: &[u64]) -> PortResult<()> {
        let query = "UPDATE log SET record = NULL WHERE record IS NOT NULL AND seq IN (SELECT value FROM json_each(?))";
        self.sql.run(query, &[json!(json!(seqs).to_string())], None)
    }

    fn delete_from_outbox(&self, seqs: &[u64]) -> PortResult<()> {
        if seqs.is_empty() {
            return Ok(());
        }
        let query = "DELETE FROM log WHERE seq IN (SELECT value FROM json_each(?))";
        self.sql.run(query, &[json!(json!(seqs).to_string())], None)
    }
}
