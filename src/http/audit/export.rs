//! The ledger as a file: CSV for a spreadsheet, NDJSON for a program, streamed page by page.
//!
//! A file says whether it is whole. NDJSON ends with a line that counts the rows; a file that could not be read to its end
//! ends with a line that says so, in CSV too, where it is the only row with one cell.

use crate::bindings::directory::number;
use crate::bindings::log;
use crate::bindings::settings::person_key;
use crate::http::audit::decisions::{Conditions, Params};
use crate::http::audit::{decisions, events, lines, optional};
use crate::http::doctor;
use crate::http::respond::ApiResult;
use crate::http::routes::Call;
use futures_util::future::ready;
use futures_util::{StreamExt, stream};
use lead_router_app::ports::{Clock, PortResult, Unavailable};
use lead_router_core::audit::chain::INVALID;
use lead_router_core::audit::heads::{ExportEnd, Heads};
use lead_router_core::audit::{csv_export, seal};
use lead_router_core::decision::record::ProviderCall;
use lead_router_core::enrichment::provider::Offer;
use lead_router_core::error::Problem;
use serde_json::{Value, json};
use worker::{Env, Headers, Response};

/// Rows of a piece.
const ROWS: u32 = 1_000;
/// Rows of a piece when each comes with its record, which may have a hundred thousand bytes.
const ROWS_WITH_RECORDS: u32 = 100;
/// Most pieces of an answer: each is a query, and the platform lets a request make a thousand.
const PIECES_MAX: u32 = 900;

/// Columns of decisions, in order.
const DECISIONS: [&str; 27] = [
    "decided_at",
    "decision_id",
    "lead_id",
    "outcome",
    "tier",
    "team",
    "rep_id",
    "score",
    "confidence",
    "reason",
    "source",
    "form",
    "domain",
    "mode",
    "rubric_version",
    "duplicate_of",
    "ms",
    "enrichment_ms",
    "providers_called",
    "cost_usd_micros",
    "shard",
    "seq",
    "hash",
    "previous",
    "erased_at",
    "record",
    "seal",
];

/// A decision with its place in the chain and what it took.
const LINE: &str = "json_object('decided_at', strftime('%Y-%m-%dT%H:%M:%fZ', at_ms / 1000.0, 'unixepoch'), \
    'decision_id', decision_id, 'lead_id', lead_id, 'outcome', outcome, 'tier', tier, 'team', team, 'rep_id', rep_id, \
    'score', record ->> '$.decision.assignment.score', 'confidence', record ->> '$.decision.assignment.confidence', \
    'reason', reason, 'source', source, 'form', form, 'domain', domain, 'mode', mode, \
    'rubric_version', rubric_version, 'duplicate_of', duplicate_of, 'ms', ms, \
    'enrichment_ms', record ->> '$.decision.enrichment.ms', \
    'providers_called', record ->> '$.decision.enrichment.providers_called', \
    'calls', json(record -> '$.decision.enrichment.calls'), 'shard', shard, 'seq', seq, 'hash', hash, \
    'previous', previous, 'erased_at', strftime('%Y-%m-%dT%H:%M:%SZ', erased_ms / 1000, 'unixepoch'))";

/// A decision as it is stored, as far as it is sealed.
const STORED: &str = "json_object('at_ms', at_ms, 'decision_id', decision_id, 'lead_id', lead_id, 'outcome', outcome, \
    'tier', tier, 'team', team, 'rep_id', rep_id, 'source', source, 'form', form, 'mode', mode, \
    'rubric_version', rubric_version, 'duplicate_of', duplicate_of, 'ms', ms, 'shard', shard, 'seq', seq, 'hash', hash, \
    'previous', previous, 'erased_ms', erased_ms, 'seal', seal, 'erasure', erasure)";

/// Columns of events, in order; `detail` is JSON.
const EVENTS: [&str; 7] = ["at", "event_id", "lead_id", "kind", "who", "detail", "seal"];

/// What is exported.
#[derive(Clone, Copy)]
enum ExportTable {
    Decisions,
    DecisionsWithRecords,
    Events,
}

