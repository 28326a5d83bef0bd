//! `replay` and `verify`: a record decides again, and the chain of records is whole.

use crate::args::{ReplayArgs, VerifyArgs};
use crate::files;
use crate::output::{Failure, Output, counted};
use crate::roster_file::{self, Roster};
use lead_router::domain::route::decision::Record;
use lead_router::domain::route::replay::{self, Difference, Replayed};
use lead_router::domain::rubric::{self, Rubric};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// Runs `replay`.
///
/// # Errors
/// Files that cannot be read, and a rubric that is not the one of the record.
pub fn run(args: &ReplayArgs) -> Result<Output, Failure> {
    let file = args.record.display().to_string();
    let value: Value = serde_json::from_str(&files::text(&args.record)?)
        .map_err(|error| Failure::new("invalid_input", format!("{file} is not JSON: {error}")))?;
    let record = value.get("record").unwrap_or(&value);
    let record: Record = serde::Deserialize::deserialize(record)
        .map_err(|error| Failure::new("invalid_input", format!("{file} holds no record: {error}")))?;
    let rubric = match &args.rubric {
        Some(path) => files::rubric(path)?,
        None => bundled_rubric(&value, &file)?,
    };
    let roster = match &args.roster {
        Some(path) => files::roster(path)?,
        None => bundled_roster(&value, &file)?,
    };
    let replayed = replay::replay(&record, &rubric, &roster.teams, &roster.reps)
        .map_err(|error| Failure::new(error.code(), error.to_string()))?;
    Ok(output(&replayed))
}

fn bundled<'a>(value: &'a Value, part: &str, file: &str) -> Result<&'a Value, Failure> {
    let missing = || Failure::new("missing_input", format!("{file} brings no {part}: give one with --{part}"));
    value.get(part).ok_or_else(missing)
}

fn bundled_rubric(value: &Value, file: &str) -> Result<Rubric, Failure> {
    rubric::load(&bundled(value, "rubric", file)?.to_string()).map_err(|problems| Failure::problems(file, problems))
}

fn bundled_roster(value: &Value, file: &str) -> Result<Roster, Failure> {
    let read = roster_file::read(&bundled(value, "roster", file)?.to_string());
    if read.unreadable.is_empty() { Ok(read.roster) } else { Err(Failure::problems(file, read.unreadable)) }
}

fn output(replayed: &Replayed) -> Output {
    let Replayed { decision, differences, .. } = replayed;
    let text = match differences.split_first() {
        None => format!("same: decision {} comes out byte for byte\n", decision.decision_id),
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
/// A file that cannot be read, or without a record.
pub fn verify(args: &VerifyArgs) -> Result<Output, Failure> {
    let text = files::text(&args.records)?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() {
        return Err(Failure::new("missing_input", format!("{} holds no record", name(&args.records))));
    }
    Ok(match replay::verify(lines) {
        Ok(chain) => {
            let mut text = format!("whole: {}", counted(chain.records, "record"));
            if chain.starts_after.is_empty() {
                let _ = writeln!(text, " from the first of the Desk");
            } else {
                let _ = writeln!(text, " after {}", chain.starts_after);
            }
            let _ = writeln!(text, "head {}", chain.head);
            Output::clean(text, json!({"whole": true, "chain": chain}))
        }
        Err(error) => Output {
            text: format!("broken: {error}\n"),
            json: json!({"whole": false, "code": error.code(), "message": error.to_string()}),
            has_findings: true,
        },
    })
}

fn name(path: &Path) -> String {
    path.display().to_string()
}
