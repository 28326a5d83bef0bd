//! What changed in an organisation since a time: leads, contacts, accounts, and accounts of which a deal changed.
//!
//! Each is read in pages of its own, in one call for all of them; the place in each is remembered as the last record that was
//! read, so that a page can be read again and nothing is left out when records change meanwhile.

use crate::crm::salesforce::answers::{QueryPage, text, timestamp};
use crate::crm::salesforce::fields::PERSON_ID;
use crate::crm::salesforce::ids::full;
use crate::crm::salesforce::lookup::{account, account_domain, account_fields, person};
use crate::crm::salesforce::soql::{quoted, timestamp as literal};
use crate::crm::state::{AccountState, PersonKind, PersonState};
use crate::intake::{LeadField, RawLead};
use crate::normalize::email;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most records of a page.
const PAGE_MAX: usize = 200;
/// Names of the queries, in their order.
const NAMES: [&str; 4] = ["leads", "contacts", "accounts", "deals"];

/// How far each of the four was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalesforceCursor([Place; 4]);

/// How far one was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Place {
    /// Not at all.
    Start,
    /// Up to this record.
    After { at: Option<Timestamp>, id: String },
    /// To its end.
    End,
}

impl SalesforceCursor {
    /// The place that a text names; the beginning for an empty one and one that is none.
    #[must_use]
    pub fn read(page: &str) -> Self {
        let start = || Self([Place::Start, Place::Start, Place::Start, Place::Start]);
        serde_json::from_str(page).unwrap_or_else(|_| start())
    }

    /// The place as a text; `None` when everything was read.
    #[must_use]
    pub fn page(&self) -> Option<String> {
        if self.0.iter().all(|place| *place == Place::End) { None } else { serde_json::to_string(self).ok() }
    }
}

/// The queries for the next page of everything that changed since a time, by name.
#[must_use]
pub fn queries(since: Timestamp, cursor: &SalesforceCursor, domain_field: Option<&str>) -> Vec<(&'static str, String)> {
    let people = "OwnerId,Owner.IsActive,SystemModstamp,CreatedDate,Email,FirstName,LastName,Phone,Title,LeadSource";
    let account = account_fields(domain_field);
    let selects = [
        format!(
            "SELECT Id,{people},Company,Website,Country,State,PostalCode,NumberOfEmployees,Description,{PERSON_ID} \
             FROM Lead WHERE IsConverted=false AND Email!=null AND "
        ),
        format!(
            "SELECT Id,{people},Account.Name,Account.Website,MailingCountry,MailingState,MailingPostalCode,Description,\
             {PERSON_ID} FROM Contact WHERE Email!=null AND "
        ),
        format!("SELECT {account},SystemModstamp FROM Account WHERE "),
        format!(
            "SELECT {account} FROM Account WHERE Id IN (SELECT AccountId FROM Opportunity WHERE SystemModstamp>={}) AND ",
            literal(since)
        ),
    ];
    let open = NAMES.iter().zip(selects).zip(&cursor.0).filter(|(_, place)| **place != Place::End);
    open.map(|((name, select), place)| (*name, format!("{select}{}", rest(*name == "deals", since, place)))).collect()
}

/// Condition, order and limit of a page. Accounts of deals have no time of their own: their ids are the order.
fn rest(is_by_id: bool, since: Timestamp, place: &Place) -> String {
    let (condition, order) = match (is_by_id, place) {
        (true, Place::After { id, .. }) => (format!("Id>{}", quoted(id)), "Id"),
        (true, _) => ("Id!=null".to_owned(), "Id"),
        (false, Place::After { at: Some(at), id }) => {
            let at = literal(*at);
            (format!("(SystemModstamp>{at} OR (SystemModstamp={at} AND Id>{}))", quoted(id)), "SystemModstamp,Id")
        }
        (false, _) => (format!("SystemModstamp>={}", literal(since)), "SystemModstamp,Id"),
    };
    format!("{condition} ORDER BY {order} LIMIT {PAGE_MAX}")
}

/// A person who changed.
#[derive(Debug)]
pub struct ChangedRow {
    /// Address in the normal form.
    pub email: String,
    /// How the record stands.
    pub state: PersonState,
    /// When the record was made.
    pub created_at: Timestamp,
    /// Whether this program made the record or wrote to it.
    pub is_ours: bool,
    /// The record as a lead.
    pub lead: RawLead,
}

/// What one call said.
#[derive(Debug, Default)]
pub struct ReadChanges {
    /// People.
    pub people: Vec<ChangedRow>,
    /// Accounts by registrable domain; those without one are left out.
    pub accounts: Vec<(String, AccountState)>,
}

/// Reads the pages of [`queries`], by name, and where to go on.
#[must_use]
pub fn read(
    pages: &[(&str, QueryPage)],
    mut cursor: SalesforceCursor,
    domain_field: Option<&str>,
) -> (ReadChanges, SalesforceCursor) {
    let mut read = ReadChanges::default();
    for (name, place) in NAMES.iter().zip(&mut cursor.0) {
        let Some((_, page)) = pages.iter().find(|(own, _)| own == name) else { continue };
        for record in &page.records {
            match *name {
                "leads" => read.people.extend(person_of(record, PersonKind::Lead)),
                "contacts" => read.people.extend(person_of(record, PersonKind::Contact)),
                _ => read.accounts.extend(account_domain(record, domain_field).zip(account(record))),
            }
        }
        *place = match page.records.last() {
            Some(last) if page.records.len() >= PAGE_MAX => {
                Place::After { at: timestamp(last, "SystemModstamp"), id: full(text(last, "Id").unwrap_or_default()) }
            }
            _ => Place::End,
        };
    }
    (read, cursor)
}

fn person_of(record: &Value, kind: PersonKind) -> Option<ChangedRow> {
    let address = email(text(record, "Email")?)?.address;
    let state = person(record, kind)?;
    let mut lead = RawLead::default();
    lead.set(LeadField::SubmissionId, &format!("salesforce-{}", state.id));
    lead.set(LeadField::Email, &address);
    let employees = record.get("NumberOfEmployees").and_then(Value::as_i64).map(|count| count.to_string());
    let fields = [
        (LeadField::FirstName, text(record, "FirstName")),
        (LeadField::LastName, text(record, "LastName")),
        (LeadField::Company, text(record, "Company").or_else(|| text(record, "Account.Name"))),
        (LeadField::Website, text(record, "Website").or_else(|| text(record, "Account.Website"))),
        (LeadField::Phone, text(record, "Phone")),
        (LeadField::Title, text(record, "Title")),
        (LeadField::Country, text(record, "Country").or_else(|| text(record, "MailingCountry"))),
        (LeadField::Region, text(record, "State").or_else(|| text(record, "MailingState"))),
        (LeadField::PostalCode, text(record, "PostalCode").or_else(|| text(record, "MailingPostalCode"))),
        (LeadField::Employees, employees.as_deref()),
        (LeadField::Message, text(record, "Description")),
        (LeadField::Source, text(record, "LeadSource")),
    ];
    for (known, value) in fields {
        if let Some(value) = value {
            lead.set(known, value);
        }
    }
    let created_at = timestamp(record, "CreatedDate").unwrap_or(Timestamp::from_ms(0));
    let is_ours = text(record, PERSON_ID).is_some();
    Some(ChangedRow { email: address, state, created_at, is_ours, lead })
}
