//! Seniority and function read from a job title, by rules in `data/seniority.txt` and `data/function.txt`.
//!
//! A rule is a word or phrase that must stand in the title as whole words; `*` at an end of a phrase stands for
//! the rest of a word (`*leiter` finds "Vertriebsleiter"), `^` at the start for the start of the title, `$` at the end
//! for its end. Marks on letters make no difference.

use crate::normalize::table_lines;
use crate::normalize::text::fold;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A phrase that a title may contain.
#[derive(Debug)]
struct TitlePhrase {
    words: Vec<&'static str>,
    at_start: bool,
    at_end: bool,
    /// What it stands for.
    code: &'static str,
}

/// The phrases of a table, found by their first word.
struct TitleRules {
    phrases: Vec<TitlePhrase>,
    /// Places of the phrases whose first word is written out.
    by_word: BTreeMap<&'static str, Vec<usize>>,
    /// Places of the phrases whose first word ends in `*`, by its first letter.
    by_letter: BTreeMap<char, Vec<usize>>,
    /// Places of the phrases whose first word begins with `*`.
    open: Vec<usize>,
}

static SENIORITY: LazyLock<TitleRules> = LazyLock::new(|| TitleRules::read(include_str!("data/seniority.txt")));
static FUNCTION: LazyLock<TitleRules> = LazyLock::new(|| TitleRules::read(include_str!("data/function.txt")));

/// Words that make a title one that somebody does not have.
const NOT_HELD: [&str; 17] = [
    "former",
    "formerly",
    "ex",
    "retired",
    "emeritus",
    "past",
    "previously",
    "aspiring",
    "future",
    "ehemalig",
    "ehemaliger",
    "ehemalige",
    "ehem",
    "ancien",
    "ancienne",
    "antiguo",
    "antigua",
];

/// Forms of address and academic degrees, which stand in fields called "title" too.
const ADDRESS: [&str; 44] = [
    "mr", "mrs", "ms", "miss", "mx", "sir", "madam", "dr", "prof", "med", "jur", "phil", "rer", "nat", "pol", "h", "c",
    "ing", "dipl", "mag", "bsc", "msc", "mba", "phd", "herr", "herrn", "frau", "hr", "fr", "m", "mme", "mlle",
    "monsieur", "madame", "sr", "sra", "srta", "senor", "senora", "dhr", "mevr", "sig", "dott", "様",
];

/// Whether a title is nothing but a form of address or a degree (`Mr`, `Prof. Dr.`), and so no job.
///
/// ```
/// use lead_router_core::normalize::is_form_of_address;
/// assert!(is_form_of_address("Herr Dr."));
/// assert!(!is_form_of_address("Dr. Ann Lee, CEO") && !is_form_of_address(""));
/// ```
#[must_use]
pub fn is_form_of_address(title: &str) -> bool {
    let folded = fold(title);
    !folded.is_empty() && folded.split(' ').all(|word| ADDRESS.contains(&word))
}

/// The parts of a title that somebody holds, folded: not "Former VP", but what stands beside it.
fn held(title: &str) -> String {
    let parts = title.split([',', ';', '|', '·', '•', '(', ')', '\n']).map(fold);
    let parts = parts.filter(|part| !part.split(' ').any(|word| NOT_HELD.contains(&word)));
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The seniority in a job title: `student`, `entry`, `owner`, `vp`, `c_level`, `director`, `manager` or `senior`.
///
/// The first rule of the table that fits decides, so that "Assistant to the CEO" and "Vice President" do not become
/// chiefs. A title that somebody had or hopes for is left aside. `None` when the title says nothing about it.
///
/// ```
/// use lead_router_core::normalize::seniority_of;
/// assert_eq!(seniority_of("VP Engineering"), Some("vp"));
/// assert_eq!(seniority_of("Geschäftsführerin"), Some("c_level"));
/// assert_eq!(seniority_of("Product Owner"), None);
/// ```
#[must_use]
pub fn seniority_of(title: &str) -> Option<&'static str> {
    if is_form_of_address(title) {
        return None;
    }
    let folded = held(title);
    let words: Vec<&str> = folded.split(' ').collect();
    let first = SENIORITY.fitting(&words).min_by_key(|(place, _, _)| *place);
    first.map(|(_, phrase, _)| phrase.code).filter(|code| *code != "none")
}

/// The function in a job title, such as `engineering` or `sales`.
///
/// Of several, the longest phrase decides, then the one that stands first: "Product Marketing Manager" is marketing.
/// `None` when the title names none.
///
/// ```
/// use lead_router_core::normalize::function_of;
/// assert_eq!(function_of("VP Engineering"), Some("engineering"));
/// assert_eq!(function_of("Leiterin Vertrieb"), Some("sales"));
/// assert_eq!(function_of("Director"), None);
/// ```
#[must_use]
pub fn function_of(title: &str) -> Option<&'static str> {
    let folded = fold(title);
    let words: Vec<&str> = folded.split(' ').collect();
    let rank =
        |(place, phrase, position): &(usize, &TitlePhrase, usize)| (Reverse(phrase.words.len()), *position, *place);
    FUNCTION.fitting(&words).min_by_key(rank).map(|(_, phrase, _)| phrase.code)
}

impl TitleRules {
    fn read(table: &'static str) -> Self {
        let phrases = phrases(table);
        let mut rules =
            Self { phrases: Vec::new(), by_word: BTreeMap::new(), by_letter: BTreeMap::new(), open: Vec::new() };
        for (place, phrase) in phrases.iter().enumerate() {
            let word = phrase.words.first().copied().unwrap_or_default();
            match word.chars().next() {
                Some(letter) if letter != '*' && word.ends_with('*') => {
                    rules.by_letter.entry(letter).or_default().push(place);
                }
                Some(letter) if letter != '*' => rules.by_word.entry(word).or_default().push(place),
                _ => rules.open.push(place),
            }
        }
        Self { phrases, ..rules }
    }

