//! The company's website in the waterfall: when it is asked, what its answers mean, and what is kept.

use crate::world::{World, lead, run};
use lead_router_app::ports::messages::{ProviderLookupRequest, ProviderLookupResponse};
use lead_router_app::ports::{PageAnswer, ProviderLookups};
use lead_router_core::decision::record::CacheUse;
use lead_router_core::enrichment::provider::Contact;
use lead_router_core::enrichment::waterfall::breaker::FAULTS_TO_OPEN;
use lead_router_core::enrichment::website::{TIMEOUT_MS, WebPage};
use lead_router_core::facts::{Fact, FactValue, Facts, Field};
use lead_router_core::id::ProviderId;
use lead_router_core::limits::REDIRECTS_MAX;
use lead_router_core::rubric::file::{LimitFile, Prefer};
use lead_router_core::time::{DAY_MS, HOUR_MS};
use serde_json::{Value, json};

const STAGES: [&str; 3] = ["directory", "pdl_company", "website"];

fn world() -> World {
    let world = World::sample();
    world.set_enrichment(&json!({"deadline_ms": 4000, "stages": STAGES.map(|id| [id])}));
    world
}

fn page(json_ld: &Value) -> PageAnswer {
    let page = WebPage { json_ld: vec![json_ld.to_string()], ..WebPage::default() };
    PageAnswer { status: 200, location: None, page: Some(page) }
}

fn company(employees: u32) -> PageAnswer {
    page(&json!({"@type": "Organization", "name": "Pumpwerk", "numberOfEmployees": employees,
        "address": {"addressCountry": "DE"}}))
}

fn status(status: u16) -> PageAnswer {
    PageAnswer { status, location: None, page: None }
}

fn moved(location: &str) -> PageAnswer {
    PageAnswer { location: Some(location.to_owned()), ..status(301) }
}

fn put(world: &World, url: &str, answer: PageAnswer) {
    world.pages.borrow_mut().insert(url.to_owned(), answer);
}

fn question(domain: &str) -> ProviderLookupRequest {
    let provider = ProviderId::new("website").unwrap();
    let mut facts = Facts::default();
    let value = FactValue::Text(domain.to_owned());
    facts.set(Field::CompanyDomain, Fact { value, provider: provider.clone(), at: Default::default() });
    ProviderLookupRequest {
        subject: format!("company:{domain}"),
        provider,
        facts,
        contact: Contact::default(),
        wait_ms: 0,
        limit: None,
        prefer: Prefer::Balance,
        lead_id: None,
    }
}

fn ask(world: &World, domain: &str) -> ProviderLookupResponse {
    run(world.look_up(&question(domain))).unwrap()
}

/// Answers of `https://pumpwerk.com/`, and what they come to with the days or hours for which that is kept.
#[test]
fn each_kind_of_answer_has_its_result_and_is_kept_for_its_time() {
    let no_html = PageAnswer { status: 200, location: None, page: None };
    for (answer, result, kept_ms) in [
        (company(900), "found", 30 * DAY_MS),
        (page(&json!({})), "not_found", 7 * DAY_MS),
        (no_html, "not_found", 7 * DAY_MS),
        (status(404), "not_found", 7 * DAY_MS),
        (status(403), "not_found", 7 * DAY_MS),
        (status(304), "not_found", 7 * DAY_MS),
        (status(530), "not_found", 7 * DAY_MS),
        (moved("https://elsewhere.com/"), "not_found", 7 * DAY_MS),
        (moved("http://pumpwerk.com/"), "not_found", 7 * DAY_MS),
        (status(429), "provider_try_later", HOUR_MS),
        (status(500), "provider_try_later", HOUR_MS),
        (status(503), "provider_try_later", HOUR_MS),
    ] {
        let world = world();
        put(&world, "https://pumpwerk.com/", answer.clone());
        let looked_up = ask(&world, "pumpwerk.com");
        assert_eq!(looked_up.result, result, "{answer:?}");
        let reading = looked_up.reading.unwrap();
        assert_eq!(reading.until, world.now.get().plus_ms(kept_ms), "{answer:?}");
        assert_eq!((reading.facts.is_empty(), reading.blocked), (result != "found", false), "{answer:?}");
    }
    let world = world();
    let looked_up = ask(&world, "pumpwerk.com");
    assert_eq!((looked_up.result.as_str(), looked_up.reading.is_some()), ("unreachable", true));
}

#[test]
fn redirects_are_followed_up_to_the_limit() {
    let chain = |hops: u32| {
        let world = world();
        let url = |number: u32| match number {
            0 => "https://pumpwerk.com/".to_owned(),
            number => format!("https://www.pumpwerk.com/{number}"),
        };
        (0..hops).for_each(|number| put(&world, &url(number), moved(&url(number + 1))));
        put(&world, &url(hops), company(900));
        let result = ask(&world, "pumpwerk.com").result;
        let called = world.called.borrow().len();
        (result, called)
    };
    let most = REDIRECTS_MAX as usize;
    assert_eq!(chain(REDIRECTS_MAX), ("found".to_owned(), most + 1));
    assert_eq!(chain(REDIRECTS_MAX + 1), ("not_found".to_owned(), most + 1));
}

