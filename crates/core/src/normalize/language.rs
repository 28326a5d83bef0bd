//! Languages as ISO 639-1 codes.

use crate::normalize::text::fold;
use crate::normalize::{codes_by_name, codes_of};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The codes alone: most senders use them, and then the names need not be read.
static CODES: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| codes_of(include_str!("data/languages.txt")));

static NAMES: LazyLock<BTreeMap<String, &'static str>> =
    LazyLock::new(|| codes_by_name(include_str!("data/languages.txt")));

/// The ISO 639-1 code of a language, lower case, from a code, a tag such as `de-AT`, or a name.
///
/// Only the first of several is read, so that an `Accept-Language` header works too. `None` when the language is
/// not in the table.
///
/// ```
/// use lead_router_core::normalize::language_code;
/// assert_eq!(language_code("de-AT,en;q=0.5"), Some("de"));
/// assert_eq!(language_code("Español"), Some("es"));
/// assert_eq!(language_code("Klingon"), None);
/// ```
#[must_use]
pub fn language_code(text: &str) -> Option<&'static str> {
    let first = text.split([',', ';']).next()?.trim();
    let main = first.split(['-', '_']).next().unwrap_or_default();
    if let Some(code) = CODES.get(main.to_ascii_lowercase().as_str()) {
        return Some(code);
    }
    if let Some(code) = NAMES.get(&fold(first)) {
        return Some(code);
    }
    let (main, _) = first.split_once(['-', '_', ' ', '('])?;
    NAMES.get(&fold(main)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_tags_and_names_are_read() {
        for (text, code) in [
            ("EN", Some("en")),
            ("en_US", Some("en")),
            ("zh-Hant", Some("zh")),
            ("English (UK)", Some("en")),
            ("Deutsch", Some("de")),
            ("Français", Some("fr")),
            ("日本語", Some("ja")),
            ("", None),
            ("xx", None),
            ("*", None),
        ] {
            assert_eq!(language_code(text), code, "{text}");
        }
    }
}
