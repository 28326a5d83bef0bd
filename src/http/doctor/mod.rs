//! The doctor: tries everything that a deployment consists of, and says of each thing that is wrong what to change.
//!
//! Nothing is written and no lead is touched. `deep=1` also asks every account shard, every Lookup, and with them whether the ledger
//! holds what the account shards decided.

mod bindings;
mod content;

pub use bindings::heads;

use crate::bindings::world::World;
use crate::http::audit::lines;
use crate::http::respond::{ApiResult, json};
use crate::http::routes::Call;
use lead_router_app::crm::{CallBudget, check_owners, connect};
use lead_router_app::notify::{available, check};
use lead_router_app::ports::crm::{Check, CheckProblem, Crm, CrmLookups, DeliveryResult, SyncCursors, SyncKind};
use lead_router_app::ports::rules::RuleBooks;
use lead_router_app::ports::{Clock, Config, PortResult};
use lead_router_core::crm::CrmKind;
use lead_router_core::crm::snapshot::FRESH_MS;
use lead_router_core::time::{HOUR_MS, Timestamp};
use serde::Serialize;
use serde_json::json;

/// Binding and key of the moment at which the cron ran last.
const CACHE: &str = "CACHE";
const CRON: &str = "cron:last";
/// How long after the last run the cron counts as dead, in milliseconds: it runs every hour.
const CRON_MS_MAX: i64 = 2 * HOUR_MS;

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum DoctorStatus {
    /// It works.
    Ok,
    /// It is not set up, and need not be.
    Off,
    /// It does not work.
    Problem,
}

/// One line of the answer.
#[derive(Debug, Serialize)]
struct DoctorLine {
    /// What it belongs to: `bindings`, `crm` …
    area: &'static str,
    /// What was tried.
    name: String,
    status: DoctorStatus,
    /// Stable code of a problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// What is so, or what to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl DoctorLine {
    fn ok(area: &'static str, name: impl Into<String>) -> Self {
        Self { area, name: name.into(), status: DoctorStatus::Ok, code: None, message: None }
    }

    fn off(area: &'static str, name: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status: DoctorStatus::Off, message: Some(message.into()), ..Self::ok(area, name) }
    }

    fn problem(area: &'static str, name: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        let (code, message) = (Some(code.to_owned()), Some(message.into()));
        Self { area, name: name.into(), status: DoctorStatus::Problem, code, message }
    }

    /// A thing that was tried, and what to do when it did not work.
    fn tried<T>(area: &'static str, name: impl Into<String>, tried: &PortResult<T>, message: &str) -> Self {
        match tried {
            Ok(_) => Self::ok(area, name),
            Err(_) => Self::problem(area, name, "unavailable", message),
        }
    }

    /// A line of a connection check.
    fn of(area: &'static str, check: Check) -> Self {
        match check.problem {
            None => Self::ok(area, check.name),
            Some(CheckProblem { code, message }) => Self::problem(area, check.name, &code, message),
        }
    }

    fn saying(self, message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), ..self }
    }
}

/// `GET /v1/doctor`: one line for each thing, in an order in which the first problem is the one to mend first.
pub async fn answer(call: &Call<'_>) -> ApiResult {
    let is_deep = call.query("deep").as_deref() == Some("1");
    let world = &call.world;
    let mut lines = bindings::check(world).await;
    lines.extend(content::settings(call));
    lines.extend(content::configuration(call).await);
    lines.extend(content::providers(call, is_deep).await);
    lines.extend(crm(world).await.into_iter().map(|check| DoctorLine::of("crm", check)));
    lines.extend(mirror(world).await);
    lines.extend(notifications(world).await.into_iter().map(|check| DoctorLine::of("notifications", check)));
    lines.push(cron(world).await);
    lines.push(dead_letters(world).await);
    if is_deep {
        lines.extend(bindings::chains(world).await);
    }
    let problems = lines.iter().filter(|line| line.status == DoctorStatus::Problem).count();
    let status = if problems == 0 { "ok" } else { "problems" };
    json(200, &json!({"status": status, "problems": problems, "checks": lines}))
}

