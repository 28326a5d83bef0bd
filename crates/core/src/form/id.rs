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

    /// The id in a segment of a path: percent-decoded, in lower case. `None` for what cannot be an id, which includes
    /// everything that is not ASCII after decoding: a letter that only looks like another makes no form of its own.
    #[must_use]
    pub fn from_path(segment: &str) -> Option<Self> {
        Self::new(&decoded(segment)?)
    }

    /// The id that a text means; letter case does not count.
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

/// A segment without its percent-encoding; `None` when that is broken. One round only: a `%` that is left is no part of
/// an id.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut parts = segment.split('%');
    bytes.extend_from_slice(parts.next()?.as_bytes());
    for part in parts {
        let digits = part.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(part.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_address_is_the_same_form() {
        for segment in ["contact2", "Contact2", "CONTACT2", "c%6Fntact2", "c%6fntact2", "%43ontact2"] {
            assert_eq!(FormId::from_path(segment).unwrap().as_str(), "contact2", "{segment}");
        }
    }

    #[test]
    fn what_only_looks_like_an_id_is_none() {
        for segment in [
            "",
            ".",
            "..",
            "%2e%2e",
            "c%256Fntact2",
            "contact2%00",
            "contact2%20",
            "contact2%",
            "contact2%6",
            "contact2%zz",
            "contact2%E2%80%8B",
            "c\u{43e}ntact2",
            "\u{ff23}ontact2",
            "contact2/x",
            "contact2%2Fx",
            "%ff",
        ] {
            assert_eq!(FormId::from_path(segment), None, "{segment}");
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
