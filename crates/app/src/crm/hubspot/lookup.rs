//! What `HubSpot` knows about a person and their company.

use crate::crm::hubspot::Hubspot;
use crate::ports::crm::DeliveryResult;
use crate::ports::rate_limits::RateLimits;
use crate::ports::{Clock, Http};
use futures_util::future::try_join;
use lead_router_core::crm::hubspot::{BATCH_MAX, HubspotCall, HubspotFailure, HubspotRecord, Object, answers, state};
use lead_router_core::crm::state::{CrmQuestion, State};
use lead_router_core::crm::{AccountState, Deal};
use lead_router_core::directory::AccountStatus;

impl<W: Http + Clock + RateLimits> Hubspot<'_, W> {
    /// Steps: 1 the contact by address, with the ids of its companies and deals; 2 the companies by id, and at the same time
    /// the ids of their deals; without a company of the contact's a search by domain instead, and then the ids; 3 the deals.
    /// One call for a stranger without a domain, four at most.
    pub(super) async fn state(&self, question: &CrmQuestion) -> DeliveryResult<State> {
        // 1
        let contact = match &question.email {
            Some(email) => self.contact(email).await?,
            None => None,
        };
        let ids = |kind: &str| -> Vec<String> {
            contact.iter().flat_map(|contact| contact.linked(kind)).map(|link| link.id.clone()).collect()
        };
        // 2
        let mut company_ids = ids("companies");
        company_ids.truncate(BATCH_MAX);
        let (companies, deals_of) = if company_ids.is_empty() {
            let companies = self.companies_of(question.domain.as_deref()).await?;
            company_ids =
                state::company(&companies, &[], question).map(|company| company.id.clone()).into_iter().collect();
            let deals_of = self.associated(Object::Companies, Object::Deals, &company_ids).await?;
            (companies, deals_of)
        } else {
            let companies = self.read(Object::Companies, None, &company_ids);
            let deals = self.associated(Object::Companies, Object::Deals, &company_ids);
            let (companies, deals_of) = try_join(companies, deals).await?;
            (companies.results, deals_of)
        };
        let company = state::company(&companies, &company_ids, question);
        // 3
        let mut deal_ids = ids("deals");
        deal_ids.extend(company.and_then(|company| deals_of.get(&company.id)).into_iter().flatten().cloned());
        let deals = self.read(Object::Deals, None, &latest(deal_ids)).await?.results;
        let deals: Vec<&HubspotRecord> = deals.iter().collect();
        let account = match company {
            Some(company) => Some(state::account(company, &deals)),
            None => of_the_person(state::open(&deals)),
        };
        Ok(State {
            account: account.map(|account| with_stage(account, contact.as_ref())),
            person: contact.as_ref().map(state::person),
        })
    }

    async fn contact(&self, email: &str) -> DeliveryResult<Option<HubspotRecord>> {
        match self.call(&HubspotCall::contact(email)).await {
            Ok(body) => answers::record(&body).map(Some),
            Err(HubspotFailure::NotFound) => Ok(None),
            Err(failure) => Err(failure.setback()),
        }
    }

    async fn companies_of(&self, domain: Option<&str>) -> DeliveryResult<Vec<HubspotRecord>> {
        match domain {
            Some(domain) => self.search(&HubspotCall::companies_of(domain)).await.map(|answer| answer.results),
            None => Ok(Vec::new()),
        }
    }
}

/// The latest ids, as many as one call reads: ids grow, and old deals are closed.
fn latest(mut ids: Vec<String>) -> Vec<String> {
    ids.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| b.cmp(a)));
    ids.dedup();
    ids.truncate(BATCH_MAX);
    ids
}

/// Open deals of a person whose company is not in the CRM hang on an account without a record.
fn of_the_person(deals: Vec<Deal>) -> Option<AccountState> {
    let is_one = !deals.is_empty();
    is_one.then_some(AccountState { id: String::new(), name: None, owner: None, status: None, deals })
}

/// A customer's account is a customer's, also where only the contact says so.
fn with_stage(mut account: AccountState, contact: Option<&HubspotRecord>) -> AccountState {
    let of_contact = contact.and_then(|contact| state::status(contact.get("lifecyclestage")));
    if of_contact == Some(AccountStatus::Customer) && account.status.is_none() {
        account.status = of_contact;
    }
    account
}
