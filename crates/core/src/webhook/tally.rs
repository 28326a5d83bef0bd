//! Tally: one response of a form per request.
//!
//! `Tally-Signature: <base64 of HMAC-SHA256(secret, raw body)>`, without a moment. A response is known by its
//! `submissionId`. Tally waits 10 seconds and tries five times more within 32 hours.

use crate::intake::json_tree::JsonNode;
use crate::intake::{FieldMap, LeadField};
use crate::webhook::draft::Draft;
use crate::webhook::event::{ParsedWebhook, WebhookEvent};
use crate::webhook::incoming::Incoming;
use crate::webhook::payload::json;
use crate::webhook::refusal::Refusal;
use crate::webhook::settings::SenderSettings;
use crate::webhook::verify::SHA256_BASE64;

pub(super) const SETTINGS: &[&str] = &["TALLY_SECRET", "TALLY_SECRET_PREVIOUS"];

/// Listens to a request.
pub(super) fn parse(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    incoming.only_post()?;
    SHA256_BASE64.check_body(incoming, "tally-signature", settings, "TALLY_SECRET")?;
    read(incoming, settings)
}

/// Reads a request that is the sender's.
pub(super) fn read(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    Ok(ParsedWebhook::Events(vec![event(&json(incoming.body)?, settings.map())]))
}

fn event(body: &JsonNode, map: &FieldMap) -> WebhookEvent {
    if body.get("eventType").text() != "FORM_RESPONSE" {
        return WebhookEvent::nothing("unknown_event_type");
    }
    let data = body.get("data");
    if data.entries().is_empty() {
        return WebhookEvent::broken("no_response");
    }
    let id = [data.get("submissionId"), data.get("responseId"), body.get("eventId")].iter().find_map(|node| node.id());
    let mut draft = Draft::new(map);
    for field in data.get("fields").items() {
        add(&mut draft, field);
    }
    draft.set(LeadField::Form, data.get("formId").plain());
    draft.submitted_at(data.get("createdAt"));
    WebhookEvent::lead(id.map(|id| format!("tally:{id}")), draft.finish("tally"))
}

fn add(draft: &mut Draft<'_>, field: &JsonNode) {
    let value = field.get("value");
    let options = field.get("options").items();
    let text = match value {
        // One flag per option follows the list of a question with checkboxes; the list says the same in words.
        JsonNode::Flag(_) => return,
        JsonNode::List(items) if !options.is_empty() => {
            let texts: Vec<String> = items.iter().filter_map(|item| option(options, item)).collect();
            Some(texts.join(", ")).filter(|text| !text.is_empty())
        }
        // A matrix: rows with the columns that were chosen.
        JsonNode::Object(chosen) => {
            let rows = chosen.iter().filter_map(|(row, columns)| {
                let row = option(field.get("rows").items(), &JsonNode::Text(row.clone()))?;
                let columns = columns.items().iter().filter_map(|id| option(field.get("columns").items(), id));
                let columns = columns.collect::<Vec<_>>().join(", ");
                (!columns.is_empty()).then(|| format!("{row}: {columns}"))
            });
            Some(rows.collect::<Vec<_>>().join("; ")).filter(|text| !text.is_empty())
        }
        // Files: their links.
        JsonNode::List(items) if items.iter().any(|item| !item.entries().is_empty()) => {
            let links: Vec<&str> = items.iter().map(|item| item.get("url").text()).collect();
            Some(links.join(", "))
        }
        _ if !options.is_empty() => option(options, value),
        _ => value.plain(),
    };
    let label = field.get("label").text().trim();
    let name = if label.is_empty() { field.get("key").text() } else { label };
    draft.answer(name, field.get("type").text(), text);
}

/// The text of an option by its id; the value itself when there is no such option (an answer in the person's words).
fn option(options: &[JsonNode], id: &JsonNode) -> Option<String> {
    let found = options.iter().find(|option| option.get("id") == id);
    found.and_then(|option| option.get("text").plain()).or_else(|| id.plain())
}
