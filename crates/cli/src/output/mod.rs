//! What a command prints, and its exit code.

pub mod progress;
pub mod svg;
pub mod table;
pub mod tree;

use lead_router_core::error::Problem;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;

/// Exit code for findings.
const FINDINGS: u8 = 1;
/// Exit code for input that cannot be read.
const BAD_INPUT: u8 = 2;

/// What a command found.
#[derive(Debug)]
pub struct Output {
    /// For people.
    pub text: String,
    /// For programs.
    pub json: Value,
    /// Whether something was found that has to be looked at.
    pub has_findings: bool,
}

impl Output {
    /// A result without findings.
    pub const fn clean(text: String, json: Value) -> Self {
        Self { text, json, has_findings: false }
    }
}

/// Input that cannot be worked with.
#[derive(Debug)]
pub struct CommandFailure {
    /// Stable code.
    pub code: &'static str,
    /// What to change.
    pub message: String,
    /// Every problem, when the input is a file with several.
    pub problems: Vec<Problem>,
}

impl CommandFailure {
    /// A failure with one message.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), problems: Vec::new() }
    }

    /// A file with problems.
    pub fn problems(file: &str, problems: Vec<Problem>) -> Self {
        let message = format!("{file} has {}", counted(problems.len(), "problem"));
        Self { code: "invalid_input", message, problems }
    }
}

/// `1 problem`, `2 problems`.
pub fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Problems one a line.
pub fn problem_lines(problems: &[Problem]) -> String {
    problems.iter().fold(String::new(), |mut text, problem| {
        let _ = writeln!(text, "  {problem}");
        text
    })
}

/// Prints a result and returns the exit code.
pub fn print(result: &Result<Output, CommandFailure>, as_json: bool) -> u8 {
    match result {
        Ok(output) => {
            let text = if as_json { pretty(&output.json) } else { output.text.clone() };
            // A reader that went away (`| head`) has seen what it wanted.
            let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
            if output.has_findings { FINDINGS } else { 0 }
        }
        Err(failure) => {
            if as_json {
                let CommandFailure { code, message, problems } = failure;
                let error = json!({"error": {"code": code, "message": message, "problems": problems}});
                let _ = writeln!(std::io::stdout(), "{}", pretty(&error));
            } else {
                let _ = writeln!(std::io::stderr(), "error: {}", failure.message);
                let _ = write!(std::io::stderr(), "{}", problem_lines(&failure.problems));
            }
            BAD_INPUT
        }
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
