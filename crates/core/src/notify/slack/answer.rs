//! What Slack answers. A refusal of the Web API is a success with `"ok": false`.

use crate::notify::{RATE_LIMITED, code_of, retry_after_ms, setback};
use crate::vendor::DeliveryError;
use serde_json::Value;

/// An answer that says yes.
#[derive(Debug, Clone, PartialEq)]
pub struct SlackAnswer {
    /// The answer.
    pub body: Value,
}

impl SlackAnswer {
    /// A text of the answer, by JSON pointer.
    #[must_use]
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.body.pointer(pointer).and_then(Value::as_str)
    }
}

/// Reads an answer of the Web API.
///
/// # Errors
/// [`DeliveryError::Retryable`] with `rate_limited`, `internal_error` (Slack may have done it nevertheless) and `unavailable`;
/// [`DeliveryError::Permanent`] with `slack_` and Slack's own code, naming what to change.
pub fn read(status: u16, retry_after_s: Option<u32>, body: &[u8]) -> Result<SlackAnswer, DeliveryError> {
    if status != 200 {
        return Err(setback("slack", status, retry_after_s, "SLACK_BOT_TOKEN"));
    }
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return Err(DeliveryError::retryable("unreadable_answer", None));
    };
    if body.get("ok").and_then(Value::as_bool) == Some(true) {
        return Ok(SlackAnswer { body });
    }
    let error = body.get("error").and_then(Value::as_str).unwrap_or_default();
    let code = code_of("slack", error);
    Err(match error {
        "ratelimited" | "rate_limited" => DeliveryError::retryable(RATE_LIMITED, Some(retry_after_ms(retry_after_s))),
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" => {
            DeliveryError::retryable("internal_error", None)
        }
        "missing_scope" => {
            let needed = body.get("needed").and_then(Value::as_str).unwrap_or_default();
            let known =
                needed.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'.' | b'_' | b','));
            let needed = if known { needed } else { "what it lacks" };
            DeliveryError::config(&code, format!("give the Slack app the scope `{needed}` and install it again"))
        }
        "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired"
        | "org_login_required" => DeliveryError::config(
            &code,
            "the token is not valid; set `SLACK_BOT_TOKEN` to the bot token of the installed app",
        ),
        "channel_not_found" | "user_not_found" | "users_not_found" | "user_disabled" | "cannot_dm_bot" => {
            DeliveryError::config(
                &code,
                "Slack does not know this user or channel: correct `slack_id` of the rep or `slack_channel`",
            )
        }
        "not_in_channel" | "is_archived" | "restricted_action" | "ekm_access_denied" => {
            DeliveryError::config(&code, "the bot may not post there: invite it to the channel, or choose another one")
        }
        _ => DeliveryError::lead(&code, "Slack rejects this message"),
    })
}

/// Reads an answer of an incoming webhook or a `response_url`, which say what is wrong in plain text.
///
/// # Errors
/// As [`read`]; a channel or webhook that is gone is a setting to change.
pub fn read_webhook(status: u16, retry_after_s: Option<u32>, body: &[u8], setting: &str) -> Result<(), DeliveryError> {
    if (200..300).contains(&status) {
        return Ok(());
    }
    let said = std::str::from_utf8(body).unwrap_or_default().trim();
    match (status, said) {
        (403 | 404 | 410, said) => {
            let code = code_of("slack", said);
            Err(DeliveryError::config(
                &code,
                format!("the webhook was removed or may not post: create a new one for `{setting}`"),
            ))
        }
        (400, said) => Err(DeliveryError::lead(&code_of("slack", said), "Slack rejects this message")),
        (status, _) => Err(setback("slack", status, retry_after_s, setting)),
    }
}
