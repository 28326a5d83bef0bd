//! What a provider's answer means.

use super::description::{Description, FieldFile, Meaning};
use crate::domain::error::Remedy;
use crate::domain::facts::{FactValue, Field};
use crate::domain::limits::PROVIDER_BODY_BYTES_MAX;
use serde_json::Value;

/// What a provider's answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// Facts, in the order of the fields, at least one.
    Found(Vec<(Field, FactValue)>),
    /// The provider knows nothing.
    NotFound,
    /// The provider is still looking.
    Pending,
    /// There is no answer, for this reason.
    Failed {
        /// Stable code.
        code: &'static str,
        /// Who has to act.
        remedy: Remedy,
    },
}

/// Reads any answer: facts or a reason, never a fault.
///
/// An answer larger than the limit is refused unread. A record in which no field can be used counts as not found.
#[must_use]
pub fn read(description: &Description, status: u16, body: &[u8]) -> Reading {
    if body.len() > PROVIDER_BODY_BYTES_MAX {
        return failed("provider_answer_too_large", LATER);
    }
    match description.meaning(status) {
        Some(Meaning::Found) => record(description, body),
        Some(Meaning::NotFound) => Reading::NotFound,
        Some(Meaning::Pending) => Reading::Pending,
        Some(Meaning::Quota) => failed("provider_quota", Remedy::FixConfig),
        Some(Meaning::BadKey) => failed("provider_bad_key", Remedy::FixConfig),
        Some(Meaning::TryLater) => failed("provider_try_later", LATER),
        Some(Meaning::BadRequest) => failed("provider_bad_request", Remedy::FixConfig),
        None => failed("provider_bad_answer", LATER),
    }
}

/// Nobody has to act, and nobody said when to ask again.
const LATER: Remedy = Remedy::Retry { after_ms: None };

const fn failed(code: &'static str, remedy: Remedy) -> Reading {
    Reading::Failed { code, remedy }
}

fn record(description: &Description, body: &[u8]) -> Reading {
    let Ok(json) = serde_json::from_slice::<Value>(body) else {
        return failed("provider_bad_answer", LATER);
    };
    if let Some(pointer) = &description.found_when
        && json.pointer(pointer).is_none_or(is_nothing)
    {
        return Reading::NotFound;
    }
    let facts: Vec<(Field, FactValue)> = description
        .fields
        .iter()
        .filter_map(|(field, entry)| value(&json, entry).map(|value| (*field, value)))
        .collect();
    if facts.is_empty() { Reading::NotFound } else { Reading::Found(facts) }
}

fn value(json: &Value, entry: &FieldFile) -> Option<FactValue> {
    entry.from.iter().find_map(|pointer| json.pointer(pointer).and_then(|value| entry.transform.apply(value)))
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}
