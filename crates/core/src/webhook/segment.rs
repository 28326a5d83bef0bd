//! Segment: its webhook destinations, and its own HTTP tracking API, so that its libraries can point here.
//!
//! Webhooks: `X-Signature: <hex of HMAC-SHA1(shared secret, event)>`. Of a batch only the first event is signed: a batch
//! of several is accepted only with the secret in a header of its own (`x-api-key`), since anybody who saw one signed
//! event could add others to it. Segment waits five seconds and tries for four hours.
//!
//! Tracking API: the write key as the name of Basic authentication, or as `writeKey` in the body; 32 KB for an event, 500
//! KB for a batch. Events are known by `messageId`.

use crate::intake::LeadField;
use crate::intake::json_tree::JsonNode;
use crate::limits::{HOOK_EVENTS_MAX, SEGMENT_BATCH_BYTES_MAX, SEGMENT_EVENT_BYTES_MAX, SEGMENT_LEADS_MAX};
use crate::webhook::draft::Draft;
use crate::webhook::event::{ParsedWebhook, WebhookEvent, WebhookEventKind};
use crate::webhook::incoming::Incoming;
use crate::webhook::payload::{json, raw_items, raw_value_of};
use crate::webhook::refusal::{Blame, Refusal};
use crate::webhook::settings::SenderSettings;
use crate::webhook::verify::{Algorithm, Encoding, Scheme, encoded, is_one_of, mac};
use base64ct::{Base64, Encoding as _};

pub(super) const SETTINGS: &[&str] = &["SEGMENT_SECRET", "SEGMENT_SECRET_PREVIOUS", "SEGMENT_EVENTS"];

/// Names of the settings of the tracking API.
pub const TRACKING_SETTINGS: &[&str] = &["SEGMENT_WRITE_KEY", "SEGMENT_WRITE_KEY_PREVIOUS", "SEGMENT_EVENTS"];

/// Calls of the tracking API with one event.
pub const CALLS: &[&str] = &["identify", "track", "page", "screen", "group", "alias"];

const SCHEME: Scheme<'static> = Scheme { algorithm: Algorithm::Sha1, encoding: Encoding::Hex, prefix: "" };

const NOT_EVENTS: &str = "the body is not an event of Segment, nor a list of them";

fn unreadable() -> Refusal {
    Refusal::unreadable(NOT_EVENTS)
}

/// Listens to a request of a webhook destination.
pub(super) fn parse(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    incoming.only_post()?;
    let keys = settings.keys("SEGMENT_SECRET")?;
    let signature = incoming.signature("x-signature")?;
    if incoming.body.trim_ascii_start().first() != Some(&b'[') {
        SCHEME.check(signature, &keys, &[incoming.body])?;
        let node = json(incoming.body)?;
        return Ok(ParsedWebhook::Events(vec![event(&node, "", &JsonNode::Null, settings)]));
    }
    let events = raw_items(incoming.body).ok_or_else(unreadable)?;
    let first = events.first().ok_or_else(unreadable)?;
    SCHEME.check(signature, &keys, &[first])?;
    let secrets = settings.secrets("SEGMENT_SECRET")?;
    if events.len() > 1 && !is_one_of(incoming.header("x-api-key").unwrap_or_default(), &secrets) {
        let message = "only the first event of a batch is signed; switch batching off, or add the header `x-api-key` \
            with the secret";
        return Err(Refusal::new(Blame::Credential, "unsigned_events", message));
    }
    if events.len() > HOOK_EVENTS_MAX {
        return Err(Refusal::too_many_events(HOOK_EVENTS_MAX));
    }
    Ok(ParsedWebhook::Events(events.into_iter().map(|raw| read_event(raw, &JsonNode::Null, settings)).collect()))
}

