//! Google Ads lead forms: one lead per request.
//!
//! Nothing is signed: the key that was typed into the form's webhook settings comes back as `google_key`. A lead is known
//! by `lead_id`. The leads of "Send test data" say `is_test` and are not leads. Ids may be larger than 2^53.

use crate::intake::json_tree::JsonNode;
use crate::intake::{FieldMap, LeadField};
use crate::webhook::draft::Draft;
use crate::webhook::event::{ParsedWebhook, WebhookEvent};
use crate::webhook::incoming::Incoming;
use crate::webhook::payload::json;
use crate::webhook::refusal::Refusal;
use crate::webhook::settings::SenderSettings;
use crate::webhook::verify::is_one_of;

pub(super) const SETTINGS: &[&str] = &["GOOGLE_ADS_SECRET", "GOOGLE_ADS_SECRET_PREVIOUS"];

/// Columns of the form and what they mean. A work address goes before a private one.
const COLUMNS: &[(&str, LeadField)] = &[
    ("WORK_EMAIL", LeadField::Email),
    ("EMAIL", LeadField::Email),
    ("FULL_NAME", LeadField::Name),
    ("FIRST_NAME", LeadField::FirstName),
    ("LAST_NAME", LeadField::LastName),
    ("WORK_PHONE", LeadField::Phone),
    ("PHONE_NUMBER", LeadField::Phone),
    ("COMPANY_NAME", LeadField::Company),
    ("JOB_TITLE", LeadField::Title),
    ("COUNTRY", LeadField::Country),
    ("REGION", LeadField::Region),
    ("POSTAL_CODE", LeadField::PostalCode),
];

/// Listens to a request.
pub(super) fn parse(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    incoming.only_post()?;
    let secrets = settings.secrets("GOOGLE_ADS_SECRET")?;
    // The key is inside the body, so the body has to be read first.
    let body = json(incoming.body)?;
    if !is_one_of(body.get("google_key").text(), &secrets) {
        return Err(Refusal::bad_secret());
    }
    read(incoming, settings)
}

/// Reads a request that is the sender's.
pub(super) fn read(incoming: &Incoming<'_>, settings: &SenderSettings) -> Result<ParsedWebhook, Refusal> {
    Ok(ParsedWebhook::Events(vec![event(&json(incoming.body)?, settings.map())]))
}

fn event(body: &JsonNode, map: &FieldMap) -> WebhookEvent {
    if body.get("is_test") == &JsonNode::Flag(true) {
        return WebhookEvent::nothing("test_lead");
    }
    let columns = body.get("user_column_data").items();
    if columns.is_empty() {
        return WebhookEvent::broken("no_columns");
    }
    let column = |id: &str| columns.iter().find(|column| column.get("column_id").text() == id);
    let mut draft = Draft::new(map);
    for (id, known) in COLUMNS {
        if let Some(text) = column(id).and_then(|column| column.get("string_value").plain()) {
            if draft.has(*known) {
                draft.add(&format!("fields.{}", id.to_lowercase()), Some(text))
            } else {
                draft.set(*known, Some(text))
            }
        }
    }
    for column in columns {
        let id = column.get("column_id").text();
        if COLUMNS.iter().all(|(known, _)| *known != id) {
            let name = column.get("column_name").text();
            draft.add(if name.is_empty() { id } else { name }, column.get("string_value").plain());
        }
    }
    draft.set(LeadField::Form, body.get("form_id").plain());
    draft.set(LeadField::UtmCampaign, body.get("campaign_id").plain());
    draft.add("fields.gcl_id", body.get("gcl_id").plain());
    draft.submitted_at(body.get("lead_submit_time"));
    WebhookEvent::lead(body.get("lead_id").id().map(|id| format!("google-ads:{id}")), draft.finish("google-ads"))
}
