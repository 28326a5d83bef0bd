//! What kind of company it is, and how far its funding has come, in one spelling.

use crate::normalize::text::fold;

/// The stages of funding, the earliest first. `venture` is a round of which nobody says which one it is; grants and debts
/// come first because they say least about how far a company is.
pub const FUNDING_STAGES: [&str; 19] = [
    "grant",
    "debt",
    "angel",
    "pre_seed",
    "seed",
    "venture",
    "series_a",
    "series_b",
    "series_c",
    "series_d",
    "series_e",
    "series_f",
    "series_g",
    "series_h",
    "series_i",
    "series_j",
    "private_equity",
    "acquired",
    "ipo",
];

/// The stage of funding that a round or a stage stands for, one of [`FUNDING_STAGES`].
///
/// ```
/// use lead_router_core::normalize::funding_stage;
/// assert_eq!(funding_stage("Series B"), Some("series_b"));
/// assert_eq!(funding_stage("post_ipo_equity"), Some("ipo"));
/// assert_eq!(funding_stage("Other"), None);
/// ```
#[must_use]
pub fn funding_stage(text: &str) -> Option<&'static str> {
    let words = fold(text);
    let has = |part: &str| words.contains(part);
    let stage = match words.as_str() {
        "pre seed" | "preseed" | "pre seed round" => "pre_seed",
        "seed" | "seed round" => "seed",
        "debt" => "debt",
        "grant" => "grant",
        "m a" | "m and a" | "merger acquisition" | "acquired" | "acquisition" => "acquired",
        "public" | "public offering" | "stock issuance offering" => "ipo",
        _ if has("ipo") => "ipo",
        _ if has("private equity") => "private_equity",
        _ if has("debt financing") || has("venture debt") => "debt",
        _ if has("angel") => "angel",
        _ if has("venture") || has("series unknown") => "venture",
        _ => return series(&words),
    };
    Some(stage)
}

/// `series a`, `series a1`, `series a round`, or the letter alone.
fn series(words: &str) -> Option<&'static str> {
    let rest = words.strip_prefix("series ").unwrap_or(words);
    let rest = rest.strip_suffix(" round").unwrap_or(rest).trim_end_matches(|letter: char| letter.is_ascii_digit());
    FUNDING_STAGES.into_iter().find(|stage| stage.strip_prefix("series_") == Some(rest))
}

/// The place of a stage among [`FUNDING_STAGES`].
#[must_use]
pub fn funding_rank(stage: &str) -> usize {
    FUNDING_STAGES.iter().position(|other| *other == stage).unwrap_or(0)
}

/// The type of a company: `public`, `private`, `nonprofit`, `government` or `education`.
///
/// ```
/// use lead_router_core::normalize::company_type;
/// assert_eq!(company_type("Privately Held"), Some("private"));
/// assert_eq!(company_type("self-employed"), None);
/// ```
#[must_use]
pub fn company_type(text: &str) -> Option<&'static str> {
    let words = fold(text);
    Some(match words.as_str() {
        "public" | "public company" | "public subsidiary" | "publicly held" | "publicly traded" => "public",
        "private" | "private company" | "privately held" | "partnership" => "private",
        "nonprofit" | "non profit" | "npo" | "nonprofit organization" | "non profit organization" => "nonprofit",
        "government" | "government agency" | "public administration" => "government",
        "education" | "educational" | "educational institution" | "school" | "university" => "education",
        _ => return None,
    })
}

/// A code of the North American industry classification: two to six digits.
#[must_use]
pub fn naics_code(text: &str) -> Option<String> {
    let text = text.trim();
    let is_code = (2..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then(|| text.to_owned())
}

/// Above this, a rate of growth that should be a fraction is a number of percent: no list has many companies that grow
/// sixfold in a year, and several providers send either.
const FRACTION_MAX: f64 = 5.0;

/// A rate of growth in whole percent, rounded; from a fraction (`times` 100) or a number of percent (1). A fraction above 5
/// is a number of percent. No company shrinks by more than 100.
///
/// ```
/// use lead_router_core::normalize::growth_percent;
/// assert_eq!(growth_percent("32.5%", 1.0), Some(33));
/// assert_eq!(growth_percent("-0.042", 100.0), Some(-4));
/// ```
#[must_use]
pub fn growth_percent(text: &str, times: f64) -> Option<i64> {
    let text = text.trim().trim_end_matches('%').trim_end();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E'));
    let rate = text.parse::<f64>().ok().filter(|_| is_plain)?;
    let percent = if rate.abs() > FRACTION_MAX { rate } else { rate * times };
    let is_possible = (-100.0..=1_000_000.0).contains(&percent);
    is_possible.then(|| format!("{:.0}", percent.round()).parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_words_for_rounds_become_stages() {
        for (text, expected) in [
            ("seed", Some("seed")),
            ("Pre-Seed", Some("pre_seed")),
            ("angel_individual", Some("angel")),
            ("series_a", Some("series_a")),
            ("Series J", Some("series_j")),
            ("Series K", None),
            ("Series A1", Some("series_a")),
            ("Series C Round", Some("series_c")),
            ("B", Some("series_b")),
            ("series_unknown", Some("venture")),
            ("Venture (Round not Specified)", Some("venture")),
            ("early_stage_venture", Some("venture")),
            ("late_stage_venture", Some("venture")),
            ("Private Equity Round", Some("private_equity")),
            ("debt_financing", Some("debt")),
            ("m_and_a", Some("acquired")),
            ("Merger / Acquisition", Some("acquired")),
            ("ipo", Some("ipo")),
            ("Stock Issuance/Offering", Some("ipo")),
            ("grant", Some("grant")),
            ("Corporate Investment", None),
            ("", None),
        ] {
            assert_eq!(funding_stage(text), expected, "{text}");
        }
        assert!(funding_rank("seed") < funding_rank("series_a") && funding_rank("series_j") < funding_rank("ipo"));
    }

    #[test]
    fn vendors_words_for_types_become_types() {
        for (text, expected) in [
            ("public_subsidiary", Some("public")),
            ("PUBLIC", Some("public")),
            ("Private Company", Some("private")),
            ("npo", Some("nonprofit")),
            ("educational", Some("education")),
            ("government", Some("government")),
            ("other", None),
        ] {
            assert_eq!(company_type(text), expected, "{text}");
        }
    }

    #[test]
    fn codes_and_rates_have_limits() {
        for (text, is_code) in [("5", false), ("51", true), ("541511", true), ("5415110", false), ("31-33", false)] {
            assert_eq!(naics_code(text).is_some(), is_code, "{text}");
        }
        for (text, times, expected) in [
            ("52.9", 1.0, Some(53)),
            ("0.0", 1.0, Some(0)),
            ("-100", 1.0, Some(-100)),
            ("-100.1", 1.0, None),
            ("1.5", 100.0, Some(150)),
            ("-0.001", 100.0, Some(0)),
            ("5", 100.0, Some(500)),
            ("12.4", 100.0, Some(12)),
            ("-8", 100.0, Some(-8)),
            ("inf", 1.0, None),
            ("nan", 1.0, None),
            ("1e400", 1.0, None),
            ("1000001", 1.0, None),
            ("", 1.0, None),
            ("up", 1.0, None),
        ] {
            assert_eq!(growth_percent(text, times), expected, "{text}");
        }
    }
}
