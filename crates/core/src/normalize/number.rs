//! Numbers and ranges as people and providers write them: `6,907`, `51-200 employees`, `$1M-$10M`, `10001+`.

use crate::normalize::bounds::{Bound, between, bound};
use crate::normalize::text::fold;
use crate::normalize::unicode::plain_number;

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
/// Thousands may be parted by `,`, `.`, `'` or a space; `K`, `M`, `B`, `T`, `lakh`, `万` and their words multiply; one on
/// the upper end alone also counts for the lower one when that makes a range (`1-10M`). Words before and after, and
/// everything in brackets, are left aside. Fractions are cut off after multiplying. Less than something is at least one.
/// A size that a spreadsheet took for a day is read back: `Nov-50` is 11 to 50.
///
/// ```
/// use lead_router_core::normalize::amount;
/// assert_eq!(amount("1001–5000 employees").map(|a| (a.low, a.high)), Some((1001, Some(5000))));
/// assert_eq!(amount("$10B+").map(|a| (a.low, a.high)), Some((10_000_000_000, None)));
/// assert_eq!(amount("< 50").map(|a| (a.low, a.high)), Some((1, Some(49))));
/// assert_eq!(amount("many"), None);
/// ```
#[must_use]
pub fn amount(text: &str) -> Option<Amount> {
    let text = plain_number(text);
    let text = text.split('(').next()?.trim().to_lowercase();
    if let Some(codes) = text.strip_prefix("c_").or_else(|| text.strip_prefix("r_")) {
        return coded(codes);
    }
    if text.starts_with('-') {
        return None;
    }
    if let Some(amount) = one_person(&text).or_else(|| spreadsheet_day(&text)) {
        return Some(amount);
    }
    let start = text.find(|letter: char| letter.is_ascii_digit())?;
    let before = text.get(..start)?;
    let (first, rest) = reading(&text)?;
    if let Some((second, _)) = between(before, rest).and_then(reading) {
        return range(first, second);
    }
    let value = first.value()?;
    let (low, high) = match bound(before, rest) {
        Bound::Exactly => (value, Some(value)),
        Bound::AtLeast => (value, None),
        Bound::AtMost => (value.min(1), Some(value)),
        Bound::Below => (value.checked_sub(1)?.min(1), Some(value.checked_sub(1)?)),
    };
    (low >= 0).then_some(Amount { low, high })
}

/// A range, unless its ends are the wrong way round.
fn range(first: Decimal, second: Decimal) -> Option<Amount> {
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
    let text = plain_number(text);
    let text = text.trim();
    let (number, rest) = reading(text)?;
    (text.starts_with(|letter: char| letter.is_ascii_digit()) && rest.is_empty() && number.is_whole())
        .then(|| number.value())
        .flatten()
}

/// An amount in US dollars, or `None` when the text names another currency.
#[must_use]
pub fn dollars(text: &str) -> Option<Amount> {
    const FOREIGN: [&str; 24] = [
        "€", "£", "¥", "₹", "₩", "₽", "₺", "r$", "zł", "円", "元", "eur", "gbp", "jpy", "cny", "inr", "chf", "sek",
        "nok", "dkk", "cad", "aud", "brl", "pln",
    ];
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

/// How people say that there is nobody but them.
fn one_person(text: &str) -> Option<Amount> {
    const WORDS: [&str; 8] =
        ["just me", "only me", "self employed", "sole trader", "solo", "nur ich", "einzelunternehmer", "autonomo"];
    WORDS.contains(&fold(text).as_str()).then_some(Amount { low: 1, high: Some(1) })
}

/// What is left of `11-50` and `2-10` when a spreadsheet has read them as days: `nov-50`, `10-feb`.
fn spreadsheet_day(text: &str) -> Option<Amount> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let (one, other) = text.split_once('-')?;
    let month = |name: &str| (1..).zip(MONTHS).find_map(|(number, month)| (month == name).then_some(number));
    let (low, high) = match (month(one), month(other)) {
        (Some(low), None) => (low, other),
        (None, Some(low)) => (low, one),
        _ => return None,
    };
    let high: i64 = high.parse().ok()?;
    (low <= high).then_some(Amount { low, high: Some(high) })
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
    let end = end_of_number(text);
    // A separator at the end belongs to the sentence, not to the number.
    let number = text.get(..end)?.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let rest = text.get(number.len()..)?;
    let (digits, decimals) = digits(number)?;
    let (scale, rest) = multiplier(rest);
    Some((Decimal { digits, decimals, scale }, rest))
}

