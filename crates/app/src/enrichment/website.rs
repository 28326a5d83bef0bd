//! One question to a company's own website.
//!
//! Every company is another server, so there is no breaker and no second request: that five sites are down says
//! nothing about the sixth, and a small server is not asked twice because it is slow. What protects a server and the
//! leads instead is that whatever it answers is kept with the company, a fault included, and that leads of one
//! company share a call.

use crate::enrichment::provider_call::refused;
use crate::ports::messages::{ProviderLookupRequest, ProviderLookupResponse};
use crate::ports::rate_limits::RateLimits;
use crate::ports::{CachedReading, Clock, Http, HttpFailure, Pages};
use lead_router_core::enrichment::provider::Offer;
use lead_router_core::enrichment::waterfall::results::{FOUND, NOT_ASKED, NOT_FOUND};
use lead_router_core::enrichment::website::{BASE_URL_SETTING, FAULT_S, Site, TIMEOUT_MS};
use lead_router_core::facts::{Fact, FactValue, Field};
use lead_router_core::limits::REDIRECTS_MAX;
use std::collections::BTreeMap;

/// Status of the platform for a name behind which there is no server.
const NO_SERVER: u16 = 530;

/// Asks for the home page. Never longer than [`TIMEOUT_MS`], all redirects included; never an error.
///
/// `not_asked`: the domain is none whose website may be asked for. `not_found`: there is no server or no page, what
/// comes is no HTML, a redirect leads elsewhere, or the page says nothing that can be used. `provider_try_later`,
/// `timeout`, `unreachable`: the server has a fault, which is kept for an hour.
pub async fn look_up<W: Pages + Http + Clock + RateLimits>(
    world: &W,
    question: &ProviderLookupRequest,
) -> ProviderLookupResponse {
    let base_url = world.setting(BASE_URL_SETTING);
    let domain = question.facts.text(Field::CompanyDomain);
    let Some(site) = domain.and_then(|domain| Site::of(domain, base_url.as_deref())) else {
        return ProviderLookupResponse::failed(NOT_ASKED);
    };
    if let Some(code) = refused(world, Offer::Website.cost_usd_micros(), question).await {
        return ProviderLookupResponse::failed(code);
    }
    let facts = match read(world, &site).await {
        Ok(facts) => facts,
        Err(code) => return kept(world, BTreeMap::new(), code, FAULT_S),
    };
    let cache = Offer::Website.cache();
    if facts.is_empty() {
        return kept(world, BTreeMap::new(), NOT_FOUND, cache.not_found_s);
    }
    let at = world.now();
    let fact = |value| Fact { value, provider: question.provider.clone(), at };
    let facts = facts.into_iter().map(|(field, value)| (field.path().to_owned(), fact(value))).collect();
    kept(world, facts, FOUND, cache.found_s)
}

/// What the page says, after all redirects; nothing when there is no page. The code of a fault otherwise.
async fn read<W: Pages + Clock>(world: &W, site: &Site) -> Result<Vec<(Field, FactValue)>, &'static str> {
    let give_up_at = world.now().plus_ms(TIMEOUT_MS.into());
    let mut address = site.home();
    for _ in 0..=REDIRECTS_MAX {
        let left_ms = u32::try_from(give_up_at.ms_since(world.now())).unwrap_or(0);
        if left_ms == 0 {
            return Err("timeout");
        }
        let answer = world.page(&address, left_ms).await.map_err(|failure| match failure {
            HttpFailure::Timeout => "timeout",
            HttpFailure::Unreachable | HttpFailure::TooLarge => "unreachable",
        })?;
        match (answer.status, answer.location, answer.page) {
            (200..=299, _, Some(page)) => return Ok(page.facts(site.domain())),
            (300..=399, Some(location), _) => match site.follow(&location) {
                Some(next) => address = next,
                None => return Ok(Vec::new()),
            },
            (NO_SERVER, _, _) => return Ok(Vec::new()),
            (429 | 500..=599, _, _) => return Err("provider_try_later"),
            _ => return Ok(Vec::new()),
        }
    }
    Ok(Vec::new())
}

fn kept(world: &impl Clock, facts: BTreeMap<String, Fact>, result: &str, seconds: u32) -> ProviderLookupResponse {
    let until = world.now().plus_ms(i64::from(seconds).saturating_mul(1_000));
    let reading = CachedReading { facts, owner_rep_id: None, until, version: String::new(), blocked: false };
    ProviderLookupResponse { reading: Some(reading), result: result.to_owned(), shared: false, hedge: None }
}
