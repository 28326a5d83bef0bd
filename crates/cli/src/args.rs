//! Commands and their options.

use clap::{Args, Parser, Subcommand};
use lead_router_core::id::RepId;
use lead_router_core::limits::BATCH_ROWS_MAX;
use lead_router_core::roster::model::Strategy;
use lead_router_core::time::Timestamp;
use std::path::PathBuf;

/// Route leads: check, explain, simulate and replay decisions locally. Only `send` and `doctor` use the network.
#[derive(Debug, Parser)]
#[command(name = "lead-router", version, max_term_width = 100)]
pub struct Cli {
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Validate a rubric, a roster and an account directory.
    Check(CheckArgs),
    /// Find mistakes in a valid rubric, each with an example lead: unreachable tiers, shadowed rules, empty teams.
    Lint(LintArgs),
    /// Show how one lead would be decided, with every reason. Nothing is written.
    Explain(ExplainArgs),
    /// Simulate days of arriving leads: load and share of every rep, response times, SLAs met.
    Simulate(SimulateArgs),
    /// Compare two rubrics on past leads: which tiers and teams change, and the load of every rep.
    Backtest(BacktestArgs),
    /// Learn points from won and lost leads, and print a proposed rubric.
    Fit(FitArgs),
    /// Decide a recorded lead again and compare the result byte for byte.
    Replay(ReplayArgs),
    /// Verify the hash chain of exported records.
    Verify(VerifyArgs),
    /// Send leads from a file to a deployment. Safe to repeat: a row is never taken twice.
    Send(SendArgs),
    /// Check a deployment: bindings, settings, roster, providers, CRM, backlog.
    Doctor(DoctorArgs),
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The rubric.
    #[arg(default_value = "rubric.json")]
    pub rubric: PathBuf,
    /// Teams and reps: `{"teams": […], "reps": […]}`.
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
    /// Account directory, as CSV or NDJSON.
    #[arg(long, value_name = "FILE")]
    pub accounts: Option<PathBuf>,
    /// Print the JSON Schema of the rubric and check nothing.
    #[arg(long)]
    pub schema: bool,
}

/// Arguments of `lint`.
#[derive(Debug, Args)]
pub struct LintArgs {
    /// The rubric.
    #[arg(default_value = "rubric.json")]
    pub rubric: PathBuf,
    /// Teams and reps: `{"teams": […], "reps": […]}`. Without it, only the rubric is checked.
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The lead, as the JSON body of `POST /v1/leads`; `-` reads standard input.
    pub lead: PathBuf,
    /// The rubric.
    #[arg(long, value_name = "FILE", default_value = "rubric.json")]
    pub rubric: PathBuf,
    /// Teams and reps. Without it, the decision stops at the team.
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
    /// Account directory, as CSV or NDJSON.
    #[arg(long, value_name = "FILE")]
    pub accounts: Option<PathBuf>,
    /// Time of the decision, such as `2026-11-20T16:55:00Z` [default: now].
    #[arg(long, value_name = "TIME")]
    pub at: Option<Timestamp>,
    /// Override a fact: `company.employees=5000`,
    /// `lead.fields.budget=10k`, `signal.demo_request=2026-11-20T16:00:00Z`. May be repeated.
    #[arg(long, value_name = "FACT=VALUE")]
    pub set: Vec<String>,
    /// The rep who owns the account in the CRM.
    #[arg(long, value_name = "REP", value_parser = RepId::new)]
    pub owner: Option<RepId>,
    /// The rep who has an earlier lead of the same person.
    #[arg(long, value_name = "REP", value_parser = RepId::new)]
    pub same_person: Option<RepId>,
    /// A rep who already had this lead. May be repeated.
    #[arg(long, value_name = "REP", value_parser = RepId::new)]
    pub exclude: Vec<RepId>,
}

/// Arguments of `simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// The rubric.
    #[arg(long, value_name = "FILE", default_value = "rubric.json")]
    pub rubric: PathBuf,
    /// Teams and reps.
    #[arg(long, value_name = "FILE")]
    pub roster: PathBuf,
    /// Leads to draw from, as CSV, or `generated`.
    #[arg(long, value_name = "FILE", default_value = "generated")]
    pub leads: PathBuf,
    /// Account directory for the leads of the CSV.
    #[arg(long, value_name = "FILE")]
    pub accounts: Option<PathBuf>,
    /// First day [default: next Monday].
    #[arg(long, value_name = "TIME")]
    pub start: Option<Timestamp>,
    /// Number of days.
    #[arg(long, default_value_t = 28, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub days: u32,
    /// Average number of leads a day.
    #[arg(long, default_value_t = 50.0, value_parser = per_day)]
    pub per_day: f64,
    /// Random seed: the same seed gives the same leads and response times.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Also run every team with this strategy, on the same leads, and compare.
    #[arg(long, value_name = "STRATEGY", value_parser = strategy)]
    pub compare: Option<Strategy>,
    /// Write charts to this file.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

