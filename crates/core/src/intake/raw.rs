//! What a sender said, before anything is judged.

use crate::error::Problem;
use crate::intake::alias::{FieldMap, LeadField};
use crate::limits::{ECHO_CHARS_MAX, FIELDS_MAX};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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
pub struct Note {
    /// Which field.
    pub path: String,
    /// Stable code: `file_dropped`, `characters_replaced`.
    pub code: String,
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
    /// What was left out.
    pub notes: Vec<Note>,
}

impl fmt::Debug for RawLead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.pairs.iter().map(|pair| pair.name.path()).collect();
        f.debug_struct("RawLead").field("names", &names).field("problems", &self.problems).finish_non_exhaustive()
    }
}

/// How sure a name's meaning is; the surest one gets the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Surety {
    Alias,
    Contract,
    Map,
}

/// A name of the body with all its texts.
struct ValueGroup {
    sent: String,
    meaning: Name,
    surety: Surety,
    values: Vec<String>,
}

/// Names that forms carry for their own machinery. They say nothing about the lead and are left out.
const MACHINERY: [&str; 16] = [
    "__requestverificationtoken",
    "_csrf",
    "_csrf_token",
    "_gotcha",
    "_token",
    "_wp_http_referer",
    "_wpnonce",
    "authenticity_token",
    "cf-turnstile-response",
    "csrf",
    "csrf_token",
    "csrfmiddlewaretoken",
    "frc-captcha-solution",
    "g-recaptcha-response",
    "h-captcha-response",
    "utf8",
];

