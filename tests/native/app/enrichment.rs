//! Enrichment with time: who is waited for, who is not, and what becomes of answers that come later.

use crate::world::{LIVE, World, lead, run, sample};
use lead_router_app::account::decide::LATE_MS_MAX;
use lead_router_app::enrichment::after;
use lead_router_app::enrichment::late_enrichment::apply_late_enrichment;
use lead_router_app::enrichment::prefetch::prefetch;
use lead_router_app::follow_up::follow_up;
use lead_router_app::intake::{Done, IntakeAnswer, intake};
use lead_router_app::ports::follow_up::{RepAction, RepActionKind};
use lead_router_app::ports::{CachedReading, STALE_MS};
use lead_router_core::decision::record::{Decision, Outcome};
use lead_router_core::decision::replay::replay;
use lead_router_core::facts::{Fact, FactValue};
use lead_router_core::id::{LeadId, ProviderId};
use lead_router_core::lead::Lead;
use lead_router_core::roster::model::{Rep, Team};
use lead_router_core::time::MINUTE_MS;
use serde_json::{Value, json};

const PDL: &str = "/company/enrich";
const APOLLO: &str = "/organizations/enrich";
const PDL_PERSON: &str = "/person/enrich";
const HUNTER_PERSON: &str = "/combined/find";

/// A world in which providers have keys, and the stages are these.
fn world(stages: Value) -> World {
    let world = World::sample();
    for key in ["PDL_API_KEY", "APOLLO_API_KEY", "HUNTER_API_KEY"] {
        world.settings.borrow_mut().insert(key.to_owned(), "key".to_owned());
    }
    world.set_enrichment(&json!({"deadline_ms": 4_000, "stages": stages}));
    world
}

fn answers(world: &World, piece: &str, status: u16, body: &Value, latency_ms: u32) {
    world.http.borrow_mut().insert(piece.to_owned(), (status, body.to_string()));
    world.latency_ms.borrow_mut().insert(piece.to_owned(), latency_ms);
}

fn pdl_company(employees: i64) -> Value {
    json!({"status": 200, "likelihood": 9, "name": "acme", "display_name": "Acme", "employee_count": employees,
        "industry": "computer software", "location": {"country": "united states", "region": "ohio"}})
}

fn stranger() -> Lead {
    lead(&json!({"email": "ines@unknown-company.example", "form": "demo", "country": "us"}))
}

fn take(world: &World, lead: &Lead) -> (Decision, Done) {
    let done = run(intake(world, lead.clone(), None, world.now.get(), LIVE)).unwrap();
    let IntakeAnswer::Decided { decision, .. } = &done.answer else { panic!("no decision: {:?}", done.answer) };
    ((**decision).clone(), done)
}

fn results(decision: &Decision) -> Vec<(&str, &str)> {
    let calls = decision.enrichment.calls.iter().filter(|call| call.provider != "directory");
    calls.map(|call| (call.provider.as_str(), call.result.as_str())).collect()
}

fn team(decision: &Decision) -> (&str, &str) {
    let assignment = decision.assignment.as_ref().unwrap();
    (assignment.team.as_str(), assignment.tier.as_str())
}

#[test]
fn a_second_provider_is_asked_when_the_first_takes_longer_than_it_nearly_always_does() {
    let world = world(json!([["directory"], ["pdl_company"], ["apollo_company"]]));
    answers(&world, PDL, 200, &pdl_company(700), 2_000);
    answers(&world, APOLLO, 404, &json!({}), 100);
    let (decision, _) = take(&world, &stranger());
    assert_eq!(results(&decision), [("apollo_company", "not_found"), ("pdl_company", "found")]);
    assert_eq!(decision.enrichment.ms, 2_000);
}

