//! Telephone numbers in the international form.

/// Fewest and most digits behind the `+`: E.164 ends at 15, and no country's numbers have fewer than 8 with its code.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// A telephone number as E.164 writes it, `+` and digits only.
///
/// The text must be international already: `+` or `00` at its beginning. The zero in brackets that is dialled inside a
/// country, and an extension, are left out. No table of numbering plans is used, which would be larger than the rest of
/// the program, so a national number has no such form, and one that nobody was given still has one. Only numbers of the
/// code 1 are checked further: ten digits behind it, area and exchange not beginning with 0 or 1.
///
/// ```
/// use lead_router::domain::normalize::e164;
/// assert_eq!(e164("+44 (0)20 7946 0018 ext. 5").as_deref(), Some("+442079460018"));
/// assert_eq!(e164("(202) 555-0143"), None);
/// ```
#[must_use]
pub fn e164(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches("tel:").trim_start();
    let rest = text.strip_prefix('+').or_else(|| text.strip_prefix("00"))?;
    let digits = digits_of(&rest.replacen("(0)", "", 1))?;
    let is_good = DIGITS.contains(&digits.len()) && !digits.starts_with('0');
    let is_plausible = digits.strip_prefix('1').is_none_or(is_north_american);
    (is_good && is_plausible).then(|| format!("+{digits}"))
}

/// Like [`e164`]; a text of ten digits without `+` is a number of North America. For providers that write those so.
#[must_use]
pub fn e164_north_america(text: &str) -> Option<String> {
    e164(text)
        .or_else(|| digits_of(text).filter(|digits| is_north_american(digits)).map(|digits| format!("+1{digits}")))
}

/// The digits before the first letter, where an extension begins. `None` when something stands between them that no
/// number has, such as the `*` of one that is hidden.
fn digits_of(text: &str) -> Option<String> {
    let text = text.split(|letter: char| letter.is_alphabetic() || matches!(letter, ',' | ';' | '#')).next()?;
    let is_number =
        |letter: char| letter.is_ascii_digit() || letter.is_whitespace() || "-.()/\u{2010}\u{2011}".contains(letter);
    text.chars().all(is_number).then(|| text.chars().filter(char::is_ascii_digit).collect())
}

fn is_north_american(digits: &str) -> bool {
    let begins_well = |place: usize| digits.get(place..).is_some_and(|rest| !rest.starts_with(['0', '1']));
    digits.len() == 10 && begins_well(0) && begins_well(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn international_numbers_have_one_form() {
        for (text, expected) in [
            ("+12025550143", Some("+12025550143")),
            ("+1 202-555-0143", Some("+12025550143")),
            ("tel:+1.202.555.0143", Some("+12025550143")),
            ("0046 46 12 34 56", Some("+4646123456")),
            ("+49 (0) 30 901820", Some("+4930901820")),
            ("+49 (0)30 901820", Some("+4930901820")),
            ("+44 20 7946 0018x12", Some("+442079460018")),
            ("+12345678", None),
            ("+45678901", Some("+45678901")),
            ("+4567890", None),
            ("+456789012345678", Some("+456789012345678")),
            ("+4567890123456789", None),
            ("+0123456789", None),
            ("+1 102 555 0143", None),
            ("+1 202 155 0143", None),
            ("+1 202 555 01**", None),
            ("2025550143", None),
            ("+", None),
            ("", None),
        ] {
            assert_eq!(e164(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn ten_digits_are_north_american_where_a_provider_writes_so() {
        for (text, expected) in [
            ("(360) 783-6816", Some("+13607836816")),
            ("+44 20 7946 0018", Some("+442079460018")),
            ("(160) 783-6816", None),
            ("783-6816", None),
            ("13607836816", None),
        ] {
            assert_eq!(e164_north_america(text).as_deref(), expected, "{text}");
        }
    }
}
