//! Rows of categories with an outcome.

use lead_router_core::facts::Facts;
use lead_router_core::rubric::Rubric;
use lead_router_core::rubric::score::{LineRule, LineState, score};
use lead_router_core::time::Timestamp;
use std::collections::BTreeMap;

/// The category of an empty cell.
pub const EMPTY: &str = "";

/// The category of a criterion of which no outcome holds.
pub const NONE: &str = "none";

/// The category of a criterion whose outcome depends on what is not known.
pub const UNKNOWN: &str = "unknown";

/// Rows of categories with an outcome; every row has one category per column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Samples {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows.
    pub rows: Vec<Vec<String>>,
    /// Whether each row was won.
    pub won: Vec<bool>,
}

/// Why a column is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// Nearly every row has a value of its own: an id, a name, an address.
    Distinct,
    /// Dates: the past does not come again.
    Dates,
    /// Every row has the same value.
    Constant,
}

impl LeftOut {
    /// What is said about it.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Distinct => "nearly every row has its own value",
            Self::Dates => "dates do not predict the future",
            Self::Constant => "every row has the same value",
        }
    }
}

/// Share of rows with a value of their own, in percent, from which a column says who a lead is and not what it is.
const DISTINCT_PERCENT: usize = 30;

/// Share of values that look like dates, in percent, from which a column counts as dates.
const DATES_PERCENT: usize = 90;

impl Samples {
    /// How many rows were won.
    #[must_use]
    pub fn wins(&self) -> usize {
        self.won.iter().filter(|won| **won).count()
    }

    /// The rows with these numbers; numbers that do not exist are left out.
    #[must_use]
    pub fn part(&self, numbers: &[usize]) -> Self {
        Self {
            columns: self.columns.clone(),
            rows: numbers.iter().filter_map(|number| self.rows.get(*number).cloned()).collect(),
            won: numbers.iter().filter_map(|number| self.won.get(*number).copied()).collect(),
        }
    }

    /// Leaves out the columns of which nothing can be learned, and says which and why.
    pub fn keep_categories(&mut self) -> Vec<(String, LeftOut)> {
        let mut left_out = Vec::new();
        let mut kept = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            match self.why_not(index) {
                Some(why) => left_out.push((column.clone(), why)),
                None => kept.push(index),
            }
        }
        let keep = |cells: &Vec<String>| kept.iter().filter_map(|index| cells.get(*index).cloned()).collect();
        self.rows = self.rows.iter().map(keep).collect();
        self.columns = keep(&self.columns);
        left_out
    }

    fn why_not(&self, column: usize) -> Option<LeftOut> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for cell in self.rows.iter().filter_map(|row| row.get(column)) {
            let count = counts.entry(cell).or_default();
            *count = count.saturating_add(1);
        }
        let filled = counts.iter().filter(|(cell, _)| !cell.is_empty());
        let (values, dates, alone) =
            filled.fold((0_usize, 0_usize, 0_usize), |(values, dates, alone), (cell, count)| {
                let dated = if is_date(cell) { *count } else { 0 };
                (
                    values.saturating_add(*count),
                    dates.saturating_add(dated),
                    alone.saturating_add(usize::from(*count == 1)),
                )
            });
        if counts.len() < 2 {
            return Some(LeftOut::Constant);
        }
        if values > 0 && dates.saturating_mul(100) >= values.saturating_mul(DATES_PERCENT) {
            return Some(LeftOut::Dates);
        }
        (alone.saturating_mul(100) >= self.rows.len().saturating_mul(DISTINCT_PERCENT)).then_some(LeftOut::Distinct)
    }

    /// One column per criterion of a rubric: the number of the outcome that counts, [`NONE`] or [`UNKNOWN`].
    #[must_use]
    pub fn of_rubric(rubric: &Rubric, leads: &[(Facts, Timestamp)], won: Vec<bool>) -> Self {
        let columns: Vec<String> = rubric.criteria().iter().map(|criterion| criterion.id().to_string()).collect();
        let row = |(facts, at): &(Facts, Timestamp)| {
            let mut row = vec![NONE.to_owned(); columns.len()];
            for line in score(rubric, facts, *at).lines {
                let LineRule::Criterion { criterion, outcome } = line.rule else { continue };
                let Some(cell) = row.get_mut(criterion) else { continue };
                *cell = match line.state {
                    LineState::Unknown { .. } => UNKNOWN.to_owned(),
                    LineState::Counted | LineState::Capped => outcome.to_string(),
                };
            }
            row
        };
        Self { rows: leads.iter().map(row).collect(), columns, won }
    }
}

/// Whether a text begins with a date: eight digits or more in groups of one to four, split by `-`, `/` or `.`.
fn is_date(text: &str) -> bool {
    let day = text.split([' ', 'T']).next().unwrap_or_default();
    let parts: Vec<&str> = day.split(['-', '/', '.']).collect();
    let is_group = |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(is_group) && parts.iter().map(|part| part.len()).sum::<usize>() >= 6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(columns: &[&str], rows: &[&[&str]]) -> Samples {
        Samples {
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            rows: rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect(),
            won: vec![false; rows.len()],
        }
    }

    #[test]
    fn ids_dates_and_constants_are_left_out() {
        let mut all = samples(
            &["id", "date", "same", "source"],
            &[
                &["1", "01-02-2018", "x", "web"],
                &["2", "2018-02-03", "x", ""],
                &["3", "01-02-2018", "x", "web"],
                &["4", "03/02/2018 19:58", "x", ""],
            ],
        );
        let left_out = all.keep_categories();
        assert_eq!(
            left_out,
            vec![
                ("id".to_owned(), LeftOut::Distinct),
                ("date".to_owned(), LeftOut::Dates),
                ("same".to_owned(), LeftOut::Constant),
            ]
        );
        assert_eq!(all.columns, vec!["source"]);
        assert_eq!(all.rows[1], vec![""]);
    }

    #[test]
    fn numbers_and_versions_are_no_dates() {
        for text in ["10", "1.2.3", "10-20", "2018", "a-b-c", "192.168.0.1"] {
            assert!(!is_date(text), "{text}");
        }
    }

    #[test]
    fn a_part_keeps_rows_and_outcomes_together() {
        let mut all = samples(&["a"], &[&["x"], &["y"], &["z"]]);
        all.won = vec![true, false, true];
        let part = all.part(&[2, 0, 9]);
        assert_eq!(part.rows, vec![vec!["z"], vec!["x"]]);
        assert_eq!(part.won, vec![true, true]);
        assert_eq!(part.wins(), 2);
    }
}
