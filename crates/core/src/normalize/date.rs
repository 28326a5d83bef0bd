//! Days as numbers that can be compared.

/// A day as the number `yyyymmdd`; a month or day that is not said is 00, so that it sorts before those that are.
///
/// ISO dates and moments, also cut short, and English ones with the name of the month. `None` for others: the order of
/// `11/10/2021` is anybody's guess.
///
/// ```
/// use lead_router_core::normalize::date_number;
/// assert_eq!(date_number("2021-11-10T08:00:00Z"), Some(20_211_110));
/// assert_eq!(date_number("Nov 10, 2021"), Some(20_211_110));
/// assert_eq!(date_number("2021-11"), Some(20_211_100));
/// ```
#[must_use]
pub fn date_number(text: &str) -> Option<i64> {
    let text = text.trim();
    let (year, month, day) = iso(text).or_else(|| named(text))?;
    let is_day = (1900..2200).contains(&year) && month <= 12 && day <= 31 && (month > 0 || day == 0);
    is_day.then(|| year.saturating_mul(10_000).saturating_add(month.saturating_mul(100)).saturating_add(day))
}

fn iso(text: &str) -> Option<(i64, i64, i64)> {
    let date = text.split(['T', ' ']).next()?;
    let mut parts = date.split('-');
    let mut next = |digits: usize| match parts.next() {
        None => Some(0),
        Some(part) => number(part).filter(|_| part.len() == digits),
    };
    let found = (next(4)?, next(2)?, next(2)?);
    parts.next().is_none().then_some(found)
}

/// `Nov 10, 2021`, `10 November 2021`, `Nov 2021`.
fn named(text: &str) -> Option<(i64, i64, i64)> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let (mut year, mut month, mut day) = (None, None, 0);
    for word in text.split([' ', ',', '.', '-']).filter(|word| !word.is_empty()) {
        match number(word) {
            Some(number) if word.len() == 4 => year = Some(number),
            Some(number) if word.len() <= 2 => day = number,
            Some(_) => return None,
            None => {
                let name = word.get(..3)?.to_lowercase();
                month = Some(MONTHS.into_iter().zip(1..).find(|(known, _)| *known == name)?.1);
            }
        }
    }
    Some((year?, month?, day))
}

fn number(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_guesses_are_not_made() {
        for (text, expected) in [
            ("2021-11-10", Some(20_211_110)),
            ("2023-08-01T00:00:00.000+00:00", Some(20_230_801)),
            ("2021-11-10 10:00:00", Some(20_211_110)),
            ("2021", Some(20_210_000)),
            ("10 November 2021", Some(20_211_110)),
            ("Sept. 2021", Some(20_210_900)),
            ("11/10/2021", None),
            ("2021-13-01", None),
            ("2021-12-32", None),
            ("2021-00-05", None),
            ("2021-1-5", None),
            ("2021-11-10-1", None),
            ("1899-12-31", None),
            ("20211110", None),
            ("Foo 10, 2021", None),
            ("été 2021", None),
            ("", None),
        ] {
            assert_eq!(date_number(text), expected, "{text}");
        }
    }
}
