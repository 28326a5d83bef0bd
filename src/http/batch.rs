//! `POST /v1/leads:batch`: many leads in one request, each row by itself.

use crate::bindings::queue::send_jobs;
use crate::bindings::settings::Settings;
use crate::bindings::world::World;
use crate::http::encoding::with_decoder;
use crate::http::leads::content_type;
use crate::http::respond::{ApiError, ApiResult};
use crate::http::routes::Call;
use crate::http::{body, form_settings};
use futures_util::{StreamExt, stream};
use lead_router_app::enrichment::after;
use lead_router_app::intake::batch::{key_of, take};
use lead_router_app::intake::{IntakeAnswer, Options, fingerprint, id_of};
use lead_router_app::ports::jobs::Job;
use lead_router_app::ports::{Clock, PortResult, Unavailable};
use lead_router_core::directory::ImportKind;
use lead_router_core::form::{Form, FormId};
use lead_router_core::intake::IntakeError;
use lead_router_core::intake::batch::Rows;
use lead_router_core::lead::{KeyScope, Lead, check};
use lead_router_core::limits::{
    BATCH_BYTES_MAX, BATCH_MESSAGE_BYTES_MAX, BATCH_ROWS_MAX, BATCH_WAIT_ROWS_MAX, IDEMPOTENCY_KEY_BYTES_MAX,
};
use lead_router_core::time::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::rc::Rc;
use worker::{Headers, Response};

/// Rows between two pieces of the answer: what one message to the queue takes.
const ROWS_AT_ONCE: usize = 100;
/// Rows that are decided at the same time when the sender waits.
const DECIDED_AT_ONCE: usize = 8;
/// Digits of the largest row, and the colon before it.
const ROW_SUFFIX_BYTES: usize = 11;

/// A batch while it is answered.
struct Batch {
    world: World,
    settings: Settings,
    form: Rc<Form>,
    form_id: Option<FormId>,
    rows: Rows,
    key: Option<String>,
    wait: bool,
    received_at: Timestamp,
    /// Number of the row before the first one.
    before: usize,
    count: usize,
    accepted: usize,
    refused: usize,
    again: usize,
    /// Content of every key that the sender named.
    seen: BTreeMap<String, String>,
    is_over: bool,
}

/// A row that can be taken in.
struct ReadyBatch {
    row: usize,
    lead: Lead,
    key: String,
}

/// `POST /v1/leads:batch`: CSV or NDJSON. The answer has one line a row, in order, and a last line with the sums; without
/// that line the answer broke off, and the same request can be sent again.
pub async fn post(call: &mut Call<'_>) -> ApiResult {
    let media = content_type(&call.request).unwrap_or_default();
    let kind = ImportKind::of(&media).ok_or_else(|| {
        let message = "send `content-type: text/csv` or `application/x-ndjson`; save a workbook as `CSV UTF-8` first";
        ApiError::new(415, "unsupported_media_type", message)
    })?;
    let key = base_key(call)?;
    let first: u32 = match call.query("first_row").map(|text| text.parse()) {
        None => 1,
        Some(Ok(row)) if row > 0 => row,
        Some(_) => return Err(ApiError::new(422, "bad_first_row", "`first_row` takes a number from 1 on")),
    };
    let form_id = match call.query("form").map(|id| FormId::new(&id)) {
        None => None,
        Some(Some(id)) => Some(id),
        Some(None) => return Err(ApiError::new(422, "bad_form", "`form` takes the id of a form")),
    };
    let form = match &form_id {
        Some(id) => form_settings::in_force(&call.world, id).await?.unwrap_or_default(),
        None => Rc::default(),
    };
    let bytes = body::bytes_up_to(&mut call.request, BATCH_BYTES_MAX).await?;
    if bytes.trim_ascii().is_empty() {
        return Err(ApiError::new(400, "empty_body", "send at least one row"));
    }
    let mut rows = with_decoder(&media, |decoder| Rows::decoded(bytes, kind, &decoder))?;
    if !rows.has_next(&form.map) {
        return Err(ApiError::new(
            422,
            "no_rows",
            "the body has no row behind its header; check its separators and line ends",
        ));
    }
    let batch = Batch {
        world: call.world.clone(),
        settings: call.settings.clone(),
        form,
        form_id,
        rows,
        key,
        wait: call.query("wait").as_deref() == Some("1"),
        received_at: call.world.now(),
        before: usize::try_from(first).unwrap_or(1).saturating_sub(1),
        count: 0,
        accepted: 0,
        refused: 0,
        again: 0,
        seen: BTreeMap::new(),
        is_over: false,
    };
    let lines = stream::unfold(batch, |mut batch| async move {
        let lines = batch.next_lines().await?;
        Some((Ok::<Vec<u8>, worker::Error>(lines.into_bytes()), batch))
    });
    let headers = Headers::new();
    headers.set("content-type", "application/x-ndjson")?;
    headers.set("cache-control", "no-store")?;
    Ok(Response::from_stream(lines)?.with_headers(headers))
}

