//! What a business says about one of its forms, and what follows for a submission.
//!
//! A form without settings works: names mean what the table of aliases says, and the person is sent to the rep's booking
//! page. Who may post to it is as strict as the strictest form; see [`Guard`].

mod client;
mod guard;
mod id;
mod public;
mod read;
pub mod turnstile;
mod visit;

pub use client::client_key;
pub use guard::{Guard, UnknownForms, with_defaults};
pub use id::FormId;
pub use public::{GuardedField, NOT_ACCEPTED};
pub use read::{read, read_map};
pub use visit::visit;

use crate::error::Problem;
use crate::intake::{FieldMap, LeadField, Name, RawLead};
use crate::web_address::host_of;
use std::collections::BTreeSet;

/// The settings of a form, checked by [`read`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// What the form's own field names mean; goes before the table of aliases.
    pub map: FieldMap,
    /// Fields without which a submission is refused. An address is always required.
    pub required: Vec<Name>,
    /// Where the browser goes after the post, unless it goes to a booking page.
    pub thanks_url: Option<String>,
    /// Whether the browser goes to, or is told, the booking page of the rep who has the lead.
    pub booking: bool,
    /// Origins whose pages may post, in lower case; none means every page.
    pub origins: BTreeSet<String>,
    /// Whether a person has to pass Turnstile.
    pub turnstile: bool,
    /// The lead's `source` where the form sends none, or may not.
    pub source: Option<String>,
    /// Fields that steer a lead and that this form may send all the same.
    pub accepted: BTreeSet<GuardedField>,
}

impl Default for Form {
    fn default() -> Self {
        Self {
            map: FieldMap::default(),
            required: Vec::new(),
            thanks_url: None,
            booking: true,
            origins: BTreeSet::new(),
            turnstile: false,
            source: None,
            accepted: BTreeSet::new(),
        }
    }
}

impl Form {
    /// Whether a page of this origin may post. A request without an origin comes from no page, and pages of the router
    /// itself (`own`) may always post.
    ///
    /// An origin is what a browser says about itself: this keeps other people's pages from using the form, and stops no
    /// program.
    #[must_use]
    pub fn allows(&self, origin: Option<&str>, own: &str) -> bool {
        let Some(origin) = origin else { return true };
        let origin = origin.to_ascii_lowercase();
        self.origins.is_empty() || self.origins.contains(&origin) || origin == own.to_ascii_lowercase()
    }

    /// Leaves out what strangers may not say of a lead; see [`GuardedField`].
    pub fn guard(&self, raw: &mut RawLead) {
        raw.keep_accepted(&self.accepted);
    }

    /// Adds what the form knows to a submission: its id whatever the sender says, its source where none is sent; and a
    /// problem for every required field without a text.
    pub fn complete(&self, form_id: &str, raw: &mut RawLead) {
        raw.set(LeadField::Form, form_id);
        if let Some(source) = &self.source {
            raw.set_default(LeadField::Source, source);
        }
        for name in &self.required {
            // An address that is missing is a problem anyway.
            let is_there = *name == Name::Known(LeadField::Email) || raw.pairs.iter().any(|pair| pair.name == *name);
            if !is_there {
                raw.problems.push(Problem::new(name.path(), "missing_field", "this has to be filled in"));
            }
        }
    }

    /// Hosts of the allowed origins, without port: where Turnstile's widget may have been shown.
    #[must_use]
    pub fn hosts(&self) -> BTreeSet<&str> {
        self.origins.iter().filter_map(|origin| host_of(origin)).collect()
    }
}

/// The same problems for the person in front of the form: under the names that the form itself uses (`names`, in its
/// order), so that a page can show each beside its field; in the order of the fields; and in words for people where a
/// person can make the mistake.
#[must_use]
pub fn for_a_person(problems: Vec<Problem>, names: &[String], map: &FieldMap) -> Vec<Problem> {
    let sent = RawLead::sent_names(names.iter().map(String::as_str), map);
    let told = |problem: Problem| {
        let path = sent.get(&problem.path).unwrap_or(&problem.path).clone();
        let message = in_words(&problem.code).map_or(problem.message, str::to_owned);
        Problem { path, message, ..problem }
    };
    let mut problems: Vec<Problem> = problems.into_iter().map(told).collect();
    problems.sort_by_key(|problem| names.iter().position(|name| *name == problem.path).unwrap_or(usize::MAX));
    problems
}

/// What a person is told about a mistake in a field.
fn in_words(code: &str) -> Option<&'static str> {
    match code {
        "missing_field" => Some("Please fill this in."),
        "missing_email" => Some("Please give your e-mail address."),
        "invalid_email" => Some("Please give a whole address, such as name@example.com."),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Form {
        read(text).unwrap()
    }

    #[test]
    fn an_empty_list_of_origins_allows_every_page_and_a_list_only_those() {
        let own = "https://leads.example.com";
        assert!(Form::default().allows(Some("https://anybody.example"), own));
        let listed = form(r#"{"origins": ["https://www.example.com"]}"#);
        for (origin, is_allowed) in [
            (Some("https://www.example.com"), true),
            (Some("https://WWW.example.com"), true),
            (Some(own), true),
            (None, true),
            (Some("http://www.example.com"), false),
            (Some("https://www.example.com:8443"), false),
            (Some("https://www.example.com.evil.example"), false),
            (Some("null"), false),
        ] {
            assert_eq!(listed.allows(origin, own), is_allowed, "{origin:?}");
        }
    }

    #[test]
    fn hosts_are_without_scheme_and_port() {
        let listed = form(r#"{"origins": ["https://www.example.com", "http://localhost:3000"]}"#);
        assert_eq!(listed.hosts().into_iter().collect::<Vec<_>>(), ["localhost", "www.example.com"]);
    }

    #[test]
    fn problems_are_told_in_the_names_of_the_form() {
        let names = ["Work Email", "Firma", "mail", "budget[]"].map(str::to_owned);
        let problems = ["phone", "company", "fields.budget", "email"].map(|path| Problem::new(path, "too_long", "x"));
        let told = for_a_person(problems.to_vec(), &names, &FieldMap::default());
        let paths: Vec<&str> = told.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, ["Work Email", "Firma", "budget[]", "phone"]);
        let missing = vec![Problem::new("email", "missing_email", "expected an e-mail address")];
        assert_eq!(for_a_person(missing, &[], &FieldMap::default())[0].message, "Please give your e-mail address.");
    }
}
