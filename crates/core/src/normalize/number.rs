//! Numbers and ranges as people and providers write them: `6,907`, `51-200 employees`, `$1M-$10M`, `10001+`.

/// How many there are: at least `low`, at most `high`. Equal ends mean an exact number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// Lower end.
    pub low: i64,
    /// Upper end; `None` when the range is open, as in `10001+`.
    pub high: Option<i64>,
}

impl Amount {
    /// The amount as one number: the exact one, or the lower end of a range.
    ///
    /// The lower end, not the middle, because thresholds of rubrics lie where ranges begin (1,001 of
    /// `1001-5000`), and because a wide range must not lift a lead over a line that it may not reach.
    #[must_use]
    pub const fn as_number(self) -> i64 {
        self.low
    }
}

/// Reads an amount, or returns `None` when the text names none.
///
/// Thousands may be parted by `,`, `.`, `'` or a blank; `K`, `M`, `B`, `T` and their words multiply; one on the
/// upper end alone also counts for the lower one when that makes a range (`1-10M`). Words before and after, and
/// everything in brackets, are left aside. Fractions are cut off after multiplying.
///
/// ```
/// use lead_router_core::normalize::amount;
/// assert_eq!(amount("1001–5000 employees").map(|a| (a.low, a.high)), Some((1001, Some(5000))));
/// assert_eq!(amount("$10B+").map(|a| (a.low, a.high)), Some((10_000_000_000, None)));
/// assert_eq!(amount("many"), None);
/// ```
#[must_use]
pub fn amount(text: &str) -> Option<Amount> {
    let text = text.split('(').next()?.trim().to_lowercase();
    if let Some(codes) = text.strip_prefix("c_").or_else(|| text.strip_prefix("r_")) {
        return coded(codes);
    }
    if text.starts_with('-') || text.starts_with('−') {
        return None;
    }
    let (first, rest) = reading(&text)?;
    let rest = rest.trim_start();
    if rest.starts_with('+') || rest.starts_with("or more") || is_above(&text) {
        return Some(Amount { low: first.value()?, high: None });
    }
    let Some(tail) = after_dash(rest) else {
        let value = first.value()?;
        return Some(Amount { low: value, high: Some(value) });
    };
    let Some((second, _)) = reading(tail) else {
        return Some(Amount { low: first.value()?, high: None });
    };
    let high = second.value()?;
    let shared = Decimal { scale: second.scale, ..first }.value().filter(|low| first.scale == 0 && *low <= high);
    let low = shared.unwrap_or(first.value()?);
    (low <= high).then_some(Amount { low, high: Some(high) })
}

/// The whole number that is the entire text, or `None`. Thousands may be parted as in [`amount`].
///
/// ```
/// use lead_router_core::normalize::whole_number;
/// assert_eq!(whole_number("12,500"), Some(12_500));
/// assert_eq!(whole_number("12-20"), None);
/// ```
#[must_use]
pub fn whole_number(text: &str) -> Option<i64> {
    let text = text.trim();
    let (number, rest) = reading(text)?;
    (text.starts_with(|letter: char| letter.is_ascii_digit()) && rest.is_empty() && number.is_whole())
        .then(|| number.value())
        .flatten()
}

/// An amount in US dollars, or `None` when the text names another currency.
#[must_use]
pub fn dollars(text: &str) -> Option<Amount> {
    const FOREIGN: [&str; 16] =
        ["€", "£", "¥", "₹", "₩", "eur", "gbp", "jpy", "cny", "inr", "chf", "sek", "nok", "dkk", "cad", "aud"];
    let lower = text.to_lowercase();
    let head = lower.split('(').next().unwrap_or_default();
    if FOREIGN.iter().any(|currency| head.contains(currency)) {
        return None;
    }
    amount(text)
}

/// Codes such as `c_00051_00100` and `c_10001_max`.
fn coded(codes: &str) -> Option<Amount> {
    let mut parts = codes.split('_');
    let low = parts.next()?.parse::<u32>().ok().map(i64::from)?;
    match parts.next() {
        None => Some(Amount { low, high: Some(low) }),
        Some("max") => Some(Amount { low, high: None }),
        Some(high) => {
            let high = high.parse::<u32>().ok().map(i64::from)?;
            (low <= high).then_some(Amount { low, high: Some(high) })
        }
    }
}

fn is_above(text: &str) -> bool {
    [">", "over ", "more than ", "above "].iter().any(|word| text.starts_with(word))
}

/// What follows a dash or `to`, which makes a range.
fn after_dash(rest: &str) -> Option<&str> {
    ["-", "–", "—", "to "].iter().find_map(|dash| rest.strip_prefix(dash))
}

/// A decimal number: `digits × 10^(scale − decimals)`.
#[derive(Debug, Clone, Copy)]
struct Decimal {
    digits: i64,
    decimals: u32,
    scale: u32,
}

impl Decimal {
    fn value(self) -> Option<i64> {
        if self.scale >= self.decimals {
            return self.digits.checked_mul(10_i64.checked_pow(self.scale.saturating_sub(self.decimals))?);
        }
        self.digits.checked_div(10_i64.checked_pow(self.decimals.saturating_sub(self.scale))?)
    }

    const fn is_whole(self) -> bool {
        self.decimals == 0
    }
}

