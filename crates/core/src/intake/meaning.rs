//! What a field of a sender means: by its name, by the question it asks, or by its value alone.

use crate::intake::alias::{FieldMap, LeadField};
use crate::intake::question::field_asked_for;
use crate::intake::raw::Name;
use crate::intake::value::{fits, is_salutation};
use crate::intake::words::{is_about_another, telling, without_numbers, without_wrappers, words};

/// How the meaning of a field was found, the surest last; the surest gets the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FoundBy {
    /// Its value alone: the only address of the submission.
    Value,
    /// The question that its name is, with an answer of the right kind.
    Question,
    /// Its name without what a form builder puts around it, such as `q4_email4`.
    Name,
    /// Its name, by the table of aliases.
    Alias,
    /// Its name in the contract.
    Contract,
    /// The settings of the form or the sender.
    Setting,
}

impl FoundBy {
    /// The word in answers: `value`, `question`, `name`, `alias`, `contract`, `setting`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Question => "question",
            Self::Name => "name",
            Self::Alias => "alias",
            Self::Contract => "contract",
            Self::Setting => "setting",
        }
    }

    /// Whether the meaning was guessed, and leaves a note; otherwise the name itself says it.
    #[must_use]
    pub const fn is_guess(self) -> bool {
        matches!(self, Self::Value | Self::Question | Self::Name)
    }
}

/// The meaning of a name with its values; of a name alone (`values` is `None`) what it means with a fitting value.
pub(super) fn meaning(name: &str, values: Option<&[String]>, map: &FieldMap) -> (Name, FoundBy) {
    match map.resolve(name) {
        Some(Ok(known)) => return (Name::Known(known), FoundBy::Setting),
        Some(Err(own)) => return (Name::Own(own.to_owned()), FoundBy::Setting),
        None => {}
    }
    if is_own(name) {
        return (Name::Own(own_name(name)), FoundBy::Contract);
    }
    let all = |test: &dyn Fn(&str) -> bool| values.is_none_or(|values| values.iter().all(|value| test(value)));
    let named = named(name).or_else(|| guessed(name, &|field| all(&|value| fits(field, value))));
    match named {
        // What German and English forms call a title is often a form of address.
        Some((LeadField::Title, _)) if values.is_some() && all(&is_salutation) => {
            (Name::Own(own_name(name)), FoundBy::Contract)
        }
        Some((field, by)) => (Name::Known(field), by),
        None => (Name::Own(own_name(name)), FoundBy::Alias),
    }
}

/// By the name as it is.
fn named(name: &str) -> Option<(LeadField, FoundBy)> {
    let lower = name.to_lowercase();
    let utm = || lower.strip_prefix("utm_").and_then(|rest| LeadField::from_path(&format!("utm.{rest}")));
    if let Some(field) = LeadField::from_path(&lower).or_else(utm) {
        return Some((field, FoundBy::Contract));
    }
    LeadField::from_alias(name).map(|field| (field, FoundBy::Alias))
}

