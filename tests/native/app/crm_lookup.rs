//! What the CRM knows decides who gets a lead; when it does not answer, nobody waits.

use crate::world::{World, at, lead, run, sample};
use lead_router_app::ports::jobs::Job;
use lead_router_core::crm::owner::TOUCH_MS;
use lead_router_core::crm::state::OwnerRef;
use lead_router_core::crm::{AccountState, CrmKind, Deal, LastTouch, PersonKind, PersonState, State};
use lead_router_core::decision::record::{CrmUse, Decision};
use lead_router_core::directory::AccountStatus;
use lead_router_core::roster::model::{Rep, Team};
use lead_router_core::time::{DAY_MS, MINUTE_MS};
use lead_router_core::vendor::DeliveryError;
use serde_json::json;

/// Three reps of one team with ids in HubSpot, of whom one is on leave.
fn roster() -> (Vec<Team>, Vec<Rep>) {
    let teams: Vec<Team> = serde_json::from_value(json!([
        {"id": "mid-market", "members": [{"rep_id": "ada"}, {"rep_id": "ben"}, {"rep_id": "cem"}]},
    ]))
    .unwrap();
    let reps: Vec<Rep> = serde_json::from_value(json!([
        {"id": "ada", "name": "Ada", "crm_ids": {"hubspot": "1"}},
        {"id": "ben", "name": "Ben", "crm_ids": {"hubspot": "2"}},
        {"id": "cem", "name": "Cem", "crm_ids": {"hubspot": "3"}, "backup_rep_id": "ada",
         "leave": [{"from": "2026-11-01", "until": "2026-12-31"}]},
    ]))
    .unwrap();
    (teams, reps)
}

/// A world with this roster, and nobody in the directory.
fn world() -> World {
    let (teams, reps) = roster();
    let world = World::new(teams, reps, Vec::new());
    world.edit_rubric(|file| {
        file["routes"] = json!([]);
        file["overrides"] = json!([]);
        file["fallback"] = json!({"team": "mid-market"});
    });
    world.set_enrichment(&json!({}));
    world.crm_kind.set(CrmKind::Hubspot);
    world
}

fn owner(id: &str) -> Option<OwnerRef> {
    OwnerRef::new(id)
}

fn account(owner_id: &str, deals: Vec<Deal>) -> State {
    let owner = owner(owner_id);
    let account = AccountState { id: "9001".to_owned(), name: None, owner, status: None, deals };
    State { person: None, account: Some(account) }
}

fn person(owner_id: &str, touched: Option<LastTouch>) -> State {
    let owner = owner(owner_id);
    let person = PersonState { id: "501".to_owned(), kind: PersonKind::Contact, owner, touched };
    State { person: Some(person), account: None }
}

fn deal(id: &str, owner_id: &str, moment: &str) -> Deal {
    Deal { id: id.to_owned(), owner: owner(owner_id), stage: "proposal".to_owned(), changed_at: at(moment) }
}

fn knows(world: &World, key: &str, state: State) {
    world.crm.borrow_mut().insert(key.to_owned(), Ok(state));
}

fn decide(world: &World, email: &str) -> Decision {
    run(world.decide(&lead(&json!({"email": email, "message": email}))))
}

fn rep(decision: &Decision) -> &str {
    decision.assignment.as_ref().map_or("nobody", |assignment| assignment.rep_id.as_str())
}

#[test]
fn the_owner_of_the_deal_that_changed_last_goes_before_the_account_s_and_that_before_the_person_s() {
    let deals = vec![deal("7", "2", "2026-11-01T00:00:00Z"), deal("8", "1", "2026-11-02T00:00:00Z")];
    let cases = [
        (account("2", deals), person("2", None), "ada", "has an open deal"),
        (account("2", Vec::new()), person("1", None), "ben", "owns this account"),
        (State::default(), person("2", None), "ben", "owns this person's record"),
        (
            State::default(),
            person("", Some(LastTouch { at: at("2026-11-01T00:00:00Z"), by: owner("2") })),
            "ben",
            "was last in touch",
        ),
    ];
    for (company, human, expected, text) in cases {
        let world = world();
        knows(&world, "acme.example", company);
        knows(&world, "x@acme.example", human);
        for _ in 0..3 {
            let decision = decide(&world, "x@acme.example");
            assert_eq!(rep(&decision), expected, "{decision:?}");
            assert!(decision.reasons[0].text.contains(text) || decision.duplicate_of.is_some(), "{decision:?}");
        }
    }
}

