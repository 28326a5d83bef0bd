//! Google Ads lead forms: one lead per request.
//!
//! Nothing is signed: the key that was typed into the form's webhook settings comes back as `google_key`. A lead is known
//! by `lead_id`. The leads of "Send test data" say `is_test` and are not leads. Ids may be larger than 2^53.

use crate::intake::Known;
use crate::intake::json_tree::Node;
use crate::webhook::draft::Draft;
use crate::webhook::event::{Event, Heard};
use crate::webhook::incoming::Incoming;
use crate::webhook::payload::json;
use crate::webhook::refusal::Refusal;
use crate::webhook::settings::Settings;
use crate::webhook::verify::is_one_of;

pub(super) const SETTINGS: &[&str] = &["GOOGLE_ADS_SECRET", "GOOGLE_ADS_SECRET_PREVIOUS"];

/// Columns of the form and what they mean. A work address goes before a private one.
const COLUMNS: &[(&str, Known)] = &[
    ("WORK_EMAIL", Known::Email),
    ("EMAIL", Known::Email),
    ("FULL_NAME", Known::Name),
    ("FIRST_NAME", Known::FirstName),
    ("LAST_NAME", Known::LastName),
    ("WORK_PHONE", Known::Phone),
    ("PHONE_NUMBER", Known::Phone),
    ("COMPANY_NAME", Known::Company),
    ("JOB_TITLE", Known::Title),
    ("COUNTRY", Known::Country),
    ("REGION", Known::Region),
    ("POSTAL_CODE", Known::PostalCode),
];

/// Listens to a request.
pub(super) fn hear(incoming: &Incoming<'_>, settings: &Settings) -> Result<Heard, Refusal> {
    incoming.only_post()?;
    let secrets = settings.secrets("GOOGLE_ADS_SECRET")?;
    // The key is inside the body, so the body has to be read first.
    let body = json(incoming.body)?;
    if !is_one_of(body.get("google_key").text(), &secrets) {
        return Err(Refusal::bad_secret());
    }
    Ok(Heard::Events(vec![event(&body)]))
}

fn event(body: &Node) -> Event {
    if body.get("is_test") == &Node::Flag(true) {
        return Event::nothing("test_lead");
    }
    let columns = body.get("user_column_data").items();
    if columns.is_empty() {
        return Event::broken("no_columns");
    }
    let column = |id: &str| columns.iter().find(|column| column.get("column_id").text() == id);
    let mut draft = Draft::new();
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
    draft.set(Known::Form, body.get("form_id").plain());
    draft.set(Known::UtmCampaign, body.get("campaign_id").plain());
    draft.add("fields.gcl_id", body.get("gcl_id").plain());
    draft.submitted_at(body.get("lead_submit_time"));
    Event::lead(body.get("lead_id").id().map(|id| format!("google-ads:{id}")), draft.finish("google-ads"))
}
