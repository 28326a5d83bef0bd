//! Our own properties, and the standard ones that are read.

use crate::crm::hubspot::object::Object;
use serde::Deserialize;
use serde_json::{Value, json};

/// Our id of the person; unique.
pub const PERSON_ID: &str = "router_person_id";
/// The lead whose decision was written last.
pub const LEAD_ID: &str = "router_lead_id";
/// Number of that decision about its lead.
pub const ATTEMPT: &str = "router_attempt";
/// Tier.
pub const TIER: &str = "router_tier";
/// Points.
pub const SCORE: &str = "router_score";
/// Team.
pub const TEAM: &str = "router_team";
/// Why the rep got the lead.
pub const REASON: &str = "router_reason";
/// The owner that was written last.
pub const OWNER_ID: &str = "router_owner_id";
/// When it was decided.
pub const DECIDED_AT: &str = "router_decided_at";
/// Id of the effect that a task is; unique.
pub const EFFECT_ID: &str = "router_effect_id";
/// Whose record it is; the vendor's own property.
pub const OWNER: &str = "hubspot_owner_id";

/// The properties of a contact that are read.
pub const CONTACT: &[&str] = &[
    "email",
    "hs_additional_emails",
    "firstname",
    "lastname",
    "company",
    "website",
    "jobtitle",
    "phone",
    "country",
    "message",
    "lifecyclestage",
    "notes_last_contacted",
    "createdate",
    "lastmodifieddate",
    OWNER,
    PERSON_ID,
    LEAD_ID,
    ATTEMPT,
    TIER,
    SCORE,
    TEAM,
    REASON,
    OWNER_ID,
    DECIDED_AT,
];

/// The properties of a contact that make a lead, beside those in `HUBSPOT_PROPERTIES`.
pub const LEAD: &[&str] = &[
    "email",
    "firstname",
    "lastname",
    "company",
    "website",
    "phone",
    "jobtitle",
    "country",
    "state",
    "zip",
    "city",
    "hs_language",
    "numemployees",
    "message",
    "hs_linkedin_url",
    OWNER,
    "lifecyclestage",
    "hs_analytics_source",
];

/// The properties that are read of records of a kind.
#[must_use]
pub const fn read_of(object: Object) -> &'static [&'static str] {
    match object {
        Object::Contacts => CONTACT,
        Object::Companies => &["name", "domain", OWNER, "lifecyclestage", "hs_lastmodifieddate"],
        Object::Deals => &["dealstage", OWNER, "hs_is_closed", "hs_lastmodifieddate"],
        Object::Tasks => &[EFFECT_ID],
    }
}

/// A property of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Property {
    /// Kind of the records.
    pub object: Object,
    /// Name.
    pub name: &'static str,
    /// What people see.
    pub label: &'static str,
    /// Type of the value.
    pub kind: &'static str,
    /// How it is shown.
    pub field: &'static str,
    /// Whether no two records have the same value. `HubSpot` allows ten such properties per kind, and never changes one.
    pub is_unique: bool,
}

const fn text(name: &'static str, label: &'static str) -> Property {
    Property { object: Object::Contacts, name, label, kind: "string", field: "text", is_unique: false }
}

/// Every property of ours.
pub const ALL: &[Property] = &[
    Property { is_unique: true, ..text(PERSON_ID, "Lead router: person") },
    text(LEAD_ID, "Lead router: lead"),
    Property { kind: "number", field: "number", ..text(ATTEMPT, "Lead router: number of the decision") },
    text(TIER, "Lead router: tier"),
    Property { kind: "number", field: "number", ..text(SCORE, "Lead router: score") },
    text(TEAM, "Lead router: team"),
    Property { field: "textarea", ..text(REASON, "Lead router: reason") },
    text(OWNER_ID, "Lead router: owner written last"),
    Property { kind: "datetime", field: "date", ..text(DECIDED_AT, "Lead router: decided at") },
    Property { object: Object::Tasks, is_unique: true, ..text(EFFECT_ID, "Lead router: effect") },
];

/// The properties of ours of a kind.
pub fn of(object: Object) -> impl Iterator<Item = &'static Property> {
    ALL.iter().filter(move |own| own.object == object)
}

/// A property as `HubSpot` describes it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Described {
    /// Name.
    pub name: String,
    /// Type of the value.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether no two records have the same value.
    pub has_unique_value: bool,
}

impl Property {
    /// The property as `HubSpot` wants it described.
    pub(super) fn json(&self) -> Value {
        let group = if self.object == Object::Tasks { "task" } else { "contactinformation" };
        json!({"name": self.name, "label": self.label, "groupName": group, "type": self.kind, "fieldType": self.field,
            "hasUniqueValue": self.is_unique,
            "description": "Written by the lead router. Please do not change it by hand."})
    }

    /// What is wrong with the property as it stands: a stable code and what to do.
    #[must_use]
    pub fn problem(&self, described: &[Described]) -> Option<(&'static str, String)> {
        let Self { name, kind, object, .. } = self;
        let Some(found) = described.iter().find(|found| found.name == *name) else {
            let help = format!("{} have no property {name}: run `POST /v1/crm:setup`", object.as_str());
            return Some(("property_missing", help));
        };
        if found.kind != *kind || found.has_unique_value != self.is_unique {
            let unique = if self.is_unique { "with" } else { "without" };
            let help = format!(
                "property {name} of {} must have type {kind} {unique} unique values: delete it and run `POST /v1/crm:setup`",
                object.as_str()
            );
            return Some(("property_wrong", help));
        }
        None
    }
}
