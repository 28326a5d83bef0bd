//! What changed in `HubSpot`.

use crate::crm::hubspot::Hubspot;
use crate::ports::crm::{ChangedPerson, Changes, ChangesSince, DeliveryResult};
use crate::ports::rate_limits::RateLimits;
use crate::ports::{Clock, Http};
use lead_router_core::crm::AccountState;
use lead_router_core::crm::hubspot::cursor::{HubspotCursor, PAGE_MAX};
use lead_router_core::crm::hubspot::properties::LEAD;
use lead_router_core::crm::hubspot::{HubspotAnswer, HubspotCall, HubspotRecord, Object, state};
use lead_router_core::intake::FieldMap;
use lead_router_core::normalize;
use lead_router_core::time::Timestamp;
use lead_router_core::webhook::hubspot_contact;
use std::collections::BTreeSet;

impl<W: Http + Clock + RateLimits> Hubspot<'_, W> {
    /// A page: contacts first, then companies, then deals, which count as changes of their companies.
    pub(super) async fn changed(&self, since: &ChangesSince) -> DeliveryResult<Changes> {
        let cursor = HubspotCursor::read(since.at, &since.page);
        let answer = self.page(&cursor).await?;
        let next = cursor.next(&answer).map(|next| ChangesSince { at: since.at, page: next.page() });
        let mut changes = Changes { next, ..Changes::default() };
        match cursor.object {
            Object::Contacts => {
                let now = self.vendor.world.now();
                changes.people = answer.results.iter().filter_map(|contact| person(contact, now)).collect();
            }
            Object::Companies => changes.accounts = self.accounts(answer.results).await?,
            Object::Deals | Object::Tasks => {
                let deals: Vec<String> = answer.results.iter().map(|deal| deal.id.clone()).collect();
                let companies = self.associated(Object::Deals, Object::Companies, &deals).await?;
                let ids: BTreeSet<String> = companies.into_values().flatten().collect();
                let ids: Vec<String> = ids.into_iter().collect();
                changes.accounts = self.accounts(self.read(Object::Companies, None, &ids).await?.results).await?;
            }
        }
        Ok(changes)
    }

    /// The records of a page: fewer when they are too large together, because somebody keeps long texts in them.
    async fn page(&self, cursor: &HubspotCursor) -> DeliveryResult<HubspotAnswer> {
        let mut limit = PAGE_MAX;
        loop {
            let ask = HubspotCall::changed(cursor.object, cursor.since_ms, limit, &cursor.after);
            match self.search(&ask).await {
                Err(setback) if setback.code() == "answer_too_large" && limit > 1 => limit = limit.div_euclid(2),
                answered => return answered,
            }
        }
    }

    /// Companies with their open deals.
    async fn accounts(&self, companies: Vec<HubspotRecord>) -> DeliveryResult<Vec<(String, AccountState)>> {
        let ids: Vec<String> =
            companies.iter().filter(|one| state::domain(one).is_some()).map(|one| one.id.clone()).collect();
        let of = self.associated(Object::Companies, Object::Deals, &ids).await?;
        let deals: BTreeSet<String> = of.values().flatten().cloned().collect();
        let deals: Vec<String> = deals.into_iter().collect();
        let deals = self.read(Object::Deals, None, &deals).await?.results;
        Ok(state::accounts(&companies, &of, &deals))
    }
}

/// A contact with an address that can be one.
fn person(contact: &HubspotRecord, now: Timestamp) -> Option<ChangedPerson> {
    let email = normalize::email(contact.get("email"))?.address;
    let of_a_lead = contact.entries().filter(|(name, _)| LEAD.contains(name));
    let lead = Box::new(hubspot_contact(&contact.id, of_a_lead, &FieldMap::default()));
    Some(ChangedPerson {
        email,
        state: state::person(contact),
        created_at: state::created_at(contact, now),
        is_ours: state::is_ours(contact),
        lead,
    })
}
