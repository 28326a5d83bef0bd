//! Clicks on buttons: who clicked what under which message.
//!
//! `X-Slack-Signature: v0=<hex of HMAC-SHA256(secret, "v0:{timestamp}:{raw body}")>`; the body is a form with one field,
//! `payload`, in JSON. The signature is checked on the raw bytes before anything of them is read.

use crate::id::LeadId;
use crate::notify::rep_action::RepActionKind;
use crate::webhook::verify::{Algorithm, Encoding, Scheme, check_fresh, digits};
use crate::webhook::{Blame, Incoming, Refusal, SenderSettings, WINDOW_MS};
use serde_json::Value;
use std::fmt;

/// Names of the settings that it reads.
pub const SETTINGS: &[&str] = &[SECRET, "SLACK_SIGNING_SECRET_PREVIOUS"];

const SECRET: &str = "SLACK_SIGNING_SECRET";

/// Version 0 of Slack's signatures, the only one there is.
const V0: Scheme<'static> = Scheme { algorithm: Algorithm::Sha256, encoding: Encoding::Hex, prefix: "v0=" };

/// A click. Its debug form holds nothing about the person.
#[derive(Clone, PartialEq)]
pub struct Click {
    /// Slack user who clicked.
    pub user_id: String,
    /// What is to be done; a colleague is in [`Self::to_user_id`].
    pub kind: RepActionKind,
    /// Slack user who is to have the lead.
    pub to_user_id: Option<String>,
    /// The lead.
    pub lead_id: LeadId,
    /// Number of the decision that the message told of.
    pub decision_no: u32,
    /// Where the answer goes: five times within half an hour.
    pub response_url: String,
    /// Conversation of the message.
    pub channel: String,
    /// The message.
    pub ts: String,
    /// Its text and blocks, as Slack has them.
    pub text: String,
    /// Its blocks.
    pub blocks: Vec<Value>,
}

impl fmt::Debug for Click {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, lead_id, decision_no, .. } = self;
        f.debug_struct("Click")
            .field("kind", kind)
            .field("lead_id", lead_id)
            .field("decision_no", decision_no)
            .finish_non_exhaustive()
    }
}

/// Listens to a request of Slack. `None` for what wants nothing but a 2xx: a link that was opened, something of another app.
///
/// # Errors
/// A [`Refusal`] when the request is not Slack's, is more than five minutes old, or cannot be read.
pub fn parse(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<Option<Click>, Refusal> {
    let keys = settings.keys(SECRET)?;
    let timestamp = incoming.signature("x-slack-request-timestamp")?;
    let given = incoming.signature("x-slack-signature")?;
    let seconds = digits(timestamp)?;
    V0.check(given, &keys, &[b"v0:", timestamp.as_bytes(), b":", incoming.body])?;
    check_fresh(incoming.now, seconds.saturating_mul(1_000), WINDOW_MS)?;
    let payload = form_urlencoded::parse(incoming.body).find(|(name, _)| name == "payload").map(|(_, value)| value);
    let Some(payload) = payload else { return Ok(None) };
    let unreadable = || Refusal::new(Blame::Request, "unreadable_body", "`payload` is not the JSON of Slack");
    let payload: Value = serde_json::from_str(&payload).map_err(|_| unreadable())?;
    Ok(click(&payload))
}

fn click(payload: &Value) -> Option<Click> {
    let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str);
    if text("/type") != Some("block_actions") {
        return None;
    }
    let action = payload.pointer("/actions/0")?;
    let kind = RepActionKind::from_name(action.get("action_id")?.as_str()?)?;
    let mut parts = action.get("block_id")?.as_str()?.split('/');
    let (Some("lead"), Some(lead_id), Some(decision_no), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    Some(Click {
        user_id: text("/user/id")?.to_owned(),
        kind,
        to_user_id: action.get("selected_user").and_then(Value::as_str).map(str::to_owned),
        lead_id: LeadId::new(lead_id).ok()?,
        decision_no: decision_no.parse().ok()?,
        response_url: text("/response_url")?.to_owned(),
        channel: text("/container/channel_id").or_else(|| text("/channel/id")).unwrap_or_default().to_owned(),
        ts: text("/container/message_ts").or_else(|| text("/message/ts")).unwrap_or_default().to_owned(),
        text: text("/message/text").unwrap_or_default().to_owned(),
        blocks: payload.pointer("/message/blocks").and_then(Value::as_array).cloned().unwrap_or_default(),
    })
}
