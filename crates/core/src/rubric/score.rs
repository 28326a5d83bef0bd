//! Points, interval, tier, confidence and one line per point, all from one run.
//!
//! A criterion whose outcome depends on facts that are not known counts the points that are certain: those of its
//! possible outcomes nearest to zero, which is zero unless every possible outcome has the same sign. The interval
//! spans the possible outcomes of all criteria through the caps of their groups; it is exact when criteria do not
//! depend on one another, and never too narrow.

use crate::facts::Facts;
use crate::rubric::condition::{Scope, Truth};
use crate::rubric::confidence::{self, Possible, Unknowns};
use crate::rubric::model::{Criterion, Rubric};
use crate::time::Timestamp;

/// The score of a lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// Points that count; the sum of the points of `lines`.
    pub points: i32,
    /// Fewest points that are possible once everything is known.
    pub low: i32,
    /// Most points that are possible once everything is known.
    pub high: i32,
    /// Tier of `points`, as an index for [`Rubric::tier`]; 0 is the highest.
    pub tier: usize,
    /// Tier of `low`.
    pub tier_low: usize,
    /// Tier of `high`.
    pub tier_high: usize,
    /// Probability that `tier` would stand if everything were known, in hundredths of a percent, 0 to 10,000.
    pub confidence_bp: u16,
    /// What counted, what is unknown, and what a cap cut, in the order of the rubric. Criteria that are false have
    /// no line.
    pub lines: Vec<ScoreLine>,
}

/// One line of the explanation. [`Rubric::line_id`] and [`Rubric::line_reason`] turn it into text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScoreLine {
    /// Which rule.
    pub rule: LineRule,
    /// Points that count.
    pub points: i32,
    /// What else is possible.
    pub state: LineState,
}

/// The rule of a line, as indices into the rubric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineRule {
    /// A criterion.
    Criterion {
        /// Index of the criterion.
        criterion: usize,
        /// Index of the outcome that counts, or of the first that is possible.
        outcome: usize,
    },
    /// The cap of a group.
    Cap {
        /// Index of the group.
        group: usize,
    },
}

/// Whether a line is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineState {
    /// The points are certain.
    Counted,
    /// The outcome depends on facts that are not known.
    Unknown {
        /// Fewest points that are possible.
        min: i32,
        /// Most points that are possible.
        max: i32,
    },
    /// What the cap of a group takes away (negative) or gives back (positive).
    Capped,
}

/// What a criterion comes to.
#[derive(Clone, Copy)]
struct Weighed {
    counted: i32,
    /// The outcome that counts, or the first that is possible.
    outcome: usize,
    /// Fewest and most points that are possible, when the outcome is unknown.
    range: Option<(i32, i32)>,
}

/// Sums of one group, or of all.
#[derive(Clone, Copy, Default)]
struct ScoreSums {
    counted: i32,
    low: i32,
    high: i32,
    /// Only the criteria whose outcome is certain.
    certain: i32,
}

/// Scores a lead of which `facts` are known at `now`.
#[must_use]
pub fn score(rubric: &Rubric, facts: &Facts, now: Timestamp) -> Score {
    let scope = Scope::at(now);
    let learnable = Scope { now, open: rubric.open_known_tests(facts) };
    let mut unknowns = Unknowns::default();
    let mut sums = vec![ScoreSums::default(); rubric.groups.len()];
    let mut lines = Vec::with_capacity(rubric.criteria.len().min(64));
    for (index, criterion) in rubric.criteria.iter().enumerate() {
        let Some(weighed) = weigh_now(criterion, facts, &scope, &learnable, &mut unknowns) else { continue };
        let rule = LineRule::Criterion { criterion: index, outcome: weighed.outcome };
        let points = weighed.counted;
        if let Some(sum) = sums.get_mut(criterion.group) {
            sum.add(&weighed);
        }
        let state = weighed.range.map_or(LineState::Counted, |(min, max)| LineState::Unknown { min, max });
        lines.push(ScoreLine { rule, points, state });
    }
    let total = capped_total(rubric, &sums, &mut lines);
    let tier = rubric.tier_index(total.counted);
    let (tier_low, tier_high) = (rubric.tier_index(total.low), rubric.tier_index(total.high));
    let confidence_bp = if tier_low == tier_high {
        confidence::CERTAIN_BP
    } else {
        let certain = sums.iter().map(|sum| sum.certain);
        confidence::of_tier(rubric, certain, &unknowns, tier)
    };
    Score { points: total.counted, low: total.low, high: total.high, tier, tier_low, tier_high, confidence_bp, lines }
}

impl ScoreSums {
    fn add(&mut self, weighed: &Weighed) {
        let (low, high) = weighed.range.unwrap_or((weighed.counted, weighed.counted));
        self.counted = self.counted.saturating_add(weighed.counted);
        self.low = self.low.saturating_add(low);
        self.high = self.high.saturating_add(high);
        if weighed.range.is_none() {
            self.certain = self.certain.saturating_add(weighed.counted);
        }
    }
}