/// The CRM that is connected.
async fn crm(world: &World) -> Vec<Check> {
    let kind = world.crm();
    if kind == CrmKind::Builtin {
        let read = lines(&world.env, "SELECT '{}' AS line FROM contacts LIMIT 1", &[]).await;
        return vec![tried("built-in CRM: read contacts", &read)];
    }
    match connect(world, kind, CallBudget::CONSUMER) {
        Ok(crm) => {
            let mut checks = crm.check().await;
            // Without a connection nobody can be compared.
            if checks.iter().all(|check| check.problem.is_none())
                && let Ok(config) = world.current().await
            {
                checks.push(check_owners(&crm, kind, &config.index).await);
            }
            checks
        }
        Err(setback) => vec![Check::new(format!("{kind}: settings"), &DeliveryResult::<()>::Err(setback))],
    }
}

/// How far the CRM was read.
async fn mirror(world: &World) -> Option<DoctorLine> {
    let (area, name) = ("crm", "snapshot");
    if world.crm() == CrmKind::Builtin {
        return None;
    }
    let message = "KV does not answer: see its line above";
    let (Ok(config), Ok(whole)) = (world.current().await, world.cursor(SyncKind::Whole).await) else {
        return Some(DoctorLine::problem(area, name, "unavailable", message));
    };
    let Some(heard) = config.crm_heard else {
        let message = "nothing was read yet; changes are read every five minutes, and everything that is there once";
        return Some(DoctorLine::off(area, name, message));
    };
    if world.now().ms_since(heard.until) > FRESH_MS {
        let message = format!(
            "changes are read until {} only, so decisions ask the CRM: see `[triggers] crons`, and the log for              `crm.sync_failed`",
            heard.until
        );
        return Some(DoctorLine::problem(area, name, "mirror_behind", message));
    }
    let before = match whole {
        Some(cursor) => format!("everything before that is being read, {} records so far", cursor.records),
        None => "everything before that was read".to_owned(),
    };
    Some(DoctorLine::ok(area, name).saying(format!("changes are read until {}; {before}", heard.until)))
}

/// The channels by which reps are told: those that rules name, and those whose settings are there.
async fn notifications(world: &World) -> Vec<Check> {
    let read = lines(&world.env, "SELECT '{}' AS line FROM assignments LIMIT 1", &[]).await;
    let mut checks = vec![tried("console inbox", &read)];
    let mut channels = available(world);
    match world.rule_book().await {
        Ok(book) => channels.extend(book.channels().cloned()),
        Err(error) => checks.push(tried("rules", &PortResult::<()>::Err(error))),
    }
    channels.sort_unstable();
    channels.dedup();
    checks.extend(check(world, &channels).await);
    checks
}

fn tried<T>(name: &str, tried: &PortResult<T>) -> Check {
    let problem = tried.as_ref().err().map(|_| CheckProblem {
        code: "unavailable".to_owned(),
        message: "the database does not answer: see its line above".to_owned(),
    });
    Check { name: name.to_owned(), problem }
}

/// Remembers that the cron runs. That this fails shows as a cron that does not run.
pub async fn note_cron(world: &World) {
    let now = world.now().to_string();
    if let Ok(put) = world.env.kv(CACHE).and_then(|cache| Ok(cache.put(CRON, now)?)) {
        let _ = put.execute().await;
    }
}

async fn cron(world: &World) -> DoctorLine {
    let (area, name) = ("work", "hourly cron");
    let last = match world.env.kv(CACHE) {
        Ok(cache) => cache.get(CRON).text().await.ok().flatten(),
        Err(_) => None,
    };
    match last.and_then(|text| text.parse::<Timestamp>().ok()) {
        Some(at) if world.now().ms_since(at) <= CRON_MS_MAX => {
            DoctorLine::ok(area, name).saying(format!("ran at {at}"))
        }
        Some(at) => {
            let message = format!("ran last at {at}: see `[triggers] crons` of the deployment");
            DoctorLine::problem(area, name, "cron_stopped", message)
        }
        None => DoctorLine::off(area, name, "has not run yet; it runs at minute 7 of every hour"),
    }
}

async fn dead_letters(world: &World) -> DoctorLine {
    let (area, name) = ("work", "dead letters");
    match crate::http::dead_letters::count(&world.env).await {
        Ok(0) => DoctorLine::ok(area, name).saying("none"),
        Ok(count) => {
            let message = format!("{count} wait: read `GET /v1/dead-letters`, mend what they name, then redrive them");
            DoctorLine::problem(area, name, "dead_letters", message)
        }
        Err(_) => DoctorLine::problem(area, name, "unavailable", "the database does not answer: see its line above"),
    }
}
