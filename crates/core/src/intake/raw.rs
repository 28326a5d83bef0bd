//! What a sender said, before anything is judged.

use crate::error::Problem;
use crate::intake::alias::LeadField;
use crate::intake::meaning::FoundBy;
use crate::limits::{ECHO_CHARS_MAX, FIELDS_MAX};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of a field after its meaning is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// A field of the contract.
    Known(LeadField),
    /// One of the sender's own, lower case.
    Own(String),
}

impl Name {
    /// Where a problem with the field is reported: `email`, `fields.budget`. Long own names are cut.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Known(known) => known.path().to_owned(),
            Self::Own(name) => format!("fields.{}", echo(name)),
        }
    }
}

/// A name from the sender as it may be repeated in an answer: cut, without control characters.
pub(super) fn echo(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).take(ECHO_CHARS_MAX).collect()
}

/// The problem with a body of too many fields.
pub(super) fn too_many_fields() -> Problem {
    Problem::new("fields", "too_many_fields", format!("a lead may have {FIELDS_MAX} fields at most"))
}

/// A field and its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Pair {
    /// Name.
    pub name: Name,
    /// Text as sent.
    pub value: String,
}

/// An intent signal as sent.
#[derive(Clone, PartialEq, Eq)]
pub struct RawSignal {
    /// Where it stood, such as `intent[0]`.
    pub path: String,
    /// Name of the signal.
    pub signal: Option<String>,
    /// When it happened; the moment of receipt when missing.
    pub at: Option<String>,
}

/// Something about the submission that was left out without refusing it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Note {
    /// Which field.
    pub path: String,
    /// Stable code: `file_dropped`, `found_by_question`, `kept_as_typed`.
    pub code: String,
}

/// Which of the sender's fields a known field was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundField {
    /// The field.
    pub field: LeadField,
    /// The sender's name of it.
    pub sent: String,
    /// How its meaning was found.
    pub by: FoundBy,
}

/// What a sender said, in the order of the body. Its debug form shows names only.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RawLead {
    /// Fields with their texts; each name once.
    pub pairs: Vec<Pair>,
    /// Intent signals.
    pub signals: Vec<RawSignal>,
    /// What is wrong with the body's shape; reported together with what is wrong with the values.
    pub problems: Vec<Problem>,
    /// What was left out or guessed.
    pub notes: Vec<Note>,
    /// Where the known fields were read from; those that nobody sent are missing.
    pub found: Vec<FoundField>,
}

impl fmt::Debug for RawLead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.pairs.iter().map(|pair| pair.name.path()).collect();
        f.debug_struct("RawLead").field("names", &names).field("problems", &self.problems).finish_non_exhaustive()
    }
}

impl RawLead {
    /// Whether there is an address, good or bad.
    #[must_use]
    pub fn has_email(&self) -> bool {
        self.pairs.iter().any(|pair| pair.name == Name::Known(LeadField::Email))
    }

    /// Sets a known field unless the sender has: the form's id from the path, the language from a header.
    pub fn set_default(&mut self, known: LeadField, value: &str) {
        if self.pairs.iter().all(|pair| pair.name != Name::Known(known)) {
            self.set(known, value);
        }
    }

    /// Sets a known field, whatever the sender said.
    pub fn set(&mut self, known: LeadField, value: &str) {
        let name = Name::Known(known);
        match self.pairs.iter_mut().find(|pair| pair.name == name) {
            Some(pair) => value.clone_into(&mut pair.value),
            None => self.pairs.push(Pair { name, value: value.to_owned() }),
        }
    }
}
