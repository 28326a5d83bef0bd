//! Conditions: true, false or unknown.
//!
//! A compiled [`Condition`] is evaluated against [`Facts`] without allocation. A test of a fact that is missing
//! is unknown when a provider could have told ([`FactSource::Provider`]) and false otherwise; `known` is never
//! unknown for a final decision. `all`, `any` and `not` follow the strong logic of Kleene, so that learning a
//! fact never turns true into false or back.

use crate::facts::{FactSource, FactValue, Facts, Field, FieldSet};
use crate::rubric::words::{WordPhrase, fold as fold_case, has_any};
use crate::time::Timestamp;
use std::cmp::Ordering;

/// What a condition says about a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// It depends on a fact that is not known.
    Unknown,
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// What an evaluation needs besides the facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Now, for the windows of signals.
    pub now: Timestamp,
    /// Fields whose value may still be learned or replaced: every test of them is unknown. Empty for a
    /// decision on what is known.
    pub open: FieldSet,
}

impl Scope {
    /// The scope of a decision on what is known at `now`.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self { now, open: FieldSet::EMPTY }
    }
}

/// A set of truths: what a condition can still turn out to be in the final decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Truths(u8);

impl Truths {
    const FALSE: u8 = 1;
    const UNKNOWN: u8 = 2;
    const TRUE: u8 = 4;
    /// Anything, also that the fact stays unknown.
    const ANY: Self = Self(7);
    /// Known by then, one way or the other.
    const DECIDED: Self = Self(5);

    const fn only(truth: Truth) -> Self {
        Self(match truth {
            Truth::False => Self::FALSE,
            Truth::Unknown => Self::UNKNOWN,
            Truth::True => Self::TRUE,
        })
    }

    /// Whether it can be true.
    pub(super) const fn may_be_true(self) -> bool {
        self.0 & Self::TRUE != 0
    }

    /// Whether it is true whatever happens.
    pub(super) const fn is_true(self) -> bool {
        self.0 == Self::TRUE
    }

    /// Whether it can be false.
    pub(super) const fn may_be_false(self) -> bool {
        self.0 & Self::FALSE != 0
    }

    /// Whether it is false whatever happens.
    pub(super) const fn is_false(self) -> bool {
        self.0 == Self::FALSE
    }

    /// The one truth that is left, or `None` when there are several.
    pub(super) const fn single(self) -> Option<Truth> {
        match self.0 {
            Self::FALSE => Some(Truth::False),
            Self::UNKNOWN => Some(Truth::Unknown),
            Self::TRUE => Some(Truth::True),
            _ => None,
        }
    }

    /// The possible minima of a member of each (False < Unknown < True).
    const fn and(self, other: Self) -> Self {
        let both = self.0 & other.0;
        let mut out = (self.0 | other.0) & Self::FALSE;
        // Unknown is the smaller one when either side may be unknown and the other is not false.
        if (self.0 & Self::UNKNOWN != 0 && other.0 > Self::FALSE)
            || (other.0 & Self::UNKNOWN != 0 && self.0 > Self::FALSE)
        {
            out |= Self::UNKNOWN;
        }
        Self(out | (both & Self::TRUE))
    }

    const fn not(self) -> Self {
        let swapped = ((self.0 & Self::FALSE) << 2) | ((self.0 & Self::TRUE) >> 2);
        Self(swapped | (self.0 & Self::UNKNOWN))
    }

    const fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }
}

/// A condition, checked and compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    node: Node,
    reads: FieldSet,
    known_tests: FieldSet,
}

impl Condition {
    pub(super) fn new(node: Node) -> Self {
        let (reads, known_tests) = (node.reads(false), node.reads(true));
        Self { node, reads, known_tests }
    }

    /// What the condition says about a lead of which `facts` are known.
    #[must_use]
    pub fn eval(&self, facts: &Facts, scope: &Scope) -> Truth {
        self.node.eval(facts, scope)
    }

    /// The fields that it reads. The sender's own fields and signals are not among them: they never change.
    #[must_use]
    pub const fn reads(&self) -> FieldSet {
        self.reads
    }

