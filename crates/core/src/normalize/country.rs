//! Countries as ISO 3166-1 alpha-2 codes.

use crate::normalize::region::region_name;
use crate::normalize::text::fold;
use crate::normalize::unicode::canonical;
use crate::normalize::{codes_by_name, codes_of, looked_up};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The codes alone: most senders use them, and then the names need not be read.
static CODES: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| codes_of(include_str!("data/countries.txt")));

static NAMES: LazyLock<BTreeMap<String, &'static str>> =
    LazyLock::new(|| codes_by_name(include_str!("data/countries.txt")));

/// Names that browsers and form builders show, in many languages.
const SHOWN: &str = include_str!("data/country_names.txt");

/// What stands before the name of a state in its official title.
const TITLES: [&str; 12] = [
    "the",
    "federal republic of",
    "federative republic of",
    "people s republic of",
    "islamic republic of",
    "republic of",
    "kingdom of",
    "grand duchy of",
    "principality of",
    "sultanate of",
    "state of",
    "commonwealth of",
];

/// The ISO 3166-1 alpha-2 code of a country, lower case, from a code of two or three letters, a name, or a flag.
///
/// English names, the native ones and those that browsers show in the languages of the web are known, also beside their
/// code (`DE - Germany`, `United States (US)`), a calling code, a state or a city (`Georgia, USA`), and as a locale (`en-GB`)
/// or the code of a subdivision (`US-CA`). A text that is no country, or names two, has no code.
///
/// ```
/// use lead_router_core::normalize::country_code;
/// assert_eq!(country_code("Deutschland"), Some("de"));
/// assert_eq!(country_code("U.S.A."), Some("us"));
/// assert_eq!(country_code("United States (US)"), Some("us"));
/// assert_eq!(country_code("Georgia, USA"), Some("us"));
/// assert_eq!(country_code("Europe"), None);
/// assert_eq!(country_code("n/a"), None);
/// ```
#[must_use]
pub fn country_code(text: &str) -> Option<&'static str> {
    let visible = canonical(text);
    if let Some(code) = CODES.get(visible.trim()) {
        return Some(code);
    }
    let text = text.trim().trim_start_matches(is_dialled).trim_end_matches(is_dialled).trim();
    flag(text).or_else(|| named(text)).or_else(|| locale(text)).or_else(|| of_parts(text))
}

/// What a calling code beside a name consists of.
const fn is_dialled(letter: char) -> bool {
    letter.is_ascii_digit() || matches!(letter, '+' | ' ')
}

/// The country that the whole text names.
fn named(text: &str) -> Option<&'static str> {
    let folded = fold(text);
    let known = |name: &str| NAMES.get(name).copied().or_else(|| looked_up(SHOWN, name));
    // Two letters are a code or `n/a`.
    if folded.is_empty() || CODES.contains(folded.as_str()) {
        return None;
    }
    if let Some(code) = known(&folded) {
        return Some(code);
    }
    let untitled = TITLES.iter().find_map(|title| folded.strip_prefix(title)?.strip_prefix(' '));
    if let Some(code) = untitled.and_then(known) {
        return Some(code);
    }
    // `U.S.A.`, but not `n/a`.
    let is_dotted = text.contains('.') && !text.contains('/');
    is_dotted
        .then(|| folded.replace(' ', ""))
        .filter(|letters| !CODES.contains(letters.as_str()) || letters == "us")
        .and_then(|letters| known(&letters))
}

/// The country of a flag, with or without a name behind it.
fn flag(text: &str) -> Option<&'static str> {
    let letter = |symbol: char| {
        let place = u32::from(symbol).checked_sub(0x1f1e6).filter(|place| *place < 26)?;
        char::from_digit(place.saturating_add(10), 36)
    };
    let code: String = text.chars().take(2).map_while(letter).collect();
    CODES.get(code.as_str()).copied()
}

/// The country of a locale (`en-GB`, `de_AT`) or of the code of a subdivision (`US-CA`).
fn locale(text: &str) -> Option<&'static str> {
    let (first, second) = text.split_once(['-', '_'])?;
    if first.len() != 2 || !(2..=3).contains(&second.len()) || !text.is_ascii() {
        return None;
    }
    let is_locale = first.bytes().all(|byte| byte.is_ascii_lowercase());
    CODES.get((if is_locale { second } else { first }).to_ascii_lowercase().as_str()).copied()
}

/// The one country among the parts of a text. A state of the United States that is also a country, or has the code of
/// one, stands for the state when the other part is the United States.
fn of_parts(text: &str) -> Option<&'static str> {
    let text = text.trim_end_matches(')');
    let parts: Vec<&str> =
        text.split(['(', ',', '/', '|', ':', ';', '\n']).flat_map(|part| part.split(" - ")).collect();
    let parts: Vec<&str> = parts.iter().flat_map(|part| part.split(['–', '—'])).map(str::trim).collect();
    if parts.len() < 2 {
        return None;
    }
    let is_list = text.contains(',');
    let whole = |part: &&str| {
        let code = CODES.get(part.to_ascii_lowercase().as_str()).copied();
        // Behind a city, two letters are a state at least as often as a country.
        let code = code.filter(|_| !is_list || !is_state(part));
        code.or_else(|| named(part))
    };
    let mut found: Vec<&'static str> = parts.iter().filter_map(whole).collect();
    found.sort_unstable();
    found.dedup();
    let is_in_the_us =
        found.contains(&"us") && parts.iter().all(|part| named(part).is_none_or(|code| code == "us") || is_state(part));
    match found.as_slice() {
        [one] => Some(one),
        _ if is_in_the_us => Some("us"),
        _ => None,
    }
}

/// Whether a text is a state of the United States.
fn is_state(text: &str) -> bool {
    region_name(text, Some("us")).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::table_lines;

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
        for line in table_lines(SHOWN) {
            let (name, code) = line.split_once('|').unwrap();
            assert_eq!((fold(name).as_str(), looked_up(SHOWN, name)), (name, Some(code)));
            assert!(CODES.contains(code) && !names.contains_key(name), "{line}");
        }
        // ISO 3166-1 lists 249 countries and areas; Kosovo has a code in use that is reserved for users.
        assert_eq!(codes.len(), 250);
    }
}
