//! `doctor`: asks a deployment what is wrong with it.

use crate::args::DoctorArgs;
use crate::output::{CommandFailure, Output, counted};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;

/// Longest wait for the answer: every account shard and every vendor may have to be asked.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Largest answer that is read, in bytes.
const BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Runs `doctor`.
///
/// # Errors
/// No token, a deployment that does not answer, or one that does not take the token.
pub fn run(args: &DoctorArgs) -> Result<Output, CommandFailure> {
    let token = match &args.token {
        Some(token) => token.clone(),
        None => std::env::var("LEAD_ROUTER_TOKEN")
            .map_err(|_| CommandFailure::new("no_token", "give the admin token with `--token` or LEAD_ROUTER_TOKEN"))?,
    };
    let config = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false).build();
    let agent: ureq::Agent = config.into();
    let deep = if args.deep { "?deep=1" } else { "" };
    let address = format!("{}/v1/doctor{deep}", args.url.trim_end_matches('/'));
    let answer = agent.get(&address).header("authorization", &format!("Bearer {token}")).call();
    let answer = answer
        .map_err(|error| CommandFailure::new("unreachable", format!("the deployment does not answer: {error}")))?;
    let status = answer.status().as_u16();
    let text = answer.into_body().into_with_config().limit(BYTES_MAX).read_to_string().unwrap_or_default();
    let says: Value = serde_json::from_str(&text).unwrap_or_default();
    let checks = match status {
        200 => says.get("checks").and_then(Value::as_array).cloned(),
        // Settings that are wrong refuse every request, this one too, and say what they are.
        503 if says.pointer("/error/code").and_then(Value::as_str) == Some("misconfigured") => Some(settings(&says)),
        _ => None,
    };
    let Some(checks) = checks else {
        let message = says.pointer("/error/message").and_then(Value::as_str).unwrap_or("no reason given");
        return Err(CommandFailure::new("refused", format!("the deployment answers {status}: {message}")));
    };
    Ok(output(&checks))
}

/// The problems of an answer that says that the settings are wrong, as lines.
fn settings(says: &Value) -> Vec<Value> {
    let problems = says.pointer("/error/problems").and_then(Value::as_array).cloned().unwrap_or_default();
    let line = |problem: &Value| {
        json!({
            "area": "settings",
            "name": problem.get("path"),
            "status": "problem",
            "code": problem.get("code"),
            "message": problem.get("message"),
        })
    };
    problems.iter().map(line).collect()
}

fn output(checks: &[Value]) -> Output {
    let text = |check: &Value, name: &str| check.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_problem = |check: &&Value| text(check, "status") == "problem";
    let problems = checks.iter().filter(is_problem).count();
    let width = checks.iter().map(|check| text(check, "name").chars().count()).max().unwrap_or(0);
    let (mut out, mut area) = (String::new(), String::new());
    for check in checks {
        let of = text(check, "area");
        if of != area {
            let _ = writeln!(out, "{of}");
            area = of;
        }
        let mark = match text(check, "status").as_str() {
            "ok" => '✓',
            "problem" => '✗',
            _ => '–',
        };
        let (name, code, message) = (text(check, "name"), text(check, "code"), text(check, "message"));
        let code = if code.is_empty() { code } else { format!("{code}: ") };
        let line = format!("  {mark} {name:<width$}  {code}{message}");
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let sum = if problems == 0 { "no problems".to_owned() } else { counted(problems, "problem") };
    let _ = writeln!(out, "{sum}");
    let json = json!({"problems": problems, "checks": checks});
    Output { text: out, json, has_findings: problems > 0 }
}
