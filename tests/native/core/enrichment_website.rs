//! Which pages may be asked for, and what pages say.

use lead_router_core::enrichment::website::{FILLS, Site, WebPage};
use lead_router_core::facts::{FactValue, Field};
use lead_router_core::limits::{JSON_LD_DEPTH_MAX, JSON_LD_NODES_MAX, URL_CHARS_MAX};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;

fn table<T: for<'a> Deserialize<'a>>(name: &str) -> T {
    let path = format!("{}/tests/golden/website/{name}.json", concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[derive(Deserialize)]
struct Guard {
    domains: Vec<Domain>,
    with_base_url: Vec<Domain>,
    redirects: Vec<Redirect>,
}

#[derive(Deserialize)]
struct Domain {
    domain: String,
    asked: bool,
}

#[derive(Deserialize)]
struct Redirect {
    domain: String,
    location: String,
    followed: bool,
}

#[test]
fn only_websites_of_companies_are_asked_for() {
    let guard: Guard = table("guard");
    for Domain { domain, asked } in &guard.domains {
        assert_eq!(Site::of(domain, None).is_some(), *asked, "{domain:?}");
    }
    for Domain { domain, asked } in &guard.with_base_url {
        let site = Site::of(domain, Some("http://127.0.0.1:9/web/"));
        assert_eq!(site.is_some(), *asked, "{domain:?}");
        if let Some(site) = site {
            assert_eq!(site.home().url, format!("https://{domain}/"));
            assert_eq!(site.home().fetch_url, format!("http://127.0.0.1:9/web/{domain}/"));
        }
    }
}

#[test]
fn a_redirect_stays_at_the_company() {
    for Redirect { domain, location, followed } in table::<Guard>("guard").redirects {
        let page = Site::of(&domain, None).unwrap().follow(&location);
        assert_eq!(page.is_some(), followed, "{domain} {location:?}");
        if let Some(page) = page {
            assert_eq!((&page.url, &page.fetch_url), (&location, &location));
        }
    }
}

#[test]
fn a_redirect_as_long_as_a_url_may_be_is_followed_and_a_longer_one_is_not() {
    let site = Site::of("acme.com", None).unwrap();
    let longest = format!("{:x<URL_CHARS_MAX$}", "https://acme.com/");
    assert!(site.follow(&longest).is_some());
    assert!(site.follow(&format!("{longest}x")).is_none());
}

#[derive(Deserialize)]
struct Case {
    name: String,
    domain: String,
    page: WebPage,
    facts: BTreeMap<String, FactValue>,
}

fn facts(page: &WebPage, domain: &str) -> BTreeMap<String, FactValue> {
    page.facts(domain).into_iter().map(|(field, value)| (field.path().to_owned(), value)).collect()
}

#[test]
fn pages_say_what_the_cases_expect() {
    let cases: Vec<Case> = table("pages");
    for Case { name, domain, page, facts: expected } in &cases {
        assert_eq!(facts(page, domain), *expected, "{name}");
    }
    let filled = |field: &Field| cases.iter().any(|case| case.facts.contains_key(field.path()));
    assert!(FILLS.iter().all(|field| filled(&field)), "every field is filled by a case");
}

fn page_of(json_ld: &Value) -> WebPage {
    WebPage { json_ld: vec![json_ld.to_string()], ..WebPage::default() }
}

#[test]
fn a_company_is_looked_for_as_deep_and_as_far_as_the_limits_say() {
    let company = json!({"@type": "Organization", "name": "Acme"});
    let below = |depth: usize| (0..depth).fold(company.clone(), |inner, _| json!({"mainEntity": inner}));
    assert_eq!(facts(&page_of(&below(JSON_LD_DEPTH_MAX)), "acme.com").len(), 1);
    assert_eq!(facts(&page_of(&below(JSON_LD_DEPTH_MAX + 1)), "acme.com").len(), 0);
    let behind = |others: usize| Value::from_iter(vec![json!({}); others].into_iter().chain([company.clone()]));
    assert_eq!(facts(&page_of(&behind(JSON_LD_NODES_MAX - 1)), "acme.com").len(), 1);
    assert_eq!(facts(&page_of(&behind(JSON_LD_NODES_MAX)), "acme.com").len(), 0);
}

/// JSON with the words that are read, in any place and around anything.
fn odd_json() -> impl Strategy<Value = Value> {
    let words =
        ["Organization", "Store", "acme.com", "https://acme.com", "51-200", "DE", "1999-01-01", "&amp;", "&#x;"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(words.to_vec()).prop_map(Value::from),
    ];
    let keys = [
        "@type",
        "@id",
        "@graph",
        "@value",
        "name",
        "legalName",
        "url",
        "numberOfEmployees",
        "value",
        "minValue",
        "address",
        "addressCountry",
        "addressRegion",
        "foundingDate",
        "location",
        "publisher",
        "mainEntity",
        "isPartOf",
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        let entry = (prop::sample::select(keys.to_vec()), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::from),
            prop::collection::vec(entry, 0..8).prop_map(|entries| {
                let named = entries.into_iter().map(|(key, value)| (key.to_owned(), value));
                let typed = [("@type".to_owned(), Value::from("Organization"))];
                Value::Object(typed.into_iter().chain(named).collect())
            }),
        ]
    })
}

fn assert_sound(page: &WebPage, domain: &str) {
    for (field, value) in page.facts(domain) {
        assert!(FILLS.contains(field), "{field:?}");
        assert_eq!(field.kind(), value.kind(), "{field:?}");
        assert!(value.as_number().is_none_or(|number| number > 0), "{field:?} {value:?}");
        assert!(value.as_text().is_none_or(|text| !text.is_empty()), "{field:?}");
    }
}

proptest! {
    #[test]
    fn whatever_a_page_says_is_facts_of_the_right_kind(
        blocks in prop::collection::vec(odd_json(), 0..4),
        texts in prop::collection::vec(any::<String>(), 6),
        domain in "[a-z0-9.-]{0,20}|acme.com",
    ) {
        let mut json_ld: Vec<String> = blocks.iter().map(Value::to_string).collect();
        json_ld.extend(texts.iter().cloned());
        let text = |place: usize| texts.get(place).cloned();
        let page = WebPage { title: text(0), site_name: text(1), generator: text(2), json_ld, hosts: texts.clone() };
        assert_sound(&page, &domain);
    }

    #[test]
    fn whatever_the_domain_a_page_that_is_fetched_is_its_own(
        domain in prop_oneof![any::<String>(), "[a-z0-9.@:-]{1,6}\\.(com|de|local|co\\.uk|github\\.io)"],
        location in any::<String>(),
    ) {
        if let Some(site) = Site::of(&domain, None) {
            prop_assert_eq!(site.home().fetch_url, ["https://", &domain, "/"].concat());
            if let Some(page) = site.follow(&location) {
                prop_assert!(page.url.starts_with("https://"));
            }
        }
    }

    #[test]
    fn a_followed_redirect_names_the_domain_before_anything_else(
        before in "[a-z0-9.@:%_/?#\\\\-]{0,12}", after in "[a-z0-9.@:%_/?#\\\\-]{0,12}",
    ) {
        let site = Site::of("acme.com", None).unwrap();
        let location = format!("https://{before}acme.com{after}");
        if site.follow(&location).is_some() {
            let host = location[8..].split(['/', '?', '#', '\\']).next().unwrap();
            prop_assert!(host == "acme.com" || host.ends_with(".acme.com"), "{}", location);
            let is_plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
            prop_assert!(is_plain, "{}", location);
        }
    }
}
