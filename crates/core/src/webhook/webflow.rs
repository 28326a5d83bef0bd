//! Webflow: one submission of a form per request.
//!
//! `x-webflow-signature: <hex of HMAC-SHA256(secret, "{x-webflow-timestamp}:{raw body}")>`, the moment in milliseconds.
//! Webhooks made in Webflow's dashboard are not signed and are refused: make one over the API. A submission is known by
//! its `id`. Webflow tries three times more, ten minutes apart.

use crate::intake::json_tree::JsonNode;
use crate::intake::{FieldMap, LeadField, is_about_the_lead};
use crate::webhook::draft::Draft;
use crate::webhook::event::{ParsedWebhook, WebhookEvent};
use crate::webhook::incoming::Incoming;
use crate::webhook::payload::json;
use crate::webhook::refusal::Refusal;
use crate::webhook::settings::SenderSettings;
use crate::webhook::verify::{SHA256_HEX, WINDOW_MS, check_fresh, digits};

pub(super) const SETTINGS: &[&str] = &["WEBFLOW_SECRET", "WEBFLOW_SECRET_PREVIOUS"];

/// Listens to a request.
pub(super) fn parse(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    incoming.only_post()?;
    let keys = settings.keys("WEBFLOW_SECRET")?;
    let timestamp = incoming.signature("x-webflow-timestamp")?;
    let signature = incoming.signature("x-webflow-signature")?;
    let at_ms = digits(timestamp)?;
    SHA256_HEX.check(signature, &keys, &[timestamp.as_bytes(), b":", incoming.body])?;
    check_fresh(incoming.now, at_ms, WINDOW_MS)?;
    read(incoming, settings)
}

/// Reads a request that is the sender's.
pub(super) fn read(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    Ok(ParsedWebhook::Events(vec![event(&json(incoming.body)?, settings.map())]))
}

fn event(body: &JsonNode, map: &FieldMap) -> WebhookEvent {
    // The older payload has no type, and its fields stand outside.
    let (payload, kind) = (body.get("payload"), body.get("triggerType").text());
    let payload = if payload.entries().is_empty() { body } else { payload };
    if !matches!(kind, "form_submission" | "") {
        return WebhookEvent::nothing("unknown_event_type");
    }
    let data = payload.get("data");
    if data.entries().is_empty() {
        return WebhookEvent::broken("no_response");
    }
    let id = payload.get("id").id().or_else(|| payload.get("_id").id());
    let mut draft = Draft::new(map);
    for field in payload.get("schema").items() {
        let name = field.get("fieldName").text();
        let is_mapped = map.resolve(name).is_some();
        if field.get("fieldType").text() == "FormEmailInput" && !is_mapped && is_about_the_lead(name) {
            draft.set(LeadField::Email, data.get(name).plain());
        }
    }
    draft.object(data);
    draft.set(LeadField::Form, payload.get("formId").plain().or_else(|| payload.get("name").plain()));
    draft.submitted_at(payload.get("submittedAt"));
    WebhookEvent::lead(id.map(|id| format!("webflow:{id}")), draft.finish("webflow"))
}