#[test]
fn a_second_provider_is_not_asked_for_what_the_first_has_found() {
    let world = world(json!([["directory"], ["pdl_company"], ["apollo_company"]]));
    world.set_enrichment(&json!({"stages": [["directory"], ["pdl_company"], ["abstract_company", "hunter_company"]]}));
    answers(&world, PDL, 200, &pdl_company(700), 300);
    let (decision, _) = take(&world, &stranger());
    let asked: Vec<&str> = results(&decision).into_iter().map(|(provider, _)| provider).collect();
    assert!(asked.starts_with(&["pdl_company"]), "{asked:?}");
    assert!(world.called.borrow().iter().all(|url| !url.contains("abstract")), "{:?}", world.called.borrow());
}

#[test]
fn the_deadline_is_kept_to_the_millisecond_and_the_late_one_is_named() {
    let world = world(json!([["directory"], ["pdl_company"]]));
    world.set_enrichment(&json!({"deadline_ms": 1_000, "stages": [["directory"], ["pdl_company"]]}));
    answers(&world, PDL, 200, &pdl_company(700), 1_500);
    let (decision, done) = take(&world, &stranger());
    assert_eq!(decision.ms, 1_000);
    assert_eq!(decision.enrichment.stopped, "deadline");
    assert_eq!(results(&decision), [("pdl_company", "late")]);
    assert_eq!(decision.enrichment.providers_called, 1);
    let again = &done.after.again;
    assert_eq!(again.len(), 1, "it is asked for once more, so that its answer is kept");
    assert_eq!((again[0].wait_ms, again[0].lead_id.as_ref()), (0, Some(&decision.lead_id)));
}

#[test]
fn whoever_has_not_answered_when_the_decision_stands_is_not_waited_for() {
    let world = world(json!([["directory"], ["pdl_company", "pdl_person"]]));
    world.edit_rubric(|file| {
        let student =
            json!({"id": "profile", "when": {"fact": "person.seniority", "equals": "student"}, "reject": true});
        file["overrides"].as_array_mut().unwrap().insert(0, student);
    });
    answers(&world, PDL, 200, &pdl_company(20), 900);
    let student = json!({"status": 200, "likelihood": 9, "data": {"job_title": "student"}});
    answers(&world, PDL_PERSON, 200, &student, 100);
    let (decision, done) = take(&world, &stranger());
    assert_eq!((decision.outcome, decision.enrichment.stopped.as_str()), (Outcome::Rejected, "disqualified"));
    assert_eq!(decision.enrichment.ms, 100);
    assert_eq!(results(&decision), [("pdl_person", "found"), ("pdl_company", "not_awaited")]);
    let again: Vec<_> =
        done.after.again.iter().map(|question| (question.provider.as_str(), &question.lead_id)).collect();
    assert_eq!(again, [("pdl_company", &None)], "kept when it comes, and not to move the lead");
}

#[test]
fn a_person_who_objects_at_one_provider_is_not_looked_up_at_another() {
    let world = world(json!([["directory"], ["pdl_person"], ["hunter_combined"]]));
    answers(&world, HUNTER_PERSON, 451, &json!({}), 100);
    answers(&world, PDL_PERSON, 200, &json!({"data": {}}), 100);
    let (decision, done) = take(&world, &stranger());
    assert_eq!(results(&decision), [("hunter_combined", "provider_blocked")]);
    run(after(&world, done.after));
    let (again, _) = take(&world, &lead(&json!({"email": "ines@unknown-company.example", "form": "pricing"})));
    assert_eq!(results(&again), [], "nor for the next lead");
}

