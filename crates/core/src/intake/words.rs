//! The words of a field's name, and which of them say nothing.

use crate::normalize::fold;
use std::collections::BTreeSet;
use std::sync::LazyLock;

static NOISE: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| word_list(include_str!("data/noise.txt")));

static PREFIXES: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| word_list(include_str!("data/prefixes.txt")));

static OTHER_PEOPLE: LazyLock<BTreeSet<&'static str>> =
    LazyLock::new(|| word_list(include_str!("data/other_people.txt")));

fn word_list(table: &'static str) -> BTreeSet<&'static str> {
    table.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).collect()
}

/// The words of a name in lower case, Latin letters without their marks: split at everything that is neither letter nor
/// digit, before a capital, and between letters and digits. `q3_fullName3` is `q`, `3`, `full`, `name`, `3`.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(name.len().saturating_add(8));
    let mut before = ' ';
    for letter in name.chars() {
        let is_capital = before.is_lowercase() && letter.is_uppercase();
        let is_border = before.is_ascii_digit() != letter.is_ascii_digit();
        if is_capital || (is_border && before.is_alphanumeric() && letter.is_alphanumeric()) {
            spaced.push(' ');
        }
        spaced.push(letter);
        before = letter;
    }
    fold(&spaced).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The words without numbers, and without a single letter before one (`q3`, `g2`): counters of form builders.
pub(super) fn without_numbers(words: &[String]) -> Vec<&str> {
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let mut kept: Vec<&str> = Vec::with_capacity(words.len());
    for (index, word) in words.iter().enumerate() {
        let counts = word.len() == 1 && words.get(index.saturating_add(1)).is_some_and(|next| is_number(next));
        if !is_number(word) && !counts {
            kept.push(word);
        }
    }
    kept
}

/// The words that say something: without those that never do, and those that do not where a name begins.
pub(super) fn telling<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let said = words.iter().copied().filter(|word| !NOISE.contains(word));
    said.skip_while(|word| PREFIXES.contains(word)).collect()
}

/// The words that are not put around a field by its form or payload, wherever they stand.
pub(super) fn without_wrappers<'a>(words: &[&'a str]) -> Vec<&'a str> {
    words.iter().copied().filter(|word| !PREFIXES.contains(word)).collect()
}

/// Whether a name is about somebody else than the lead: its owner, a colleague, who referred it.
pub(super) fn is_about_another(words: &[&str]) -> bool {
    words.iter().any(|word| OTHER_PEOPLE.contains(word))
}

/// Whether the text is of a script that is written without blanks between words.
pub(super) fn is_unspaced(text: &str) -> bool {
    text.chars().any(|letter| {
        matches!(letter, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_where_a_person_would_split_them() {
        for (name, expected) in [
            ("q3_fullName3", "q 3 full name 3"),
            ("form_fields[email]", "form fields email"),
            ("E-Mail (Pflichtfeld)", "e mail pflichtfeld"),
            ("0-1/email", "0 1 email"),
            ("Votre adresse e-mail", "votre adresse e mail"),
            ("メールアドレス（必須）", "メールアドレス 必須"),
            ("…", ""),
        ] {
            assert_eq!(words(name).join(" "), expected, "{name}");
        }
    }

    #[test]
    fn counters_and_noise_say_nothing() {
        for (name, expected) in [
            ("q4_email4", "email"),
            ("g3-email", "email"),
            ("names[first_name]", "first name"),
            ("Please enter your work email (required)", "email"),
            ("wpforms[fields][1]", ""),
        ] {
            let words = words(name);
            assert_eq!(telling(&without_numbers(&words)).join(" "), expected, "{name}");
        }
    }

    #[test]
    fn tables_are_written_as_they_are_compared() {
        for word in NOISE.iter().chain(PREFIXES.iter()).chain(OTHER_PEOPLE.iter()) {
            assert_eq!(fold(word), *word);
        }
    }
}
