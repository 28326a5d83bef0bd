//! What is unwise in a rubric that is correct: found by proof, not by trying.
//!
//! Every condition tests single values, so a field's values fall into finitely many classes that the tests of a
//! question cannot tell apart (`cells`). `search` goes through the classes of the fields of a question, prunes
//! with three-valued evaluation, and evaluates with the same code that decides leads. A finding is therefore certain
//! for every lead, and has a witness lead where one exists. A question that is too large to finish is reported as
//! `undecided`, never guessed.
//!
//! Codes of findings: `never_true`, `shadowed`, `overlap`, `correlated`, `unreachable_tier`, `automatic_tier`,
//! `undecided`; with a roster also `unknown_team`, `unknown_rep`, `inactive_rep`, `unknown_territory`, `empty_team`,
//! `unused_team`, `no_catch_all`, `never_picked`, `sla_never_met`, `sla_gap`.

mod cells;
mod finding;
mod number_cells;
mod roster;
mod rules;
mod search;
mod text_cells;
mod tiers;

pub use finding::{LintFinding, Severity, Witness};

use crate::roster::model::Pool;
use crate::rubric::model::Rubric;

/// Everything unwise in a rubric, and with a roster also in how the two fit together.
///
/// The order is that of the sections of the file, then teams, then reps. Nothing found is an empty list.
#[must_use]
pub fn lint(rubric: &Rubric, pool: Option<&Pool>) -> Vec<LintFinding> {
    let mut findings = Vec::new();
    let mut budget = search::Budget::default();
    rules::criteria(rubric, &mut budget, &mut findings);
    tiers::tiers(rubric, &mut findings);
    rules::overrides(rubric, &mut budget, &mut findings);
    rules::territories(rubric, &mut budget, &mut findings);
    rules::routes(rubric, &mut budget, &mut findings);
    if let Some(pool) = pool {
        roster::roster(rubric, pool, &mut findings);
    }
    findings
}
