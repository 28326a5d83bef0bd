//! Lines that can never do anything, and lines that get in each other's way.

use crate::facts::{FactSource, Facts, Field};
use crate::id::TerritoryId;
use crate::rubric::condition::Condition;
use crate::rubric::lint::finding::{LintFinding, Severity};
use crate::rubric::lint::search::{Budget, Goal, Must, SearchResult, find};
use crate::rubric::model::{Criterion, Route, Rubric, Territory};
use std::collections::BTreeMap;

const CANNOT_HOLD: &str = "no lead can match this condition; correct it or remove the rule";

/// Notes what could not be decided.
fn undecided(path: String, findings: &mut Vec<LintFinding>) {
    let message = "too many combinations to prove whether this rule can ever match";
    findings.push(LintFinding::new("undecided", Severity::Note, path, message));
}

/// Criteria and bands that never count, and criteria that hang on the same fact.
pub(super) fn criteria(rubric: &Rubric, budget: &mut Budget, findings: &mut Vec<LintFinding>) {
    for (index, criterion) in rubric.criteria.iter().enumerate() {
        let is_single = rubric.file.criteria.get(index).is_some_and(|line| line.bands.is_empty());
        let path = |band: usize| {
            if is_single { format!("criteria[{index}]") } else { format!("criteria[{index}].bands[{band}]") }
        };
        for (band, outcome) in criterion.outcomes.iter().enumerate() {
            let earlier = criterion.outcomes.iter().take(band).map(|outcome| &outcome.when);
            let line = RuleLine { path: path(band), when: &outcome.when, must_earlier: Must::False };
            line.check(earlier, "an earlier band matches every lead that this one matches", budget, findings);
        }
    }
    correlated(rubric, findings);
}

/// A line among others of which the first true one counts.
struct RuleLine<'a> {
    path: String,
    when: &'a Condition,
    /// What the earlier ones must come to, so that this one counts.
    must_earlier: Must,
}

impl RuleLine<'_> {
    fn check<'a>(
        &self,
        earlier: impl Iterator<Item = &'a Condition>,
        shadowed: &str,
        budget: &mut Budget,
        findings: &mut Vec<LintFinding>,
    ) {
        let mut goals = vec![Goal::new(self.when, Must::True)];
        let witness = match find(&goals, budget) {
            SearchResult::Yes(facts) => facts,
            SearchResult::No => {
                let path = format!("{}.when", self.path);
                findings.push(LintFinding::new("never_true", Severity::Warning, path, CANNOT_HOLD));
                return;
            }
            SearchResult::Undecided => return undecided(self.path.clone(), findings),
        };
        goals.extend(earlier.map(|when| Goal::new(when, self.must_earlier)));
        if goals.len() == 1 {
            return;
        }
        match find(&goals, budget) {
            SearchResult::Yes(_) => {}
            SearchResult::No => findings.push(
                LintFinding::new("shadowed", Severity::Warning, self.path.clone(), shadowed)
                    .with_witness(Some(&witness)),
            ),
            SearchResult::Undecided => undecided(self.path.clone(), findings),
        }
    }
}

/// Criteria that read the same fact that may be unknown: the confidence takes them as independent.
fn correlated(rubric: &Rubric, findings: &mut Vec<LintFinding>) {
    let mut readers: BTreeMap<Field, Vec<&Criterion>> = BTreeMap::new();
    for criterion in &rubric.criteria {
        for field in criterion.reads.iter().filter(|field| field.source() == FactSource::Provider) {
            readers.entry(field).or_default().push(criterion);
        }
    }
    for (field, criteria) in readers.into_iter().filter(|(_, criteria)| criteria.len() > 1) {
        let ids: Vec<_> = criteria.iter().map(|criterion| criterion.id.as_str()).collect();
        let message = format!(
            "`{}` all read `{}`: while it is unknown, the confidence treats them as independent; make them bands of \
             one criterion",
            ids.join("`, `"),
            field.path()
        );
        findings.push(LintFinding::new("correlated", Severity::Note, "criteria", message));
    }
}

/// Overrides that never decide.
pub(super) fn overrides(rubric: &Rubric, budget: &mut Budget, findings: &mut Vec<LintFinding>) {
    for (index, line) in rubric.overrides.iter().enumerate() {
        let earlier = rubric.overrides.iter().take(index).map(|line| &line.when);
        let line = RuleLine { path: format!("overrides[{index}]"), when: &line.when, must_earlier: Must::NotTrue };
        line.check(earlier, "an earlier override matches every lead that this one matches", budget, findings);
    }
}