#[test]
fn all_pages_together_have_the_time_of_one_call() {
    let world = world();
    put(&world, "https://pumpwerk.com/", moved("https://www.pumpwerk.com/"));
    put(&world, "https://www.pumpwerk.com/", company(900));
    let slow = |url: &str, ms: u32| world.latency_ms.borrow_mut().insert(url.to_owned(), ms);
    slow("https://pumpwerk.com/", TIMEOUT_MS - 100);
    slow("https://www.pumpwerk.com/", 100);
    assert_eq!(ask(&world, "pumpwerk.com").result, "found");
    slow("https://www.pumpwerk.com/", 101);
    let before = world.now.get();
    assert_eq!(ask(&world, "pumpwerk.com").result, "timeout");
    assert_eq!(world.now.get().ms_since(before), i64::from(TIMEOUT_MS));
}

#[test]
fn sites_that_are_down_say_nothing_about_the_next() {
    let world = world();
    for number in 0..FAULTS_TO_OPEN * 2 {
        assert_eq!(ask(&world, &format!("down-{number}.com")).result, "unreachable");
    }
    put(&world, "https://pumpwerk.com/", company(900));
    assert_eq!(ask(&world, "pumpwerk.com").result, "found");
}

#[test]
fn a_domain_that_is_no_website_is_never_asked_for() {
    let world = world();
    for domain in ["localhost", "127.0.0.1", "metadata.internal", "gmail.com", "pumpwerk.example"] {
        let looked_up = ask(&world, domain);
        assert_eq!((looked_up.result.as_str(), looked_up.reading), ("not_asked", None), "{domain}");
    }
    assert_eq!(*world.called.borrow(), Vec::<String>::new());
}

#[test]
fn the_limits_of_the_rubric_hold() {
    let world = world();
    put(&world, "https://pumpwerk.com/", company(900));
    let limit = LimitFile { calls_per_day: Some(1), ..LimitFile::default() };
    let limited = ProviderLookupRequest { limit: Some(limit), ..question("pumpwerk.com") };
    assert_eq!(run(world.look_up(&limited)).unwrap().result, "found");
    assert_eq!(run(world.look_up(&limited)).unwrap().result, "daily_cap_reached");
    assert_eq!(world.called.borrow().len(), 1);
}

fn lead_of(person: &str, domain: &str) -> lead_router_core::lead::Lead {
    lead(&json!({"email": format!("{person}@{domain}"), "title": "VP Engineering", "message": "How much is it?"}))
}

#[test]
fn the_site_is_asked_last_and_once_for_a_company() {
    let world = world();
    world.settings.borrow_mut().insert("PDL_API_KEY".to_owned(), "key".to_owned());
    world.http.borrow_mut().insert("/company/enrich".to_owned(), (404, "{}".to_owned()));
    put(&world, "https://pumpwerk.com/", company(900));
    let first = run(world.decide(&lead_of("ann", "pumpwerk.com")));
    let results: Vec<(&str, &str)> =
        first.enrichment.calls.iter().map(|call| (call.provider.as_str(), call.result.as_str())).collect();
    assert_eq!(results, [("directory", "not_found"), ("pdl_company", "not_found"), ("website", "found")]);
    let second = run(world.decide(&lead_of("bob", "pumpwerk.com")));
    assert!(second.enrichment.calls.iter().all(|call| call.provider != "website"), "{:?}", second.enrichment.calls);
    assert_eq!(second.enrichment.cache, CacheUse::Hit);
    assert_eq!(world.called.borrow().iter().filter(|url| url.contains("pumpwerk.com/")).count(), 1);
}

#[test]
fn a_base_url_stands_for_all_websites() {
    let world = world();
    world.settings.borrow_mut().insert("WEBSITE_BASE_URL".to_owned(), "http://farm.example/web".to_owned());
    put(&world, "http://farm.example/web/pumpwerk.example/", moved("https://www.pumpwerk.example/en"));
    put(&world, "http://farm.example/web/www.pumpwerk.example/en", company(900));
    assert_eq!(ask(&world, "pumpwerk.example").result, "found");
}

#[test]
fn a_rubric_that_does_not_name_it_asks_no_site() {
    let world = World::sample();
    put(&world, "https://pumpwerk.com/", company(900));
    let decision = run(world.decide(&lead_of("ann", "pumpwerk.com")));
    assert!(decision.enrichment.calls.iter().all(|call| call.provider != "website"));
    assert_eq!(*world.called.borrow(), Vec::<String>::new());
}
