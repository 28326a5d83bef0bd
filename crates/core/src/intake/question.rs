//! Questions: fields whose meaning stands in a sentence, in a dozen languages, and whose answers can be told from others.

use crate::intake::alias::LeadField;
use crate::intake::words::{is_unspaced, telling, without_numbers, words};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Words that mean a field, with the rank of the field: its line in the table.
struct Phrase {
    words: Vec<String>,
    field: LeadField,
    rank: usize,
}

#[derive(Default)]
struct Phrases {
    /// By their first word.
    spaced: BTreeMap<String, Vec<Phrase>>,
    /// Those of scripts without blanks, each as one text.
    unspaced: Vec<(String, LeadField, usize)>,
}

static PHRASES: LazyLock<Phrases> = LazyLock::new(|| {
    let mut phrases = Phrases::default();
    let lines = include_str!("data/questions.txt").lines().filter(|line| !line.starts_with('#'));
    for (rank, line) in lines.enumerate() {
        let Some((path, texts)) = line.split_once(':') else { continue };
        let Some(field) = LeadField::from_path(path) else { continue };
        for text in texts.split('|') {
            let all = words(text);
            if is_unspaced(text) {
                phrases.unspaced.push((all.concat(), field, rank));
                continue;
            }
            let words: Vec<String> = telling(&without_numbers(&all)).into_iter().map(str::to_owned).collect();
            if let Some(first) = words.first().cloned() {
                phrases.spaced.entry(first).or_default().push(Phrase { words, field, rank });
            }
        }
    }
    phrases
});

/// The field that a question asks for, by the longest words of the table that stand in it; `telling` are its words without
/// noise. `None` when it asks for nothing that the table knows.
pub(super) fn field_asked_for(telling: &[&str]) -> Option<LeadField> {
    let mut best: Option<(usize, usize, LeadField)> = None;
    let mut offer = |length: usize, rank: usize, field: LeadField| {
        if best.is_none_or(|(most, first, _)| length > most || length == most && rank < first) {
            best = Some((length, rank, field));
        }
    };
    for start in 0..telling.len() {
        let rest = telling.get(start..).unwrap_or_default();
        let Some(phrases) = rest.first().and_then(|first| PHRASES.spaced.get(*first)) else { continue };
        for phrase in phrases {
            if rest.len() >= phrase.words.len() && phrase.words.iter().zip(rest).all(|(one, other)| one == other) {
                offer(phrase.words.len(), phrase.rank, phrase.field);
            }
        }
    }
    let text = telling.concat();
    if is_unspaced(&text) {
        for (phrase, field, rank) in &PHRASES.unspaced {
            if text.contains(phrase.as_str()) {
                offer(phrase.chars().count(), *rank, *field);
            }
        }
    }
    best.map(|(_, _, field)| field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_ask_for_a_field() {
        for (question, field) in [
            ("What is your work email?", Some(LeadField::Email)),
            ("Votre adresse e-mail", Some(LeadField::Email)),
            ("E-mailadres", Some(LeadField::Email)),
            ("이메일", Some(LeadField::Email)),
            ("会社メールアドレス", Some(LeadField::Email)),
            ("What is your company size?", Some(LeadField::Employees)),
            ("How many people work at your company?", Some(LeadField::Employees)),
            ("Please share anything that will help prepare for our meeting.", Some(LeadField::Message)),
            ("In welchem Land sind Sie tätig?", Some(LeadField::Country)),
            ("Company phone number", Some(LeadField::Phone)),
            ("Which colour do you like?", None),
            ("", None),
        ] {
            let words = words(question);
            assert_eq!(field_asked_for(&telling(&without_numbers(&words))), field, "{question}");
        }
    }

    #[test]
    fn every_line_and_every_phrase_of_the_table_counts() {
        let table = include_str!("data/questions.txt");
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let (path, texts) = line.split_once(':').unwrap();
            let field = LeadField::from_path(path).unwrap();
            for text in texts.split('|') {
                let words = words(text);
                let words = without_numbers(&words);
                assert_eq!(field_asked_for(&telling(&words)), Some(field), "{path}: {text}");
            }
        }
    }
}