    /// The phrases that stand in a title, with their places in the table and in the title, in no order; some twice.
    fn fitting<'a>(&'a self, words: &'a [&'a str]) -> impl Iterator<Item = (usize, &'a TitlePhrase, usize)> {
        let written = words.iter().filter_map(|word| self.by_word.get(word)).flatten();
        let letters = words.iter().filter_map(|word| self.by_letter.get(&word.chars().next()?)).flatten();
        written.chain(letters).chain(&self.open).filter_map(|place| {
            let phrase = self.phrases.get(*place)?;
            phrase.position(words).map(|position| (*place, phrase, position))
        })
    }
}

impl TitlePhrase {
    /// Where the phrase begins in the title, counted in words.
    fn position(&self, words: &[&str]) -> Option<usize> {
        let last = words.len().checked_sub(self.words.len())?;
        let (from, to) = (if self.at_end { last } else { 0 }, if self.at_start { 0 } else { last });
        (from..=to).find(|start| words.iter().skip(*start).zip(&self.words).all(|(word, part)| fits(word, part)))
    }
}

/// Whether a word of a title is the word of a phrase.
fn fits(word: &str, part: &str) -> bool {
    if let Some(end) = part.strip_prefix('*') {
        return word.ends_with(end);
    }
    part.strip_suffix('*').map_or(word == part, |start| word.starts_with(start))
}

/// Reads a table: `code: phrase, phrase, …` a line.
fn phrases(table: &'static str) -> Vec<TitlePhrase> {
    let mut phrases = Vec::new();
    for line in table_lines(table) {
        let Some((code, list)) = line.split_once(':') else { continue };
        for text in list.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            let at_start = text.starts_with('^');
            let at_end = text.ends_with('$');
            let words = text.trim_start_matches('^').trim_end_matches('$').split(' ').collect();
            phrases.push(TitlePhrase { words, at_start, at_end, code: code.trim() });
        }
    }
    phrases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seniority_by_title() {
        for (title, code) in [
            ("CEO", Some("c_level")),
            ("Chief Revenue Officer", Some("c_level")),
            ("Co-Founder & CTO", Some("owner")),
            ("President and CEO", Some("c_level")),
            ("Vice President of Sales", Some("vp")),
            ("Senior Vice-President", Some("vp")),
            ("SVP, Operations", Some("vp")),
            ("EVP", Some("vp")),
            ("V.P. Claims", Some("vp")),
            ("Managing Director", Some("c_level")),
            ("Head of Sales Operations", Some("director")),
            ("Director of Revenue Operations", Some("director")),
            ("Associate Director", Some("director")),
            ("Chief of Staff", Some("director")),
            ("Directora de Marketing", Some("director")),
            ("Directeur général", Some("c_level")),
            ("Leiterin Vertrieb", Some("director")),
            ("Vertriebsleiter", Some("director")),
            ("Teamleiter Einkauf", Some("manager")),
            ("Geschäftsführer", Some("c_level")),
            ("Geschaeftsfuehrer", Some("c_level")),
            ("Inhaberin", Some("owner")),
            ("Owner", Some("owner")),
            ("Product Owner", None),
            ("Process Owner Finance", None),
            ("IT Manager", Some("manager")),
            ("Senior Manager CRM", Some("manager")),
            ("Executive Assistant to the CEO", Some("entry")),
            ("Assistant Manager", Some("manager")),
            ("Assistenz der Geschäftsführung", Some("entry")),
            ("Senior Software Engineer", Some("senior")),
            ("Sr. Analyst", Some("senior")),
            ("Staff Engineer", Some("senior")),
            ("Intern", Some("entry")),
            ("Marketing Intern", Some("entry")),
            ("Internal Auditor", None),
            ("Student", Some("student")),
            ("PhD student", Some("student")),
            ("Student Affairs Director", Some("director")),
            ("Werkstudentin", Some("student")),
            ("Managing Partner", Some("c_level")),
            ("Partner", Some("c_level")),
            ("HR Business Partner", None),
            ("Partner Manager", Some("manager")),
            ("Looking for a new role", None),
            ("Software Engineer", None),
            ("", None),
            ("🦀", None),
        ] {
            assert_eq!(seniority_of(title), code, "{title}");
        }
    }

    #[test]
    fn function_by_title() {
        for (title, code) in [
            ("Product Marketing Manager", Some("marketing")),
            ("Product Manager", Some("product")),
            ("Head of Sales Operations", Some("sales")),
            ("Director of Revenue Operations", Some("sales")),
            ("CFO", Some("finance")),
            ("Chief Information Security Officer", Some("it")),
            ("IT Manager", Some("it")),
            ("People Operations Lead", Some("hr")),
            ("Personalleiter", Some("hr")),
            ("Vertriebsleiter", Some("sales")),
            ("Directrice financière", Some("finance")),
            ("Supply Chain Planner", Some("operations")),
            ("Customer Success Manager", Some("customer_success")),
            ("General Counsel", Some("legal")),
            ("CTO", Some("engineering")),
            ("Data Scientist", Some("data")),
            ("Professor", Some("education")),
            ("Owner", None),
            ("", None),
        ] {
            assert_eq!(function_of(title), code, "{title}");
        }
    }

    #[test]
    fn every_phrase_is_written_folded() {
        for phrase in SENIORITY.phrases.iter().chain(&FUNCTION.phrases) {
            for word in &phrase.words {
                assert_eq!(fold(word), word.trim_matches('*'), "{phrase:?}");
            }
        }
    }
}