/// Where a number ends that begins the text. Spaces belong to it where they part groups of three digits.
fn end_of_number(text: &str) -> usize {
    let text = text.split("..").next().unwrap_or_default();
    let is_part = |letter: char| letter.is_ascii_digit() || matches!(letter, '.' | ',' | '\'');
    let mut end = text.find(|letter: char| !is_part(letter)).unwrap_or(text.len());
    if end > 3 {
        return end;
    }
    while let Some(group) = text.get(end..).and_then(|rest| rest.strip_prefix(' ')) {
        let digits = group.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(group.len());
        if digits != 3 {
            break;
        }
        end = end.saturating_add(4);
    }
    let fraction = text.get(end..).unwrap_or_default();
    end.saturating_add(fraction.find(|letter: char| !is_part(letter)).unwrap_or(fraction.len()))
}

/// The digits of a number and how many of them are decimals.
///
/// The last separator is a decimal point unless exactly three digits follow it: `1.600` is a thousand and something,
/// `62.44` is a fraction. It is one in any case behind another kind of separator (`1,234.567`), behind more digits than a
/// group has (`1234.567`), and behind a zero that stands alone (`0.125`).
fn digits(number: &str) -> Option<(i64, u32)> {
    let all: String = number.chars().filter(char::is_ascii_digit).collect();
    let (before, last) = number.rsplit_once(|letter: char| !letter.is_ascii_digit()).unwrap_or(("", number));
    let separator = number.get(before.len()..).and_then(|rest| rest.chars().next());
    let others = before.chars().filter(|letter| !letter.is_ascii_digit());
    let is_point = before == "0"
        || (before.len() > 3 && others.clone().count() == 0)
        || others.clone().any(|other| Some(other) != separator);
    let is_whole = before.is_empty() || (last.len() == 3 && !is_point);
    let decimals = if is_whole { 0 } else { u32::try_from(last.len()).ok()? };
    Some((all.parse().ok()?, decimals))
}

/// The power of ten that a suffix stands for, and what follows the suffix. Longer words go before their beginnings.
fn multiplier(rest: &str) -> (u32, &str) {
    const WORDS: [(&str, u32); 34] = [
        ("thousand", 3),
        ("tausend", 3),
        ("tsd.", 3),
        ("tsd", 3),
        ("milliarden", 9),
        ("milliarde", 9),
        ("milliards", 9),
        ("miliardi", 9),
        ("millionen", 6),
        ("millones", 6),
        ("milhoes", 6),
        ("milhões", 6),
        ("milioni", 6),
        ("millions", 6),
        ("million", 6),
        ("billions", 9),
        ("billion", 9),
        ("trillion", 12),
        ("crore", 7),
        ("lakh", 5),
        ("mrd", 9),
        ("mld", 9),
        ("mio", 6),
        ("mln", 6),
        ("mm", 6),
        ("bn", 9),
        ("tn", 12),
        ("cr", 7),
        ("k", 3),
        ("m", 6),
        ("b", 9),
        ("t", 12),
        ("g", 9),
        ("md", 9),
    ];
    const SIGNS: [(char, u32); 5] = [('万', 4), ('萬', 4), ('億', 8), ('亿', 8), ('만', 4)];
    let start = rest.trim_start();
    if let Some((power, tail)) = SIGNS.iter().find_map(|(sign, power)| Some((*power, start.strip_prefix(*sign)?))) {
        return (power, tail);
    }
    for (word, power) in WORDS {
        let Some(head) = start.get(..word.len()) else { continue };
        let Some(tail) = start.get(word.len()..) else { continue };
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
