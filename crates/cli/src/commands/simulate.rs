//! `simulate`: a roster at work for some days of virtual time.

use crate::analysis::random::Random;
use crate::analysis::simulate::arrivals::arrivals;
use crate::analysis::simulate::generate::{Prospect, prospect};
use crate::analysis::simulate::report::{RepReport, SimulationReport};
use crate::analysis::simulate::response::Luck;
use crate::analysis::simulate::run::{Arrival, run as simulate};
use crate::args::SimulateArgs;
use crate::commands::explain::leads;
use crate::input::leads_csv::PastLead;
use crate::input::now::now;
use crate::input::roster_file::Roster;
use crate::input::{files, leads_csv};
use crate::output::svg::{Chart, ChartKind, Series, page};
use crate::output::table::{part, percent, table};
use crate::output::{CommandFailure, Output, progress};
use lead_router_core::id::RepId;
use lead_router_core::roster::model::{Strategy, Team};
use lead_router_core::rubric::Rubric;
use lead_router_core::time::{DAY_MS, Timestamp};
use serde_json::json;
use std::fmt::Write as _;
use std::path::Path;

/// Runs `simulate`.
///
/// # Errors
/// Files that cannot be read or written.
pub fn run(args: &SimulateArgs) -> Result<Output, CommandFailure> {
    let rubric = files::rubric(&args.rubric)?;
    let roster = files::roster(&args.roster)?;
    let start = args.start.unwrap_or_else(|| next_monday(now()));
    let arrivals = planned(args, &roster, start)?;
    let report = reported(&rubric, &roster.teams, &roster, &arrivals, "simulating");
    let compared = args.compare.map(|strategy| {
        let teams: Vec<Team> = roster.teams.iter().map(|team| Team { strategy, ..team.clone() }).collect();
        (strategy, reported(&rubric, &teams, &roster, &arrivals, "comparing"))
    });
    if let Some(path) = &args.svg {
        let drawing = page(&charts(&report)).map_err(|error| CommandFailure::new("drawing_failed", error))?;
        std::fs::write(path, drawing).map_err(|error| {
            CommandFailure::new("unwritable_file", format!("cannot write {}: {error}", path.display()))
        })?;
    }
    let broken = report.teams.values().any(|team| !team.holds());
    let compared_json = compared.as_ref().map(|(strategy, report)| json!({"strategy": strategy, "report": report}));
    let json =
        json!({"start": start, "days": args.days, "seed": args.seed, "report": report, "compared": compared_json});
    let mut text = format!("{} days from {}, seed {}\n", args.days, date(start), args.seed);
    text.push_str(&shown(&report));
    if let Some((strategy, other)) = &compared {
        text.push_str(&side_by_side(&report, other, *strategy));
    }
    Ok(Output { text, json, has_findings: broken })
}

fn reported(rubric: &Rubric, teams: &[Team], roster: &Roster, arrivals: &[Arrival], what: &str) -> SimulationReport {
    let bar = progress::bar(arrivals.len(), what);
    let report = simulate(rubric, teams, &roster.reps, arrivals, &mut |done| progress::at(&bar, done));
    bar.finish_and_clear();
    report
}

/// The leads that will arrive, with everything that is drawn for them.
fn planned(args: &SimulateArgs, roster: &Roster, start: Timestamp) -> Result<Vec<Arrival>, CommandFailure> {
    let timestamps = arrivals(start, args.days, args.per_day, &mut Random::new(args.seed, "arrivals"));
    let mut luck = Random::new(args.seed, "luck");
    let mut random = Random::new(args.seed, "leads");
    let owners: Vec<RepId> = roster.reps.iter().filter(|rep| rep.active).map(|rep| rep.id.clone()).collect();
    let past = if args.leads == Path::new("generated") { Vec::new() } else { past(args, start)? };
    let arrival = |at| Arrival {
        at,
        prospect: match random.one_of(&past) {
            Some(lead) => moved(lead, at),
            None => prospect(at, &owners, &mut random),
        },
        luck: Luck::draw(&mut luck),
    };
    Ok(timestamps.into_iter().map(arrival).collect())
}

fn past(args: &SimulateArgs, start: Timestamp) -> Result<Vec<PastLead>, CommandFailure> {
    let accounts = files::accounts_or_none(args.accounts.as_deref())?;
    leads_csv::some(leads_csv::read(&args.leads, &accounts, start)?, &args.leads)
}

/// A lead of the past that arrives at another time: its signals move along.
fn moved(lead: &PastLead, at: Timestamp) -> Prospect {
    let mut facts = lead.facts.clone();
    for signal in &mut facts.signals {
        let age_ms = lead.at.map_or(0, |was| was.ms_since(signal.at)).max(0);
        signal.at = at.plus_ms(age_ms.saturating_neg());
    }
    facts.signals.sort();
    Prospect { facts, owner: lead.owner.clone() }
}

/// The start of the next Monday, UTC; today when it is one.
fn next_monday(at: Timestamp) -> Timestamp {
    let day = at.as_ms().div_euclid(DAY_MS);
    // The epoch was a Thursday, so day 4 was the first Monday.
    let ahead = 4_i64.saturating_sub(day).rem_euclid(7);
    Timestamp::from_ms(day.saturating_add(ahead).saturating_mul(DAY_MS))
}

