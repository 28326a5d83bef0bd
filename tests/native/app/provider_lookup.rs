//! One question to one provider: what each kind of answer means for the question after it.

use crate::world::{World, run};
use lead_router_app::enrichment::provider_lookup::POLL_MS_MAX;
use lead_router_app::ports::ProviderLookups;
use lead_router_app::ports::messages::{ProviderLookupRequest, ProviderLookupResponse};
use lead_router_core::enrichment::provider::Contact;
use lead_router_core::enrichment::provider::token::RENEW_BEFORE_MS;
use lead_router_core::enrichment::waterfall::breaker::{BUSY_MS, FAULTS_TO_OPEN, PAUSE_MS, PAUSE_MS_MAX};
use lead_router_core::enrichment::waterfall::results::{CIRCUIT_OPEN, NOT_ASKED, NOT_SET_UP, PENDING};
use lead_router_core::facts::{Fact, FactValue, Facts, Field};
use lead_router_core::http::HttpRequest;
use lead_router_core::id::ProviderId;
use lead_router_core::rubric::file::Prefer;
use serde_json::{Value, json};

fn question(domain: Option<&str>) -> ProviderLookupRequest {
    let provider = ProviderId::new("pdl_company").unwrap();
    let mut facts = Facts::default();
    if let Some(domain) = domain {
        let fact =
            Fact { value: FactValue::Text(domain.to_owned()), provider: provider.clone(), at: Default::default() };
        facts.set(Field::CompanyDomain, fact);
    }
    ProviderLookupRequest {
        subject: "company:acme.example".to_owned(),
        provider,
        facts,
        contact: Contact::default(),
        wait_ms: 1_000,
        limit: None,
        prefer: Prefer::Balance,
        lead_id: None,
    }
}

/// A question to a provider that works on it and is asked for the result.
fn search() -> ProviderLookupRequest {
    let contact =
        Contact { first_name: Some("Ines".to_owned()), last_name: Some("Halvorsen".to_owned()), ..Contact::default() };
    ProviderLookupRequest {
        provider: ProviderId::new("icypeas_person").unwrap(),
        contact,
        wait_ms: 600_000,
        ..question(Some("fjordwerk.example"))
    }
}

fn searching(answers: &[Value]) -> World {
    let world = World::sample();
    world.settings.borrow_mut().insert("ICYPEAS_API_KEY".to_owned(), "key".to_owned());
    world.http_first.borrow_mut().extend(answers.iter().map(|answer| (200, answer.to_string())));
    world
}

fn world(status: u16, body: &str) -> World {
    let world = World::sample();
    world.settings.borrow_mut().insert("PDL_API_KEY".to_owned(), "key".to_owned());
    answers(&world, status, body);
    world
}

fn answers(world: &World, status: u16, body: &str) {
    world.http.borrow_mut().insert("/company/enrich".to_owned(), (status, body.to_owned()));
}

fn ask(world: &World) -> ProviderLookupResponse {
    run(world.look_up(&question(Some("acme.example")))).unwrap()
}

fn pass(world: &World, ms: i64) {
    world.now.set(world.now.get().plus_ms(ms));
}

#[test]
fn a_record_is_kept_as_long_as_the_description_says() {
    let world = world(
        200,
        &json!({"likelihood": 8, "name": "acme", "employee_count": 900, "website": "acme.example"}).to_string(),
    );
    let found = ask(&world);
    assert_eq!((found.result.as_str(), found.was_called()), ("found", true));
    let reading = found.reading.unwrap();
    assert_eq!(reading.facts["company.employees"].value, FactValue::Number(900));
    assert_eq!(reading.until, world.now.get().plus_ms(2_592_000_000));
    answers(&world, 404, "{}");
    let missing = ask(&world);
    assert_eq!(missing.result, "not_found");
    assert!(missing.reading.unwrap().facts.is_empty());
}

