//! Typeform: one response of a form per request.
//!
//! `Typeform-Signature: sha256=<base64 of HMAC-SHA256(secret, raw body)>`, without a moment. A response is known by its
//! `token`. Typeform waits 30 seconds; 404 and 410 switch its webhook off at once, so neither is ever answered.

use crate::intake::json_tree::JsonNode;
use crate::intake::{FieldMap, LeadField};
use crate::webhook::draft::Draft;
use crate::webhook::event::{ParsedWebhook, WebhookEvent};
use crate::webhook::incoming::Incoming;
use crate::webhook::payload::json;
use crate::webhook::refusal::Refusal;
use crate::webhook::settings::SenderSettings;
use crate::webhook::verify::{Algorithm, Encoding, Scheme};

pub(super) const SETTINGS: &[&str] = &["TYPEFORM_SECRET", "TYPEFORM_SECRET_PREVIOUS"];

const SCHEME: Scheme<'static> = Scheme { algorithm: Algorithm::Sha256, encoding: Encoding::Base64, prefix: "sha256=" };

/// Listens to a request.
pub(super) fn parse(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    incoming.only_post()?;
    SCHEME.check_body(incoming, "typeform-signature", settings, "TYPEFORM_SECRET")?;
    read(incoming, settings)
}

/// Reads a request that is the sender's.
pub(super) fn read(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    Ok(ParsedWebhook::Events(vec![event(&json(incoming.body)?, settings.map())]))
}

fn event(body: &JsonNode, map: &FieldMap) -> WebhookEvent {
    match body.get("event_type").text() {
        "form_response" => {}
        "form_response_partial" => return WebhookEvent::nothing("partial_response"),
        _ => return WebhookEvent::nothing("unknown_event_type"),
    }
    let response = body.get("form_response");
    let key = response.get("token").id().map(|token| format!("typeform:{token}"));
    let key = key.or_else(|| body.get("event_id").id().map(|id| format!("typeform:event:{id}")));
    if response.entries().is_empty() {
        return WebhookEvent::broken("no_response");
    }
    let mut draft = Draft::new(map);
    for answer in response.get("answers").items() {
        add_answer(&mut draft, response, answer);
    }
    for (name, value) in response.get("hidden").entries() {
        draft.add(name, value.plain());
    }
    for variable in response.get("variables").items() {
        let name = variable.get("key").text();
        let value = variable.get(variable.get("type").text()).plain();
        if !name.is_empty() {
            draft.add(&format!("fields.{name}"), value);
        }
    }
    draft.set(LeadField::Form, response.get("form_id").plain());
    draft.submitted_at(response.get("submitted_at"));
    WebhookEvent::lead(key, draft.finish("typeform"))
}

fn add_answer(draft: &mut Draft<'_>, response: &JsonNode, answer: &JsonNode) {
    let field = answer.get("field");
    let kind = answer.get("type").text();
    let value = answer.get(kind);
    let text = match kind {
        "choice" => one_of(&[value.get("label"), value.get("other")]),
        "choices" => {
            let labels = value.get("labels").plain();
            let other = value.get("other").plain();
            Some([labels, other].into_iter().flatten().collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty())
        }
        // The link to the file is what a rep can use.
        "file_url" => value.plain().or_else(|| answer.get("file").plain()),
        "payment" => value.get("amount").plain(),
        _ => value.plain(),
    };
    let name = name_of(draft, response, field);
    draft.answer(&name, kind, text);
}

fn one_of(nodes: &[&JsonNode]) -> Option<String> {
    nodes.iter().find_map(|node| node.plain())
}

/// The name of an answer: the author's `ref`, which survives a change of the wording, when it is one that a person wrote
/// or that means a known field; else the title of the question.
fn name_of(draft: &Draft<'_>, response: &JsonNode, field: &JsonNode) -> String {
    let reference = field.get("ref").text();
    let id = field.get("id").text();
    let definitions = response.at(&["definition", "fields"]).items();
    let title = definitions.iter().find(|other| !id.is_empty() && other.get("id").text() == id);
    let title = title.map_or("", |field| field.get("title").text());
    let is_written = !reference.is_empty() && !is_generated(reference);
    let name = draft.telling_name(reference, title);
    if !is_written && !title.is_empty() && name == reference {
        return title.to_owned();
    }
    if name.is_empty() { id.to_owned() } else { name.to_owned() }
}

/// Whether Typeform made up a reference: a UUID, or 26 letters and digits.
fn is_generated(reference: &str) -> bool {
    let is_uuid = reference.len() == 36 && reference.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let is_ulid = reference.len() == 26 && reference.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_uuid || is_ulid
}
