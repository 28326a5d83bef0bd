//! What records say about a person and a company.

use crate::crm::hubspot::answers::{Associated, HubspotOwner, HubspotRecord};
use crate::crm::hubspot::properties::{OWNER, PERSON_ID};
use crate::crm::state::{CrmQuestion, CrmUser, LastTouch, OwnerRef};
use crate::crm::{AccountState, Deal, PersonKind, PersonState};
use crate::directory::AccountStatus;
use crate::normalize::company_site;
use crate::time::Timestamp;

/// A contact.
#[must_use]
pub fn person(record: &HubspotRecord) -> PersonState {
    PersonState {
        id: record.id.clone(),
        kind: PersonKind::Contact,
        owner: OwnerRef::new(record.get(OWNER)),
        // `HubSpot` says when the last call, mail or meeting was, not with whom.
        touched: record.timestamp("notes_last_contacted").map(|at| LastTouch { at, by: None }),
    }
}

/// A company with those of the deals that are open.
#[must_use]
pub fn account(company: &HubspotRecord, deals: &[&HubspotRecord]) -> AccountState {
    AccountState {
        id: company.id.clone(),
        name: Some(company.get("name").to_owned()).filter(|name| !name.is_empty()),
        owner: OwnerRef::new(company.get(OWNER)),
        status: status(company.get("lifecyclestage")),
        deals: open(deals),
    }
}

/// Those of the deals that are open, in the order of their ids.
#[must_use]
pub fn open(deals: &[&HubspotRecord]) -> Vec<Deal> {
    let is_open = |deal: &&&HubspotRecord| deal.get("hs_is_closed") != "true";
    let mut open: Vec<Deal> = deals
        .iter()
        .filter(is_open)
        .map(|deal| Deal {
            id: deal.id.clone(),
            owner: OwnerRef::new(deal.get(OWNER)),
            stage: deal.get("dealstage").to_owned(),
            changed_at: deal.timestamp("hs_lastmodifieddate").unwrap_or_default(),
        })
        .collect();
    open.sort_by(|a, b| a.id.cmp(&b.id));
    open.dedup_by(|a, b| a.id == b.id);
    open
}

/// What a lifecycle stage says about a company; `None` for a stage that the business made itself.
#[must_use]
pub fn status(stage: &str) -> Option<AccountStatus> {
    match stage {
        "customer" | "evangelist" => Some(AccountStatus::Customer),
        "subscriber" | "lead" | "marketingqualifiedlead" | "salesqualifiedlead" | "opportunity" => {
            Some(AccountStatus::Prospect)
        }
        _ => None,
    }
}

/// The company that a question is about: the one with its domain, else the one that `ids` names first, else the first.
#[must_use]
pub fn company<'a>(
    companies: &'a [HubspotRecord],
    ids: &[String],
    question: &CrmQuestion,
) -> Option<&'a HubspotRecord> {
    let of_domain = |company: &&HubspotRecord| question.domain.is_some() && domain(company) == question.domain;
    let first = ids.first();
    let primary = |company: &&HubspotRecord| first.is_some_and(|id| *id == company.id);
    companies.iter().find(of_domain).or_else(|| companies.iter().find(primary)).or(companies.first())
}

/// The registrable domain of a company.
#[must_use]
pub fn domain(company: &HubspotRecord) -> Option<String> {
    company_site(company.get("domain"))
}

/// Accounts by domain, of those companies that have one. `deals` are records, `of` says which belong to whom.
#[must_use]
pub fn accounts(companies: &[HubspotRecord], of: &Associated, deals: &[HubspotRecord]) -> Vec<(String, AccountState)> {
    let own = |company: &HubspotRecord| -> Vec<&HubspotRecord> {
        let ids = of.get(&company.id).map(Vec::as_slice).unwrap_or_default();
        deals.iter().filter(|deal| ids.contains(&deal.id)).collect()
    };
    companies.iter().filter_map(|company| Some((domain(company)?, account(company, &own(company))))).collect()
}

/// Somebody who can own records.
#[must_use]
pub fn seller(owner: &HubspotOwner) -> CrmUser {
    let email = owner.email.as_deref().map(|email| email.trim().to_lowercase()).filter(|email| !email.is_empty());
    CrmUser { id: owner.id.clone(), email, active: !owner.archived }
}

/// Whether a contact carries what this program writes.
#[must_use]
pub fn is_ours(contact: &HubspotRecord) -> bool {
    !contact.get(PERSON_ID).is_empty()
}

/// When a record was made; `now` when it does not say.
#[must_use]
pub fn created_at(record: &HubspotRecord, now: Timestamp) -> Timestamp {
    record.timestamp("createdate").unwrap_or(now)
}
