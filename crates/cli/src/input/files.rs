//! From file names to checked input.

use crate::input::roster_file;
use crate::input::roster_file::Roster;
use crate::output::CommandFailure;
use lead_router_core::decision::known_facts::Accounts;
use lead_router_core::directory::{ImportKind, parse};
use lead_router_core::error::Problem;
use lead_router_core::intake::{FieldMap, IntakeError, read};
use lead_router_core::lead::Lead;
use lead_router_core::rubric;
use lead_router_core::rubric::Rubric;
use lead_router_core::time::Timestamp;
use std::io::Read as _;
use std::path::Path;

/// The bytes of a file, or of standard input for `-`.
///
/// # Errors
/// `unreadable_file`.
pub fn bytes(path: &Path) -> Result<Vec<u8>, CommandFailure> {
    let result = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    result.map_err(|error| CommandFailure::new("unreadable_file", format!("cannot read {}: {error}", path.display())))
}

/// The text of a file, without a byte order mark.
///
/// # Errors
/// `unreadable_file`, also for bytes that are not UTF-8.
pub fn text(path: &Path) -> Result<String, CommandFailure> {
    let text = String::from_utf8(bytes(path)?)
        .map_err(|_| CommandFailure::new("unreadable_file", format!("{} is not UTF-8 text", path.display())))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// A rubric without problems.
///
/// # Errors
/// `unreadable_file`, or `invalid_input` with every problem.
pub fn rubric(path: &Path) -> Result<Rubric, CommandFailure> {
    rubric::load(&text(path)?).map_err(|problems| CommandFailure::problems(&path.display().to_string(), problems))
}

/// A roster that can be read; problems in it stop nothing and are told to standard error.
///
/// # Errors
/// `unreadable_file`, or `invalid_input` when entries cannot be read.
pub fn roster(path: &Path) -> Result<Roster, CommandFailure> {
    let read = roster_file::read(&text(path)?);
    if read.unreadable.is_empty() {
        Ok(read.roster)
    } else {
        Err(CommandFailure::problems(&path.display().to_string(), read.unreadable))
    }
}

/// An account directory: the rows that are good, and what is wrong with the others.
///
/// # Errors
/// `unreadable_file`.
pub fn accounts(path: &Path) -> Result<(Accounts, usize, Vec<Problem>), CommandFailure> {
    let import = parse(&bytes(path)?, kind(path));
    let count = import.rows.len();
    Ok((Accounts::new(import.rows), count, import.problems))
}

/// How a table is written, by the ending of its name: NDJSON, otherwise CSV.
pub fn kind(path: &Path) -> ImportKind {
    let is_ndjson = path.extension().is_some_and(|ending| ending == "ndjson" || ending == "jsonl");
    if is_ndjson { ImportKind::Ndjson } else { ImportKind::Csv }
}

/// The directory when a file is given, else an empty one. Bad rows are left out and told to standard error.
///
/// # Errors
/// `unreadable_file`.
pub fn accounts_or_none(path: Option<&Path>) -> Result<Accounts, CommandFailure> {
    let Some(path) = path else { return Ok(Accounts::default()) };
    let (accounts, _, problems) = accounts(path)?;
    for problem in problems {
        eprintln!("{}: skipped: {problem}", path.display());
    }
    Ok(accounts)
}

/// A lead as a sender would post it.
///
/// # Errors
/// `unreadable_file`, or `invalid_input` with every wrong field.
pub fn lead(path: &Path, received_at: Timestamp) -> Result<Lead, CommandFailure> {
    let bytes = bytes(path)?;
    read(Some("application/json"), &bytes, &FieldMap::default(), received_at).map_err(|error| match error {
        IntakeError::Invalid(problems) => CommandFailure::problems(&path.display().to_string(), problems),
        other => CommandFailure::new("invalid_input", format!("{}: {other}", path.display())),
    })
}
