//! Countries as ISO 3166-1 alpha-2 codes.

use crate::normalize::table_lines;
use crate::normalize::text::fold;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The codes alone: most senders use them, and then the names need not be read.
static CODES: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    let lines = table_lines(include_str!("data/countries.txt"));
    lines.filter_map(|line| line.split('|').next()).map(str::trim).collect()
});

static NAMES: LazyLock<BTreeMap<String, &'static str>> = LazyLock::new(|| {
    let mut names = BTreeMap::new();
    for line in table_lines(include_str!("data/countries.txt")) {
        let mut parts = line.split('|').map(str::trim);
        let Some(code) = parts.next() else { continue };
        names.insert(code.to_owned(), code);
        for name in parts {
            names.insert(fold(name), code);
        }
    }
    names
});

/// The ISO 3166-1 alpha-2 code of a country, lower case, from a code of two or three letters or a name.
///
/// English names and the usual native ones are known. A text that is no country has no code; nothing is guessed
/// from parts of it.
///
/// ```
/// use lead_router_core::normalize::country_code;
/// assert_eq!(country_code("Deutschland"), Some("de"));
/// assert_eq!(country_code("U.S.A."), Some("us"));
/// assert_eq!(country_code("UK"), Some("gb"));
/// assert_eq!(country_code("Europe"), None);
/// ```
#[must_use]
pub fn country_code(text: &str) -> Option<&'static str> {
    if let Some(code) = CODES.get(text.trim().to_ascii_lowercase().as_str()) {
        return Some(code);
    }
    let folded = fold(text);
    if let Some(code) = NAMES.get(&folded) {
        return Some(code);
    }
    let plain = folded.strip_prefix("the ").unwrap_or(&folded);
    NAMES.get(plain).or_else(|| NAMES.get(&plain.replace(' ', ""))).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_are_read() {
        for (text, code) in [
            ("de", Some("de")),
            ("DE", Some("de")),
            ("DEU", Some("de")),
            ("España", Some("es")),
            ("United States of America", Some("us")),
            ("The Netherlands", Some("nl")),
            ("Côte d'Ivoire", Some("ci")),
            ("Österreich", Some("at")),
            ("Oesterreich", Some("at")),
            ("日本", Some("jp")),
            ("South Korea", Some("kr")),
            ("united kingdom", Some("gb")),
            ("EU", None),
            ("", None),
            ("zz", None),
            ("Bavaria", None),
        ] {
            assert_eq!(country_code(text), code, "{text}");
        }
    }

    #[test]
    fn the_table_has_every_country_once_and_no_name_twice() {
        let mut codes = BTreeSet::new();
        let mut names = BTreeMap::new();
        for line in table_lines(include_str!("data/countries.txt")) {
            let parts: Vec<&str> = line.split('|').map(str::trim).collect();
            assert!(parts.len() >= 3, "{line}");
            assert!(parts[0].len() == 2 && parts[1].len() == 3, "{line}");
            assert!(codes.insert(parts[0]), "{} twice", parts[0]);
            for name in &parts[1..] {
                assert_eq!(names.insert(fold(name), parts[0]), None, "{name} twice");
            }
        }
        // ISO 3166-1 lists 249 countries and areas; Kosovo has a code in use that is reserved for users.
        assert_eq!(codes.len(), 250);
    }
}
