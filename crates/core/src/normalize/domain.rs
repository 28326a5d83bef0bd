//! Hosts and registrable domains.
//!
//! The registrable domain is found with the whole public suffix list, the section of the registries and the
//! section of companies that hand out names below their own, and with services that the list lacks. So `acme.co.uk` belongs to one company, and
//! `acme.github.io` and `other.github.io` belong to two. A host that is itself a suffix (`github.io`,
//! `uk.com`) stands for its operator and stays as it is. An unknown top-level name counts as one suffix.

use crate::normalize::email::{EmailKind, email_kind};
use crate::normalize::table_lines;
use crate::normalize::unicode::canonical;
use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use publicsuffix::{List, Psl};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Longest host name (RFC 1035).
const HOST_BYTES_MAX: usize = 253;

/// Sites on which many companies have pages. A page there says nothing about who owns the domain.
static SHARED_SITES: LazyLock<BTreeSet<&'static str>> =
    LazyLock::new(|| table_lines(include_str!("data/shared_sites.txt")).collect());

/// The suffixes, read once per process: some milliseconds, against 200 KiB more of program for a list that is compiled in.
static SUFFIXES: LazyLock<List> = LazyLock::new(|| {
    let mut rules = rules(include_str!("data/public_suffixes.txt"));
    for suffix in table_lines(include_str!("data/shared_suffixes.txt")) {
        rules.push_str(suffix);
        rules.push('\n');
    }
    List::from_bytes(rules.as_bytes()).unwrap_or_default()
});

/// The list as its library reads it, from lines with a parent (`.` for none) and the first labels of the rules below it.
fn rules(table: &'static str) -> String {
    let mut list = String::from("// ===BEGIN ICANN DOMAINS===\n");
    for line in table_lines(table) {
        let (parent, labels) = line.split_once(' ').unwrap_or_default();
        for label in labels.split(' ') {
            list.push_str(label);
            if parent != "." {
                list.push('.');
                list.push_str(parent);
            }
            list.push('\n');
        }
    }
    list
}

/// The host of a URL, or of a text that is nothing but a host; ASCII and lower case, as UTS 46 maps names of other
/// scripts, wide letters and `。`. Invisible characters do not count.
///
/// `None` for addresses by number, single words, and texts that are no host.
///
/// ```
/// use lead_router_core::normalize::host_of;
/// assert_eq!(host_of("HTTPS://www.Acme.co.uk:8443/a?b#c").as_deref(), Some("www.acme.co.uk"));
/// assert_eq!(host_of("none yet"), None);
/// ```
#[must_use]
pub fn host_of(text: &str) -> Option<String> {
    let text = canonical(text.trim());
    let text = text.trim();
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let rest = rest.trim_start_matches('/');
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = host.split(':').next()?.trim_end_matches('.');
    let host = ascii_host(host)?;
    is_host(&host).then_some(host)
}

/// The host in ASCII; `None` when it has a character that no registered name has.
fn ascii_host(host: &str) -> Option<String> {
    if host.is_ascii() {
        return Some(host.to_owned());
    }
    // `is_host` judges the ASCII letters, hyphens and lengths.
    let ascii = Uts46::new().to_ascii(host.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow, DnsLength::Ignore);
    ascii.ok().map(|host| host.into_owned())
}

