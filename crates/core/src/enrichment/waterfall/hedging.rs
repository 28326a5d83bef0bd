//! When a question is worth a second request: the answer takes long, or the first request failed.
//!
//! Answers of a provider over the network have a long tail: whoever has waited for a while is likely to wait longer than for
//! a new answer. A second request after the usual time brings the answer forward, and may be charged as well, so that it is
//! sent for a bounded share of the questions only, which the rubric chooses ([`Prefer`]).

use crate::enrichment::waterfall::breaker::Ending;
use crate::rubric::file::Prefer;
use serde::{Deserialize, Serialize};

/// Why a question was sent to its provider a second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Hedge {
    /// The answer took long. Both requests may be charged.
    Slow,
    /// The first request failed. It is not charged.
    Failed,
}

/// Most of 100 questions that are asked twice because the answer takes long. What is free is bounded all the same: its
/// vendor counts requests too.
#[must_use]
pub const fn asked_twice_percent(prefer: Prefer, cost_usd_micros: u32) -> u32 {
    match (prefer, cost_usd_micros) {
        (Prefer::Speed, _) => 75,
        (_, 0) => 50,
        (Prefer::Balance, _) => 10,
        (Prefer::Cost, _) => 0,
    }
}

/// After how many milliseconds without an answer a question is asked a second time; `None` for never.
///
/// `times` are those of the answers that are known or expected, in order. Two things must hold: no more than `percent` of the
/// answers take longer; and a new request is likely to be faster, that is, of the answers that take longer, fewer than half
/// come within the time in which half of all answers come. Where answers take much the same time the latter never holds: then
/// the answer is taken for lost after the 95th percentile.
#[must_use]
pub fn asked_twice_after_ms(times: &[u32], percent: u32) -> Option<u32> {
    if percent == 0 {
        return None;
    }
    let at = |percent: usize| {
        let rank = times.len().saturating_mul(percent).div_ceil(100);
        times.get(rank.saturating_sub(1)).copied()
    };
    let (usual, nearly_all) = (at(50)?, at(95)?);
    let enough = at(100_usize.saturating_sub(usize::try_from(percent).unwrap_or(100)))?;
    let is_overtaken = |after: &u32| {
        let soon = after.saturating_add(usual);
        let left = times.iter().filter(|time| *time > after).count();
        let left_soon = times.iter().filter(|time| *time > after && **time <= soon).count();
        left_soon.saturating_mul(2) < left
    };
    let overtaken = times.iter().copied().find(is_overtaken).unwrap_or(nearly_all);
    Some(enough.max(overtaken.min(nearly_all)))
}

/// After how many milliseconds a request that failed is sent once more; `None` when that is of no use: what failed would
/// fail again, or no answer is to be expected in the `left_ms` that are left.
///
/// A fault is followed at once by another try; a provider that says when to come again is asked then.
#[must_use]
pub fn tried_again_after_ms(ending: Ending, usual_ms: u32, left_ms: u32) -> Option<u32> {
    let pause_ms = match ending {
        Ending::Fault => 0,
        Ending::Busy(pause_ms) => pause_ms?,
        Ending::Answered | Ending::Unasked | Ending::Refused => return None,
    };
    (pause_ms.saturating_add(usual_ms) <= left_ms).then_some(pause_ms)
}

/// Bounds the questions of a provider that are asked twice, whatever the times say: a provider that becomes slow for
/// everybody is not sent twice as much because of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// In hundredths of a request.
    left: u32,
}

impl Allowance {
    /// Most second requests that are saved up.
    pub const MOST: u32 = 10;

    /// Notes a question, of which `percent` in a hundred may be asked twice.
    pub fn earn(&mut self, percent: u32) {
        self.left = self.left.saturating_add(percent).min(Self::MOST.saturating_mul(100));
    }

    /// Takes a second request, when there is one.
    pub fn spend(&mut self) -> bool {
        let left = self.left.checked_sub(100);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }
}

impl Default for Allowance {
    /// One second request, so that a provider that is asked rarely has any.
    fn default() -> Self {
        Self { left: 100 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Even times, and a long tail.
    const TAIL: [u32; 10] = [90, 180, 280, 390, 520, 690, 930, 1_300, 2_000, 4_000];

    #[test]
    fn no_more_than_the_share_takes_longer() {
        let after = |percent| asked_twice_after_ms(&TAIL, percent);
        assert_eq!((after(0), after(10), after(30), after(50)), (None, Some(2_000), Some(930), Some(520)));
    }

    #[test]
    fn nobody_is_overtaken_by_a_request_that_is_likely_to_be_slower() {
        let even: Vec<u32> = (0..100).map(|n| 1_000 + n).collect();
        assert_eq!(asked_twice_after_ms(&even, 50), Some(1_094), "an answer that late is lost");
        assert_eq!(asked_twice_after_ms(&even, 2), Some(1_097));
    }

    #[test]
    fn without_times_nobody_is_asked_twice() {
        assert_eq!(asked_twice_after_ms(&[], 50), None);
        assert_eq!(asked_twice_after_ms(&[700], 50), Some(700));
    }

    #[test]
    fn what_failed_is_tried_again_when_there_is_time_for_an_answer() {
        let after = |ending, left_ms| tried_again_after_ms(ending, 600, left_ms);
        assert_eq!((after(Ending::Fault, 600), after(Ending::Fault, 599)), (Some(0), None));
        let busy = Ending::Busy(Some(1_000));
        assert_eq!((after(busy, 1_600), after(busy, 1_599)), (Some(1_000), None), "not before the provider says");
        for useless in [Ending::Busy(None), Ending::Answered, Ending::Refused, Ending::Unasked] {
            assert_eq!(after(useless, 60_000), None, "{useless:?}");
        }
    }

    #[test]
    fn the_share_of_questions_that_are_asked_twice_is_bounded() {
        for (percent, questions, most) in [(10, 1_000, 101), (50, 7, 4), (0, 1_000, 1)] {
            let mut allowance = Allowance::default();
            let mut twice = 0;
            for _ in 0..questions {
                allowance.earn(percent);
                twice += u32::from(allowance.spend());
            }
            assert_eq!(twice, most, "{percent}");
        }
        let mut allowance = Allowance::default();
        (0..1_000).for_each(|_| allowance.earn(50));
        assert_eq!((0..100).filter(|_| allowance.spend()).count(), 10, "a quiet day saves up no more");
    }

    #[test]
    fn what_is_free_is_asked_twice_whatever_the_business_prefers() {
        let shares =
            |cost| [Prefer::Speed, Prefer::Balance, Prefer::Cost].map(|prefer| asked_twice_percent(prefer, cost));
        assert_eq!((shares(0), shares(1)), ([75, 50, 50], [75, 10, 0]));
    }
}