#[test]
fn a_touch_of_long_ago_and_an_owner_who_left_say_nothing() {
    let world = world();
    let now = world.now.get();
    let touch = |ago_ms: i64| Some(LastTouch { at: now.plus_ms(-ago_ms), by: owner("2") });
    knows(&world, "new@one.example", person("", touch(TOUCH_MS)));
    knows(&world, "old@two.example", person("", touch(TOUCH_MS + 1)));
    assert_eq!(decide(&world, "new@one.example").reasons[0].code, "account_owner");
    assert_ne!(decide(&world, "old@two.example").reasons[0].code, "account_owner");

    let mut left = account("2", Vec::new());
    left.account.as_mut().unwrap().owner.as_mut().unwrap().active = false;
    knows(&world, "left.example", left.clone());
    let decision = decide(&world, "x@left.example");
    assert!(decision.reasons.iter().any(|reason| reason.code == "crm_owner_unknown"), "{decision:?}");
    assert!(decision.reasons.iter().all(|reason| reason.code != "account_owner"), "{decision:?}");
    // A colleague who is here goes before one who left, wherever the two stand.
    left.person = person("1", None).person;
    knows(&world, "both.example", left.clone());
    knows(&world, "x@both.example", left);
    assert_eq!(rep(&decide(&world, "x@both.example")), "ada");
}

#[test]
fn an_owner_whom_the_roster_does_not_know_is_said_and_the_rotation_decides() {
    let world = world();
    knows(&world, "acme.example", account("77", Vec::new()));
    let decision = decide(&world, "x@acme.example");
    assert_ne!(rep(&decision), "nobody");
    let said = decision.reasons.iter().find(|reason| reason.code == "crm_owner_unknown").unwrap();
    assert!(said.text.contains("left or is not in the roster"), "{}", said.text);
}

#[test]
fn whoever_stands_in_for_an_owner_who_is_away_gets_the_lead() {
    let world = world();
    knows(&world, "acme.example", account("3", Vec::new()));
    let decision = decide(&world, "x@acme.example");
    assert_eq!(rep(&decision), "ada");
    assert!(decision.reasons.iter().any(|reason| reason.code == "owner_backup"), "{decision:?}");
}

#[test]
fn deals_and_the_status_of_the_account_are_facts_of_the_rubric() {
    let world = world();
    let mut state = account("", vec![deal("7", "", "2026-11-01T00:00:00Z")]);
    state.account.as_mut().unwrap().status = Some(AccountStatus::Customer);
    knows(&world, "acme.example", state);
    decide(&world, "x@acme.example");
    let facts = &world.records()[0].facts;
    let value = |path| facts.value(lead_router_core::facts::Field::from_path(path).unwrap()).cloned().unwrap();
    assert_eq!(value("account.open_deal").as_flag(), Some(true));
    assert_eq!(value("account.status").as_text(), Some("customer"));
}

#[test]
fn the_crm_is_asked_once_and_the_mirror_after_that_until_it_is_old() {
    let world = world();
    knows(&world, "acme.example", account("1", Vec::new()));
    let uses = |email: &str| decide(&world, email).enrichment.crm;
    assert_eq!(uses("x@acme.example"), Some(CrmUse::Live));
    assert_eq!(world.consulted.borrow().len(), 1);
    let again = json!({"email": "x@acme.example", "message": "another"});
    assert_eq!(run(world.decide(&lead(&again))).enrichment.crm, Some(CrmUse::Snapshot));
    assert_eq!(world.consulted.borrow().len(), 1);
    assert_eq!(uses("colleague@acme.example"), Some(CrmUse::Live), "the person was never read");
    world.now.set(world.now.get().plus_ms(16 * MINUTE_MS));
    let later = json!({"email": "x@acme.example", "message": "later"});
    assert_eq!(run(world.decide(&lead(&later))).enrichment.crm, Some(CrmUse::Live));
}

