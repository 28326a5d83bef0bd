//! Which field of a submission is which field of a lead.

use crate::error::Problem;
use crate::intake::alias::{FieldMap, LeadField};
use crate::intake::meaning::{FoundBy, is_about_the_lead, meaning, own_name};
use crate::intake::raw::{FoundField, Name, Note, Pair, RawLead, echo, too_many_fields};
use crate::intake::value::{address_in, is_international_phone, is_linkedin_profile};
use crate::limits::FIELDS_MAX;
use crate::normalize;
use std::collections::{BTreeMap, BTreeSet};

/// A name of the body with all its texts.
struct ValueGroup {
    sent: String,
    meaning: Name,
    by: FoundBy,
    values: Vec<String>,
}

/// Names that forms carry for their own machinery. They say nothing about the lead and are left out.
const MACHINERY: [&str; 21] = [
    "__requestverificationtoken",
    "_charset_",
    "_csrf",
    "_csrf_token",
    "_gotcha",
    "_subject",
    "_next",
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
    "formmode",
    "mauticform[return]",
    "utf8",
];

impl RawLead {
    /// Gives every name its meaning.
    ///
    /// - The form's own map goes before the names of the contract, those before aliases, and those before what was
    ///   guessed from the name or the question. When several names mean the same field, the surest has it, then the
    ///   first; the others are kept as the sender's own fields.
    /// - The address is the surest field with an address in it. When no name says that it is one, and one field alone
    ///   holds an address that may be the lead's, it is that.
    /// - Texts of a repeated name (checkboxes) are joined with `, `, equal ones once. An `email` that is repeated
    ///   with different addresses is a problem, since nobody can tell which one is meant.
    /// - Fields without a text are left out. What was guessed leaves a note.
    /// - More pairs than a lead may have fields are a problem, and are not looked at.
    #[must_use]
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>, map: &FieldMap) -> Self {
        let mut pairs = pairs.into_iter();
        let mut groups = grouped(pairs.by_ref().take(FIELDS_MAX), map);
        let mut raw = Self::default();
        if let Some(problem) = find_address(&mut groups) {
            raw.problems.push(problem);
        }
        find_by_value(&mut groups, LeadField::LinkedinUrl, is_linkedin_profile);
        find_by_value(&mut groups, LeadField::Phone, is_international_phone);
        let holders = holders(&groups);
        for (index, group) in groups.into_iter().enumerate() {
            let name = match group.meaning {
                Name::Known(known) if holders.get(&known) == Some(&index) => {
                    raw.found.push(FoundField { field: known, sent: echo(&group.sent), by: group.by });
                    Name::Known(known)
                }
                Name::Known(_) => Name::Own(own_name(&group.sent)),
                name @ Name::Own(_) => name,
            };
            raw.push(name, group.values);
        }
        let guessed = raw.found.iter().filter(|found| found.by.is_guess());
        let guessed = guessed
            .map(|found| Note { path: found.field.path().to_owned(), code: format!("found_by_{}", found.by.as_str()) });
        raw.notes.extend(guessed);
        if pairs.next().is_some() {
            raw.problems.push(too_many_fields());
        }
        raw
    }

    /// Which of the names that were sent stands behind a field, by the field's path. The surest name has it, then the
    /// first; names of machinery stand behind none.
    #[must_use]
    pub fn sent_names<'a>(names: impl IntoIterator<Item = &'a str>, map: &FieldMap) -> BTreeMap<String, String> {
        let mut sent: BTreeMap<String, (FoundBy, &str)> = BTreeMap::new();
        for name in names {
            let bare = name.trim().trim_end_matches("[]");
            if bare.is_empty() || is_machinery(bare) {
                continue;
            }
            let (meaning, by) = meaning(bare, None, map);
            let holder = sent.entry(meaning.path()).or_insert((by, name));
            if by > holder.0 {
                *holder = (by, name);
            }
        }
        sent.into_iter().map(|(path, (_, name))| (path, echo(name))).collect()
    }

    fn push(&mut self, name: Name, values: Vec<String>) {
        let value = values.join(", ");
        match self.pairs.iter_mut().find(|pair| pair.name == name) {
            Some(pair) => {
                pair.value.push_str(", ");
                pair.value.push_str(&value);
            }
            None => self.pairs.push(Pair { name, value }),
        }
    }
}

