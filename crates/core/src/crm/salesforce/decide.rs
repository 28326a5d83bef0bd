//! What becomes of a write when the records that are there are known.

use crate::crm::salesforce::answers::{text, timestamp};
use crate::crm::salesforce::fields::{
    DECIDED_AT, EFFECT_ID, LEAD_ID, OWNER_ID, PERSON_FIELDS, PERSON_ID, of_blanks, of_decision, of_new,
};
use crate::crm::salesforce::ids::{full, is_queue};
use crate::crm::salesforce::requests::QUERIES_MAX;
use crate::crm::salesforce::soql::list;
use crate::crm::state::PersonKind;
use crate::crm::write::{Assigning, CrmWrite, RecordId};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Longest list of texts in one query, in bytes: far below the 16 KiB that an address may have once it is encoded.
const LIST_BYTES_MAX: usize = 8_000;

/// A record of a person as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Kind and id.
    pub id: RecordId,
    /// Its fields. A field that is not there was not read.
    pub fields: Value,
}

/// What is done about the record of a person.
#[derive(Debug, Clone, PartialEq)]
pub enum PersonStep {
    /// It is made, by the person's external id.
    Create(Map<String, Value>),
    /// It is changed: the fields that differ.
    Update(Found, Map<String, Value>),
    /// It stands as it should.
    Keep(RecordId),
    /// A newer decision is there already.
    Superseded(RecordId),
    /// A person gave it to this owner since.
    Drift(RecordId, String),
}

/// What is read of contacts and leads before something is written.
fn fields(kind: PersonKind) -> String {
    let own = PERSON_FIELDS.join(",");
    match kind {
        PersonKind::Contact => {
            format!("Id,OwnerId,CreatedById,AccountId,Email,FirstName,LastName,Title,Phone,LeadSource,{own}")
        }
        PersonKind::Lead => {
            let contact: Vec<String> = ["OwnerId", "CreatedById"]
                .iter()
                .chain(&PERSON_FIELDS)
                .map(|name| format!("ConvertedContact.{name}"))
                .collect();
            format!(
                "Id,OwnerId,CreatedById,IsConverted,ConvertedContactId,Email,FirstName,LastName,Company,Title,Phone,\
                 Website,LeadSource,{own},{}",
                contact.join(",")
            )
        }
    }
}

const fn object(kind: PersonKind) -> &'static str {
    match kind {
        PersonKind::Contact => "Contact",
        PersonKind::Lead => "Lead",
    }
}

/// The queries that find what is there about some writes: leads and contacts by address and external id, tasks by external
/// id; in groups of which each is one call.
#[must_use]
pub fn queries(writes: &[&CrmWrite]) -> Vec<Vec<(Wanted, String)>> {
    let mut all = Vec::new();
    for chunk in chunks(writes) {
        let emails = list(chunk.iter().map(|write| write.email.as_str()));
        let ids = list(chunk.iter().map(|write| write.person_id.as_str()));
        for (kind, newest) in [(PersonKind::Contact, "LastModifiedDate"), (PersonKind::Lead, "CreatedDate")] {
            let soql = format!(
                "SELECT {} FROM {} WHERE Email IN {emails} OR {PERSON_ID} IN {ids} ORDER BY {newest} DESC,Id",
                fields(kind),
                object(kind)
            );
            all.push((Wanted::People(kind), soql));
        }
        let effects: Vec<String> =
            chunk.iter().filter(|write| write.assigning.is_some()).map(|write| write.effect_id()).collect();
        if !effects.is_empty() {
            let effects = list(effects.iter().map(String::as_str));
            all.push((Wanted::Tasks, format!("SELECT Id,{EFFECT_ID} FROM Task WHERE {EFFECT_ID} IN {effects}")));
        }
    }
    all.chunks(QUERIES_MAX).map(<[_]>::to_vec).collect()
}

/// The queries for records by id, as a rule for duplicates names them.
#[must_use]
pub fn queries_by_id(kind: PersonKind, ids: &[String]) -> Vec<(Wanted, String)> {
    let ids = list(ids.iter().map(String::as_str));
    let soql = format!("SELECT {} FROM {} WHERE Id IN {ids}", fields(kind), object(kind));
    vec![(Wanted::People(kind), soql)]
}

