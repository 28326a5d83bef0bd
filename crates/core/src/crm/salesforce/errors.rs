//! What Salesforce says when it does not do what it is asked, and what that means.
//!
//! The vendor's messages may repeat a query or a value, so none of them is handed on: only codes, and the name of a field.

use crate::crm::salesforce::soql::is_name;
use crate::id::RepId;
use crate::time::MINUTE_MS;
use crate::vendor::DeliveryError;
use serde_json::Value;

/// How long nobody calls after the limit of a day, or of calls at one time, was reached, in milliseconds. The vendor does not
/// say when there is room again; a day's limit moves on with every hour.
pub const LIMIT_PAUSE_MS: u32 = 5 * 60_000;

/// An error of a call or of one record in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SalesforceFailure {
    /// `errorCode` of a call, `statusCode` of a record; empty when the answer names none.
    pub code: String,
    /// Fields that are at fault.
    pub fields: Vec<String>,
    /// The column that a query names and the object does not have.
    pub column: Option<String>,
    /// Records that a rule for duplicates found: type and id.
    pub matches: Vec<(String, String)>,
    /// Whether the text of the error says that a row was locked: triggers wrap that in codes of their own.
    names_lock: bool,
}

/// The first error of a body: an array of errors, one error, or the errors of a record. Empty for HTML and XML, which is
/// what the vendor sends during outages.
#[must_use]
pub fn failure(body: &Value) -> SalesforceFailure {
    let first = body.get("errors").unwrap_or(body);
    let error = first.as_array().and_then(|errors| errors.first()).unwrap_or(first);
    let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    let code = Some(text("errorCode")).filter(|code| !code.is_empty()).unwrap_or_else(|| text("statusCode"));
    let message = text("message");
    let fields = error.get("fields").and_then(Value::as_array).into_iter().flatten();
    SalesforceFailure {
        code: code.to_owned(),
        fields: fields.filter_map(Value::as_str).filter(|name| is_name(name)).map(str::to_owned).collect(),
        column: column(message),
        matches: matches(error),
        names_lock: message.contains("UNABLE_TO_LOCK_ROW") || message.contains("exclusive access"),
    }
}

/// The field in `No such column 'Router_Tier__c' on entity 'Lead'`.
fn column(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("No such column '")?;
    let (name, _) = rest.split_once('\'')?;
    is_name(name).then(|| name.to_owned())
}

/// The records of a duplicate result; the vendor writes its key in two ways.
fn matches(error: &Value) -> Vec<(String, String)> {
    let result = error.get("duplicateResut").or_else(|| error.get("duplicateResult"));
    let found = result.and_then(|result| result.get("matchResults")).and_then(Value::as_array).into_iter().flatten();
    let records = found.filter_map(|found| found.get("matchRecords")).filter_map(Value::as_array).flatten();
    let record = |found: &Value| {
        let kind = found.pointer("/record/attributes/type")?.as_str()?;
        let id = found.pointer("/record/Id")?.as_str()?;
        Some((kind.to_owned(), crate::crm::salesforce::ids::full(id)))
    };
    records.filter_map(record).collect()
}

/// Whether a refused call means that the token has ended. Some refusals of the same status never end by another token.
#[must_use]
pub fn is_session_over(status: u16, body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let never = ["not attached to Agent", "not valid for use with the REST API"];
    status == 401 && text.contains("INVALID_SESSION_ID") && !never.iter().any(|text_of| text.contains(text_of))
}

/// What an answer means that refuses a whole call.
#[must_use]
pub fn of_call(status: u16, retry_after_s: Option<u32>, body: &[u8]) -> DeliveryError {
    let failure = failure(&serde_json::from_slice(body).unwrap_or_default());
    let after_ms = retry_after_s.map(|seconds| seconds.saturating_mul(1_000));
    match (status, failure.code.as_str()) {
        (_, "REQUEST_LIMIT_EXCEEDED") => DeliveryError::retryable("limit_reached", Some(LIMIT_PAUSE_MS)),
        (401, _) => DeliveryError::config(
            "token_refused",
            "Salesforce refuses its own token: the app must allow the REST API (scope `api`) for the user",
        ),
        (_, "QUERY_TIMEOUT") => DeliveryError::retryable("query_timeout", after_ms),
        (_, "UNABLE_TO_LOCK_ROW") => DeliveryError::retryable("row_locked", after_ms),
        (_, "INVALID_FIELD") => DeliveryError::config("field_missing", missing_field(&failure)),
        (_, "INVALID_TYPE") => DeliveryError::config(
            "no_permission",
            "the user of Salesforce cannot see leads, contacts, accounts or tasks",
        ),
        (_, code) if code.starts_with("API_") || code.starts_with("INSUFFICIENT_ACCESS") => no_permission(code),
        (404, _) => DeliveryError::config(
            "not_found",
            "Salesforce answers 404: check `SALESFORCE_API_VERSION` and the fields of `docs/CRM.md`",
        ),
        (400..=499, code) if !matches!(status, 408 | 412 | 420 | 429) => {
            DeliveryError::config("refused", format!("Salesforce refuses a request ({})", named(code)))
        }
        _ => DeliveryError::retryable("vendor_unavailable", after_ms),
    }
}

