//! What can be asked on the command line.

use clap::{Args, Parser, Subcommand};
use lead_router_core::id::RepId;
use lead_router_core::limits::BATCH_ROWS_MAX;
use lead_router_core::roster::model::Strategy;
use lead_router_core::time::Timestamp;
use std::path::PathBuf;

/// Decides who owns a new lead: checks, explains and repeats decisions on this machine. Only `send` and `doctor` speak to another.
#[derive(Debug, Parser)]
#[command(name = "lead-router", version, about, max_term_width = 100)]
pub struct Cli {
    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check a rubric, and the roster and account directory that go with it.
    Check(CheckArgs),
    /// Prove what is unwise about a rubric, with a lead that shows it: unreachable tiers, shadowed rules, empty teams.
    Lint(LintArgs),
    /// Show the whole decision for one lead, as it would be made, with every reason.
    Explain(ExplainArgs),
    /// Let leads arrive at a roster for some days of virtual time: load, shares due and got, promises kept.
    Simulate(SimulateArgs),
    /// Run two rubrics over the leads of the past: tier moves, lead by lead, and the load on every rep.
    Backtest(BacktestArgs),
    /// Weigh criteria by closed outcomes, and print the rubric that the past proposes.
    Fit(FitArgs),
    /// Make the decision of a record again and compare, byte for byte.
    Replay(ReplayArgs),
    /// Check that stored records, or an export of the ledger with them, form unbroken chains.
    Verify(VerifyArgs),
    /// Send the leads of a file to a deployment. Repeating it is safe: every row is one lead.
    Send(SendArgs),
    /// Ask a deployment what is wrong with it: bindings, settings, roster, providers, CRM, what was left undone.
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
    /// Teams and reps: `{"teams": […], "reps": […]}`. Without them, only the rubric itself is looked at.
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The lead: the JSON body that a sender would post; `-` reads standard input.
    pub lead: PathBuf,
    /// The rubric.
    #[arg(long, value_name = "FILE", default_value = "rubric.json")]
    pub rubric: PathBuf,
    /// Teams and reps. Without them the decision ends with the team.
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
    /// Account directory, as CSV or NDJSON.
    #[arg(long, value_name = "FILE")]
    pub accounts: Option<PathBuf>,
    /// The moment of the decision, such as `2026-11-20T16:55:00Z`; now when left out.
    #[arg(long, value_name = "TIME")]
    pub at: Option<Timestamp>,
    /// A fact that counts whatever the lead and the directory say: `company.employees=5000`,
    /// `lead.fields.budget=10k`, `signal.demo_request=2026-11-20T16:00:00Z`. May be repeated.
    #[arg(long, value_name = "FACT=VALUE")]
    pub set: Vec<String>,
    /// The rep who owns the account, as the CRM would say.
    #[arg(long, value_name = "REP", value_parser = RepId::new)]
    pub owner: Option<RepId>,
    /// The rep who has an earlier lead of the person.
    #[arg(long, value_name = "REP", value_parser = RepId::new)]
    pub same_person: Option<RepId>,
    /// A rep who had this lead already. May be repeated.
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
    /// First day; the coming Monday when left out.
    #[arg(long, value_name = "TIME")]
    pub start: Option<Timestamp>,
    /// Days.
    #[arg(long, default_value_t = 28, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub days: u32,
    /// Leads a day, on average over a week.
    #[arg(long, default_value_t = 50.0, value_parser = per_day)]
    pub per_day: f64,
    /// The same seed gives the same leads and the same luck.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Run every team with this strategy too, on the same leads, and show both.
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
    /// Leads of the past, as CSV.
    pub leads: PathBuf,
    /// Teams and reps, for load and promises.
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
    /// Account directory.
    #[arg(long, value_name = "FILE")]
    pub accounts: Option<PathBuf>,
    /// Most moved leads that are listed; `--json` lists all.
    #[arg(long, default_value_t = 20)]
    pub list: usize,
    /// Seed of arrival times, where the file has none, and of luck.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Arguments of `fit`.
#[derive(Debug, Args)]
pub struct FitArgs {
    /// Leads with outcomes, as CSV.
    pub leads: PathBuf,
    /// Column of the outcome.
    #[arg(long, value_name = "COLUMN")]
    pub outcome: String,
    /// Values of the outcome that are won; `won`, `true`, `yes` and `1` when left out. Rows with an empty outcome are not
    /// closed, and are left out.
    #[arg(long, value_name = "VALUE", value_delimiter = ',')]
    pub won_when: Vec<String>,
    /// Weigh the criteria of this rubric; without it, the columns of the file.
    #[arg(long, value_name = "FILE")]
    pub rubric: Option<PathBuf>,
    /// Account directory, with a rubric.
    #[arg(long, value_name = "FILE")]
    pub accounts: Option<PathBuf>,
    /// Columns to weigh, without a rubric; all that can be categories when left out.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// Parts of the rows; each is predicted by a model of the others.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(2..=20))]
    pub folds: u8,
    /// Decides which row lies in which part.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Weigh every column alone, never two together.
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
    /// The rubric that the record names; may come with a bundle.
    #[arg(long, value_name = "FILE")]
    pub rubric: Option<PathBuf>,
    /// Teams and reps as they were; may come with a bundle.
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Records of one Desk as stored, oldest first, one a line; or `GET /v1/decisions:export?record=1` as NDJSON, of any
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
    /// An intake key; `LEAD_ROUTER_KEY` of the environment when left out, so that it stands in no history.
    #[arg(long)]
    pub key: Option<String>,
    /// The form whose settings apply: names of fields, what is required, the source.
    #[arg(long)]
    pub form: Option<String>,
    /// Rows of one request.
    #[arg(long, default_value_t = 500, value_parser = rows)]
    pub rows: usize,
    /// Begin with this row, counted from 1 after the header.
    #[arg(long, value_name = "ROW", default_value_t = 1)]
    pub from_row: usize,
    /// Where refused rows go, as they were; beside the leads, as `.failed.csv`, when left out.
    #[arg(long, value_name = "FILE")]
    pub failed: Option<PathBuf>,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// The deployment, such as `https://leads.example.com`.
    #[arg(long)]
    pub url: String,
    /// The admin token; `LEAD_ROUTER_TOKEN` of the environment when left out, so that it stands in no history.
    #[arg(long)]
    pub token: Option<String>,
    /// Ask every Desk too, and compare the ledger with them.
    #[arg(long)]
    pub deep: bool,
}

fn rows(text: &str) -> Result<usize, String> {
    let rows: usize = text.parse().map_err(|_| "expected a number".to_owned())?;
    if (1..=BATCH_ROWS_MAX).contains(&rows) { Ok(rows) } else { Err(format!("expected 1 to {BATCH_ROWS_MAX}")) }
}
