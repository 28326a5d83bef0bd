//! `lint`: what can be proved unwise about a rubric, and about how it fits a roster.

use crate::args::LintArgs;
use crate::input::files;
use crate::output::{CommandFailure, Output, counted};
use lead_router_core::facts::FactValue;
use lead_router_core::roster::model::Pool;
use lead_router_core::rubric::lint::{LintFinding, Severity, Witness, lint};
use serde_json::json;
use std::fmt::Write as _;

/// Runs `lint`. Notes alone are no finding.
///
/// # Errors
/// Files that cannot be read, or that `check` refuses.
pub fn run(args: &LintArgs) -> Result<Output, CommandFailure> {
    let rubric = files::rubric(&args.rubric)?;
    let roster = args.roster.as_deref().map(files::roster).transpose()?;
    let pool = roster.map(|roster| Pool {
        teams: roster.teams.into_iter().map(|team| (team.id.clone(), team)).collect(),
        reps: roster.reps.into_iter().map(|rep| (rep.id.clone(), rep)).collect(),
        ..Pool::default()
    });
    let findings = lint(&rubric, pool.as_ref());
    let has_findings = findings.iter().any(|finding| finding.severity < Severity::Note);
    let json = json!({"ok": !has_findings, "rubric_version": rubric.version(), "findings": findings});
    Ok(Output { text: text(&findings), json, has_findings })
}

fn text(findings: &[LintFinding]) -> String {
    if findings.is_empty() {
        return "no findings\n".to_owned();
    }
    let mut text = String::new();
    for finding in findings {
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let LintFinding { code, path, message, witness, .. } = finding;
        let _ = writeln!(text, "{severity} {path}: {message} ({code})");
        if let Some(witness) = witness {
            let _ = writeln!(text, "    for example {}", example(witness));
        }
    }
    let _ = writeln!(text, "{}", counted(findings.len(), "finding"));
    text
}

fn example(witness: &Witness) -> String {
    if witness.is_empty() {
        return "a lead with no known facts".to_owned();
    }
    let value = |value: &FactValue| serde_json::to_string(value).unwrap_or_default();
    let facts: Vec<String> = witness.iter().map(|(path, fact)| format!("{path} = {}", value(fact))).collect();
    facts.join(", ")
}
