//! What providers may be told about the person.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What providers may be told about the person. It is no fact: it is never stored with them, and its debug form says
/// only what is there.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Contact {
    /// E-mail address, lower case.
    pub email: Option<String>,
    /// LinkedIn profile, `linkedin.com/in/<slug>`.
    pub linkedin_url: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Full name.
    pub name: Option<String>,
    /// Telephone number, E.164.
    pub phone: Option<String>,
}

impl Contact {
    /// The names that descriptions use, such as `contact.email`.
    pub const PATHS: [&'static str; 6] = [
        "contact.email",
        "contact.linkedin_url",
        "contact.first_name",
        "contact.last_name",
        "contact.name",
        "contact.phone",
    ];

    /// The text behind one of [`PATHS`](Self::PATHS), or `None`.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        match path {
            "contact.email" => self.email.as_deref(),
            "contact.linkedin_url" => self.linkedin_url.as_deref(),
            "contact.first_name" => self.first_name.as_deref(),
            "contact.last_name" => self.last_name.as_deref(),
            "contact.name" => self.name.as_deref(),
            "contact.phone" => self.phone.as_deref(),
            _ => None,
        }
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Self::PATHS.iter().filter(|path| self.text(path).is_some());
        f.debug_set().entries(known).finish()
    }
}
