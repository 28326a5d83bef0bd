//! Any sender that signs the raw body with an HMAC: which header, hash and encoding is set.
//!
//! The body is one JSON object with the fields of a lead, a list of such objects, or a form. An event is known by
//! `event_id`, `submission_id` or `id` inside of it; without one, equal contents are the same event. Ids in headers are
//! not looked at, since they change with every delivery.

use crate::intake::charset::TextDecoder;
use crate::intake::json_tree::JsonNode;
use crate::intake::{FieldMap, Media, form};
use crate::limits::HOOK_EVENTS_MAX;
use crate::webhook::draft::Draft;
use crate::webhook::event::{ParsedWebhook, WebhookEvent};
use crate::webhook::incoming::Incoming;
use crate::webhook::payload::json;
use crate::webhook::refusal::Refusal;
use crate::webhook::settings::SenderSettings;
use crate::webhook::verify::{Algorithm, Encoding, Scheme};

pub(super) const SETTINGS: &[&str] =
    &["HMAC_SECRET", "HMAC_SECRET_PREVIOUS", "HMAC_HEADER", "HMAC_ALGORITHM", "HMAC_ENCODING"];

/// Listens to a request.
pub(super) fn parse(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    incoming.only_post()?;
    let keys = settings.keys("HMAC_SECRET")?;
    let (algorithm, name) = match settings.get("HMAC_ALGORITHM") {
        None | Some("sha256") => (Algorithm::Sha256, "sha256="),
        Some("sha1") => (Algorithm::Sha1, "sha1="),
        Some(_) => return Err(Refusal::bad_setting("HMAC_ALGORITHM", "`sha256` or `sha1`")),
    };
    let encoding = match settings.get("HMAC_ENCODING") {
        None | Some("hex") => Encoding::Hex,
        Some("base64") => Encoding::Base64,
        Some(_) => return Err(Refusal::bad_setting("HMAC_ENCODING", "`hex` or `base64`")),
    };
    let header = settings.get("HMAC_HEADER").unwrap_or("x-signature").to_ascii_lowercase();
    let given = incoming.signature(&header)?;
    // Many senders write the name of the hash before the signature; another hash is refused.
    let given = given.strip_prefix(name).unwrap_or(given);
    Scheme { algorithm, encoding, prefix: "" }.check(given, &keys, &[incoming.body])?;
    read(incoming, settings)
}

/// Reads a request that is the sender's.
pub(super) fn read(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    let map = settings.map();
    if Media::of(incoming.header("content-type")) == Ok(Media::Form) {
        // Whatever is not UTF-8 is taken for Windows-1252, so there is always a text.
        let (pairs, _) = form::pairs(incoming.body, TextDecoder::default()).unwrap_or_default();
        let entries = pairs.into_iter().map(|(name, value)| (name, JsonNode::Text(value))).collect();
        return Ok(ParsedWebhook::Events(vec![event(&JsonNode::Object(entries), map)]));
    }
    match json(incoming.body)? {
        JsonNode::List(items) if items.len() > HOOK_EVENTS_MAX => Err(Refusal::too_many_events(HOOK_EVENTS_MAX)),
        JsonNode::List(items) => Ok(ParsedWebhook::Events(items.iter().map(|item| event(item, map)).collect())),
        node => Ok(ParsedWebhook::Events(vec![event(&node, map)])),
    }
}

fn event(node: &JsonNode, map: &FieldMap) -> WebhookEvent {
    if node.entries().is_empty() {
        return WebhookEvent::broken("not_an_object");
    }
    let id = ["event_id", "submission_id", "id"].iter().find_map(|name| node.get(name).id());
    let mut draft = Draft::new(map);
    draft.object(node);
    WebhookEvent::lead(id.map(|id| format!("hmac:{id}")), draft.finish("webhook"))
}
