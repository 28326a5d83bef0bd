//! The tables of a pool, in the SQLite of its Durable Object.

use crate::bindings::platform::Sql;
use lead_router_app::ports::{PortResult, RepPoolStore, Unavailable};
use lead_router_core::id::LeadId;
use lead_router_core::roster::model::{Pool, States};
use lead_router_core::time::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;
use worker::durable::State;

/// `pool` is one row: teams, reps and the state of the reps. The state is one text, because a pick moves the
/// balance of every rep who could have been picked. `answers` keeps each answer, so that asking again gives it.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS pool (part TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (
  lead_id TEXT NOT NULL, slot TEXT NOT NULL, answer TEXT NOT NULL, at_ms INTEGER NOT NULL,
  PRIMARY KEY (lead_id, slot)
) STRICT, WITHOUT ROWID;
";

/// The tables of a pool.
#[derive(Debug, Clone)]
pub struct SqlRepPoolStore {
    sql: Sql,
}

#[derive(Deserialize)]
struct TextRow {
    body: String,
}

#[derive(Deserialize)]
struct AnswerRow {
    slot: String,
    answer: String,
}

impl SqlRepPoolStore {
    /// Opens the tables, creating them when the object is new; the state of the object is handed back.
    ///
    /// # Errors
    /// When the object has no SQLite storage.
    pub fn open(state: State) -> (State, PortResult<Self>) {
        let (state, sql) = Sql::open(state, "team", SCHEMA);
        (state, sql.map(|sql| Self { sql }))
    }

    /// The pool as stored; an empty one when nothing is.
    ///
    /// # Errors
    /// When the store fails or holds something else.
    pub fn pool(&self) -> PortResult<Pool> {
        let mut pool: Pool = self.part("roster")?.unwrap_or_default();
        if let Some(states) = self.part::<States>("states")? {
            pool.states = states;
        }
        Ok(pool)
    }

    /// Writes teams, reps and states.
    ///
    /// # Errors
    /// When the store fails.
    pub fn put_pool(&self, pool: &Pool) -> PortResult<()> {
        let bare = Pool { teams: pool.teams.clone(), reps: pool.reps.clone(), states: BTreeMap::new() };
        self.put_part("roster", &json(&bare)?)?;
        self.put_part("states", &json(&pool.states)?)
    }

    /// Writes the states alone.
    ///
    /// # Errors
    /// When the store fails.
    pub fn put_states(&self, states: &States) -> PortResult<()> {
        self.put_part("states", &json(states)?)
    }

    fn part<T: for<'de> Deserialize<'de>>(&self, part: &str) -> PortResult<Option<T>> {
        let rows: Vec<TextRow> = self.sql.rows("SELECT body FROM pool WHERE part = ?", &[part.into()])?;
        let parse = |row: TextRow| serde_json::from_str(&row.body);
        rows.into_iter().next().map(parse).transpose().map_err(|error| Unavailable::new("team", error.to_string()))
    }

    fn put_part(&self, part: &str, body: &str) -> PortResult<()> {
        let query = "INSERT INTO pool (part, body) VALUES (?, ?) ON CONFLICT (part) DO UPDATE SET body = excluded.body";
        self.sql.run(query, &[part.into()], Some(body))
    }
}

fn json<T: serde::Serialize>(value: &T) -> PortResult<String> {
    serde_json::to_string(value).map_err(|error| Unavailable::new("team", error.to_string()))
}

impl RepPoolStore for SqlRepPoolStore {
    fn answer(&self, lead_id: &LeadId, slot: &str) -> PortResult<Option<String>> {
        let query = "SELECT answer AS body FROM answers WHERE lead_id = ? AND slot = ?";
        let rows: Vec<TextRow> = self.sql.rows(query, &[lead_id.as_str().into(), slot.into()])?;
        Ok(rows.into_iter().next().map(|row| row.body))
    }

    fn answers(&self, lead_id: &LeadId) -> PortResult<Vec<(String, String)>> {
        let query = "SELECT slot, answer FROM answers WHERE lead_id = ? ORDER BY slot";
        let rows: Vec<AnswerRow> = self.sql.rows(query, &[lead_id.as_str().into()])?;
        Ok(rows.into_iter().map(|row| (row.slot, row.answer)).collect())
    }

    fn put_answer(&self, lead_id: &LeadId, slot: &str, answer: &str, at: Timestamp, states: &str) -> PortResult<()> {
        self.put_part("states", states)?;
        let query = "INSERT INTO answers (lead_id, slot, at_ms, answer) VALUES (?, ?, ?, ?) \
                     ON CONFLICT (lead_id, slot) DO NOTHING";
        self.sql.run(query, &[lead_id.as_str().into(), slot.into(), at.as_ms().into()], Some(answer))
    }

    fn remove_answer(&self, lead_id: &LeadId, slot: &str, states: &str) -> PortResult<()> {
        self.put_part("states", states)?;
        let query = "DELETE FROM answers WHERE lead_id = ? AND slot = ?";
        self.sql.run(query, &[lead_id.as_str().into(), slot.into()], None)
    }
}
