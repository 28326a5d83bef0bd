//! The business's own webhook: an event in JSON, signed as Standard Webhooks (standardwebhooks.com).
//!
//! `webhook-id` is the same however often an event is sent, so a receiver knows a repeat. While the secret changes, the
//! event is signed with both. `docs/NOTIFY.md` has the schema.

use crate::http::{HttpRequest, Method};
use crate::notify::notice::Notice;
use crate::notify::setback;
use crate::time::Timestamp;
use crate::vendor::DeliveryError;
use crate::webhook::verify::{SHA256_BASE64, decoded};
use serde_json::{Value, json};

/// Most bytes of a key in a secret, and fewest: 24 to 64, as the standard has it.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Keys from secrets: `whsec_` and base64 of 24 to 64 bytes.
///
/// # Errors
/// [`DeliveryError::Permanent`] with `bad_webhook_secret`.
pub fn keys(secrets: &[&str]) -> Result<Vec<Vec<u8>>, DeliveryError> {
    let key = |secret: &&str| decoded(secret.strip_prefix("whsec_")?).filter(|key| KEY_BYTES.contains(&key.len()));
    let keys: Option<Vec<Vec<u8>>> = secrets.iter().map(key).collect();
    let message = "expected `whsec_` and 24 to 64 bytes in base64 in `NOTIFY_WEBHOOK_SECRET` and its `_PREVIOUS`";
    keys.filter(|keys| !keys.is_empty()).ok_or_else(|| DeliveryError::config("bad_webhook_secret", message))
}

/// Tells a notice, signed at a time with every key.
#[must_use]
pub fn request(url: &str, keys: &[Vec<u8>], notice: &Notice, now: Timestamp) -> HttpRequest {
    let body = event(notice).to_string();
    let id = notice.effect_id();
    let seconds = now.as_ms().div_euclid(1_000).to_string();
    let header = |name: &str, value: String| (name.to_owned(), value);
    HttpRequest {
        method: Method::Post,
        url: url.to_owned(),
        headers: vec![
            header("content-type", "application/json".to_owned()),
            header("user-agent", "lead-router".to_owned()),
            header("webhook-id", id.clone()),
            header("webhook-timestamp", seconds.clone()),
            header("webhook-signature", signature(keys, &id, &seconds, &body)),
        ],
        body: Some(body),
    }
}

/// The header with one signature for each key.
#[must_use]
pub fn signature(keys: &[Vec<u8>], id: &str, seconds: &str, body: &str) -> String {
    let parts: [&[u8]; 5] = [id.as_bytes(), b".", seconds.as_bytes(), b".", body.as_bytes()];
    let signatures: Vec<String> = keys.iter().map(|key| format!("v1,{}", SHA256_BASE64.sign(key, &parts))).collect();
    signatures.join(" ")
}

/// The event of a notice: `type`, `timestamp`, `data`. Texts are as typed; whoever shows them escapes them.
#[must_use]
pub fn event(notice: &Notice) -> Value {
    let to = &notice.to;
    json!({
        "type": format!("lead.{}", notice.event.as_str()),
        "timestamp": notice.decided_at,
        "data": {
            "lead_id": notice.lead_id,
            "decision_id": notice.decision_id,
            "decision_no": notice.decision_no,
            "rep": to.rep_id.as_ref().map(|id| json!({
                "id": id, "name": to.name, "email": to.email, "slack_id": to.slack_id,
                "time_zone": Some(&to.work.time_zone).filter(|zone| !zone.is_empty()),
            })),
            "team": notice.team,
            "tier": notice.tier,
            "person": notice.person,
            "wrote_again": notice.wrote_again,
            "why": notice.why,
            "due_at": notice.due_at,
            "other_owner": notice.other,
            "links": {
                "lead": notice.links.lead, "crm": notice.links.crm, "booking": notice.links.booking,
                "accept": notice.links.accept, "decline": notice.links.decline,
            },
        },
    })
}

/// Reads the answer: any 2xx is a yes, 410 says that nobody wants it any more.
///
/// # Errors
/// As every webhook: gone and refused are settings to change.
pub fn read(status: u16, retry_after_s: Option<u32>) -> Result<(), DeliveryError> {
    match status {
        200..=299 => Ok(()),
        status => Err(setback("webhook", status, retry_after_s, "NOTIFY_WEBHOOK_URL")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";

    #[test]
    fn signatures_are_those_of_the_standard() {
        let body = r#"{"type":"lead.created","timestamp":"2026-01-02T03:04:05Z","data":{"id":"l1"}}"#;
        let own = keys(&[SECRET]).unwrap();
        let signed = signature(&own, "msg_1", "1767323045", body);
        assert_eq!(signed, "v1,C6mBQxQUCkPlxQqBgioYkRVSD+Ip/iK6J5f3Yrvp1xQ=");
        // The example of the standard's own libraries.
        let published = keys(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]).unwrap();
        let signed = signature(&published, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "{\"test\": 2432232314}");
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn while_the_secret_changes_there_are_two_signatures() {
        let both = keys(&[SECRET, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]).unwrap();
        assert_eq!(signature(&both, "a", "1", "{}").split(' ').count(), 2);
    }

    #[test]
    fn a_secret_that_is_none_is_a_setting_to_change() {
        for secret in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_not base64"] {
            assert_eq!(keys(&[secret]).unwrap_err().code(), "bad_webhook_secret", "{secret}");
        }
        assert!(keys(&[]).is_err());
    }
}
