//! E-mail addresses: syntax, one spelling, and what kind of mailbox it is.

use crate::limits::EMAIL_BYTES_MAX;
use crate::normalize::domain::{host_of, registrable};
use crate::normalize::is_listed;
use crate::normalize::unicode::canonical;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Thousands of lines each, so that they are searched as they stand.
const FREE: &str = include_str!("data/free_mail.txt");
const DISPOSABLE: &str = include_str!("data/disposable.txt");

/// Services whose mailboxes ignore what follows a `+` in the local part.
const PLUS_TAGS: [&str; 13] = [
    "fastmail.com",
    "gmail.com",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mac.com",
    "me.com",
    "msn.com",
    "outlook.com",
    "pm.me",
    "proton.me",
    "protonmail.com",
];

/// What kind of mailbox an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailKind {
    /// An address of an organization.
    Business,
    /// A mailbox that anybody can have.
    Free,
    /// A throw-away mailbox.
    Disposable,
}

impl EmailKind {
    /// The value of the fact `lead.email_kind`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Business => "business",
            Self::Free => "free",
            Self::Disposable => "disposable",
        }
    }
}

/// An e-mail address that could exist. Its debug form shows the domain only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    /// As typed, without blanks around it.
    pub typed: String,
    /// Lower case, composed and without invisible or wide characters, host in ASCII: what is shown, sent to and looked up.
    pub address: String,
    /// The mailbox behind the address: for services known to ignore them, dots and `+tags` are left out.
    /// Two leads with the same mailbox are one person.
    pub mailbox: String,
    /// Registrable domain.
    pub domain: String,
    /// Kind of mailbox.
    pub kind: EmailKind,
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Email").field("domain", &self.domain).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Reads an e-mail address, or returns `None` when no such address can exist.
///
/// `mailto:`, one pair of angle brackets and a final `.`, `,` or `;` are forgiven; a display name is not. Wide letters,
/// decomposed ones and invisible marks are read as what they look like.
/// The host needs a dot, so `ann@localhost` is impossible. Whether the mailbox exists is not asked.
///
/// ```
/// use lead_router_core::normalize::email;
/// let ann = email(" Ann.Lee+News@GMail.com ").unwrap();
/// assert_eq!(ann.address, "ann.lee+news@gmail.com");
/// assert_eq!(ann.mailbox, "annlee@gmail.com");
/// assert!(email("ann@@example.com").is_none());
/// ```
#[must_use]
pub fn email(text: &str) -> Option<Email> {
    let canonical = canonical(text);
    let (local, host) = bare(&canonical).rsplit_once('@')?;
    if !email_address::EmailAddress::is_valid_local_part(local) || host.contains(['/', ':', '?', '#', '\\', '_']) {
        return None;
    }
    let host = host_of(host)?;
    let address = format!("{local}@{host}");
    if address.len() > EMAIL_BYTES_MAX {
        return None;
    }
    let domain = registrable(&host).to_owned();
    let kind = kind_of(&host, &domain);
    Some(Email { typed: bare(text).to_owned(), mailbox: mailbox(local, &host), address, domain, kind })
}

/// The address without what surrounds it when it is copied from elsewhere.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let scheme = text.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    let text = scheme.and_then(|scheme| text.strip_prefix(scheme)).unwrap_or(text);
    let text = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(text);
    text.trim_end_matches(['.', ',', ';']).trim()
}

/// What kind of mailbox addresses at a registrable domain are.
#[must_use]
pub fn email_kind(domain: &str) -> EmailKind {
    kind_of(domain, domain)
}

fn kind_of(host: &str, domain: &str) -> EmailKind {
    // A host below a listed one is looked up as well: some services hand out subdomains.
    let is_either_listed = |table| is_listed(table, host) || (host != domain && is_listed(table, domain));
    if is_either_listed(DISPOSABLE) {
        EmailKind::Disposable
    } else if is_either_listed(FREE) {
        EmailKind::Free
    } else {
        EmailKind::Business
    }
}

