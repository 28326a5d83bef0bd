//! Jotform: one submission of a form per request, as a multipart form that the host has taken apart.
//!
//! Jotform signs nothing, so the secret stands in the address: `?secret=…`. A submission is known by `submissionID`.
//! `rawRequest` is JSON with one entry per question, named `q3_email`; the rest of it is Jotform's machinery.

use crate::intake::LeadField;
use crate::intake::json_tree::JsonNode;
use crate::webhook::draft::Draft;
use crate::webhook::event::{ParsedWebhook, WebhookEvent};
use crate::webhook::incoming::Incoming;
use crate::webhook::payload::json;
use crate::webhook::refusal::Refusal;
use crate::webhook::settings::SenderSettings;
use crate::webhook::verify::is_one_of;

pub(super) const SETTINGS: &[&str] = &["JOTFORM_SECRET", "JOTFORM_SECRET_PREVIOUS"];

/// Listens to a request.
pub(super) fn parse(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    incoming.only_post()?;
    let secrets = settings.secrets("JOTFORM_SECRET")?;
    if !is_one_of(&incoming.query("secret").unwrap_or_default(), &secrets) {
        return Err(Refusal::bad_secret());
    }
    read(incoming, settings)
}

/// Reads a request that is the sender's.
pub(super) fn read(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    let field = |name: &str| {
        let mut pairs = form_urlencoded::parse(incoming.body);
        pairs.find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
    };
    let id = field("submissionID").filter(|id| !id.is_empty() && id.len() <= 64);
    let Some(answers) = field("rawRequest") else {
        return Ok(ParsedWebhook::Events(vec![WebhookEvent::broken("no_response")]));
    };
    let answers = json(answers.as_bytes())?;
    let mut draft = Draft::new(settings.map());
    for (name, value) in answers.entries() {
        if let Some(name) = question(name) {
            add(&mut draft, name, value);
        }
    }
    draft.set(LeadField::Form, field("formID"));
    let key = id.map(|id| format!("jotform:{id}"));
    Ok(ParsedWebhook::Events(vec![WebhookEvent::lead(key, draft.finish("jotform"))]))
}

/// `email` of `q3_email`; `None` for what is no question.
fn question(name: &str) -> Option<&str> {
    let (number, name) = name.strip_prefix('q')?.split_once('_')?;
    let is_question = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty();
    is_question.then_some(name)
}

fn add(draft: &mut Draft<'_>, name: &str, value: &JsonNode) {
    let entries = value.entries();
    if entries.is_empty() {
        return draft.add(name, value.plain());
    }
    if value.get("first") != &JsonNode::Null || value.get("last") != &JsonNode::Null {
        draft.set(LeadField::FirstName, value.get("first").plain());
        draft.set(LeadField::LastName, value.get("last").plain());
        return;
    }
    if value.get("addr_line1") != &JsonNode::Null || value.get("postal") != &JsonNode::Null {
        draft.set(LeadField::Country, value.get("country").plain());
        draft.set(LeadField::Region, value.get("state").plain());
        draft.set(LeadField::PostalCode, value.get("postal").plain());
        draft.add("fields.city", value.get("city").plain());
        return;
    }
    // `{"full": "(020) 7946 0000"}`, `{"area": "020", "phone": "79460000"}`, dates in parts.
    let parts: Vec<String> = entries.iter().filter_map(|(_, part)| part.plain()).collect();
    draft.add(name, Some(parts.join(" ")).filter(|text| !text.is_empty()));
}
