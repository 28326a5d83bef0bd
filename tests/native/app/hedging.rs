//! A question that is sent to its provider a second time, in virtual time: when, why, and when not.

use crate::world::{World, run};
use lead_router_app::ports::messages::{ProviderLookupRequest, ProviderLookupResponse};
use lead_router_app::ports::{HttpAnswer, ProviderLookups};
use lead_router_core::enrichment::provider::Contact;
use lead_router_core::enrichment::waterfall::breaker::{BUSY_MS, FAULTS_TO_OPEN, PAUSE_MS};
use lead_router_core::enrichment::waterfall::hedging::Hedge;
use lead_router_core::enrichment::waterfall::results::{CIRCUIT_OPEN, LATE};
use lead_router_core::facts::{Fact, FactValue, Facts, Field};
use lead_router_core::id::ProviderId;
use lead_router_core::rubric::file::{LimitFile, Prefer};
use serde_json::json;
use std::cell::RefCell;
use std::collections::VecDeque;

/// What follows from the file of `pdl_company`: of ten answers the fifth comes after 270 ms, and the ninth after 718; of those
/// that take longer than 415 ms, fewer than half come within 270 ms more. 2,500 ms at most.
const USUAL_MS: u32 = 270;
const OVERTAKEN_MS: u32 = 415;
const NINTH_MS: u32 = 718;
const TIMEOUT_MS: u32 = 2_500;

fn question(provider: &str, prefer: Prefer) -> ProviderLookupRequest {
    let provider = ProviderId::new(provider).unwrap();
    let mut facts = Facts::default();
    let value = FactValue::Text("acme.example".to_owned());
    facts.set(Field::CompanyDomain, Fact { value, provider: provider.clone(), at: Default::default() });
    let contact =
        Contact { first_name: Some("Ines".to_owned()), last_name: Some("Halvorsen".to_owned()), ..Contact::default() };
    ProviderLookupRequest {
        subject: "company:acme.example".to_owned(),
        provider,
        facts,
        contact,
        wait_ms: 60_000,
        limit: None,
        prefer,
        lead_id: None,
    }
}

fn company(prefer: Prefer) -> ProviderLookupRequest {
    question("pdl_company", prefer)
}

fn found() -> HttpAnswer {
    let body = json!({"likelihood": 8, "name": "acme", "employee_count": 900, "website": "acme.example"});
    HttpAnswer { status: 200, retry_after_s: None, body: body.to_string().into_bytes() }
}

fn status(status: u16, retry_after_s: Option<u32>) -> HttpAnswer {
    HttpAnswer { status, retry_after_s, body: b"{}".to_vec() }
}

/// A world in which requests are answered like this, in order; those after the last get no answer.
fn world(answers: Vec<(u32, Option<HttpAnswer>)>) -> World {
    let world = World::sample();
    for key in ["PDL_API_KEY", "ICYPEAS_API_KEY"] {
        world.settings.borrow_mut().insert(key.to_owned(), "key".to_owned());
    }
    let left = RefCell::new(VecDeque::from(answers));
    *world.weather.borrow_mut() = Some(Box::new(move |_| left.borrow_mut().pop_front().unwrap_or((0, None))));
    world
}

/// What a question comes to, after how many milliseconds.
fn ask(world: &World, question: &ProviderLookupRequest) -> (ProviderLookupResponse, i64) {
    let before = world.now.get();
    let looked_up = run(world.look_up(question)).unwrap();
    (looked_up, world.now.get().ms_since(before))
}

fn came(world: &World, question: &ProviderLookupRequest) -> (String, i64, Option<Hedge>, u32) {
    let before = world.http_calls.get();
    let (looked_up, ms) = ask(world, question);
    (looked_up.result, ms, looked_up.hedge, world.http_calls.get() - before)
}

fn outcome(result: &str, ms: u32, hedge: Option<Hedge>, requests: u32) -> (String, i64, Option<Hedge>, u32) {
    (result.to_owned(), ms.into(), hedge, requests)
}

