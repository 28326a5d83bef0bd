//! What stands in which field.

use crate::crm::salesforce::ids::full;
use crate::crm::state::PersonKind;
use crate::crm::write::{Assigning, CrmWrite, Profile};
use crate::time::Timestamp;
use serde_json::{Map, Value, json};

/// External id of a person: on leads and contacts.
pub const PERSON_ID: &str = "Router_Person_Id__c";
/// External id of an effect: on tasks.
pub const EFFECT_ID: &str = "Router_Effect_Id__c";
/// The lead that was decided last: on leads and contacts, as the fields after it.
pub const LEAD_ID: &str = "Router_Lead_Id__c";
/// Tier of that lead.
pub const TIER: &str = "Router_Tier__c";
/// Points of that lead.
pub const SCORE: &str = "Router_Score__c";
/// Team of that lead.
pub const TEAM: &str = "Router_Team__c";
/// Why it went to the rep.
pub const REASON: &str = "Router_Reason__c";
/// The owner whom this program wrote last.
pub const OWNER_ID: &str = "Router_Owner_Id__c";
/// When that lead was decided; whole seconds.
pub const DECIDED_AT: &str = "Router_Decided_At__c";

/// The fields of this program on leads and contacts.
pub const PERSON_FIELDS: [&str; 8] = [PERSON_ID, LEAD_ID, TIER, SCORE, TEAM, REASON, OWNER_ID, DECIDED_AT];

/// What stands in `Company` of a lead without one: the vendor requires the field.
pub const NO_COMPANY: &str = "[not provided]";

/// A text cut to the length of a field, in characters.
fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

/// Last name of a lead, which the vendor requires: the last name, else the first, else what stands before the `@`.
fn last_name(write: &CrmWrite) -> String {
    let Profile { first_name, last_name, .. } = &write.profile;
    let named = last_name.as_deref().or(first_name.as_deref());
    cut(named.unwrap_or_else(|| before_at(&write.email)), 80)
}

fn before_at(email: &str) -> &str {
    email.rsplit_once('@').map_or(email, |(local, _)| local)
}

/// What a standard field of a record would hold, and whether what is there is only a stand-in of ours.
fn standard(write: &CrmWrite, kind: PersonKind) -> Vec<(&'static str, String)> {
    let Profile { first_name, last_name: last, company, domain, title, phone, source, .. } = &write.profile;
    let mut fields = vec![("Email", write.email.clone()), ("LastName", last_name(write))];
    let mut add = |name: &'static str, value: &Option<String>, chars: usize| {
        fields.extend(value.as_ref().map(|value| (name, cut(value, chars))));
    };
    if last.is_some() {
        add("FirstName", first_name, 40);
    }
    add("Title", title, 128);
    add("Phone", phone, 40);
    add("LeadSource", source, 255);
    if kind == PersonKind::Lead {
        let company_or_domain = company.clone().or_else(|| domain.clone()).or_else(|| Some(NO_COMPANY.to_owned()));
        add("Company", &company_or_domain, 255);
        add("Website", domain, 255);
    }
    fields
}

/// Standard fields of a new lead.
pub(super) fn of_new(write: &CrmWrite) -> Map<String, Value> {
    let mut fields: Map<String, Value> =
        standard(write, PersonKind::Lead).into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let country = write.profile.country.as_ref().map(|country| format!("Country: {}", country.to_uppercase()));
    let parts: Vec<String> = write.profile.message.iter().cloned().chain(country).collect();
    if !parts.is_empty() {
        fields.insert("Description".to_owned(), cut(&parts.join("\n\n"), 32_000).into());
    }
    fields
}

/// Standard fields that are blank on a record and that the lead knows. A field that was not read is not blank.
pub(super) fn of_blanks(write: &CrmWrite, kind: PersonKind, record: &Value) -> Map<String, Value> {
    let is_blank = |name: &str, value: &str| match record.get(name) {
        Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty() || (is_stand_in(write, name, text) && text != value),
        _ => false,
    };
    let known = standard(write, kind).into_iter().filter(|(_, value)| value != NO_COMPANY);
    known.filter(|(name, value)| is_blank(name, value)).map(|(name, value)| (name.to_owned(), value.into())).collect()
}

/// Whether a value is what this program writes for want of a better one.
fn is_stand_in(write: &CrmWrite, name: &str, text: &str) -> bool {
    match name {
        "Company" => text == NO_COMPANY || write.profile.domain.as_deref() == Some(text),
        "LastName" => text == before_at(&write.email),
        _ => false,
    }
}

/// Fields of a decision, and the owner.
pub(super) fn of_decision(write: &CrmWrite, assigning: &Assigning) -> Map<String, Value> {
    let owner_id = full(&assigning.owner_id);
    let Value::Object(fields) = json!({
        "OwnerId": owner_id,
        LEAD_ID: write.lead_id,
        TIER: assigning.tier,
        SCORE: assigning.score,
        TEAM: assigning.team,
        REASON: cut(&assigning.reason, 255),
        OWNER_ID: owner_id,
        DECIDED_AT: second(assigning.decided_at),
    }) else {
        return Map::new();
    };
    fields
}

/// A time as fields of date and time keep it: whole seconds.
fn second(at: Timestamp) -> String {
    at.to_jiff().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The rep's task. `who` is the record of the person.
#[must_use]
pub fn task(write: &CrmWrite, assigning: &Assigning, who: &str) -> Value {
    let Profile { first_name, last_name, company, message, phone, country, .. } = &write.profile;
    let name: Vec<&str> = [first_name, last_name].into_iter().filter_map(Option::as_deref).collect();
    let name = if name.is_empty() { write.email.clone() } else { name.join(" ") };
    let subject = match company {
        Some(company) => format!("New lead: {name} ({company})"),
        None => format!("New lead: {name}"),
    };
    let mut lines = vec![
        assigning.reason.clone(),
        format!(
            "Tier {}, {} points, team {}. First touch until {}.",
            assigning.tier,
            assigning.score,
            assigning.team,
            second(assigning.due_at)
        ),
        format!("E-mail: {}", write.email),
    ];
    lines.extend(phone.as_ref().map(|phone| format!("Telephone: {phone}")));
    lines.extend(country.as_ref().map(|country| format!("Country: {}", country.to_uppercase())));
    lines.extend(message.as_ref().map(|message| format!("\n{message}")));
    json!({
        "attributes": {"type": "Task"},
        EFFECT_ID: write.effect_id(),
        "WhoId": who,
        "OwnerId": full(&assigning.owner_id),
        "ActivityDate": assigning.due_at.to_jiff().strftime("%Y-%m-%d").to_string(),
        "Subject": cut(&subject, 255),
        "Description": cut(&lines.join("\n"), 32_000),
        "Priority": "High",
        "Status": "Not Started",
    })
}