    /// The provider fields of which it asks whether they are known.
    pub(super) const fn known_tests(&self) -> FieldSet {
        self.known_tests
    }

    /// What it can still turn out to be once the open fields of `scope` are settled: each of them learned with any
    /// value, or missing for good when it is missing now. Parts are taken as independent, so the set may be too
    /// large, never too small.
    pub(super) fn reach(&self, facts: &Facts, scope: &Scope) -> Truths {
        if self.reads.intersection(scope.open).is_empty() {
            return Truths::only(self.node.eval(facts, scope));
        }
        self.node.reach(facts, scope)
    }

    /// The time of the latest signal that the condition asks for, not later than `now`.
    pub(super) fn latest_signal(&self, facts: &Facts, now: Timestamp) -> Option<Timestamp> {
        self.node.latest_signal(facts).map(|at| at.min(now))
    }

    pub(super) const fn node(&self) -> &Node {
        &self.node
    }
}

/// The tree of a condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    All(Box<[Self]>),
    Any(Box<[Self]>),
    Not(Box<Self>),
    Fact {
        field: Field,
        test: Test,
    },
    /// A field of the sender's own, by lower-case name.
    Own {
        name: Box<str>,
        test: Test,
    },
    Signal {
        name: Box<str>,
        within_ms: Option<i64>,
    },
}

/// A test of one value. Texts are lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    Known(bool),
    Flag(bool),
    /// Both ends included.
    Range {
        min: i64,
        max: i64,
    },
    /// Sorted.
    Numbers(Box<[i64]>),
    /// Sorted.
    Texts(Box<[Box<str>]>),
    Words(Box<[WordPhrase]>),
    Prefixes(Box<[Box<str>]>),
    Members(Box<[Box<str>]>),
}

impl Test {
    pub(super) fn holds(&self, value: &FactValue) -> bool {
        match (self, value) {
            (Self::Known(known), _) => *known,
            (Self::Flag(flag), FactValue::Flag(value)) => flag == value,
            (Self::Range { min, max }, FactValue::Number(value)) => (min..=max).contains(&value),
            (Self::Numbers(numbers), FactValue::Number(value)) => numbers.binary_search(value).is_ok(),
            (Self::Members(wanted), FactValue::Set(members)) => {
                members.iter().any(|member| wanted.iter().any(|text| compare(text, member).is_eq()))
            }
            (_, FactValue::Text(text)) => self.holds_for_text(text),
            _ => false,
        }
    }

    /// The same for a text; a range reads it as a whole number, which a text that is none is not in.
    fn holds_for_text(&self, text: &str) -> bool {
        match self {
            Self::Known(known) => *known,
            Self::Texts(texts) => texts.binary_search_by(|wanted| compare(wanted, text)).is_ok(),
            Self::Words(phrases) => has_any(text, phrases),
            Self::Prefixes(prefixes) => prefixes.iter().any(|prefix| starts_with(text, prefix)),
            Self::Range { min, max } => text.trim().parse().is_ok_and(|value: i64| (*min..=*max).contains(&value)),
            Self::Flag(_) | Self::Numbers(_) | Self::Members(_) => false,
        }
    }

    /// What a missing value means.
    fn missing(&self, source: FactSource) -> Truth {
        match (self, source) {
            (Self::Known(known), _) => Truth::from(!known),
            (_, FactSource::Provider) => Truth::Unknown,
            (_, FactSource::Sender | FactSource::Account) => Truth::False,
        }
    }
}

/// Order of `wanted`, which is folded to one case, and `text` folded likewise. The order of bytes is that of characters.
fn compare(wanted: &str, text: &str) -> Ordering {
    if text.is_ascii() {
        return wanted.bytes().cmp(text.bytes().map(|b| b.to_ascii_lowercase()));
    }
    wanted.chars().cmp(text.chars().map(fold_case))
}

/// Whether `text` begins with `prefix`, which is folded to one case.
fn starts_with(text: &str, prefix: &str) -> bool {
    let mut chars = text.chars().map(fold_case);
    prefix.chars().all(|wanted| chars.next() == Some(wanted))
}