/// Reads a request that is the sender's: an event, a list of them, or a batch of the tracking API.
pub(super) fn read(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    let body = raw_value_of(incoming.body, b"batch").unwrap_or(incoming.body);
    let events = raw_items(body).unwrap_or_else(|| vec![body]);
    if events.len() > HOOK_EVENTS_MAX {
        return Err(Refusal::too_many_events(HOOK_EVENTS_MAX));
    }
    Ok(ParsedWebhook::Events(events.into_iter().map(|raw| read_event(raw, &JsonNode::Null, settings)).collect()))
}

/// Listens to a call of the tracking API: `batch`, or one of [`CALLS`], which is the type of an event that has none.
///
/// # Errors
/// A [`Refusal`] without the right write key, beyond the limits, or when the body is no event.
pub fn track(incoming: &Incoming<'_>, call: &str, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    incoming.only_post()?;
    let keys = settings.secrets("SEGMENT_WRITE_KEY")?;
    let basic = incoming.header("authorization").and_then(|header| header.strip_prefix("Basic "));
    if call == "batch" {
        if incoming.body.len() > SEGMENT_BATCH_BYTES_MAX {
            return Err(too_large("batch_too_large", SEGMENT_BATCH_BYTES_MAX));
        }
        let in_body = raw_value_of(incoming.body, b"writeKey").and_then(|key| json(key).ok());
        check_write_key(basic, in_body.as_ref().map(JsonNode::text), &keys)?;
        let events = raw_value_of(incoming.body, b"batch").and_then(raw_items).ok_or_else(unreadable)?;
        // What a library says once for the whole batch holds for each event that says nothing else.
        let shared = raw_value_of(incoming.body, b"context").and_then(|context| json(context).ok());
        let context = shared.unwrap_or(JsonNode::Null);
        let events: Vec<WebhookEvent> = events.into_iter().map(|raw| read_event(raw, &context, settings)).collect();
        let leads = events.iter().filter(|event| matches!(event.says, WebhookEventKind::Lead(_))).count();
        return if leads > SEGMENT_LEADS_MAX {
            Err(Refusal::too_many_events(SEGMENT_LEADS_MAX))
        } else {
            Ok(ParsedWebhook::Events(events))
        };
    }
    if incoming.body.len() > SEGMENT_EVENT_BYTES_MAX {
        // Whoever it is, nothing of it is read.
        return Err(too_large("event_too_large", SEGMENT_EVENT_BYTES_MAX));
    }
    let node = json(incoming.body);
    let in_body = node.as_ref().ok().map(|node| node.get("writeKey").text()).filter(|key| !key.is_empty());
    check_write_key(basic, in_body, &keys)?;
    Ok(ParsedWebhook::Events(vec![event(&node?, call, &JsonNode::Null, settings)]))
}

fn too_large(code: &'static str, most: usize) -> Refusal {
    // Segment's own API answers these with 400, which its libraries do not repeat.
    Refusal::new(Blame::Request, code, format!("send at most {most} bytes"))
}

fn check_write_key(basic: Option<&str>, in_body: Option<&str>, keys: &[&str]) -> Result<(), Refusal> {
    // Compared as it is sent, so that nothing has to be decoded: the key is the name, the password is empty.
    let expected: Vec<String> = keys.iter().map(|key| Base64::encode_string(format!("{key}:").as_bytes())).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    let is_right = match (basic, in_body) {
        (Some(basic), _) => is_one_of(basic.trim(), &expected),
        (None, Some(key)) => is_one_of(key, keys),
        (None, None) => return Err(Refusal::missing_signature("authorization")),
    };
    if is_right { Ok(()) } else { Err(Refusal::bad_secret()) }
}

fn read_event(raw: &[u8], context: &JsonNode, settings: &SenderSettings) -> WebhookEvent {
    if raw.len() > SEGMENT_EVENT_BYTES_MAX {
        return WebhookEvent::broken("event_too_large");
    }
    json(raw).map_or_else(|_| WebhookEvent::broken("unreadable_event"), |node| event(&node, "", context, settings))
}

