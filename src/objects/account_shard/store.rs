//! The tables of an account shard, in the SQLite of its Durable Object.

use crate::bindings::platform::Sql;
use lead_router_app::ports::{AccountStore, LeadRow, LeadState, PortResult, Unavailable};
use lead_router_core::id::LeadId;
use lead_router_core::lead::key::AccountHash;
use lead_router_core::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::cell::Cell;
use std::rc::Rc;
use worker::durable::State;

/// `leads` is one row per lead, ordered by account and person. `log` is the chain of records and the outbox
/// in one: rows that were sent are deleted, all but the last, which carries the head of the chain. Which
/// rows were sent is remembered in memory alone, so a restart sends the last one again. `crm` is what was last read of the
/// CRM: a row per person, and one per account with an empty person. `touched` is which leads a rep works. A lead whose
/// content was removed has an empty body; `erased` says of whom no older content is taken any more.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS leads (
  lead_id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, state TEXT NOT NULL, rep_id TEXT,
  received_ms INTEGER NOT NULL, wake_ms INTEGER, decision_no INTEGER NOT NULL, body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS leads_wake ON leads (wake_ms) WHERE wake_ms IS NOT NULL;
CREATE TABLE IF NOT EXISTS keys (
  key_hash TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log (
  seq INTEGER PRIMARY KEY, lead_id TEXT NOT NULL, hash TEXT NOT NULL
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
struct HeadRow {
    seq: u64,
    hash: String,
}

/// A row of the outbox.
#[derive(Debug, Deserialize)]
pub struct OutboxRow {
    /// Its number.
    pub seq: u64,
    /// The lead.
    pub lead_id: LeadId,
    /// How the lead stands; `None` when it is gone.
    pub state: Option<LeadState>,
    /// What the lead's row holds, unless that was erased.
    pub body: Option<String>,
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

    /// The first rows after a number that were not sent, with their leads, in order.
    ///
    /// # Errors
    /// [`Unavailable`] when the store fails.
    pub fn outbox(&self, after: u64, limit: u32) -> PortResult<Vec<OutboxRow>> {
        let query = "SELECT seq, log.lead_id, state, nullif(body, '') AS body FROM log LEFT JOIN leads USING (lead_id) \
                     WHERE seq > ? ORDER BY seq LIMIT ?";
        self.sql.rows(query, &[json!(after), json!(limit)])
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
        LeadState::Claim => "claim",
    }
}

fn lead_row(row: LeadDbRow) -> PortResult<LeadRow> {
    Ok(LeadRow {
        lead_id: LeadId::new(&row.lead_id).map_err(|error| Unavailable::new("shard", error.to_string()))?,
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

    fn latest(&self, prefix: &str, since: Timestamp, but: Option<&LeadId>) -> PortResult<Option<LeadRow>> {
        // `~` sorts after every character of an id, and no id is empty.
        let query = format!(
            "SELECT {COLUMNS} FROM leads WHERE lead_id >= ? AND lead_id < ? AND rep_id IS NOT NULL \
             AND received_ms > ? AND lead_id <> ? ORDER BY received_ms DESC, lead_id LIMIT 1"
        );
        let but = but.map_or("", LeadId::as_str);
        let values = [prefix.into(), format!("{prefix}~").into(), ms(since), but.into()];
        self.sql.rows::<LeadDbRow>(&query, &values)?.into_iter().next().map(lead_row).transpose()
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

    fn put_key(&self, hash: &str, fingerprint: &str, at: Timestamp) -> PortResult<()> {
        let query = "INSERT INTO keys (key_hash, fingerprint, at_ms) VALUES (?, ?, ?) ON CONFLICT (key_hash) \
                     DO UPDATE SET fingerprint = excluded.fingerprint, at_ms = excluded.at_ms";
        self.sql.run(query, &[hash.into(), fingerprint.into(), ms(at)], None)
    }

    fn head(&self) -> PortResult<(u64, String)> {
        let query = "SELECT seq, hash FROM log ORDER BY seq DESC LIMIT 1";
        let head = self.sql.rows::<HeadRow>(query, &[])?.into_iter().next();
        Ok(head.map_or((0, String::new()), |row| (row.seq, row.hash)))
    }

    fn append(&self, seq: u64, lead_id: &LeadId, hash: &str) -> PortResult<()> {
        let query = "INSERT INTO log (seq, lead_id, hash) VALUES (?, ?, ?)";
        self.sql.run(query, &[seq.into(), lead_id.as_str().into(), hash.into()], None)
    }

    fn has_unsent(&self, after: u64) -> PortResult<bool> {
        let query = "SELECT seq, hash FROM log WHERE seq > ? LIMIT 1";
        Ok(!self.sql.rows::<HeadRow>(query, &[after.into()])?.is_empty())
    }

    fn sent(&self, seq: u64) -> PortResult<()> {
        self.sql.run("DELETE FROM log WHERE seq <= ? AND seq < (SELECT max(seq) FROM log)", &[seq.into()], None)
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
