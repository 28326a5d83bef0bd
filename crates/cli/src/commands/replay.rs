//! `replay` and `verify`: a record decides again, and the chain of records is whole.

use crate::args::{ReplayArgs, VerifyArgs};
use crate::input::roster_file::Roster;
use crate::input::{files, roster_file};
use crate::output::{CommandFailure, Output, counted};
use lead_router_core::audit::chain;
use lead_router_core::audit::chain::VerificationFinding;
use lead_router_core::decision::record::Record;
use lead_router_core::decision::replay;
use lead_router_core::decision::replay::{Difference, Replayed};
use lead_router_core::rubric;
use lead_router_core::rubric::Rubric;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Runs `replay`.
///
/// # Errors
/// Files that cannot be read, and a rubric that is not the one of the record.
pub fn run(args: &ReplayArgs) -> Result<Output, CommandFailure> {
    let file = args.record.display().to_string();
    let value: Value = serde_json::from_str(&files::text(&args.record)?)
        .map_err(|error| CommandFailure::new("invalid_input", format!("{file} is not JSON: {error}")))?;
    let record = value.get("record").unwrap_or(&value);
    let record: Record = serde::Deserialize::deserialize(record)
        .map_err(|error| CommandFailure::new("invalid_input", format!("{file} is not a record: {error}")))?;
    let rubric = match &args.rubric {
        Some(path) => files::rubric(path)?,
        None => bundled_rubric(&value, &file)?,
    };
    let roster = match &args.roster {
        Some(path) => files::roster(path)?,
        None => bundled_roster(&value, &file)?,
    };
    let replayed = replay::replay(&record, &rubric, &roster.teams, &roster.reps)
        .map_err(|error| CommandFailure::new(error.code(), error.to_string()))?;
    Ok(output(&replayed))
}

fn bundled<'a>(value: &'a Value, part: &str, file: &str) -> Result<&'a Value, CommandFailure> {
    let missing = || CommandFailure::new("missing_input", format!("{file} has no {part}: give one with --{part}"));
    value.get(part).ok_or_else(missing)
}

fn bundled_rubric(value: &Value, file: &str) -> Result<Rubric, CommandFailure> {
    rubric::load(&bundled(value, "rubric", file)?.to_string())
        .map_err(|problems| CommandFailure::problems(file, problems))
}

fn bundled_roster(value: &Value, file: &str) -> Result<Roster, CommandFailure> {
    let read = roster_file::read(&bundled(value, "roster", file)?.to_string());
    if read.unreadable.is_empty() { Ok(read.roster) } else { Err(CommandFailure::problems(file, read.unreadable)) }
}

fn output(replayed: &Replayed) -> Output {
    let Replayed { decision, differences, .. } = replayed;
    let text = match differences.split_first() {
        None => format!("same: decision {} is reproduced byte for byte\n", decision.decision_id),
        Some((first, rest)) => {
            let mut text = format!("different: decision {}\n{}", decision.decision_id, line(first));
            for difference in rest {
                text.push_str(&line(difference));
            }
            text
        }
    };
    let json = json!({"same": differences.is_empty(), "decision_id": decision.decision_id, "differences": differences});
    Output { text, json, has_findings: !differences.is_empty() }
}

fn line(difference: &Difference) -> String {
    let show = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
    let Difference { path, recorded, replayed } = difference;
    format!("  {path}\n    recorded {}\n    replayed {}\n", show(recorded), show(replayed))
}

/// Runs `verify`.
///
/// # Errors
/// A file that cannot be read, or holds nothing.
pub fn verify(args: &VerifyArgs) -> Result<Output, CommandFailure> {
    let text = files::text(&args.records)?;
    let report = chain::check(text.lines());
    if report.records == 0 && report.is_whole() {
        return Err(CommandFailure::new("missing_input", format!("{} has no records", args.records.display())));
    }
    let mut text = String::new();
    if report.is_whole() {
        let _ = write!(text, "whole: {}", counted(report.records, "record"));
        match report.chains.get("").filter(|_| report.chains.len() == 1) {
            None => {
                let _ = writeln!(text, " of {}", counted(report.chains.len(), "account shard"));
            }
            Some(chain) if chain.starts_after.is_empty() => text.push_str(" from the first of the account shard\n"),
            Some(chain) => {
                let _ = writeln!(text, " after {}", chain.starts_after);
            }
        }
    }
    for finding in &report.findings {
        let _ = writeln!(text, "broken: {finding}");
    }
    let unlisted = report.findings_count.saturating_sub(report.findings.len());
    if unlisted > 0 {
        let _ = writeln!(text, "and {unlisted} more");
    }
    if report.erased > 0 {
        let _ = writeln!(text, "erased: {}, verified by hash only", counted(report.erased, "record"));
    }
    if report.without_content > 0 {
        let records = counted(report.without_content, "record");
        let _ = writeln!(text, "not checked: the content of {records}; export with `record=1` to check it");
    }
    for (shard, chain) in &report.chains {
        let name = if shard.is_empty() { "head" } else { shard };
        let _ = match chain.last_seq {
            Some(seq) => writeln!(text, "{name} {} at {seq}", chain.head),
            None => writeln!(text, "{name} {}", chain.head),
        };
    }
    let first = report.findings.first();
    let json = json!({
        "whole": report.is_whole(),
        "code": first.map(VerificationFinding::code),
        "message": first.map(ToString::to_string),
        "report": report,
    });
    Ok(Output { text, json, has_findings: !report.is_whole() })
}
