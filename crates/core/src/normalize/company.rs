//! Names of companies in one spelling.

use crate::normalize::text::fold;

/// Words that name a legal form or a holding, after folding. They say nothing about which company it is.
const LEGAL_FORMS: [&str; 78] = [
    "ab",
    "ag",
    "aktiebolag",
    "aktiengesellschaft",
    "as",
    "asa",
    "aps",
    "bhd",
    "bv",
    "bvba",
    "co",
    "company",
    "corp",
    "corporation",
    "cv",
    "doo",
    "dd",
    "eg",
    "ek",
    "ev",
    "eurl",
    "gbr",
    "ges",
    "gesmbh",
    "ggmbh",
    "gmbh",
    "group",
    "gruppe",
    "groupe",
    "gruppo",
    "grupo",
    "holding",
    "holdings",
    "hf",
    "inc",
    "incorporated",
    "international",
    "kabushiki",
    "kaisha",
    "kft",
    "kg",
    "kgaa",
    "kk",
    "limited",
    "limitada",
    "llc",
    "llp",
    "lp",
    "ltd",
    "ltda",
    "mbh",
    "nv",
    "nyrt",
    "oao",
    "ohg",
    "ood",
    "oy",
    "oyj",
    "plc",
    "pjsc",
    "pte",
    "pty",
    "pvt",
    "private",
    "publ",
    "sa",
    "sab",
    "sarl",
    "sas",
    "sasu",
    "sc",
    "se",
    "sl",
    "slu",
    "spa",
    "srl",
    "sro",
    "zrt",
];

/// Words between names that are written or left out at will.
const JOINING: [&str; 5] = ["and", "e", "et", "und", "y"];

/// The key under which a company's name is looked up: folded, without legal forms at the end and joining words.
///
/// Different companies may share a key, so a match by name is weaker than one by domain. Single letters in a row
/// are read as one word, so that `S.p.A.`, `A/S` and `K.K.` are recognized. A name that is nothing but a legal
/// form stays. `None` when the text has no letter and no digit.
///
/// ```
/// use lead_router_core::normalize::company_key;
/// assert_eq!(company_key("Müller & Söhne GmbH & Co. KG").as_deref(), Some("muller sohne"));
/// assert_eq!(company_key("Prairie Grid, Inc."), company_key("prairie grid"));
/// assert_eq!(company_key("SE").as_deref(), Some("se"));
/// ```
#[must_use]
pub fn company_key(name: &str) -> Option<String> {
    let folded = fold(name);
    let mut words = joined_letters(&folded);
    if words.len() > 1 && words.first().is_some_and(|word| word == "the") {
        words.remove(0);
    }
    while words.len() > 1 && words.last().is_some_and(|word| is_noise(word)) {
        words.pop();
    }
    let kept: Vec<&str> = words.iter().map(String::as_str).filter(|word| !JOINING.contains(word)).collect();
    let key = if kept.is_empty() { words.join(" ") } else { kept.join(" ") };
    (!key.is_empty()).then_some(key)
}

fn is_noise(word: &str) -> bool {
    LEGAL_FORMS.contains(&word) || JOINING.contains(&word)
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
    fn legal_forms_and_punctuation_make_no_difference() {
        for (name, key) in [
            ("Siemens AG", "siemens"),
            ("Alfa Laval AB (publ)", "alfa laval"),
            ("ENI S.p.A.", "eni"),
            ("Telefónica, S.A.", "telefonica"),
            ("Koninklijke Philips N.V.", "koninklijke philips"),
            ("Vestas Wind Systems A/S", "vestas wind systems"),
            ("Sony K.K.", "sony"),
            ("Atlassian Pty. Ltd.", "atlassian"),
            ("Nokia Oyj", "nokia"),
            ("The Coca-Cola Company", "coca cola"),
            ("Procter and Gamble Co.", "procter gamble"),
            ("Johnson & Johnson", "johnson johnson"),
            ("AT&T Inc.", "at t"),
            ("H & M", "hm"),
            ("Acme Holding GmbH", "acme"),
            ("3M", "3m"),
            ("トヨタ自動車株式会社", "トヨタ自動車株式会社"),
            ("AB", "ab"),
            ("Y", "y"),
        ] {
            assert_eq!(company_key(name).as_deref(), Some(key), "{name}");
        }
    }

    #[test]
    fn a_name_without_letters_has_no_key() {
        for name in ["", "  ", "---", "…"] {
            assert_eq!(company_key(name), None, "{name:?}");
        }
    }
}
