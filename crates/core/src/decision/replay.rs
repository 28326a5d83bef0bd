//! A record decides again, and must come to the same decision, byte for byte.
//!
//! The rubric, the roster and the record are all there is to it: the plan is made anew from the facts, the questions
//! anew from the plan, and every question is answered by a pool rebuilt from the states that the record holds. What was
//! measured and not decided (what enrichment did, how long it took) is taken over.

use crate::decision::conclude::conclude;
use crate::decision::decide::query_all;
use crate::decision::index::RosterIndex;
use crate::decision::plan::plan;
use crate::decision::pools::split;
use crate::decision::record::{Decision, DecisionInputs, QueryResult, Record};
use crate::roster::model::{Rep, Team};
use crate::roster::prepared::PreparedPool;
use crate::rubric::Rubric;
use serde::Serialize;
use serde_json::Value;

/// Version of the record format that can be replayed.
pub const RECORD_VERSION: u32 = 1;

/// Most differences that are listed: one wrong input changes many lines, and the first ones say which.
pub const DIFFERENCES_MAX: usize = 20;

/// What a replay came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Replayed {
    /// The decision as made again.
    pub decision: Decision,
    /// Who was asked, in order.
    pub asked: Vec<QueryResult>,
    /// Where it differs from the record: the questions first, then the decision; empty when it is the same.
    pub differences: Vec<Difference>,
}

/// One value that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Where, such as `decision.assignment.rep_id`.
    pub path: String,
    /// What the record says; `None` when it says nothing there.
    pub recorded: Option<Value>,
    /// What the replay says.
    pub replayed: Option<Value>,
}

/// Why a record cannot be replayed with these inputs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The record was made by another version of the rubric.
    #[error("the record was made with rubric `{recorded}`, and this one is `{given}`")]
    OtherRubric {
        /// Version that the record names.
        recorded: String,
        /// Version of the rubric given.
        given: String,
    },
    /// The record is in a format that this version does not know.
    #[error("the record has format {0}, and this version replays format {RECORD_VERSION}")]
    OtherFormat(u32),
}

impl ReplayError {
    /// Stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OtherRubric { .. } => "other_rubric",
            Self::OtherFormat(_) => "other_format",
        }
    }
}

/// Makes the decision of a record again and compares.
///
/// # Errors
/// [`ReplayError`] when the inputs are not those of the record. A roster that was changed since shows as differences.
pub fn replay(record: &Record, rubric: &Rubric, teams: &[Team], reps: &[Rep]) -> Result<Replayed, ReplayError> {
    if record.v != RECORD_VERSION {
        return Err(ReplayError::OtherFormat(record.v));
    }
    if record.decision.rubric_version != rubric.version() {
        let recorded = record.decision.rubric_version.clone();
        return Err(ReplayError::OtherRubric { recorded, given: rubric.version().to_owned() });
    }
    let index = RosterIndex::new(teams, reps);
    let plan = plan(rubric, &record.known_facts(), record.context.now);
    let mut recorded = record.asked.iter();
    let asked = query_all(&plan, &record.view, &index, &record.context, |attempt, request| {
        let before = recorded.next();
        let states = before.map(|asked| asked.states.clone()).unwrap_or_default();
        let pool = split(teams, reps, &states).remove(&attempt.pool).unwrap_or_default();
        let first = before.and_then(|asked| asked.request.clone());
        let pick = PreparedPool::new(pool).0.pick(first.as_ref().unwrap_or(request));
        let roster_version = before.map(|asked| asked.roster_version.clone()).unwrap_or_default();
        QueryResult { attempt, request: first, pick, roster_version, states }
    });
    let inputs = DecisionInputs {
        plan: &plan,
        view: &record.view,
        context: &record.context,
        enrichment: record.decision.enrichment.clone(),
        mode: record.decision.mode,
        decision_no: record.decision_no,
        received_at: record.decision.decided_at.plus_ms(i64::from(record.decision.ms).saturating_neg()),
    };
    let decision = conclude(inputs, &index, &asked);
    let mut differences = Vec::new();
    differ("asked", value(&record.asked).as_ref(), value(&asked).as_ref(), &mut differences);
    differ("decision", value(&record.decision).as_ref(), value(&decision).as_ref(), &mut differences);
    Ok(Replayed { decision, asked, differences })
}

fn value<T: Serialize>(of: &T) -> Option<Value> {
    serde_json::to_value(of).ok()
}

/// Lists where two values differ, depth first, in the order of keys and items.
fn differ(path: &str, recorded: Option<&Value>, replayed: Option<&Value>, found: &mut Vec<Difference>) {
    if recorded == replayed || found.len() >= DIFFERENCES_MAX {
        return;
    }
    match (recorded, replayed) {
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let added = other.keys().filter(|key| !one.contains_key(*key));
            for key in one.keys().chain(added) {
                differ(&format!("{path}.{key}"), one.get(key), other.get(key), found);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            for index in 0..one.len().max(other.len()) {
                differ(&format!("{path}[{index}]"), one.get(index), other.get(index), found);
            }
        }
        _ => found.push(Difference { path: path.to_owned(), recorded: recorded.cloned(), replayed: replayed.cloned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_name_the_deepest_place() {
        let one = serde_json::json!({"a": [1, {"b": 2}], "c": 3});
        let other = serde_json::json!({"a": [1, {"b": 4}], "d": 5});
        let mut found = Vec::new();
        differ("x", Some(&one), Some(&other), &mut found);
        let paths: Vec<&str> = found.iter().map(|difference| difference.path.as_str()).collect();
        assert_eq!(paths, vec!["x.a[1].b", "x.c", "x.d"]);
    }
}
