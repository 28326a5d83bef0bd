//! What is written to a contact, given how it stands.

use crate::crm::hubspot::answers::HubspotRecord;
use crate::crm::hubspot::properties as names;
use crate::crm::write::{Assigning, CrmWrite, Profile};
use std::collections::{BTreeMap, BTreeSet};

/// Properties by name.
pub type Properties = BTreeMap<&'static str, String>;

/// What is done to the contact.
#[derive(Clone, PartialEq, Eq)]
pub enum ContactStep {
    /// It is made.
    Create(Properties),
    /// It is changed.
    Update {
        /// Its id.
        id: String,
        /// What is changed.
        properties: Properties,
    },
    /// It stands as it should.
    Keep {
        /// Its id.
        id: String,
    },
}

/// What follows once the contact stands as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactClaim {
    /// Nothing: there is no rep, or a newer decision is there already.
    None,
    /// The rep gets a task.
    Task {
        /// Whether it may be there already, because this decision was written before.
        may_exist: bool,
    },
    /// Somebody else was given the contact, and keeps it.
    Drift {
        /// Who.
        owner_id: String,
    },
}

/// What is done for one person.
#[derive(Clone, PartialEq, Eq)]
pub struct ContactPlan {
    /// To the contact.
    pub step: ContactStep,
    /// After that.
    pub claim: ContactClaim,
}

/// Decides what is done for a person whose contact stands as `found`; `None` when there is none.
///
/// A decision that is older than the one that the contact carries changes nothing: of one lead the smaller number is older,
/// of two leads the earlier time, at the same time the smaller id. An owner whom neither the decision has seen nor this
/// program has written was put there by a person, and stays; once the decision itself was written, so does everybody but
/// its rep. Standard properties are filled where they are empty and never changed: a person may have typed them.
///
/// `without` are properties that `HubSpot` does not take from this write: our id of the person, when another contact has
/// it, and values that break a rule of the account. None of them is worth more than the assignment.
#[must_use]
pub fn plan(write: &CrmWrite, found: Option<&HubspotRecord>, without: &BTreeSet<String>) -> ContactPlan {
    let empty = HubspotRecord::default();
    let record = found.unwrap_or(&empty);
    let mut properties = blanks(write, record);
    properties.retain(|name, _| !without.contains(*name));
    if record.get(names::PERSON_ID).is_empty() && !without.contains(names::PERSON_ID) {
        properties.insert(names::PERSON_ID, write.person_id.clone());
    }
    let claim = match &write.assigning {
        None => {
            fill(&mut properties, record, names::LEAD_ID, Some(write.lead_id.as_str()));
            ContactClaim::None
        }
        Some(assigning) => {
            let claim = claim(assigning, age(write, assigning, record), record);
            if matches!(claim, ContactClaim::Task { .. }) {
                let own = own(write, assigning);
                properties.extend(own.into_iter().filter(|(name, text)| !is_same(record, name, text)));
            }
            claim
        }
    };
    let step = match found {
        None => {
            properties.insert("email", write.email.clone());
            ContactStep::Create(properties)
        }
        Some(record) if properties.is_empty() => ContactStep::Keep { id: record.id.clone() },
        Some(record) => ContactStep::Update { id: record.id.clone(), properties },
    };
    ContactPlan { step, claim }
}

/// A decision beside the one that the contact carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    Newer,
    Same,
    Older,
}

fn age(write: &CrmWrite, assigning: &Assigning, record: &HubspotRecord) -> Age {
    // Without the time no decision was written.
    let Some(decided_at) = record.timestamp(names::DECIDED_AT) else { return Age::Newer };
    let (lead_id, attempt) = (record.get(names::LEAD_ID), number(record.get(names::ATTEMPT)));
    let order = if lead_id == write.lead_id.as_str() {
        i64::from(write.decision_no).cmp(&attempt)
    } else {
        (assigning.decided_at, write.lead_id.as_str()).cmp(&(decided_at, lead_id))
    };
    match order {
        std::cmp::Ordering::Less => Age::Older,
        std::cmp::Ordering::Equal => Age::Same,
        std::cmp::Ordering::Greater => Age::Newer,
    }
}

/// A number as `HubSpot` writes it; 0 when it is none.
fn number(text: &str) -> i64 {
    text.split('.').next().and_then(|whole| whole.parse().ok()).unwrap_or(0)
}

fn claim(assigning: &Assigning, age: Age, record: &HubspotRecord) -> ContactClaim {
    let owner = record.get(names::OWNER);
    let is_rep = owner.is_empty() || owner == assigning.owner_id;
    let is_seen = assigning.seen_owner.as_ref().is_some_and(|seen| seen.id == owner);
    let is_expected = match age {
        Age::Older => return ContactClaim::None,
        Age::Same => is_rep,
        Age::Newer => is_rep || is_seen || owner == record.get(names::OWNER_ID),
    };
    if is_expected {
        ContactClaim::Task { may_exist: age == Age::Same }
    } else {
        ContactClaim::Drift { owner_id: owner.to_owned() }
    }
}

/// What a decision writes.
fn own(write: &CrmWrite, assigning: &Assigning) -> Properties {
    Properties::from([
        (names::OWNER, assigning.owner_id.clone()),
        (names::OWNER_ID, assigning.owner_id.clone()),
        (names::LEAD_ID, write.lead_id.to_string()),
        (names::ATTEMPT, write.decision_no.to_string()),
        (names::TIER, assigning.tier.to_string()),
        (names::SCORE, assigning.score.to_string()),
        (names::TEAM, assigning.team.to_string()),
        (names::REASON, assigning.reason.clone()),
        (names::DECIDED_AT, assigning.decided_at.to_string()),
    ])
}

fn is_same(record: &HubspotRecord, name: &str, text: &str) -> bool {
    match name {
        names::DECIDED_AT => record.timestamp(name).is_some_and(|at| at.to_string() == text),
        names::ATTEMPT | names::SCORE => !record.get(name).is_empty() && number(record.get(name)).to_string() == text,
        _ => record.get(name) == text,
    }
}

/// Whether the assignment can do without a property: the standard ones but for the address.
#[must_use]
pub fn is_spare(name: &str) -> bool {
    BLANKS.contains(&name)
}

/// The standard properties that are filled, in the order of [`blanks`].
const BLANKS: [&str; 8] = ["firstname", "lastname", "company", "website", "jobtitle", "phone", "country", "message"];

/// The standard properties that are known, and empty at the vendor.
fn blanks(write: &CrmWrite, record: &HubspotRecord) -> Properties {
    let Profile { first_name, last_name, company, domain, title, phone, country, source: _, message } = &write.profile;
    let country = country.as_ref().map(|code| code.to_uppercase());
    let known = [first_name, last_name, company, domain, title, phone, &country, message];
    let mut properties = Properties::new();
    for (name, text) in BLANKS.into_iter().zip(known) {
        fill(&mut properties, record, name, text.as_deref());
    }
    properties
}

fn fill(properties: &mut Properties, record: &HubspotRecord, name: &'static str, text: Option<&str>) {
    let text = text.map(str::trim).unwrap_or_default();
    if !text.is_empty() && record.get(name).trim().is_empty() {
        properties.insert(name, text.to_owned());
    }
}
