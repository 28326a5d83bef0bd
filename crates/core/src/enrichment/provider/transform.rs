//! From what providers send to the one spelling of a fact.
//!
//! No transform fails: a value of an unexpected type, or without a normal form, is simply not there. That matters for
//! providers that send `true` where a text is meant, to say that the value exists but is not part of the plan.

use crate::facts::{FactKind, FactValue};
use crate::limits::VALUE_CHARS_MAX;
use crate::normalize::{
    Amount, EmailKind, amount, clean, collapse, company_site, company_type, country_code, date_number, dollars, e164,
    email, fold, function_of, funding_rank, funding_stage, growth_percent, industry_code, linkedin_company,
    linkedin_profile, naics_code, postal_code, seniority_of,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most members of a set that are kept.
const SET_MAX: usize = 500;

/// How a value of an answer becomes a fact. Of a list, the first item that yields a value counts, unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// Text as sent, spaces tidied.
    Text,
    /// Text in lower case.
    Lower,
    /// Text with capitals at the beginnings of words when it is all in lower case, as some providers send it.
    Title,
    /// ISO 3166-1 alpha-2 code of a country given by code or name.
    Country,
    /// Code of an industry.
    Industry,
    /// Registrable domain of a website.
    Domain,
    /// Seniority; the highest one of a list.
    Seniority,
    /// Function.
    Function,
    /// Whether mail reaches an address: `valid`, `risky`, `invalid` or `unknown`.
    EmailStatus,
    /// Whole number, or the lower end of a range.
    Number,
    /// Like `number`, in US dollars; amounts in other currencies are left out.
    Dollars,
    /// A year from 1000 to 2999, alone or at the beginning of a date.
    Year,
    /// A day as the number `yyyymmdd`, from an ISO date or an English one; the latest of a list.
    Date,
    /// Growth in whole percent, from a number of percent.
    Percent,
    /// Growth in whole percent, from a fraction: 0.12 is 12.
    Fraction,
    /// Telephone number, E.164. National numbers are left out.
    Phone,
    /// Like `phone`; national numbers are those of North America.
    PhoneNorthAmerica,
    /// E-mail address, lower case; one of a free or disposable mail service is no address at work.
    WorkEmail,
    /// LinkedIn profile, `linkedin.com/in/<slug>`.
    LinkedinProfile,
    /// Page of a company on LinkedIn, `linkedin.com/company/<slug>`.
    LinkedinCompany,
    /// Stage of funding, from a stage or a round; the latest one of a list.
    FundingStage,
    /// Type of a company: `public`, `private`, `nonprofit`, `government` or `education`.
    CompanyType,
    /// Industry code of NAICS, two to six digits.
    Naics,
    /// Postal code, upper case, without spaces.
    PostalCode,
    /// Flag: `true` or `false`, also as a text.
    Flag,
    /// Set of texts in lower case, sorted.
    Set,
}

impl Transform {
    /// The kind of value that comes out.
    #[must_use]
    pub const fn kind(self) -> FactKind {
        match self {
            Self::Number | Self::Dollars | Self::Year | Self::Date | Self::Percent | Self::Fraction => FactKind::Number,
            Self::Flag => FactKind::Flag,
            Self::Set => FactKind::Set,
            _ => FactKind::Text,
        }
    }

    /// The fact in `value`, or `None` when there is none in it.
    #[must_use]
    pub fn apply(self, value: &Value) -> Option<FactValue> {
        match (self, value) {
            (Self::Set, _) => set(value).map(FactValue::Set),
            (Self::Seniority, Value::Array(items)) => {
                items.iter().filter_map(seniority).min_by_key(|code| rank(code)).map(text)
            }
            (Self::FundingStage, Value::Array(items)) => {
                let stages = items.iter().filter_map(|item| funding_stage(&words(item)?));
                stages.max_by_key(|stage| funding_rank(stage)).map(text)
            }
            (Self::Date, Value::Array(items)) => {
                items.iter().filter_map(|item| date_number(&digits(item)?)).max().map(FactValue::Number)
            }
            (_, Value::Array(items)) => items.iter().filter(|item| !item.is_array()).find_map(|item| self.apply(item)),
            (Self::Flag, _) => flag(value).map(FactValue::Flag),
            (Self::Number, _) => number(value, amount),
            (Self::Dollars, _) => number(value, dollars),
            (Self::Year, _) => year(value),
            (Self::Date, _) => date_number(&digits(value)?).map(FactValue::Number),
            (Self::Percent, _) => growth_percent(&digits(value)?, 1.0).map(FactValue::Number),
            (Self::Fraction, _) => growth_percent(&digits(value)?, 100.0).map(FactValue::Number),
            (Self::Naics, _) => naics_code(&digits(value)?).map(FactValue::Text),
            (Self::PostalCode, _) => postal_code(&digits(value)?).map(FactValue::Text),
            (Self::Seniority, _) => seniority(value).map(text),
            _ => self.apply_text(&words(value)?).map(FactValue::Text),
        }
    }

