//! `send`: leads of a file to a deployment, in batches, each row once however often it is sent.

mod file;
mod wire;

use crate::args::SendArgs;
use crate::input::files;
use crate::output::{CommandFailure, Output, counted, progress};
use file::SentTable;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;
use wire::{Receiver, SendResult};

/// Most refused rows that are shown as text; `--json` has all.
const SHOWN_MAX: usize = 20;

/// What became of the rows so far.
#[derive(Default)]
struct SendTotals {
    accepted: usize,
    duplicates: usize,
    refused: Vec<(usize, Value)>,
}

/// Runs `send`.
///
/// # Errors
/// A file that cannot be read, a key that is refused, or a deployment that does not answer any more; the message says
/// how to go on. Rows that were sent before are kept, and refused ones are in the file of failures by then.
pub fn run(args: &SendArgs) -> Result<Output, CommandFailure> {
    let key = match &args.key {
        Some(key) => key.clone(),
        None => std::env::var("LEAD_ROUTER_KEY")
            .map_err(|_| CommandFailure::new("no_key", "give the intake key with `--key` or LEAD_ROUTER_KEY"))?,
    };
    let table = SentTable::read(&files::bytes(&args.leads)?, files::kind(&args.leads))?;
    let receiver = Receiver::new(&args.url, &key, args.form.as_deref());
    let bar = progress::bar(table.len(), "sending");
    let mut sums = SendTotals::default();
    let mut next = args.from_row.max(1);
    let mut broken = None;
    while next <= table.len() {
        let until = next.saturating_add(args.rows).min(table.len().saturating_add(1));
        let rows: Vec<(usize, String)> = (next..until).map(|row| (row, table.as_json(row))).collect();
        match receiver.send(rows, &mut |told| sums.add(told, &bar)) {
            Ok(()) => next = until,
            Err(failure) => {
                broken = Some(failure);
                break;
            }
        }
    }
    bar.finish_and_clear();
    let failed = write_failed(args, &table, &sums)?;
    match broken {
        None => Ok(output(&sums, failed)),
        Some(failure) => {
            let message = format!(
                "{}; {} so far. Continue with `--from-row {next}`: rows that arrived are not taken twice",
                failure.message,
                said(&sums)
            );
            Err(CommandFailure { message, ..failure })
        }
    }
}

impl SendTotals {
    fn add(&mut self, told: SendResult, bar: &indicatif::ProgressBar) {
        match told {
            SendResult::Accepted => self.accepted = self.accepted.saturating_add(1),
            SendResult::Duplicate => self.duplicates = self.duplicates.saturating_add(1),
            SendResult::Refused { row, error } => self.refused.push((row, error)),
        }
        bar.inc(1);
    }
}

fn said(sums: &SendTotals) -> String {
    let (accepted, refused) = (counted(sums.accepted, "row"), sums.refused.len());
    match sums.duplicates {
        0 => format!("{accepted} accepted, {refused} refused"),
        duplicates => format!("{accepted} accepted, {duplicates} already there, {refused} refused"),
    }
}

/// Writes the refused rows as they were, to be corrected and sent again. Nothing is written when there are none.
fn write_failed(args: &SendArgs, table: &SentTable, sums: &SendTotals) -> Result<Option<PathBuf>, CommandFailure> {
    if sums.refused.is_empty() {
        return Ok(None);
    }
    let path = args.failed.clone().unwrap_or_else(|| {
        let ending = args.leads.extension().map_or_else(|| "csv".to_owned(), |it| it.to_string_lossy().into_owned());
        args.leads.with_extension(format!("failed.{ending}"))
    });
    let rows = sums.refused.iter().map(|(row, _)| *row);
    std::fs::write(&path, table.as_written(rows))
        .map_err(|error| CommandFailure::new("unwritable_file", format!("cannot write {}: {error}", path.display())))?;
    Ok(Some(path))
}

fn output(sums: &SendTotals, failed: Option<PathBuf>) -> Output {
    let mut text = format!("{}\n", said(sums));
    for (row, error) in sums.refused.iter().take(SHOWN_MAX) {
        let _ = writeln!(text, "  row {row}: {}", shown(error));
    }
    if sums.refused.len() > SHOWN_MAX {
        let _ = writeln!(text, "  and {} more", sums.refused.len().saturating_sub(SHOWN_MAX));
    }
    if let Some(path) = &failed {
        let _ = writeln!(text, "refused rows are in {}: correct them there and send that file", path.display());
    }
    let refused: Vec<Value> = sums.refused.iter().map(|(row, error)| json!({"row": row, "error": error})).collect();
    let json = json!({
        "accepted": sums.accepted,
        "duplicates": sums.duplicates,
        "refused": refused,
        "failed_file": failed,
    });
    Output { text, json, has_findings: !sums.refused.is_empty() }
}

/// What is wrong with a row, in one line.
fn shown(error: &Value) -> String {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let problems = error.get("problems").and_then(Value::as_array).cloned().unwrap_or_default();
    if problems.is_empty() {
        return text(error, "message");
    }
    let line = |problem: &Value| format!("{}: {}", text(problem, "path"), text(problem, "message"));
    problems.iter().map(line).collect::<Vec<_>>().join("; ")
}
