//! One spelling for what people type in many.
//!
//! Nothing here refuses a lead: a text that has no normal form has none, and the caller keeps it as typed.
//! The tables are text files in `data/`, one entry a line, read once on first use.

mod bounds;
mod company;
mod country;
mod date;
mod domain;
mod email;
mod firm;
mod industry;
mod language;
mod linkedin;
mod nearest;
mod number;
mod phone;
mod region;
mod text;
mod title;
mod unicode;

pub use company::company_key;
pub use country::country_code;
pub use date::date_number;
pub use domain::{company_site, domain_of, host_of, is_registered, registrable, website_domain};
pub use email::{Email, EmailKind, email, email_kind};
pub use firm::{FUNDING_STAGES, company_type, funding_rank, funding_stage, growth_percent, naics_code};
pub use industry::industry_code;
pub use language::language_code;
pub use linkedin::{linkedin_company, linkedin_profile};
pub use nearest::nearest;
pub use number::{Amount, amount, dollars, whole_number};
pub use phone::e164;
pub use region::region_name;
use std::collections::{BTreeMap, BTreeSet};
pub use text::{clean, collapse, fold, postal_code};
pub use title::{function_of, is_form_of_address, seniority_of};

/// Whether a table has this line; see [`looked_up`].
pub(super) fn is_listed(table: &'static str, line: &str) -> bool {
    looked_up(table, line).is_some()
}

/// What stands behind `key|` in a table whose lines are sorted by the bytes of their keys, comments first; empty when the
/// key is the whole line. Nothing is read beforehand, so that a process that starts for one lead does not pay for
/// thousands of lines.
pub(super) fn looked_up(table: &'static str, key: &str) -> Option<&'static str> {
    let (mut from, mut to) = (0_usize, table.len());
    while from < to {
        let mut middle = from.midpoint(to);
        while !table.is_char_boundary(middle) {
            middle = middle.saturating_sub(1);
        }
        let start = table.get(..middle).and_then(|before| before.rfind('\n')).map_or(0, |end| end.saturating_add(1));
        let line = table.get(start..).and_then(|rest| rest.split('\n').next()).unwrap_or_default();
        let (found, value) = line.split_once('|').unwrap_or((line, ""));
        match found.cmp(key) {
            std::cmp::Ordering::Equal => return Some(value),
            std::cmp::Ordering::Less => from = start.saturating_add(line.len()).saturating_add(1),
            std::cmp::Ordering::Greater => to = start,
        }
    }
    None
}

/// The lines of a table, without comments and blank lines.
pub(super) fn table_lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The codes of a table with a line `code | name | name …` for each.
fn codes_of(table: &'static str) -> BTreeSet<&'static str> {
    table_lines(table).filter_map(|line| line.split('|').next()).map(str::trim).collect()
}

/// The codes of such a table by code and by every name, folded.
fn codes_by_name(table: &'static str) -> BTreeMap<String, &'static str> {
    let mut codes = BTreeMap::new();
    for line in table_lines(table) {
        let mut parts = line.split('|').map(str::trim);
        let Some(code) = parts.next() else { continue };
        codes.insert(code.to_owned(), code);
        for name in parts {
            codes.insert(text::fold(name), code);
        }
    }
    codes
}