/// The key from which every row gets its own; `None` when the sender names none.
fn base_key(call: &Call<'_>) -> Result<Option<String>, ApiError> {
    let key = call.request.headers().get("idempotency-key").ok().flatten().filter(|key| !key.trim().is_empty());
    if key.as_ref().is_some_and(|key| key.len().saturating_add(ROW_SUFFIX_BYTES) > IDEMPOTENCY_KEY_BYTES_MAX) {
        let most = IDEMPOTENCY_KEY_BYTES_MAX.saturating_sub(ROW_SUFFIX_BYTES);
        let message = format!("`Idempotency-Key` of a batch may have {most} bytes");
        return Err(ApiError::new(422, "idempotency_key_too_long", message));
    }
    Ok(key.map(|key| key.trim().to_owned()))
}

fn refusal(code: &str, message: &str) -> Value {
    json!({"code": code, "message": message})
}

fn not_now(error: &Unavailable) -> Value {
    let message = format!("{} is not available; send this row again", error.port);
    json!({"code": "unavailable", "message": message, "retry": true})
}

impl Batch {
    fn options(&self) -> Options<'_> {
        Options { person_key: self.settings.person_key.as_bytes(), mode: self.settings.mode, wait: true }
    }

    const fn rows_max(&self) -> usize {
        if self.wait { BATCH_WAIT_ROWS_MAX } else { BATCH_ROWS_MAX }
    }

    /// The next piece of the answer; `None` after the sums.
    async fn next_lines(&mut self) -> Option<String> {
        if self.is_over {
            return None;
        }
        let mut lines: Vec<Value> = Vec::with_capacity(ROWS_AT_ONCE);
        let mut ready = Vec::new();
        let at_once = if self.wait { DECIDED_AT_ONCE } else { ROWS_AT_ONCE };
        while lines.len() < at_once && !self.is_over {
            let form = Rc::clone(&self.form);
            let Some(read) = self.rows.next(&form.map) else {
                self.is_over = true;
                break;
            };
            let row = self.before.saturating_add(self.count).saturating_add(1);
            if self.count >= self.rows_max() {
                let message =
                    format!("a batch may have {} rows; this one and all that follow are left out", self.rows_max());
                lines.push(json!({"row": row, "error": refusal("too_many_rows", &message)}));
                self.refused = self.refused.saturating_add(1);
                self.is_over = true;
                break;
            }
            self.count = self.count.saturating_add(1);
            let judged = read.and_then(|mut raw| {
                if let Some(id) = &self.form_id {
                    form.complete(id.as_str(), &mut raw);
                }
                check(raw, self.received_at).map_err(IntakeError::Invalid)
            });
            match judged.map_err(|error| said(&error)).and_then(|lead| self.ready(row, lead)) {
                Ok(row) => ready.push((lines.len(), row)),
                Err(error) => {
                    self.refused = self.refused.saturating_add(1);
                    lines.push(json!({"row": row, "error": error}));
                    continue;
                }
            }
            lines.push(Value::Null);
        }
        self.take(ready, &mut lines).await;
        if self.is_over {
            let (accepted, refused, again) = (self.accepted, self.refused, self.again);
            lines.push(json!({"rows": self.count, "accepted": accepted, "refused": refused, "again": again}));
        }
        Some(lines.iter().fold(String::new(), |text, line| text + &line.to_string() + "\n"))
    }

    /// Gives a row its key.
    fn ready(&mut self, row: usize, lead: Lead) -> Result<ReadyBatch, Value> {
        let named = lead.submission_id.clone().or_else(|| self.key.as_ref().map(|key| format!("{key}:{row}")));
        if let Some(key) = &named {
            let content = fingerprint(&lead, self.settings.person_key.as_bytes());
            let first = self.seen.entry(key.clone()).or_insert_with(|| content.clone());
            if *first != content {
                return Err(refusal("idempotency_conflict", "another row of this batch has the same `submission_id`"));
            }
        }
        let key = key_of(&lead, named.map(|key| KeyScope::Intake.of(&key)), self.settings.person_key.as_bytes());
        Ok(ReadyBatch { row, key, lead })
    }

    /// Takes rows in, and puts their lines into the places kept for them.
    async fn take(&mut self, ready: Vec<(usize, ReadyBatch)>, lines: &mut [Value]) {
        let places: Vec<usize> = ready.iter().map(|(place, _)| *place).collect();
        let rows = ready.into_iter().map(|(_, row)| row).collect();
        let answers = if self.wait { self.decide(rows).await } else { self.enqueue(rows).await };
        for (place, (answer, is_accepted)) in places.into_iter().zip(answers) {
            let count = if is_accepted { &mut self.accepted } else { &mut self.again };
            *count = count.saturating_add(1);
            if let Some(line) = lines.get_mut(place) {
                *line = answer;
            }
        }
    }

    /// Puts rows on the queue, which keeps them from here on.
    async fn enqueue(&self, rows: Vec<ReadyBatch>) -> Vec<(Value, bool)> {
        let person_key = self.settings.person_key.as_bytes();
        let told: Vec<(usize, _)> = rows.iter().map(|it| (it.row, id_of(&it.lead, &it.key, person_key))).collect();
        let received_at = self.received_at;
        let job = |ReadyBatch { lead, key, .. }| Job::Take { lead: Box::new(lead), key, received_at };
        let jobs = rows.into_iter().map(job).collect();
        let sent = self.send(jobs).await;
        let line = |(row, lead_id)| match &sent {
            Ok(()) => (json!({"row": row, "lead_id": lead_id, "outcome": "accepted"}), true),
            Err(error) => (json!({"row": row, "error": not_now(error)}), false),
        };
        told.into_iter().map(line).collect()
    }

    /// Sends rows to the queue. One that is larger than a message goes to its account shard at once, and to the queue by its id.
    async fn send(&self, mut jobs: Vec<Job>) -> PortResult<()> {
        for job in &mut jobs {
            let is_large =
                |job: &Job| serde_json::to_string(job).is_ok_and(|text| text.len() > BATCH_MESSAGE_BYTES_MAX);
            if !is_large(job) {
                continue;
            }
            let Job::Take { lead, key, received_at } = &*job else { continue };
            let options = Options { wait: false, ..self.options() };
            let lead_id = id_of(lead, key, options.person_key);
            take(&self.world, (**lead).clone(), key, *received_at, options).await?;
            if let Some(lead_id) = lead_id {
                *job = Job::Route { lead_id };
            }
        }
        send_jobs(&self.world.env, &jobs).await
    }

    /// Decides rows, and waits for it.
    async fn decide(&self, rows: Vec<ReadyBatch>) -> Vec<(Value, bool)> {
        let decided = rows.into_iter().map(|ReadyBatch { row, lead, key }| async move {
            let id = id_of(&lead, &key, self.settings.person_key.as_bytes());
            match take(&self.world, lead, &key, self.received_at, self.options()).await {
                Ok(None) => (json!({"row": row, "lead_id": id, "outcome": "duplicate"}), true),
                Ok(Some(done)) => {
                    after(&self.world, done.after).await;
                    match done.answer {
                        IntakeAnswer::Decided { decision, .. } => {
                            let (id, outcome) = (&decision.lead_id, &decision.outcome);
                            (json!({"row": row, "lead_id": id, "outcome": outcome, "decision": decision}), true)
                        }
                        _ => (json!({"row": row, "lead_id": id, "outcome": "accepted"}), true),
                    }
                }
                Err(error) => (json!({"row": row, "error": not_now(&error)}), false),
            }
        });
        stream::iter(decided).buffered(DECIDED_AT_ONCE).collect().await
    }
}

/// What is wrong with a row.
fn said(error: &IntakeError) -> Value {
    let mut said = refusal(error.code(), &error.to_string());
    if let (Some(map), false) = (said.as_object_mut(), error.problems().is_empty()) {
        map.insert("problems".to_owned(), json!(error.problems()));
    }
    said
}
