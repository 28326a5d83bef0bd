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
mod roster;
mod rules;
mod search;
mod text_cells;
mod tiers;

use crate::facts::{FactValue, Facts};
use crate::roster::model::Pool;
use crate::rubric::model::Rubric;
use crate::time::{DAY_MS, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Leads will be lost from sight or routed to nobody.
    Error,
    /// A line does not do what somebody wrote it for.
    Warning,
    /// Worth knowing.
    Note,
}

/// A lead as the values that matter, by path. A signal is `signal.<name>` with its age in days, rounded up. What is not
/// named is not known.
pub type Witness = BTreeMap<String, FactValue>;

/// One finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LintFinding {
    /// Stable code.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// Where: a path in the rubric, or `teams.<id>` or `reps.<id>` of the roster.
    pub path: String,
    /// What is found and what to change.
    pub message: String,
    /// A lead that shows it, where one exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Witness>,
}

impl LintFinding {
    fn new(code: &'static str, severity: Severity, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, severity, path: path.into(), message: message.into(), witness: None }
    }

    fn with_witness(self, facts: Option<&Facts>) -> Self {
        Self { witness: facts.map(witness), ..self }
    }
}

/// The moment at which signals are aged: any one serves.
const NOW_MS: i64 = 1_704_067_200_000;

fn now() -> Timestamp {
    Timestamp::from_ms(NOW_MS)
}

fn witness(facts: &Facts) -> Witness {
    let known = facts.iter().map(|(field, fact)| (field.path().to_owned(), fact.value.clone()));
    let own = facts.fields.iter().map(|(name, text)| (format!("lead.fields.{name}"), FactValue::Text(text.clone())));
    let signals = facts.signals.iter().map(|signal| {
        let ms = now().ms_since(signal.at);
        let days = ms.saturating_add(DAY_MS.saturating_sub(1)).checked_div(DAY_MS).unwrap_or(0);
        (format!("signal.{}", signal.signal), FactValue::Number(days))
    });
    known.chain(own).chain(signals).collect()
}

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