/// Territories that never hold a lead, and overlaps that only the order of the file decides.
pub(super) fn territories(rubric: &Rubric, budget: &mut Budget, findings: &mut Vec<LintFinding>) {
    let tried: Vec<(usize, &Territory)> =
        rubric.territory_order.iter().filter_map(|index| Some((*index, rubric.territories.get(*index)?))).collect();
    for (position, (index, territory)) in tried.iter().enumerate() {
        let earlier = tried.iter().take(position).map(|(_, territory)| &territory.when);
        let line =
            RuleLine { path: format!("territories[{index}]"), when: &territory.when, must_earlier: Must::NotTrue };
        let message = "a territory that is checked earlier contains every lead of this one";
        line.check(earlier, message, budget, findings);
    }
    let mut all_decided = true;
    for (position, (index, territory)) in tried.iter().enumerate() {
        let same_rank = tried.iter().take(position).filter(|(_, other)| other.priority == territory.priority);
        let above = || tried.iter().filter(|(_, other)| other.priority > territory.priority);
        for (other_index, other) in same_rank {
            let both = [Goal::new(&territory.when, Must::True), Goal::new(&other.when, Must::True)];
            let goals: Vec<_> =
                both.into_iter().chain(above().map(|(_, line)| Goal::new(&line.when, Must::NotTrue))).collect();
            match find(&goals, budget) {
                SearchResult::Yes(facts) => findings.push(overlap((*index, territory), (*other_index, other), &facts)),
                SearchResult::No => {}
                SearchResult::Undecided => all_decided = false,
            }
        }
    }
    if !all_decided {
        let message = "too many combinations to prove whether territories overlap";
        findings.push(LintFinding::new("undecided", Severity::Note, "territories", message));
    }
}

fn overlap((index, territory): (usize, &Territory), (_, other): (usize, &Territory), facts: &Facts) -> LintFinding {
    let message = format!(
        "a lead can lie in `{}` and in `{}`, and only their order in the file decides; give one of them a higher `priority`",
        other.id, territory.id
    );
    let path = format!("territories[{index}]");
    LintFinding::new("overlap", Severity::Warning, path, message).with_witness(Some(facts))
}

/// Routes that never take a lead.
pub(super) fn routes(rubric: &Rubric, budget: &mut Budget, findings: &mut Vec<LintFinding>) {
    for (index, route) in rubric.routes.iter().enumerate() {
        let path = format!("routes[{index}]");
        let alone = route.when.as_ref().map(|when| find(&[Goal::new(when, Must::True)], budget));
        match alone {
            Some(SearchResult::No) => {
                let path = format!("{path}.when");
                findings.push(LintFinding::new("never_true", Severity::Warning, path, CANNOT_HOLD));
            }
            Some(SearchResult::Undecided) => undecided(path, findings),
            alone => match takes_any(rubric, index, route, budget) {
                SearchResult::Yes(_) => {}
                SearchResult::No => {
                    let message = "an earlier route matches every lead that this one matches";
                    let facts =
                        alone.and_then(|answer| if let SearchResult::Yes(facts) = answer { Some(facts) } else { None });
                    let finding = LintFinding::new("shadowed", Severity::Warning, path, message);
                    findings.push(finding.with_witness(facts.as_deref()));
                }
                SearchResult::Undecided => undecided(path, findings),
            },
        }
    }
}

/// Looks for a lead that the route takes and no earlier one does, in any tier and territory.
fn takes_any(rubric: &Rubric, index: usize, route: &Route, budget: &mut Budget) -> SearchResult {
    let mut answer = SearchResult::No;
    let places: Vec<Option<&TerritoryId>> = if route.territories.is_empty() {
        std::iter::once(None).chain(rubric.territories.iter().map(|territory| Some(&territory.id))).collect()
    } else {
        route.territories.iter().map(Some).collect()
    };
    for tier in rubric.tiers().filter(|tier| route.tiers.is_empty() || route.tiers.contains(&tier.id)) {
        for place in &places {
            let earlier = || rubric.routes.iter().take(index).filter(|line| line.takes(&tier.id, *place));
            if earlier().any(|line| line.when.is_none()) {
                continue;
            }
            let mut goals: Vec<_> = route.when.iter().map(|when| Goal::new(when, Must::True)).collect();
            goals.extend(earlier().filter_map(|line| line.when.as_ref()).map(|when| Goal::new(when, Must::NotTrue)));
            goals.extend(in_territory(rubric, *place));
            match find(&goals, budget) {
                SearchResult::Yes(facts) => return SearchResult::Yes(facts),
                SearchResult::No => {}
                SearchResult::Undecided => answer = SearchResult::Undecided,
            }
        }
    }
    answer
}

/// What makes a lead lie in this territory, or in none.
fn in_territory<'a>(rubric: &'a Rubric, place: Option<&TerritoryId>) -> Vec<Goal<'a>> {
    let mut goals = Vec::new();
    for territory in rubric.territories_tried() {
        if Some(&territory.id) == place {
            goals.push(Goal::new(&territory.when, Must::True));
            return goals;
        }
        goals.push(Goal::new(&territory.when, Must::NotTrue));
    }
    goals
}
