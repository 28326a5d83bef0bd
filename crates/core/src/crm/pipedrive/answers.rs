//! Answers, and what a refusal means.

use crate::crm::state::{AccountState, Deal, OwnerRef, PersonKind, PersonState};
use crate::time::Timestamp;
use crate::vendor::DeliveryError;
use serde_json::Value;

/// Reads an answer: its `data`, and the cursor of the next page.
///
/// # Errors
/// [`DeliveryError::Retryable`] for a full limit, a vendor in trouble and a record that is gone; [`DeliveryError::Permanent`] otherwise. The
/// vendor's text is not handed on: it may repeat what a lead wrote.
pub fn data(status: u16, retry_after_s: Option<u32>, body: &[u8]) -> Result<(Value, Option<String>), DeliveryError> {
    let after_ms = retry_after_s.map(|seconds| seconds.saturating_mul(1_000));
    if (200..300).contains(&status) {
        let body: Value =
            serde_json::from_slice(body).map_err(|_| DeliveryError::retryable("answer_unreadable", None))?;
        let cursor = body.pointer("/additional_data/next_cursor").and_then(Value::as_str).map(str::to_owned);
        let data = body.get("data").cloned().unwrap_or_default();
        return Ok((data, cursor));
    }
    Err(match status {
        401 => DeliveryError::config("token_refused", "Pipedrive refuses the token: check `PIPEDRIVE_API_TOKEN`"),
        402 | 403 => DeliveryError::config("no_permission", "the user of the token may not do this in Pipedrive"),
        404 | 410 => DeliveryError::retryable("record_changed", None),
        429 => DeliveryError::retryable("rate_limited", Some(after_ms.unwrap_or(2_000))),
        400..=499 if status != 408 => {
            DeliveryError::lead("refused", format!("Pipedrive refuses the request with status {status}"))
        }
        _ => DeliveryError::retryable("vendor_unavailable", after_ms),
    })
}

/// The records of a list, or of a search.
#[must_use]
pub fn records(data: &Value) -> Vec<Value> {
    let items = data.get("items").and_then(Value::as_array);
    match items {
        Some(items) => items.iter().filter_map(|item| item.get("item")).cloned().collect(),
        None => data.as_array().cloned().unwrap_or_default(),
    }
}

/// A number of a record.
#[must_use]
pub fn number(record: &Value, path: &str) -> Option<u64> {
    record.pointer(path).and_then(Value::as_u64)
}

/// A text of a record; `None` when it is missing or empty.
#[must_use]
pub fn text<'a>(record: &'a Value, path: &str) -> Option<&'a str> {
    record.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A time of a record.
#[must_use]
pub fn timestamp(record: &Value, path: &str) -> Option<Timestamp> {
    text(record, path)?.parse().ok()
}

/// The owner of a record: `owner_id`, or `owner.id` where a search found it.
#[must_use]
pub fn owner(record: &Value) -> Option<OwnerRef> {
    let id = number(record, "/owner_id").or_else(|| number(record, "/owner/id"))?;
    OwnerRef::new(&id.to_string())
}

/// The addresses of a person: texts where a search found it, otherwise objects.
#[must_use]
pub fn emails(person: &Value) -> Vec<String> {
    let emails = person.get("emails").and_then(Value::as_array).into_iter().flatten();
    emails.filter_map(|email| email.as_str().or_else(|| text(email, "/value"))).map(str::to_lowercase).collect()
}

/// A person.
#[must_use]
pub fn person(record: &Value) -> Option<PersonState> {
    let id = number(record, "/id")?.to_string();
    Some(PersonState { id, kind: PersonKind::Contact, owner: owner(record), touched: None })
}

/// An organisation with its open deals.
#[must_use]
pub fn account(organization: &Value, deals: &[Value]) -> Option<AccountState> {
    let deal = |record: &Value| {
        Some(Deal {
            id: number(record, "/id")?.to_string(),
            owner: owner(record),
            stage: number(record, "/stage_id").map(|stage| stage.to_string()).unwrap_or_default(),
            changed_at: timestamp(record, "/update_time").unwrap_or(Timestamp::from_ms(0)),
        })
    };
    Some(AccountState {
        id: number(organization, "/id")?.to_string(),
        name: text(organization, "/name").map(str::to_owned),
        owner: owner(organization),
        status: None,
        deals: deals.iter().filter_map(deal).collect(),
    })
}
