//! `fit`: what closed outcomes say that a rubric should count.

use crate::analysis::fit::encode::{Indicator, Pairs};
use crate::analysis::fit::measure::{Estimate, Part};
use crate::analysis::fit::propose::{new_rubric, points_of, refit};
use crate::analysis::fit::run::{Fit, FitSettings, TooSmall, fit};
use crate::analysis::fit::samples::{LeftOut, Samples};
use crate::args::FitArgs;
use crate::input::leads_csv::LeadTable;
use crate::input::now::now;
use crate::input::{files, leads_csv};
use crate::output::table::table;
use crate::output::{CommandFailure, Output, progress};
use lead_router_core::facts::Facts;
use lead_router_core::normalize::nearest;
use lead_router_core::rubric::Rubric;
use lead_router_core::rubric::check::check;
use lead_router_core::rubric::file::RubricFile;
use lead_router_core::rubric::score::score;
use lead_router_core::time::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Outcomes that are won when nothing else is said.
const WON: [&str; 5] = ["won", "true", "yes", "1", "closed won"];

/// Outcomes that are lost when nothing else is said.
const LOST: [&str; 5] = ["lost", "false", "no", "0", "closed lost"];

/// Most indicators that are shown.
const SHOWN: usize = 25;

/// What is learned from.
struct FitInput {
    samples: Samples,
    /// Columns that are left out, and why.
    left_out: Vec<(String, LeftOut)>,
    /// Rows that are not closed.
    open: usize,
    /// The rubric whose criteria are weighed, and the points that it gave each row.
    rubric: Option<(Rubric, Vec<i32>)>,
}

/// Runs `fit`.
///
/// # Errors
/// Files that cannot be read or written, and outcomes that mean nothing.
pub fn run(args: &FitArgs) -> Result<Output, CommandFailure> {
    let input = input(args)?;
    let pairs = if args.no_pairs || input.rubric.is_some() { Pairs::Without } else { Pairs::With };
    let settings = FitSettings { folds: usize::from(args.folds), seed: args.seed, pairs };
    let bar = progress::bar(settings.folds, "fitting");
    let result = fit(&input.samples, settings, &mut |done| progress::at(&bar, done));
    bar.finish_and_clear();
    let fit = match result {
        Ok(fit) => fit,
        Err(error) => return Ok(too_small(error, &input)),
    };
    let file = match &input.rubric {
        Some((rubric, scores)) => refit(rubric.file(), &fit.encoder, &fit.weights, &input.samples, scores),
        None => new_rubric(&fit.encoder, &fit.weights, &input.samples),
    };
    check(&file).map_err(|problems| CommandFailure::problems("the proposed rubric", problems))?;
    let proposed = serde_json::to_string_pretty(&file).unwrap_or_default();
    if let Some(path) = &args.out {
        std::fs::write(path, format!("{proposed}\n")).map_err(|error| {
            CommandFailure::new("unwritable_file", format!("cannot write {}: {error}", path.display()))
        })?;
    }
    let json = json(&fit, &input, &file);
    let mut text = text(&fit, &input);
    match &args.out {
        Some(path) => {
            let _ = writeln!(text, "\nproposed rubric written to {}", path.display());
        }
        None => {
            let _ = write!(text, "\nproposed rubric\n{proposed}\n");
        }
    }
    let has_findings = fit.remarks.iter().any(|remark| remark.code == "no_signal");
    Ok(Output { text, json, has_findings })
}

fn too_small(error: TooSmall, input: &FitInput) -> Output {
    Output {
        text: format!("not enough data: {error}\n"),
        json: json!({"code": "too_small", "message": error.to_string(), "rows": input.samples.won.len(), "rubric": null}),
        has_findings: true,
    }
}

