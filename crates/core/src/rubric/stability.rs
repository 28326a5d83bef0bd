//! Whether what is still unknown can change where the lead goes.
//!
//! While enrichment runs, [`stability`] says when the remaining calls cannot matter: every value of the open fields,
//! and their absence, gives the same override, tier, territory and route. It may say "not settled" where only a
//! proof over related fields would show otherwise; it never says "settled" wrongly.

use crate::facts::{Facts, FieldSet};
use crate::id::{TerritoryId, TierId};
use crate::rubric::condition::{Condition, Scope, Truth};
use crate::rubric::model::{Criterion, Effect, Override, Rubric};
use crate::time::Timestamp;

/// Whether the placement is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stability {
    /// Nothing that is open can change override, tier, territory or route.
    Yes {
        /// Why: `nothing_open` (no condition reads an open field), `disqualified` (an override rejects the lead),
        /// `override` (an override gives tier and team), `owned` (the owner gets it, and the tier stands), `tier_settled` (the
        /// score stays in its tier).
        reason: &'static str,
    },
    /// Something can.
    No {
        /// Open fields on which it depends.
        undecided: FieldSet,
    },
}

/// Decides whether anything that is still open can change where the lead goes.
///
/// `open` holds the fields that outstanding calls may still fill or replace. A missing field outside of it stays
/// missing; a known field inside of it may get another value, but does not become unknown.
///
/// For a lead that an override rejects, tier, territory and route are not looked at: nobody gets it. With `has_owner` the
/// owner of the account gets the lead, or the owner's team, whatever the routes say, unless an override beats ownership.
#[must_use]
pub fn stability(rubric: &Rubric, facts: &Facts, open: FieldSet, has_owner: bool, now: Timestamp) -> Stability {
    let open = open.intersection(rubric.reads());
    if open.is_empty() {
        return Stability::Yes { reason: "nothing_open" };
    }
    let view = RubricView { rubric, facts, scope: Scope { now, open } };
    let found = match view.first(rubric.overrides.iter(), |line| Some(&line.when)) {
        Ok(found) => found,
        Err(fields) => return Stability::No { undecided: fields },
    };
    let (tier, has_place) = match found.map(|line| &line.effect) {
        Some(Effect::Reject) => return Stability::Yes { reason: "disqualified" },
        // A named rep may be away, and then the team of the route is asked.
        Some(Effect::Place { tier, team, ignore_account_owner, .. }) => {
            (tier.as_ref(), team.is_some() || (has_owner && !ignore_account_owner))
        }
        None => (None, has_owner),
    };
    let territory = view.first(rubric.territories_tried(), |line| Some(&line.when));
    let tier = tier.map_or_else(|| view.tier(), Ok);
    match (tier, territory) {
        (Ok(_), Ok(_)) if has_place => Stability::Yes { reason: reason_of(found, has_owner) },
        (Ok(tier), Ok(territory)) => match view.route(tier, territory.map(|territory| &territory.id)) {
            Ok(()) => Stability::Yes { reason: reason_of(found, has_owner) },
            Err(undecided) => Stability::No { undecided },
        },
        (tier, territory) => {
            let undecided = tier.err().unwrap_or_default().union(territory.err().unwrap_or_default());
            Stability::No { undecided }
        }
    }
}

/// Something that the open fields can still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Influence {
    /// The open fields that it depends on.
    pub fields: FieldSet,
    /// How much it says, in thousandths of a point: for a criterion the standard deviation of its points by the base
    /// rates of the outcomes that are left, for a line that places the lead [`PLACEMENT_WEIGHT`]. Never 0.
    pub weight: u32,
    /// Whether it places the lead, whatever the points are.
    pub is_placement: bool,
}

/// Weight of an override, territory or route that may or may not apply: that of a criterion with about ten points either
/// way.
pub const PLACEMENT_WEIGHT: u32 = 10_000;

/// Everything that the open fields can still change, in the order of the rubric: what it is worth to learn which of them.
/// Empty when none is read. `open` is that of [`stability`].
#[must_use]
pub fn stakes(rubric: &Rubric, facts: &Facts, open: FieldSet, now: Timestamp) -> Vec<Influence> {
    let open = open.intersection(rubric.reads());
    let view = RubricView { rubric, facts, scope: Scope { now, open } };
    let overrides = rubric.overrides.iter().map(|line| &line.when);
    let territories = rubric.territories_tried().map(|line| &line.when);
    let routes = rubric.routes.iter().filter_map(|line| line.when.as_ref());
    let is_open = |when: &&Condition| {
        !when.reads().intersection(open).is_empty() && when.reach(facts, &view.scope).single().is_none()
    };
    let lines = overrides.chain(territories).chain(routes).filter(is_open);
    let stake =
        |reads: FieldSet, weight, is_placement| Influence { fields: reads.intersection(open), weight, is_placement };
    let placements = lines.map(|when| stake(when.reads(), PLACEMENT_WEIGHT, true));
    let criteria = rubric.criteria.iter().filter(|criterion| {
        let (min, max) = view.counted(criterion);
        min != max
    });
    let scored = criteria.map(|criterion| stake(criterion.reads, view.weight(criterion), false));
    placements.chain(scored).collect()
}

fn reason_of(found: Option<&Override>, has_owner: bool) -> &'static str {
    match found.map(|line| &line.effect) {
        Some(Effect::Place { tier: Some(_), team: Some(_), .. }) => "override",
        Some(Effect::Place { ignore_account_owner: true, .. }) => "tier_settled",
        _ if has_owner => "owned",
        _ => "tier_settled",
    }
}

