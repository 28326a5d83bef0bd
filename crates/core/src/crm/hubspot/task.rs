//! The task that a rep gets for a lead.

use crate::crm::hubspot::answers::Associated;
use crate::crm::hubspot::person::Properties;
use crate::crm::hubspot::properties::{EFFECT_ID, OWNER};
use crate::crm::hubspot::requests::BatchInput;
use crate::crm::write::{Assigning, CrmWrite, Profile};
use crate::html::escape;
use std::fmt::Write as _;

/// The vendor's number of the association of a task with a contact.
const TASK_TO_CONTACT: u32 = 204;
/// The same with a company.
const TASK_TO_COMPANY: u32 = 192;

/// Letters of the subject that a name or a company may take.
const NAME_CHARS_MAX: usize = 80;

/// The task for an assignment, associated with the contact, and with the contact's company when it is known.
#[must_use]
pub fn task(write: &CrmWrite, assigning: &Assigning, contact_id: &str, companies: &Associated) -> BatchInput {
    let Profile { phone, .. } = &write.profile;
    let properties = Properties::from([
        (EFFECT_ID, write.effect_id()),
        (OWNER, assigning.owner_id.clone()),
        ("hs_timestamp", assigning.due_at.to_string()),
        ("hs_task_subject", subject(write)),
        ("hs_task_body", body(write, assigning)),
        ("hs_task_status", "NOT_STARTED".to_owned()),
        ("hs_task_priority", "HIGH".to_owned()),
        ("hs_task_type", if phone.is_some() { "CALL" } else { "EMAIL" }.to_owned()),
    ]);
    let company = companies.get(contact_id).and_then(|ids| ids.first());
    let mut associations = vec![(contact_id.to_owned(), TASK_TO_CONTACT)];
    associations.extend(company.map(|id| (id.clone(), TASK_TO_COMPANY)));
    BatchInput { key: write.effect_id(), id: None, properties, associations }
}

/// One line of plain text.
fn subject(write: &CrmWrite) -> String {
    let Profile { first_name, last_name, company, .. } = &write.profile;
    let name = [first_name, last_name].map(|part| part.as_deref().unwrap_or_default()).join(" ");
    let name = if name.trim().is_empty() { write.email.clone() } else { name.trim().to_owned() };
    let cut = |text: &str| text.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect::<String>();
    let company = company.as_deref().map(|company| format!(", {}", cut(company))).unwrap_or_default();
    format!("New lead: {}{company}", cut(&name))
}

/// HTML in which nothing that a person typed is markup.
fn body(write: &CrmWrite, assigning: &Assigning) -> String {
    let Assigning { team, tier, score, reason, .. } = assigning;
    let mut body = format!(
        "<p>{}</p><p>Tier {}, {score} points, team {}.</p>",
        escape(reason),
        escape(tier.as_str()),
        escape(team.as_str())
    );
    if let Some(source) = &write.profile.source {
        // Writing to a text cannot fail.
        let _ = write!(body, "<p>Source: {}</p>", escape(source));
    }
    body
}