fn input(args: &FitArgs) -> Result<FitInput, CommandFailure> {
    let table = leads_csv::table(&args.leads)?;
    let outcome = column(&table, &args.outcome)?;
    let closed = outcomes(&table, outcome, &args.won_when)?;
    let open = table.rows.len().saturating_sub(closed.len());
    let Some(path) = &args.rubric else {
        let (samples, left_out) = samples(&table, outcome, &closed, &args.columns)?;
        return Ok(FitInput { samples, left_out, open, rubric: None });
    };
    let rubric = files::rubric(path)?;
    let accounts = files::accounts_or_none(args.accounts.as_deref())?;
    let at = now();
    let past = leads_csv::some(leads_csv::read(&args.leads, &accounts, at)?, &args.leads)?;
    let won_of = |line: u64| closed.iter().find(|(number, _)| table.rows.get(*number).is_some_and(|row| row.0 == line));
    let (mut leads, mut won): (Vec<(Facts, Timestamp)>, Vec<bool>) = (Vec::new(), Vec::new());
    for lead in past {
        if let Some((_, is_won)) = won_of(lead.line) {
            leads.push((lead.facts, lead.at.unwrap_or(at)));
            won.push(*is_won);
        }
    }
    let scores = leads.iter().map(|(facts, at)| score(&rubric, facts, *at).points).collect();
    let samples = Samples::of_rubric(&rubric, &leads, won);
    Ok(FitInput { samples, left_out: Vec::new(), open, rubric: Some((rubric, scores)) })
}

fn column(table: &LeadTable, name: &str) -> Result<usize, CommandFailure> {
    table.columns.iter().position(|column| column == name).ok_or_else(|| {
        let help = match nearest(name, table.columns.iter().map(String::as_str)) {
            Some(column) => format!("did you mean `{column}`?"),
            None => format!("the columns are {}", table.columns.join(", ")),
        };
        CommandFailure::new("unknown_column", format!("there is no column `{name}`; {help}"))
    })
}

/// Numbers of the closed rows, and whether they were won.
fn outcomes(table: &LeadTable, outcome: usize, won_when: &[String]) -> Result<Vec<(usize, bool)>, CommandFailure> {
    let mut closed = Vec::new();
    let mut unclear: BTreeSet<&str> = BTreeSet::new();
    for (number, (_, cells)) in table.rows.iter().enumerate() {
        let text = cells.get(outcome).map(String::as_str).unwrap_or_default();
        let lower = text.to_lowercase();
        if text.is_empty() {
            continue;
        }
        if !won_when.is_empty() {
            closed.push((number, won_when.iter().any(|value| value.to_lowercase() == lower)));
        } else if WON.contains(&lower.as_str()) {
            closed.push((number, true));
        } else if LOST.contains(&lower.as_str()) {
            closed.push((number, false));
        } else {
            unclear.insert(text);
        }
    }
    if unclear.is_empty() {
        return Ok(closed);
    }
    let some: Vec<&str> = unclear.into_iter().take(10).collect();
    let message = format!("unknown outcomes: {}; list those that mean won with --won-when", some.join(", "));
    Err(CommandFailure::new("unclear_outcome", message))
}

type Learned = (Samples, Vec<(String, LeftOut)>);

fn samples(
    table: &LeadTable,
    outcome: usize,
    closed: &[(usize, bool)],
    only: &[String],
) -> Result<Learned, CommandFailure> {
    let mut chosen = Vec::new();
    for name in only {
        chosen.push(column(table, name)?);
    }
    if chosen.is_empty() {
        chosen = (0..table.columns.len()).collect();
    }
    chosen.retain(|index| *index != outcome);
    let cells =
        |cells: &Vec<String>| chosen.iter().map(|index| cells.get(*index).cloned().unwrap_or_default()).collect();
    let mut samples = Samples { columns: cells(&table.columns), ..Samples::default() };
    for (number, won) in closed {
        if let Some((_, row)) = table.rows.get(*number) {
            samples.rows.push(cells(row));
            samples.won.push(*won);
        }
    }
    let left_out = if only.is_empty() { samples.keep_categories() } else { Vec::new() };
    if samples.columns.is_empty() {
        return Err(CommandFailure::new("nothing_to_learn", "no usable column; name some with --columns"));
    }
    Ok((samples, left_out))
}

fn shown(estimate: &Estimate) -> String {
    format!("{:.4} (95 %: {:.4} to {:.4})", estimate.value, estimate.low, estimate.high)
}

