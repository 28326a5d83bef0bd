//! Telephone numbers in the international form.

use crate::normalize::unicode::plain_number;
use phonelib::{PhoneNumber, PhoneNumberType};

/// Fewest and most digits behind the `+`: E.164 ends at 15, and what is shorter than 8 with its country code is a code
/// for dialling or a typing error far more often than a number.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// Fewest digits of a number that is read as one with its country code though nothing says so: no country writes its own
/// numbers that long without a 0 in front.
const UNMARKED_DIGITS_MIN: usize = 12;

/// Calling codes that people write without `+` in front of a number which would also be a possible national one, with the
/// most digits that a national number has there; 0 where people write a 0 before every national number.
const UNMARKED_CODES: [(&str, usize); 16] = [
    ("30", 10),
    ("31", 9),
    ("39", 11),
    ("43", 0),
    ("49", 0),
    ("55", 11),
    ("62", 0),
    ("63", 10),
    ("65", 8),
    ("90", 10),
    ("91", 10),
    ("92", 10),
    ("358", 0),
    ("420", 9),
    ("971", 9),
    ("972", 9),
];

/// A telephone number as E.164 writes it, `+` and digits only, or `None` when it cannot be told.
///
/// `country` is the ISO 3166-1 alpha-2 code of the country whose national spelling a number without `+` or `00` has. It
/// must be known: without it a national number has no such form, and none is guessed. A number with `+` or `00` keeps
/// its own country. So does one that begins with a country code and is too long for a national number (`919876543210`).
/// Numbers of every plan are known by their country code and their possible lengths, those of code 1 by
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
    let text = plain_number(text);
    let text = text.trim_start_matches(|letter: char| letter.is_alphabetic() || " .:\t".contains(letter));
    let unbracketed = text.trim_start_matches('(');
    let digits = digits_of(unbracketed.strip_prefix('+').unwrap_or(text))?;
    let abroad = digits.strip_prefix("00").and_then(international);
    let number = match abroad {
        Some(number) => number,
        None if unbracketed.starts_with('+') => international(&digits)?,
        None => unmarked(&digits, country)?,
    };
    let is_possible = number.e164().strip_prefix('+').is_some_and(|digits| DIGITS.contains(&digits.len()));
    is_possible.then(|| number.e164().to_owned())
}

/// A number without `+` and `00`: a national one, or one whose country code goes without a sign.
fn unmarked(digits: &str, country: Option<&str>) -> Option<PhoneNumber> {
    let national = country.and_then(|country| PhoneNumber::parse_with_country(digits, country));
    let Some(foreign) = international(digits).filter(is_in_use) else { return national };
    let Some(national) = national else {
        return (digits.len() >= UNMARKED_DIGITS_MIN).then_some(foreign);
    };
    let own_code = national.country_code();
    let code_and_most = UNMARKED_CODES.iter().find(|(code, _)| code.parse() == Ok(own_code));
    let is_too_long = code_and_most.is_some_and(|(code, most)| digits.starts_with(code) && digits.len() > *most);
    Some(if is_too_long { foreign } else { national })
}

/// Whether the number lies in a range that its country has given to fixed lines or mobiles.
fn is_in_use(number: &PhoneNumber) -> bool {
    use PhoneNumberType::{FixedLine, FixedLineOrMobile, Mobile};
    matches!(number.phone_type(), FixedLine | FixedLineOrMobile | Mobile)
}

/// The number with these digits behind its `+`. No country code begins with a zero.
fn international(digits: &str) -> Option<PhoneNumber> {
    // Mexico's mobiles had a 1 behind the country code until 2019, and address books still do.
    let mexican = digits.strip_prefix("521").filter(|rest| rest.len() == 10);
    let digits = mexican.map_or_else(|| digits.to_owned(), |rest| format!("52{rest}"));
    if digits.starts_with('0') { None } else { PhoneNumber::parse(&format!("+{digits}")) }
}

/// The digits before the first letter, where an extension or a remark begins. `None` when something stands between them
/// that no number has, such as the `*` of one that is hidden.
fn digits_of(text: &str) -> Option<String> {
    let text = text.split(|letter: char| letter.is_alphabetic() || matches!(letter, ',' | ';' | '#')).next()?;
    let is_number = |letter: char| {
        letter.is_ascii_digit() || letter.is_whitespace() || matches!(letter, '-' | '.' | '(' | ')' | '/')
    };
    text.chars().all(is_number).then(|| text.chars().filter(char::is_ascii_digit).collect())
}
