//! Checks of what gives points: groups, tiers, criteria.

use crate::facts::FieldSet;
use crate::id::{RuleId, TierId};
use crate::rubric::check_values::{Ids, id, list_length, points, reason, reference};
use crate::rubric::compile::condition;
use crate::rubric::file::{CriterionFile, RubricFile};
use crate::rubric::limits::{BANDS_MAX, CRITERIA_MAX, DAYS_MAX, GROUPS_MAX, SLA_MINUTES_MAX, TIERS_MAX};
use crate::rubric::model::{Criterion, CriterionGroup, CriterionOutcome, Tier, days_to_ms};
use crate::rubric::problems::{JsonPath, Problems};

/// The chance of a condition of which nothing is said.
const BASE_RATE_DEFAULT: f64 = 0.5;

/// Rates that add up to this much above 1 are still taken as 1: a tenth cannot be written exactly.
const RATE_SLACK: f64 = 1e-9;

pub(super) fn groups(file: &RubricFile, problems: &mut Problems) -> Vec<CriterionGroup> {
    let root = JsonPath::ROOT;
    let path = root.key("groups");
    list_length(file.groups.len(), 1, GROUPS_MAX, &path, problems);
    let mut groups = Vec::with_capacity(file.groups.len());
    for (name, group) in &file.groups {
        let path = path.key(name);
        id(name, RuleId::new, &path, problems);
        for (key, value) in [("min", group.min), ("max", group.max)] {
            if let Some(value) = value {
                points(value, &path.key(key), problems);
            }
        }
        let (min, max) = (group.min.unwrap_or(i32::MIN), group.max.unwrap_or(i32::MAX));
        if min > max {
            problems.add(&path, "out_of_range", "`min` must not be above `max`");
        }
        groups.push(CriterionGroup { id: name.clone(), min, max: max.max(min) });
    }
    groups
}

/// The tiers with a threshold and the last one, or `None` and problems.
pub(super) fn tiers(file: &RubricFile, problems: &mut Problems) -> Option<(Vec<Tier>, Tier)> {
    let root = JsonPath::ROOT;
    let path = root.key("tiers");
    list_length(file.tiers.len(), 1, TIERS_MAX, &path, problems);
    let mut ids = Ids::default();
    let mut tiers: Vec<Tier> = Vec::with_capacity(file.tiers.len());
    let mut above = None;
    for (index, tier) in file.tiers.iter().enumerate() {
        let path = path.item(index);
        let at = path.key("at_least");
        let is_last = index.saturating_add(1) == file.tiers.len();
        match tier.at_least {
            Some(_) if is_last => {
                problems.add(&at, "last_tier", "remove it: the last tier takes all remaining leads");
            }
            None if !is_last => problems.add(&at, "missing_field", "give the lowest score of this tier"),
            Some(value) => {
                points(value, &at, problems);
                if above.is_some_and(|above| value >= above) {
                    problems.add(&at, "tier_order", "list tiers from the highest threshold to the lowest");
                }
                above = Some(value);
            }
            None => {}
        }
        if tier.sla_minutes == 0 || tier.sla_minutes > SLA_MINUTES_MAX {
            let message = format!("expected 1 to {SLA_MINUTES_MAX} working minutes");
            problems.add(&path.key("sla_minutes"), "out_of_range", message);
        }
        ids.take(&tier.id, &path.key("id"), problems);
        if let Some(id) = id(&tier.id, TierId::new, &path.key("id"), problems) {
            let at_least = if is_last { i32::MIN } else { tier.at_least.unwrap_or(i32::MIN) };
            tiers.push(Tier { id, at_least, sla_minutes: tier.sla_minutes });
        }
    }
    let lowest = tiers.pop()?;
    Some((tiers, lowest))
}

pub(super) fn criteria(file: &RubricFile, rule_ids: &mut Ids, problems: &mut Problems) -> Vec<Criterion> {
    let root = JsonPath::ROOT;
    let path = root.key("criteria");
    list_length(file.criteria.len(), 0, CRITERIA_MAX, &path, problems);
    let group_ids: Vec<&str> = file.groups.keys().map(String::as_str).collect();
    let mut criteria = Vec::with_capacity(file.criteria.len());
    for (index, line) in file.criteria.iter().enumerate() {
        criteria.extend(criterion(line, &group_ids, rule_ids, &path.item(index), problems));
    }
    criteria
}

