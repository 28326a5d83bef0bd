//! Leads of the past, as CSV.
//!
//! A column is a field of a lead under any name that a form may use (`email`, `company`, `Job title` …), or
//! - a fact by its path, such as `company.employees` or `account.status`: what enrichment would say;
//! - `signal.NAME`: when that signal happened;
//! - `received_at`: when the lead arrived;
//! - `owner_rep_id`: who owned the account.

use crate::commands::explain::fact_value;
use crate::input::files;
use crate::output::CommandFailure;
use lead_router_core::decision::attempts::AccountOwner;
use lead_router_core::decision::known_facts::{Accounts, known_facts};
use lead_router_core::enrichment::provider::merge::Facted;
use lead_router_core::error::Problem;
use lead_router_core::facts::{Fact, Facts, Field, Signal};
use lead_router_core::id::{ProviderId, RepId};
use lead_router_core::intake::{FieldMap, RawLead};
use lead_router_core::lead::check;
use lead_router_core::time::Timestamp;
use std::path::Path;

/// A lead of the past.
#[derive(Debug, Clone)]
pub struct PastLead {
    /// Line of the file.
    pub line: u64,
    /// When it arrived; `None` when the file does not say.
    pub at: Option<Timestamp>,
    /// What was known.
    pub facts: Facts,
    /// Who owned the account.
    pub owner: Option<AccountOwner>,
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Past {
    /// Leads that could be read, in the order of the file.
    pub leads: Vec<PastLead>,
    /// What is wrong with the others.
    pub problems: Vec<Problem>,
}

/// Rows of a CSV file with a header.
pub struct LeadTable {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows with their lines.
    pub rows: Vec<(u64, Vec<String>)>,
}

/// Reads a CSV file; commas, semicolons and tabs are told apart by the header.
///
/// # Errors
/// `unreadable_file`, or `invalid_input` for a file that is no CSV.
pub fn table(path: &Path) -> Result<LeadTable, CommandFailure> {
    let text = files::text(path)?;
    let header = text.lines().next().unwrap_or_default();
    let count = |delimiter: char| header.matches(delimiter).count();
    let delimiter = [',', ';', '\t'].into_iter().max_by_key(|delimiter| (count(*delimiter), *delimiter == ','));
    let delimiter = u8::try_from(delimiter.unwrap_or(',')).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    let broken = |error: csv::Error| CommandFailure::new("invalid_input", format!("{}: {error}", path.display()));
    let columns = reader.headers().map_err(broken)?.iter().map(|name| name.trim().to_owned()).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.push((line, record.iter().map(|cell| cell.trim().to_owned()).collect()));
    }
    Ok(LeadTable { columns, rows })
}

/// Reads leads of the past. Rows that cannot be read are named and left out.
///
/// # Errors
/// As [`table`].
pub fn read(path: &Path, accounts: &Accounts, fallback_at: Timestamp) -> Result<Past, CommandFailure> {
    let table = table(path)?;
    let mut past = Past::default();
    for (line, cells) in &table.rows {
        match lead(*line, &table.columns, cells, accounts, fallback_at) {
            Ok(lead) => past.leads.push(lead),
            Err(problems) => past
                .problems
                .extend(problems.into_iter().map(|problem| Problem { line: u32::try_from(*line).ok(), ..problem })),
        }
    }
    Ok(past)
}

/// Says what is left out, and refuses a file of which nothing is left.
///
/// # Errors
/// `invalid_input` with the first problems.
pub fn some(past: Past, path: &Path) -> Result<Vec<PastLead>, CommandFailure> {
    let Past { leads, problems } = past;
    if leads.is_empty() {
        let first = problems.into_iter().take(20).collect();
        return Err(CommandFailure {
            problems: first,
            ..CommandFailure::new("invalid_input", format!("{} has no valid lead", path.display()))
        });
    }
    for problem in problems {
        eprintln!("{}: skipped: {problem}", path.display());
    }
    Ok(leads)
}

fn lead(
    line: u64,
    columns: &[String],
    cells: &[String],
    accounts: &Accounts,
    fallback_at: Timestamp,
) -> Result<PastLead, Vec<Problem>> {
    let (mut at, mut owner, mut signals) = (None, None, Vec::new());
    let mut values: Vec<(Field, &str)> = Vec::new();
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut problems = Vec::new();
    for (column, cell) in columns.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
        let mut wrong = |code: &str, why: String| problems.push(Problem::new(column.as_str(), code, why));
        if column == "received_at" {
            match cell.parse::<Timestamp>() {
                Ok(timestamp) => at = Some(timestamp),
                Err(error) => wrong("invalid_time", error.to_string()),
            }
        } else if column == "owner_rep_id" {
            match RepId::new(cell) {
                Ok(rep_id) => owner = Some(AccountOwner { rep_id, source: "csv".to_owned() }),
                Err(error) => wrong("invalid_id", error.to_string()),
            }
        } else if let Some(name) = column.strip_prefix("signal.") {
            match cell.parse::<Timestamp>() {
                Ok(at) => signals.push(Signal { signal: name.to_lowercase(), at }),
                Err(error) => wrong("invalid_time", error.to_string()),
            }
        } else if let Some(field) = Field::from_path(column) {
            values.push((field, cell));
        } else {
            pairs.push((column.clone(), cell.clone()));
        }
    }
    let now = at.unwrap_or(fallback_at);
    let lead = check(RawLead::from_pairs(pairs, &FieldMap::default()), now);
    let given = given(&values, now, &mut problems);
    match lead {
        Ok(lead) if problems.is_empty() => {
            let (mut facts, directory_owner) = known_facts(&lead, given, accounts, now);
            facts.signals.extend(signals);
            facts.signals.sort();
            Ok(PastLead { line, at, facts, owner: owner.or(directory_owner) })
        }
        Ok(_) => Err(problems),
        Err(mut found) => {
            found.extend(problems);
            Err(found)
        }
    }
}

fn given(values: &[(Field, &str)], at: Timestamp, problems: &mut Vec<Problem>) -> Facted {
    let Ok(provider) = ProviderId::new("csv") else { return Vec::new() };
    let mut given = Vec::new();
    for (field, text) in values {
        match fact_value(*field, text) {
            Some(value) => given.push((*field, Fact { value, provider: provider.clone(), at })),
            None => problems.push(Problem::new(field.path(), "wrong_kind", "not a valid value for this fact")),
        }
    }
    given
}
