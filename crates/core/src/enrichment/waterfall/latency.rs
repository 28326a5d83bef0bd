//! How long a provider takes: the last answers, and what is expected of the next.

use crate::enrichment::provider::TypicalLatency as Expected;
use std::collections::VecDeque;

/// Most answers that are remembered.
pub const WINDOW: usize = 100;
/// Standard deviations from the mean at which a tenth of a normal distribution each has its middle.
const MIDDLES: [f64; 10] = [-1.645, -1.036, -0.674, -0.385, -0.126, 0.126, 0.385, 0.674, 1.036, 1.645];

/// Times of the last answers, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObservedLatency {
    last_ms: VecDeque<u32>,
}

impl ObservedLatency {
    /// Notes an answer.
    pub fn note(&mut self, ms: u32) {
        if self.last_ms.len() >= WINDOW {
            self.last_ms.pop_front();
        }
        self.last_ms.push_back(ms);
    }

    /// Times of the answers, in order, and twice each. What the description expects counts half as much, as long as there
    /// are fewer than [`WINDOW`]; empty without either.
    #[must_use]
    pub fn times(&self, expected: Option<Expected>) -> Vec<u32> {
        let expected = expected.filter(|_| self.last_ms.len() < WINDOW).map(expected_ms);
        let known = self.last_ms.iter().flat_map(|ms| [*ms, *ms]);
        let mut times: Vec<u32> = known.chain(expected.into_iter().flatten()).collect();
        times.sort_unstable();
        times
    }
}

/// Ten answers as a description expects them: their logarithms are normal.
fn expected_ms(expected: Expected) -> [u32; MIDDLES.len()] {
    let typical = f64::from(expected.typical_ms.max(1));
    let tail = (f64::from(expected.p95_ms) / typical).max(1.0);
    MIDDLES.map(|middle| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and saturating")]
        let ms = (typical * tail.powf(middle / 1.645)).round() as u32;
        ms
    })
}

/// The value that `percent` of the values do not exceed, nearest rank; `None` for none.
#[must_use]
pub fn percentile(mut values: Vec<u32>, percent: usize) -> Option<u32> {
    values.sort_unstable();
    let rank = values.len().saturating_mul(percent.min(100)).div_ceil(100);
    values.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPECTED: Option<Expected> = Some(Expected { typical_ms: 300, p95_ms: 1_200 });

    #[test]
    fn what_is_expected_counts_until_enough_is_known() {
        let mut latency = ObservedLatency::default();
        assert_eq!(latency.times(None), Vec::<u32>::new());
        assert_eq!(latency.times(EXPECTED), [75, 125, 170, 217, 270, 334, 415, 529, 718, 1_200]);
        (0..WINDOW - 1).for_each(|_| latency.note(5));
        assert_eq!(latency.times(EXPECTED).len(), 2 * WINDOW + 8);
        latency.note(5);
        assert_eq!(latency.times(EXPECTED), [5; 2 * WINDOW]);
    }

    #[test]
    fn old_answers_are_forgotten() {
        let mut latency = ObservedLatency::default();
        (0..WINDOW).for_each(|_| latency.note(1_000));
        (0..WINDOW).for_each(|_| latency.note(5));
        assert_eq!(latency.times(None), [5; 2 * WINDOW]);
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let percentile = |percent| crate::enrichment::waterfall::latency::percentile((1..=20).collect(), percent);
        assert_eq!([0, 50, 95, 100].map(percentile), [Some(1), Some(10), Some(19), Some(20)]);
        assert_eq!(crate::enrichment::waterfall::latency::percentile(Vec::new(), 50), None);
    }
}