impl Node {
    fn eval(&self, facts: &Facts, scope: &Scope) -> Truth {
        match self {
            Self::All(parts) => fold(parts, Truth::False, Truth::True, |part| part.eval(facts, scope)),
            Self::Any(parts) => fold(parts, Truth::True, Truth::False, |part| part.eval(facts, scope)),
            Self::Not(part) => match part.eval(facts, scope) {
                Truth::True => Truth::False,
                Truth::False => Truth::True,
                Truth::Unknown => Truth::Unknown,
            },
            Self::Fact { field, test } => match facts.value(*field) {
                Some(_) if scope.open.contains(*field) && !matches!(test, Test::Known(_)) => Truth::Unknown,
                Some(value) => Truth::from(test.holds(value)),
                None if scope.open.contains(*field) => Truth::Unknown,
                None => test.missing(field.source()),
            },
            Self::Own { name, test } => match facts.fields.get(&**name) {
                Some(text) => Truth::from(test.holds_for_text(text)),
                None => test.missing(FactSource::Sender),
            },
            Self::Signal { name, within_ms } => {
                let since = within_ms.map(|ms| scope.now.plus_ms(ms.saturating_neg()));
                let happened = |at: Timestamp| since.is_none_or(|since| at >= since);
                Truth::from(facts.signals.iter().any(|s| s.signal == **name && happened(s.at)))
            }
        }
    }

    fn reach(&self, facts: &Facts, scope: &Scope) -> Truths {
        match self {
            Self::All(parts) => {
                parts.iter().fold(Truths::only(Truth::True), |so_far, part| so_far.and(part.reach(facts, scope)))
            }
            Self::Any(parts) => {
                parts.iter().fold(Truths::only(Truth::False), |so_far, part| so_far.or(part.reach(facts, scope)))
            }
            Self::Not(part) => part.reach(facts, scope).not(),
            Self::Fact { field, test } if scope.open.contains(*field) => {
                let is_missing = facts.value(*field).is_none();
                match test {
                    Test::Known(_) if !is_missing => Truths::only(self.eval(facts, scope)),
                    Test::Known(_) => Truths::DECIDED,
                    _ if is_missing && field.source() == FactSource::Provider => Truths::ANY,
                    _ => Truths::DECIDED,
                }
            }
            Self::Fact { .. } | Self::Own { .. } | Self::Signal { .. } => Truths::only(self.eval(facts, scope)),
        }
    }

    /// The fields it reads, or only those provider fields that it asks `known` of.
    fn reads(&self, only_known_tests: bool) -> FieldSet {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().fold(FieldSet::EMPTY, |set, part| set.union(part.reads(only_known_tests)))
            }
            Self::Not(part) => part.reads(only_known_tests),
            Self::Fact { field, test } => {
                let is_known_test = matches!(test, Test::Known(_)) && field.source() == FactSource::Provider;
                if only_known_tests && !is_known_test { FieldSet::EMPTY } else { FieldSet::EMPTY.with(*field) }
            }
            Self::Own { .. } | Self::Signal { .. } => FieldSet::EMPTY,
        }
    }

    fn latest_signal(&self, facts: &Facts) -> Option<Timestamp> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().filter_map(|part| part.latest_signal(facts)).max(),
            // A signal that must not have happened says nothing about how fresh the interest is.
            Self::Not(_) | Self::Fact { .. } | Self::Own { .. } => None,
            Self::Signal { name, .. } => facts.signals.iter().filter(|s| s.signal == **name).map(|s| s.at).max(),
        }
    }

    /// Whether it asks for a signal, outside of `not`.
    pub(super) fn asks_for_signal(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::asks_for_signal),
            Self::Not(_) | Self::Fact { .. } | Self::Own { .. } => false,
            Self::Signal { .. } => true,
        }
    }
}

/// `stop` when one part is `stop`; otherwise unknown when one is; otherwise `neutral`.
fn fold(parts: &[Node], stop: Truth, neutral: Truth, mut eval: impl FnMut(&Node) -> Truth) -> Truth {
    let mut so_far = neutral;
    for part in parts {
        match eval(part) {
            truth if truth == stop => return stop,
            Truth::Unknown => so_far = Truth::Unknown,
            Truth::True | Truth::False => {}
        }
    }
    so_far
}
