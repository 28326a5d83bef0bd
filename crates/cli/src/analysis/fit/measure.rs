//! How much a prediction is worth, on rows that its model has not seen.

use crate::analysis::random::Random;
use serde::Serialize;

/// Parts of the lift and calibration tables.
pub const PARTS: usize = 10;

/// Times that rows are drawn again for an interval: the ends of 95 percent lie at the 10th and 390th.
const DRAWS: usize = 400;

/// z of a 95 percent interval.
const Z: f64 = 1.959_964;

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Rows in the order of their scores, lowest first, in groups of equal scores.
fn ranked(scores: &[f64]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    let score = |row: &usize| scores.get(*row).copied().unwrap_or(0.0);
    order.sort_by(|one, other| score(one).total_cmp(&score(other)));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for row in order {
        match groups.last_mut() {
            Some(group) if group.first().is_some_and(|first| score(first).total_cmp(&score(&row)).is_eq()) => {
                group.push(row);
            }
            _ => groups.push(vec![row]),
        }
    }
    groups
}

/// Probability that a won row scores higher than a lost one, ties counting half; one half when there are none of either.
///
/// `times` says how often each row counts.
fn area(groups: &[Vec<usize>], won: &[bool], times: &[u32]) -> f64 {
    let (mut pairs, mut below, mut wins) = (0.0, 0.0, 0.0);
    for group in groups {
        let (mut group_wins, mut group_losses) = (0.0, 0.0);
        for row in group {
            let times = f64::from(times.get(*row).copied().unwrap_or(0));
            if won.get(*row).copied().unwrap_or(false) { group_wins += times } else { group_losses += times }
        }
        pairs += group_wins * (below + group_losses / 2.0);
        below += group_losses;
        wins += group_wins;
    }
    if wins * below > 0.0 { pairs / (wins * below) } else { 0.5 }
}

/// Area under the curve of hits against false alarms: the probability that a won row scores higher than a lost one.
#[must_use]
pub fn auc(scores: &[f64], won: &[bool]) -> f64 {
    area(&ranked(scores), won, &vec![1; scores.len()])
}

/// Standard error of an area, after Hanley and McNeil.
#[must_use]
pub fn auc_error(auc: f64, wins: usize, losses: usize) -> f64 {
    let (wins, losses) = (number(wins), number(losses));
    if wins < 1.0 || losses < 1.0 {
        return 0.5;
    }
    let of_wins = auc / (2.0 - auc) - auc * auc;
    let of_losses = 2.0 * auc * auc / (1.0 + auc) - auc * auc;
    ((auc * (1.0 - auc) + (wins - 1.0) * of_wins + (losses - 1.0) * of_losses) / (wins * losses)).max(0.0).sqrt()
}

/// A number with the ends of its 95 percent interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Area of one score less that of another on the same rows, with an interval from rows drawn again.
#[must_use]
pub fn difference(one: &[f64], other: &[f64], won: &[bool], random: &mut Random) -> Estimate {
    let (one, other) = (ranked(one), ranked(other));
    let gap = |times: &[u32]| area(&one, won, times) - area(&other, won, times);
    let mut gaps: Vec<f64> = Vec::with_capacity(DRAWS);
    let count = u64::try_from(won.len()).unwrap_or(0);
    for _ in 0..DRAWS {
        let mut times = vec![0_u32; won.len()];
        for _ in 0..won.len() {
            let row = usize::try_from(random.below(count)).unwrap_or(0);
            if let Some(times) = times.get_mut(row) {
                *times = times.saturating_add(1);
            }
        }
        gaps.push(gap(&times));
    }
    gaps.sort_by(f64::total_cmp);
    let end = |percent: usize| gaps.get(DRAWS.saturating_mul(percent) / 1_000).copied().unwrap_or(0.0);
    Estimate { value: gap(&vec![1; won.len()]), low: end(25), high: end(975) }
}

/// Mean of the negative logarithm of the probability given to what happened.
#[must_use]
pub fn log_loss(probabilities: &[f64], won: &[bool]) -> f64 {
    let loss = |(probability, won): (&f64, &bool)| {
        let of_truth = if *won { *probability } else { 1.0 - probability };
        -of_truth.clamp(1e-12, 1.0).ln()
    };
    probabilities.iter().zip(won).map(loss).sum::<f64>() / number(won.len()).max(1.0)
}

/// One part of the rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// Rows.
    pub rows: usize,
    /// Won rows.
    pub wins: usize,
    /// Mean of the predicted probabilities.
    pub predicted: f64,
    /// Share that was won, with its interval after Wilson.
    pub observed: Estimate,
    /// Share that was won against that of all rows.
    pub lift: f64,
    /// Share of all won rows that are in this part and those above it.
    pub captured: f64,
}

/// Rows in [`PARTS`] parts as equal as can be, the highest probabilities first. Fewer parts for fewer rows.
#[must_use]
pub fn parts(probabilities: &[f64], won: &[bool]) -> Vec<Part> {
    let mut order: Vec<(f64, bool)> = probabilities.iter().copied().zip(won.iter().copied()).collect();
    order.sort_by(|one, other| other.0.total_cmp(&one.0));
    let wins = order.iter().filter(|(_, won)| *won).count();
    let rate = number(wins) / number(order.len()).max(1.0);
    let mut captured = 0_usize;
    let mut parts = Vec::new();
    for part in 0..PARTS {
        let bound = |part: usize| order.len().saturating_mul(part) / PARTS;
        let Some(rows) = order.get(bound(part)..bound(part.saturating_add(1))).filter(|rows| !rows.is_empty()) else {
            continue;
        };
        let part_wins = rows.iter().filter(|(_, won)| *won).count();
        captured = captured.saturating_add(part_wins);
        let observed = share(part_wins, rows.len());
        parts.push(Part {
            rows: rows.len(),
            wins: part_wins,
            predicted: rows.iter().map(|(probability, _)| probability).sum::<f64>() / number(rows.len()),
            observed,
            lift: if rate > 0.0 { observed.value / rate } else { 0.0 },
            captured: number(captured) / number(wins).max(1.0),
        });
    }
    parts
}

