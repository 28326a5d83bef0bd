//! Words and signs around a number that make it a limit: `10 000+`, `plus de 500`, `< 50`, `between 51 and 200`.

use crate::normalize::text::fold;

/// What a number in a text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// The number itself.
    Exactly,
    /// The number or more; also "more than", since nobody tells 500 from 501 employees.
    AtLeast,
    /// The number or less.
    AtMost,
    /// Less than the number.
    Below,
}

/// Words right before the number, folded.
const BEFORE: [(&str, Bound); 53] = [
    ("more than", Bound::AtLeast),
    ("greater than", Bound::AtLeast),
    ("at least", Bound::AtLeast),
    ("over", Bound::AtLeast),
    ("above", Bound::AtLeast),
    ("mehr als", Bound::AtLeast),
    ("mindestens", Bound::AtLeast),
    ("uber", Bound::AtLeast),
    ("ueber", Bound::AtLeast),
    ("ab", Bound::AtLeast),
    ("plus de", Bound::AtLeast),
    ("au moins", Bound::AtLeast),
    ("mas de", Bound::AtLeast),
    ("mais de", Bound::AtLeast),
    ("acima de", Bound::AtLeast),
    ("oltre", Bound::AtLeast),
    ("piu di", Bound::AtLeast),
    ("meer dan", Bound::AtLeast),
    ("fler an", Bound::AtLeast),
    ("over de", Bound::AtLeast),
    ("powyzej", Bound::AtLeast),
    ("ponad", Bound::AtLeast),
    ("vice nez", Bound::AtLeast),
    ("более", Bound::AtLeast),
    ("свыше", Bound::AtLeast),
    ("up to", Bound::AtMost),
    ("at most", Bound::AtMost),
    ("bis", Bound::AtMost),
    ("bis zu", Bound::AtMost),
    ("maximal", Bound::AtMost),
    ("max", Bound::AtMost),
    ("jusqu a", Bound::AtMost),
    ("hasta", Bound::AtMost),
    ("ate", Bound::AtMost),
    ("fino a", Bound::AtMost),
    ("tot", Bound::AtMost),
    ("до", Bound::AtMost),
    ("less than", Bound::Below),
    ("fewer than", Bound::Below),
    ("under", Bound::Below),
    ("below", Bound::Below),
    ("weniger als", Bound::Below),
    ("unter", Bound::Below),
    ("moins de", Bound::Below),
    ("menos de", Bound::Below),
    ("meno di", Bound::Below),
    ("minder dan", Bound::Below),
    ("farre an", Bound::Below),
    ("ponizej", Bound::Below),
    ("mniej niz", Bound::Below),
    ("mene nez", Bound::Below),
    ("менее", Bound::Below),
    ("меньше", Bound::Below),
];

/// Words somewhere behind the number, folded.
const AFTER: [(&str, Bound); 28] = [
    ("or more", Bound::AtLeast),
    ("and more", Bound::AtLeast),
    ("or above", Bound::AtLeast),
    ("and above", Bound::AtLeast),
    ("and up", Bound::AtLeast),
    ("plus", Bound::AtLeast),
    ("oder mehr", Bound::AtLeast),
    ("und mehr", Bound::AtLeast),
    ("ou plus", Bound::AtLeast),
    ("o mas", Bound::AtLeast),
    ("y mas", Bound::AtLeast),
    ("ou mais", Bound::AtLeast),
    ("o piu", Bound::AtLeast),
    ("e oltre", Bound::AtLeast),
    ("of meer", Bound::AtLeast),
    ("en meer", Bound::AtLeast),
    ("i wiecej", Bound::AtLeast),
    ("lub wiecej", Bound::AtLeast),
    ("и более", Bound::AtLeast),
    ("or less", Bound::AtMost),
    ("or fewer", Bound::AtMost),
    ("oder weniger", Bound::AtMost),
    ("ou moins", Bound::AtMost),
    ("o menos", Bound::AtMost),
    ("ou menos", Bound::AtMost),
    ("o meno", Bound::AtMost),
    ("of minder", Bound::AtMost),
    ("lub mniej", Bound::AtMost),
];

/// Words of languages that put no space around them.
const WITHIN: [(&str, Bound); 6] = [
    ("以上", Bound::AtLeast),
    ("이상", Bound::AtLeast),
    ("以下", Bound::AtMost),
    ("이하", Bound::AtMost),
    ("未満", Bound::Below),
    ("미만", Bound::Below),
];

/// Words between the ends of a range, and those that stand there only behind a word for "between".
const RANGE: [&str; 15] =
    ["to", "bis", "à", "a", "al", "do", "до", "til", "till", "tot", "hasta", "até", "through", "thru", "..."];
const RANGE_BETWEEN: [&str; 9] = ["and", "und", "et", "y", "e", "en", "og", "och", "и"];
const BETWEEN: [&str; 8] = ["between", "zwischen", "entre", "tra", "fra", "tussen", "mellan", "между"];

/// What the text before a number, and the text behind it, make of the number. Both in lower case.
pub(super) fn bound(before: &str, after: &str) -> Bound {
    if before.contains(['≤', '⩽']) || before.contains("<=") {
        return Bound::AtMost;
    }
    if before.contains('<') {
        return Bound::Below;
    }
    let after = after.trim();
    if before.contains(['>', '≥']) || after.starts_with('+') || after == "-" {
        return Bound::AtLeast;
    }
    let (first, last) = (fold(before), fold(after));
    let said_before = BEFORE.iter().find(|(word, _)| ends_with_word(&first, word));
    let said_after = || AFTER.iter().find(|(word, _)| has_word(&last, word));
    let said_within = || WITHIN.iter().find(|(word, _)| last.contains(word));
    said_before.or_else(said_after).or_else(said_within).map_or(Bound::Exactly, |(_, bound)| *bound)
}

/// What follows the sign or word of a range, when a number stands right there; `before` is the text before the first end.
pub(super) fn between<'a>(before: &str, after: &'a str) -> Option<&'a str> {
    // What a number counts may stand between it and the dash: "51 人 - 200 人".
    let after = after.trim_start().trim_start_matches(['人', '名']).trim_start();
    let signs = ["-", "~", ".."].iter().find_map(|sign| after.strip_prefix(sign));
    let is_between = || BETWEEN.iter().any(|word| ends_with_word(&fold(before), word));
    let word = |words: &[&str]| words.iter().find_map(|word| after.strip_prefix(word)?.strip_prefix(' '));
    let tail = signs.or_else(|| word(&RANGE)).or_else(|| is_between().then(|| word(&RANGE_BETWEEN)).flatten())?;
    let number = tail.trim_start_matches(|letter: char| letter == ' ' || is_currency(letter));
    number.starts_with(|letter: char| letter.is_ascii_digit()).then_some(number)
}

fn is_currency(letter: char) -> bool {
    matches!(letter, '$' | '€' | '£' | '¥' | '₹' | '₩')
}

fn ends_with_word(text: &str, word: &str) -> bool {
    text.strip_suffix(word).is_some_and(|rest| rest.is_empty() || rest.ends_with(' '))
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let (before, after) =
            (text.get(..at).unwrap_or_default(), text.get(at.saturating_add(word.len())..).unwrap_or_default());
        (before.is_empty() || before.ends_with(' ')) && (after.is_empty() || after.starts_with(' '))
    })
}
