//! Decoration changes nobody: however an address, a domain or a name is encoded, it is the same person and the same account.

use lead_router_core::intake::{FieldMap, read};
use lead_router_core::lead::Lead;
use lead_router_core::normalize::{company_key, domain_of, e164, email, fold};
use lead_router_core::time::Timestamp;
use proptest::prelude::*;

/// Marks that cannot be seen and that copying from pages, PDF files and right-to-left texts leaves behind.
const INVISIBLE: [char; 12] = [
    '\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{61c}', '\u{2060}', '\u{feff}', '\u{ad}',
    '\u{202a}', '\u{202c}', '\u{2069}',
];

/// Letters that have a decomposed form, with it.
const DECOMPOSED: [(char, &str); 12] = [
    ('ä', "a\u{308}"),
    ('ö', "o\u{308}"),
    ('ü', "u\u{308}"),
    ('é', "e\u{301}"),
    ('è', "e\u{300}"),
    ('ñ', "n\u{303}"),
    ('ç', "c\u{327}"),
    ('å', "a\u{30a}"),
    ('й', "и\u{306}"),
    ('ế', "e\u{302}\u{301}"),
    ('が', "か\u{3099}"),
    ('각', "\u{1100}\u{1161}\u{11a8}"),
];

/// How one letter is written; several at once are possible.
#[derive(Debug, Clone, Copy)]
struct Decoration {
    is_upper: bool,
    is_wide: bool,
    is_decomposed: bool,
    mark: Option<char>,
}

fn decoration() -> impl Strategy<Value = Decoration> {
    let mark = prop::option::weighted(0.2, prop::sample::select(INVISIBLE.to_vec()));
    (any::<bool>(), any::<bool>(), any::<bool>(), mark)
        .prop_map(|(is_upper, is_wide, is_decomposed, mark)| Decoration { is_upper, is_wide, is_decomposed, mark })
}

fn decorated(text: &str, decorations: &[Decoration]) -> String {
    let mut decorated = String::new();
    for (letter, decoration) in text.chars().zip(decorations.iter().cycle()) {
        let letters: String =
            if decoration.is_upper && letter != 'ß' { letter.to_uppercase().collect() } else { letter.into() };
        for letter in letters.chars() {
            let lower: String = letter.to_lowercase().collect();
            let parts = DECOMPOSED.iter().find(|(whole, _)| lower == whole.to_string()).map(|(_, parts)| *parts);
            match (letter, parts) {
                ('!'..='~', _) if decoration.is_wide => {
                    decorated.push(char::from_u32(u32::from(letter) + 0xfee0).unwrap());
                }
                (_, Some(parts)) if decoration.is_decomposed => {
                    let is_upper = lower != letter.to_string();
                    decorated.push_str(&if is_upper { parts.to_uppercase() } else { parts.to_owned() });
                }
                _ => decorated.push(letter),
            }
        }
        decorated.extend(decoration.mark);
    }
    decorated
}

fn decorations() -> impl Strategy<Value = Vec<Decoration>> {
    prop::collection::vec(decoration(), 1..24)
}

fn local() -> impl Strategy<Value = String> {
    "[a-z0-9äöüéñçй]{1,12}([._-][a-z0-9]{1,8})?"
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9]{1,10}\\.(com|de|co\\.uk|io)",
        "[a-zäöüéèñåç]{2,10}\\.(com|de|fr|es)",
        "[йабвгд]{2,8}\\.рф",
        "[がかさ각]{2,6}\\.jp",
        Just("gmail.com".to_owned()),
        Just("privaterelay.appleid.com".to_owned()),
        Just("acme.onmicrosoft.com".to_owned()),
    ]
}

fn lead(address: &str, company: &str) -> Lead {
    let body = serde_json::json!({ "email": address, "company": company, "name": company }).to_string();
    read(Some("application/json"), body.as_bytes(), &FieldMap::default(), Timestamp::from_ms(0)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn an_address_is_one_person_at_one_account(local in local(), host in host(), decorations in decorations()) {
        let plain = format!("{local}@{host}");
        let one = email(&plain).unwrap();
        let typed = decorated(&plain, &decorations);
        let other = email(&typed);
        prop_assert!(other.is_some(), "{typed:?}");
        let other = other.unwrap();
        prop_assert_eq!(&other.mailbox, &one.mailbox, "{:?}", typed);
        prop_assert_eq!(&other.address, &one.address);
        prop_assert_eq!((&other.domain, other.kind), (&one.domain, one.kind));
    }

    #[test]
    fn a_lead_keeps_its_person_its_account_and_the_name_as_typed(
        local in local(), host in host(), company in "[A-Z][a-zäöü]{2,8} (GmbH|AB|Inc)", decorations in decorations()
    ) {
        let plain = format!("{local}@{host}");
        let (one, other) = (lead(&plain, &company), lead(&decorated(&plain, &decorations), &decorated(&company, &decorations)));
        prop_assert_eq!(one.person_key(), other.person_key());
        prop_assert_eq!(one.account_key(), other.account_key());
        let visible: String = decorated(&company, &decorations).chars().filter(|letter| !INVISIBLE.contains(letter) || matches!(letter, '\u{200c}' | '\u{200d}')).collect();
        prop_assert_eq!(other.name.as_deref(), Some(visible.as_str()));
        let (one, other) = (one.company.unwrap(), other.company.unwrap());
        prop_assert_eq!(company_key(&one), company_key(&other));
    }

    #[test]
    fn a_domain_and_a_name_are_what_they_look_like(host in host(), name in "[a-zäöüéñçй ]{1,20}", decorations in decorations()) {
        prop_assert_eq!(domain_of(&decorated(&host, &decorations)), domain_of(&host));
        prop_assert_eq!(fold(&decorated(&name, &decorations)), fold(&name));
    }

    #[test]
    fn a_number_is_what_it_looks_like(digits in "[1-9][0-9]{7}", script in prop::sample::select(vec!['0', '٠', '۰', '०', '０', '๐']), decorations in decorations()) {
        let typed = format!("+4930{digits}");
        let other: String = typed.chars().map(|letter| match letter.to_digit(10) {
            Some(digit) => char::from_u32(u32::from(script) + digit).unwrap(),
            None => letter,
        }).collect();
        prop_assert_eq!(e164(&decorated(&other, &decorations), None), e164(&typed, None));
    }
}
