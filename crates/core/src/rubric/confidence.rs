//! The probability that the tier stands.
//!
//! The unknown criteria are taken as independent, each with its base rates, of which the outcomes that are still
//! possible share the whole. Their sum is convolved group by group and passed through each group's cap, so the
//! probability is exact under that assumption: nothing is drawn. Criteria that hang on the same unknown fact are
//! not independent; write them as bands of one criterion, and `lint` says where that was not done.
//!
//! Floats are only added and multiplied in a fixed order, so every machine gets the same bits. They never decide
//! who gets a lead.

use crate::rubric::model::{CriterionGroup, Rubric};

/// Certainty, in hundredths of a percent.
pub const CERTAIN_BP: u16 = 10_000;

/// One possible outcome of a criterion whose outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Possible {
    pub(super) points: i32,
    /// Probability; those of one criterion add up to 1.
    pub(super) rate: f64,
}

/// The criteria whose outcome is unknown.
#[derive(Debug, Default)]
pub(super) struct Unknowns {
    pub(super) possible: Vec<Possible>,
    /// Group of each criterion and the range of its outcomes in `possible`.
    pub(super) criteria: Vec<(usize, std::ops::Range<usize>)>,
}

/// Sums below `floor` and above `ceiling` need not be told apart.
#[derive(Clone, Copy)]
struct ScoreWindow {
    floor: i32,
    ceiling: i32,
}

/// A distribution of sums: the probability of `offset`, `offset + 1`, …
struct Distribution {
    offset: i32,
    mass: Vec<f64>,
    spare: Vec<f64>,
}

impl Distribution {
    /// The sum of `start` and one outcome of each term.
    ///
    /// Sums that end outside of `window`, whatever the terms to come add, are collected at a point outside of it, so
    /// the work grows with the window and not with the points of the rubric. Terms that can lower the sum go first:
    /// after them a sum above the window stays there.
    fn of<'a>(start: i32, terms: impl Iterator<Item = &'a [Possible]> + Clone, window: ScoreWindow) -> Self {
        let mut this = Self { offset: start, mass: vec![1.0], spare: Vec::new() };
        let range = |term: &[Possible]| {
            let points = || term.iter().map(|outcome| outcome.points);
            (points().min().unwrap_or(0), points().max().unwrap_or(0))
        };
        // What the terms to come can add and take away.
        let (mut rise, mut fall) = terms.clone().map(range).fold((0_i32, 0_i32), |(rise, fall), (min, max)| {
            (rise.saturating_add(max.max(0)), fall.saturating_add(min.min(0)))
        });
        for lowering in [true, false] {
            for term in terms.clone() {
                let (min, max) = range(term);
                if (min < 0) == lowering {
                    rise = rise.saturating_sub(max.max(0));
                    fall = fall.saturating_sub(min.min(0));
                    let floor = window.floor.saturating_sub(rise);
                    let ceiling = window.ceiling.saturating_sub(fall);
                    this.add(term, (min, max), ScoreWindow { floor, ceiling: ceiling.max(floor) });
                }
            }
        }
        this
    }

    /// Adds an independent number with these outcomes.
    fn add(&mut self, outcomes: &[Possible], (min, max): (i32, i32), window: ScoreWindow) {
        let within = |sum: i32| sum.clamp(window.floor, window.ceiling);
        let last = i32::try_from(self.mass.len()).unwrap_or(i32::MAX).saturating_sub(1);
        let offset = within(self.offset.saturating_add(min));
        let end = within(self.offset.saturating_add(last).saturating_add(max));
        let len = usize::try_from(end.saturating_sub(offset)).unwrap_or(0).saturating_add(1);
        let mut sums = std::mem::take(&mut self.spare);
        sums.clear();
        sums.resize(len, 0.0);
        for (sum, mass) in self.sums() {
            for outcome in outcomes {
                let index = within(sum.saturating_add(outcome.points)).saturating_sub(offset);
                if let Some(slot) = usize::try_from(index).ok().and_then(|index| sums.get_mut(index)) {
                    *slot += mass * outcome.rate;
                }
            }
        }
        self.spare = std::mem::replace(&mut self.mass, sums);
        self.offset = offset;
    }

    /// The possible sums, with their probabilities.
    fn sums(&self) -> impl Iterator<Item = (i32, f64)> {
        (self.offset..).zip(self.mass.iter().copied()).filter(|(_, mass)| *mass > 0.0)
    }
}

/// Probability that the score falls in `tier` once everything is known, in hundredths of a percent.
///
/// `certain` holds, by group, the sum of the criteria whose outcome is certain.
pub(super) fn of_tier(rubric: &Rubric, certain: impl Iterator<Item = i32>, unknowns: &Unknowns, tier: usize) -> u16 {
    let mut start = 0_i32;
    // Sums of capped groups, one after the other.
    let mut sums = Vec::new();
    let mut ends = Vec::new();
    for (index, (group, certain)) in rubric.groups.iter().zip(certain).enumerate() {
        let is_here = |(of, _): &&(usize, _)| *of == index;
        if !group.is_capped() || !unknowns.criteria.iter().any(|criterion| is_here(&criterion)) {
            // Without a cap, the criteria can be added to the total one by one.
            start = start.saturating_add(group.cap(certain));
            continue;
        }
        let terms = unknowns.criteria.iter().filter(is_here);
        let terms = terms.filter_map(|(_, range)| unknowns.possible.get(range.clone()));
        let window = ScoreWindow { floor: group.min, ceiling: group.max };
        let from = sums.len();
        let capped = |(points, rate)| Possible { points: group.cap(points), rate };
        sums.extend(Distribution::of(certain, terms, window).sums().map(capped));
        ends.push(from..sums.len());
    }
    let is_free = |of: usize| rubric.groups.get(of).is_some_and(|group: &CriterionGroup| !group.is_capped());
    let free = unknowns.criteria.iter().filter(|(of, _)| is_free(*of));
    let free = free.filter_map(|(_, range)| unknowns.possible.get(range.clone()));
    let groups = ends.iter().filter_map(|range| sums.get(range.clone()));
    let total = Distribution::of(start, groups.chain(free), tier_window(rubric, tier));
    basis_points(total.sums().filter(|(points, _)| rubric.tier_index(*points) == tier).map(|(_, mass)| mass).sum())
}

/// The scores of a tier and one more at either side.
fn tier_window(rubric: &Rubric, tier: usize) -> ScoreWindow {
    let above = tier.checked_sub(1).map(|above| rubric.tier(above).at_least);
    ScoreWindow {
        floor: rubric.tier(tier).at_least.saturating_sub(1),
        ceiling: above.unwrap_or(rubric.tier(tier).at_least),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=10,000 first")]
fn basis_points(probability: f64) -> u16 {
    (probability * f64::from(CERTAIN_BP)).round().clamp(0.0, f64::from(CERTAIN_BP)) as u16
}