#[test]
fn a_stale_answer_is_used_and_asked_for_again() {
    let world = world(json!([["directory"], ["pdl_company"]]));
    answers(&world, PDL, 200, &pdl_company(700), 0);
    let (_, done) = take(&world, &stranger());
    run(after(&world, done.after));
    let key = "company:unknown-company.example";
    let until = world.cache.borrow()[key]["pdl_company"].until;
    let next =
        |n: u32| lead(&json!({"email": format!("n{n}@unknown-company.example"), "form": "demo", "country": "us"}));
    let calls = |world: &World| world.called.borrow().len();
    for (ms, calls_now, again) in [(-1, 1, 0), (0, 1, 1), (STALE_MS - 1, 1, 1), (STALE_MS, 2, 0)] {
        world.now.set(until.plus_ms(ms));
        let (_, done) = take(&world, &next(calls_now * 10 + u32::try_from(again).unwrap() + u32::from(ms > 0)));
        assert_eq!((calls(&world) as u32, done.after.again.len()), (calls_now, again), "{ms} ms after");
    }
    // The refresh itself: the answer that comes replaces the stale one.
    world.now.set(until);
    let (_, done) = take(&world, &next(99));
    world.http.borrow_mut().insert(PDL.to_owned(), (200, pdl_company(9_000).to_string()));
    run(after(&world, done.after));
    let cache = world.cache.borrow();
    assert_eq!(cache[key]["pdl_company"].facts["company.employees"].value, FactValue::Number(9_000));
}

#[test]
fn a_provider_is_asked_no_more_than_the_rubric_allows() {
    let world = world(json!([]));
    world.set_enrichment(&json!({
        "stages": [["directory"], ["pdl_company"]], "limits": {"pdl_company": {"calls_per_day": 2}}
    }));
    answers(&world, PDL, 200, &pdl_company(700), 0);
    let of = |n: u32| lead(&json!({"email": format!("a@company-{n}.example"), "form": "demo", "country": "us"}));
    let asked: Vec<String> = (0..4)
        .map(|n| {
            let (decision, _) = take(&world, &of(n));
            assert_eq!(decision.outcome, Outcome::Assigned);
            format!("{} {}", decision.enrichment.calls.last().unwrap().result, decision.enrichment.providers_called)
        })
        .collect();
    assert_eq!(asked, ["found 1", "found 1", "daily_cap_reached 0", "daily_cap_reached 0"]);
    assert_eq!(world.called.borrow().len(), 2);
}

#[test]
fn an_account_is_asked_about_before_its_lead_comes() {
    let world = world(json!([["directory"], ["pdl_company", "pdl_person"], ["apollo_company"]]));
    answers(&world, PDL, 200, &pdl_company(700), 0);
    assert_eq!(run(prefetch(&world, "unknown-company.example")).unwrap(), 2, "the company providers");
    assert_eq!(run(prefetch(&world, "unknown-company.example")).unwrap(), 1, "the one that did not answer");
    world.called.borrow_mut().clear();
    let (decision, _) = take(&world, &stranger());
    assert!(decision.enrichment.calls.iter().all(|call| call.provider != "pdl_company"), "it is in the cache");
}

/// A lead that was decided at the deadline, and the late answer.
fn cut(employees: i64) -> (World, Decision, CachedReading) {
    cut_lead(&stranger(), employees)
}

fn cut_lead(lead: &Lead, employees: i64) -> (World, Decision, CachedReading) {
    let world = world(json!([["directory"], ["pdl_company"]]));
    world.set_enrichment(&json!({"deadline_ms": 1_000, "stages": [["directory"], ["pdl_company"]]}));
    answers(&world, PDL, 200, &pdl_company(employees), 1_500);
    let (decision, _) = take(&world, lead);
    let fact = |value| Fact { value, provider: ProviderId::new("pdl_company").unwrap(), at: world.now.get() };
    let facts = [
        ("company.employees".to_owned(), fact(FactValue::Number(employees))),
        ("company.country".to_owned(), fact(FactValue::Text("us".to_owned()))),
    ];
    let until = world.now.get().plus_ms(1_000_000);
    let reading =
        CachedReading { facts: facts.into(), owner_rep_id: None, until, version: String::new(), blocked: false };
    (world, decision, reading)
}

fn late(world: &World, lead_id: &LeadId, reading: &CachedReading) -> Option<Decision> {
    run(apply_late_enrichment(world, lead_id, reading, LIVE)).unwrap()
}