#[test]
fn without_a_key_or_a_domain_nobody_is_asked() {
    let world = world(200, "{}");
    let unknown = run(world.look_up(&question(None))).unwrap();
    assert_eq!((unknown.result.as_str(), unknown.was_called()), (NOT_ASKED, false));
    world.settings.borrow_mut().clear();
    assert_eq!(ask(&world).result, NOT_SET_UP);
    assert_eq!(world.http_calls.get(), 0);
}

#[test]
fn faults_in_a_row_end_the_asking_for_a_while() {
    let world = world(503, "down");
    for _ in 0..FAULTS_TO_OPEN {
        assert_eq!(ask(&world).result, "provider_try_later");
    }
    let alone = ask(&world);
    assert_eq!((alone.result.as_str(), alone.was_called()), (CIRCUIT_OPEN, false));
    assert_eq!(world.http_calls.get(), 2 * FAULTS_TO_OPEN, "each question was tried again at once");
    answers(&world, 404, "{}");
    pass(&world, PAUSE_MS);
    assert_eq!(ask(&world).result, "not_found");
    assert_eq!(ask(&world).result, "not_found");
}

#[test]
fn a_throttled_question_waits_and_a_refused_key_waits_longer() {
    for (status, pause_ms) in [(429, BUSY_MS), (401, PAUSE_MS_MAX), (402, PAUSE_MS_MAX)] {
        let world = world(status, "{}");
        assert!(ask(&world).was_called(), "{status}");
        assert_eq!(ask(&world).result, CIRCUIT_OPEN, "{status}");
        pass(&world, pause_ms - 1);
        assert_eq!(ask(&world).result, CIRCUIT_OPEN, "{status}");
        pass(&world, 1);
        assert!(ask(&world).was_called(), "{status}");
    }
}

#[test]
fn a_question_that_the_provider_does_not_understand_says_nothing_about_the_next() {
    let world = world(400, "{}");
    for _ in 0..2 * FAULTS_TO_OPEN {
        assert_eq!(ask(&world).result, "provider_bad_request");
    }
}

#[test]
fn a_provider_that_works_on_a_question_is_asked_until_it_is_done() {
    let submitted = json!({"success": true, "item": {"_id": "i-5", "status": "NONE"}});
    let state = |status: &str, emails: Value| json!({"success": true, "items": [{"_id": "i-5", "status": status, "results": {"emails": emails}}]});
    let done = state("DEBITED", json!([{"email": "ines.halvorsen@fjordwerk.example"}]));
    let world = searching(&[submitted, state("IN_PROGRESS", json!([])), state("SCHEDULED", json!([])), done]);
    let before = world.now.get();
    let found = run(world.look_up(&search())).unwrap();
    assert_eq!(found.result, "found", "{found:?}");
    let domain = &found.reading.unwrap().facts["person.employer_domain"].value;
    assert_eq!(*domain, FactValue::Text("fjordwerk.example".to_owned()));
    assert_eq!((world.http_calls.get(), world.now.get().ms_since(before)), (4, 800 + 1_000 + 1_000));
}

#[test]
fn a_provider_that_is_never_done_is_given_up() {
    let submitted = json!({"success": true, "item": {"_id": "i-5", "status": "NONE"}});
    let world = searching(&[submitted]);
    let pending = json!({"success": true, "items": [{"_id": "i-5", "status": "IN_PROGRESS"}]}).to_string();
    world.http.borrow_mut().insert("/read".to_owned(), (200, pending));
    let before = world.now.get();
    assert_eq!(run(world.look_up(&search())).unwrap().result, PENDING);
    let waited_ms = world.now.get().ms_since(before);
    assert!(waited_ms <= POLL_MS_MAX && waited_ms > POLL_MS_MAX - 1_000, "{waited_ms}");
}

/// A question to a provider whose secret is exchanged for a token.
fn by_token() -> ProviderLookupRequest {
    ProviderLookupRequest { provider: ProviderId::new("zoominfo_company").unwrap(), ..question(Some("acme.example")) }
}