/// The group of every field: the surest, then the first. Of addresses, one that can be read goes before one that cannot.
fn holders(groups: &[ValueGroup]) -> BTreeMap<LeadField, usize> {
    let mut holders: BTreeMap<LeadField, (bool, FoundBy, usize)> = BTreeMap::new();
    for (index, group) in groups.iter().enumerate() {
        let Name::Known(known) = group.meaning else { continue };
        let is_good = known != LeadField::Email || group.values.iter().any(|value| address_in(value).is_some());
        let holder = holders.entry(known).or_insert((is_good, group.by, index));
        if (is_good, group.by) > (holder.0, holder.1) {
            *holder = (is_good, group.by, index);
        }
    }
    holders.into_iter().map(|(known, (.., index))| (known, index)).collect()
}

/// Makes sure that one group is the address, if one can be.
///
/// Steps: 1 of a name that says so, what is an address in its texts is kept, and different ones are a problem; 2 a name
/// that says so and has something with an `@` that is no address is a mistake that the person can correct, so nothing is
/// guessed; 3 otherwise the only address of all fields that may be the lead's is it, and several are a problem.
fn find_address(groups: &mut [ValueGroup]) -> Option<Problem> {
    let email = Name::Known(LeadField::Email);
    // 1
    if let Some(group) = holders(groups).get(&LeadField::Email).and_then(|index| groups.get_mut(*index)) {
        let found: BTreeMap<String, String> =
            group.values.iter().filter_map(|value| mailbox_and_address(value)).collect();
        match found.len() {
            0 => {}
            1 => {
                group.values = found.into_values().collect();
                return None;
            }
            _ => {
                return Some(problem(
                    "conflicting_values",
                    "the address is sent several times with different texts; send it once",
                ));
            }
        }
    }
    // 2
    let is_attempt =
        |group: &ValueGroup| group.meaning == email && group.values.iter().any(|value| value.contains('@'));
    if groups.iter().any(is_attempt) {
        return None;
    }
    // 3
    let addresses: Vec<(usize, String)> = groups
        .iter()
        .enumerate()
        .filter(|(_, group)| group.by != FoundBy::Setting && is_about_the_lead(&group.sent))
        .filter_map(|(index, group)| Some((index, only_mailbox(&group.values)?)))
        .collect();
    let different: BTreeSet<&str> = addresses.iter().map(|(_, mailbox)| mailbox.as_str()).collect();
    if different.len() > 1 {
        let message =
            "several fields hold an address and no name says which one is the person's; name it `email`, or map it";
        return Some(problem("ambiguous_email", message));
    }
    let first = addresses.first()?.0;
    // What only claimed to be the address is the sender's own.
    for group in groups.iter_mut().filter(|group| group.meaning == email) {
        group.meaning = Name::Own(own_name(&group.sent));
    }
    if let Some(group) = groups.get_mut(first) {
        (group.meaning, group.by) = (email, FoundBy::Value);
        group.values = group.values.iter().filter_map(|value| address_in(value)).collect();
    }
    None
}

fn problem(code: &str, message: &str) -> Problem {
    Problem::new(LeadField::Email.path(), code, message)
}

fn mailbox_and_address(value: &str) -> Option<(String, String)> {
    let address = address_in(value)?;
    normalize::email(&address).map(|email| (email.mailbox, address))
}

/// The mailbox of a field that is nothing but one address, or one with a name before it.
fn only_mailbox(values: &[String]) -> Option<String> {
    let [value] = values else { return None };
    let is_with_name = value.trim_end().ends_with('>');
    let address = if is_with_name { address_in(value)? } else { value.clone() };
    normalize::email(&address).map(|email| email.mailbox)
}

/// Gives a field that no name means to the only group whose value can be nothing else.
fn find_by_value(groups: &mut [ValueGroup], field: LeadField, is_one: fn(&str) -> bool) {
    if groups.iter().any(|group| group.meaning == Name::Known(field)) {
        return;
    }
    let mut found = groups.iter_mut().filter(|group| {
        group.by == FoundBy::Alias
            && matches!(group.meaning, Name::Own(_))
            && group.values.iter().all(|value| is_one(value))
    });
    if let (Some(group), None) = (found.next(), found.next()) {
        (group.meaning, group.by) = (Name::Known(field), FoundBy::Value);
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
                let unknown = Name::Own(String::new());
                groups.push(ValueGroup {
                    sent: name.to_owned(),
                    meaning: unknown,
                    by: FoundBy::Alias,
                    values: vec![value],
                });
            }
        }
    }
    for group in &mut groups {
        (group.meaning, group.by) = meaning(&group.sent, Some(&group.values), map);
    }
    groups
}

fn is_machinery(name: &str) -> bool {
    name.starts_with("_wpcf7") || MACHINERY.iter().any(|other| other.eq_ignore_ascii_case(name))
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
