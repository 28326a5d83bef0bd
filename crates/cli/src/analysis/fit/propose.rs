//! From weights to whole points, and to a rubric with them.

use crate::analysis::fit::encode::{Encoder, Indicator};
use crate::analysis::fit::logistic::Logistic;
use crate::analysis::fit::samples::{EMPTY, NONE, Samples};
use lead_router_core::facts::Field;
use lead_router_core::rubric::file::{
    BandFile, ConditionFile, CriterionFile, FallbackFile, GroupFile, RubricFile, ScalarFile, TierFile,
};
use lead_router_core::rubric::limits::{BANDS_MAX, CRITERIA_MAX, POINTS_MAX, VALUE_BYTES_MAX};
use std::collections::BTreeMap;

/// Points that double the odds. Rounding to whole points then moves the odds by 3.5 percent at most.
pub const POINTS_PER_DOUBLING: f64 = 10.0;

/// Shares of the leads, in percent, that tiers A and B of a new rubric are to hold.
pub const TIER_PERCENTS: [u32; 2] = [20, 30];

/// A weight as points, kept inside what a rubric takes.
#[expect(clippy::cast_possible_truncation, reason = "kept inside the limits of points first")]
#[must_use]
pub fn points(weight: f64) -> i32 {
    let limit = f64::from(POINTS_MAX);
    (weight * POINTS_PER_DOUBLING / std::f64::consts::LN_2).round().clamp(-limit, limit) as i32
}

/// Points of every indicator.
#[must_use]
pub fn points_of(encoder: &Encoder, model: &Logistic) -> Vec<i32> {
    let weight = |place: u32| model.weights.get(place as usize).copied().unwrap_or(0.0);
    encoder.iter().map(|(_, place)| points(weight(place))).collect()
}

/// Points of every row.
#[must_use]
pub fn scores(encoder: &Encoder, model: &Logistic, samples: &Samples) -> Vec<i32> {
    let points = points_of(encoder, model);
    let of_row = |row: &Vec<String>| {
        let places = encoder.row(row).into_iter().filter_map(|place| points.get(place as usize));
        places.fold(0_i32, |sum, points| sum.saturating_add(*points))
    };
    samples.rows.iter().map(of_row).collect()
}

/// A new rubric that scores by the sender's own fields, or by facts where a column is named like one.
///
/// Leads go to the team `sales`; territories, overrides and routes are the business's to add.
#[must_use]
pub fn new_rubric(encoder: &Encoder, model: &Logistic, samples: &Samples) -> RubricFile {
    let points = points_of(encoder, model);
    let rows = samples.rows.len();
    let mut bands: BTreeMap<usize, Vec<BandFile>> = BTreeMap::new();
    let mut pairs: Vec<CriterionFile> = Vec::new();
    for (indicator, place) in encoder.iter() {
        let points = points.get(place as usize).copied().unwrap_or(0);
        if points == 0 {
            continue;
        }
        match indicator {
            Indicator::One(column, value) => {
                let Some(when) = condition(samples, *column, value) else { continue };
                let count = samples.rows.iter().filter(|row| row.get(*column) == Some(value)).count();
                let base_rate = Some(percent(count, rows));
                bands.entry(*column).or_default().push(BandFile { when, points, base_rate, reason: None });
            }
            Indicator::Pair(one, first, other, second) => {
                let parts = [condition(samples, *one, first), condition(samples, *other, second)];
                let Some(parts) = parts.into_iter().collect::<Option<Vec<_>>>() else { continue };
                let id = format!("pair_{}", pairs.len().saturating_add(1));
                let when = ConditionFile { all: Some(parts), ..ConditionFile::default() };
                pairs.push(CriterionFile { when: Some(when), points: Some(points), ..criterion(id) });
            }
        }
    }
    let mut criteria: Vec<CriterionFile> = bands
        .into_iter()
        .map(|(column, mut bands)| {
            bands.sort_by_key(|band| std::cmp::Reverse(band.points.unsigned_abs()));
            bands.truncate(BANDS_MAX);
            let name = samples.columns.get(column).map(String::as_str).unwrap_or_default();
            CriterionFile { bands, reason: Some(name.to_owned()), ..criterion(id(name, column)) }
        })
        .collect();
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.points.unwrap_or(0).unsigned_abs()));
    pairs.truncate(CRITERIA_MAX.saturating_sub(criteria.len()));
    criteria.extend(pairs);
    let scores = scores(encoder, model, samples);
    RubricFile {
        schema: None,
        name: "Fitted to outcomes".to_owned(),
        groups: BTreeMap::from([("fitted".to_owned(), GroupFile::default())]),
        criteria,
        tiers: new_tiers(&scores),
        overrides: Vec::new(),
        territories: Vec::new(),
        routes: Vec::new(),
        fallback: FallbackFile { team: "sales".to_owned() },
        ownership: Default::default(),
        enrichment: Default::default(),
    }
}

