//! Representatives of the texts that a set of tests can tell apart.
//!
//! Which prefixes a text begins with follows from the longest one; which words it has can be reached with one phrase
//! for each test that finds something. So prefix, filler and phrases, put together in every way, with a filler that
//! occurs in no test, reach every combination of answers that any text reaches.

use crate::facts::Field;
use crate::rubric::condition::Test;
use crate::rubric::lint::number_cells::{CANDIDATES_MAX, numbers};

/// Every value that a field can have, for fields with a closed vocabulary.
const fn vocabulary(field: Field) -> Option<&'static [&'static str]> {
    match field {
        Field::LeadEmailKind => Some(&["business", "free", "disposable"]),
        Field::PersonSeniority => {
            Some(&["c_level", "vp", "director", "manager", "senior", "entry", "owner", "student"])
        }
        Field::AccountStatus => Some(&["prospect", "customer", "partner", "competitor"]),
        _ => None,
    }
}

/// Whether the field holds codes of two lower-case letters.
const fn is_two_letters(field: Field) -> bool {
    matches!(field, Field::LeadCountry | Field::CompanyCountry | Field::LeadLanguage)
}

/// Texts of every class, and whether they are all. `None` is a field of the sender's own.
pub(super) fn texts(field: Option<Field>, tests: &[&Test]) -> (Vec<String>, bool) {
    if let Some(words) = field.and_then(vocabulary) {
        return (words.iter().map(|word| (*word).to_owned()).collect(), true);
    }
    if field.is_some_and(is_two_letters) {
        let characters = || b'a'..=b'z';
        let code = |a, b| [a, b].into_iter().map(char::from).collect::<String>();
        return (characters().flat_map(|a| characters().map(move |b| code(a, b))).collect(), true);
    }
    let (mut free, mut is_complete) = free_texts(tests);
    if tests.iter().any(|test| matches!(test, Test::Range { .. })) {
        free.extend(numbers(tests).into_iter().map(|number| number.to_string()));
        // Texts that are a number and match a text test as well are not gone through.
        is_complete &= !tests.iter().any(|test| matches!(test, Test::Prefixes(_) | Test::Words(_)));
    }
    (free, is_complete)
}

fn free_texts(tests: &[&Test]) -> (Vec<String>, bool) {
    let constants = constants(tests);
    let filler = filler(&constants);
    let separator = format!(" {filler} ");
    let mut prefixes: Vec<&str> = vec![""];
    let mut exact = Vec::new();
    let mut choices: Vec<Vec<String>> = Vec::new();
    for test in tests {
        match test {
            Test::Texts(texts) => exact.extend(texts.iter().map(ToString::to_string)),
            Test::Prefixes(list) => prefixes.extend(list.iter().map(|prefix| &**prefix)),
            Test::Words(phrases) => choices.push(phrases.iter().map(|phrase| phrase.text()).collect()),
            _ => {}
        }
    }
    // The readable ones first: they stand in witnesses.
    let mut texts = exact;
    texts.extend(prefixes.iter().filter(|prefix| !prefix.is_empty()).map(|prefix| (*prefix).to_owned()));
    texts.extend(choices.iter().flatten().cloned());
    let mut tails: Vec<String> = vec![String::new()];
    for phrases in &choices {
        let grown = joined(&tails, &separator, phrases);
        tails.extend(grown);
    }
    let is_complete = tails.len().saturating_mul(prefixes.len()) < CANDIDATES_MAX;
    texts.extend(joined(&prefixes, &filler, &tails));
    (texts, is_complete)
}

/// Every start with every end, and `middle` between them; no more than are gone through.
fn joined(starts: &[impl AsRef<str>], middle: &str, ends: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for start in starts {
        let start = start.as_ref();
        all.extend(ends.iter().take(CANDIDATES_MAX).map(|end| format!("{start}{middle}{end}")));
        if all.len() >= CANDIDATES_MAX {
            break;
        }
    }
    all
}

fn constants(tests: &[&Test]) -> Vec<String> {
    let mut constants = Vec::new();
    for test in tests {
        match test {
            Test::Texts(texts) | Test::Prefixes(texts) => constants.extend(texts.iter().map(ToString::to_string)),
            Test::Words(phrases) => constants.extend(phrases.iter().map(|phrase| phrase.text())),
            _ => {}
        }
    }
    constants
}

/// A word that no constant shares a letter run with: the first of some that read well, or one that grows until it is new.
fn filler(constants: &[String]) -> String {
    let mut filler = "xyz".to_owned();
    while constants.iter().any(|constant| constant.contains(&filler)) {
        filler.push('q');
    }
    filler
}
