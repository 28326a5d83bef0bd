//! What can be asked on the command line.

use clap::{Args, Parser, Subcommand};
use lead_router::domain::id::RepId;
use lead_router::domain::time::Timestamp;
use std::path::PathBuf;

/// Decides who owns a new lead: checks, explains and repeats decisions on this machine. Nothing is sent anywhere.
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
    /// Show the whole decision for one lead, as it would be made, with every reason.
    Explain(ExplainArgs),
    /// Make the decision of a record again and compare, byte for byte.
    Replay(ReplayArgs),
    /// Check that stored records, one a line, form an unbroken chain.
    Verify(VerifyArgs),
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
    /// Records of one Desk as stored, oldest first, one a line; `-` reads standard input.
    pub records: PathBuf,
}
