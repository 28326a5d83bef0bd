//! The ledger of decisions in pages, by what a person looks for. A person is found by the keyed hash in the ids of their
//! leads, so an address is never compared with what is stored.

use crate::bindings::directory::number;
use crate::http::audit::lines;
use crate::http::respond::{ApiError, ApiResult, json};
use crate::http::routes::Call;
use lead_router_app::ports::PortResult;
use lead_router_core::audit::{ErasedPerson, person_of, person_part};
use lead_router_core::error::Problem;
use lead_router_core::id::LeadId;
use lead_router_core::lead::key::AccountHash;
use lead_router_core::normalize::domain_of;
use lead_router_core::time::Timestamp;
use serde_json::{Value, json};
use worker::Env;
use worker::wasm_bindgen::JsValue;

/// Rows of a page when nothing is said.
const PAGE_ROWS: u32 = 50;
/// Most rows of a page.
const PAGE_ROWS_MAX: u32 = 200;

/// A decision as JSON, without its record.
pub(crate) const LINE: &str = "json_object('decision_id', decision_id, 'lead_id', lead_id, 'outcome', outcome, \
    'tier', tier, 'team', team, 'rep_id', rep_id, 'source', source, 'form', form, 'mode', mode, \
    'rubric_version', rubric_version, 'duplicate_of', duplicate_of, 'reason', reason, 'domain', domain, 'ms', ms, \
    'decided_at', strftime('%Y-%m-%dT%H:%M:%SZ', at_ms / 1000, 'unixepoch'), \
    'erased_at', strftime('%Y-%m-%dT%H:%M:%SZ', erased_ms / 1000, 'unixepoch'))";

/// Parameters of a request, every problem at once.
pub struct Params<'a, 'b> {
    call: &'a Call<'b>,
    problems: Vec<Problem>,
}

impl<'a, 'b> Params<'a, 'b> {
    /// The parameters of this request.
    pub const fn new(call: &'a Call<'b>) -> Self {
        Self { call, problems: Vec::new() }
    }

