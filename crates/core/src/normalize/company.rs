//! Names of companies in one spelling.

use crate::normalize::table_lines;
use crate::normalize::text::fold;
use std::sync::LazyLock;

/// The legal forms of `data/legal_forms.txt`; those of several words as lists of words, the longest first.
struct LegalForms {
    end: Vec<Vec<&'static str>>,
    front: Vec<Vec<&'static str>>,
    stuck: Vec<&'static str>,
}

static FORMS: LazyLock<LegalForms> = LazyLock::new(|| {
    let of_kind = |kind: &str| {
        let lines = table_lines(include_str!("data/legal_forms.txt")).filter_map(|line| line.split_once(':'));
        let lists = lines.filter(|(found, _)| *found == kind).flat_map(|(_, forms)| forms.split(','));
        lists.map(str::trim).collect::<Vec<_>>()
    };
    let phrases = |kind: &str| {
        let mut phrases: Vec<Vec<&str>> = of_kind(kind).into_iter().map(|form| form.split(' ').collect()).collect();
        phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
        phrases
    };
    LegalForms { end: phrases("end"), front: phrases("front"), stuck: of_kind("stuck") }
});

/// Words between names that are written or left out at will.
const JOINING: [&str; 5] = ["and", "e", "et", "und", "y"];

/// The key under which a company's name is looked up: folded, without legal forms in front and behind, without joining
/// words and spaces, German and Nordic letters in one spelling.
///
/// Different companies may share a key, so a match by name is weaker than one by domain. Single letters in a row
/// are read as one word, so that `S.p.A.`, `A/S` and `K.K.` are recognized. A name that is nothing but a legal
/// form stays. `None` when the text has no letter and no digit.
///
/// ```
/// use lead_router_core::normalize::company_key;
/// assert_eq!(company_key("Müller & Söhne GmbH & Co. KG").as_deref(), Some("mullersohne"));
/// assert_eq!(company_key("Mueller und Soehne"), company_key("Müller & Söhne"));
/// assert_eq!(company_key("J.P. Morgan"), company_key("JPMorgan"));
/// assert_eq!(company_key("SE").as_deref(), Some("se"));
/// ```
#[must_use]
pub fn company_key(name: &str) -> Option<String> {
    let folded = fold(name);
    let unstuck = without_stuck(&folded);
    let mut words = joined_letters(unstuck);
    if words.len() > 1 && words.first().is_some_and(|word| word == "the") {
        words.remove(0);
    }
    let mut kept = words.as_slice();
    while let Some(shorter) = without_end(kept).or_else(|| without_front(kept)) {
        kept = shorter;
    }
    let mut name: String = kept.iter().filter(|word| !JOINING.contains(&word.as_str())).map(String::as_str).collect();
    if name.is_empty() {
        name = kept.concat();
    }
    let key = one_spelling(&name);
    (!key.is_empty()).then_some(key)
}

/// The words without the longest form behind them, or `None` when there is none, or nothing else.
fn without_end(words: &[String]) -> Option<&[String]> {
    let [before @ .., last] = words else { return None };
    if before.is_empty() {
        return None;
    }
    let is_behind =
        |form: &&Vec<&str>| words.len() > form.len() && form.iter().rev().eq(words.iter().rev().take(form.len()));
    if let Some(form) = FORMS.end.iter().find(is_behind) {
        return words.get(..words.len().saturating_sub(form.len()));
    }
    JOINING.contains(&last.as_str()).then_some(before)
}

/// The words without the longest form in front of them.
fn without_front(words: &[String]) -> Option<&[String]> {
    let is_before = |form: &&Vec<&str>| words.len() > form.len() && form.iter().eq(words.iter().take(form.len()));
    words.get(FORMS.front.iter().find(is_before)?.len()..)
}

/// The name without forms that are written without a space, at both ends.
fn without_stuck(folded: &str) -> &str {
    // Names in ASCII have none.
    let mut rest = if folded.is_ascii() { return folded } else { folded };
    while let Some(shorter) = FORMS
        .stuck
        .iter()
        .find_map(|form| rest.strip_suffix(form).or_else(|| rest.strip_prefix(form)))
        .map(str::trim)
        .filter(|shorter| !shorter.is_empty())
    {
        rest = shorter;
    }
    // `㈱` and `(주)` are single letters.
    let alone = ["株", "有", "주", "유"].iter().find_map(|form| {
        rest.strip_prefix(form)
            .filter(|rest| rest.starts_with(' '))
            .or_else(|| rest.strip_suffix(form).filter(|rest| rest.ends_with(' ')))
    });
    alone.map_or(rest, str::trim)
}

/// `ue` and `ü`, `oe` and `ø`, `aa` and `å` as one letter, which folding has made of the marked ones.
fn one_spelling(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    for letter in name.chars() {
        let is_second = match key.chars().next_back() {
            Some('a') => matches!(letter, 'a' | 'e'),
            Some('o' | 'u') => letter == 'e',
            _ => false,
        };
        if !is_second {
            key.push(letter);
        }
    }
    key
}

/// The words, with single letters in a row as one word.
fn joined_letters(folded: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for word in folded.split(' ').filter(|word| !word.is_empty()) {
        let single = word.chars().count() == 1;
        match words.last_mut() {
            Some(last) if single && open => last.push_str(word),
            _ => words.push(word.to_owned()),
        }
        open = single;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_letters_has_no_key() {
        for name in ["", "  ", "---", "…"] {
            assert_eq!(company_key(name), None, "{name:?}");
        }
    }

    #[test]
    fn every_form_is_written_folded() {
        for form in FORMS.end.iter().chain(&FORMS.front) {
            let words: Vec<String> = form.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(fold(&words.join(" ")), words.join(" "));
        }
    }
}
