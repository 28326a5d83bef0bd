//! From what a page says to facts.

use crate::enrichment::website::organization::Organization;
use crate::enrichment::website::technology;
use crate::enrichment::website::text::{name, unescaped};
use crate::facts::{FactValue, Field};
use crate::limits::{JSON_LD_BLOCKS_MAX, JSON_LD_BYTES_MAX};
use crate::normalize::company_key;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is read of a page, as it stands there: entities and broken JSON included.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WebPage {
    /// Text of `<title>`.
    pub title: Option<String>,
    /// `og:site_name`.
    pub site_name: Option<String>,
    /// `<meta name="generator">`: what the page was made with.
    pub generator: Option<String>,
    /// Texts of the scripts of type `application/ld+json`, in their order.
    pub json_ld: Vec<String>,
    /// Hosts that scripts are loaded from, or that a script in the page names.
    pub hosts: Vec<String>,
}

impl WebPage {
    /// What the page says about the company with this registrable domain; empty when nothing can be used.
    ///
    /// The company is described by JSON-LD. Its name may also be the name of the site, and at last the part of the
    /// title that is spelled like the domain. Whatever is broken, too long or of an odd type is left out.
    #[must_use]
    pub fn facts(&self, domain: &str) -> Vec<(Field, FactValue)> {
        let blocks: Vec<Value> = self.json_ld.iter().take(JSON_LD_BLOCKS_MAX).filter_map(|text| parsed(text)).collect();
        let organization = Organization::find(&blocks, domain);
        let name = organization.name().or_else(|| self.site_name()).or_else(|| self.name_in_title(domain));
        let technologies = technology::of(&self.hosts, self.generator.as_deref());
        let facts = [
            (Field::CompanyName, name.map(FactValue::Text)),
            (Field::CompanyEmployees, organization.employees()),
            (Field::CompanyCountry, organization.country()),
            (Field::CompanyRegion, organization.region()),
            (Field::CompanyPostalCode, organization.postal_code()),
            (Field::CompanyFoundedYear, organization.founded_year()),
            (Field::CompanyLinkedin, organization.linkedin()),
            (Field::CompanyTechnologies, (!technologies.is_empty()).then_some(FactValue::Set(technologies))),
        ];
        facts.into_iter().filter_map(|(field, value)| value.map(|value| (field, value))).collect()
    }

    fn site_name(&self) -> Option<String> {
        name(self.site_name.as_deref()?)
    }

    /// The part of the title that is the domain's own label with other spaces, marks or a legal form: `Acme Pumps` of
    /// `Industrial pumps | Acme Pumps`, for `acme-pumps.com`. A slogan, or that a domain is for sale, is none.
    fn name_in_title(&self, domain: &str) -> Option<String> {
        let title = unescaped(self.title.as_deref()?);
        let label = company_key(domain.split('.').next()?)?;
        let mut parts = title.split(['|', '–', '—', '·', '•', '»', '«', ':']).flat_map(|part| part.split(" - "));
        parts.find(|part| company_key(part).as_ref() == Some(&label)).and_then(name)
    }
}

/// A block of JSON-LD. Line ends and tabs inside of texts, which JSON does not allow and pages have, count as spaces.
fn parsed(text: &str) -> Option<Value> {
    if text.len() > JSON_LD_BYTES_MAX {
        return None;
    }
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // What keeps old programs from reading the block as a script.
    let bare = clean.trim_matches([' ', '\u{feff}']);
    let bare = ["<!--", "//<![CDATA[", "// <![CDATA[", "/*<![CDATA[*/", "<![CDATA["]
        .iter()
        .find_map(|mark| bare.strip_prefix(mark))
        .unwrap_or(bare);
    // Behind the value may stand the end of the mark, or one more comma.
    let mut values = serde_json::Deserializer::from_str(bare).into_iter::<Value>();
    values.next()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_read_up_to_its_limit_and_not_beyond() {
        let block = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
        assert!(parsed(&block(JSON_LD_BYTES_MAX)).is_some());
        assert!(parsed(&block(JSON_LD_BYTES_MAX + 1)).is_none());
    }

    #[test]
    fn blocks_beyond_the_limit_are_not_read() {
        let company = "{\"@type\": \"Organization\", \"name\": \"Acme\"}".to_owned();
        let page = |before: usize| WebPage {
            json_ld: vec!["{}".to_owned(); before].into_iter().chain([company.clone()]).collect(),
            ..WebPage::default()
        };
        assert_eq!(page(JSON_LD_BLOCKS_MAX - 1).facts("acme.com").len(), 1);
        assert_eq!(page(JSON_LD_BLOCKS_MAX).facts("acme.com"), Vec::new());
    }
}
