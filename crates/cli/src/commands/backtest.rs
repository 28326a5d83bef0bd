//! `backtest`: two rubrics on the leads of the past.

use crate::analysis::backtest::{BacktestCase, BacktestLine, Comparison, Placement, REJECTED, compare};
use crate::analysis::random::Random;
use crate::analysis::simulate::arrivals::arrivals;
use crate::analysis::simulate::generate::Prospect;
use crate::analysis::simulate::report::{RepReport, SimulationReport};
use crate::analysis::simulate::response::Luck;
use crate::analysis::simulate::run::{Arrival, run as simulate};
use crate::args::BacktestArgs;
use crate::input::now::now;
use crate::input::roster_file::Roster;
use crate::input::{files, leads_csv};
use crate::output::table::{part, percent, table};
use crate::output::{CommandFailure, Output, progress};
use lead_router_core::rubric::Rubric;
use lead_router_core::time::Timestamp;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Leads a day at which leads without a time of arrival are taken to have come.
const PER_DAY: f64 = 50.0;

/// Runs `backtest`.
///
/// # Errors
/// Files that cannot be read.
pub fn run(args: &BacktestArgs) -> Result<Output, CommandFailure> {
    let (old, new) = (files::rubric(&args.old)?, files::rubric(&args.new)?);
    let accounts = files::accounts_or_none(args.accounts.as_deref())?;
    let start = now();
    let past = leads_csv::some(leads_csv::read(&args.leads, &accounts, start)?, &args.leads)?;
    let case = |lead: leads_csv::PastLead| BacktestCase {
        name: format!("line {}", lead.line),
        at: lead.at.unwrap_or(start),
        facts: lead.facts,
        owner: lead.owner,
    };
    let is_dated = past.iter().all(|lead| lead.at.is_some());
    let mut cases: Vec<BacktestCase> = past.into_iter().map(case).collect();
    let comparison = compare(&old, &new, &cases);
    let roster = args.roster.as_deref().map(files::roster).transpose()?;
    let reports = roster.map(|roster| {
        if !is_dated {
            spread(&mut cases, args.seed, start);
        }
        cases.sort_by_key(|case| case.at);
        let planned = planned(&cases, args.seed);
        [reported(&old, &roster, &planned, "old rubric"), reported(&new, &roster, &planned, "new rubric")]
    });
    let text = text(&comparison, reports.as_ref(), args.list);
    let reports = reports.map(|[old, new]| json!({"old": old, "new": new}));
    let json = json!({
        "old_version": old.version(), "new_version": new.version(), "comparison": comparison, "simulated": reports,
    });
    // That leads move is what a draft is for: no finding.
    Ok(Output::clean(text, json))
}

/// Gives leads without a time of arrival one, as if they came in this order.
fn spread(cases: &mut [BacktestCase], seed: u64, start: Timestamp) {
    let mut days = 1_u32;
    let mut timestamps = Vec::new();
    while timestamps.len() < cases.len() && days < 100_000 {
        days = days.saturating_mul(2);
        timestamps = arrivals(start, days, PER_DAY, &mut Random::new(seed, "arrivals"));
    }
    for (case, at) in cases.iter_mut().zip(timestamps) {
        let age_ms = at.ms_since(case.at);
        case.facts.signals.iter_mut().for_each(|signal| signal.at = signal.at.plus_ms(age_ms));
        case.at = at;
    }
}

fn planned(cases: &[BacktestCase], seed: u64) -> Vec<Arrival> {
    let mut random = Random::new(seed, "luck");
    let arrival = |case: &BacktestCase| Arrival {
        at: case.at,
        prospect: Prospect { facts: case.facts.clone(), owner: case.owner.clone() },
        luck: Luck::draw(&mut random),
    };
    cases.iter().map(arrival).collect()
}

fn reported(rubric: &Rubric, roster: &Roster, planned: &[Arrival], what: &str) -> SimulationReport {
    let bar = progress::bar(planned.len(), what);
    let report = simulate(rubric, &roster.teams, &roster.reps, planned, &mut |done| progress::at(&bar, done));
    bar.finish_and_clear();
    report
}

fn text(comparison: &Comparison, reports: Option<&[SimulationReport; 2]>, list: usize) -> String {
    let mut text = format!("{} of {} leads change\n", comparison.moved, comparison.leads);
    let _ = write!(text, "\nby tier (old down, new across)\n{}", matrix(&comparison.tiers));
    let _ = write!(text, "\nby team (old down, new across)\n{}", matrix(&comparison.teams));
    if let Some([old, new]) = reports {
        text.push_str(&load(old, new));
    }
    let moved: Vec<&BacktestLine> = comparison.lines.iter().filter(|line| line.moved()).collect();
    if !moved.is_empty() {
        let row = |line: &&BacktestLine| vec![line.name.clone(), place(&line.old), place(&line.new)];
        let rows: Vec<Vec<String>> = moved.iter().take(list).map(row).collect();
        let _ = write!(text, "\n{}", table(&["lead", "old", "new"], &rows));
        if moved.len() > list {
            let _ = writeln!(text, "and {} more", moved.len().saturating_sub(list));
        }
    }
    text
}

fn place(placement: &Placement) -> String {
    match &placement.rejected {
        Some(rule) => format!("rejected ({rule})"),
        None => format!("{} {} {}", placement.tier, placement.score, placement.team),
    }
}

fn matrix(counts: &BTreeMap<String, BTreeMap<String, u32>>) -> String {
    // What is rejected stands last, whatever the others are called.
    let order = |name: &String| (name == REJECTED, name.clone());
    let names: BTreeSet<(bool, String)> =
        counts.iter().flat_map(|(old, row)| std::iter::once(old).chain(row.keys())).map(order).collect();
    let header: Vec<&str> = std::iter::once("").chain(names.iter().map(|(_, name)| name.as_str())).collect();
    let count = |old: &str, new: &str| counts.get(old).and_then(|row| row.get(new)).copied().unwrap_or(0);
    let row = |(_, old): &(bool, String)| {
        let cells = names.iter().map(|(_, new)| count(old, new).to_string());
        std::iter::once(old.clone()).chain(cells).collect()
    };
    table(&header, &names.iter().map(row).collect::<Vec<Vec<String>>>())
}

fn load(old: &SimulationReport, new: &SimulationReport) -> String {
    let touched = |report: &SimulationReport| report.in_time.saturating_add(report.late);
    let mut text = format!(
        "\nSLA met: {} with the old rubric, {} with the new one (simulated)\n",
        part(old.in_time, touched(old)),
        part(new.in_time, touched(new))
    );
    let nobody = RepReport::default();
    let row = |(id, one): (&_, &RepReport)| {
        let other = new.reps.get(id).unwrap_or(&nobody);
        let in_time = |rep: &RepReport| percent(rep.in_time, rep.in_time.saturating_add(rep.late));
        vec![
            one.name.clone(),
            one.got.to_string(),
            other.got.to_string(),
            one.open_max.to_string(),
            other.open_max.to_string(),
            in_time(one),
            in_time(other),
        ]
    };
    let rows: Vec<Vec<String>> = old.reps.iter().map(row).collect();
    let header = ["rep", "leads old", "new", "most open old", "new", "in time old", "new"];
    let _ = write!(text, "\n{}", table(&header, &rows));
    text
}
