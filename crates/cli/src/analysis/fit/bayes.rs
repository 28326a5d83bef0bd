//! The method to compare with: naive Bayes on frequencies, as open-source CRM software scores leads.
//!
//! Probability of won times, for each column, how often won rows have the category; the same for lost; the share of the
//! first in both. Frequencies start at a tenth, so that a category that was never won is not impossible. Empty cells and
//! categories that were never seen are left out.

use crate::analysis::fit::samples::{EMPTY, Samples};
use std::collections::BTreeMap;

/// Count that every category starts with.
const START: f64 = 0.1;

/// Won and lost rows by category, and of all categories together.
type BayesColumn = (BTreeMap<String, [f64; 2]>, [f64; 2]);

/// Frequencies of the past.
#[derive(Debug, Clone, PartialEq)]
pub struct NaiveBayes {
    won: f64,
    lost: f64,
    /// Of each column.
    columns: Vec<BayesColumn>,
}

impl NaiveBayes {
    /// Counts.
    #[must_use]
    pub fn learn(samples: &Samples) -> Self {
        let mut this = Self { won: START, lost: START, columns: vec![<_>::default(); samples.columns.len()] };
        for (row, won) in samples.rows.iter().zip(&samples.won) {
            *(if *won { &mut this.won } else { &mut this.lost }) += 1.0;
            for (cell, (categories, _)) in row.iter().zip(&mut this.columns) {
                if cell != EMPTY {
                    let [wins, losses] = categories.entry(cell.clone()).or_insert([START; 2]);
                    *(if *won { wins } else { losses }) += 1.0;
                }
            }
        }
        for (categories, total) in &mut this.columns {
            for [wins, losses] in categories.values() {
                let [all_wins, all_losses] = *total;
                *total = [all_wins + wins, all_losses + losses];
            }
        }
        this
    }

    /// Probability that a row is won.
    #[must_use]
    pub fn probability(&self, row: &[String]) -> f64 {
        let mut log_odds = (self.won / self.lost).ln();
        for (cell, (categories, [wins, losses])) in row.iter().zip(&self.columns) {
            if let Some([won, lost]) = categories.get(cell) {
                log_odds += (won / wins).ln() - (lost / losses).ln();
            }
        }
        crate::analysis::fit::logistic::sigmoid(log_odds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_multiply() {
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        let rows = vec![row("web", "de"), row("web", "us"), row("fair", "de"), row("web", "")];
        let samples = Samples { columns: row("source", "country"), rows, won: vec![true, false, true, false] };
        let model = NaiveBayes::learn(&samples);
        // won: web 1.1 of 2.2, de 2.1 of 2.2; lost: web 2.1 of 2.2, de 0.1 of 1.2; prior 2.1 to 2.1.
        let odds = (1.1 / 2.2) * (2.1 / 2.2) / ((2.1 / 2.2) * (0.1 / 1.2));
        assert!((model.probability(&row("web", "de")) - odds / (1.0 + odds)).abs() < 1e-9);
        assert!((model.probability(&row("", "never seen")) - 0.5).abs() < 1e-9);
    }
}