fn date(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

fn hours(minutes: i64) -> String {
    if minutes < 120 { format!("{minutes} min") } else { format!("{}.{} h", minutes / 60, minutes % 60 / 6) }
}

/// What a report says, in words and tables.
pub fn shown(report: &SimulationReport) -> String {
    let touched = report.in_time.saturating_add(report.late);
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} leads: {} assigned, {} rejected, {} held at first, {} on hold at the end",
        report.leads, report.assigned, report.rejected, report.held, report.still_held
    );
    let _ = writeln!(text, "SLA met: {}", part(report.in_time, touched));
    let spread = report.first_touch;
    let _ = writeln!(
        text,
        "arrival to first touch: median {}, 90th percentile {}, longest {}",
        hours(spread.p50_minutes),
        hours(spread.p90_minutes),
        hours(spread.max_minutes)
    );
    if report.held > 0 {
        let hold = report.hold;
        let _ = writeln!(text, "time on hold: median {}, longest {}", hours(hold.p50_minutes), hours(hold.max_minutes));
    }
    text.push('\n');
    let row = |rep: &RepReport| {
        vec![
            rep.name.clone(),
            rep.got.to_string(),
            leads(rep.due_units),
            rep.by_turn.to_string(),
            leads(rep.gap_units()),
            percent(rep.in_time, rep.in_time.saturating_add(rep.late)),
            rep.open_max.to_string(),
            rep.open_end.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = report.reps.values().map(row).collect();
    let header = ["rep", "leads", "share due", "by turn", "due - got", "in time", "most open", "open at end"];
    text.push_str(&table(&header, &rows));
    text.push('\n');
    let rows: Vec<Vec<String>> = report
        .teams
        .values()
        .map(|team| {
            let verdict = if team.holds() { "holds" } else { "BROKEN" };
            vec![
                team.name.clone(),
                team.got.to_string(),
                leads(team.gap_max_units),
                leads(team.bound_units),
                verdict.to_owned(),
            ]
        })
        .collect();
    text.push_str(&table(&["team", "leads", "largest gap", "stated bound", ""], &rows));
    text
}

/// Two reports on the same leads.
fn side_by_side(one: &SimulationReport, other: &SimulationReport, strategy: Strategy) -> String {
    let name =
        serde_json::to_value(strategy).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default();
    let row = |what: &str, of: &dyn Fn(&SimulationReport) -> String| vec![what.to_owned(), of(one), of(other)];
    let rows = [
        row("SLA met", &|r| percent(r.in_time, r.in_time.saturating_add(r.late))),
        row("median to first touch", &|r| hours(r.first_touch.p50_minutes)),
        row("90th percentile", &|r| hours(r.first_touch.p90_minutes)),
        row("held at first", &|r| r.held.to_string()),
        row("most open leads of a rep", &|r| r.reps.values().map(|rep| rep.open_max).max().unwrap_or(0).to_string()),
    ];
    format!("\n{}", table(&["same leads and response times", "as configured", &name], &rows))
}

fn charts(report: &SimulationReport) -> Vec<Chart> {
    let reps: Vec<&RepReport> = report.reps.values().filter(|rep| rep.got > 0 || rep.due_units > 0).collect();
    let names = || reps.iter().map(|rep| rep.name.clone()).collect();
    let days = || report.days.iter().map(|day| day.date.clone()).collect();
    let series = |name: &str, values: Vec<f64>| Series { name: name.to_owned(), values };
    let of_reps =
        |name: &str, value: &dyn Fn(&RepReport) -> f64| series(name, reps.iter().map(|rep| value(rep)).collect());
    let leads_of = |units: i64| f64::from(i32::try_from(units / 10_000).unwrap_or(i32::MAX)) / 100.0;
    let in_time = |day: &crate::analysis::simulate::report::DayReport| {
        let touched = day.in_time.saturating_add(day.late);
        if touched == 0 { 100.0 } else { f64::from(day.in_time) * 100.0 / f64::from(touched) }
    };
    vec![
        Chart {
            title: "Share of the rotation, in leads".to_owned(),
            labels: names(),
            series: vec![
                of_reps("due", &|rep| leads_of(rep.due_units)),
                of_reps("got", &|rep| u32::try_from(rep.by_turn).map_or(0.0, f64::from)),
            ],
            kind: ChartKind::Bars,
        },
        Chart {
            title: "Open leads per rep".to_owned(),
            labels: names(),
            series: vec![
                of_reps("most", &|rep| f64::from(rep.open_max)),
                of_reps("at the end", &|rep| f64::from(rep.open_end)),
            ],
            kind: ChartKind::Bars,
        },
        Chart {
            title: "SLA met, %".to_owned(),
            labels: days(),
            series: vec![series("by day of arrival", report.days.iter().map(in_time).collect())],
            kind: ChartKind::Lines,
        },
        Chart {
            title: "Leads a day".to_owned(),
            labels: days(),
            series: vec![
                series("arrived", report.days.iter().map(|day| f64::from(day.arrived)).collect()),
                series("held at first", report.days.iter().map(|day| f64::from(day.held)).collect()),
            ],
            kind: ChartKind::Lines,
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_monday_is_today_on_a_monday() {
        for (at, monday) in [
            ("2026-11-16T10:00:00Z", "2026-11-16"),
            ("2026-11-17T00:00:00Z", "2026-11-23"),
            ("2026-11-22T23:59:59Z", "2026-11-23"),
        ] {
            assert_eq!(date(next_monday(at.parse().unwrap())), monday, "{at}");
        }
    }
}
