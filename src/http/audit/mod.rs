//! What operators ask about the past: the ledger searched and exported, events, people erased, old content removed.

pub mod decisions;
pub mod events;
pub mod export;
pub mod people;

use crate::bindings::directory::{database, failed};
use lead_router_app::ports::PortResult;
use serde::Deserialize;
use serde_json::Value;
use worker::Env;
use worker::wasm_bindgen::JsValue;

/// What stands in the place of a record that was erased.
pub const ERASED: &str = "{}";

#[derive(Deserialize)]
struct AuditLine {
    line: String,
}

/// The rows of a query that makes one JSON text of each, in a column `line`.
///
/// # Errors
/// When the database fails.
pub async fn lines(env: &Env, query: &str, bind: &[JsValue]) -> PortResult<Vec<Value>> {
    let result = database(env)?.prepare(query).bind(bind).map_err(failed)?.all().await.map_err(failed)?;
    let lines: Vec<AuditLine> = result.results().map_err(failed)?;
    Ok(lines.iter().filter_map(|line| serde_json::from_str(&line.line).ok()).collect())
}

/// A text for a query; nothing for none.
fn optional(text: Option<&str>) -> JsValue {
    text.map_or(JsValue::NULL, JsValue::from_str)
}