/// The total of the groups through their caps, with a line for each cap that cuts.
fn capped_total(rubric: &Rubric, sums: &[ScoreSums], lines: &mut Vec<ScoreLine>) -> ScoreSums {
    let mut total = ScoreSums::default();
    for (index, (group, sum)) in rubric.groups.iter().zip(sums).enumerate() {
        let counted = group.cap(sum.counted);
        total.counted = total.counted.saturating_add(counted);
        total.low = total.low.saturating_add(group.cap(sum.low));
        total.high = total.high.saturating_add(group.cap(sum.high));
        let points = counted.saturating_sub(sum.counted);
        if points != 0 {
            lines.push(ScoreLine { rule: LineRule::Cap { group: index }, points, state: LineState::Capped });
        }
    }
    total
}

/// Weighs a criterion on what is known; `None` when it is false.
///
/// A test for `known` has a certain answer that learning the fact would change: the points follow the answer, the
/// interval and the confidence follow what is possible.
fn weigh_now(
    criterion: &Criterion,
    facts: &Facts,
    scope: &Scope,
    learnable: &Scope,
    unknowns: &mut Unknowns,
) -> Option<Weighed> {
    if criterion.known_tests.intersection(learnable.open).is_empty() {
        return weigh(criterion, facts, scope, Some(unknowns));
    }
    let certain = weigh(criterion, facts, scope, None);
    let possible = weigh(criterion, facts, learnable, Some(unknowns));
    let Some((range, first)) = possible.and_then(|weighed| weighed.range.map(|range| (range, weighed.outcome))) else {
        return certain;
    };
    let counted = certain.map_or(0, |weighed| weighed.counted);
    Some(Weighed { counted, outcome: certain.map_or(first, |weighed| weighed.outcome), range: Some(range) })
}

impl Criterion {
    /// The points that count on what is known.
    pub(super) fn counted(&self, facts: &Facts, now: Timestamp) -> i32 {
        weigh(self, facts, &Scope::at(now), None).map_or(0, |weighed| weighed.counted)
    }
}

/// Weighs a criterion, and notes its possible outcomes when there are several.
fn weigh(criterion: &Criterion, facts: &Facts, scope: &Scope, notes: Option<&mut Unknowns>) -> Option<Weighed> {
    for (index, outcome) in criterion.outcomes.iter().enumerate() {
        match outcome.when.eval(facts, scope) {
            Truth::False => {}
            Truth::True => {
                let counted = criterion.points(outcome, facts, scope.now);
                return Some(Weighed { counted, outcome: index, range: None });
            }
            Truth::Unknown => return Some(weigh_unknown(criterion, index, facts, scope, notes)),
        }
    }
    None
}

/// Weighs a criterion whose outcome at `first` is unknown and all before it are false.
fn weigh_unknown(
    criterion: &Criterion,
    first: usize,
    facts: &Facts,
    scope: &Scope,
    notes: Option<&mut Unknowns>,
) -> Weighed {
    let mut unused = Unknowns::default();
    let noted = notes.unwrap_or(&mut unused);
    let start = noted.possible.len();
    let mut is_closed = false;
    for (index, outcome) in criterion.outcomes.iter().enumerate().skip(first) {
        // The first is unknown: that is known here.
        let truth = if index == first { Truth::Unknown } else { outcome.when.eval(facts, scope) };
        if truth != Truth::False {
            let points = criterion.points(outcome, facts, scope.now);
            noted.possible.push(Possible { points, rate: outcome.base_rate });
        }
        if truth == Truth::True {
            is_closed = true;
            break;
        }
    }
    if !is_closed {
        noted.possible.push(Possible { points: 0, rate: criterion.none_rate });
    }
    noted.criteria.push((criterion.group, start..noted.possible.len()));
    let possible = noted.possible.get_mut(start..).unwrap_or_default();
    share_the_whole(possible);
    let points = || possible.iter().map(|possible| possible.points);
    let (min, max) = (points().min().unwrap_or(0), points().max().unwrap_or(0));
    Weighed { counted: 0.clamp(min, max), outcome: first, range: Some((min, max)) }
}

/// Turns base rates into probabilities of the outcomes that are left. When all of them have the rate zero, the last one,
/// which holds when no other does, is the outcome.
fn share_the_whole(possible: &mut [Possible]) {
    let whole: f64 = possible.iter().map(|outcome| outcome.rate).sum();
    if whole > 0.0 {
        possible.iter_mut().for_each(|outcome| outcome.rate /= whole);
    } else if let Some(last) = possible.last_mut() {
        last.rate = 1.0;
    }
}