/// The first number in the text with its multiplier, and what follows.
fn reading(text: &str) -> Option<(Decimal, &str)> {
    let start = text.find(|letter: char| letter.is_ascii_digit())?;
    let text = text.get(start..)?;
    let end = text.find(|letter: char| !is_part_of_number(letter)).unwrap_or(text.len());
    let written = text.get(..end)?;
    // A separator at the end belongs to the sentence, not to the number.
    let number = written.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let rest = text.get(number.len()..)?;
    let (digits, decimals) = digits(number)?;
    let (scale, rest) = multiplier(rest);
    Some((Decimal { digits, decimals, scale }, rest))
}

fn is_part_of_number(letter: char) -> bool {
    letter.is_ascii_digit() || matches!(letter, '.' | ',' | '\'' | '’' | '\u{a0}' | '\u{202f}')
}

/// The digits of a number and how many of them are decimals.
///
/// The last separator is a decimal point unless exactly three digits follow it: `1.600` is a thousand and
/// something, `62.44` is a fraction.
fn digits(number: &str) -> Option<(i64, u32)> {
    let all: String = number.chars().filter(char::is_ascii_digit).collect();
    let last = number.rsplit(|letter: char| !letter.is_ascii_digit()).next()?;
    let whole = last.len() == number.len() || last.len() == 3;
    let decimals = if whole { 0 } else { u32::try_from(last.len()).ok()? };
    Some((all.parse().ok()?, decimals))
}

/// The power of ten that a suffix stands for, and what follows the suffix.
fn multiplier(rest: &str) -> (u32, &str) {
    const WORDS: [(&str, u32); 17] = [
        ("thousand", 3),
        ("million", 6),
        ("milliarden", 9),
        ("millionen", 6),
        ("billion", 9),
        ("trillion", 12),
        ("mrd", 9),
        ("mio", 6),
        ("mln", 6),
        ("mm", 6),
        ("bn", 9),
        ("tn", 12),
        ("k", 3),
        ("m", 6),
        ("b", 9),
        ("t", 12),
        ("g", 9),
    ];
    let lower_start = rest.trim_start();
    for (word, power) in WORDS {
        let Some(head) = lower_start.get(..word.len()) else { continue };
        let Some(tail) = lower_start.get(word.len()..) else { continue };
        if head.eq_ignore_ascii_case(word) && !tail.starts_with(char::is_alphabetic) {
            return (power, tail);
        }
    }
    exponent(rest).unwrap_or((0, rest))
}

/// The exponent of a number such as `6.2e10`.
fn exponent(rest: &str) -> Option<(u32, &str)> {
    let tail = rest.strip_prefix(['e', 'E'])?;
    let tail = tail.strip_prefix('+').unwrap_or(tail);
    let end = tail.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(tail.len());
    let power: u32 = tail.get(..end)?.parse().ok()?;
    Some((power, tail.get(end..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(i64, Option<i64>)> {
        amount(text).map(|amount| (amount.low, amount.high))
    }

    #[test]
    fn exact_numbers() {
        for (text, number) in [
            ("6907", 6_907),
            ("6,907", 6_907),
            ("6.907", 6_907),
            ("6'907", 6_907),
            ("1,234,567", 1_234_567),
            ("1600.0", 1_600),
            ("100M", 100_000_000),
            ("251.2M", 251_200_000),
            ("US$ 62.44 billion (2024)", 62_440_000_000),
            ("c. 85,000 (2025)", 85_000),
            ("about 40 people.", 40),
            ("6.2e10", 62_000_000_000),
            ("0", 0),
            ("c_00051", 51),
            ("3,5 Mio", 3_500_000),
        ] {
            assert_eq!(read(text), Some((number, Some(number))), "{text}");
        }
    }

    #[test]
    fn ranges() {
        for (text, low, high) in [
            ("51-200", 51, Some(200)),
            ("51–200 employees", 51, Some(200)),
            ("1,001 - 5,000", 1_001, Some(5_000)),
            ("1 to 10", 1, Some(10)),
            ("10001+", 10_001, None),
            ("over 500", 500, None),
            ("> 500", 500, None),
            ("$10B+", 10_000_000_000, None),
            ("$1M-$10M", 1_000_000, Some(10_000_000)),
            ("$1-10M", 1_000_000, Some(10_000_000)),
            ("$0-$1M", 0, Some(1_000_000)),
            ("5K-10K", 5_000, Some(10_000)),
            ("$500M-$1B", 500_000_000, Some(1_000_000_000)),
            ("c_00051_00100", 51, Some(100)),
            ("c_10001_max", 10_001, None),
        ] {
            assert_eq!(read(text), Some((low, high)), "{text}");
        }
    }

    #[test]
    fn texts_without_a_usable_number() {
        for text in ["", "many", "true", "-5", "200-51", "99999999999999999999", "9e99", "c_", "c_x_y", "()"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_whole_number_is_the_entire_text() {
        for (text, number) in [
            (" 12 ", Some(12)),
            ("12,500", Some(12_500)),
            ("12.5", None),
            ("12 people", None),
            ("", None),
            ("x1", None),
        ] {
            assert_eq!(whole_number(text), number, "{text}");
        }
    }

    #[test]
    fn other_currencies_are_not_dollars() {
        assert_eq!(dollars("¥4.03 trillion"), None);
        assert_eq!(dollars("EUR 5M"), None);
        assert_eq!(dollars("$5M").map(Amount::as_number), Some(5_000_000));
    }
}
