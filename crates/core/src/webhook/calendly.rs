//! Calendly: a booked meeting, or a routing form before one.
//!
//! `Calendly-Webhook-Signature: t=<seconds>,v1=<hex of HMAC-SHA256(signing key, "{t}.{raw body}")>`, good for three
//! minutes. An event is known by its `payload.uri`. Calendly tries for 24 hours, then switches the subscription off.

use crate::intake::json_tree::JsonNode;
use crate::intake::{FieldMap, LeadField};
use crate::time::MINUTE_MS;
use crate::webhook::draft::Draft;
use crate::webhook::event::{ParsedWebhook, WebhookEvent};
use crate::webhook::incoming::Incoming;
use crate::webhook::payload::json;
use crate::webhook::refusal::Refusal;
use crate::webhook::settings::SenderSettings;
use crate::webhook::verify::{SHA256_HEX, check_fresh, digits};

pub(super) const SETTINGS: &[&str] = &["CALENDLY_SECRET", "CALENDLY_SECRET_PREVIOUS"];

/// How far the moment of a signature may be from now, in milliseconds: 3 minutes, as Calendly says.
const WINDOW_MS: i64 = 3 * MINUTE_MS;

/// Listens to a request.
pub(super) fn parse(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    incoming.only_post()?;
    let keys = settings.keys("CALENDLY_SECRET")?;
    let header = incoming.signature("calendly-webhook-signature")?;
    let part = |name: &str| {
        let mut parts = header.split(',').filter_map(|part| part.trim().split_once('='));
        parts.find(|(key, _)| *key == name).map(|(_, value)| value).ok_or_else(Refusal::malformed_signature)
    };
    let (timestamp, signature) = (part("t")?, part("v1")?);
    let seconds = digits(timestamp)?;
    SHA256_HEX.check(signature, &keys, &[timestamp.as_bytes(), b".", incoming.body])?;
    check_fresh(incoming.now, seconds.saturating_mul(1_000), WINDOW_MS)?;
    read(incoming, settings)
}

/// Reads a request that is the sender's.
pub(super) fn read(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    Ok(ParsedWebhook::Events(vec![event(&json(incoming.body)?, settings.map())]))
}

fn event(body: &JsonNode, map: &FieldMap) -> WebhookEvent {
    let payload = body.get("payload");
    match body.get("event").text() {
        "invitee.created" | "routing_form_submission.created" => {}
        "invitee.canceled" => return WebhookEvent::nothing("meeting_canceled"),
        "invitee_no_show.created" => return WebhookEvent::nothing("no_show"),
        _ => return WebhookEvent::nothing("unknown_event_type"),
    }
    // A meeting that was moved is a cancelled and a created one; the person is not new.
    if payload.get("old_invitee").id().is_some() {
        return WebhookEvent::nothing("meeting_moved");
    }
    let mut draft = Draft::new(map);
    draft.set(LeadField::Email, payload.get("email").plain());
    draft.set(LeadField::Name, payload.get("name").plain());
    draft.set(LeadField::FirstName, payload.get("first_name").plain());
    draft.set(LeadField::LastName, payload.get("last_name").plain());
    for answer in payload.get("questions_and_answers").items() {
        draft.add(answer.get("question").text(), answer.get("answer").plain());
    }
    for (name, value) in payload.get("tracking").entries() {
        if name.starts_with("utm_") {
            draft.add(name, value.plain());
        }
    }
    // The number that Calendly reminds by text, or that the host calls.
    draft.set(LeadField::Phone, payload.get("text_reminder_number").plain());
    let place = payload.at(&["scheduled_event", "location"]);
    if place.get("type").text() == "outbound_call" {
        draft.set(LeadField::Phone, place.get("location").plain());
    }
    draft.add("fields.meeting", payload.at(&["scheduled_event", "name"]).plain());
    draft.add("fields.meeting_at", payload.at(&["scheduled_event", "start_time"]).plain());
    draft.set(LeadField::Form, payload.get("routing_form").plain());
    draft.submitted_at(body.get("created_at"));
    WebhookEvent::lead(payload.get("uri").id().map(|uri| format!("calendly:{uri}")), draft.finish("calendly"))
}