    fn apply_text(self, words: &str) -> Option<String> {
        match self {
            Self::Lower => Some(words.to_lowercase()),
            Self::Title => Some(title_case(words)),
            Self::Country => country_code(words).map(str::to_owned),
            Self::Industry => industry_code(words),
            Self::Domain => company_site(words),
            Self::Function => function(words),
            Self::Phone => e164(words, None),
            Self::PhoneNorthAmerica => e164(words, Some("us")),
            Self::WorkEmail => {
                email(words).filter(|email| email.kind == EmailKind::Business).map(|email| email.address)
            }
            Self::LinkedinProfile => linkedin_profile(words),
            Self::LinkedinCompany => linkedin_company(words),
            Self::FundingStage => funding_stage(words).map(str::to_owned),
            Self::CompanyType => company_type(words).map(str::to_owned),
            Self::EmailStatus => email_status(words).map(str::to_owned),
            _ => Some(words.to_owned()),
        }
    }
}

fn text(code: &'static str) -> FactValue {
    FactValue::Text(code.to_owned())
}

/// The text of a value, tidied; `None` for other types, empty and overlong texts, and control characters.
fn words(value: &Value) -> Option<String> {
    let text = collapse(&clean(value.as_str()?));
    let is_good = !text.is_empty() && text.chars().count() <= VALUE_CHARS_MAX && !text.chars().any(char::is_control);
    is_good.then_some(text)
}

/// The text of a value or of a number.
fn digits(value: &Value) -> Option<String> {
    if let Value::Number(number) = value { Some(number.to_string()) } else { words(value) }
}

/// Some providers send booleans as texts.
fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn number(value: &Value, read: impl Fn(&str) -> Option<Amount>) -> Option<FactValue> {
    let text = match value {
        // Without the fraction: three digits of one would read like thousands.
        Value::Number(number) if number.is_f64() => format!("{:.0}", number.as_f64()?.trunc()),
        Value::Number(number) => number.to_string(),
        _ => words(value)?,
    };
    read(&text).map(|amount| FactValue::Number(amount.as_number()))
}

fn year(value: &Value) -> Option<FactValue> {
    let text = digits(value)?;
    let digits = text.get(..4)?;
    let is_alone = text.get(4..)?.chars().next().is_none_or(|next| !next.is_ascii_digit());
    let year: i64 = digits.parse().ok()?;
    (is_alone && (1_000..3_000).contains(&year)).then_some(FactValue::Number(year))
}

/// Seniority by the words that providers use, otherwise read like a title.
fn seniority(value: &Value) -> Option<&'static str> {
    let words = fold(&words(value)?);
    match words.as_str() {
        "cxo" | "c suite" | "c level" | "c level executive" | "executive" | "partner" => Some("c_level"),
        "owner" | "founder" => Some("owner"),
        "vp" | "vp level" | "vice president" => Some("vp"),
        "head" | "director" | "director level" => Some("director"),
        "manager" | "manager level" => Some("manager"),
        "senior" => Some("senior"),
        "entry" | "intern" | "training" | "unpaid" | "junior" => Some("entry"),
        "student" => Some("student"),
        _ => seniority_of(&words),
    }
}

/// The place of a seniority, highest first.
fn rank(code: &str) -> usize {
    const HIGHEST_FIRST: [&str; 8] = ["c_level", "owner", "vp", "director", "manager", "senior", "entry", "student"];
    HIGHEST_FIRST.iter().position(|other| *other == code).unwrap_or(HIGHEST_FIRST.len())
}

