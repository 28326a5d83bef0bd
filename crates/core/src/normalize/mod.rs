//! One spelling for what people type in many.
//!
//! Nothing here refuses a lead: a text that has no normal form has none, and the caller keeps it as typed.
//! The tables are text files in `data/`, one entry a line, read once on first use.

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
mod punycode;
mod text;
mod title;

pub use company::company_key;
pub use country::country_code;
pub use date::date_number;
pub use domain::{domain_of, host_of, is_registered, registrable, website_domain};
pub use email::{Email, EmailKind, email, email_kind};
pub use firm::{FUNDING_STAGES, company_type, funding_rank, funding_stage, growth_percent, naics_code};
pub use industry::industry_code;
pub use language::language_code;
pub use linkedin::{linkedin_company, linkedin_profile};
pub use nearest::nearest;
pub use number::{Amount, amount, dollars, whole_number};
pub use phone::e164;
pub use text::{clean, collapse, fold, postal_code};
pub use title::{function_of, seniority_of};

/// The lines of a table, without comments and blank lines.
pub(super) fn table_lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}
