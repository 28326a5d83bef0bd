//! How long a provider takes: the last answers, and what is expected of the next.

use std::collections::VecDeque;

/// Most answers that are remembered.
pub const WINDOW: usize = 100;
/// Fewest answers from which a time is taken; before, the description's own figure counts.
pub const ANSWERS_MIN: usize = 20;

/// Times of the last answers, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Latency {
    last_ms: VecDeque<u32>,
}

impl Latency {
    /// Notes an answer.
    pub fn note(&mut self, ms: u32) {
        if self.last_ms.len() >= WINDOW {
            self.last_ms.pop_front();
        }
        self.last_ms.push_back(ms);
    }

    /// The time within which `percent` of the answers came, nearest rank; `None` before there are [`ANSWERS_MIN`].
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Option<u32> {
        if self.last_ms.len() < ANSWERS_MIN {
            return None;
        }
        percentile(self.last_ms.iter().copied().collect(), percent)
    }
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

    #[test]
    fn nothing_is_said_before_there_are_enough_answers() {
        let mut latency = Latency::default();
        (1..20).for_each(|ms| latency.note(ms));
        assert_eq!(latency.percentile(50), None);
        latency.note(20);
        assert_eq!(
            (latency.percentile(50), latency.percentile(95), latency.percentile(100)),
            (Some(10), Some(19), Some(20))
        );
        assert_eq!(latency.percentile(0), Some(1));
    }

    #[test]
    fn old_answers_are_forgotten() {
        let mut latency = Latency::default();
        (0..WINDOW).for_each(|_| latency.note(1_000));
        (0..WINDOW).for_each(|_| latency.note(5));
        assert_eq!(latency.percentile(100), Some(5));
    }
}
