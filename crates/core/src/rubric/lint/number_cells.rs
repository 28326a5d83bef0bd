//! Representatives of the numbers that a set of tests can tell apart.

use crate::rubric::condition::Test;

/// Most candidates for the values of one field; past it, nothing is ruled out.
pub(super) const CANDIDATES_MAX: usize = 5_000;

/// Numbers at both sides of every line that a test draws, the usual ones first.
pub(super) fn numbers(tests: &[&Test]) -> Vec<i64> {
    let mut numbers = Vec::new();
    for test in tests {
        match test {
            Test::Range { min, max } => numbers.extend([*min, *max]),
            Test::Numbers(list) => numbers.extend(list),
            _ => {}
        }
    }
    let around = |n: i64| [n, n.saturating_add(1), n.saturating_sub(1)];
    let mut all: Vec<i64> = numbers.into_iter().flat_map(around).chain([0]).collect();
    // A witness reads better with a number that can be a size or a year.
    all.sort_by_key(|n| (*n < 0, n.unsigned_abs()));
    all.dedup();
    all
}
