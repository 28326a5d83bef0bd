//! From categories to indicators, learned on some rows and used on others.

use crate::analysis::fit::samples::Samples;
use std::collections::BTreeMap;

/// Fewest rows of a category that gets a weight of its own; the others share one. Five is where a chance estimate of a
/// rate near one half is off by less than a quarter.
pub const ROWS_MIN: usize = 5;

/// What an indicator stands for: a category of one column, or of two columns together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Indicator {
    /// A category of a column, by its index.
    One(usize, String),
    /// Categories of two columns together.
    Pair(usize, String, usize, String),
}

/// Whether pairs of columns get indicators too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairs {
    /// Columns alone.
    Without,
    /// Columns alone, and every two together.
    With,
}

/// The indicators that some rows have often enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoder {
    places: BTreeMap<Indicator, u32>,
    pairs: Pairs,
}

impl Encoder {
    /// Learns the indicators of some rows.
    #[must_use]
    pub fn learn(samples: &Samples, pairs: Pairs) -> Self {
        let mut counts: BTreeMap<Indicator, usize> = BTreeMap::new();
        for row in &samples.rows {
            for indicator in indicators(row, pairs) {
                let count = counts.entry(indicator).or_default();
                *count = count.saturating_add(1);
            }
        }
        let often = counts.into_iter().filter(|(_, count)| *count >= ROWS_MIN).map(|(indicator, _)| indicator);
        Self { places: often.zip(0..).collect(), pairs }
    }

    /// How many indicators there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nothing was often enough.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Places of the indicators that a row has. Categories that were not learned have none.
    #[must_use]
    pub fn row(&self, row: &[String]) -> Vec<u32> {
        indicators(row, self.pairs).filter_map(|indicator| self.places.get(&indicator).copied()).collect()
    }

    /// The rows of samples.
    #[must_use]
    pub fn rows(&self, samples: &Samples) -> Vec<Vec<u32>> {
        samples.rows.iter().map(|row| self.row(row)).collect()
    }

    /// The indicators with their places.
    pub fn iter(&self) -> impl Iterator<Item = (&Indicator, u32)> {
        self.places.iter().map(|(indicator, place)| (indicator, *place))
    }
}

fn indicators(row: &[String], pairs: Pairs) -> impl Iterator<Item = Indicator> + '_ {
    let alone = row.iter().enumerate().map(|(column, cell)| Indicator::One(column, cell.clone()));
    let rest = move |(column, cell): (usize, &'_ String)| {
        let cell = cell.clone();
        let others = row.iter().enumerate().skip(column.saturating_add(1));
        let take = if pairs == Pairs::With { usize::MAX } else { 0 };
        others.take(take).map(move |(other, second)| Indicator::Pair(column, cell.clone(), other, second.clone()))
    };
    alone.chain(row.iter().enumerate().flat_map(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(rows: &[(&str, &str, usize)]) -> Samples {
        let rows = rows.iter().flat_map(|(a, b, count)| vec![vec![(*a).to_owned(), (*b).to_owned()]; *count]);
        let rows: Vec<Vec<String>> = rows.collect();
        Samples { columns: vec!["a".into(), "b".into()], won: vec![true; rows.len()], rows }
    }

    #[test]
    fn rare_categories_have_no_indicator_of_their_own() {
        let samples = samples(&[("web", "x", 5), ("web", "y", 4), ("fair", "x", 4)]);
        let encoder = Encoder::learn(&samples, Pairs::Without);
        let learned: Vec<&Indicator> = encoder.iter().map(|(indicator, _)| indicator).collect();
        assert_eq!(learned, vec![&Indicator::One(0, "web".into()), &Indicator::One(1, "x".into())]);
        assert_eq!(encoder.row(&["fair".into(), "x".into()]), vec![1]);
        assert_eq!(encoder.row(&["never".into(), "seen".into()]), Vec::<u32>::new());
    }

    #[test]
    fn pairs_are_learned_when_asked_for() {
        let samples = samples(&[("web", "x", 5), ("web", "y", 5)]);
        let encoder = Encoder::learn(&samples, Pairs::With);
        assert_eq!(encoder.len(), 5);
        assert_eq!(encoder.row(&["web".into(), "y".into()]).len(), 3);
        assert!(Encoder::learn(&Samples::default(), Pairs::With).is_empty());
    }
}