/// By the words of the name, if the values fit.
///
/// Steps: 1 the name without counters, then without noise; 2 by the parts of a path, or what stands on both sides of a slash;
/// 3 the question.
fn guessed(name: &str, is_fit: &dyn Fn(LeadField) -> bool) -> Option<(LeadField, FoundBy)> {
    // How HubSpot's forms name the properties of companies.
    let of_company = name.strip_prefix("0-2/").map(|rest| format!("company {rest}"));
    let name = of_company.as_deref().unwrap_or(name);
    let all = words(name);
    let counted = without_numbers(&all);
    if is_about_another(&counted) {
        return None;
    }
    // `mauticform[formName]` names a form, and `lead[entry_id]` an entry.
    let last_two = counted.get(counted.len().saturating_sub(2)..).unwrap_or_default();
    if LeadField::from_words(last_two).is_some_and(|field| !is_guessable(field)) {
        return None;
    }
    let plain = telling(&counted);
    // 1
    let by_name = |field: Option<LeadField>| field.filter(|field| is_guessable(*field) && is_fit(*field));
    // `question_9` has nothing but a number.
    let is_counter = plain.is_empty() && counted.len() < all.len();
    let as_it_is = by_name(LeadField::from_words(&counted)).filter(|_| !is_counter);
    // The address of a form's page or of its entry is not the website of a company.
    let is_page = matches!(plain.as_slice(), ["url" | "www" | "web" | "site" | "domain"]) && plain != counted;
    let mut found = as_it_is.or_else(|| by_name(LeadField::from_words(&plain)).filter(|_| !is_page));
    // 2
    if found.is_none() {
        let in_parts = if name.contains(' ') { by_alternatives(name) } else { by_path(name) };
        found = by_name(in_parts);
    }
    if let Some(field) = found {
        return Some((field, FoundBy::Name));
    }
    // 3
    field_asked_for(&plain).filter(|field| is_fit(*field)).map(|field| (field, FoundBy::Question))
}

/// By the last two parts of a path, such as `company` and `name` of `lead[company][name]`, or by the last one where it cannot
/// be about something else than the lead, as the name of a product could.
fn by_path(name: &str) -> Option<LeadField> {
    let parts: Vec<&str> = name.split(['[', ']', '.', '/', ':', '$']).filter(|part| !part.is_empty()).collect();
    let [.., outer, last] = parts.as_slice() else { return None };
    let (outer, last) = (words(outer), words(last));
    let (outer, last) = (without_wrappers(&without_numbers(&outer)), without_numbers(&last));
    let both: Vec<&str> = outer.iter().chain(&last).copied().collect();
    let alone = || {
        LeadField::from_words(&telling(&last)).filter(|field| {
            matches!(
                field,
                LeadField::FirstName
                    | LeadField::LastName
                    | LeadField::Company
                    | LeadField::Employees
                    | LeadField::PostalCode
                    | LeadField::Country
            )
        })
    };
    LeadField::from_words(&telling(&both)).or_else(alone)
}

/// By what stands on both sides of a slash, such as `Company / Account`, unless the sides mean different fields.
fn by_alternatives(name: &str) -> Option<LeadField> {
    let mut found = None;
    for side in name.split(['/', '|']) {
        let words = words(side);
        let field = LeadField::from_words(&telling(&without_numbers(&words)));
        match (found, field) {
            (Some(one), Some(other)) if one != other => return None,
            (None, Some(_)) => found = field,
            _ => {}
        }
    }
    found
}

/// Whether a field may be guessed: one about the person, the company or the visit, not one that identifies a submission.
const fn is_guessable(field: LeadField) -> bool {
    !matches!(
        field,
        LeadField::SubmissionId
            | LeadField::Form
            | LeadField::SubmittedAt
            | LeadField::IncumbentRepId
            | LeadField::IncumbentTeam
    )
}

/// The known field that a name means, if its value fits.
pub(crate) fn known_field(name: &str, map: &FieldMap) -> Option<LeadField> {
    if let (Name::Known(field), _) = meaning(name.trim(), None, map) { Some(field) } else { None }
}

/// Whether an address under this name may be the lead's, and is not one of its owner, a colleague or who referred it.
pub(crate) fn is_about_the_lead(name: &str) -> bool {
    let all = words(name);
    !is_about_another(&without_numbers(&all))
}

/// Whether the sender says that the field is one of its own: `fields.budget`, `fields[budget]`.
fn is_own(name: &str) -> bool {
    name.starts_with("fields.") || name.starts_with("fields[")
}

/// The name as the business's own field: lower case.
pub(super) fn own_name(name: &str) -> String {
    let bare = match name.strip_prefix("fields[") {
        Some(inner) => inner.strip_suffix(']').unwrap_or(inner),
        None => name.strip_prefix("fields.").unwrap_or(name),
    };
    bare.trim().to_lowercase()
}
