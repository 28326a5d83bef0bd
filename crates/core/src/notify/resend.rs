//! Mail by Resend: `POST /emails` with an idempotency key, under which it keeps an answer for a day.

use crate::http::{HttpRequest, Method};
use crate::notify::email::Mail;
use crate::notify::notice::Notice;
use crate::notify::{RATE_LIMITED, code_of, retry_after_ms, setback};
use crate::vendor::DeliveryError;
use serde_json::{Value, json};

/// Where Resend is, unless `RESEND_BASE_URL` says otherwise.
pub const BASE_URL: &str = "https://api.resend.com";

/// Calls in a second that Resend takes from an account, unless `RESEND_PER_SECOND` says otherwise. Older documents say 2.
pub const PER_SECOND: u32 = 5;

/// Longest pause after a refusal for the day or the month, in milliseconds: an hour, after which somebody may have paid.
const SPENT_MS: u32 = 3_600_000;

/// Sends a mail. The same notice gives the same key and the same bytes: another body under a key is refused.
#[must_use]
pub fn request(base_url: &str, key: &str, mail: &Mail, notice: &Notice) -> HttpRequest {
    let body = json!({
        "from": mail.from, "to": [mail.to], "subject": mail.subject, "text": mail.text, "html": mail.html,
    });
    let header = |name: &str, value: String| (name.to_owned(), value);
    HttpRequest {
        method: Method::Post,
        url: format!("{base_url}/emails"),
        headers: vec![
            header("authorization", format!("Bearer {key}")),
            header("content-type", "application/json".to_owned()),
            header("idempotency-key", notice.effect_id()),
            header("user-agent", "lead-router".to_owned()),
        ],
        body: Some(body.to_string()),
    }
}

/// Reads the answer.
///
/// # Errors
/// Later: too many calls, another call with the key under way, the quota of the day or the month, Resend's own failures.
/// Refused: a key that is not valid, a sender that is not verified, a mail that it does not take.
pub fn read(status: u16, retry_after_s: Option<u32>, body: &[u8]) -> Result<(), DeliveryError> {
    if (200..300).contains(&status) {
        return Ok(());
    }
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    let code = code_of("resend", name);
    Err(match (status, name) {
        (429, "daily_quota_exceeded" | "monthly_quota_exceeded") => {
            DeliveryError::retryable("daily_cap_reached", Some(SPENT_MS))
        }
        (429, _) => DeliveryError::retryable(RATE_LIMITED, Some(retry_after_ms(retry_after_s))),
        (409, "concurrent_idempotent_requests") => DeliveryError::retryable("under_way", Some(1_000)),
        // The same notice is the same bytes, so the key was used by someone else: another deployment with this account.
        (409, _) => {
            DeliveryError::config(&code, "the idempotency key belongs to another mail; use one account per deployment")
        }
        (401 | 403, _) => {
            DeliveryError::config(&code, "it refuses the key or the sender; check `RESEND_API_KEY` and `NOTIFY_FROM`")
        }
        (400 | 422 | 451, _) => DeliveryError::lead(&code, "it rejects this mail"),
        (status, _) => setback("resend", status, retry_after_s, "RESEND_BASE_URL"),
    })
}
