//! Tiers that no score reaches, and tiers that every score reaches.
//!
//! Within a group, criteria that read the same facts are gone through together, value by value; criteria that share
//! nothing are added in every combination. Sums are then passed through the caps and added over the groups in every
//! combination. The sums so found contain every score that a lead can have, so a tier without one is out of reach.

use crate::facts::Facts;
use crate::rubric::condition::Condition;
use crate::rubric::lint::cells::{Cell, Domain, Variable, domains, with};
use crate::rubric::lint::finding::{LintFinding, Severity, now};
use crate::rubric::model::{Criterion, Rubric, decayed};
use std::collections::BTreeSet;

/// Most combinations of values that are gone through for criteria that belong together.
const COMBINATIONS_MAX: usize = 20_000;

/// Widest range in which sums are told apart one by one; a wider one counts as a whole.
const SPAN_MAX: usize = 50_000;

/// Sums that are possible; at least those that are.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TierSums {
    min: i32,
    /// Whether `min`, `min + 1`, … is possible; the last one always is.
    marks: Vec<bool>,
}

impl TierSums {
    fn of(points: impl IntoIterator<Item = i32>) -> Self {
        let points: BTreeSet<i32> = points.into_iter().collect();
        let (min, max) = (points.first().copied().unwrap_or(0), points.last().copied().unwrap_or(0));
        Self { min, marks: (min..=max).map(|sum| points.contains(&sum)).collect() }
    }

    fn iter(&self) -> impl Iterator<Item = i32> {
        (self.min..).zip(&self.marks).filter(|(_, is_possible)| **is_possible).map(|(sum, _)| sum)
    }

    fn max(&self) -> i32 {
        let last = i32::try_from(self.marks.len()).unwrap_or(i32::MAX).saturating_sub(1);
        self.min.saturating_add(last)
    }

    /// Every sum of one of these and one of those.
    fn plus(&self, other: &Self) -> Self {
        let min = self.min.saturating_add(other.min);
        let len = self.marks.len().saturating_add(other.marks.len()).saturating_sub(1);
        if len > SPAN_MAX {
            return Self { min, marks: vec![true; len] };
        }
        let mut marks = vec![false; len];
        for (shift, _) in other.marks.iter().enumerate().filter(|(_, is_possible)| **is_possible) {
            for (mark, is_possible) in marks.iter_mut().skip(shift).zip(&self.marks) {
                *mark |= is_possible;
            }
        }
        Self { min, marks }
    }
}

/// Reports tiers out of reach, and the tier below which no lead can fall.
pub(super) fn tiers(rubric: &Rubric, findings: &mut Vec<LintFinding>) {
    let total = rubric.groups.iter().enumerate().fold(TierSums::of([0]), |total, (index, group)| {
        let criteria: Vec<&Criterion> = rubric.criteria.iter().filter(|line| line.group == index).collect();
        let capped = TierSums::of(group_sums(&criteria).iter().map(|sum| group.cap(sum)));
        total.plus(&capped)
    });
    let reached: BTreeSet<usize> = total.iter().map(|sum| rubric.tier_index(sum)).collect();
    let lowest = reached.last().copied().unwrap_or(0);
    let range = format!("scores reach from {} to {}", total.min, total.max());
    for (index, tier) in rubric.tiers().enumerate().filter(|(index, _)| *index < lowest && !reached.contains(index)) {
        let message = match override_for(rubric, index) {
            Some(id) => format!("no score falls in tier `{}` ({range}); only the override `{id}` gives it", tier.id),
            None => format!("no score falls in tier `{}` ({range}); lower its threshold", tier.id),
        };
        findings.push(LintFinding::new("unreachable_tier", Severity::Warning, format!("tiers[{index}]"), message));
    }
    if lowest < rubric.upper_tiers.len() {
        let tier = rubric.tier(lowest);
        let message = format!("every lead has the points for tier `{}` ({range}); raise its threshold", tier.id);
        let finding = LintFinding::new("automatic_tier", Severity::Warning, format!("tiers[{lowest}]"), message);
        findings.push(finding.with_witness(Some(&Facts::default())));
    }
}