/// A rubric with its points replaced, its group caps lifted, and its thresholds moved so that every tier keeps its share
/// of these leads. `samples` are [`Samples::of_rubric`] of it, and `old_scores` what it gave them.
#[must_use]
pub fn refit(
    file: &RubricFile,
    encoder: &Encoder,
    model: &Logistic,
    samples: &Samples,
    old_scores: &[i32],
) -> RubricFile {
    let mut file = file.clone();
    let weight = |criterion: usize, category: &str| {
        let wanted = Indicator::One(criterion, category.to_owned());
        let place = encoder.iter().find(|(indicator, _)| **indicator == wanted).map(|(_, place)| place);
        place.and_then(|place| model.weights.get(place as usize)).copied()
    };
    for (index, criterion) in file.criteria.iter_mut().enumerate() {
        let none = weight(index, NONE).unwrap_or(0.0);
        let fitted = |outcome: usize| weight(index, &outcome.to_string()).map(|weight| points(weight - none));
        for (outcome, band) in criterion.bands.iter_mut().enumerate() {
            band.points = fitted(outcome).unwrap_or(0);
        }
        if criterion.points.is_some() {
            criterion.points = Some(fitted(0).unwrap_or(0));
        }
    }
    file.groups.values_mut().for_each(|group| *group = GroupFile::default());
    let new_scores = rescored(&file, samples);
    let mut above = i32::MAX;
    for tier in &mut file.tiers {
        if let Some(at_least) = tier.at_least {
            let count = old_scores.iter().filter(|score| **score >= at_least).count();
            let line = threshold(&new_scores, count).min(above.saturating_sub(1)).clamp(-POINTS_MAX, POINTS_MAX);
            tier.at_least = Some(line);
            above = line;
        }
    }
    file
}

/// Points of rows of [`Samples::of_rubric`] under other points.
fn rescored(file: &RubricFile, samples: &Samples) -> Vec<i32> {
    let of_cell = |(criterion, cell): (&CriterionFile, &String)| {
        let outcome: usize = cell.parse().ok()?;
        criterion.bands.get(outcome).map(|band| band.points).or(criterion.points)
    };
    let of_row = |row: &Vec<String>| {
        let cells = file.criteria.iter().zip(row).filter_map(of_cell);
        cells.fold(0_i32, |sum, points| sum.saturating_add(points))
    };
    samples.rows.iter().map(of_row).collect()
}

/// The score that about `count` of the rows reach; above all of them for none.
fn threshold(scores: &[i32], count: usize) -> i32 {
    let mut sorted = scores.to_vec();
    sorted.sort_unstable_by_key(|score| std::cmp::Reverse(*score));
    match count.checked_sub(1) {
        Some(last) => sorted.get(last).or(sorted.last()).copied().unwrap_or(0),
        None => sorted.first().copied().unwrap_or(0).saturating_add(1),
    }
}

fn new_tiers(scores: &[i32]) -> Vec<TierFile> {
    let [a, b] = TIER_PERCENTS.map(|percent| usize::try_from(percent).unwrap_or(0));
    let count = |percent: usize| scores.len().saturating_mul(percent) / 100;
    let upper = threshold(scores, count(a));
    let lower = threshold(scores, count(a.saturating_add(b))).min(upper.saturating_sub(1));
    let tier = |id: &str, at_least: Option<i32>, sla_minutes| TierFile { id: id.to_owned(), at_least, sla_minutes };
    vec![tier("A", Some(upper), 15), tier("B", Some(lower), 60), tier("C", None, 1_440)]
}

fn criterion(id: String) -> CriterionFile {
    CriterionFile {
        id,
        group: "fitted".to_owned(),
        when: None,
        points: None,
        base_rate: None,
        reason: None,
        half_life_days: None,
        bands: Vec::new(),
    }
}

/// The test of one category; `None` for a text that no rubric takes.
fn condition(samples: &Samples, column: usize, value: &str) -> Option<ConditionFile> {
    if value.len() > VALUE_BYTES_MAX {
        return None;
    }
    let name = samples.columns.get(column)?;
    let fact =
        if Field::from_path(name).is_some() { name.clone() } else { format!("lead.fields.{}", name.to_lowercase()) };
    let blank = ConditionFile { fact: Some(fact), ..ConditionFile::default() };
    Some(if value == EMPTY {
        ConditionFile { known: Some(false), ..blank }
    } else {
        ConditionFile { equals: Some(ScalarFile::Text(value.to_owned())), ..blank }
    })
}

/// A column's name as an id.
fn id(name: &str, column: usize) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    let plain: String = plain.trim_matches('_').chars().take(48).collect();
    if plain.is_empty() { format!("column_{column}") } else { plain }
}

