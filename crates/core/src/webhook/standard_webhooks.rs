//! Standard Webhooks (standardwebhooks.com): one event per request, signed with its id and its moment.
//!
//! `webhook-signature: v1,<base64 of HMAC-SHA256(key, "{id}.{timestamp}.{raw body}")>`, several with blanks between them
//! while the sender changes its key. Senders hosted by Svix call the headers `svix-…`. The secret is `whsec_` and the key
//! in base64. An event is known by its id. Signatures of other versions, such as `v1a`, are passed over.

use crate::intake::LeadField;
use crate::intake::json_tree::JsonNode;
use crate::webhook::draft::Draft;
use crate::webhook::event::{ParsedWebhook, WebhookEvent};
use crate::webhook::incoming::Incoming;
use crate::webhook::payload::json;
use crate::webhook::refusal::Refusal;
use crate::webhook::settings::SenderSettings;
use crate::webhook::verify::{SHA256_BASE64, WINDOW_MS, check_fresh, decoded, digits};

pub(super) const SETTINGS: &[&str] = &[SECRET, "STANDARD_WEBHOOKS_SECRET_PREVIOUS", "STANDARD_WEBHOOKS_EVENTS"];

const SECRET: &str = "STANDARD_WEBHOOKS_SECRET";

/// Most signatures in one header. A sender that changes its key sends two.
const SIGNATURES_MAX: usize = 8;

/// Listens to a request.
pub(super) fn parse(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    incoming.only_post()?;
    let keys = keys(settings)?;
    let family = if incoming.header("webhook-id").is_some() { "webhook" } else { "svix" };
    let header = |name: &str| {
        let missing = || Refusal::missing_signature(&format!("webhook-{name}"));
        incoming.header(&format!("{family}-{name}")).ok_or_else(missing)
    };
    let (id, timestamp, signatures) = (header("id")?, header("timestamp")?, header("signature")?);
    let seconds = digits(timestamp)?;
    check_signatures(signatures, &keys, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", incoming.body])?;
    check_fresh(incoming.now, seconds.saturating_mul(1_000), WINDOW_MS)?;
    read(incoming, settings)
}

/// Reads a request that is the sender's.
pub(super) fn read(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    let id = ["webhook-id", "svix-id"].iter().find_map(|name| incoming.header(name));
    Ok(ParsedWebhook::Events(vec![event(id, &json(incoming.body)?, settings)]))
}

fn keys(settings: &SenderSettings) -> Result<Vec<Vec<u8>>, Refusal> {
    let expected = "`whsec_` and a key in base64";
    let secrets = settings.secrets(SECRET)?;
    let key = |secret: &str| decoded(secret.strip_prefix("whsec_").unwrap_or(secret)).filter(|key| !key.is_empty());
    let keys: Option<Vec<Vec<u8>>> = secrets.into_iter().map(key).collect();
    keys.ok_or_else(|| Refusal::bad_setting(SECRET, expected))
}

fn check_signatures(header: &str, keys: &[Vec<u8>], parts: &[&[u8]]) -> Result<(), Refusal> {
    let mut result = Err(Refusal::malformed_signature());
    for signature in header.split(' ').take(SIGNATURES_MAX).filter_map(|text| text.strip_prefix("v1,")) {
        match SHA256_BASE64.check(signature, keys, parts) {
            Ok(()) => return Ok(()),
            Err(refusal) => result = Err(refusal),
        }
    }
    result
}

fn event(id: Option<&str>, body: &JsonNode, settings: &SenderSettings) -> WebhookEvent {
    let kind = body.get("type").text();
    let listed = settings.lists("STANDARD_WEBHOOKS_EVENTS", kind);
    if !listed.unwrap_or_else(|| kind.is_empty() || kind.ends_with(".created") || kind.ends_with(".submitted")) {
        return WebhookEvent::nothing("event_not_listed");
    }
    let data = body.get("data");
    let fields = if data.entries().is_empty() { body } else { data };
    if fields.entries().is_empty() {
        return WebhookEvent::broken("no_data");
    }
    let mut draft = Draft::new(settings.map());
    draft.object(fields);
    if !draft.has(LeadField::SubmittedAt) {
        draft.submitted_at(body.get("timestamp"));
    }
    WebhookEvent::lead(id.map(|id| format!("standard-webhooks:{id}")), draft.finish("standard-webhooks"))
}