#[test]
fn the_second_request_goes_out_when_the_preference_allows_it_and_the_first_answer_counts() {
    for (prefer, after_ms) in [(Prefer::Speed, OVERTAKEN_MS), (Prefer::Balance, NINTH_MS)] {
        let slow = Some(Hedge::Slow);
        let overtaken = world(vec![(2_000, Some(found())), (100, Some(found()))]);
        assert_eq!(came(&overtaken, &company(prefer)), outcome("found", after_ms + 100, slow, 2), "{prefer:?}");
        let not_overtaken = world(vec![(900, Some(found())), (1_000, Some(found()))]);
        assert_eq!(came(&not_overtaken, &company(prefer)), outcome("found", 900, slow, 2), "{prefer:?}");
        let in_time = world(vec![(after_ms - 1, Some(found()))]);
        assert_eq!(came(&in_time, &company(prefer)), outcome("found", after_ms - 1, None, 1), "{prefer:?}");
        let lost = world(vec![]);
        assert_eq!(came(&lost, &company(prefer)), outcome("timeout", TIMEOUT_MS, slow, 2), "{prefer:?}");
    }
    let patient = world(vec![(2_000, Some(found()))]);
    assert_eq!(came(&patient, &company(Prefer::Cost)), outcome("found", 2_000, None, 1));
}

#[test]
fn a_failure_does_not_count_while_the_other_request_may_be_answered() {
    for failure in [status(503, None), status(429, None)] {
        let first = world(vec![(500, Some(failure.clone())), (700, Some(found()))]);
        assert_eq!(came(&first, &company(Prefer::Speed)), outcome("found", OVERTAKEN_MS + 700, Some(Hedge::Slow), 2));
        let second = world(vec![(900, Some(found())), (10, Some(failure))]);
        assert_eq!(came(&second, &company(Prefer::Speed)), outcome("found", 900, Some(Hedge::Slow), 2));
    }
    let both = world(vec![(500, Some(status(503, None)))]);
    assert_eq!(came(&both, &company(Prefer::Speed)).0, "provider_try_later", "what is known better than nothing");
}

#[test]
fn a_fault_is_tried_again_at_once_whatever_the_preference() {
    for prefer in [Prefer::Speed, Prefer::Balance, Prefer::Cost] {
        let world = world(vec![(200, Some(status(503, None))), (150, Some(found()))]);
        assert_eq!(came(&world, &company(prefer)), outcome("found", 350, Some(Hedge::Failed), 2));
    }
    let twice = world(vec![(200, Some(status(503, None))), (100, Some(status(500, None)))]);
    assert_eq!(came(&twice, &company(Prefer::Cost)), outcome("provider_try_later", 300, Some(Hedge::Failed), 2));
    let late = TIMEOUT_MS - USUAL_MS + 1;
    let too_late = world(vec![(late, Some(status(503, None)))]);
    assert_eq!(came(&too_late, &company(Prefer::Cost)), outcome("provider_try_later", late, None, 1));
}

#[test]
fn a_provider_that_says_when_to_come_again_is_asked_then_and_by_nobody_before() {
    let soon = world(vec![(100, Some(status(429, Some(1)))), (100, Some(found()))]);
    assert_eq!(came(&soon, &company(Prefer::Cost)), outcome("found", 1_200, Some(Hedge::Failed), 2));
    for retry_after_s in [None, Some(30)] {
        let later = world(vec![(100, Some(status(429, retry_after_s)))]);
        assert_eq!(came(&later, &company(Prefer::Speed)), outcome("provider_try_later", 100, None, 1));
        let pause_ms = retry_after_s.map_or(BUSY_MS, |seconds| i64::from(seconds) * 1_000);
        later.now.set(later.now.get().plus_ms(pause_ms - 1));
        assert_eq!(ask(&later, &company(Prefer::Speed)).0.result, CIRCUIT_OPEN);
    }
}