/// Arguments of `backtest`.
#[derive(Debug, Args)]
pub struct BacktestArgs {
    /// The rubric in force.
    pub old: PathBuf,
    /// The draft.
    pub new: PathBuf,
    /// Past leads, as CSV.
    pub leads: PathBuf,
    /// Teams and reps, to compare load and SLAs.
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
    /// Account directory.
    #[arg(long, value_name = "FILE")]
    pub accounts: Option<PathBuf>,
    /// Number of changed leads to list; `--json` lists all.
    #[arg(long, default_value_t = 20)]
    pub list: usize,
    /// Random seed for response times, and for arrival times that the file lacks.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Arguments of `fit`.
#[derive(Debug, Args)]
pub struct FitArgs {
    /// Leads with outcomes, as CSV.
    pub leads: PathBuf,
    /// Column with the outcome.
    #[arg(long, value_name = "COLUMN")]
    pub outcome: String,
    /// Values that mean won [default: won, true, yes, 1]. Rows with an empty outcome are still open and are
    /// skipped.
    #[arg(long, value_name = "VALUE", value_delimiter = ',')]
    pub won_when: Vec<String>,
    /// Fit the criteria of this rubric instead of the columns of the file.
    #[arg(long, value_name = "FILE")]
    pub rubric: Option<PathBuf>,
    /// Account directory; needs `--rubric`.
    #[arg(long, value_name = "FILE")]
    pub accounts: Option<PathBuf>,
    /// Columns to use [default: all with few enough values]; not with `--rubric`.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// Folds of the cross-validation.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(2..=20))]
    pub folds: u8,
    /// Random seed of the folds.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Do not try pairs of columns.
    #[arg(long)]
    pub no_pairs: bool,
    /// Write the proposed rubric to this file.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

fn per_day(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if (0.0..=1e6).contains(&number) { Ok(number) } else { Err("expected 0 to 1,000,000".to_owned()) }
}

fn strategy(text: &str) -> Result<Strategy, String> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|_| "expected `fair_and_able`, `round_robin`, `weighted`, `least_loaded` or `best_fit`".to_owned())
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The record, the answer of `GET /v1/leads/{id}?record=1`, or a bundle `{"record", "rubric", "roster"}`;
    /// `-` reads standard input.
    pub record: PathBuf,
    /// The rubric that the record names, unless a bundle has it.
    #[arg(long, value_name = "FILE")]
    pub rubric: Option<PathBuf>,
    /// Teams and reps at the time, unless a bundle has them.
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Records of one account shard, oldest first, one a line; or `GET /v1/decisions:export?record=1` as NDJSON, of any
    /// account shards in any order. `-` reads standard input.
    pub records: PathBuf,
}

/// Arguments of `send`.
#[derive(Debug, Args)]
pub struct SendArgs {
    /// The leads: CSV whose header names fields as a form does, or NDJSON (`.ndjson`, `.jsonl`).
    pub leads: PathBuf,
    /// The deployment, such as `https://leads.example.com`.
    #[arg(long)]
    pub url: String,
    /// Intake key. Prefer the environment variable `LEAD_ROUTER_KEY`, which no shell history keeps.
    #[arg(long)]
    pub key: Option<String>,
    /// Apply the settings of this form: field names, required fields, source.
    #[arg(long)]
    pub form: Option<String>,
    /// Rows per request.
    #[arg(long, default_value_t = 500, value_parser = rows)]
    pub rows: usize,
    /// Start at this row, counted from 1 after the header.
    #[arg(long, value_name = "ROW", default_value_t = 1)]
    pub from_row: usize,
    /// Where to write refused rows [default: next to the leads, as `.failed.csv`].
    #[arg(long, value_name = "FILE")]
    pub failed: Option<PathBuf>,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// The deployment, such as `https://leads.example.com`.
    #[arg(long)]
    pub url: String,
    /// Admin token. Prefer the environment variable `LEAD_ROUTER_TOKEN`, which no shell history keeps.
    #[arg(long)]
    pub token: Option<String>,
    /// Also check the circuit breakers of providers, and compare the ledger with every account shard.
    #[arg(long)]
    pub deep: bool,
}

fn rows(text: &str) -> Result<usize, String> {
    let rows: usize = text.parse().map_err(|_| "expected a number".to_owned())?;
    if (1..=BATCH_ROWS_MAX).contains(&rows) { Ok(rows) } else { Err(format!("expected 1 to {BATCH_ROWS_MAX}")) }
}
