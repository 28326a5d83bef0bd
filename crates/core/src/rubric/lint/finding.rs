//! A finding, and the lead that shows it.

use crate::facts::{FactValue, Facts};
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
    pub(super) fn new(
        code: &'static str,
        severity: Severity,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { code, severity, path: path.into(), message: message.into(), witness: None }
    }

    pub(super) fn with_witness(self, facts: Option<&Facts>) -> Self {
        Self { witness: facts.map(witness), ..self }
    }
}

/// The time at which signals are aged: any one serves.
const NOW_MS: i64 = 1_704_067_200_000;

pub(super) fn now() -> Timestamp {
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
