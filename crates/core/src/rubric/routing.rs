//! First-match lookups: override, territory, route.
//!
//! Each returns the first line that is true, with the earlier lines that are unknown: those would have decided had
//! more been known, and the explanation says so. An unknown line never decides.

use crate::facts::Facts;
use crate::id::{TerritoryId, TierId};
use crate::rubric::condition::{Condition, Scope, Truth};
use crate::rubric::model::{Override, Route, Rubric, Territory};

/// The first true line, if any.
#[derive(Debug, Clone, PartialEq)]
pub struct Match<'a, T> {
    /// The line that decides.
    pub found: Option<&'a T>,
    /// Lines that come before it and are unknown, in the order in which they are tried.
    pub unknown_before: Vec<&'a T>,
}

/// Which override applies.
pub type OverrideMatch<'a> = Match<'a, Override>;
/// Which territory holds the lead.
pub type TerritoryMatch<'a> = Match<'a, Territory>;
/// Which route takes the lead.
pub type RouteMatch<'a> = Match<'a, Route>;

fn first_match<'a, T>(lines: impl Iterator<Item = &'a T>, eval: impl Fn(&T) -> Truth) -> Match<'a, T> {
    let mut unknown_before = Vec::new();
    for line in lines {
        match eval(line) {
            Truth::True => return Match { found: Some(line), unknown_before },
            Truth::Unknown => unknown_before.push(line),
            Truth::False => {}
        }
    }
    Match { found: None, unknown_before }
}

impl Route {
    /// Whether the route takes this tier and territory, whatever its condition says.
    #[must_use]
    pub fn takes(&self, tier: &TierId, territory: Option<&TerritoryId>) -> bool {
        (self.tiers.is_empty() || self.tiers.contains(tier))
            && (self.territories.is_empty() || territory.is_some_and(|id| self.territories.contains(id)))
    }
}

impl Rubric {
    /// The first override that is true.
    #[must_use]
    pub fn first_override(&self, facts: &Facts, scope: &Scope) -> OverrideMatch<'_> {
        first_match(self.overrides.iter(), |line| line.when.eval(facts, scope))
    }

    /// The true territory with the highest priority; equal ones go by the order in the file.
    #[must_use]
    pub fn territory(&self, facts: &Facts, scope: &Scope) -> TerritoryMatch<'_> {
        first_match(self.territories_tried(), |line| line.when.eval(facts, scope))
    }

    /// The first route that takes `tier` and `territory` and whose condition is true.
    ///
    /// [`Rubric::fallback_team`] takes the lead when none does.
    #[must_use]
    pub fn route(
        &self,
        tier: &TierId,
        territory: Option<&TerritoryId>,
        facts: &Facts,
        scope: &Scope,
    ) -> RouteMatch<'_> {
        let takes = |line: &&Route| line.takes(tier, territory);
        first_match(self.routes.iter().filter(takes), |line| {
            line.when.as_ref().map_or(Truth::True, |when: &Condition| when.eval(facts, scope))
        })
    }

    /// Territories in the order in which they are tried.
    pub(super) fn territories_tried(&self) -> impl Iterator<Item = &Territory> {
        self.territory_order.iter().filter_map(|index| self.territories.get(*index))
    }
}
