//! How likely it is that some fields decide the tier.
//!
//! Enrichment asks what this is worth: a provider whose answer hardly ever decides is asked when the others have answered,
//! and then mostly not at all.

use crate::facts::{Facts, FieldSet};
use crate::rubric::condition::Scope;
use crate::rubric::model::{Criterion, Rubric};
use crate::rubric::stability::RubricView;
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// Most sums of points that are told apart. A rubric with more is taken for one in which everything decides.
const SUMS_MAX: usize = 1_000;

/// What adding probabilities may be off by, in percent.
const ROUNDING: f64 = 1e-9;

/// Probability, in percent, that the tier depends on `fields` when everything else that is `open` is known, as far as the base
/// rates say. Rounded up: 0 only when it cannot depend on them. `open` is that of [`settled`].
///
/// Criteria are taken as independent, as for the confidence. Overrides, territories and routes are not looked at.
///
/// [`settled`]: crate::rubric::stability::settled
#[must_use]
pub fn decisive_percent(rubric: &Rubric, facts: &Facts, fields: FieldSet, open: FieldSet, now: Timestamp) -> u32 {
    let open = open.intersection(rubric.reads());
    let view = RubricView { rubric, facts, scope: Scope { now, open } };
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
    let percent = (chance * 100.0 - ROUNDING).ceil().clamp(0.0, 100.0) as u32;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Field;
    use crate::rubric::check::check;
    use serde_json::json;

    /// Employees are worth 20, 10 or no points, the country 3 and an early title -5; 20 make a hot lead.
    fn percent(stated: i32, fields: &[Field], open: &[Field]) -> u32 {
        let file = json!({
            "name": "test",
            "groups": {"fit": {"max": 25}, "negative": {}},
            "criteria": [
                {"id": "size", "group": "fit", "bands": [
                    {"when": {"fact": "company.employees", "at_least": 500}, "points": 20, "base_rate": 0.1},
                    {"when": {"fact": "company.employees", "at_least": 50}, "points": 10, "base_rate": 0.3}]},
                {"id": "country", "group": "fit", "when": {"fact": "company.country", "equals": "us"}, "points": 3,
                    "base_rate": 0.5},
                {"id": "early", "group": "negative", "when": {"fact": "person.seniority", "equals": "entry"}, "points": -5,
                    "base_rate": 0.2},
                {"id": "stated", "group": "fit", "when": {"fact": "lead.form", "known": false}, "points": stated}
            ],
            "tiers": [{"id": "A", "at_least": 20, "sla_minutes": 5}, {"id": "B", "sla_minutes": 60}],
            "fallback": {"team": "sales"}
        });
        let rubric = check(&serde_json::from_value(file).unwrap()).unwrap();
        let set = |fields: &[Field]| fields.iter().copied().collect();
        decisive_percent(&rubric, &Facts::default(), set(fields), set(open), Timestamp::from_ms(0))
    }

    const SIZE: Field = Field::CompanyEmployees;
    const COUNTRY: Field = Field::CompanyCountry;
    const SENIORITY: Field = Field::PersonSeniority;

    #[test]
    fn fields_decide_where_the_rest_leaves_the_score_near_a_border() {
        let open = [SIZE, COUNTRY, SENIORITY];
        assert_eq!(percent(0, &[SIZE], &open), 80, "with an early title 20 points and 3 are too few");
        assert_eq!(percent(0, &[COUNTRY], &open), 0, "neither 15 to 18 nor 20 to 23 holds the border");
        assert_eq!(percent(8, &[COUNTRY], &open), 24, "10 + 8 of them, and no early title");
        assert_eq!(percent(0, &[SENIORITY], &open), 10, "20 or 23 without it");
        assert_eq!(percent(0, &[COUNTRY, SIZE], &open), 80);
    }

    #[test]
    fn what_is_not_open_or_not_read_decides_nothing() {
        assert_eq!(percent(0, &[SIZE], &[COUNTRY]), 0);
        assert_eq!(percent(0, &[Field::CompanyName], &[Field::CompanyName, SIZE]), 0);
        assert_eq!(percent(20, &[COUNTRY], &[COUNTRY]), 0);
        assert_eq!(percent(17, &[COUNTRY], &[COUNTRY]), 100);
    }
}