#[test]
fn what_would_fail_again_is_not_tried_again() {
    for (code, result) in
        [(401, "provider_bad_key"), (402, "provider_quota"), (400, "provider_bad_request"), (404, "not_found")]
    {
        let world = world(vec![(50, Some(status(code, None)))]);
        assert_eq!(came(&world, &company(Prefer::Speed)), outcome(result, 50, None, 1));
    }
}

#[test]
fn a_request_that_starts_a_job_is_sent_once() {
    let search = question("icypeas_person", Prefer::Speed);
    let fault = world(vec![(50, Some(status(503, None)))]);
    assert_eq!(came(&fault, &search).3, 1);
    let never = world(vec![]);
    assert_eq!((came(&never, &search).3, came(&never, &search).2), (1, None));
}

#[test]
fn a_question_with_two_requests_is_one_fault_and_a_try_has_one_request() {
    let world = world(vec![]);
    for _ in 0..FAULTS_TO_OPEN {
        assert_eq!(ask(&world, &company(Prefer::Speed)).0.result, "timeout");
    }
    assert_eq!(ask(&world, &company(Prefer::Speed)).0.result, CIRCUIT_OPEN);
    world.now.set(world.now.get().plus_ms(PAUSE_MS));
    assert_eq!(came(&world, &company(Prefer::Speed)), outcome("timeout", TIMEOUT_MS, None, 1));
}

#[test]
fn a_provider_that_becomes_slow_for_everybody_is_not_asked_twice_as_much() {
    for (prefer, most) in [(Prefer::Speed, 101 + 1), (Prefer::Balance, 20 + 1), (Prefer::Cost, 0)] {
        let world = world((0..1_000).map(|_| (2_400, Some(found()))).collect());
        let seconds = (0..200).filter(|_| ask(&world, &company(prefer)).0.hedge.is_some()).count();
        assert!(seconds <= most, "{prefer:?}: {seconds}");
        assert_eq!(world.http_calls.get() as usize, 200 + seconds);
    }
}

#[test]
fn second_requests_count_for_the_limits_and_those_that_failed_get_their_price_back() {
    let limit = |calls_per_day| LimitFile { calls_per_day: Some(calls_per_day), ..LimitFile::default() };
    let limited = |calls| ProviderLookupRequest { limit: Some(limit(calls)), ..company(Prefer::Speed) };
    let one_left = world(vec![(900, Some(found()))]);
    assert_eq!(came(&one_left, &limited(1)), outcome("found", 900, None, 1), "there is no second call left");
    let world = world(vec![(900, Some(found())), (900, Some(found())), (0, Some(found()))]);
    assert_eq!(came(&world, &limited(2)), outcome("found", 900, Some(Hedge::Slow), 2));
    assert_eq!(ask(&world, &limited(2)).0.result, "daily_cap_reached");
}

#[test]
fn nobody_pays_for_speed_when_no_lead_waits() {
    let world = world(vec![(2_000, Some(found())), (10, Some(found()))]);
    let for_later = ProviderLookupRequest { wait_ms: 0, ..company(Prefer::Speed) };
    assert_eq!(came(&world, &for_later), outcome("found", 2_000, None, 1));
}

#[test]
fn the_times_of_answers_move_the_second_request() {
    let world = world((0..1_000).map(|_| (20, Some(found()))).collect());
    for _ in 0..100 {
        assert_eq!(ask(&world, &company(Prefer::Speed)).1, 20);
    }
    let left = RefCell::new(VecDeque::from([(2_000, Some(found())), (5, Some(found()))]));
    *world.weather.borrow_mut() = Some(Box::new(move |_| left.borrow_mut().pop_front().unwrap()));
    assert_eq!(ask(&world, &company(Prefer::Speed)).1, 25);
}

#[test]
fn the_lead_does_not_wait_longer_for_a_second_request() {
    let world = world(vec![]);
    let hurried = ProviderLookupRequest { wait_ms: 1_000, ..company(Prefer::Speed) };
    assert_eq!(ask(&world, &hurried), (ProviderLookupResponse::failed(LATE), 1_000));
}
