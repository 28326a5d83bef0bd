//! Telephone numbers in the international form.

use phonelib::PhoneNumber;

/// Fewest and most digits behind the `+`: E.164 ends at 15, and what is shorter than 8 with its country code is a code
/// for dialling or a typing error far more often than a number.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// A telephone number as E.164 writes it, `+` and digits only, or `None` when it cannot be told.
///
/// `country` is the ISO 3166-1 alpha-2 code of the country whose national spelling a number without `+` or `00` has. It
/// must be known: without it a national number has no such form, and none is guessed. A number with `+` or `00` keeps
/// its own country. Numbers of every plan are known by their country code and their possible lengths, those of code 1 by
/// their area code too; whether somebody has the number is not. A label before it, an extension, a remark behind it and
/// the prefix that is dialled inside a country are left out.
///
/// ```
/// use lead_router_core::normalize::e164;
/// assert_eq!(e164("+44 (0)20 7946 0018 ext. 5", None).as_deref(), Some("+442079460018"));
/// assert_eq!(e164("(202) 555-0143", Some("us")).as_deref(), Some("+12025550143"));
/// assert_eq!(e164("(202) 555-0143", None), None);
/// assert_eq!(e164("call me", Some("us")), None);
/// ```
#[must_use]
pub fn e164(text: &str, country: Option<&str>) -> Option<String> {
    let text: String = text.chars().map(half_width).collect();
    let text = text.trim_start_matches(|letter: char| letter.is_alphabetic() || " .:\t".contains(letter));
    let unbracketed = text.trim_start_matches('(');
    let digits = digits_of(unbracketed.strip_prefix('+').unwrap_or(text))?;
    let abroad = digits.strip_prefix("00").and_then(international);
    let number = match abroad {
        Some(number) => number,
        None if unbracketed.starts_with('+') => international(&digits)?,
        None => PhoneNumber::parse_with_country(&digits, country?)?,
    };
    let is_possible = number.e164().strip_prefix('+').is_some_and(|digits| DIGITS.contains(&digits.len()));
    is_possible.then(|| number.e164().to_owned())
}

/// The number with these digits behind its `+`. No country code begins with a zero.
fn international(digits: &str) -> Option<PhoneNumber> {
    if digits.starts_with('0') { None } else { PhoneNumber::parse(&format!("+{digits}")) }
}

/// The digits before the first letter, where an extension or a remark begins. `None` when something stands between them
/// that no number has, such as the `*` of one that is hidden.
fn digits_of(text: &str) -> Option<String> {
    let text = text.split(|letter: char| letter.is_alphabetic() || matches!(letter, ',' | ';' | '#')).next()?;
    let is_number = |letter: char| {
        letter.is_ascii_digit()
            || letter.is_whitespace()
            || matches!(letter, '-' | '.' | '(' | ')' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}')
    };
    text.chars().all(is_number).then(|| text.chars().filter(char::is_ascii_digit).collect())
}

/// The narrow form of a letter that East Asian keyboards also write as wide as an ideograph.
fn half_width(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter).saturating_sub(0xfee0)).unwrap_or(letter),
        '\u{3000}' => ' ',
        _ => letter,
    }
}
