//! What every provider that a rubric can name has, however it is asked.

use crate::enrichment::provider::description::Description;
use crate::enrichment::provider::file::{CacheFile, SubjectKind, TypicalLatency};
use crate::enrichment::provider::shipped;
use crate::enrichment::website;
use crate::facts::{Field, FieldSet};

/// A provider that ships with the router.
#[derive(Debug, Clone, Copy)]
pub enum Offer {
    /// One that is described by a file and asked over its API.
    Api(&'static Description),
    /// The company's own website.
    Website,
}

impl Offer {
    /// Every provider, by id.
    pub fn all() -> impl Iterator<Item = Self> {
        let mut all: Vec<Self> = shipped::all().map(Self::Api).chain([Self::Website]).collect();
        all.sort_by_key(|offer| offer.id());
        all.into_iter()
    }

    /// The provider with this id, or `None`.
    #[must_use]
    pub fn find(id: &str) -> Option<Self> {
        if id == website::ID { Some(Self::Website) } else { shipped::find(id).map(Self::Api) }
    }

    /// Id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Api(description) => description.id.as_str(),
            Self::Website => website::ID,
        }
    }

    /// Name of the vendor, for people.
    #[must_use]
    pub fn vendor(self) -> &'static str {
        match self {
            Self::Api(description) => &description.vendor,
            Self::Website => "the company's website",
        }
    }

    /// What it is asked about.
    #[must_use]
    pub const fn kind(self) -> SubjectKind {
        match self {
            Self::Api(description) => description.kind,
            Self::Website => SubjectKind::Company,
        }
    }

    /// Secret without which it is not asked; `None` when it takes no key.
    #[must_use]
    pub fn key_setting(self) -> Option<&'static str> {
        match self {
            Self::Api(description) => Some(&description.key_setting),
            Self::Website => None,
        }
    }

    /// The setting that the business has to make before it can be asked, its key first; `None` when it is set up.
    #[must_use]
    pub fn missing_setting(self, setting: impl Fn(&str) -> Option<String>) -> Option<&'static str> {
        match self {
            Self::Api(description) => description.missing_setting(setting),
            Self::Website => None,
        }
    }

    /// Fields that it can fill.
    #[must_use]
    pub fn fills(self) -> FieldSet {
        match self {
            Self::Api(description) => description.fills(),
            Self::Website => website::FILLS,
        }
    }

    /// Facts without which it may not be asked, as far as it names facts.
    #[must_use]
    pub fn needs(self) -> FieldSet {
        match self {
            Self::Api(description) => description.needs(),
            Self::Website => FieldSet::EMPTY.with(Field::CompanyDomain),
        }
    }

    /// Price of a record that was found, in millionths of a US dollar.
    #[must_use]
    pub const fn cost_usd_micros(self) -> u32 {
        match self {
            Self::Api(description) => description.cost_usd_micros,
            Self::Website => 0,
        }
    }

    /// Longest time for one call, in milliseconds.
    #[must_use]
    pub const fn timeout_ms(self) -> u32 {
        match self {
            Self::Api(description) => description.timeout_ms,
            Self::Website => website::TIMEOUT_MS,
        }
    }

    /// Time within which it nearly always answers, in milliseconds; the longest time for a call when nobody knows.
    #[must_use]
    pub fn patience_ms(self) -> u32 {
        let latency = match self {
            Self::Api(description) => description.latency,
            Self::Website => Some(website::LATENCY),
        };
        latency.map_or(self.timeout_ms(), |TypicalLatency { p95_ms, .. }| p95_ms)
    }

    /// Whether one question may take several calls, each with its own limit.
    #[must_use]
    pub const fn takes_several_calls(self) -> bool {
        match self {
            Self::Api(description) => description.takes_several_calls(),
            Self::Website => false,
        }
    }

    /// How long answers are kept.
    #[must_use]
    pub const fn cache(self) -> CacheFile {
        match self {
            Self::Api(description) => description.cache,
            Self::Website => website::CACHE,
        }
    }

    /// How much it is believed, 0 to 100.
    #[must_use]
    pub const fn trust(self) -> u8 {
        match self {
            Self::Api(description) => description.trust,
            Self::Website => website::TRUST,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_is_found_by_its_id() {
        let ids: Vec<&str> = Offer::all().map(Offer::id).collect();
        assert!(ids.is_sorted() && ids.contains(&website::ID), "{ids:?}");
        assert_eq!(ids.len(), shipped::FILES.len() + 1);
        for id in ids {
            assert_eq!(Offer::find(id).map(Offer::id), Some(id));
        }
        assert!(Offer::find("nobody").is_none());
    }

    #[test]
    fn the_website_is_free_and_believed_less_than_whoever_is_paid() {
        assert_eq!((Offer::Website.cost_usd_micros(), Offer::Website.key_setting()), (0, None));
        for description in shipped::all() {
            assert!(description.trust > Offer::Website.trust(), "{}", description.id);
        }
    }
}
