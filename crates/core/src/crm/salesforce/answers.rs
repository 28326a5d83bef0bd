//! Answers to requests.

use crate::crm::salesforce::errors;
use crate::crm::salesforce::errors::{SalesforceFailure, failure};
use crate::crm::salesforce::ids::full;
use crate::crm::state::OwnerRef;
use crate::time::Timestamp;
use crate::vendor::DeliveryError;
use serde_json::Value;

/// A page of a query.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct QueryPage {
    /// The records.
    pub records: Vec<Value>,
    /// Path of the next page.
    pub next: Option<String>,
}

fn unreadable() -> DeliveryError {
    DeliveryError::retryable("answer_unreadable", None)
}

/// Reads a page of a query.
///
/// # Errors
/// `answer_unreadable` when it is none.
pub fn page(body: &Value) -> Result<QueryPage, DeliveryError> {
    let records = body.get("records").and_then(Value::as_array).ok_or_else(unreadable)?;
    // A path of the same organisation, never another address.
    let next = body.get("nextRecordsUrl").and_then(Value::as_str).filter(|path| path.starts_with("/services/"));
    Ok(QueryPage { records: records.clone(), next: next.map(str::to_owned) })
}

/// Reads the pages of several queries, in their order.
///
/// # Errors
/// What the first query that failed says; `answer_unreadable` when one is missing.
pub fn pages(body: &[u8], names: &[&str]) -> Result<Vec<QueryPage>, DeliveryError> {
    let body: Value = serde_json::from_slice(body).map_err(|_| unreadable())?;
    let parts = body.get("compositeResponse").and_then(Value::as_array).ok_or_else(unreadable)?;
    let one = |name: &&str| {
        let is_it = |part: &&Value| part.get("referenceId").and_then(Value::as_str) == Some(*name);
        let part = parts.iter().find(is_it).ok_or_else(unreadable)?;
        let status = part.get("httpStatusCode").and_then(Value::as_u64).unwrap_or(0);
        let body = part.get("body").unwrap_or(&Value::Null);
        match u16::try_from(status).unwrap_or(0) {
            200 => page(body),
            status => Err(errors::of_call(status, None, body.to_string().as_bytes())),
        }
    };
    names.iter().map(one).collect()
}

/// What came of one record: its id, or why not.
pub type Saved = Result<String, SalesforceFailure>;

/// Reads what came of the records of a collection, in their order.
///
/// # Errors
/// `answer_unreadable` when there are not as many answers as records.
pub fn saved(body: &[u8], count: usize) -> Result<Vec<Saved>, DeliveryError> {
    let body: Value = serde_json::from_slice(body).map_err(|_| unreadable())?;
    let results = body.as_array().filter(|results| results.len() == count).ok_or_else(unreadable)?;
    Ok(results.iter().map(saved_one).collect())
}

fn saved_one(result: &Value) -> Saved {
    let is_good = result.get("success").and_then(Value::as_bool).unwrap_or(false);
    match result.get("id").and_then(Value::as_str) {
        Some(id) if is_good => Ok(full(id)),
        _ => Err(failure(result)),
    }
}

/// Reads the answer to the write of one record: 200 and 201 with its id, 300 with the addresses of several, of which the
/// first is taken, 400 and above with an error. `None` for 204, which says nothing but that it was done.
#[must_use]
pub fn saved_single(status: u16, body: &[u8]) -> Option<Saved> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    match status {
        204 => None,
        300 => {
            let first = body.as_array().and_then(|urls| urls.first()).and_then(Value::as_str).unwrap_or_default();
            Some(first.rsplit('/').next().filter(|id| !id.is_empty()).map(full).ok_or_else(SalesforceFailure::default))
        }
        200..=299 => Some(saved_one(&body)),
        _ => Some(Err(failure(&body))),
    }
}

/// A text of a record, by a path of relations such as `Owner.Name`; `None` when it is missing or empty.
#[must_use]
pub fn text<'a>(record: &'a Value, path: &str) -> Option<&'a str> {
    let found = path.split('.').try_fold(record, |value, name| value.get(name))?;
    found.as_str().filter(|text| !text.is_empty())
}

/// A time: the vendor writes `2026-01-02T03:04:05.000+0000`.
#[must_use]
pub fn timestamp(record: &Value, path: &str) -> Option<Timestamp> {
    let text = text(record, path)?;
    text.strip_suffix("+0000").map_or_else(|| text.parse(), |start| format!("{start}Z").parse()).ok()
}

/// The owner of a record, by the path of the record that is owned (empty for itself). `None` for a queue, which is nobody.
#[must_use]
pub fn owner(record: &Value, path: &str) -> Option<OwnerRef> {
    let field = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let id = full(text(record, &field("OwnerId"))?);
    if crate::crm::salesforce::ids::is_queue(&id) {
        return None;
    }
    let is_active = field("Owner.IsActive");
    let active = is_active.split('.').try_fold(record, |value, name| value.get(name)).and_then(Value::as_bool);
    Some(OwnerRef { id, active: active.unwrap_or(true) })
}