fn text(fit: &Fit, input: &FitInput) -> String {
    let mut text = format!("{} closed rows, {} won; {} open rows skipped\n", fit.rows, fit.wins, input.open);
    for (column, why) in &input.left_out {
        let _ = writeln!(text, "column `{column}` skipped: {}", why.reason());
    }
    let pairs = if fit.choice.pairs == Pairs::With { "single columns and pairs" } else { "single columns" };
    let _ = writeln!(text, "{} weights, {pairs}, penalty {}", fit.encoder.len(), fit.choice.penalty);
    let _ = writeln!(text, "\non rows held out\narea under the curve");
    let _ = writeln!(text, "  model         {}", shown(&fit.model));
    let _ = writeln!(text, "  whole points  {}", shown(&fit.points));
    let _ = writeln!(text, "  naive Bayes   {}", shown(&fit.baseline));
    let _ = writeln!(text, "  gain          {}", shown(&fit.gain));
    let [model, bayes, rate] = fit.log_loss;
    let _ = writeln!(text, "log loss: model {model:.4}, naive Bayes {bayes:.4}, base rate alone {rate:.4}");
    let _ =
        writeln!(text, "\nlift and calibration, the highest tenth first (mean distance {:.4})", fit.calibration_error);
    let row = |part: &Part| {
        vec![
            part.rows.to_string(),
            part.wins.to_string(),
            format!("{:.1} %", part.predicted * 100.0),
            format!("{:.1} %", part.observed.value * 100.0),
            format!("{:.1} to {:.1} %", part.observed.low * 100.0, part.observed.high * 100.0),
            format!("{:.2}", part.lift),
            format!("{:.0} %", part.captured * 100.0),
        ]
    };
    let rows: Vec<Vec<String>> = fit.parts.iter().map(row).collect();
    text.push_str(&table(&["rows", "won", "predicted", "observed", "95 %", "lift", "won so far"], &rows));
    let _ = write!(text, "\n{}", weights(fit, &input.samples));
    for remark in &fit.remarks {
        let _ = writeln!(text, "\nnote: {} ({})", remark.text, remark.code);
    }
    text
}

/// The heaviest indicators, with their points.
fn weights(fit: &Fit, samples: &Samples) -> String {
    let points = points_of(&fit.encoder, &fit.weights);
    let name = |column: &usize| samples.columns.get(*column).map(String::as_str).unwrap_or_default();
    let quoted = |value: &str| if value.is_empty() { "(empty)".to_owned() } else { value.to_owned() };
    let mut all: Vec<(i32, String)> = fit
        .encoder
        .iter()
        .map(|(indicator, place)| {
            let label = match indicator {
                Indicator::One(column, value) => format!("{} = {}", name(column), quoted(value)),
                Indicator::Pair(one, first, other, second) => {
                    format!("{} = {} and {} = {}", name(one), quoted(first), name(other), quoted(second))
                }
            };
            (points.get(place as usize).copied().unwrap_or(0), label)
        })
        .collect();
    all.sort_by_key(|(points, label)| (std::cmp::Reverse(points.unsigned_abs()), label.clone()));
    let rows: Vec<Vec<String>> =
        all.into_iter().take(SHOWN).map(|(points, label)| vec![label, format!("{points:+}")]).collect();
    table(&["heaviest categories", "points"], &rows)
}

fn json(fit: &Fit, input: &FitInput, file: &RubricFile) -> Value {
    let left_out: Vec<Value> =
        input.left_out.iter().map(|(column, why)| json!({"column": column, "reason": why.reason()})).collect();
    json!({
        "rows": fit.rows, "won": fit.wins, "not_closed": input.open, "left_out": left_out,
        "columns": input.samples.columns, "weights": fit.encoder.len(), "penalty": fit.choice.penalty,
        "pairs": fit.choice.pairs == Pairs::With,
        "auc": {"model": fit.model, "points": fit.points, "naive_bayes": fit.baseline, "gain": fit.gain},
        "log_loss": {"model": fit.log_loss.first(), "naive_bayes": fit.log_loss.get(1), "base_rate": fit.log_loss.get(2)},
        "parts": fit.parts, "calibration_error": fit.calibration_error, "remarks": fit.remarks, "rubric": file,
    })
}