    /// One more problem.
    pub fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// A text; `None` when it is missing or empty.
    pub fn text(&self, name: &str) -> Option<String> {
        self.call.query(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// A moment, in milliseconds.
    pub fn moment(&mut self, name: &str) -> Option<i64> {
        match self.call.query(name)?.parse::<Timestamp>() {
            Ok(at) => Some(at.as_ms()),
            Err(error) => {
                self.problem(Problem::new(name, "bad_moment", error.to_string()));
                None
            }
        }
    }

    /// Rows of a page.
    pub fn limit(&mut self) -> u32 {
        match self.call.query("limit").map(|text| text.parse::<u32>()) {
            None => PAGE_ROWS,
            Some(Ok(limit)) if (1..=PAGE_ROWS_MAX).contains(&limit) => limit,
            Some(_) => {
                let message = format!("use a number from 1 to {PAGE_ROWS_MAX}");
                self.problem(Problem::new("limit", "out_of_range", message));
                PAGE_ROWS
            }
        }
    }

    /// The last row of the page before: its moment in milliseconds and its id.
    pub fn cursor(&mut self) -> Option<(i64, String)> {
        let text = self.call.query("cursor")?;
        let cursor = text.split_once('_').and_then(|(at_ms, id)| Some((at_ms.parse().ok()?, id.to_owned())));
        if cursor.is_none() {
            let message = "use the `next_cursor` of the page before";
            self.problem(Problem::new("cursor", "bad_cursor", message));
        }
        cursor
    }

    /// The person with this address.
    pub fn person(&mut self, name: &str) -> Option<ErasedPerson> {
        let address = self.text(name)?;
        let person = person_of(self.call.settings.person_key.as_bytes(), &address);
        if person.is_none() {
            self.problem(Problem::new(name, "bad_email", "an email address is required"));
        }
        person
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// 422 with every problem.
    pub fn done(self) -> Result<(), ApiError> {
        if self.problems.is_empty() { Ok(()) } else { Err(ApiError::invalid(self.problems)) }
    }
}

/// What rows have to be like, all of it.
#[derive(Debug, Clone, Default)]
pub struct Conditions {
    sql: Vec<String>,
    bind: Vec<JsValue>,
}

impl Conditions {
    /// Whether every row will do.
    pub fn is_empty(&self) -> bool {
        self.sql.is_empty()
    }

    /// One more condition; each `?` in it stands for the next value.
    pub fn add(&mut self, sql: impl Into<String>, values: impl IntoIterator<Item = JsValue>) {
        self.sql.push(sql.into());
        self.bind.extend(values);
    }

    /// A column has this value, where one is asked for.
    pub fn equal(&mut self, column: &str, value: Option<String>) {
        if let Some(value) = value {
            self.add(format!("{column} = ?"), [JsValue::from_str(&value)]);
        }
    }

    /// A moment lies in a span, its end left out.
    pub fn between(&mut self, column: &str, from_ms: Option<i64>, until_ms: Option<i64>) {
        if let Some(from_ms) = from_ms {
            self.add(format!("{column} >= ?"), [number(from_ms)]);
        }
        if let Some(until_ms) = until_ms {
            self.add(format!("{column} < ?"), [number(until_ms)]);
        }
    }

    /// The query, and its values.
    pub fn query(self, select: &str, order: &str) -> (String, Vec<JsValue>) {
        let conditions = if self.sql.is_empty() { "true".to_owned() } else { self.sql.join(" AND ") };
        (format!("{select} WHERE {conditions} {order}"), self.bind)
    }
}

/// Which decisions a request asks for.
pub fn conditions(params: &mut Params<'_, '_>) -> Conditions {
    let mut conditions = Conditions::default();
    for (column, name) in [
        ("outcome", "outcome"),
        ("tier", "tier"),
        ("team", "team"),
        ("rep_id", "rep"),
        ("source", "source"),
        ("form", "form"),
        ("mode", "mode"),
        ("lead_id", "lead"),
        ("shard", "shard"),
    ] {
        conditions.equal(column, params.text(name));
    }
    conditions.between("at_ms", params.moment("from"), params.moment("until"));
    if let Some(person) = params.person("email") {
        of_person(&mut conditions, &person);
    }
    if let Some(domain) = params.text("domain") {
        of_domain(&mut conditions, &domain, params.call.settings.person_key.as_bytes());
    }
    if let Some(text) = params.text("q") {
        like(&mut conditions, &text, params.call.settings.person_key.as_bytes());
    }
    conditions
}

fn of_person(conditions: &mut Conditions, person: &ErasedPerson) {
    conditions.add("substr(lead_id, 18, 10) = ?", [JsValue::from_str(&person.hash)]);
}

/// A company: its leads by the account in their ids, and those of people with other addresses of whom it is known.
fn of_domain(conditions: &mut Conditions, domain: &str, person_key: &[u8]) {
    let domain = domain_of(domain).unwrap_or_else(|| domain.to_lowercase());
    let account = AccountHash::new(person_key, &domain);
    let values = [JsValue::from_str(&domain), JsValue::from_str(account.as_str())];
    conditions.add("(domain = ? OR substr(lead_id, 1, 16) = ?)", values);
}

/// What somebody typed into one field: an address, the id of a lead or of a decision, a domain; otherwise a rep, a team, a
/// source, or words of the reason.
fn like(conditions: &mut Conditions, text: &str, person_key: &[u8]) {
    if let Some(person) = person_of(person_key, text) {
        return of_person(conditions, &person);
    }
    let lead = text.get(..40).and_then(|id| LeadId::new(id).ok()).filter(|id| person_part(id).is_some());
    if let Some(lead) = lead {
        return conditions.equal("lead_id", Some(lead.to_string()));
    }
    if let Some(domain) = domain_of(text) {
        return of_domain(conditions, &domain, person_key);
    }
    let sought = JsValue::from_str(&text.to_lowercase());
    let sql = "(rep_id = ? OR team = ? OR source = ? OR instr(lower(reason), ?) > 0)";
    conditions.add(sql, std::iter::repeat_n(sought, 4));
}

/// The rows of a page, and where the next one begins: `lines` are pairs of `cursor` and `row`.
pub fn page(lines: Vec<Value>, limit: u32) -> (Vec<Value>, Option<Value>) {
    let is_full = lines.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    let next = lines.last().filter(|_| is_full).and_then(|line| line.get("cursor").cloned());
    let row = |mut line: Value| line.get_mut("row").map(Value::take);
    (lines.into_iter().filter_map(row).collect(), next)
}

/// `GET /v1/decisions`: a page of the ledger, the newest first.
pub async fn list(call: &Call<'_>) -> ApiResult {
    let mut params = Params::new(call);
    let mut conditions = conditions(&mut params);
    let limit = params.limit();
    if let Some((at_ms, id)) = params.cursor() {
        conditions.add("(at_ms, decision_id) < (?, ?)", [number(at_ms), JsValue::from_str(&id)]);
    }
    params.done()?;
    let select =
        format!("SELECT json_object('cursor', at_ms || '_' || decision_id, 'row', {LINE}) AS line FROM decisions");
    let (query, mut bind) = conditions.query(&select, "ORDER BY at_ms DESC, decision_id DESC LIMIT ?");
    bind.push(number(i64::from(limit)));
    let (decisions, next) = page(lines(&call.world.env, &query, &bind).await?, limit);
    json(200, &json!({"decisions": decisions, "next_cursor": next}))
}

/// The decisions about a lead whose content was removed, the oldest first; empty when it is no such lead.
///
/// # Errors
/// When the database fails.
pub async fn erased(env: &Env, lead_id: &LeadId) -> PortResult<Vec<Value>> {
    let query = format!(
        "SELECT {LINE} AS line FROM decisions WHERE lead_id = ?1 AND erased_ms IS NOT NULL ORDER BY at_ms, decision_id"
    );
    lines(env, &query, &[JsValue::from_str(lead_id.as_str())]).await
}