/// What may still become of a lead.
pub(super) struct RubricView<'a> {
    pub(super) rubric: &'a Rubric,
    pub(super) facts: &'a Facts,
    pub(super) scope: Scope,
}

impl<'a> RubricView<'a> {
    /// The line that decides whatever is learned, or the open fields on which that depends. A line without a condition
    /// is always true.
    fn first<T>(
        &self,
        lines: impl Iterator<Item = &'a T>,
        when: impl Fn(&'a T) -> Option<&'a Condition>,
    ) -> Result<Option<&'a T>, FieldSet> {
        let mut undecided = FieldSet::EMPTY;
        let mut last = None;
        for line in lines {
            let Some(when) = when(line) else {
                last = Some(line);
                break;
            };
            let truths = when.reach(self.facts, &self.scope);
            if truths.is_true() {
                last = Some(line);
                break;
            }
            if truths.may_be_true() {
                undecided = undecided.union(when.reads());
            }
        }
        let undecided = undecided.intersection(self.scope.open);
        if undecided.is_empty() { Ok(last) } else { Err(undecided) }
    }

    /// The tier that the score falls in whatever is learned, or the open fields on which that depends.
    fn tier(&self) -> Result<&'a TierId, FieldSet> {
        let mut sums = vec![(0_i32, 0_i32); self.rubric.groups.len()];
        let mut undecided = FieldSet::EMPTY;
        for criterion in &self.rubric.criteria {
            let (min, max) = self.counted(criterion);
            if let Some(sum) = sums.get_mut(criterion.group) {
                *sum = (sum.0.saturating_add(min), sum.1.saturating_add(max));
            }
            if min != max {
                undecided = undecided.union(criterion.reads);
            }
        }
        let capped = self.rubric.groups.iter().zip(&sums).map(|(group, sum)| (group.cap(sum.0), group.cap(sum.1)));
        let (low, high) = capped
            .fold((0_i32, 0_i32), |total, group| (total.0.saturating_add(group.0), total.1.saturating_add(group.1)));
        let tier = self.rubric.tier_index(low);
        if tier == self.rubric.tier_index(high) {
            Ok(&self.rubric.tier(tier).id)
        } else {
            Err(undecided.intersection(self.scope.open))
        }
    }

    /// Fewest and most points that a criterion can count in the final decision.
    pub(super) fn counted(&self, criterion: &Criterion) -> (i32, i32) {
        if criterion.reads.intersection(self.scope.open).is_empty() {
            let counted = criterion.counted(self.facts, self.scope.now);
            return (counted, counted);
        }
        let (mut min, mut max) = (i32::MAX, i32::MIN);
        let mut is_closed = false;
        // When an outcome stays unknown, what counts lies between its points and those of the others: in this range too.
        for outcome in &criterion.outcomes {
            let truths = outcome.when.reach(self.facts, &self.scope);
            if truths.single() != Some(Truth::False) {
                let points = criterion.points(outcome, self.facts, self.scope.now);
                (min, max) = (min.min(points), max.max(points));
            }
            if truths.is_true() {
                is_closed = true;
                break;
            }
        }
        if is_closed { (min, max) } else { (min.min(0), max.max(0)) }
    }

    /// The outcomes of a criterion that are left: points, and probability by the base rates.
    pub(super) fn left(&self, criterion: &Criterion) -> Vec<(i32, f64)> {
        let mut left: Vec<(i32, f64)> = Vec::with_capacity(criterion.outcomes.len().saturating_add(1));
        let mut is_closed = false;
        for outcome in &criterion.outcomes {
            let truths = outcome.when.reach(self.facts, &self.scope);
            if !truths.is_false() {
                let points = criterion.points(outcome, self.facts, self.scope.now);
                left.push((points, outcome.base_rate));
            }
            if truths.is_true() {
                is_closed = true;
                break;
            }
        }
        if !is_closed {
            left.push((0, criterion.none_rate));
        }
        let whole: f64 = left.iter().map(|(_, rate)| rate).sum();
        // Without rates every outcome is as likely as the others.
        let even = 1.0 / f64::from(u32::try_from(left.len()).unwrap_or(u32::MAX).max(1));
        left.iter_mut().for_each(|(_, rate)| *rate = if whole > 0.0 { *rate / whole } else { even });
        left
    }

    /// Standard deviation of the points by the base rates of the outcomes that are left, in thousandths of a point.
    fn weight(&self, criterion: &Criterion) -> u32 {
        let left = self.left(criterion);
        let mean: f64 = left.iter().map(|(points, rate)| f64::from(*points) * rate).sum();
        let far = |points: i32| f64::from(points) - mean;
        let variance: f64 = left.iter().map(|(points, rate)| far(*points) * far(*points) * rate).sum();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most 2,000 points, never negative"
        )]
        let thousandths = (variance.sqrt() * 1_000.0).round().max(1.0) as u32;
        thousandths
    }

    /// Whether the same route takes the lead whatever is learned.
    fn route(&self, tier: &TierId, territory: Option<&TerritoryId>) -> Result<(), FieldSet> {
        let routes = self.rubric.routes.iter().filter(|line| line.takes(tier, territory));
        self.first(routes, |line| line.when.as_ref()).map(|_| ())
    }
}
