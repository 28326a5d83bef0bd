//! How likely it is that some fields decide the tier.
//!
//! Enrichment asks what this is worth: a provider whose answer hardly ever decides is asked when the others have answered,
//! and then mostly not at all.

use super::condition::Scope;
use super::model::{Criterion, Rubric};
use super::settle::View;
use crate::domain::facts::{Facts, FieldSet};
use crate::domain::time::Timestamp;
use std::collections::BTreeMap;

/// Most sums of points that are told apart. A rubric with more is taken for one in which everything decides.
const SUMS_MAX: usize = 1_000;

/// Probability, in percent, that the tier depends on `fields` when everything else that is `open` is known, as far as the base
/// rates say. Rounded up: 0 only when it cannot depend on them. `open` is that of [`settled`].
///
/// Criteria are taken as independent, as for the confidence. Overrides, territories and routes are not looked at.
///
/// [`settled`]: super::settle::settled
#[must_use]
pub fn decisive_percent(rubric: &Rubric, facts: &Facts, fields: FieldSet, open: FieldSet, now: Timestamp) -> u32 {
    let open = open.intersection(rubric.reads());
    let view = View { rubric, facts, scope: Scope { now, open } };
    let hangs_on = |criterion: &Criterion| !criterion.reads.intersection(open).intersection(fields).is_empty();
    // Lowest and highest score, over what `fields` may say, by what the rest comes to.
    let mut scores = BTreeMap::from([((0_i32, 0_i32), 1.0_f64)]);
    for (index, group) in rubric.groups.iter().enumerate() {
        let criteria = || rubric.criteria.iter().filter(|criterion| criterion.group == index);
        let (mut low, mut high) = (0_i32, 0_i32);
        let mut sums = BTreeMap::from([(0_i32, 1.0_f64)]);
        for criterion in criteria() {
            let (min, max) = view.counted(criterion);
            if min == max || hangs_on(criterion) {
                (low, high) = (low.saturating_add(min), high.saturating_add(max));
            } else {
                let left = view.left(criterion);
                sums = spread(&sums, |sum| left.iter().map(move |(points, rate)| (sum.saturating_add(*points), *rate)));
            }
            if sums.len() > SUMS_MAX {
                return 100;
            }
        }
        let ends = |sum: i32| (group.cap(sum.saturating_add(low)), group.cap(sum.saturating_add(high)));
        scores = spread(&scores, |(lowest, highest)| {
            let end = move |(sum, rate): (&i32, &f64)| {
                let (low, high) = ends(*sum);
                ((lowest.saturating_add(low), highest.saturating_add(high)), *rate)
            };
            sums.iter().map(end)
        });
        if scores.len() > SUMS_MAX {
            return 100;
        }
    }
    let is_open = |(low, high): &(i32, i32)| rubric.tier_index(*low) != rubric.tier_index(*high);
    let chance: f64 = scores.iter().filter(|(ends, _)| is_open(ends)).map(|(_, rate)| rate).sum();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    let percent = (chance * 100.0).ceil().clamp(0.0, 100.0) as u32;
    percent
}

/// The distribution of what becomes of each value.
fn spread<T: Ord + Copy, I: Iterator<Item = (T, f64)>>(
    values: &BTreeMap<T, f64>,
    becomes: impl Fn(T) -> I,
) -> BTreeMap<T, f64> {
    let mut next = BTreeMap::new();
    for (value, rate) in values {
        for (other, share) in becomes(*value) {
            *next.entry(other).or_insert(0.0) += rate * share;
        }
    }
    next
}
