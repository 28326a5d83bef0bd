//! The providers of a run: which take part, what they are asked about, and under which key their answers are kept.

use crate::ports::{Http, InForce};
use lead_router_core::directory::{DIRECTORY, DirectoryRow};
use lead_router_core::enrichment::provider::{Contact, Offer, SubjectKind, build};
use lead_router_core::enrichment::waterfall::{ProviderState, WaterfallSource};
use lead_router_core::enrichment::website::{BASE_URL_SETTING, Site};
use lead_router_core::facts::{Facts, Field, FieldSet};
use lead_router_core::hash::keyed_hash;
use lead_router_core::id::ProviderId;
use lead_router_core::lead::Lead;
use lead_router_core::normalize::company_key;
use lead_router_core::rubric::file::LimitFile;

/// Time within which the directory nearly always answers, in milliseconds: one read of one row.
const DIRECTORY_PATIENCE_MS: u32 = 300;

/// One provider of the run.
pub(super) struct Provider {
    pub(super) source: WaterfallSource,
    /// `None` for the directory.
    pub(super) http: Option<HttpProvider>,
}

/// A provider that is asked over the network.
pub(super) struct HttpProvider {
    pub(super) offer: Offer,
    pub(super) limit: Option<LimitFile>,
    /// What stands for the base URL that the provider itself has.
    base_url: Option<String>,
    /// Empty for a provider that takes none.
    key: String,
}

/// Whom the answers about a person are kept under, and what the key of the hash is.
#[derive(Debug, Clone, Copy)]
pub(super) struct PersonLookup<'a> {
    pub(super) name: &'a str,
    pub(super) hash_key: &'a [u8],
}

impl<'a> PersonLookup<'a> {
    /// The person of a lead: by the profile, by which providers know them better, else by the address.
    pub(super) fn of(lead: &'a Lead, hash_key: &'a [u8]) -> Self {
        let profile = lead.linkedin.as_ref().and_then(|profile| profile.normal.as_deref());
        Self { name: profile.unwrap_or(lead.person_key()), hash_key }
    }
}

impl Provider {
    pub(super) fn is_about(&self, kind: SubjectKind) -> bool {
        self.http.as_ref().is_some_and(|http| http.offer.kind() == kind)
    }

    /// Whether it can be asked with what is known.
    pub(super) fn is_ready(&self, facts: &Facts, contact: &Contact) -> bool {
        match &self.http {
            None => directory_subject(facts).is_some(),
            Some(http) => http.is_ready(facts, contact),
        }
    }

    /// Cache key of what it is asked about. A person is named by a keyed hash, never by an address.
    pub(super) fn cache_key(&self, facts: &Facts, person: PersonLookup<'_>) -> Option<String> {
        let domain = facts.text(Field::CompanyDomain).map(|domain| format!("company:{domain}"));
        match &self.http {
            None => domain
                .or_else(|| directory_subject(facts).and_then(|(_, name)| name.map(|name| format!("name:{name}")))),
            Some(http) => match http.offer.kind() {
                SubjectKind::Company => domain,
                SubjectKind::Person => Some(format!("person:{}", keyed_hash(person.hash_key, "facts", person.name))),
            },
        }
    }
}

impl HttpProvider {
    fn is_ready(&self, facts: &Facts, contact: &Contact) -> bool {
        let base_url = self.base_url.as_deref();
        match self.offer {
            Offer::Api(description) => {
                build(description, facts, contact, base_url.unwrap_or(&description.base_url), &self.key).is_some()
            }
            Offer::Website => {
                facts.text(Field::CompanyDomain).is_some_and(|domain| Site::of(domain, base_url).is_some())
            }
        }
    }
}

/// Domain, or name key, under which the directory may know the company.
pub(super) fn directory_subject(facts: &Facts) -> Option<(Option<String>, Option<String>)> {
    let domain = facts.text(Field::CompanyDomain).map(str::to_owned);
    let name = facts.text(Field::LeadCompany).and_then(company_key);
    (domain.is_some() || name.is_some()).then_some((domain, name))
}

/// The providers of the rubric's stages that are set up: those without a key always, the others with it.
pub(super) fn providers(world: &impl Http, config: &InForce) -> Vec<Provider> {
    let stages = config.rubric.stages().iter().enumerate();
    let listed = stages.flat_map(|(stage, ids)| ids.iter().map(move |id| (stage, id)));
    listed.filter_map(|(stage, id)| provider(world, config, stage, id)).collect()
}

fn provider(world: &impl Http, config: &InForce, stage: usize, id: &ProviderId) -> Option<Provider> {
    let first_party = id.as_str() == DIRECTORY;
    let source = WaterfallSource {
        id: id.clone(),
        stage,
        first_party,
        fills: DirectoryRow::FILLS,
        needs: FieldSet::EMPTY.with(Field::CompanyDomain),
        cost_usd_micros: 0,
        patience_ms: DIRECTORY_PATIENCE_MS,
        standing: ProviderState::Waiting,
    };
    if first_party {
        return Some(Provider { source, http: None });
    }
    let offer = Offer::find(id.as_str())?;
    if offer.missing_setting(|name| world.setting(name)).is_some() {
        return None;
    }
    let key = offer.key_setting().and_then(|name| world.setting(name)).unwrap_or_default();
    let base_url = world.setting(match offer {
        Offer::Api(description) => &description.base_url_setting,
        Offer::Website => BASE_URL_SETTING,
    });
    let source = WaterfallSource {
        fills: offer.fills(),
        needs: offer.needs(),
        cost_usd_micros: offer.cost_usd_micros(),
        patience_ms: offer.patience_ms(),
        ..source
    };
    let limit = config.rubric.enrichment().limits.get(id.as_str()).copied();
    Some(Provider { source, http: Some(HttpProvider { offer, limit, base_url, key }) })
}