/// Function by the words that providers use, otherwise read like a title.
fn function(words: &str) -> Option<String> {
    let folded = fold(words);
    let code = match folded.as_str() {
        "health" => Some("healthcare"),
        "media" | "public relations" => Some("marketing"),
        _ => function_of(&folded),
    };
    code.map(str::to_owned)
}

/// What verifiers call the states of an address; names that only one of them has are for its `map`.
fn email_status(words: &str) -> Option<&'static str> {
    match fold(words).as_str() {
        "valid" | "verified" | "deliverable" => Some("valid"),
        "risky" | "accept all" | "catch all" | "catchall" | "disposable" => Some("risky"),
        "invalid" | "undeliverable" => Some("invalid"),
        "unknown" => Some("unknown"),
        _ => None,
    }
}

/// Words with capitals at their beginnings; short words that stand for letters are all capitals. A text that has a
/// capital already stays.
fn title_case(words: &str) -> String {
    const LETTERS: [&str; 24] = [
        "ag", "ai", "bv", "ceo", "cfo", "cio", "ciso", "cmo", "coo", "cro", "cto", "evp", "hr", "it", "kg", "llc",
        "nv", "plc", "pr", "se", "svp", "uk", "usa", "vp",
    ];
    const SMALL: [&str; 8] = ["and", "at", "de", "for", "in", "of", "the", "und"];
    if words.chars().any(char::is_uppercase) {
        return words.to_owned();
    }
    let mut titled = Vec::new();
    for (index, word) in words.split(' ').enumerate() {
        let mut characters = word.chars();
        titled.push(match characters.next() {
            _ if LETTERS.contains(&word) => word.to_uppercase(),
            Some(first) if index == 0 || !SMALL.contains(&word) => first.to_uppercase().chain(characters).collect(),
            _ => word.to_owned(),
        });
    }
    titled.join(" ")
}

