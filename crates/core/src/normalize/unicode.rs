//! One spelling of characters that look alike: composed and decomposed letters, wide and narrow forms, marks that cannot
//! be seen, digits of other scripts.
//!
//! Two texts that a person reads as the same compare equal in [`canonical`]. It maps characters as UTS 46 does for host
//! names, so that an address, its domain and the name of a company follow the same rule, and the tables are needed once.

use icu_normalizer::uts46::Uts46MapperBorrowed;
use std::borrow::Cow;

const MAPPER: Uts46MapperBorrowed<'static> = Uts46MapperBorrowed::new();

/// The digit zero of every script whose digits people type into forms; the other nine follow it.
const ZEROS: [char; 17] = [
    '\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}', '\u{be6}', '\u{c66}', '\u{ce6}',
    '\u{d66}', '\u{e50}', '\u{ed0}', '\u{1040}', '\u{17e0}', '\u{1810}', '\u{ff10}',
];

/// Whether a character leaves no trace on a page and in no language tells two words apart: direction marks, zero-width
/// spaces, soft hyphens, byte order marks.
pub(super) const fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}'..='\u{2064}'
            | '\u{feff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// Whether a character joins or parts its neighbours without being seen. Emoji and several scripts need it in names and
/// messages; no address and no number has it.
const fn is_joiner(letter: char) -> bool {
    matches!(letter, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

/// The text by which addresses, hosts and names are compared: lower case, composed (NFC), wide and other compatibility
/// forms as plain characters, without invisible ones. `。` becomes `.`. What Unicode forbids becomes U+FFFD.
pub(super) fn canonical(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        return if is_lower { Cow::Borrowed(text) } else { Cow::Owned(text.to_ascii_lowercase()) };
    }
    let visible = text.chars().filter(|letter| !is_invisible(*letter) && !is_joiner(*letter));
    Cow::Owned(MAPPER.map_normalize(visible).map(plain_digit).collect())
}

/// The text of a number: digits of every script and wide forms as ASCII, every kind of space as a space and every kind
/// of dash as `-`, without invisible characters. Letter case stays.
pub(super) fn plain_number(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let visible = text.chars().filter(|letter| !is_invisible(*letter) && !is_joiner(*letter));
    Cow::Owned(visible.map(plain_sign).collect())
}

fn plain_sign(letter: char) -> char {
    match plain_digit(letter) {
        '\u{66b}' => '.',
        '\u{66c}' => ',',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '〜' | '～' => '-',
        '’' | '‘' | '´' => '\'',
        '\u{ff01}'..='\u{ff5e}' => narrow(letter),
        other if other.is_whitespace() && other != '\n' => ' ',
        other => other,
    }
}

/// The narrow form of a character that East Asian keyboards also write as wide as an ideograph.
fn narrow(letter: char) -> char {
    char::from_u32(u32::from(letter).saturating_sub(0xfee0)).unwrap_or(letter)
}

fn plain_digit(letter: char) -> char {
    if letter.is_ascii() {
        return letter;
    }
    let code = u32::from(letter);
    let value = ZEROS.iter().find_map(|zero| code.checked_sub(u32::from(*zero)).filter(|value| *value < 10));
    value.and_then(|value| char::from_digit(value, 10)).unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_has_one_canonical_form() {
        for (text, expected) in [
            ("Plain ASCII", "plain ascii"),
            ("plain", "plain"),
            ("Mu\u{308}ller", "müller"),
            ("ＡＣＭＥ．ｃｏｍ", "acme.com"),
            ("acme。com", "acme.com"),
            ("ac\u{200b}me\u{200e}\u{200f}\u{61c}\u{200c}\u{200d}\u{ad}", "acme"),
            ("\u{202a}a\u{202c}\u{2066}b\u{2069}\u{feff}", "ab"),
            ("ﬁrma", "firma"),
            ("ｶﾌﾞｼｷ", "カブシキ"),
            ("STRAẞE", "straße"),
            ("٠١٢ ۳۴۵ ６７", "012 345 67"),
        ] {
            assert_eq!(canonical(text), expected, "{text:?}");
        }
    }

    #[test]
    fn numbers_of_every_script_become_ascii() {
        for (text, expected) in [
            ("١٬٢٣٤٫٥", "1,234.5"),
            ("۱۲۳", "123"),
            ("५१-२००", "51-200"),
            ("๑๒๓", "123"),
            ("１，０００～５，０００", "1,000-5,000"),
            ("1\u{a0}000\u{202f}000\u{2009}000", "1 000 000 000"),
            ("51–200 Employés", "51-200 Employés"),
            ("\u{200e}+49\u{200b}30\u{2011}1\u{200f}", "+4930-1"),
        ] {
            assert_eq!(plain_number(text), expected, "{text:?}");
        }
    }
}