/// `shared` is the context of the batch, for what the event's own does not say.
fn event(node: &JsonNode, kind: &str, shared: &JsonNode, settings: &SenderSettings) -> WebhookEvent {
    if node.entries().is_empty() {
        return WebhookEvent::broken("not_an_object");
    }
    let kind = if node.get("type").text().is_empty() { kind } else { node.get("type").text() };
    let name = match kind {
        "identify" => "identify",
        "track" => node.get("event").text(),
        "page" | "screen" | "group" | "alias" => return WebhookEvent::nothing("not_a_lead"),
        _ => return WebhookEvent::nothing("unknown_event_type"),
    };
    if settings.lists("SEGMENT_EVENTS", name) == Some(false) {
        return WebhookEvent::nothing("event_not_listed");
    }
    let context = |path: &[&str]| match node.get("context").at(path) {
        JsonNode::Null => shared.at(path).clone(),
        own => own.clone(),
    };
    let mut draft = Draft::new(settings.map());
    person(&mut draft, node.get("traits"));
    person(&mut draft, &context(&["traits"]));
    if kind == "track" {
        draft.set(LeadField::Email, node.at(&["properties", "email"]).plain());
        draft.object(node.get("properties"));
        draft.signal(name, node.get("timestamp"));
        draft.add("fields.event", Some(name.to_owned()));
    }
    let user = node.get("userId").text();
    let campaign = context(&["campaign"]);
    draft.set(LeadField::UtmSource, campaign.get("source").plain());
    draft.set(LeadField::UtmMedium, campaign.get("medium").plain());
    draft.set(LeadField::UtmCampaign, campaign.get("name").plain());
    draft.set(LeadField::UtmTerm, campaign.get("term").plain());
    draft.set(LeadField::UtmContent, campaign.get("content").plain());
    draft.add("fields.page_url", context(&["page", "url"]).plain());
    draft.submitted_at(node.get("timestamp"));
    let key = node.get("messageId").id().map(|id| format!("segment:{id}"));
    let mut raw = draft.finish("segment");
    if !raw.has_email() && user.contains('@') {
        raw.set(LeadField::Email, user);
    }
    if !raw.has_email() {
        // Several addresses, of which nobody can tell whose they are, are a lead that an operator has to look at.
        let is_ambiguous = raw.problems.iter().any(|problem| problem.path == LeadField::Email.path());
        return if is_ambiguous { WebhookEvent::lead(key, raw) } else { WebhookEvent::nothing("no_email") };
    }
    WebhookEvent::lead(key, raw)
}

/// The traits of a person: their own names, with the two objects that Segment reserves.
fn person(draft: &mut Draft<'_>, traits: &JsonNode) {
    draft.set(LeadField::Email, traits.get("email").plain());
    let company = traits.get("company");
    draft.set(LeadField::Company, company.get("name").plain());
    let size = [company.get("employee_count"), company.get("employees")];
    draft.set(LeadField::Employees, size.iter().find_map(|node| node.plain()));
    let address = traits.get("address");
    draft.set(LeadField::Country, address.get("country").plain());
    draft.set(LeadField::Region, address.get("state").plain());
    draft.set(LeadField::PostalCode, address.get("postalCode").plain().or_else(|| address.get("postal_code").plain()));
    draft.add("fields.city", address.get("city").plain());
    let others = traits.entries().iter().filter(|(name, node)| {
        let is_read_above = matches!(name.as_str(), "company" | "address") && !node.entries().is_empty();
        name != "email" && !is_read_above
    });
    draft.object(&JsonNode::Object(others.cloned().collect()));
}

/// The signature of an event, as Segment makes it.
#[must_use]
pub fn sign(secret: &str, event: &[u8]) -> String {
    encoded(Encoding::Hex, &mac(Algorithm::Sha1, secret.as_bytes(), &[event]))
}
