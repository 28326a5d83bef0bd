//! Letters and blanks.

use crate::normalize::unicode::{canonical, is_invisible, plain_number};

/// Lower case, Latin letters without their marks, everything that is neither letter nor digit as one blank. Composed and
/// decomposed letters, wide and narrow forms are the same, and invisible characters do not count.
///
/// `ä` becomes `a`, not `ae`; both spellings of a German word have to be listed where they matter. Letters of
/// other scripts stay as they are.
///
/// ```
/// use lead_router_core::normalize::fold;
/// assert_eq!(fold("  Société d'Études, S.A. "), "societe d etudes s a");
/// assert_eq!(fold("…"), "");
/// ```
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut blank = false;
    for letter in canonical(text).chars().flat_map(char::to_lowercase) {
        if is_mark(letter) {
            continue;
        }
        if !letter.is_alphanumeric() {
            blank = true;
            continue;
        }
        if blank && !folded.is_empty() {
            folded.push(' ');
        }
        blank = false;
        match plain(letter) {
            Some(latin) => folded.push_str(latin),
            None => folded.push(letter),
        }
    }
    folded
}

/// Whether this is a combining mark that a decomposed Latin letter carries.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

/// The Latin letter or letters without marks, or `None` when there is nothing to take away.
fn plain(letter: char) -> Option<&'static str> {
    Some(match letter {
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' | 'ȁ' | 'ȧ' | 'ạ'..='ặ' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' | 'ȅ' | 'ȩ' | 'ẹ'..='ệ' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' | 'ǧ' => "g",
        'ĥ' | 'ħ' | 'ḥ' => "h",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' | 'ǐ' | 'ỉ' | 'ị' => "i",
        'ĵ' => "j",
        'ķ' | 'ǩ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'ơ' | 'ǒ' | 'ọ'..='ợ' => "o",
        'œ' => "oe",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' | 'ṣ' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ŧ' | 'ț' | 'ṭ' => "t",
        'þ' => "th",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' | 'ư' | 'ǔ' | 'ụ'..='ự' => "u",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' | 'ỳ'..='ỹ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'ά' => "α",
        'έ' => "ε",
        'ή' => "η",
        'ί' | 'ϊ' | 'ΐ' => "ι",
        'ό' => "ο",
        'ύ' | 'ϋ' | 'ΰ' => "υ",
        'ώ' => "ω",
        'ς' => "σ",
        'ё' => "е",
        _ => return None,
    })
}

/// White space at the ends removed and every run of it inside turned into one blank.
#[must_use]
pub fn collapse(text: &str) -> String {
    let mut words = text.split_whitespace();
    let mut collapsed = String::with_capacity(text.len());
    if let Some(first) = words.next() {
        collapsed.push_str(first);
    }
    for word in words {
        collapsed.push(' ');
        collapsed.push_str(word);
    }
    collapsed
}

/// The text without what pasting and old encodings leave behind.
///
/// - Invisible characters are dropped: zero-width blanks, byte order marks, soft hyphens, marks that force a writing
///   direction. Joiners stay, since emoji and several scripts need them;
///   direction marks of one letter (U+200E, U+200F, U+061C) go.
/// - Vertical tabs and form feeds, which word processors put between lines, become line ends.
/// - Control characters that Windows-1252 uses for letters and punctuation become these.
///
/// ```
/// use lead_router_core::normalize::clean;
/// assert_eq!(clean("It\u{92}s\u{b}\u{feff}fine"), "It’s\nfine");
/// ```
#[must_use]
pub fn clean(text: &str) -> String {
    // Most texts need nothing, and this is cheap to see.
    if text.bytes().all(|byte| byte.is_ascii() && byte != 0xb && byte != 0xc) {
        return text.to_owned();
    }
    text.chars().filter(|letter| !is_invisible(*letter)).map(mended).collect()
}

fn mended(letter: char) -> char {
    /// What Windows-1252 has at 0x80 to 0x9F; blanks where it has nothing.
    const WINDOWS_1252: &str = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";
    match letter {
        '\u{b}' | '\u{c}' => '\n',
        '\u{80}'..='\u{9f}' => {
            let place = usize::try_from(u32::from(letter).saturating_sub(0x80)).unwrap_or_default();
            WINDOWS_1252.chars().nth(place).filter(|meant| *meant != ' ').unwrap_or(letter)
        }
        _ => letter,
    }
}

/// A postal code: upper case, letters, digits and hyphens only. `None` when nothing remains.
#[must_use]
pub fn postal_code(text: &str) -> Option<String> {
    let text = plain_number(text);
    let capitals = text.chars().flat_map(char::to_uppercase);
    let code: String = capitals.filter(|letter| letter.is_alphanumeric() || *letter == '-').collect();
    (!code.is_empty()).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_leaves_other_scripts_and_drops_marks() {
        for (text, folded) in [
            ("Łódź", "lodz"),
            ("Straße", "strasse"),
            ("E\u{301}cole", "ecole"),
            ("Nguyễn Thị Hường", "nguyen thi huong"),
            ("ΑΘΗΝΑΣ", "αθηνασ"),
            ("Αθήνας", "αθηνασ"),
            ("Ａｃｍｅ\u{200b}", "acme"),
            ("И\u{306}ога", "йога"),
            ("株式会社 トヨタ", "株式会社 トヨタ"),
            ("A/S", "a s"),
            ("--", ""),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn texts_are_mended() {
        for (text, mended) in [
            ("\u{feff}a\u{200b}b\u{202e}c", "abc"),
            ("👩\u{200d}💻", "👩\u{200d}💻"),
            ("a\u{b}b\u{c}c", "a\nb\nc"),
            ("\u{80}\u{82}\u{9f}\u{9e}\u{8e}\u{91}", "€‚ŸžŽ‘"),
            ("\u{81}\u{8d}\u{8f}\u{90}\u{9d}\u{7f}\u{1}", "\u{81}\u{8d}\u{8f}\u{90}\u{9d}\u{7f}\u{1}"),
        ] {
            assert_eq!(clean(text), mended, "{text:?}");
        }
    }

    #[test]
    fn postal_codes_lose_blanks_and_gain_capitals() {
        assert_eq!(postal_code(" sw1a 1aa ").as_deref(), Some("SW1A1AA"));
        assert_eq!(postal_code("02139-4307").as_deref(), Some("02139-4307"));
        assert_eq!(postal_code(" . "), None);
    }
}
