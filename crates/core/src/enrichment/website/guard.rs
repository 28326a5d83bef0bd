//! Which page of which server may be asked for.
//!
//! The domain comes from whoever fills in a form, so it must not lead the router to a server that is not a company's
//! public website. The rules: 1 the domain is a name that somebody registered below a public suffix of the list, in
//! its one spelling; so it is no address by number in any spelling, no single word, and has no port and no
//! credentials; 2 its last label is none that is set aside for other uses; 3 mailbox services are nobody's company; 4
//! `https` on its own port; 5 a redirect may lead to the domain or a host below it, under the same rules, so that no
//! server sends the router elsewhere. To which address a name resolves is not seen here; the platform connects to
//! public ones only.

use crate::limits::URL_CHARS_MAX;
use crate::normalize::{EmailKind, email_kind, host_of, is_registered, registrable};

/// Last labels that never name a public website: RFC 6761, RFC 6762, RFC 7686, RFC 9476, `internal` of ICANN, and what
/// networks use among themselves. Few of them are suffixes of the list; they stand here whatever becomes of the list.
const SET_ASIDE: [&str; 15] = [
    "alt",
    "arpa",
    "corp",
    "example",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
    "test",
];

/// A company's website that may be asked. Made by [`Site::of`] only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    domain: String,
    /// Where pages are fetched instead, without a final `/`.
    base_url: Option<String>,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageAddress {
    /// The page on the company's server. Relative links on it and redirects are relative to this.
    pub url: String,
    /// Where it is fetched: the same, unless a base URL stands for all websites.
    pub fetch_url: String,
}

impl Site {
    /// The website of a company by its domain, or `None` when there is none that may be asked.
    ///
    /// With `base_url`, pages are fetched as `<base_url>/<host>/<path>`. Then no name is resolved, so that names which
    /// nobody can register, as tests use them, are allowed, too.
    #[must_use]
    pub fn of(domain: &str, base_url: Option<&str>) -> Option<Self> {
        let is_plain = host_of(domain).as_deref() == Some(domain) && !domain.contains('_');
        let last = domain.rsplit('.').next().unwrap_or_default();
        let may_resolve = is_registered(domain) && !SET_ASIDE.contains(&last);
        let is_free = base_url.is_some() && registrable(domain) == domain;
        let is_company = email_kind(domain) == EmailKind::Business;
        (is_plain && is_company && (may_resolve || is_free)).then(|| Self {
            domain: domain.to_owned(),
            base_url: base_url.map(|base_url| base_url.trim_end_matches('/').to_owned()),
        })
    }

    /// Registrable domain of the company.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The first page that is asked for.
    #[must_use]
    pub fn home(&self) -> PageAddress {
        self.address(format!("https://{}/", self.domain))
    }

    /// The page to which a redirect leads, or `None` when it must not be followed. `location` is a whole URL in the one
    /// spelling of the URL standard (a relative one resolved, a default port left out); any other spelling is refused.
    #[must_use]
    pub fn follow(&self, location: &str) -> Option<PageAddress> {
        let rest = location.strip_prefix("https://")?;
        let host = rest.split(['/', '?', '#', '\\']).next()?;
        let below = host.strip_suffix(self.domain.as_str())?;
        let is_ours = below.is_empty() || below.ends_with('.');
        // Nothing but letters, digits, hyphens and dots: no credentials, no port, no percent-encoding.
        let is_plain = host_of(host).as_deref() == Some(host) && !host.contains('@');
        let is_short = location.chars().count() <= URL_CHARS_MAX;
        let is_clean = location.bytes().all(|byte| byte.is_ascii_graphic());
        (is_ours && is_plain && is_short && is_clean).then(|| self.address(location.to_owned()))
    }

    fn address(&self, url: String) -> PageAddress {
        let path = url.strip_prefix("https://").unwrap_or_default();
        let fetch_url = self.base_url.as_ref().map_or_else(|| url.clone(), |base_url| format!("{base_url}/{path}"));
        PageAddress { url, fetch_url }
    }
}
