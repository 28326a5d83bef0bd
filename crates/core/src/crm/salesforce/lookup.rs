//! What an organisation knows about a person and their company: four queries, one call.

use crate::crm::salesforce::answers::{QueryPage, owner, text, timestamp};
use crate::crm::salesforce::ids::full;
use crate::crm::salesforce::soql::{anywhere, quoted};
use crate::crm::state::{AccountState, CrmQuestion, Deal, LastTouch, PersonKind, PersonState, State};
use crate::directory::AccountStatus;
use crate::normalize::company_site;
use crate::time::Timestamp;
use serde_json::Value;
use std::cmp::Reverse;

/// Names of the queries, in their order.
const NAMES: [&str; 4] = ["contacts", "leads", "accounts", "sites"];

/// The last call, mail or meeting that somebody finished.
const TOUCH: &str = "(SELECT OwnerId,Owner.IsActive,CompletedDateTime FROM Tasks WHERE IsClosed=true \
                     ORDER BY CompletedDateTime DESC NULLS LAST LIMIT 1)";
/// Open deals of an account.
const DEALS: &str = "(SELECT Id,OwnerId,Owner.IsActive,StageName,LastModifiedDate FROM Opportunities \
                     WHERE IsClosed=false ORDER BY LastModifiedDate DESC LIMIT 5)";

/// What is read of an account, with its open deals.
pub(super) fn account_fields(domain_field: Option<&str>) -> String {
    let own = domain_field.map(|field| format!(",{field}")).unwrap_or_default();
    format!("Id,Name,Website,Type,OwnerId,Owner.IsActive,LastModifiedDate{own},{DEALS}")
}

/// The queries that answer a question, by name. None for a question without address and domain.
#[must_use]
pub fn queries(question: &CrmQuestion, domain_field: Option<&str>) -> Vec<(&'static str, String)> {
    let mut queries = Vec::new();
    let account = account_fields(domain_field);
    if let Some(email) = question.email.as_deref() {
        let email = quoted(email);
        let who = format!("WHERE Email={email}");
        queries.push((
            NAMES[0],
            format!(
                "SELECT Id,OwnerId,Owner.IsActive,AccountId,{TOUCH} FROM Contact {who} \
                 ORDER BY LastModifiedDate DESC,Id LIMIT 5"
            ),
        ));
        queries.push((
            NAMES[1],
            format!(
                "SELECT Id,OwnerId,Owner.IsActive,{TOUCH} FROM Lead {who} AND IsConverted=false \
                 ORDER BY CreatedDate DESC,Id LIMIT 5"
            ),
        ));
        queries.push((
            NAMES[2],
            format!("SELECT {account} FROM Account WHERE Id IN (SELECT AccountId FROM Contact {who}) LIMIT 5"),
        ));
    }
    if let Some(domain) = question.domain.as_deref() {
        let with = match domain_field {
            Some(field) => format!("{field}={}", quoted(domain)),
            None => format!("Website LIKE {}", anywhere(domain)),
        };
        queries.push((
            NAMES[3],
            format!("SELECT {account} FROM Account WHERE {with} ORDER BY LastModifiedDate DESC LIMIT 50"),
        ));
    }
    queries
}

/// What the pages of [`queries`] say, by name.
///
/// - A contact goes before a lead that was not converted; of several contacts the one that changed last counts, of several
///   leads the newest.
/// - The account is the contact's own; without one it is that whose website has exactly the domain asked for. Of several, one
///   with an open deal counts first, then the one that changed last, then the smaller id.
#[must_use]
pub fn read(question: &CrmQuestion, domain_field: Option<&str>, pages: &[(&str, QueryPage)]) -> State {
    let records =
        |name: &'static str| pages.iter().filter(move |(own, _)| *own == name).flat_map(|(_, page)| &page.records);
    let contact = records(NAMES[0]).next();
    let person = contact
        .and_then(|record| person(record, PersonKind::Contact))
        .or_else(|| records(NAMES[1]).next().and_then(|record| person(record, PersonKind::Lead)));
    let own = contact.and_then(|record| text(record, "AccountId")).map(full);
    let own = own.and_then(|id| records(NAMES[2]).filter_map(account).find(|account| account.id == id));
    let has_domain =
        |record: &&Value| question.domain.is_some() && account_domain(record, domain_field) == question.domain;
    let of_site = || {
        let found = records(NAMES[3]).filter(has_domain);
        found
            .filter_map(|record| account(record).map(|account| (timestamp(record, "LastModifiedDate"), account)))
            .min_by_key(|(changed, account)| (account.deals.is_empty(), Reverse(*changed), account.id.clone()))
    };
    State { person, account: own.or_else(|| of_site().map(|(_, account)| account)) }
}

/// A person of a contact or a lead.
pub(super) fn person(record: &Value, kind: PersonKind) -> Option<PersonState> {
    let id = full(text(record, "Id")?);
    let task = record.pointer("/Tasks/records/0");
    let touched =
        task.and_then(|task| Some(LastTouch { at: timestamp(task, "CompletedDateTime")?, by: owner(task, "") }));
    Some(PersonState { id, kind, owner: owner(record, ""), touched })
}

/// An account with its open deals.
pub(super) fn account(record: &Value) -> Option<AccountState> {
    let id = full(text(record, "Id")?);
    let deals = record.pointer("/Opportunities/records").and_then(Value::as_array).into_iter().flatten();
    Some(AccountState {
        id,
        name: text(record, "Name").map(str::to_owned),
        owner: owner(record, ""),
        status: text(record, "Type").and_then(status),
        deals: deals.filter_map(deal).collect(),
    })
}

fn deal(record: &Value) -> Option<Deal> {
    Some(Deal {
        id: full(text(record, "Id")?),
        owner: owner(record, ""),
        stage: text(record, "StageName").unwrap_or_default().to_owned(),
        changed_at: timestamp(record, "LastModifiedDate").unwrap_or(Timestamp::from_ms(0)),
    })
}

/// The registrable domain of an account: of its own field where there is one, otherwise of its website, which is free text.
pub(super) fn account_domain(record: &Value, domain_field: Option<&str>) -> Option<String> {
    text(record, domain_field.unwrap_or("Website")).and_then(company_site)
}

/// What a `Type` of an account says: the values that come with Salesforce, and others that begin like them.
fn status(kind: &str) -> Option<AccountStatus> {
    let kind = kind.to_lowercase();
    let statuses = [
        ("customer", AccountStatus::Customer),
        ("prospect", AccountStatus::Prospect),
        ("competitor", AccountStatus::Competitor),
        ("partner", AccountStatus::Partner),
        ("channel partner", AccountStatus::Partner),
        ("technology partner", AccountStatus::Partner),
        ("installation partner", AccountStatus::Partner),
    ];
    statuses.into_iter().find(|(start, _)| kind.starts_with(start)).map(|(_, status)| status)
}
