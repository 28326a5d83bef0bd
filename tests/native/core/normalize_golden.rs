//! What people type and the one spelling that it gets: the data files of `tests/golden/normalize`.
//!
//! A line holds parts between ` | `; `-` stands for "no normal form", `\u{…}` for a character that cannot be seen.

use lead_router_core::normalize::{
    EmailKind, amount, company_key, country_code, domain_of, email, function_of, seniority_of, website_domain,
};

/// The parts of every line that is neither blank nor a comment.
pub fn rows<const PARTS: usize>(table: &'static str) -> impl Iterator<Item = [String; PARTS]> {
    let lines = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| {
        let parts: Vec<String> = line.split('|').map(|part| unescape(part.trim())).collect();
        parts.try_into().unwrap_or_else(|_| panic!("not {PARTS} parts: {line}"))
    })
}

/// The text with every `\u{…}` as the character that it names.
fn unescape(text: &str) -> String {
    let mut parts = text.split("\\u{");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('}').expect(text);
        plain.push(u32::from_str_radix(code, 16).ok().and_then(char::from_u32).expect(code));
        plain.push_str(rest);
    }
    plain
}

fn shown(text: Option<impl Into<String>>) -> String {
    text.map_or_else(|| "-".to_owned(), Into::into)
}

/// Compares every line of a table and names all that differ at once.
fn check(table: &'static str, read: impl Fn(&str) -> String) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for [typed, expected] in rows::<2>(table) {
        count += 1;
        let found = read(&typed);
        if found != expected {
            wrong.push(format!("{typed:?}: expected {expected}, found {found}"));
        }
    }
    assert!(count > 0);
    assert!(wrong.is_empty(), "{} of {count}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn amounts() {
    check(include_str!("../../golden/normalize/amounts.txt"), |typed| match amount(typed) {
        None => "-".to_owned(),
        Some(amount) if amount.high == Some(amount.low) => amount.low.to_string(),
        Some(amount) => format!("{}..{}", amount.low, amount.high.map(|high| high.to_string()).unwrap_or_default()),
    });
}

#[test]
fn addresses() {
    check(include_str!("../../golden/normalize/addresses.txt"), |typed| {
        email(typed).map_or_else(|| "-".to_owned(), |email| format!("{} {}", email.mailbox, email.kind.as_str()))
    });
}

#[test]
fn domains() {
    check(include_str!("../../golden/normalize/domains.txt"), |typed| shown(domain_of(typed)));
}

#[test]
fn websites() {
    check(include_str!("../../golden/normalize/websites.txt"), |typed| shown(website_domain(typed)));
}

#[test]
fn companies() {
    check(include_str!("../../golden/normalize/companies.txt"), |typed| shown(company_key(typed)));
}

#[test]
fn countries() {
    check(include_str!("../../golden/normalize/countries.txt"), |typed| shown(country_code(typed)));
}

#[test]
fn titles() {
    check(include_str!("../../golden/normalize/titles.txt"), |typed| {
        format!("{} {}", shown(seniority_of(typed)), shown(function_of(typed)))
    });
}

#[test]
fn mail_services_are_no_companies() {
    for [domain, kind] in rows::<2>(include_str!("../../golden/normalize/mail_services.txt")) {
        let found = email(&format!("ann@{domain}")).map_or(EmailKind::Business, |email| email.kind);
        assert_eq!(found.as_str(), kind, "{domain}");
    }
}