impl ExportTable {
    const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Decisions => DECISIONS.split_at(25).0,
            Self::DecisionsWithRecords => &DECISIONS,
            Self::Events => &EVENTS,
        }
    }

    const fn rows(self) -> u32 {
        if matches!(self, Self::DecisionsWithRecords) { ROWS_WITH_RECORDS } else { ROWS }
    }
}

/// An export while it is answered.
struct Export {
    env: Env,
    table: ExportTable,
    conditions: Conditions,
    is_csv: bool,
    after: Option<String>,
    pieces: u32,
    rows: usize,
    /// What the account shards had written before; of an export of the whole ledger.
    heads: Option<Heads>,
    is_over: bool,
}

/// `GET /v1/decisions:export`: decisions, the oldest first; `record=1` adds the whole records.
pub async fn decisions(call: &Call<'_>) -> ApiResult {
    let mut params = Params::new(call);
    let mut conditions = decisions::conditions(&mut params);
    let with_records = params.text("record").as_deref() == Some("1");
    let is_whole =
        with_records && conditions.is_empty() && params.text("format").is_none_or(|format| format == "ndjson");
    let heads = if is_whole { Some(doctor::heads(&call.world.env).await?) } else { None };
    // What is decided while the file is written does not make it longer.
    conditions.between("at_ms", None, Some(call.world.now().as_ms()));
    answer(
        call,
        params,
        conditions,
        if with_records { ExportTable::DecisionsWithRecords } else { ExportTable::Decisions },
        heads,
    )
    .await
}

/// `GET /v1/events:export`: events, those of a lead together.
pub async fn events(call: &Call<'_>) -> ApiResult {
    let mut params = Params::new(call);
    let conditions = events::conditions(&mut params);
    answer(call, params, conditions, ExportTable::Events, None).await
}

async fn answer(
    call: &Call<'_>,
    mut params: Params<'_, '_>,
    conditions: Conditions,
    table: ExportTable,
    heads: Option<Heads>,
) -> ApiResult {
    let is_csv = match params.text("format").as_deref() {
        None | Some("ndjson") => false,
        Some("csv") => true,
        Some(_) => {
            params.problem(Problem::new("format", "unknown_format", "use `csv` or `ndjson`"));
            false
        }
    };
    params.done()?;
    let env = call.world.env.clone();
    let mut export = Export { env, table, conditions, is_csv, after: None, pieces: 0, rows: 0, heads, is_over: false };
    // What cannot be begun is an ordinary error.
    let first = export.piece().await?;
    let rest = stream::unfold(export, |mut export| async move {
        if export.is_over {
            return None;
        }
        let piece = match export.piece().await {
            Ok(piece) => piece,
            Err(error) => export.broken(&error),
        };
        Some((piece, export))
    });
    let pieces = stream::once(ready(first)).chain(rest).map(|piece| Ok::<Vec<u8>, worker::Error>(piece.into_bytes()));
    let headers = Headers::new();
    headers
        .set("content-type", if is_csv { "text/csv; charset=utf-8; header=present" } else { "application/x-ndjson" })?;
    headers.set("cache-control", "no-store")?;
    let name = match table {
        ExportTable::Decisions | ExportTable::DecisionsWithRecords => "decisions",
        ExportTable::Events => "events",
    };
    let ending = if is_csv { "csv" } else { "ndjson" };
    headers.set("content-disposition", &format!("attachment; filename=\"{name}.{ending}\""))?;
    Ok(Response::from_stream(pieces)?.with_headers(headers))
}