/// What a query finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Contacts or leads.
    People(PersonKind),
    /// Tasks.
    Tasks,
}

/// Writes in groups whose addresses and ids fit into a query.
fn chunks<'a, 'b>(writes: &'a [&'b CrmWrite]) -> Vec<&'a [&'b CrmWrite]> {
    let mut chunks = Vec::new();
    let (mut start, mut bytes) = (0_usize, 0_usize);
    for (place, write) in writes.iter().enumerate() {
        let own =
            write.email.len().saturating_add(write.person_id.len()).max(write.effect_id().len()).saturating_add(14);
        if place > start && bytes.saturating_add(own) > LIST_BYTES_MAX {
            chunks.extend(writes.get(start..place));
            (start, bytes) = (place, 0);
        }
        bytes = bytes.saturating_add(own);
    }
    chunks.extend(writes.get(start..).filter(|rest| !rest.is_empty()));
    chunks
}

/// The records of a page of people.
#[must_use]
pub fn people(kind: PersonKind, records: &[Value]) -> Vec<Found> {
    let found = |record: &Value| {
        let id = full(text(record, "Id")?);
        Some(Found { id: RecordId { kind, id }, fields: record.clone() })
    };
    records.iter().filter_map(found).collect()
}

/// The tasks of a page, by external id.
#[must_use]
pub fn tasks(records: &[Value]) -> BTreeMap<String, String> {
    let task = |record: &Value| Some((text(record, EFFECT_ID)?.to_owned(), full(text(record, "Id")?)));
    records.iter().filter_map(task).collect()
}

/// The record of the person, of those found: a contact before an open lead, and within each kind that with our id before
/// that with the address. A lead that was converted stands for the contact that it became.
#[must_use]
pub fn record_of(write: &CrmWrite, found: &[Found]) -> Option<Found> {
    let has_id = |found: &&Found| text(&found.fields, PERSON_ID) == Some(&write.person_id);
    let has_email =
        |found: &&Found| text(&found.fields, "Email").is_some_and(|email| email.eq_ignore_ascii_case(&write.email));
    let of = |kind: PersonKind| found.iter().filter(move |found| found.id.kind == kind);
    let open = || of(PersonKind::Lead).filter(|found| !is_converted(found));
    let converted = || of(PersonKind::Lead).filter(|found| is_converted(found));
    let contact = of(PersonKind::Contact).find(has_id).or_else(|| of(PersonKind::Contact).find(has_email)).cloned();
    contact
        .or_else(|| converted().find(has_id).and_then(contact_of))
        .or_else(|| open().find(has_id).or_else(|| open().find(has_email)).cloned())
}

/// A record as it stands, by its id; for a lead that was converted, the contact that it became.
#[must_use]
pub fn current(found: &[Found], record: &RecordId) -> Option<Found> {
    let found = found.iter().find(|found| found.id == *record)?;
    if is_converted(found) { contact_of(found) } else { Some(found.clone()) }
}

fn is_converted(found: &Found) -> bool {
    found.fields.get("IsConverted").and_then(Value::as_bool) == Some(true)
}

/// The contact that a lead became, as far as the lead tells: its standard fields are not known.
fn contact_of(lead: &Found) -> Option<Found> {
    let id = full(text(&lead.fields, "ConvertedContactId")?);
    let fields = lead.fields.get("ConvertedContact").filter(|fields| fields.is_object())?;
    Some(Found { id: RecordId { kind: PersonKind::Contact, id }, fields: fields.clone() })
}

