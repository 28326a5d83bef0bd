//! What becomes of a write when the person and their activities are known.

use crate::crm::pipedrive::answers::{emails, number, owner, text};
use crate::crm::pipedrive::mark::Mark;
use crate::crm::write::{Assigning, CrmWrite, Profile};
use crate::html::escape;
use crate::vendor::DeliveryError;
use serde_json::{Map, Value, json};

/// The person of those found: with our id before one with the address, of several the oldest.
#[must_use]
pub fn person_of(found: &[Value]) -> Option<u64> {
    found.iter().filter_map(|person| number(person, "/id")).min()
}

/// Whether a person has an address.
#[must_use]
pub fn has_email(person: &Value, email: &str) -> bool {
    emails(person).iter().any(|own| own.eq_ignore_ascii_case(email))
}

/// The marks of activities.
#[must_use]
pub fn marks(activities: &[Value]) -> Vec<(Mark, u64)> {
    let mark = |activity: &Value| Some((Mark::read(text(activity, "/note")?)?, number(activity, "/id")?));
    activities.iter().filter_map(mark).collect()
}

/// What is done about an assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PipedriveStep {
    /// The rep gets the person, and the activity where there is none yet.
    Assign,
    /// A newer decision is there already.
    Superseded,
    /// The owner is one whom a person chose since.
    Drift(String),
}

/// What is done about an assignment to a person as found.
///
/// The activity is made before the owner is written, so an owner who is expected is the rep, whom the decision saw, and
/// whom the decision before this one named.
#[must_use]
pub fn step(write: &CrmWrite, assigning: &Assigning, person: &Value, marks: &[(Mark, u64)]) -> PipedriveStep {
    let own = Mark::of(write, assigning);
    let before = marks.iter().map(|(mark, _)| mark).filter(|mark| mark.effect_id != own.effect_id).max();
    if before.is_some_and(|before| *before > own) {
        return PipedriveStep::Superseded;
    }
    let Some(owner) = owner(person) else { return PipedriveStep::Assign };
    let is_expected = owner.id == own.owner_id
        || assigning.seen_owner.as_ref().is_some_and(|seen| seen.id == owner.id)
        || before.is_some_and(|before| before.owner_id == owner.id);
    if is_expected { PipedriveStep::Assign } else { PipedriveStep::Drift(owner.id) }
}

/// Whether the user of the token may own a person because nobody was given it: it carries our id, and no decision but this
/// one was written.
#[must_use]
pub fn may_be_unowned(write: &CrmWrite, person: &Value, marks: &[(Mark, u64)], field: &str) -> bool {
    let is_ours = text(person, &format!("/custom_fields/{field}")) == Some(&write.person_id);
    is_ours && marks.iter().all(|(mark, _)| mark.effect_id == write.effect_id())
}

/// A new person. Whoever is to own it follows once the activity is there.
#[must_use]
pub fn new_person(write: &CrmWrite, field: &str) -> Value {
    let mut person = json!({
        "name": name(write),
        "emails": [{"value": write.email, "primary": true, "label": "work"}],
        "custom_fields": {field: write.person_id},
    });
    if let Some(phone) = &write.profile.phone
        && let Some(fields) = person.as_object_mut()
    {
        fields.insert("phones".to_owned(), json!([{"value": phone, "primary": true, "label": "work"}]));
    }
    person
}

fn name(write: &CrmWrite) -> String {
    let Profile { first_name, last_name, .. } = &write.profile;
    let name: Vec<&str> = [first_name, last_name].into_iter().filter_map(Option::as_deref).collect();
    if name.is_empty() { write.email.clone() } else { name.join(" ") }
}

/// What is to be changed of a person: the owner, our id and a telephone number where there is none. `None` for nothing.
#[must_use]
pub fn change(write: &CrmWrite, person: &Value, field: &str, owner_id: Option<u64>) -> Option<Value> {
    let mut change = Map::new();
    if let Some(owner_id) = owner_id.filter(|id| number(person, "/owner_id") != Some(*id)) {
        change.insert("owner_id".to_owned(), owner_id.into());
    }
    if text(person, &format!("/custom_fields/{field}")).is_none() {
        change.insert("custom_fields".to_owned(), json!({field: write.person_id}));
    }
    let has_phone = person.get("phones").and_then(Value::as_array).is_some_and(|phones| !phones.is_empty());
    if let Some(phone) = write.profile.phone.as_ref().filter(|_| !has_phone) {
        change.insert("phones".to_owned(), json!([{"value": phone, "primary": true, "label": "work"}]));
    }
    (!change.is_empty()).then_some(Value::Object(change))
}

/// The owner of an assignment as Pipedrive counts them.
///
/// # Errors
/// `unknown_owner`, naming the rep.
pub fn owner_id(assigning: &Assigning) -> Result<u64, DeliveryError> {
    assigning.owner_id.trim().parse().map_err(|_| {
        let rep = &assigning.rep_id;
        DeliveryError::config(
            "unknown_owner",
            format!("`crm_ids.pipedrive` of rep `{rep}` must be the number of a user"),
        )
    })
}

/// The rep's activity. The note is HTML.
#[must_use]
pub fn activity(write: &CrmWrite, assigning: &Assigning, person_id: u64, owner_id: u64) -> Value {
    let Profile { company, message, country, .. } = &write.profile;
    let subject = match company {
        Some(company) => format!("New lead: {} ({company})", name(write)),
        None => format!("New lead: {}", name(write)),
    };
    let mut lines = vec![
        Mark::of(write, assigning).text(),
        assigning.reason.clone(),
        format!("Tier {}, {} points, team {}", assigning.tier, assigning.score, assigning.team),
    ];
    lines.extend(country.as_ref().map(|country| format!("Country: {}", country.to_uppercase())));
    lines.extend(message.clone());
    let due = assigning.due_at.to_jiff();
    json!({
        "subject": subject.chars().take(255).collect::<String>(),
        "type": "call",
        "owner_id": owner_id,
        "participants": [{"person_id": person_id, "primary": true}],
        "due_date": due.strftime("%Y-%m-%d").to_string(),
        "due_time": due.strftime("%H:%M").to_string(),
        "done": false,
        "note": lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br>"),
    })
}

fn escaped(text: &str) -> String {
    escape(text).replace('\n', "<br>")
}