impl RawLead {
    /// Gives every name its meaning.
    ///
    /// - The form's own map goes before the names of the contract, and those before aliases. When several names mean
    ///   the same field, the surest has it, then the first; the others are kept as the sender's own fields.
    /// - Texts of a repeated name (checkboxes) are joined with `, `, equal ones once. An `email` that is repeated
    ///   with different texts is a problem, since nobody can tell which one is meant.
    /// - Fields without a text are left out.
    /// - More pairs than a lead may have fields are a problem, and are not looked at.
    #[must_use]
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>, map: &FieldMap) -> Self {
        let mut pairs = pairs.into_iter();
        let groups = grouped(pairs.by_ref().take(FIELDS_MAX), map);
        let mut holders: BTreeMap<LeadField, (Surety, usize)> = BTreeMap::new();
        for (index, group) in groups.iter().enumerate() {
            let Name::Known(known) = group.meaning else { continue };
            let holder = holders.entry(known).or_insert((group.surety, index));
            if group.surety > holder.0 {
                *holder = (group.surety, index);
            }
        }
        let mut raw = Self::default();
        for (index, group) in groups.into_iter().enumerate() {
            let name = match group.meaning {
                Name::Known(known) if holders.get(&known).is_none_or(|holder| holder.1 != index) => {
                    Name::Own(own_name(&group.sent))
                }
                name => name,
            };
            raw.push(name, group.values);
        }
        if pairs.next().is_some() {
            raw.problems.push(too_many_fields());
        }
        raw
    }

    /// Which of the names that were sent stands behind a field, by the field's path. The surest name has it, then the
    /// first; names of machinery stand behind none.
    #[must_use]
    pub fn sent_names<'a>(names: impl IntoIterator<Item = &'a str>, map: &FieldMap) -> BTreeMap<String, String> {
        let mut sent: BTreeMap<String, (Surety, &str)> = BTreeMap::new();
        for name in names {
            let bare = name.trim().trim_end_matches("[]");
            if bare.is_empty() || is_machinery(bare) {
                continue;
            }
            let (meaning, surety) = meaning(bare, map);
            let holder = sent.entry(meaning.path()).or_insert((surety, name));
            if surety > holder.0 {
                *holder = (surety, name);
            }
        }
        sent.into_iter().map(|(path, (_, name))| (path, echo(name))).collect()
    }

    fn push(&mut self, name: Name, values: Vec<String>) {
        if name == Name::Known(LeadField::Email) && values.len() > 1 {
            let message = "the address is sent several times with different texts; send it once";
            self.problems.push(Problem::new(name.path(), "conflicting_values", message));
        }
        let value = values.join(", ");
        match self.pairs.iter_mut().find(|pair| pair.name == name) {
            Some(pair) => {
                pair.value.push_str(", ");
                pair.value.push_str(&value);
            }
            None => self.pairs.push(Pair { name, value }),
        }
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

/// Names with their meaning and all their texts, in the order of their first appearance.
fn grouped(pairs: impl IntoIterator<Item = (String, String)>, map: &FieldMap) -> Vec<ValueGroup> {
    let mut groups: Vec<ValueGroup> = Vec::new();
    for (sent, value) in pairs {
        let name = sent.trim().trim_end_matches("[]");
        if name.is_empty() || value.trim().is_empty() || is_machinery(name) {
            continue;
        }
        match groups.iter_mut().find(|group| group.sent == name) {
            Some(group) if group.values.contains(&value) => {}
            Some(group) => group.values.push(value),
            None => {
                let (meaning, surety) = meaning(name, map);
                groups.push(ValueGroup { sent: name.to_owned(), meaning, surety, values: vec![value] });
            }
        }
    }
    groups
}

fn is_machinery(name: &str) -> bool {
    name.starts_with("_wpcf7") || MACHINERY.iter().any(|other| other.eq_ignore_ascii_case(name))
}

fn meaning(name: &str, map: &FieldMap) -> (Name, Surety) {
    match map.resolve(name) {
        Some(Ok(known)) => return (Name::Known(known), Surety::Map),
        Some(Err(own)) => return (Name::Own(own.to_owned()), Surety::Map),
        None => {}
    }
    if is_own(name) {
        return (Name::Own(own_name(name)), Surety::Contract);
    }
    let lower = name.to_lowercase();
    let utm = || lower.strip_prefix("utm_").and_then(|rest| LeadField::from_path(&format!("utm.{rest}")));
    if let Some(known) = LeadField::from_path(&lower).or_else(utm) {
        return (Name::Known(known), Surety::Contract);
    }
    match LeadField::from_alias(name) {
        Some(known) => (Name::Known(known), Surety::Alias),
        None => (Name::Own(own_name(name)), Surety::Alias),
    }
}

/// Whether the sender says that the field is one of its own: `fields.budget`, `fields[budget]`.
fn is_own(name: &str) -> bool {
    name.starts_with("fields.") || name.starts_with("fields[")
}

fn own_name(name: &str) -> String {
    let bare = match name.strip_prefix("fields[") {
        Some(inner) => inner.strip_suffix(']').unwrap_or(inner),
        None => name.strip_prefix("fields.").unwrap_or(name),
    };
    bare.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> RawLead {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        RawLead::from_pairs(pairs, &FieldMap::default())
    }

    fn value<'a>(raw: &'a RawLead, path: &str) -> Option<&'a str> {
        raw.pairs.iter().find(|pair| pair.name.path() == path).map(|pair| pair.value.as_str())
    }

    #[test]
    fn the_contract_name_goes_before_an_alias_and_nothing_is_lost() {
        let raw = read(&[("work email", "w@a.example"), ("email", "p@b.example"), ("mail", "m@c.example")]);
        assert_eq!(value(&raw, "email"), Some("p@b.example"));
        assert_eq!(value(&raw, "fields.work email"), Some("w@a.example"));
        assert_eq!(value(&raw, "fields.mail"), Some("m@c.example"));
        assert_eq!(raw.problems, vec![]);
    }

    #[test]
    fn repeated_names_are_joined_and_equal_texts_count_once() {
        let raw = read(&[("interest", "a"), ("interest", "b"), ("interest[]", "a"), ("interest", " ")]);
        assert_eq!(value(&raw, "fields.interest"), Some("a, b"));
    }

    #[test]
    fn a_repeated_address_must_be_the_same() {
        assert_eq!(read(&[("email", "a@a.example"), ("email", "a@a.example")]).problems, vec![]);
        let raw = read(&[("email", "a@a.example"), ("email", "b@a.example")]);
        assert_eq!(raw.problems[0].code, "conflicting_values");
    }

    #[test]
    fn own_names_are_lower_case_and_merge() {
        let raw = read(&[("fields[Budget]", "1"), ("budget", "2"), ("fields.title", "3")]);
        assert_eq!(value(&raw, "fields.budget"), Some("1, 2"));
        assert_eq!(value(&raw, "fields.title"), Some("3"));
    }

    #[test]
    fn the_forms_map_decides_first() {
        let entries = [("email", "fields.spouse"), ("q7", "email")];
        let entries = entries.iter().map(|(name, target)| ((*name).into(), (*target).into())).collect();
        let map = FieldMap::new(&entries).unwrap();
        let pairs = [("email", "x@a.example"), ("Q7", "y@a.example")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        let raw = RawLead::from_pairs(pairs, &map);
        assert_eq!(value(&raw, "email"), Some("y@a.example"));
        assert_eq!(value(&raw, "fields.spouse"), Some("x@a.example"));
    }

    #[test]
    fn what_is_beyond_the_limit_of_fields_is_a_problem() {
        let pairs = |count: usize| (0..count).map(|index| (format!("f{index}"), "x".to_owned()));
        assert_eq!(RawLead::from_pairs(pairs(FIELDS_MAX), &FieldMap::default()).problems, vec![]);
        let raw = RawLead::from_pairs(pairs(100_000), &FieldMap::default());
        assert_eq!((raw.pairs.len(), raw.problems.len()), (FIELDS_MAX, 1));
    }

    #[test]
    fn machinery_of_forms_is_left_out() {
        let raw = read(&[("cf-turnstile-response", &"x".repeat(2_048)), ("_token", "t"), ("_wpcf7_unit", "u")]);
        assert_eq!(raw, RawLead::default());
    }

    #[test]
    fn the_debug_form_shows_no_value() {
        let text = format!("{:?}", read(&[("email", "secret@a.example"), ("budget", "secret")]));
        assert!(!text.contains("secret"), "{text}");
    }
}