fn set(value: &Value) -> Option<Vec<String>> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    let mut members: Vec<String> = items.iter().filter_map(words).map(|text| text.to_lowercase()).collect();
    members.sort();
    members.dedup();
    members.truncate(SET_MAX);
    (!members.is_empty()).then_some(members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text_of(transform: Transform, value: &Value) -> Option<String> {
        transform.apply(value).and_then(|fact| fact.as_text().map(str::to_owned))
    }

    fn number_of(transform: Transform, value: &Value) -> Option<i64> {
        transform.apply(value).and_then(|fact| fact.as_number())
    }

    #[test]
    fn texts_get_their_one_spelling() {
        use Transform as T;
        for (transform, value, expected) in [
            (T::Text, json!("  A  b "), Some("A b")),
            (T::Lower, json!("Lund"), Some("lund")),
            (T::Title, json!("vp of engineering and it"), Some("VP of Engineering and IT")),
            (T::Title, json!("AbbVie of x"), Some("AbbVie of x")),
            (T::Country, json!("sweden"), Some("se")),
            (T::Country, json!("atlantis"), None),
            (T::Industry, json!("machinery"), Some("industrial")),
            (T::Domain, json!("https://www.acme.co.uk/x"), Some("acme.co.uk")),
            (T::Domain, json!("google.com"), Some("google.com")),
            (T::Domain, json!("https://google.com/"), Some("google.com")),
            (T::Domain, json!("facebook.com/acme"), None),
            (T::Seniority, json!("cxo"), Some("c_level")),
            (T::Seniority, json!(["entry", "vp", "director", 7]), Some("vp")),
            (T::Seniority, json!(["owner", "cxo"]), Some("c_level")),
            (T::Seniority, json!([]), None),
            (T::Seniority, json!("Vice President of Sales"), Some("vp")),
            (T::Function, json!("human_resources"), Some("hr")),
            (T::EmailStatus, json!("Verified"), Some("valid")),
            (T::EmailStatus, json!("accept_all"), Some("risky")),
            (T::EmailStatus, json!("catch-all"), Some("risky")),
            (T::EmailStatus, json!("toxic"), None),
            (T::Domain, json!("ann@mail.acme.example"), Some("acme.example")),
            (T::Function, json!("health"), Some("healthcare")),
            (T::Function, json!("unemployed"), None),
            (T::Phone, json!("+1 202-555-0143"), Some("+12025550143")),
            (T::Phone, json!(true), None),
            (T::PhoneNorthAmerica, json!("(202) 555-0143"), Some("+12025550143")),
            (T::WorkEmail, json!(["ann@gmail.com", "Ann.Lee@Acme.example"]), Some("ann.lee@acme.example")),
            (T::WorkEmail, json!("ann"), None),
            (T::LinkedinProfile, json!("linkedin.com/in/Ann-Lee"), Some("linkedin.com/in/ann-lee")),
            (T::LinkedinCompany, json!(["x.com/acme", "linkedin.com/company/acme"]), Some("linkedin.com/company/acme")),
            (T::FundingStage, json!(["Series A", "Other", "Series C", "seed"]), Some("series_c")),
            (T::FundingStage, json!("Other"), None),
            (T::CompanyType, json!("Privately held"), Some("private")),
            (T::Naics, json!(541_511), Some("541511")),
            (T::Naics, json!(["x", "51"]), Some("51")),
            (T::PostalCode, json!(94_105), Some("94105")),
            (T::PostalCode, json!("SW1A 1AA"), Some("SW1A1AA")),
            (T::Text, json!([null, true, "x"]), Some("x")),
            (T::Text, json!(true), None),
            (T::Text, json!(7), None),
            (T::Text, json!(""), None),
            (T::Text, json!("a\u{0}b"), None),
            (T::Text, json!("x".repeat(1_001)), None),
            (T::Text, json!({"a": "b"}), None),
            (T::Text, json!([["x"]]), None),
        ] {
            assert_eq!(text_of(transform, &value).as_deref(), expected, "{transform:?} {value}");
        }
    }

    #[test]
    fn numbers_come_in_many_forms() {
        use Transform as T;
        for (transform, value, expected) in [
            (T::Number, json!(17_883), Some(17_883)),
            (T::Number, json!(1_600.0), Some(1_600)),
            (T::Number, json!(62.125), Some(62)),
            (T::Dollars, json!(9.917e9), Some(9_917_000_000)),
            (T::Number, json!("1001-5000"), Some(1_001)),
            (T::Number, json!([201, 500]), Some(201)),
            (T::Number, json!("10001+"), Some(10_001)),
            (T::Number, json!(true), None),
            (T::Number, json!(-5), None),
            (T::Number, json!(1e300), None),
            (T::Number, json!({}), None),
            (T::Dollars, json!("$10M-$25M"), Some(10_000_000)),
            (T::Dollars, json!("€5M"), None),
            (T::Year, json!(1_883), Some(1_883)),
            (T::Year, json!("1883-05-01"), Some(1_883)),
            (T::Year, json!("18830501"), None),
            (T::Year, json!(99), None),
            (T::Date, json!(["2020-01-02", "Nov 10, 2021", "2021-05", null]), Some(20_211_110)),
            (T::Date, json!(2021), Some(20_210_000)),
            (T::Date, json!("soon"), None),
            (T::Percent, json!("-3.6"), Some(-4)),
            (T::Percent, json!(12), Some(12)),
            (T::Fraction, json!(0.124), Some(12)),
            (T::Fraction, json!(true), None),
            (T::Year, json!("été 1883"), None),
        ] {
            assert_eq!(number_of(transform, &value), expected, "{transform:?} {value}");
        }
    }

    #[test]
    fn sets_are_sorted_and_limited_and_flags_are_flags() {
        assert_eq!(
            Transform::Set.apply(&json!(["React", "AWS", "react", 7, null])),
            Some(FactValue::Set(vec!["aws".into(), "react".into()]))
        );
        let many: Vec<String> = (0..600).map(|index| format!("t{index}")).collect();
        let Some(FactValue::Set(members)) = Transform::Set.apply(&json!(many)) else { panic!("a set") };
        assert_eq!(members.len(), SET_MAX);
        assert_eq!(Transform::Set.apply(&json!(null)), None);
        assert_eq!(Transform::Flag.apply(&json!(false)), Some(FactValue::Flag(false)));
        assert_eq!(Transform::Flag.apply(&json!("True")), Some(FactValue::Flag(true)));
        assert_eq!(Transform::Flag.apply(&json!("yes")), None);
    }
}
