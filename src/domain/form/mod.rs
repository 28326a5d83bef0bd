//! What a business says about one of its forms, and what follows for a submission.
//!
//! A form without settings works: names mean what the table of aliases says, every page may post, and the person is sent
//! to the rep's booking page.

mod client;
mod read;
pub mod turnstile;
mod visit;

pub use client::client_key;
pub use read::read;
pub use visit::visit;

use crate::domain::error::Problem;
use crate::domain::intake::{FieldMap, Known, Name, RawLead};
use std::collections::{BTreeMap, BTreeSet};

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
    /// The lead's `source` where the form sends none.
    pub source: Option<String>,
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

    /// Adds what the form knows to a submission: its id whatever the sender says, its source where none is sent; and a
    /// problem for every required field without a text.
    pub fn complete(&self, form_id: &str, raw: &mut RawLead) {
        raw.set(Known::Form, form_id);
        if let Some(source) = &self.source {
            raw.set_default(Known::Source, source);
        }
        for name in &self.required {
            // An address that is missing is a problem anyway.
            let is_there = *name == Name::Known(Known::Email) || raw.pairs.iter().any(|pair| pair.name == *name);
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

/// Host of an origin or URL, without port.
fn host_of(url: &str) -> Option<&str> {
    let authority = url.split_once("://")?.1.split(['/', '?', '#']).next()?;
    if authority.starts_with('[') {
        return authority.split_once(']').map(|(host, _)| host);
    }
    authority.split(':').next()
}

/// The same problems under the names that the form itself uses, so that a page can show each beside its field.
#[must_use]
pub fn in_words_of(problems: Vec<Problem>, sent: &BTreeMap<String, String>) -> Vec<Problem> {
    let renamed = |problem: Problem| match sent.get(&problem.path) {
        Some(name) => Problem { path: name.clone(), ..problem },
        None => problem,
    };
    problems.into_iter().map(renamed).collect()
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
        let sent = RawLead::sent_names(["Work Email", "Firma", "mail", "budget"], &FieldMap::default());
        let problems = ["email", "company", "fields.budget", "phone"].map(|path| Problem::new(path, "x", "x"));
        let paths: Vec<String> = in_words_of(problems.to_vec(), &sent).into_iter().map(|it| it.path).collect();
        assert_eq!(paths, ["Work Email", "Firma", "budget", "phone"]);
    }
}
