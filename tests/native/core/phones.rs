//! Telephone numbers: the data file of spellings, and what holds for every text.

use crate::normalize_golden::rows;
use lead_router_core::intake;
use lead_router_core::intake::FieldMap;
use lead_router_core::lead::Lead;
use lead_router_core::normalize::e164;
use lead_router_core::time::Timestamp;
use proptest::prelude::*;
use proptest::string::string_regex;

const NUMBERS: &str = include_str!("../../golden/phones.txt");

/// Country, spelling and expected form of every line.
fn numbers() -> impl Iterator<Item = (Option<String>, String, Option<String>)> {
    rows::<3>(NUMBERS).map(|[country, typed, expected]| {
        (Some(country).filter(|code| !code.is_empty()), typed, Some(expected).filter(|number| *number != "-"))
    })
}

#[test]
fn every_spelling_has_its_form() {
    for (country, typed, expected) in numbers() {
        assert_eq!(e164(&typed, country.as_deref()), expected, "{typed} in {country:?}");
    }
}

fn lead(body: &serde_json::Value) -> Lead {
    let body = body.to_string();
    intake::read(Some("application/json"), body.as_bytes(), &FieldMap::default(), Timestamp::from_ms(0)).unwrap()
}

#[test]
fn the_country_that_was_stated_is_the_number_s_and_what_was_typed_is_kept() {
    for (country, language, expected) in [
        (Some("Deutschland"), None, Some("+493023125000")),
        (Some("no such country"), Some("de"), None),
        (None, Some("de"), None),
    ] {
        let body = serde_json::json!({
            "email": "ada@fjordwerk.de", "phone": " 030  23125000", "country": country, "language": language,
        });
        let phone = lead(&body).phone.unwrap();
        assert_eq!((phone.typed.as_str(), phone.normal.as_deref()), ("030 23125000", expected), "{country:?}");
    }
}

fn country() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        Just(None),
        string_regex("[a-z]{2}").unwrap().prop_map(Some),
        prop::sample::select(vec!["us", "de", "it", "jp", "ru", "br", "pa", "ag", "kr"])
            .prop_map(|code| Some(code.to_owned())),
        any::<String>().prop_map(Some),
    ]
}

fn typed() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        string_regex("[+(]{0,3}[0-9 ()./x#,;-]{0,40}").unwrap(),
        string_regex("(\\+|00|0|)[0-9]{1,20}").unwrap(),
        string_regex("[０-９＋（）　 0-9a-z]{0,24}").unwrap(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// No text panics; what comes out is E.164 and stays what it is, in whatever country it is read again.
    #[test]
    fn a_number_is_international_and_stays_the_same(text in typed(), home in country(), other in country()) {
        if let Some(number) = e164(&text, home.as_deref()) {
            let digits = number.strip_prefix('+').expect("a plus");
            prop_assert!((8..=15).contains(&digits.len()) && !digits.starts_with('0'), "{number}");
            prop_assert!(digits.bytes().all(|byte| byte.is_ascii_digit()), "{number}");
            prop_assert_eq!(e164(&number, other.as_deref()), Some(number));
        }
    }

    /// Without a country only a text that names one has a form, or one that is too long for a national number.
    #[test]
    fn no_country_is_guessed(text in string_regex("[1-9][0-9 ()./-]{0,24}").unwrap()) {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        prop_assert!(digits >= 12 || e164(&text, None).is_none());
    }
}