#[test]
fn a_crm_that_does_not_answer_keeps_nobody_waiting_and_what_was_known_still_counts() {
    let world = world();
    knows(&world, "acme.example", account("2", Vec::new()));
    assert_eq!(rep(&decide(&world, "x@acme.example")), "ben");
    world.now.set(world.now.get().plus_ms(DAY_MS));
    for key in ["x@acme.example", "new@acme.example", "acme.example", "z@other.example"] {
        world.crm.borrow_mut().insert(key.to_owned(), Err(DeliveryError::retryable("timeout", None)));
    }
    let colleague = decide(&world, "new@acme.example");
    assert_eq!((rep(&colleague), colleague.enrichment.crm), ("ben", Some(CrmUse::Stale)));
    let stranger = decide(&world, "z@other.example");
    assert_ne!(rep(&stranger), "nobody");
    assert_eq!(stranger.enrichment.crm, Some(CrmUse::Unavailable));
}

#[test]
fn a_lead_that_waits_for_the_crm_is_durable_first_and_the_crm_hears_of_it_at_once() {
    let world = world();
    let decision = decide(&world, "x@acme.example");
    let jobs = world.jobs.borrow();
    let [Job::Crm { write, tries: 0 }] = jobs.as_slice() else { panic!("{jobs:?}") };
    assert_eq!((&write.lead_id, write.decision_no), (&decision.lead_id, 0));
    assert_eq!(write.assigning, None);
}

#[test]
fn without_a_crm_nothing_is_asked_and_nothing_is_said() {
    let world = World::sample();
    let decision = run(world.decide(&lead(&sample("leads/owned-account.json"))));
    assert_eq!(decision.enrichment.crm, None);
    assert!(world.consulted.borrow().is_empty() && world.jobs.borrow().is_empty());
}

#[test]
fn a_record_with_a_crm_replays_to_the_same_decision() {
    let world = world();
    knows(&world, "acme.example", account("77", vec![deal("7", "2", "2026-11-01T00:00:00Z")]));
    decide(&world, "x@acme.example");
    let record = world.records().remove(0);
    let text = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<lead_router_core::decision::record::Record>(&text).unwrap(), record);
    assert_eq!(record.view.owner.unwrap().source, "crm_open_deal");
}

/// A later moment, at which what was read of the CRM before is too old.
fn much_later(world: &World) {
    world.now.set(world.now.get().plus_ms(16 * MINUTE_MS));
}

fn again(world: &World, email: &str, message: &str) -> Decision {
    run(world.decide(&lead(&json!({"email": email, "message": message}))))
}

#[test]
fn an_owner_whom_somebody_chose_since_goes_before_the_rep_who_had_the_person() {
    let world = world();
    let email = "kim@acme.example";
    let first = decide(&world, email);
    let theirs = if rep(&first) == "ada" { ("2", "ben") } else { ("1", "ada") };
    much_later(&world);
    knows(&world, email, person(theirs.0, None));
    let second = again(&world, email, "once more");
    assert_eq!((rep(&second), second.duplicate_of.clone()), (theirs.1, None));
    much_later(&world);
    let third = again(&world, email, "and once more");
    assert_eq!((rep(&third), third.duplicate_of.as_ref()), (theirs.1, Some(&second.lead_id)));
}

#[test]
fn whoever_stands_in_for_an_owner_keeps_the_person_and_so_does_the_rep_whom_the_crm_was_told() {
    let world = world();
    let email = "kim@acme.example";
    // The owner is on leave, and Ada stands in.
    knows(&world, email, person("3", None));
    let first = decide(&world, email);
    assert_eq!(rep(&first), "ada");
    much_later(&world);
    let second = again(&world, email, "once more");
    assert_eq!((rep(&second), second.duplicate_of.as_ref()), ("ada", Some(&first.lead_id)));
    much_later(&world);
    knows(&world, email, person("1", None));
    assert_eq!(rep(&again(&world, email, "and once more")), "ada");
}

#[test]
fn when_the_owner_whom_somebody_chose_cannot_work_the_rep_who_had_the_person_does() {
    let world = world();
    let email = "kim@acme.example";
    knows(&world, email, person("2", None));
    assert_eq!(rep(&decide(&world, email)), "ben");
    much_later(&world);
    // Cem is on leave; Ada would stand in, but is on leave as well.
    let (teams, mut reps) = roster();
    let leave = reps[2].leave.clone();
    reps[0].leave = leave;
    world.set_roster(&teams, &reps);
    knows(&world, email, person("3", None));
    assert_eq!(rep(&again(&world, email, "once more")), "ben");
}
