//! Logistic regression on indicators, held back by a penalty on large weights.
//!
//! The weights maximise the likelihood of the outcomes less half the penalty times the sum of squared weights; the base
//! rate is not penalised. Found by Newton steps along one weight after the other, which needs no matrix and converges
//! because the problem is convex. Deterministic: rows and weights are visited in order.

use std::collections::BTreeMap;

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Logistic {
    /// Log-odds of a row without indicators.
    pub base: f64,
    /// Weight of each indicator, in log-odds.
    pub weights: Vec<f64>,
}

/// Most rounds over all weights. Data of thousands of rows settles in some twenty.
const ROUNDS_MAX: usize = 200;

/// Largest step of a round below which the weights have settled, in log-odds.
const STEP_MIN: f64 = 1e-5;

/// Longest single step, in log-odds: a Newton step from far away would overshoot.
const STEP_MAX: f64 = 2.0;

impl Logistic {
    /// Fits weights to rows of indicators below `count`.
    ///
    /// Without rows, or when all outcomes are the same, the base alone says what is known, one lead short of certain.
    #[must_use]
    pub fn fit(rows: &[Vec<u32>], won: &[bool], count: usize, penalty: f64) -> Self {
        let alike = alike(rows, won);
        let (wins, of) = alike.iter().fold((0.0, 0.0), |(wins, of), row| (wins + row.wins, of + row.of));
        let mut this = Self { base: ((wins + 0.5) / (of - wins + 0.5)).ln(), weights: vec![0.0; count] };
        let mut holders: Vec<Vec<u32>> = vec![Vec::new(); count];
        for (number, row) in (0_u32..).zip(&alike) {
            for indicator in row.indicators {
                if let Some(holder) = holders.get_mut(*indicator as usize) {
                    holder.push(number);
                }
            }
        }
        let everybody: Vec<u32> = (0_u32..).zip(&alike).map(|(number, _)| number).collect();
        let mut odds: Vec<f64> = vec![this.base; alike.len()];
        for _ in 0..ROUNDS_MAX {
            let step = newton(&everybody, &mut odds, &alike, 0.0, 1e-9);
            this.base += step;
            let mut largest = step.abs();
            for (weight, holder) in this.weights.iter_mut().zip(&holders) {
                let step = newton(holder, &mut odds, &alike, *weight, penalty);
                *weight += step;
                largest = largest.max(step.abs());
            }
            if largest < STEP_MIN {
                break;
            }
        }
        this
    }

    /// Log-odds of a row.
    #[must_use]
    pub fn log_odds(&self, row: &[u32]) -> f64 {
        row.iter().filter_map(|indicator| self.weights.get(*indicator as usize)).fold(self.base, |sum, w| sum + w)
    }

    /// Probability of a row.
    #[must_use]
    pub fn probability(&self, row: &[u32]) -> f64 {
        sigmoid(self.log_odds(row))
    }
}

/// Rows with the same indicators, as one.
struct Alike<'a> {
    indicators: &'a [u32],
    wins: f64,
    of: f64,
}

/// Rows put together by their indicators: categories repeat, so thousands of rows come to hundreds.
fn alike<'a>(rows: &'a [Vec<u32>], won: &[bool]) -> Vec<Alike<'a>> {
    let mut counts: BTreeMap<&[u32], (f64, f64)> = BTreeMap::new();
    for (row, won) in rows.iter().zip(won) {
        let (wins, of) = counts.entry(row).or_default();
        *wins += f64::from(u8::from(*won));
        *of += 1.0;
    }
    counts.into_iter().map(|(indicators, (wins, of))| Alike { indicators, wins, of }).collect()
}

/// One Newton step along one weight: its length, which is added to the log-odds of the rows that hold it.
fn newton(holder: &[u32], odds: &mut [f64], rows: &[Alike<'_>], weight: f64, penalty: f64) -> f64 {
    let (mut slope, mut curve) = (-penalty * weight, penalty);
    for number in holder {
        let (Some(odds), Some(row)) = (odds.get(*number as usize), rows.get(*number as usize)) else { continue };
        let probability = sigmoid(*odds);
        slope += row.wins - row.of * probability;
        curve += row.of * probability * (1.0 - probability);
    }
    let step = if curve > 0.0 { (slope / curve).clamp(-STEP_MAX, STEP_MAX) } else { 0.0 };
    for number in holder {
        if let Some(odds) = odds.get_mut(*number as usize) {
            *odds += step;
        }
    }
    step
}

/// Probability of log-odds.
#[must_use]
pub fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `wins` of `count` rows with the indicator, and as many without it half won.
    fn rows(wins: usize, count: usize) -> (Vec<Vec<u32>>, Vec<bool>) {
        let with = (0..count).map(|row| (vec![0], row < wins));
        let without = (0..count).map(|row| (vec![], row < count.div_ceil(2)));
        with.chain(without).unzip()
    }

    #[test]
    fn without_a_penalty_probabilities_are_the_shares() {
        let (rows, won) = rows(80, 100);
        let model = Logistic::fit(&rows, &won, 1, 1e-6);
        assert!((model.probability(&[0]) - 0.8).abs() < 1e-3, "{model:?}");
        assert!((model.probability(&[]) - 0.5).abs() < 1e-3, "{model:?}");
    }

    #[test]
    fn a_penalty_draws_weights_towards_nothing_and_a_huge_one_leaves_the_base_rate() {
        let (rows, won) = rows(80, 100);
        let weight = |penalty| Logistic::fit(&rows, &won, 1, penalty).weights[0];
        assert!(weight(0.1) > weight(10.0) && weight(10.0) > weight(1000.0) && weight(1000.0) > 0.0);
        let model = Logistic::fit(&rows, &won, 1, 1e9);
        assert!((model.probability(&[0]) - 0.65).abs() < 1e-3);
    }

    #[test]
    fn the_slope_is_zero_at_the_solution() {
        let rows: Vec<Vec<u32>> = (0..300_u32).map(|row| vec![row % 3, 3 + row % 5]).collect();
        let won: Vec<bool> = (0..300_u32).map(|row| (row * row) % 7 < 3 || row % 3 == 1).collect();
        let model = Logistic::fit(&rows, &won, 8, 2.0);
        for indicator in 0..8_u32 {
            let slope: f64 = rows
                .iter()
                .zip(&won)
                .filter(|(row, _)| row.contains(&indicator))
                .map(|(row, won)| f64::from(u8::from(*won)) - model.probability(row))
                .sum();
            let penalised = slope - 2.0 * model.weights[indicator as usize];
            assert!(penalised.abs() < 1e-2, "{indicator}: {penalised}");
        }
    }

    #[test]
    fn one_sided_and_missing_data_stay_finite() {
        let model = Logistic::fit(&[vec![0], vec![]], &[true, true], 1, 1.0);
        assert!(model.base.is_finite() && model.probability(&[0]) > 0.5);
        let nothing = Logistic::fit(&[], &[], 0, 1.0);
        assert!((nothing.probability(&[]) - 0.5).abs() < 1e-9);
    }
}
