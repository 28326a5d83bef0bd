//! The id of a form, in the one form in which ids are compared.

use crate::id::ID_BYTES_MAX;
use std::fmt;

/// Id of a form: 1 to 64 characters of `a-z`, `0-9`, `_`, `-` and `.`, in lower case, so that a form has one id however
/// its address is spelled.
///
/// Ids that begin with `_` are the router's own: nobody can post to them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FormId(String);

impl FormId {
    /// The settings that hold for every form that does not say otherwise.
    pub const DEFAULT: &'static str = "_default";

    /// The id that a decoded segment of a path means; letter case does not count. `None` for what cannot be an id, which
    /// includes everything that is not ASCII: a letter that only looks like another makes no form of its own.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let is_known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let is_id = !text.is_empty() && text.len() <= ID_BYTES_MAX && text.bytes().all(is_known);
        // `.` and `..` are steps of a path.
        (is_id && text.bytes().any(|byte| byte != b'.')).then(|| Self(text.to_ascii_lowercase()))
    }

    /// Whether the id is one of the router's own.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.0.starts_with('_')
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FormId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_address_is_the_same_form() {
        for segment in ["contact2", "Contact2", "CONTACT2"] {
            assert_eq!(FormId::new(segment).unwrap().as_str(), "contact2", "{segment}");
        }
    }

    #[test]
    fn what_only_looks_like_an_id_is_none() {
        for segment in [
            "",
            ".",
            "..",
            "c%6Fntact2",
            "contact2\0",
            "contact2 ",
            "contact2%",
            "contact2\u{200b}",
            "c\u{43e}ntact2",
            "\u{ff23}ontact2",
            "contact2/x",
            "\u{fffd}",
        ] {
            assert_eq!(FormId::new(segment), None, "{segment}");
        }
    }

    #[test]
    fn the_limit_is_64_characters() {
        assert!(FormId::new(&"a".repeat(64)).is_some());
        assert!(FormId::new(&"a".repeat(65)).is_none());
    }

    #[test]
    fn ids_of_the_router_are_reserved() {
        assert!(FormId::new(FormId::DEFAULT).unwrap().is_reserved());
        assert!(!FormId::new("default").unwrap().is_reserved());
    }
}
