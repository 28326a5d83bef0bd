//! The values of a field that a set of conditions can tell apart.
//!
//! For each field, own field and signal that the conditions read, one representative of every class of values on which
//! all tests agree, and "missing". A statement about all representatives is a statement about all values.

use crate::facts::{Fact, FactKind, FactValue, Facts, Field, Signal};
use crate::id::ProviderId;
use crate::rubric::condition::{Condition, Node, Test};
use crate::rubric::lint::finding::now;
use crate::rubric::lint::number_cells::{CANDIDATES_MAX, numbers};
use crate::rubric::lint::text_cells::texts;
use std::collections::{BTreeMap, BTreeSet};

/// What a condition can read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Variable {
    /// A field of the sender's own.
    Own(Box<str>),
    Signal(Box<str>),
    Field(Field),
}

/// A class of values.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Missing,
    Value(FactValue),
    /// The latest signal is so old.
    AgeMs(i64),
}

/// The classes of one variable.
#[derive(Debug, Clone)]
pub(super) struct Domain {
    pub(super) variable: Variable,
    /// "Missing" first.
    pub(super) cells: Vec<Cell>,
    /// Whether every value is in one of the classes. When not, only witnesses can be found, nothing can be ruled out.
    pub(super) is_complete: bool,
}

#[derive(Default)]
struct CellUses<'a> {
    tests: BTreeMap<Variable, Vec<&'a Test>>,
    windows: BTreeMap<Variable, Vec<i64>>,
}

/// The domains of everything that the conditions read: own fields and signals first.
pub(super) fn domains<'a>(conditions: impl IntoIterator<Item = &'a Condition>) -> Vec<Domain> {
    let mut uses = CellUses::default();
    conditions.into_iter().for_each(|condition| uses.collect(condition.node()));
    let signals = uses.windows.into_iter().map(|(variable, windows)| {
        let ages = windows.iter().flat_map(|ms| [*ms, ms.saturating_add(1)]).chain([0]);
        let mut ages: Vec<i64> = ages.collect();
        ages.sort_unstable();
        ages.dedup();
        let cells = std::iter::once(Cell::Missing).chain(ages.into_iter().map(Cell::AgeMs)).collect();
        Domain { variable, cells, is_complete: true }
    });
    let fields = uses.tests.into_iter().map(|(variable, tests)| {
        let (values, is_complete) = values(&variable, &tests);
        let cells = std::iter::once(Cell::Missing).chain(values.into_iter().map(Cell::Value)).collect();
        Domain { variable, cells, is_complete }
    });
    let mut domains: Vec<Domain> = signals.chain(fields).collect();
    domains.sort_by(|a, b| a.variable.cmp(&b.variable));
    domains
}

impl<'a> CellUses<'a> {
    fn collect(&mut self, node: &'a Node) {
        match node {
            Node::All(parts) | Node::Any(parts) => parts.iter().for_each(|part| self.collect(part)),
            Node::Not(part) => self.collect(part),
            Node::Fact { field, test } => self.tests.entry(Variable::Field(*field)).or_default().push(test),
            Node::Own { name, test } => self.tests.entry(Variable::Own(name.clone())).or_default().push(test),
            Node::Signal { name, within_ms } => {
                self.windows.entry(Variable::Signal(name.clone())).or_default().extend(within_ms);
            }
        }
    }
}

/// Representatives of the values of a variable, without repeats, and whether they are all.
fn values(variable: &Variable, tests: &[&Test]) -> (Vec<FactValue>, bool) {
    let (kind, field) = match variable {
        Variable::Field(field) => (field.kind(), Some(*field)),
        Variable::Own(_) | Variable::Signal(_) => (FactKind::Text, None),
    };
    let (candidates, is_complete): (Vec<FactValue>, bool) = match kind {
        FactKind::Flag => (vec![FactValue::Flag(true), FactValue::Flag(false)], true),
        FactKind::Number => (numbers(tests).into_iter().map(FactValue::Number).collect(), true),
        FactKind::Text => {
            let (texts, is_complete) = texts(field, tests);
            (texts.into_iter().map(FactValue::Text).collect(), is_complete)
        }
        FactKind::Set => sets(tests),
    };
    let mut seen: BTreeSet<Vec<bool>> = BTreeSet::new();
    let is_new = |value: &FactValue| seen.insert(tests.iter().map(|test| test.holds(value)).collect());
    (candidates.into_iter().filter(is_new).collect(), is_complete)
}

/// Sets that make every satisfiable combination of tests true: one member, or none, for each test.
fn sets(tests: &[&Test]) -> (Vec<FactValue>, bool) {
    let mut sets: Vec<Vec<String>> = vec![vec!["other".to_owned()]];
    for test in tests {
        let Test::Members(members) = test else { continue };
        let with = |set: &Vec<String>, member: &str| {
            let mut set = set.clone();
            set.push(member.to_owned());
            set.sort();
            set.dedup();
            set
        };
        let grown = sets.iter().flat_map(|set| members.iter().map(move |member| with(set, member)));
        let grown: Vec<_> = grown.take(CANDIDATES_MAX).collect();
        sets.extend(grown);
        if sets.len() >= CANDIDATES_MAX {
            return (sets.into_iter().map(FactValue::Set).collect(), false);
        }
    }
    (sets.into_iter().map(FactValue::Set).collect(), true)
}

/// Facts with one more variable set.
pub(super) fn with(facts: &Facts, variable: &Variable, cell: &Cell) -> Facts {
    let mut facts = facts.clone();
    match (variable, cell) {
        (Variable::Field(field), Cell::Value(value)) => {
            if let Ok(provider) = ProviderId::new("lint") {
                facts.set(*field, Fact { value: value.clone(), provider, at: now() });
            }
        }
        (Variable::Own(name), Cell::Value(FactValue::Text(text))) => {
            facts.fields.insert(name.to_string(), text.clone());
        }
        (Variable::Signal(name), Cell::AgeMs(age_ms)) => {
            facts.signals.push(Signal { signal: name.to_string(), at: now().plus_ms(age_ms.saturating_neg()) });
            facts.signals.sort();
        }
        _ => {}
    }
    facts
}