fn is_host(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    host.len() <= HOST_BYTES_MAX
        && host.contains('.')
        && host.split('.').all(is_label)
        && last.len() >= 2
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// The registrable domain of a host in the form of [`host_of`]; the host itself when it is a suffix.
///
/// ```
/// use lead_router_core::normalize::registrable;
/// assert_eq!(registrable("mail.acme.co.uk"), "acme.co.uk");
/// assert_eq!(registrable("acme.github.io"), "acme.github.io");
/// assert_eq!(registrable("github.io"), "github.io");
/// ```
#[must_use]
pub fn registrable(host: &str) -> &str {
    // The registrable domain is the end of the host, so that its length says where it starts.
    let length = SUFFIXES.domain(host.as_bytes()).map_or(host.len(), |domain| domain.as_bytes().len());
    host.len().checked_sub(length).and_then(|start| host.get(start..)).unwrap_or(host)
}

/// Whether a host in the form of [`host_of`] is a name that somebody registered below a suffix of the list: no suffix, no
/// host below a registered name, and nothing below an unknown top-level name.
///
/// ```
/// use lead_router_core::normalize::is_registered;
/// assert!(is_registered("acme.co.uk"));
/// assert!(!is_registered("co.uk") && !is_registered("www.acme.co.uk") && !is_registered("printer.local"));
/// ```
#[must_use]
pub fn is_registered(host: &str) -> bool {
    SUFFIXES
        .domain(host.as_bytes())
        .is_some_and(|domain| domain.suffix().is_known() && domain.as_bytes() == host.as_bytes())
}

/// The registrable domain of a URL or host, or `None` when the text holds no host.
#[must_use]
pub fn domain_of(text: &str) -> Option<String> {
    host_of(text).map(|host| registrable(&host).to_owned())
}

/// The registrable domain of a company's website, or `None` when the text holds no host or the site is one
/// on which many companies have pages (social networks, link lists, maps), or a mail service, which people type when they have no website.
#[must_use]
pub fn website_domain(text: &str) -> Option<String> {
    let domain = domain_of(text)?;
    let is_shared = SHARED_SITES.contains(domain.as_str()) || email_kind(&domain) != EmailKind::Business;
    (!is_shared).then_some(domain)
}

/// The registrable domain of a company's website as a system of record holds it: like [`website_domain`], but a host alone
/// that many share is the company itself (`linkedin.com`, not `linkedin.com/company/acme`). Mail services are none.
#[must_use]
pub fn company_site(text: &str) -> Option<String> {
    website_domain(text).or_else(|| {
        let bare = text.trim().split_once("://").map_or(text, |(_, rest)| rest).trim_end_matches('/');
        let domain = (!bare.contains('/')).then(|| domain_of(bare)).flatten();
        domain.filter(|domain| email_kind(domain) == EmailKind::Business)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_list_is_there() {
        assert!(!SUFFIXES.is_empty());
        for (host, domain) in [
            ("acme.xn--55qx5d.cn", "acme.xn--55qx5d.cn"),
            ("shop.acme.xn--55qx5d.cn", "acme.xn--55qx5d.cn"),
            ("a.www.ck", "www.ck"),
            ("a.b.other.ck", "b.other.ck"),
            ("shop.acme.unknown-top-level", "acme.unknown-top-level"),
            ("prg1-zerops.zone", "prg1-zerops.zone"),
        ] {
            assert_eq!(registrable(host), domain, "{host}");
        }
    }

    #[test]
    fn urls_are_cut_down_to_the_registrable_domain() {
        for (text, domain) in [
            ("https://www.acme.com/pricing", Some("acme.com")),
            ("//acme.com", Some("acme.com")),
            ("acme.com:443", Some("acme.com")),
            ("ACME.COM.", Some("acme.com")),
            ("http://user:pass@shop.acme.co.uk/", Some("acme.co.uk")),
            ("shop.acme.com.br", Some("acme.com.br")),
            ("a.b.c.kobe.jp", Some("b.c.kobe.jp")),
            ("www.city.kobe.jp", Some("city.kobe.jp")),
            ("acme.uk.com", Some("acme.uk.com")),
            ("https://müller-söhne.de", Some("xn--mller-shne-kcb9d.de")),
            ("pixel-loft.example", Some("pixel-loft.example")),
            ("www.食狮.公司.cn", Some("xn--85x722f.xn--55qx5d.cn")),
            ("MU\u{308}NCHEN.de", Some("xn--mnchen-3ya.de")),
            ("straße.de", Some("xn--strae-oqa.de")),
            ("例え.jp", Some("xn--r8jz45g.jp")),
            ("пример.рф", Some("xn--e1afmkfd.xn--p1ai")),
            ("ａｃｍｅ。ｃｏｍ", Some("acme.com")),
            ("\u{200e}https://ac\u{200d}me.com\u{200f}/x", Some("acme.com")),
            ("https：／／www．acme．com／x", Some("acme.com")),
            ("a\u{fffd}b.com", None),
            ("http://192.168.0.1/", None),
            ("http://١٩٢.168.0.1/", None),
            ("http://[::1]/", None),
            ("localhost", None),
            ("acme", None),
            ("-acme.com", None),
            ("a..b", None),
            ("https://", None),
            ("n/a", None),
            ("", None),
        ] {
            assert_eq!(domain_of(text).as_deref(), domain, "{text}");
        }
    }

    #[test]
    fn a_page_on_a_shared_site_names_no_company() {
        assert_eq!(website_domain("https://www.linkedin.com/company/acme"), None);
        assert_eq!(website_domain("facebook.com/acme"), None);
        assert_eq!(website_domain("acme.github.io").as_deref(), Some("acme.github.io"));
    }

    #[test]
    fn a_host_longer_than_the_limit_is_none() {
        assert_eq!(host_of(&format!("{}com", "abcdefg.".repeat(40))), None);
    }
}
