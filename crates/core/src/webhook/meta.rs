//! Meta Lead Ads: ids of leads, which are read from the Graph API.
//!
//! `X-Hub-Signature-256: sha256=<hex of HMAC-SHA256(app secret, raw body)>`, without a moment. Once, Meta asks with GET
//! whether this is the right receiver: the answer is `hub.challenge` when `hub.verify_token` is the one agreed on. A lead
//! is known by `leadgen_id`. Meta tries again for 36 hours.

use crate::http;
use crate::http::HttpRequest;
use crate::intake::json_tree::JsonNode;
use crate::intake::{FieldMap, LeadField};
use crate::limits::HOOK_EVENTS_MAX;
use crate::time::Timestamp;
use crate::webhook::draft::Draft;
use crate::webhook::event::{ParsedWebhook, WebhookEvent, WebhookEventKind};
use crate::webhook::fetch::{Fetch, FetchReader, FetchVendor, Fetched, Setting, base, token};
use crate::webhook::incoming::{Incoming, WebhookMethod};
use crate::webhook::payload::json;
use crate::webhook::refusal::{Blame, Refusal};
use crate::webhook::settings::SenderSettings;
use crate::webhook::verify::{Algorithm, Encoding, Scheme, is_one_of};

pub(super) const SETTINGS: &[&str] = &["META_SECRET", "META_SECRET_PREVIOUS", "META_VERIFY_TOKEN"];

const SCHEME: Scheme<'static> = Scheme { algorithm: Algorithm::Sha256, encoding: Encoding::Hex, prefix: "sha256=" };

/// Longest challenge, in bytes: Meta sends about ten digits.
const CHALLENGE_BYTES_MAX: usize = 128;

/// Listens to a request.
pub(super) fn parse(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    if incoming.method == WebhookMethod::Get {
        return challenge(incoming, settings);
    }
    SCHEME.check_body(incoming, "x-hub-signature-256", settings, "META_SECRET")?;
    let body = json(incoming.body)?;
    let mut events = Vec::new();
    for change in body.get("entry").items().iter().flat_map(|entry| entry.get("changes").items()) {
        events.push(event(change, incoming.now));
    }
    if events.len() > HOOK_EVENTS_MAX {
        Err(Refusal::too_many_events(HOOK_EVENTS_MAX))
    } else {
        Ok(ParsedWebhook::Events(events))
    }
}

fn challenge(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    let tokens = settings.secrets("META_VERIFY_TOKEN")?;
    let given = incoming.query("hub.verify_token").unwrap_or_default();
    let body = incoming.query("hub.challenge").unwrap_or_default();
    let is_plain = (1..=CHALLENGE_BYTES_MAX).contains(&body.len()) && body.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_asked = incoming.query("hub.mode").as_deref() == Some("subscribe");
    if !is_one_of(&given, &tokens) || !is_plain || !is_asked {
        let message = "the verify token is another one than `META_VERIFY_TOKEN`, or this is no challenge";
        return Err(Refusal::new(Blame::Stranger, "bad_challenge", message));
    }
    Ok(ParsedWebhook::Challenge { media: "text/plain", body })
}

fn event(change: &JsonNode, now: Timestamp) -> WebhookEvent {
    if change.get("field").text() != "leadgen" {
        return WebhookEvent::nothing("unknown_event_type");
    }
    let value = change.get("value");
    let occurred_at =
        value.get("created_time").number().map_or(now, |seconds| Timestamp::from_ms(seconds.saturating_mul(1_000)));
    let fetch = value.get("leadgen_id").id().and_then(|id| Fetch::new(FetchVendor::Meta, &id, occurred_at));
    match fetch {
        Some(fetch) => WebhookEvent { key: Some(format!("meta:{}", fetch.id)), says: WebhookEventKind::Fetch(fetch) },
        None => WebhookEvent::broken("no_lead_id"),
    }
}

/// Reads a record as the vendor answers with it: what a request of this sender names.
pub(super) fn read(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    Ok(ParsedWebhook::Events(vec![lead(&json(incoming.body)?, settings.map()).into_event()]))
}

pub(super) const READER: FetchReader = FetchReader { request, lead };

fn request(fetch: &Fetch, setting: Setting<'_>) -> Result<HttpRequest, Refusal> {
    let token = token(setting, "META_TOKEN")?;
    let base = base(setting, "META_BASE_URL", "https://graph.facebook.com/v23.0");
    let token: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let fields = "id%2Ccreated_time%2Cform_id%2Ccampaign_name%2Cplatform%2Cfield_data";
    let url = format!("{base}/{}?fields={fields}&access_token={token}", fetch.id);
    let headers = vec![("accept".to_owned(), "application/json".to_owned())];
    Ok(HttpRequest { method: http::Method::Get, url, headers, body: None })
}

/// Whether an answer is one of Meta's testing tool: `<test lead: dummy data for full_name>`, `test@fb.com`.
fn is_dummy(field: &JsonNode) -> bool {
    let text = field.get("values").plain().unwrap_or_default().to_lowercase();
    text.starts_with("<test lead:") || matches!(text.as_str(), "test@fb.com" | "test@meta.com")
}

fn lead(body: &JsonNode, map: &FieldMap) -> Fetched {
    let fields = body.get("field_data").items();
    if fields.is_empty() {
        return Fetched::Broken("fetch_unreadable");
    }
    if fields.iter().any(is_dummy) {
        return Fetched::Nothing("test_lead");
    }
    let mut draft = Draft::new(map);
    for field in fields {
        draft.add(field.get("name").text(), field.get("values").plain());
    }
    draft.set(LeadField::Form, body.get("form_id").plain());
    draft.set(LeadField::UtmCampaign, body.get("campaign_name").plain());
    draft.add("fields.platform", body.get("platform").plain());
    draft.submitted_at(body.get("created_time"));
    Fetched::Lead(Box::new(draft.finish("meta")))
}