fn mailbox(local: &str, host: &str) -> String {
    if !PLUS_TAGS.contains(&host) {
        return format!("{local}@{host}");
    }
    let untagged = local.split('+').next().filter(|name| !name.is_empty()).unwrap_or(local);
    if host == "gmail.com" || host == "googlemail.com" {
        let dotless = untagged.replace('.', "");
        return format!("{dotless}@gmail.com");
    }
    format!("{untagged}@{host}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::table_lines;

    #[test]
    fn addresses_that_can_exist_are_read() {
        for (text, address) in [
            ("Ann@Example.COM", "ann@example.com"),
            ("mailto:ann@example.com", "ann@example.com"),
            ("<ann@example.com>", "ann@example.com"),
            ("ann@example.com.", "ann@example.com"),
            ("o'neil+x@sub.example.co.uk", "o'neil+x@sub.example.co.uk"),
            ("\"ann lee\"@example.com", "\"ann lee\"@example.com"),
            ("jörg@müller.de", "jörg@xn--mller-kva.de"),
        ] {
            assert_eq!(email(text).map(|email| email.address).as_deref(), Some(address), "{text}");
        }
    }

    #[test]
    fn addresses_that_cannot_exist_are_refused() {
        for text in [
            "",
            "@",
            "ann",
            "ann@",
            "@example.com",
            "ann@localhost",
            "ann@@example.com",
            "ann lee@example.com",
            "ann@exam ple.com",
            "ann@-example.com",
            "ann@example..com",
            "ann@example.c",
            "ann@127.0.0.1",
            "ann@[127.0.0.1]",
            "ann@example.com/x",
            "ann@example.com:25",
            "a@b@example.com",
            ".ann@example.com",
            "ann.@example.com",
            "a..b@example.com",
            "Ann <ann@example.com>",
            "ann@example.com,bob@example.com",
        ] {
            assert!(email(text).is_none(), "{text}");
        }
    }

    #[test]
    fn length_is_limited_to_254_bytes_and_the_local_part_to_64() {
        let host = format!("{}.{}.{}.com", "a".repeat(61), "b".repeat(61), "c".repeat(61));
        let local = "l".repeat(254 - host.len() - 1);
        assert_eq!(email(&format!("{local}@{host}")).map(|email| email.address.len()), Some(254));
        assert!(email(&format!("{local}l@{host}")).is_none());
        assert!(email(&format!("{}@example.com", "l".repeat(65))).is_none());
    }

    #[test]
    fn kinds_come_from_the_lists() {
        for (text, kind) in [
            ("a@gmail.com", EmailKind::Free),
            ("a@web.de", EmailKind::Free),
            ("a@yahoo.co.uk", EmailKind::Free),
            ("a@mailinator.com", EmailKind::Disposable),
            ("a@team.mailinator.com", EmailKind::Disposable),
            ("a@siemens.com", EmailKind::Business),
            ("a@gmail.com.evil.example", EmailKind::Business),
        ] {
            assert_eq!(email(text).map(|email| email.kind), Some(kind), "{text}");
        }
    }

    #[test]
    fn mailboxes_ignore_tags_only_where_the_service_does() {
        for (text, mailbox) in [
            ("A.n.n+x@googlemail.com", "ann@gmail.com"),
            ("ann+x@outlook.com", "ann@outlook.com"),
            ("a.nn@outlook.com", "a.nn@outlook.com"),
            ("ann+x@siemens.com", "ann+x@siemens.com"),
            ("+x@gmail.com", "+x@gmail.com"),
        ] {
            assert_eq!(email(text).map(|email| email.mailbox).as_deref(), Some(mailbox), "{text}");
        }
    }

    #[test]
    fn the_debug_form_hides_the_person() {
        let text = format!("{:?}", email("secret.name@example.com").unwrap());
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn both_lists_are_sorted_and_share_no_domain() {
        let lines = |table: &'static str| table_lines(table).collect::<Vec<_>>();
        let (free, disposable) = (lines(FREE), lines(DISPOSABLE));
        assert!(free.is_sorted() && disposable.is_sorted());
        assert!(free.len() > 5_000 && disposable.len() > 10_000, "{} {}", free.len(), disposable.len());
        for domain in &free {
            assert!(is_listed(FREE, domain) && !is_listed(DISPOSABLE, domain), "{domain}");
        }
        for domain in &disposable {
            assert!(is_listed(DISPOSABLE, domain), "{domain}");
        }
        for text in ["", "#", "zzzzzzzz.zz", "gmail.co\n", "mail", "example.com"] {
            assert!(!is_listed(FREE, text), "{text}");
        }
    }
}