fn criterion(
    line: &CriterionFile,
    group_ids: &[&str],
    rule_ids: &mut Ids,
    path: &JsonPath<'_>,
    problems: &mut Problems,
) -> Option<Criterion> {
    rule_ids.take(&line.id, &path.key("id"), problems);
    let rule_id = id(&line.id, RuleId::new, &path.key("id"), problems);
    reference(&line.group, group_ids.iter().copied(), "group", &path.key("group"), problems);
    let group = group_ids.iter().position(|id| *id == line.group);
    let whole_reason = reason(line.reason.as_ref(), &line.id, path, problems);
    let outcomes = match (line.when.is_some() || line.points.is_some(), line.bands.is_empty()) {
        (true, true) => single_outcome(line, &whole_reason, path, problems),
        (false, false) => bands(line, &whole_reason, path, problems),
        (true, false) => {
            problems.add(path, "when_or_bands", "write either `when` with `points`, or `bands`; not both");
            None
        }
        (false, true) => {
            problems.add(path, "when_or_bands", "write either `when` with `points`, or `bands`");
            None
        }
    }?;
    let half_life_ms = half_life_ms(line, &outcomes, path, problems);
    let given: f64 = outcomes.iter().map(|outcome| outcome.base_rate).sum();
    let fields =
        |pick: fn(&CriterionOutcome) -> FieldSet| outcomes.iter().map(pick).fold(FieldSet::EMPTY, FieldSet::union);
    Some(Criterion {
        id: rule_id?,
        group: group?,
        reason: whole_reason,
        none_rate: (1.0 - given).max(0.0),
        half_life_ms,
        reads: fields(|outcome| outcome.when.reads()),
        known_tests: fields(|outcome| outcome.when.known_tests()),
        outcomes,
    })
}

fn single_outcome(
    line: &CriterionFile,
    reason: &str,
    path: &JsonPath<'_>,
    problems: &mut Problems,
) -> Option<Vec<CriterionOutcome>> {
    let (Some(when), Some(given)) = (&line.when, line.points) else {
        problems.add(path, "when_or_bands", "`when` and `points` go together: write both");
        return None;
    };
    points(given, &path.key("points"), problems);
    rate(line.base_rate, &path.key("base_rate"), problems);
    let when = condition(when, &path.key("when"), problems)?;
    let base_rate = line.base_rate.unwrap_or(BASE_RATE_DEFAULT);
    Some(vec![CriterionOutcome { when, points: given, base_rate, reason: reason.to_owned() }])
}

fn bands(
    line: &CriterionFile,
    whole: &str,
    path: &JsonPath<'_>,
    problems: &mut Problems,
) -> Option<Vec<CriterionOutcome>> {
    if line.base_rate.is_some() {
        problems.add(&path.key("base_rate"), "when_or_bands", "write a `base_rate` in each band");
    }
    let path = path.key("bands");
    list_length(line.bands.len(), 1, BANDS_MAX, &path, problems);
    let given: f64 = line.bands.iter().filter_map(|band| band.base_rate).sum();
    if given > 1.0 + RATE_SLACK {
        problems.add(&path, "rates_above_one", "the base rates of the bands must not add up to more than 1");
    }
    // What is not said is spread evenly over the bands without a rate and "no band".
    let silent = line.bands.iter().filter(|band| band.base_rate.is_none()).count();
    let shares = f64::from(u32::try_from(silent).unwrap_or(u32::MAX)) + 1.0;
    let share = (1.0 - given).max(0.0) / shares;
    let mut outcomes = Vec::with_capacity(line.bands.len());
    for (index, band) in line.bands.iter().enumerate() {
        let path = path.item(index);
        points(band.points, &path.key("points"), problems);
        rate(band.base_rate, &path.key("base_rate"), problems);
        let reason = reason(band.reason.as_ref(), whole, &path, problems);
        if let Some(when) = condition(&band.when, &path.key("when"), problems) {
            outcomes.push(CriterionOutcome {
                when,
                points: band.points,
                base_rate: band.base_rate.unwrap_or(share),
                reason,
            });
        }
    }
    (outcomes.len() == line.bands.len()).then_some(outcomes)
}

fn rate(rate: Option<f64>, path: &JsonPath<'_>, problems: &mut Problems) {
    if rate.is_some_and(|rate| !(0.0..=1.0).contains(&rate)) {
        problems.add(path, "out_of_range", "expected a probability from 0 to 1, such as 0.25 for 25 %");
    }
}

fn half_life_ms(
    line: &CriterionFile,
    outcomes: &[CriterionOutcome],
    path: &JsonPath<'_>,
    problems: &mut Problems,
) -> Option<i64> {
    let days = line.half_life_days?;
    let path = path.key("half_life_days");
    if days == 0 || days > DAYS_MAX {
        problems.add(&path, "out_of_range", format!("expected 1 to {DAYS_MAX} days"));
    }
    if !outcomes.iter().all(|outcome| outcome.when.node().asks_for_signal()) {
        problems.add(
            &path,
            "half_life_without_signal",
            "only a condition with `signal` can fade; remove the half-life",
        );
    }
    Some(days_to_ms(days))
}
