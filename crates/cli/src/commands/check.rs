//! `check`: everything that is wrong with a rubric, a roster and a directory, at once.

use crate::args::CheckArgs;
use crate::input::{files, references, roster_file};
use crate::output::{CommandFailure, Output, counted, problem_lines};
use lead_router_core::decision::pools;
use lead_router_core::error::Problem;
use lead_router_core::roster::check;
use lead_router_core::rubric;
use lead_router_core::rubric::{Rubric, schema};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// What was found in one file.
struct Checked {
    file: String,
    /// What the file holds, when it can be read.
    holds: Option<String>,
    problems: Vec<Problem>,
}

/// Runs `check`.
///
/// # Errors
/// A file that cannot be opened. What is wrong inside a file is a finding.
pub fn run(args: &CheckArgs) -> Result<Output, CommandFailure> {
    if args.schema {
        let text = schema::schema_text();
        let json = serde_json::from_str(&text).unwrap_or_default();
        return Ok(Output::clean(text, json));
    }
    let (first, rubric) = check_rubric(&args.rubric)?;
    let mut checked = vec![first];
    if let Some(path) = &args.roster {
        checked.push(check_roster(path, rubric.as_ref())?);
    }
    if let Some(path) = &args.accounts {
        let (_, count, problems) = files::accounts(path)?;
        checked.push(Checked { file: name(path), holds: Some(counted(count, "account")), problems });
    }
    let has_findings = checked.iter().any(|file| !file.problems.is_empty());
    let version = rubric.as_ref().map(Rubric::version);
    let files: Vec<Value> = checked
        .iter()
        .map(|checked| json!({"file": checked.file, "holds": checked.holds, "problems": checked.problems}))
        .collect();
    let json = json!({"ok": !has_findings, "rubric_version": version, "files": files});
    Ok(Output { text: text(&checked), json, has_findings })
}

fn check_rubric(path: &Path) -> Result<(Checked, Option<Rubric>), CommandFailure> {
    Ok(match rubric::load(&files::text(path)?) {
        Ok(rubric) => {
            let holds = format!(
                "{} (version {}): {}, {}, {}, {}, {}",
                rubric.name(),
                rubric.version(),
                counted(rubric.criteria().len(), "criterion").replace("criterions", "criteria"),
                counted(rubric.tiers().count(), "tier"),
                counted(rubric.overrides().len(), "override"),
                counted(rubric.territories().len(), "territory").replace("territorys", "territories"),
                counted(rubric.routes().len(), "route"),
            );
            (Checked { file: name(path), holds: Some(holds), problems: Vec::new() }, Some(rubric))
        }
        Err(problems) => (Checked { file: name(path), holds: None, problems }, None),
    })
}

fn check_roster(path: &Path, rubric: Option<&Rubric>) -> Result<Checked, CommandFailure> {
    let read = roster_file::read(&files::text(path)?);
    let roster = read.roster;
    let mut problems = read.unreadable;
    problems.extend(read.unknown_fields);
    problems.extend(check::roster(&roster.teams, &roster.reps));
    problems.extend(pools::shared(&roster.teams));
    problems.extend(rubric.map(|rubric| references::check(rubric, &roster)).unwrap_or_default());
    let holds = format!("{}, {}", counted(roster.teams.len(), "team"), counted(roster.reps.len(), "rep"));
    Ok(Checked { file: name(path), holds: Some(holds), problems })
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

fn text(checked: &[Checked]) -> String {
    let mut text = String::new();
    for Checked { file, holds, problems } in checked {
        let verdict = if problems.is_empty() { "ok".to_owned() } else { counted(problems.len(), "problem") };
        let holds = holds.as_ref().map(|holds| format!(", {holds}")).unwrap_or_default();
        let _ = writeln!(text, "{file}: {verdict}{holds}");
        text.push_str(&problem_lines(problems));
    }
    text
}