#[test]
fn a_late_answer_moves_the_lead_once_to_the_team_that_it_belongs_to() {
    let (world, first, reading) = cut(9_000);
    assert_eq!(team(&first), ("smb", "C"));
    let first_rep = first.assignment.as_ref().unwrap().rep_id.to_string();
    let open_before = world.open_leads(&first_rep);
    let second = late(&world, &first.lead_id, &reading).unwrap();
    assert_eq!(team(&second), ("named-accounts", "B"));
    assert_eq!((&second.lead_id, second.duplicate_of.as_ref()), (&first.lead_id, None));
    assert_eq!(second.decision_id, format!("{}-2", first.lead_id));
    assert!(second.reasons.iter().any(|reason| reason.code == "late_answer"), "{:?}", second.reasons);
    let second_rep = second.assignment.as_ref().unwrap().rep_id.to_string();
    assert_eq!(world.open_leads(&first_rep), open_before - 1, "what the first rep was given is taken back");
    assert!(world.open_leads(&second_rep) > 0);
    assert_eq!(late(&world, &first.lead_id, &reading), None, "once");
    replays(&world);
}

/// The last record gives its decision once more.
fn replays(world: &World) {
    let roster = sample("roster.json");
    let teams: Vec<Team> = serde_json::from_value(roster["teams"].clone()).unwrap();
    let reps: Vec<Rep> = serde_json::from_value(roster["reps"].clone()).unwrap();
    let records = world.records();
    let record = records.iter().max_by_key(|record| record.decision_no).unwrap();
    assert_eq!(record.decision_no, 2);
    let replayed = replay(record, &world.in_force().rubric, &teams, &reps).unwrap();
    assert_eq!(replayed.differences, Vec::new());
}

#[test]
fn a_late_answer_that_changes_only_the_tier_leaves_the_lead_with_its_rep() {
    let (world, first, reading) = cut_lead(
        &lead(&json!({"email": "ines@unknown-company.example", "form": "demo", "country": "us", "employees": 700})),
        1_200,
    );
    assert_eq!(team(&first), ("amer-mid-market", "C"));
    let rep = first.assignment.as_ref().unwrap().rep_id.to_string();
    let open_before = world.open_leads(&rep);
    let second = late(&world, &first.lead_id, &reading).unwrap();
    assert_eq!(team(&second), ("amer-mid-market", "B"));
    assert_eq!(second.assignment.as_ref().unwrap().rep_id.as_str(), rep);
    assert_eq!(world.open_leads(&rep), open_before, "it counts once");
    assert_eq!(second.duplicate_of, None);
    replays(&world);
}

#[test]
fn a_late_answer_that_changes_nothing_or_comes_after_ten_minutes_leaves_the_decision() {
    let (world, first, reading) = cut(50);
    assert_eq!(late(&world, &first.lead_id, &reading), None, "the small-business team has it anyway");
    let (world, first, reading) = cut(9_000);
    world.now.set(first.decided_at.plus_ms(LATE_MS_MAX + 1));
    assert_eq!(late(&world, &first.lead_id, &reading), None);
    world.now.set(first.decided_at.plus_ms(LATE_MS_MAX));
    assert!(late(&world, &first.lead_id, &reading).is_some());
    assert_eq!(LATE_MS_MAX, 10 * MINUTE_MS);
    let (world, first, reading) = cut(9_000);
    let act = RepAction {
        lead_id: first.lead_id.clone(),
        kind: RepActionKind::Accept,
        by: None,
        decision_no: 1,
        at: world.now.get(),
    };
    run(follow_up(&world, &act)).unwrap();
    assert_eq!(late(&world, &first.lead_id, &reading), None, "the rep works it");
    let nobody = LeadId::new("0123456789abcdef-0123456789-0123456789ab").unwrap();
    assert_eq!(late(&world, &nobody, &reading), None, "a lead that nobody knows");
}
