//! The kind of a value: what an answer can be an answer to, whatever the field is called.

use crate::intake::alias::LeadField;
use crate::normalize::{self, country_code, fold, host_of, language_code};

/// Answers that choose and tell nothing.
const CHOICES: [&str; 30] = [
    "1", "0", "yes", "no", "true", "false", "on", "off", "y", "n", "ja", "nein", "oui", "non", "si", "sim", "nao",
    "nee", "nej", "nei", "kylla", "ei", "tak", "nie", "ano", "evet", "hayir", "да", "нет", "はい",
];

/// Forms of address and academic titles, which forms in many languages call a title.
const SALUTATIONS: [&str; 46] = [
    "mr",
    "mrs",
    "ms",
    "miss",
    "mx",
    "sir",
    "madam",
    "dr",
    "prof",
    "doctor",
    "professor",
    "herr",
    "frau",
    "hr",
    "fr",
    "divers",
    "dipl ing",
    "mag",
    "m",
    "mme",
    "mlle",
    "monsieur",
    "madame",
    "mademoiselle",
    "sr",
    "sra",
    "srta",
    "senor",
    "senora",
    "d",
    "dona",
    "don",
    "dna",
    "dott",
    "dott ssa",
    "sig",
    "sig ra",
    "signor",
    "signora",
    "dhr",
    "mevr",
    "mevrouw",
    "meneer",
    "pan",
    "pani",
    "様",
];

/// Most words of a person's name in one field.
const NAME_WORDS_MAX: usize = 7;

/// Whether the text is an answer such as `yes` or `true`.
pub(super) fn is_choice(text: &str) -> bool {
    text.len() <= 12 && CHOICES.contains(&fold(text).as_str())
}

/// Whether the text is a form of address such as `Mr`, or an academic title such as `Dr.`; no job.
pub(super) fn is_salutation(text: &str) -> bool {
    let folded = fold(text);
    let is_known = |text: &str| SALUTATIONS.contains(&text);
    // `Mr / Ms`, `Prof. Dr.`, `Herr Dr.`
    text.len() <= 40 && !folded.is_empty() && (is_known(&folded) || folded.split(' ').all(is_known))
}

/// The one address in a text: the text itself, or the only address among its words, such as in `Ada <ada@example.com>`.
pub(super) fn address_in(text: &str) -> Option<String> {
    if !text.contains(['@', '＠']) {
        return None;
    }
    if normalize::email(text).is_some() {
        return Some(text.to_owned());
    }
    let mut found: Option<(String, String)> = None;
    for word in text.split(|letter: char| letter.is_whitespace() || ",;|<>()[]\"'".contains(letter)) {
        let word = word.trim_end_matches(['.', ':', '!', '?']);
        let Some(email) = normalize::email(word) else { continue };
        match &found {
            Some((mailbox, _)) if *mailbox != email.mailbox => return None,
            Some(_) => {}
            None => found = Some((email.mailbox, word.to_owned())),
        }
    }
    found.map(|(_, word)| word)
}

/// Whether a text can be the answer to a question about a field, for fields whose answers can be told from others.
pub(super) fn fits(field: LeadField, text: &str) -> bool {
    let text = text.trim();
    if is_choice(text) && field != LeadField::Employees {
        return false;
    }
    match field {
        LeadField::Email => address_in(text).is_some(),
        LeadField::Phone => is_phone(text),
        LeadField::Website => !text.contains(['@', ' ']) && host_of(text).is_some(),
        LeadField::LinkedinUrl => text.to_lowercase().contains("linkedin."),
        LeadField::Employees => is_short(text, 60) && text.chars().any(char::is_numeric),
        LeadField::Country => country_code(text).is_some(),
        LeadField::Language => language_code(text).is_some(),
        LeadField::PostalCode => is_short(text, 12) && text.chars().any(char::is_numeric),
        LeadField::Name | LeadField::FirstName | LeadField::LastName => is_name(text),
        LeadField::Company | LeadField::Title | LeadField::Region => is_short(text, 120) && !text.contains('@'),
        _ => true,
    }
}

fn is_short(text: &str, most: usize) -> bool {
    text.chars().count() <= most
}

fn is_name(text: &str) -> bool {
    is_short(text, 100)
        && !text.contains(['@', '/'])
        && !text.chars().any(char::is_numeric)
        && text.split_whitespace().count() <= NAME_WORDS_MAX
}

/// Whether a text is a telephone number: its digits are as many as one has, and hardly anything else is in it.
fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(|letter| letter.is_numeric()).count();
    let letters = text.chars().filter(|letter| letter.is_alphabetic()).count();
    (6..=20).contains(&digits) && letters <= 12 && !text.contains(['@', '/']) || is_slashed_phone(text, digits, letters)
}

/// `030/23125-0`, as people in Germany write them; no date has so many digits in two parts.
fn is_slashed_phone(text: &str, digits: usize, letters: usize) -> bool {
    (7..=20).contains(&digits) && letters == 0 && text.matches('/').count() == 1
}

/// Whether a text is a telephone number that says so itself: with its country.
pub(super) fn is_international_phone(text: &str) -> bool {
    text.trim_start().starts_with(['+', '＋']) && is_phone(text) && normalize::e164(text, None).is_some()
}

/// Whether a text is the address of a person's profile at `LinkedIn`.
pub(super) fn is_linkedin_profile(text: &str) -> bool {
    text.contains("linkedin.com/in/") && normalize::linkedin_profile(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_is_found_in_what_stands_around_it() {
        for (text, address) in [
            ("ada@example.com", Some("ada@example.com")),
            ("Ada Lopez <ada@example.com>", Some("ada@example.com")),
            ("ada@example.com (work)", Some("ada@example.com")),
            ("ada@example.com, ADA@example.com", Some("ada@example.com")),
            ("ada@example.com or bob@example.com", None),
            ("@ada", None),
            ("none", None),
        ] {
            assert_eq!(address_in(text).as_deref(), address, "{text}");
        }
    }

    #[test]
    fn forms_of_address_are_no_jobs() {
        for text in ["Mr", "Mr.", "Dr.", "Prof. Dr.", "Herr Dr.", "Mme", "Mr / Ms", "Frau", "Sr.", "様"] {
            assert!(is_salutation(text), "{text}");
        }
        for text in ["CEO", "Professor of Law", "Doctor in charge", "Manager", "", "…", "Sr. Engineer"] {
            assert!(!is_salutation(text), "{text}");
        }
    }

    #[test]
    fn answers_are_of_the_kind_that_a_question_asks_for() {
        for (field, text, is_one) in [
            (LeadField::Email, "Yes", false),
            (LeadField::Phone, "+49 30 2312-5000", true),
            (LeadField::Phone, "030/23125000", true),
            (LeadField::Phone, "9-12 am", false),
            (LeadField::Country, "No", false),
            (LeadField::Country, "Deutschland", true),
            (LeadField::Country, "all of them", false),
            (LeadField::Employees, "51-200", true),
            (LeadField::Employees, "many", false),
            (LeadField::Website, "acme.example", true),
            (LeadField::Website, "none yet", false),
            (LeadField::Name, "Ada Lopez", true),
            (LeadField::Name, "ada93", false),
            (LeadField::Message, "yes", false),
        ] {
            assert_eq!(fits(field, text), is_one, "{field:?} {text}");
        }
    }
}