fn override_for(rubric: &Rubric, tier: usize) -> Option<&str> {
    let id = &rubric.tier(tier).id;
    let gives = |line: &&crate::rubric::model::Override| matches!(&line.effect, crate::rubric::model::Effect::Place { tier: Some(tier), .. } if tier == id);
    rubric.overrides.iter().find(gives).map(|line| line.id.as_str())
}

/// Sums that the criteria of one group can come to.
fn group_sums(criteria: &[&Criterion]) -> TierSums {
    let (fading, steady): (Vec<_>, Vec<_>) = criteria.iter().partition(|criterion| criterion.half_life_ms.is_some());
    let alone = fading.into_iter().map(|criterion| TierSums::of(fading_points(criterion)));
    let together = components(&steady).into_iter().flat_map(|criteria| {
        let joint = joint_sums(&criteria);
        let apart = || criteria.iter().map(|criterion| joint_sums(&[*criterion]).unwrap_or_else(|| hull(criterion)));
        joint.map_or_else(|| apart().collect(), |sums| vec![sums])
    });
    alone.chain(together).fold(TierSums::of([0]), |total, sums| total.plus(&sums))
}

/// Criteria that share what they read, together.
fn components<'a>(criteria: &[&'a Criterion]) -> Vec<Vec<&'a Criterion>> {
    let mut components: Vec<(BTreeSet<Variable>, Vec<&Criterion>)> = Vec::new();
    for criterion in criteria {
        let mut reads: BTreeSet<Variable> =
            domains_of(&[*criterion]).into_iter().map(|domain| domain.variable).collect();
        let mut members = vec![*criterion];
        components.retain_mut(|(variables, others)| {
            let is_apart = variables.is_disjoint(&reads);
            if !is_apart {
                reads.append(variables);
                members.append(others);
            }
            is_apart
        });
        components.push((reads, members));
    }
    components.into_iter().map(|(_, criteria)| criteria).collect()
}

fn domains_of(criteria: &[&Criterion]) -> Vec<Domain> {
    domains(criteria.iter().flat_map(|criterion| criterion.outcomes.iter().map(|outcome| &outcome.when)))
}

/// Sums of criteria over every combination of what they read, or `None` when there are too many.
fn joint_sums(criteria: &[&Criterion]) -> Option<TierSums> {
    let domains = domains_of(criteria);
    let combinations = domains.iter().fold(1_usize, |product, domain| product.saturating_mul(domain.cells.len()));
    if combinations > COMBINATIONS_MAX || domains.iter().any(|domain| !domain.is_complete) {
        return None;
    }
    let mut sums = BTreeSet::new();
    go_through(&Facts::default(), &domains, &mut |facts| {
        sums.insert(criteria.iter().fold(0_i32, |sum, line| sum.saturating_add(line.counted(facts, now()))));
    });
    Some(TierSums::of(sums))
}

fn go_through(facts: &Facts, domains: &[Domain], visit: &mut impl FnMut(&Facts)) {
    let Some((domain, rest)) = domains.split_first() else { return visit(facts) };
    for cell in &domain.cells {
        if *cell == Cell::Missing {
            go_through(facts, rest, visit);
        } else {
            go_through(&with(facts, &domain.variable, cell), rest, visit);
        }
    }
}

/// Nothing, or the points of any outcome.
fn hull(criterion: &Criterion) -> TierSums {
    TierSums::of(criterion.outcomes.iter().map(|outcome| outcome.points).chain([0]))
}

/// Nothing, or what is left of the points of an outcome when its signal is as old as its window allows, or fresher.
fn fading_points(criterion: &Criterion) -> Vec<i32> {
    let mut points = vec![0];
    for outcome in &criterion.outcomes {
        let oldest_ms = oldest(&outcome.when);
        let least = match (oldest_ms, criterion.half_life_ms) {
            (Some(age_ms), Some(half_life_ms)) => decayed(outcome.points, age_ms, half_life_ms),
            _ => 0,
        };
        // Decay passes through every whole number on its way.
        points.extend(least.min(outcome.points)..=least.max(outcome.points));
    }
    points
}

/// The window of a condition that is a signal with a window; `None` when signals of any age may count.
fn oldest(when: &Condition) -> Option<i64> {
    match when.node() {
        crate::rubric::condition::Node::Signal { within_ms, .. } => *within_ms,
        _ => None,
    }
}
