//! The company's own website as a provider of last resort: free, and believed less than any that is paid.
//!
//! [`Site`] says which page may be asked for, [`WebPage::facts`] what the page says. Nothing here talks to anybody.

mod guard;
mod organization;
mod page;
mod technology;
mod text;

pub use guard::{PageAddress, Site};
pub use page::WebPage;

use crate::enrichment::provider::file::{CacheFile, TypicalLatency};
use crate::facts::{Field, FieldSet};

/// The provider's id in rubrics and records.
pub const ID: &str = "website";

/// Setting that holds the base URL below which the pages of all websites are fetched, as `<base>/<host>/<path>`: for
/// tests and for a proxy. Without it each is fetched from its own server.
pub const BASE_URL_SETTING: &str = "WEBSITE_BASE_URL";

/// How much it is believed, 0 to 100: more than what somebody types into a form, less than any vendor that is paid for.
pub const TRUST: u8 = 40;

/// Longest time for the page and all redirects on the way, in milliseconds.
pub const TIMEOUT_MS: u32 = 3_000;

/// How long pages take, as planning values: half of them come within 600 ms, and nobody waits for the rest more than
/// two seconds before someone else is asked as well.
pub const LATENCY: TypicalLatency = TypicalLatency { typical_ms: 600, p95_ms: 2_000 };

/// How long answers are kept: 30 days what a page says, 7 days that it says nothing or that there is none.
pub const CACHE: CacheFile = CacheFile { found_s: 30 * 86_400, not_found_s: 7 * 86_400 };

/// How long it is kept that a server had a fault, in seconds.
pub const FAULT_S: u32 = 3_600;

/// Fields that a page can fill.
pub const FILLS: FieldSet = FieldSet::EMPTY
    .with(Field::CompanyName)
    .with(Field::CompanyEmployees)
    .with(Field::CompanyCountry)
    .with(Field::CompanyRegion)
    .with(Field::CompanyPostalCode)
    .with(Field::CompanyFoundedYear)
    .with(Field::CompanyLinkedin)
    .with(Field::CompanyTechnologies);

/// What the router says it is when it asks for a page.
pub const USER_AGENT: &str =
    "Mozilla/5.0 (compatible; lead-router/1.0; reads the home page of companies that write to us)";