/// A share with three places.
fn percent(count: usize, of: usize) -> f64 {
    let thousandths = count.saturating_mul(1_000).checked_div(of).unwrap_or(0);
    f64::from(u32::try_from(thousandths).unwrap_or(0)) / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::fit::encode::Pairs;
    use lead_router_core::rubric::check::check;
    use lead_router_core::rubric::load;
    use serde_json::json;

    fn samples() -> Samples {
        let mut samples = Samples { columns: vec!["lead.source".into(), "Plan size".into()], ..Samples::default() };
        for number in 0..300_u32 {
            let source = ["web", "event", ""][number as usize % 3];
            let plan = ["small", "large"][number as usize / 3 % 2];
            samples.rows.push(vec![source.to_owned(), plan.to_owned()]);
            samples.won.push(source == "event" && plan == "large" || number % 7 == 0);
        }
        samples
    }

    fn fitted(samples: &Samples, pairs: Pairs) -> (Encoder, Logistic) {
        let encoder = Encoder::learn(samples, pairs);
        let model = Logistic::fit(&encoder.rows(samples), &samples.won, encoder.len(), 1.0);
        (encoder, model)
    }

    #[test]
    fn ten_points_double_the_odds() {
        assert_eq!(points(std::f64::consts::LN_2), 10);
        assert_eq!(points(-std::f64::consts::LN_2 * 2.0), -20);
        assert_eq!((points(1e9), points(-1e9)), (POINTS_MAX, -POINTS_MAX));
    }

    #[test]
    fn a_new_rubric_is_valid_and_scores_as_the_points_do() {
        let samples = samples();
        for pairs in [Pairs::Without, Pairs::With] {
            let (encoder, model) = fitted(&samples, pairs);
            let file = new_rubric(&encoder, &model, &samples);
            let rubric = check(&file).unwrap_or_else(|problems| panic!("{problems:#?}"));
            let facts = serde_json::from_value(json!({
                "known": {"lead.source": {"value": "event", "provider": "form", "at": "2026-11-18T12:00:00Z"}},
                "fields": {"plan size": "large"},
            }));
            let score = lead_router_core::rubric::score::score(&rubric, &facts.unwrap(), Default::default());
            let row = samples.rows.iter().position(|row| row == &["event", "large"]).unwrap();
            assert_eq!(score.points, scores(&encoder, &model, &samples)[row], "{pairs:?}");
            let share = |tier: usize| {
                let line = rubric.tier(tier).at_least().unwrap();
                scores(&encoder, &model, &samples).iter().filter(|score| **score >= line).count()
            };
            assert!(share(0) >= 60 && share(1) > share(0), "{} {}", share(0), share(1));
        }
    }

    #[test]
    fn a_refitted_rubric_keeps_its_shape_and_the_size_of_its_tiers() {
        let old = load(
            &json!({
                "name": "old", "groups": {"fit": {"max": 5}},
                "criteria": [
                    {"id": "source", "group": "fit", "bands": [
                        {"when": {"fact": "lead.source", "equals": "event"}, "points": 1},
                        {"when": {"fact": "lead.source", "equals": "web"}, "points": 9}]},
                    {"id": "large", "group": "fit", "when": {"fact": "lead.fields.plan size", "equals": "large"}, "points": 3}
                ],
                "tiers": [{"id": "A", "at_least": 5, "sla_minutes": 5}, {"id": "B", "sla_minutes": 60}],
                "fallback": {"team": "desk"},
            })
            .to_string(),
        )
        .unwrap();
        let source = samples();
        let leads: Vec<_> = source
            .rows
            .iter()
            .map(|row| {
                let mut facts = json!({"fields": {"plan size": row[1]}});
                if !row[0].is_empty() {
                    facts["known"] =
                        json!({"lead.source": {"value": row[0], "provider": "form", "at": "2026-11-18T12:00:00Z"}});
                }
                (serde_json::from_value(facts).unwrap(), Default::default())
            })
            .collect();
        let samples = Samples::of_rubric(&old, &leads, source.won);
        assert_eq!(samples.rows[0], vec!["1", NONE]);
        let (encoder, model) = fitted(&samples, Pairs::Without);
        let old_scores: Vec<i32> =
            leads.iter().map(|(facts, at)| lead_router_core::rubric::score::score(&old, facts, *at).points).collect();
        let file = refit(old.file(), &encoder, &model, &samples, &old_scores);
        assert!(check(&file).is_ok());
        let [event, web] = [0, 1].map(|band: usize| file.criteria[0].bands[band].points);
        assert!(event > web && event > 0, "{event} {web}");
        assert!(file.criteria[1].points.unwrap() > 0);
        assert_eq!(file.groups["fit"], GroupFile::default());
        assert_eq!(file.tiers.len(), 2);
    }
}
