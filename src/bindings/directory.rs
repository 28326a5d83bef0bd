//! The account directory, in D1.

use crate::bindings::world::World;
use lead_router_app::ports::{Directory, PortResult, Unavailable};
use lead_router_core::directory::DirectoryRow;
use lead_router_core::time::Timestamp;
use serde::Deserialize;
use worker::wasm_bindgen::JsValue;
use worker::{D1Database, Env};

/// Binding of the database.
const DB: &str = "DB";
/// Rows of one import statement: together they stay far below a statement's limits.
const IMPORT_CHUNK_ROWS: usize = 500;

pub(crate) fn failed(error: impl ToString) -> Unavailable {
    Unavailable::new("d1", error.to_string())
}

/// The database.
///
/// # Errors
/// When there is no binding.
pub(crate) fn database(env: &Env) -> PortResult<D1Database> {
    env.d1(DB).map_err(failed)
}

#[derive(Deserialize)]
struct DirectoryDbRow {
    body: String,
}

const BODY: &str = "json_object('domain', domain, 'name', name, 'employees', employees, 'revenue_usd', revenue_usd, \
    'industry', industry, 'country', country, 'named_account', json(iif(named_account, 'true', 'false')), \
    'owner_rep_id', owner_rep_id, 'status', status) AS body";

impl Directory for World {
    async fn find(&self, domain: Option<&str>, name_key: Option<&str>) -> PortResult<Option<DirectoryRow>> {
        let (query, value) = match (domain, name_key) {
            (Some(domain), _) => (format!("SELECT {BODY} FROM directory WHERE domain = ?1"), domain),
            // Two companies of one name are no match: a wrong owner is worse than none.
            (None, Some(key)) => (
                format!(
                    "SELECT {BODY} FROM directory WHERE name_key = ?1 \
                     AND (SELECT count(*) FROM directory WHERE name_key = ?1) = 1"
                ),
                key,
            ),
            (None, None) => return Ok(None),
        };
        let statement = database(&self.env)?.prepare(query).bind(&[JsValue::from_str(value)]).map_err(failed)?;
        let row = statement.first::<DirectoryDbRow>(None).await.map_err(failed)?;
        row.map(|row| serde_json::from_str(&row.body).map_err(failed)).transpose()
    }
}

/// Writes rows of an import, replacing companies of the same domain.
///
/// # Errors
/// When the database fails; the chunks before are written, and importing again is harmless.
pub async fn import(env: &Env, rows: &[DirectoryRow], now: Timestamp) -> PortResult<()> {
    let database = database(env)?;
    for chunk in rows.chunks(IMPORT_CHUNK_ROWS) {
        let with_keys: Vec<serde_json::Value> = chunk.iter().filter_map(row_json).collect();
        let text = serde_json::to_string(&with_keys).map_err(failed)?;
        let statement = database
            .prepare(
                "INSERT OR REPLACE INTO directory (domain, name, name_key, employees, revenue_usd, industry, country, \
                 named_account, owner_rep_id, status, updated_ms) \
                 SELECT value ->> 'domain', value ->> 'name', value ->> 'name_key', value ->> 'employees', \
                 value ->> 'revenue_usd', value ->> 'industry', value ->> 'country', \
                 coalesce(value ->> 'named_account', 0), value ->> 'owner_rep_id', value ->> 'status', ?2 \
                 FROM json_each(?1)",
            )
            .bind(&[JsValue::from_str(&text), number(now.as_ms())])
            .map_err(failed)?;
        statement.run().await.map_err(failed)?;
    }
    Ok(())
}

/// A number for the database. Milliseconds stay below 2^53, where every integer is exact.
#[expect(clippy::cast_precision_loss, reason = "moments and counts stay below 2^53")]
pub(crate) fn number(value: i64) -> JsValue {
    JsValue::from_f64(value as f64)
}

fn row_json(row: &DirectoryRow) -> Option<serde_json::Value> {
    let mut value = serde_json::to_value(row).ok()?;
    let key = row.name_key();
    value.as_object_mut()?.insert("name_key".to_owned(), key.into());
    Some(value)
}
