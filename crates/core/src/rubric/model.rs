//! A checked rubric. Only [`check`](crate::rubric::check::check) makes one.

use crate::facts::{Facts, Field, FieldSet};
use crate::id::{ProviderId, RepId, RuleId, TeamId, TerritoryId, TierId};
use crate::rubric::condition::Condition;
use crate::rubric::file::{EnrichmentFile, OwnershipFile, RubricFile};
use crate::time::{DAY_MS, Timestamp};

/// The rubric in force: everything in it has been checked and compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Rubric {
    pub(super) file: RubricFile,
    pub(super) version: String,
    pub(super) groups: Vec<CriterionGroup>,
    pub(super) criteria: Vec<Criterion>,
    pub(super) upper_tiers: Vec<Tier>,
    pub(super) lowest_tier: Tier,
    pub(super) overrides: Vec<Override>,
    pub(super) territories: Vec<Territory>,
    /// Indices of `territories`, the first to be tried first.
    pub(super) territory_order: Vec<usize>,
    pub(super) routes: Vec<Route>,
    pub(super) fallback_team: TeamId,
    pub(super) stages: Vec<Vec<ProviderId>>,
    pub(super) reads: FieldSet,
    /// Provider fields of which a criterion asks whether they are known.
    pub(super) known_tests: FieldSet,
}

/// A group of criteria with the caps on its sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CriterionGroup {
    pub(super) id: String,
    pub(super) min: i32,
    pub(super) max: i32,
}

impl CriterionGroup {
    /// Id, such as `fit`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The sum kept between the caps.
    pub(super) fn cap(&self, points: i32) -> i32 {
        points.clamp(self.min, self.max)
    }

    pub(super) const fn is_capped(&self) -> bool {
        self.min != i32::MIN || self.max != i32::MAX
    }
}

/// A criterion: outcomes of which the first true one counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Criterion {
    pub(super) id: RuleId,
    pub(super) group: usize,
    pub(super) reason: String,
    pub(super) outcomes: Vec<CriterionOutcome>,
    /// How often no outcome holds.
    pub(super) none_rate: f64,
    pub(super) half_life_ms: Option<i64>,
    pub(super) reads: FieldSet,
    pub(super) known_tests: FieldSet,
}

impl Criterion {
    /// Id of the line.
    #[must_use]
    pub const fn id(&self) -> &RuleId {
        &self.id
    }

    /// What it says as a whole, or its id where the file says nothing.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The fields that it reads.
    #[must_use]
    pub const fn reads(&self) -> FieldSet {
        self.reads
    }

    /// The points of `outcome` at `now`, with the decay of the signal it asks for.
    pub(super) fn points(&self, outcome: &CriterionOutcome, facts: &Facts, now: Timestamp) -> i32 {
        let Some(half_life_ms) = self.half_life_ms else { return outcome.points };
        match outcome.when.latest_signal(facts, now) {
            Some(at) => decayed(outcome.points, now.ms_since(at), half_life_ms),
            None => outcome.points,
        }
    }
}

/// One outcome of a criterion.
#[derive(Debug, Clone, PartialEq)]
pub struct CriterionOutcome {
    pub(super) when: Condition,
    pub(super) points: i32,
    pub(super) base_rate: f64,
    pub(super) reason: String,
}

impl CriterionOutcome {
    /// What the explanation says when it counts.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// `points` after `age_ms`, halved every `half_life_ms` and on a straight line in between, rounded to the nearest
/// whole point, halves away from zero.
///
/// The straight line stays within 6.2 % of the exponential curve (above it) and needs no float.
pub(super) fn decayed(points: i32, age_ms: i64, half_life_ms: i64) -> i32 {
    let half_life_ms = half_life_ms.max(1);
    let age_ms = age_ms.max(0);
    let halvings = age_ms.checked_div(half_life_ms).unwrap_or(0);
    // Eleven halvings leave less than half of the 1,000 points that a rule may have at most.
    if halvings > 11 {
        return 0;
    }
    let rest_ms = age_ms.checked_rem(half_life_ms).unwrap_or(0);
    // points * (1 - rest / (2 * half_life)) / 2^halvings, over one denominator. At most 1,000 * 6.4e11 and 6.4e11 * 2^11.
    let whole = half_life_ms.saturating_mul(2);
    let numerator = i64::from(points.unsigned_abs()).saturating_mul(whole.saturating_sub(rest_ms));
    let denominator = whole.saturating_mul(1_i64 << halvings);
    let rounded = numerator.saturating_mul(2).saturating_add(denominator).checked_div(denominator.saturating_mul(2));
    let size = i32::try_from(rounded.unwrap_or(0)).unwrap_or(i32::MAX);
    if points < 0 { size.saturating_neg() } else { size }
}

pub(super) const fn days_to_ms(days: u32) -> i64 {
    (days as i64).saturating_mul(DAY_MS)
}

/// A tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    pub(super) id: TierId,
    /// [`i32::MIN`] for the last one.
    pub(super) at_least: i32,
    pub(super) sla_minutes: u32,
}

impl Tier {
    /// Id, such as `A`.
    #[must_use]
    pub const fn id(&self) -> &TierId {
        &self.id
    }

    /// Fewest points; `None` for the last tier.
    #[must_use]
    pub const fn at_least(&self) -> Option<i32> {
        if self.at_least == i32::MIN { None } else { Some(self.at_least) }
    }

    /// Time for the first touch, in minutes of the rep's working time.
    #[must_use]
    pub const fn sla_minutes(&self) -> u32 {
        self.sla_minutes
    }
}

