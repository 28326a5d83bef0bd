//! Is there a lead that meets these goals?
//!
//! Fields are set one after the other to each of their classes. What is not set yet is open, and three-valued
//! evaluation tells when the goals can no longer be met, or are met whatever follows.

use crate::facts::{Facts, FieldSet};
use crate::rubric::condition::{Condition, Scope, Truths};
use crate::rubric::lint::cells::{Cell, Domain, Variable, domains, with};
use crate::rubric::lint::finding::now;

/// What a condition must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Must {
    True,
    False,
    /// False or unknown.
    NotTrue,
}

/// A condition and what it must come to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Goal<'a> {
    pub(super) condition: &'a Condition,
    pub(super) must: Must,
}

impl<'a> Goal<'a> {
    pub(super) const fn new(condition: &'a Condition, must: Must) -> Self {
        Self { condition, must }
    }

    /// Whether the goal can be met, and whether it is met whatever follows.
    fn outlook(&self, truths: Truths) -> (bool, bool) {
        match self.must {
            Must::True => (truths.may_be_true(), truths.is_true()),
            Must::False => (truths.may_be_false(), truths.is_false()),
            Must::NotTrue => (!truths.is_true(), !truths.may_be_true()),
        }
    }
}

/// The answer to a question.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SearchResult {
    /// This lead does.
    Yes(Box<Facts>),
    /// No lead does.
    No,
    /// Too large a question.
    Undecided,
}

/// Evaluations that are left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    left: u64,
}

/// Evaluations of one question; about a tenth of a second.
const QUESTION_MAX: u64 = 200_000;

/// What finding the classes of a question's values costs, in evaluations.
const SET_UP: u64 = 100;

impl Default for Budget {
    /// About two seconds for a whole rubric.
    fn default() -> Self {
        Self { left: 4_000_000 }
    }
}

/// Looks for a lead that meets every goal.
pub(super) fn find(goals: &[Goal<'_>], budget: &mut Budget) -> SearchResult {
    let share = budget.left.min(QUESTION_MAX);
    if share == 0 {
        return SearchResult::Undecided;
    }
    // What must be true narrows the search most, so its fields come first.
    let wanted = goals.iter().filter(|goal| goal.must != Must::NotTrue).map(|goal| goal.condition);
    let first = wanted.fold(FieldSet::EMPTY, |set, condition| set.union(condition.reads()));
    let mut domains = domains(goals.iter().map(|goal| goal.condition));
    domains.sort_by_key(|domain| matches!(&domain.variable, Variable::Field(field) if !first.contains(*field)));
    let mut search = Search { goals, left: share, is_complete: true };
    let answer = search.from(&Facts::default(), &domains);
    let spent = share.saturating_sub(search.left).saturating_add(SET_UP);
    budget.left = budget.left.saturating_sub(spent);
    match answer {
        SearchResult::No if !search.is_complete => SearchResult::Undecided,
        answer => answer,
    }
}

struct Search<'a> {
    goals: &'a [Goal<'a>],
    left: u64,
    is_complete: bool,
}

impl Search<'_> {
    fn from(&mut self, facts: &Facts, open: &[Domain]) -> SearchResult {
        let only_fields = open.iter().all(|domain| matches!(domain.variable, Variable::Field(_)));
        // Own fields and signals are not open to evaluation, so nothing is judged before they are set.
        if only_fields {
            match self.judged(facts, open) {
                Some(true) => return SearchResult::Yes(Box::new(facts.clone())),
                Some(false) => return SearchResult::No,
                None => {}
            }
        }
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return SearchResult::Undecided;
        }
        let Some((domain, rest)) = open.split_first() else { return SearchResult::Undecided };
        self.is_complete &= domain.is_complete;
        let mut answer = SearchResult::No;
        for cell in &domain.cells {
            let facts = if *cell == Cell::Missing { facts.clone() } else { with(facts, &domain.variable, cell) };
            match self.from(&facts, rest) {
                SearchResult::Yes(facts) => return SearchResult::Yes(facts),
                SearchResult::No => {}
                SearchResult::Undecided => answer = SearchResult::Undecided,
            }
        }
        answer
    }

    /// Whether the goals are met, or cannot be met, whatever the open fields come to.
    fn judged(&mut self, facts: &Facts, open: &[Domain]) -> Option<bool> {
        let fields = open.iter().filter_map(|domain| match domain.variable {
            Variable::Field(field) => Some(field),
            Variable::Own(_) | Variable::Signal(_) => None,
        });
        let scope = Scope { now: now(), open: fields.collect() };
        let mut all_met = true;
        for goal in self.goals {
            self.left = self.left.saturating_sub(1);
            let (can_be_met, is_met) = goal.outlook(goal.condition.reach(facts, &scope));
            if !can_be_met {
                return Some(false);
            }
            all_met &= is_met;
        }
        all_met.then_some(true)
    }
}