/// What is done about a write. `record` is the person's record, where there is one.
#[must_use]
pub fn step(write: &CrmWrite, record: Option<Found>) -> PersonStep {
    let mut wanted = write.assigning.as_ref().map(|assigning| of_decision(write, assigning)).unwrap_or_default();
    let Some(found) = record else {
        wanted.extend(of_new(write));
        wanted.insert(PERSON_ID.to_owned(), write.person_id.clone().into());
        wanted.entry(LEAD_ID).or_insert_with(|| json!(write.lead_id));
        return PersonStep::Create(wanted);
    };
    if let Some(assigning) = &write.assigning {
        if is_superseded(write, assigning, &found.fields) {
            return PersonStep::Superseded(found.id);
        }
        if let Some(owner_id) = drift(write, assigning, &found.fields) {
            return PersonStep::Drift(found.id, owner_id);
        }
    }
    for name in [PERSON_ID, LEAD_ID] {
        let value = if name == PERSON_ID { json!(write.person_id) } else { json!(write.lead_id) };
        if text(&found.fields, name).is_none() {
            wanted.entry(name).or_insert(value);
        }
    }
    wanted.extend(of_blanks(write, found.id.kind, &found.fields));
    let differing: Map<String, Value> =
        wanted.into_iter().filter(|(name, value)| !is_equal(&found.fields, name, value)).collect();
    if differing.is_empty() { PersonStep::Keep(found.id) } else { PersonStep::Update(found, differing) }
}

/// Whether the record carries a decision that is newer than this one: of another lead, and later; when both fall into one
/// second, that of the larger id.
fn is_superseded(write: &CrmWrite, assigning: &Assigning, fields: &Value) -> bool {
    let Some(there) = timestamp(fields, DECIDED_AT) else { return false };
    let second = |ms: i64| ms.div_euclid(1_000);
    let lead_id = text(fields, LEAD_ID).unwrap_or_default();
    let (there, own) = (second(there.as_ms()), second(assigning.decided_at.as_ms()));
    there > own || (there == own && lead_id > write.lead_id.as_str())
}

/// The owner whom a person chose since the decision. Not one: a queue; the rep; whoever owned the record when it was decided;
/// whom this program wrote last; and, on a record that this program made without an owner, the user who made it.
fn drift(write: &CrmWrite, assigning: &Assigning, fields: &Value) -> Option<String> {
    let owner_id = full(text(fields, "OwnerId")?);
    let written = text(fields, OWNER_ID).map(full);
    let is_default = written.is_none()
        && text(fields, PERSON_ID) == Some(&write.person_id)
        && text(fields, "CreatedById").map(full).as_ref() == Some(&owner_id);
    let is_expected = is_queue(&owner_id)
        || owner_id == full(&assigning.owner_id)
        || assigning.seen_owner.as_ref().is_some_and(|seen| full(&seen.id) == owner_id)
        || written.as_ref() == Some(&owner_id)
        || is_default;
    (!is_expected).then_some(owner_id)
}

/// Whether a field holds a value already.
fn is_equal(fields: &Value, name: &str, value: &Value) -> bool {
    match (fields.get(name), value) {
        // Numbers come back with a fraction; points are whole.
        (Some(there), Value::Number(number)) => {
            there.as_f64().zip(number.as_f64()).is_some_and(|(there, number)| (there - number).abs() < 0.5)
        }
        (Some(Value::String(there)), Value::String(text)) if name == DECIDED_AT => {
            *there == *text || timestamp(fields, name) == text.parse().ok()
        }
        (Some(Value::String(there)), Value::String(text)) if name == "OwnerId" || name == OWNER_ID => {
            full(there) == full(text)
        }
        (Some(there), value) => there == value,
        (None, _) => false,
    }
}

/// A record for a collection that is made or changed by external id.
#[must_use]
pub fn new_record(fields: &Map<String, Value>) -> Value {
    let mut record = Map::new();
    record.insert("attributes".to_owned(), json!({"type": "Lead"}));
    record.extend(fields.clone());
    Value::Object(record)
}

/// A record for a collection that is changed by id.
#[must_use]
pub fn changed_record(id: &RecordId, fields: &Map<String, Value>) -> Value {
    let mut record = Map::new();
    record.insert("attributes".to_owned(), json!({"type": object(id.kind)}));
    record.insert("id".to_owned(), json!(id.id));
    record.extend(fields.clone());
    Value::Object(record)
}