impl Export {
    /// The next piece.
    async fn piece(&mut self) -> PortResult<String> {
        let is_first = self.pieces == 0;
        self.pieces = self.pieces.saturating_add(1);
        if self.pieces > PIECES_MAX {
            return Err(Unavailable::new("d1", "more rows than one export may have"));
        }
        let found = self.next().await?;
        self.is_over = found.len() < usize::try_from(self.table.rows()).unwrap_or(usize::MAX);
        self.rows = self.rows.saturating_add(found.len());
        let cursor = found.last().and_then(|line| line.get("cursor")).and_then(Value::as_str);
        self.after = cursor.map(str::to_owned);
        let mut text = String::new();
        if is_first && self.is_csv {
            text.push_str(&csv_export::line(self.table.columns().iter().copied()));
        }
        let key = person_key(&self.env);
        for mut line in found {
            let is_valid = self.is_valid(key.as_bytes(), line.get("stored").unwrap_or(&Value::Null));
            let Some(mut row) = line.get_mut("row").map(Value::take) else { continue };
            if let Some(map) = row.as_object_mut() {
                map.insert("seal".to_owned(), if is_valid { "valid" } else { INVALID }.into());
            }
            text.push_str(&self.row(row));
        }
        if self.is_over && !self.is_csv {
            let heads_after = if self.heads.is_some() { Some(doctor::heads(&self.env).await?) } else { None };
            let end = ExportEnd { rows: self.rows, heads_before: self.heads.take(), heads_after };
            text.push_str(&format!("{}\n", json!(end)));
        }
        Ok(text)
    }

    fn is_valid(&self, key: &[u8], stored: &Value) -> bool {
        match self.table {
            ExportTable::Events => seal::is_event_valid(key, stored),
            ExportTable::Decisions | ExportTable::DecisionsWithRecords => seal::is_decision_valid(key, stored),
        }
    }

    /// The last line of a file that cannot be read to its end.
    fn broken(&mut self, error: &Unavailable) -> String {
        self.is_over = true;
        log::error(&log::LogLine { event: "export.failed", detail: Some(&error.detail), ..log::LogLine::default() });
        let message = "the export broke off here; ask for a shorter span, or again";
        if self.is_csv {
            return csv_export::line([message]);
        }
        format!("{}\n", json!({"error": {"code": "unavailable", "message": message}}))
    }

    async fn next(&self) -> PortResult<Vec<Value>> {
        let (after, rows) = (self.after.as_deref(), self.table.rows());
        let record = match self.table {
            ExportTable::Events => return events::after(&self.env, &self.conditions, after, rows).await,
            ExportTable::DecisionsWithRecords => "iif(erased_ms IS NULL, record, NULL)",
            ExportTable::Decisions => "NULL",
        };
        let mut conditions = self.conditions.clone();
        if let Some((at_ms, id)) = after.and_then(|cursor| cursor.split_once('_')) {
            let at_ms = number(at_ms.parse().unwrap_or(0));
            conditions.add("(at_ms, decision_id) > (?, ?)", [at_ms, optional(Some(id))]);
        }
        let select = format!(
            "SELECT json_object('cursor', at_ms || '_' || decision_id, 'stored', {STORED}, 'row', \
             json_set({LINE}, '$.record', {record})) AS line FROM decisions"
        );
        let (query, mut bind) = conditions.query(&select, "ORDER BY at_ms, decision_id LIMIT ?");
        bind.push(number(i64::from(rows)));
        lines(&self.env, &query, &bind).await
    }

    /// A row as text, with its end.
    fn row(&self, mut row: Value) -> String {
        if let Some(map) = row.as_object_mut() {
            if let Some(calls) = map.remove("calls") {
                map.insert("cost_usd_micros".to_owned(), cost_usd_micros(calls).into());
            }
            if !matches!(self.table, ExportTable::DecisionsWithRecords) {
                map.remove("record");
                if matches!(self.table, ExportTable::Decisions) {
                    map.remove("seal");
                }
            }
        }
        if !self.is_csv {
            return format!("{row}\n");
        }
        let cell = |name: &&str| match row.get(*name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let cells: Vec<String> = self.table.columns().iter().map(cell).collect();
        csv_export::line(cells.iter().map(String::as_str))
    }
}

/// What the answers of providers cost a decision, in millionths of a US dollar; `None` where that is not known any more.
fn cost_usd_micros(calls: Value) -> Option<u64> {
    if calls.is_null() {
        return None;
    }
    let calls: Vec<ProviderCall> = serde_json::from_value(calls).ok()?;
    let paid = calls.iter().filter(|call| call.result == "found").filter_map(|call| Offer::find(&call.provider));
    Some(paid.fold(0_u64, |sum, offer| sum.saturating_add(offer.cost_usd_micros().into())))
}
