//! What the names of fields mean.
//!
//! A name is compared in lower case without anything but letters and digits, so that `Work E-Mail`,
//! `work_email` and `workEmail` are one. The table is `data/aliases.txt`.

use crate::error::Problem;
use crate::intake::words::{telling, without_numbers, words};
use crate::normalize::{fold, nearest};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

macro_rules! known {
    ($($variant:ident $path:literal $doc:literal;)*) => {
        /// A field that the router knows. Any other name is one of the sender's own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum LeadField { $(#[doc = $doc] $variant,)* }

        impl LeadField {
            /// Every known field.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in the contract, such as `email` or `utm.source`.
            #[must_use]
            pub const fn path(self) -> &'static str {
                match self { $(Self::$variant => $path,)* }
            }

            /// The field with exactly this name, or `None`.
            #[must_use]
            pub fn from_path(path: &str) -> Option<Self> {
                match path { $($path => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

known! {
    SubmissionId "submission_id" "The sender's id of the submission.";
    Email "email" "E-mail address.";
    FirstName "first_name" "First name.";
    LastName "last_name" "Last name.";
    Name "name" "Full name.";
    Company "company" "Company.";
    Website "website" "The company's website.";
    Phone "phone" "Telephone number.";
    Title "title" "Job title.";
    Country "country" "Country.";
    Region "region" "State or region.";
    PostalCode "postal_code" "Postal code.";
    Language "language" "Language.";
    LinkedinUrl "linkedin_url" "The person's LinkedIn profile.";
    Employees "employees" "Size of the company.";
    Message "message" "Free text.";
    Source "source" "Where the lead came from.";
    Form "form" "Id of the form.";
    Partner "partner" "Partner that referred the lead.";
    UtmSource "utm.source" "UTM source.";
    UtmMedium "utm.medium" "UTM medium.";
    UtmCampaign "utm.campaign" "UTM campaign.";
    UtmTerm "utm.term" "UTM term.";
    UtmContent "utm.content" "UTM content.";
    SubmittedAt "submitted_at" "When the person sent the form.";
    IncumbentRepId "incumbent.rep_id" "Rep that the router in charge chose.";
    IncumbentTeam "incumbent.team" "Team that the router in charge chose.";
}

static ALIASES: LazyLock<BTreeMap<String, LeadField>> = LazyLock::new(|| {
    let known = alias_names().filter_map(|(path, name)| Some((plain(name), LeadField::from_path(path)?)));
    known.collect()
});

/// The aliases without the words that say nothing, so that `What is the name of your company?` is `name of company`. An
/// alias in full goes before these; what two fields would share belongs to neither.
static SHORTENED: LazyLock<BTreeMap<String, LeadField>> = LazyLock::new(|| {
    let mut shortened: BTreeMap<String, Option<LeadField>> = BTreeMap::new();
    for (path, name) in alias_names() {
        let (Some(known), words) = (LeadField::from_path(path), words(name)) else { continue };
        let key = telling(&without_numbers(&words)).concat();
        if !key.is_empty() && !ALIASES.contains_key(&key) {
            let holder = shortened.entry(key).or_insert(Some(known));
            *holder = holder.filter(|other| *other == known);
        }
    }
    shortened.into_iter().filter_map(|(key, known)| Some((key, known?))).collect()
});

/// The names of the table, each with the path of its field.
fn alias_names() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = include_str!("data/aliases.txt").lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let lines = lines.filter_map(|line| line.split_once(':'));
    lines.flat_map(|(path, names)| names.split('|').map(move |name| (path, name)))
}

impl LeadField {
    /// The field that the words of a name mean together, with or without the words that say nothing.
    pub(super) fn from_words(words: &[&str]) -> Option<Self> {
        let key = words.concat();
        ALIASES.get(&key).or_else(|| SHORTENED.get(&key)).copied()
    }

    /// The field that an alias stands for, or `None` when the name means nothing to the router.
    #[must_use]
    pub fn from_alias(name: &str) -> Option<Self> {
        Self::from_path(name).or_else(|| ALIASES.get(&plain(name)).copied())
    }
}

/// The name with nothing but lower-case letters and digits.
fn plain(name: &str) -> String {
    fold(name).replace(' ', "")
}

/// What the field names of one form mean; it goes before the table of aliases.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldMap(BTreeMap<String, Target>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Known(LeadField),
    Own(String),
}

impl FieldMap {
    /// Checks a map from the form's field names to names of the contract, or to `fields.<name>`.
    ///
    /// # Errors
    /// A problem for every target that is neither, and for every name that is another one in a different spelling.
    pub fn new(entries: &BTreeMap<String, String>) -> Result<Self, Vec<Problem>> {
        let mut map = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut problems = Vec::new();
        for (name, target) in entries {
            if !seen.insert(plain(name)) {
                let message = "the map has this name in another spelling; letter case and marks do not count";
                problems.push(Problem::new(name, "duplicate_name", message));
            } else if let Some(known) = LeadField::from_path(target) {
                map.insert(plain(name), Target::Known(known));
            } else if let Some(own) = target.strip_prefix("fields.").filter(|own| !own.is_empty()) {
                map.insert(plain(name), Target::Own(own.to_lowercase()));
            } else {
                problems.push(unknown_target(name, target));
            }
        }
        if problems.is_empty() { Ok(Self(map)) } else { Err(problems) }
    }

    /// The known field that the form means by `name`, or the sender's own name for it.
    pub(crate) fn resolve(&self, name: &str) -> Option<Result<LeadField, &str>> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&plain(name)).map(|target| match target {
            Target::Known(known) => Ok(*known),
            Target::Own(own) => Err(own.as_str()),
        })
    }
}

fn unknown_target(name: &str, target: &str) -> Problem {
    let problem = Problem::new(name, "unknown_field", "expected the name of a lead's field, or `fields.` and a name");
    match nearest(target, LeadField::ALL.iter().map(|known| known.path())) {
        Some(path) => problem.with_help(format!("did you mean `{path}`?")),
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_many_spellings_mean_the_same() {
        for (name, known) in [
            ("Work Email", Some(LeadField::Email)),
            ("e-mail", Some(LeadField::Email)),
            ("your-email", Some(LeadField::Email)),
            ("E-Mail-Adresse", Some(LeadField::Email)),
            ("first name", Some(LeadField::FirstName)),
            ("firstName", Some(LeadField::FirstName)),
            ("Vorname", Some(LeadField::FirstName)),
            ("fname", Some(LeadField::FirstName)),
            ("company name", Some(LeadField::Company)),
            ("Firma", Some(LeadField::Company)),
            ("utm_source", Some(LeadField::UtmSource)),
            ("utm[source]", Some(LeadField::UtmSource)),
            ("Société", Some(LeadField::Company)),
            ("budget", None),
            ("", None),
            ("…", None),
        ] {
            assert_eq!(LeadField::from_alias(name), known, "{name}");
        }
    }

    #[test]
    fn every_contract_name_is_an_alias_of_itself() {
        for known in LeadField::ALL {
            assert_eq!(LeadField::from_alias(known.path()), Some(*known));
        }
    }

    #[test]
    fn no_alias_has_two_meanings_and_every_line_counts() {
        let mut seen = BTreeMap::new();
        for line in include_str!("data/aliases.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (path, names) = line.split_once(':').unwrap();
            assert!(LeadField::from_path(path).is_some(), "{path}");
            for name in names.split('|') {
                assert_eq!(seen.insert(plain(name), path), None, "{name}");
            }
        }
    }

    #[test]
    fn a_map_with_a_wrong_target_is_refused_with_help() {
        let entries = [("q1", "emial"), ("q2", "fields.budget"), ("q3", "fields.")];
        let entries = entries.iter().map(|(name, target)| ((*name).into(), (*target).into())).collect();
        let problems = FieldMap::new(&entries).unwrap_err();
        assert_eq!(problems.len(), 2);
        assert_eq!(problems[0].help.as_deref(), Some("did you mean `email`?"));
    }
}