/// A share with its interval after Wilson; all of nothing is anything.
#[must_use]
pub fn share(wins: usize, of: usize) -> Estimate {
    let (wins, of) = (number(wins), number(of));
    if of < 1.0 {
        return Estimate { value: 0.0, low: 0.0, high: 1.0 };
    }
    let (share, z2) = (wins / of, Z * Z);
    let middle = (share + z2 / (2.0 * of)) / (1.0 + z2 / of);
    let reach = Z / (1.0 + z2 / of) * (share * (1.0 - share) / of + z2 / (4.0 * of * of)).sqrt();
    Estimate { value: share, low: (middle - reach).max(0.0), high: (middle + reach).min(1.0) }
}

/// Mean distance of predicted and observed shares over the parts, by rows.
#[must_use]
pub fn calibration_error(parts: &[Part]) -> f64 {
    let rows: f64 = parts.iter().map(|part| number(part.rows)).sum();
    let apart = |part: &Part| (part.predicted - part.observed.value).abs() * number(part.rows);
    parts.iter().map(apart).sum::<f64>() / rows.max(1.0)
}

/// An area with its 95 percent interval.
#[must_use]
pub fn estimate(scores: &[f64], won: &[bool]) -> Estimate {
    let wins = won.iter().filter(|won| **won).count();
    let value = auc(scores, won);
    let reach = Z * auc_error(value, wins, won.len().saturating_sub(wins));
    Estimate { value, low: (value - reach).max(0.0), high: (value + reach).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WON: [bool; 4] = [true, true, false, false];

    #[test]
    fn the_area_is_the_share_of_pairs_in_the_right_order() {
        for (scores, expected) in [
            ([4.0, 3.0, 2.0, 1.0], 1.0),
            ([1.0, 2.0, 3.0, 4.0], 0.0),
            ([4.0, 2.0, 3.0, 1.0], 0.75),
            ([1.0, 1.0, 1.0, 1.0], 0.5),
            ([2.0, 1.0, 1.0, 0.0], 0.875),
        ] {
            assert!((auc(&scores, &WON) - expected).abs() < 1e-12, "{scores:?}");
        }
        assert!((auc(&[1.0, 2.0], &[true, true]) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn an_interval_shrinks_with_more_rows_and_holds_the_value() {
        assert!(auc_error(0.7, 1_000, 1_000) < auc_error(0.7, 50, 50));
        // The worked example of Hanley and McNeil (1982): 0.893 on 51 and 58 images has a standard error of 0.032.
        assert!((auc_error(0.893, 51, 58) - 0.032).abs() < 0.002);
        assert!((auc_error(0.5, 0, 10) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_better_score_is_found_better_and_an_equal_one_is_not() {
        let won: Vec<bool> = (0..400).map(|row| row % 2 == 0).collect();
        let noisy: Vec<f64> = (0..400).map(|row| f64::from((row * 37) % 101)).collect();
        let good: Vec<f64> = noisy.iter().zip(&won).map(|(noise, won)| noise + if *won { 30.0 } else { 0.0 }).collect();
        let gap = difference(&good, &noisy, &won, &mut Random::new(1, "gap"));
        assert!(gap.low > 0.0 && gap.low < gap.value && gap.value < gap.high, "{gap:?}");
        let same = difference(&good, &good, &won, &mut Random::new(1, "gap"));
        assert!(same.value.abs() < 1e-12 && same.low.abs() < 1e-12);
    }

    #[test]
    fn parts_split_the_rows_and_their_wins() {
        let probabilities: Vec<f64> = (0..95).map(|row| f64::from(row) / 100.0).collect();
        let won: Vec<bool> = (0..95).map(|row| row >= 60).collect();
        let parts = parts(&probabilities, &won);
        assert_eq!(parts.iter().map(|part| part.rows).sum::<usize>(), 95);
        assert!((parts[0].observed.value - 1.0).abs() < 1e-12 && parts[0].lift > 2.7);
        assert!((parts.last().unwrap().captured - 1.0).abs() < 1e-12);
        assert!(calibration_error(&parts) > 0.1);
        assert_eq!(crate::analysis::fit::measure::parts(&[], &[]), vec![]);
    }

    #[test]
    fn wilsons_interval_stays_between_nothing_and_all() {
        let none = share(0, 20);
        assert!(none.low.abs() < 1e-12 && (none.high - 0.161).abs() < 0.001, "{none:?}");
        assert!(share(0, 0).high > 0.99);
    }

    #[test]
    fn certainty_that_is_wrong_costs_much_and_never_everything() {
        assert!((log_loss(&[0.5, 0.5], &[true, false]) - std::f64::consts::LN_2).abs() < 1e-12);
        assert!(log_loss(&[0.0], &[true]).is_finite());
    }
}