const FOUND: &str = r#"{"data": {"result": [{"matchStatus": "FULL_MATCH", "data": [{"name": "Acme"}]}]}}"#;

fn with_secret(secret: &str, answers: &[(u16, &str)]) -> World {
    let world = World::sample();
    world.settings.borrow_mut().insert("ZOOMINFO_API_KEY".to_owned(), secret.to_owned());
    world.http_first.borrow_mut().extend(answers.iter().map(|(status, body)| (*status, (*body).to_owned())));
    world
}

/// What was sent since the last time: the end of the address, and the token or `-`.
fn sent(world: &World) -> Vec<String> {
    let sent = std::mem::take(&mut *world.http_sent.borrow_mut());
    let line = |request: &HttpRequest| {
        let token = request.headers.iter().find(|(name, _)| name == "authorization");
        let token = token.map_or("-", |(_, value)| value.strip_prefix("Bearer ").unwrap());
        format!("{} {token}", request.url.rsplit('/').next().unwrap())
    };
    sent.iter().map(line).collect()
}

#[test]
fn a_token_is_fetched_once_and_renewed_a_minute_before_its_end() {
    let world = with_secret(
        "ann:secret",
        &[(200, r#"{"jwt": "one"}"#), (200, FOUND), (200, FOUND), (200, r#"{"jwt": "two"}"#), (200, FOUND)],
    );
    assert_eq!(run(world.look_up(&by_token())).unwrap().result, "found");
    assert_eq!(sent(&world), ["authenticate -", "company one"]);
    pass(&world, 3_600_000 - RENEW_BEFORE_MS - 1);
    assert_eq!(run(world.look_up(&by_token())).unwrap().result, "found");
    assert_eq!(sent(&world), ["company one"]);
    pass(&world, 1);
    assert_eq!(run(world.look_up(&by_token())).unwrap().result, "found");
    assert_eq!(sent(&world), ["authenticate -", "company two"]);
}

#[test]
fn a_token_that_is_refused_before_its_end_is_renewed_once() {
    let token = (200, r#"{"jwt": "one"}"#);
    let world = with_secret("ann:secret", &[token, (200, FOUND), (401, ""), (200, r#"{"jwt": "two"}"#), (200, FOUND)]);
    for _ in 0..2 {
        assert_eq!(run(world.look_up(&by_token())).unwrap().result, "found");
    }
    assert_eq!(sent(&world), ["authenticate -", "company one", "company one", "authenticate -", "company two"]);
    world.http_first.borrow_mut().extend([
        (401, String::new()),
        (200, r#"{"jwt": "three"}"#.to_owned()),
        (401, String::new()),
    ]);
    assert_eq!(run(world.look_up(&by_token())).unwrap().result, "provider_bad_key");
    assert_eq!(sent(&world), ["company two", "authenticate -", "company three"]);
    assert_eq!(run(world.look_up(&by_token())).unwrap().result, CIRCUIT_OPEN);
}

#[test]
fn a_new_token_that_is_refused_is_not_renewed() {
    let world = with_secret("ann:secret", &[(200, r#"{"jwt": "one"}"#), (401, "")]);
    assert_eq!(run(world.look_up(&by_token())).unwrap().result, "provider_bad_key");
    assert_eq!(sent(&world), ["authenticate -", "company one"]);
}

#[test]
fn without_a_token_the_provider_is_not_asked() {
    for (status, body, result, is_left_alone) in [
        (401, "", "provider_bad_key", true),
        (429, "", "provider_try_later", true),
        (503, "", "provider_try_later", false),
        (200, "{}", "provider_bad_answer", false),
    ] {
        let world = with_secret("ann:secret", &[(status, body)]);
        let ended = run(world.look_up(&by_token())).unwrap();
        assert_eq!((ended.result.as_str(), ended.was_called()), (result, true), "{status}");
        assert_eq!(sent(&world), ["authenticate -"], "{status}");
        // Nothing more is prepared: a question that is sent is not answered.
        let next = run(world.look_up(&by_token())).unwrap().result;
        assert_eq!(next, if is_left_alone { CIRCUIT_OPEN } else { "timeout" }, "{status}");
    }
}

#[test]
fn a_secret_that_is_a_token_is_sent_as_it_is() {
    let world = with_secret("ready", &[(200, FOUND), (401, "")]);
    assert_eq!(run(world.look_up(&by_token())).unwrap().result, "found");
    assert_eq!(run(world.look_up(&by_token())).unwrap().result, "provider_bad_key");
    assert_eq!(sent(&world), ["company ready", "company ready"]);
}

/// A question to a provider that may say "nothing" before it has begun.
fn run_by_settings(answers: &[Value]) -> (World, ProviderLookupRequest) {
    let world = World::sample();
    world.settings.borrow_mut().extend([
        ("DATABAR_API_KEY".to_owned(), "key".to_owned()),
        ("DATABAR_COMPANY_ENRICHMENTS".to_owned(), "833".to_owned()),
    ]);
    world.http_first.borrow_mut().push_back((200, json!({"task_id": "t-1", "status": "processing"}).to_string()));
    world.http_first.borrow_mut().extend(answers.iter().map(|answer| (200, answer.to_string())));
    (
        world,
        ProviderLookupRequest {
            provider: ProviderId::new("databar_company").unwrap(),
            wait_ms: 10_000,
            ..question(Some("acme.example"))
        },
    )
}

#[test]
fn a_doubtful_miss_counts_when_it_is_said_twice_in_a_row() {
    let state = |state: &str| json!({"task_id": "t-1", "status": state, "data": null});
    let done = json!({"task_id": "t-1", "status": "completed", "data": {"name": "Acme"}});
    for (answers, result, calls) in [
        (vec![state("no_data"), state("no_data"), done.clone()], "not_found", 3),
        (vec![state("no_data"), done.clone()], "found", 3),
        (vec![state("no_data"), state("processing"), state("no_data"), state("no_data")], "not_found", 5),
        (vec![state("no_data"), state("failed")], "provider_try_later", 3),
    ] {
        let (world, question) = run_by_settings(&answers);
        assert_eq!(run(world.look_up(&question)).unwrap().result, result, "{answers:?}");
        assert_eq!(world.http_calls.get(), calls, "{answers:?}");
    }
}

#[test]
fn a_waterfall_without_its_sources_is_not_asked() {
    let (world, question) = run_by_settings(&[]);
    world.settings.borrow_mut().remove("DATABAR_COMPANY_ENRICHMENTS");
    assert_eq!(run(world.look_up(&question)).unwrap().result, "not_set_up");
    assert_eq!(world.http_calls.get(), 0);
}

#[test]
fn a_provider_is_asked_with_the_settings_of_the_business() {
    let (world, question) = run_by_settings(&[json!({"status": "completed", "data": {"name": "Acme"}})]);
    world.settings.borrow_mut().extend([
        ("DATABAR_COMPANY_RUN".to_owned(), "enrichments/833".to_owned()),
        ("DATABAR_COMPANY_ENRICHMENTS".to_owned(), "[1, 2]".to_owned()),
    ]);
    assert_eq!(run(world.look_up(&question)).unwrap().result, "found");
    let first = world.http_sent.borrow()[0].clone();
    assert!(first.url.ends_with("/enrichments/833/run"), "{}", first.url);
    let body: Value = serde_json::from_str(first.body.as_deref().unwrap()).unwrap();
    assert_eq!(body, json!({"params": {"domain": "acme.example"}, "enrichments": [1, 2]}));
    world.settings.borrow_mut().insert("DATABAR_COMPANY_RUN".to_owned(), "no path".to_owned());
    assert_eq!(run(world.look_up(&question)).unwrap().result, NOT_SET_UP);
}
