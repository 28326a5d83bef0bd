//! Industries in one vocabulary, since providers use dozens.

use crate::normalize::table_lines;
use crate::normalize::text::fold;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static NAMES: LazyLock<BTreeMap<String, &'static str>> = LazyLock::new(|| {
    let mut names = BTreeMap::new();
    for line in table_lines(include_str!("data/industries.txt")) {
        let Some((code, list)) = line.split_once(':') else { continue };
        let code = code.trim();
        names.insert(key(code), code);
        for name in list.split('|') {
            names.insert(key(name), code);
        }
    }
    names
});

/// The code of an industry, lower case with `_` for blanks: one of the table when the name is known there,
/// otherwise the name itself in that spelling.
///
/// `None` when the text has no letter and no digit.
///
/// ```
/// use lead_router_core::normalize::industry_code;
/// assert_eq!(industry_code("Computer Software").as_deref(), Some("software"));
/// assert_eq!(industry_code("Basket weaving").as_deref(), Some("basket_weaving"));
/// ```
#[must_use]
pub fn industry_code(text: &str) -> Option<String> {
    let folded = fold(text);
    if let Some(code) = NAMES.get(&key(text)) {
        return Some((*code).to_owned());
    }
    (!folded.is_empty()).then(|| folded.replace(' ', "_"))
}

/// The folded name without `and`, which some write as `&`.
fn key(name: &str) -> String {
    let folded = fold(name);
    folded.split(' ').filter(|word| *word != "and").collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_get_the_code_and_codes_stay() {
        for (text, code) in [
            ("machinery", "industrial"),
            ("Information Technology & Services", "business_services"),
            ("business_services", "business_services"),
            ("Real Estate", "real_estate"),
            ("Hospital & Health Care", "healthcare"),
        ] {
            assert_eq!(industry_code(text).as_deref(), Some(code), "{text}");
        }
        assert_eq!(industry_code(" - "), None);
    }

    #[test]
    fn no_name_has_two_codes() {
        let mut seen = BTreeMap::new();
        for line in table_lines(include_str!("data/industries.txt")) {
            let (code, list) = line.split_once(':').unwrap();
            for name in list.split('|') {
                assert_eq!(seen.insert(key(name), code), None, "{name}");
            }
        }
    }
}