/// An account-level exception.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// Id of the line and code of the reason.
    pub id: RuleId,
    /// When it applies.
    pub when: Condition,
    /// What the explanation says; the id where the file says nothing.
    pub reason: String,
    /// What it does.
    pub effect: Effect,
}

/// What an override does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Not for sales.
    Reject,
    /// Goes on, with what is set here in place of what the score and the routes say. One is set at least.
    Place {
        /// The tier.
        tier: Option<TierId>,
        /// The team.
        team: Option<TeamId>,
        /// The rep.
        rep: Option<RepId>,
        /// Whether `team` also wins against the owner of the account.
        ignore_account_owner: bool,
    },
}

/// A territory.
#[derive(Debug, Clone, PartialEq)]
pub struct Territory {
    /// Id.
    pub id: TerritoryId,
    /// When a lead lies in it.
    pub when: Condition,
    /// Higher wins; equal ones go by the order in the file.
    pub priority: i32,
}

/// From tier and territory to a team.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Id of the line.
    pub id: RuleId,
    /// Tiers it takes; any when empty.
    pub tiers: Vec<TierId>,
    /// Territories it takes; any, also none, when empty.
    pub territories: Vec<TerritoryId>,
    /// A further condition.
    pub when: Option<Condition>,
    /// The team.
    pub team: TeamId,
    /// What the explanation says; the id where the file says nothing.
    pub reason: String,
}

impl Rubric {
    /// The file that it was made from.
    #[must_use]
    pub const fn file(&self) -> &RubricFile {
        &self.file
    }

    /// Name, shown in explanations.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// The first 16 hex digits of the SHA-256 of the file in canonical form: the JSON that
    /// [`RubricFile`] serialises to. Blanks, the order of keys and spelled-out defaults do not change it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Groups by id.
    #[must_use]
    pub fn groups(&self) -> &[CriterionGroup] {
        &self.groups
    }

    /// Criteria in the order of the file.
    #[must_use]
    pub fn criteria(&self) -> &[Criterion] {
        &self.criteria
    }

    /// Tiers from the highest to the lowest; never empty.
    pub fn tiers(&self) -> impl DoubleEndedIterator<Item = &Tier> {
        self.upper_tiers.iter().chain([&self.lowest_tier])
    }

    /// The tier at `index` of [`tiers`](Self::tiers); the lowest when there is none.
    #[must_use]
    pub fn tier(&self, index: usize) -> &Tier {
        self.upper_tiers.get(index).unwrap_or(&self.lowest_tier)
    }

    /// The tier with this id.
    #[must_use]
    pub fn tier_by_id(&self, id: &TierId) -> Option<&Tier> {
        self.upper_tiers.iter().chain([&self.lowest_tier]).find(|tier| tier.id == *id)
    }

    /// Index of the tier that a score of `points` falls in.
    #[must_use]
    pub fn tier_index(&self, points: i32) -> usize {
        self.upper_tiers.iter().take_while(|tier| points < tier.at_least).count()
    }

    /// Overrides in the order in which they are tried.
    #[must_use]
    pub fn overrides(&self) -> &[Override] {
        &self.overrides
    }

    /// Territories in the order of the file.
    #[must_use]
    pub fn territories(&self) -> &[Territory] {
        &self.territories
    }

    /// Routes in the order in which they are tried.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Where a lead goes that no route wants.
    #[must_use]
    pub const fn fallback_team(&self) -> &TeamId {
        &self.fallback_team
    }

    /// What happens with leads of accounts that a rep owns.
    #[must_use]
    pub const fn ownership(&self) -> &OwnershipFile {
        &self.file.ownership
    }

    /// How enrichment is done.
    #[must_use]
    pub const fn enrichment(&self) -> &EnrichmentFile {
        &self.file.enrichment
    }

    /// The stages of enrichment, in order.
    #[must_use]
    pub fn stages(&self) -> &[Vec<ProviderId>] {
        &self.stages
    }

    /// The fields that any condition reads.
    #[must_use]
    pub const fn reads(&self) -> FieldSet {
        self.reads
    }

    /// Provider fields that are missing and of which a criterion asks whether they are known: learning one changes
    /// an answer that is certain today.
    pub(super) fn open_known_tests(&self, facts: &Facts) -> FieldSet {
        if self.known_tests.is_empty() {
            return FieldSet::EMPTY;
        }
        let is_open = |field: &Field| self.known_tests.contains(*field) && facts.value(*field).is_none();
        Field::ALL.iter().copied().filter(is_open).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_halve_every_half_life_and_fall_on_a_straight_line_in_between() {
        for (points, age, expected) in [
            (40, 0, 40),
            (40, 5, 30),
            (40, 10, 20),
            (40, 15, 15),
            (40, 20, 10),
            (1, 10, 1),
            (1, 11, 0),
            (-40, 10, -20),
            (-1, 10, -1),
            (1_000, 110, 0),
            (1_000, 100, 1),
            (40, -7, 40),
        ] {
            assert_eq!(decayed(points, age, 10), expected, "{points} points after {age}");
        }
    }

    #[test]
    fn decay_never_overflows_and_never_rises_with_age() {
        let half_life_ms = days_to_ms(crate::rubric::limits::DAYS_MAX);
        let mut last = 1_000;
        for step in 0..200_i64 {
            let points = decayed(1_000, step * half_life_ms / 10, half_life_ms);
            assert!(points <= last);
            last = points;
        }
        assert_eq!(decayed(1_000, i64::MAX, half_life_ms), 0);
        assert_eq!(decayed(1_000, i64::MAX, 1), 0);
    }
}
