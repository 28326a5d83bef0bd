//! Asks the company providers about an account of the directory before a lead comes.

use crate::ports::messages::ProviderLookupRequest;
use crate::ports::{Cache, Clock, Config, Http, PortResult, ProviderLookups};
use lead_router_core::enrichment::provider::{Contact, Offer, SubjectKind};
use lead_router_core::facts::{Fact, FactValue, Facts, Field};
use lead_router_core::id::ProviderId;
use lead_router_core::rubric::file::Prefer;

/// Asks every company provider of the rubric that is set up and has no fresh answer about `domain` in the cache. Returns
/// how many were asked. A provider that fails is asked again in the next round of the directory.
///
/// # Errors
/// `Unavailable` when the configuration or the cache cannot be reached.
pub async fn prefetch<W: Cache + Clock + Config + Http + ProviderLookups>(world: &W, domain: &str) -> PortResult<u32> {
    let config = world.current().await?;
    let subject = format!("company:{domain}");
    let now = world.now();
    let mut entry = world.get(std::slice::from_ref(&subject)).await?.pop().unwrap_or_default();
    let mut facts = Facts::default();
    if let Ok(provider) = ProviderId::new("directory") {
        facts.set(Field::CompanyDomain, Fact { value: FactValue::Text(domain.to_owned()), provider, at: now });
    }
    let mut asked: u32 = 0;
    let mut is_changed = false;
    for id in config.rubric.stages().iter().flatten() {
        let Some(offer) = Offer::find(id.as_str()).filter(|offer| offer.kind() == SubjectKind::Company) else {
            continue;
        };
        let is_fresh = entry.get(id.as_str()).is_some_and(|reading| reading.until > now);
        if is_fresh || offer.missing_setting(|name| world.setting(name)).is_some() {
            continue;
        }
        let question = ProviderLookupRequest {
            subject: subject.clone(),
            provider: id.clone(),
            facts: facts.clone(),
            contact: Contact::default(),
            wait_ms: offer.timeout_ms(),
            limit: config.rubric.enrichment().limits.get(id.as_str()).copied(),
            // Nobody waits.
            prefer: Prefer::Cost,
            lead_id: None,
        };
        asked = asked.saturating_add(1);
        if let Ok(Some(reading)) = world.look_up(&question).await.map(|looked_up| looked_up.reading) {
            entry.insert(id.to_string(), reading);
            is_changed = true;
        }
    }
    if is_changed {
        world.put(&subject, &entry, now).await?;
    }
    Ok(asked)
}