fn missing_field(failure: &SalesforceFailure) -> String {
    let name = failure.column.as_ref().or(failure.fields.first());
    let field = name.map_or_else(|| "field of `docs/CRM.md`".to_owned(), |name| format!("field `{name}`"));
    format!("Salesforce has no {field}, or the user may not see it")
}

fn no_permission(code: &str) -> DeliveryError {
    DeliveryError::config("no_permission", format!("the user of Salesforce lacks a permission ({})", named(code)))
}

/// A code as it may stand in a message.
fn named(code: &str) -> &str {
    let is_code = !code.is_empty() && code.len() <= 80 && code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    if is_code { code } else { "no code" }
}

/// What the error of one record means. `rep` is who was to own it.
#[must_use]
pub fn of_record(failure: &SalesforceFailure, rep: Option<&RepId>) -> DeliveryError {
    let fields = || failure.fields.join(", ");
    match failure.code.as_str() {
        _ if failure.names_lock => DeliveryError::retryable("row_locked", None),
        "UNABLE_TO_LOCK_ROW" => DeliveryError::retryable("row_locked", None),
        // Made by someone else at the same time, converted or deleted since it was read: reading it again tells.
        "DUPLICATE_VALUE" | "CANNOT_UPDATE_CONVERTED_LEAD" | "ENTITY_IS_DELETED" | "NOT_FOUND" => {
            DeliveryError::retryable("record_changed", None)
        }
        "REQUEST_LIMIT_EXCEEDED" => DeliveryError::retryable("limit_reached", Some(LIMIT_PAUSE_MS)),
        "SERVER_UNAVAILABLE"
        | "QUERY_TIMEOUT"
        | "PROCESSING_HALTED"
        | "REQUEST_RUNNING_TOO_LONG"
        | "ALL_OR_NONE_OPERATION_ROLLED_BACK"
        | "UNKNOWN_EXCEPTION"
        | "" => DeliveryError::retryable("vendor_unavailable", None),
        "INACTIVE_OWNER_OR_USER"
        | "OP_WITH_INVALID_USER_TYPE_EXCEPTION"
        | "INVALID_CROSS_REFERENCE_KEY"
        | "TRANSFER_REQUIRES_READ" => {
            let rep = rep.map_or_else(|| "of the lead".to_owned(), |rep| format!("`{rep}`"));
            DeliveryError::config(
                "unknown_owner",
                format!("Salesforce takes no records for rep {rep}: check `crm_ids.salesforce` and the user's licence"),
            )
        }
        "ENTITY_IS_LOCKED" | "RECORD_LOCKED" => {
            DeliveryError::lead("record_locked", "the record is locked by an approval: unlock it, then try again")
        }
        "DUPLICATES_DETECTED" => DeliveryError::lead(
            "duplicate",
            "a duplicate rule refuses the record and names no existing one: merge by hand, or change the rule",
        ),
        "REQUIRED_FIELD_MISSING" => DeliveryError::lead(
            "field_required",
            format!("Salesforce requires a field that leads do not have ({})", fields()),
        ),
        "FIELD_CUSTOM_VALIDATION_EXCEPTION" | "FIELD_FILTER_VALIDATION_EXCEPTION" => {
            DeliveryError::lead("validation_rule", "a validation rule of Salesforce refuses the record")
        }
        "INVALID_FIELD" | "INVALID_FIELD_FOR_INSERT_UPDATE" => {
            DeliveryError::config("field_missing", missing_field(failure))
        }
        "STORAGE_LIMIT_EXCEEDED" => {
            DeliveryError::config("storage_full", "Salesforce has no storage left for more records")
        }
        code if code.starts_with("INSUFFICIENT_ACCESS") => no_permission(code),
        code => {
            DeliveryError::lead("refused", format!("Salesforce refuses the record ({}; {})", named(code), fields()))
        }
    }
}

/// How long a bucket is closed after such a setback, in milliseconds.
#[must_use]
pub fn hold_ms(setback: &DeliveryError) -> Option<u32> {
    match setback {
        DeliveryError::Retryable { code, after_ms } if code == "limit_reached" => *after_ms,
        DeliveryError::Retryable { code, after_ms: Some(ms) } if code == "vendor_unavailable" => {
            Some((*ms).min(u32::try_from(10 * MINUTE_MS).unwrap_or(u32::MAX)))
        }
        _ => None,
    }
}
