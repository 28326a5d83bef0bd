//! What changed in the CRM is taken over: Desks remember it, and a record that somebody else made becomes a lead, once.

use crate::world::{Fault, LIVE, World, at, lead, run};
use lead_router::domain::crm::state::OwnerRef;
use lead_router::domain::crm::{AccountState, CrmKind, PersonKind, PersonState};
use lead_router::domain::intake::{FieldMap, json as json_body};
use lead_router::domain::route::decision::CrmUse;
use lead_router::domain::time::{MINUTE_MS, Timestamp};
use lead_router::flow::batch::take;
use lead_router::flow::crm_sync::{Taken, take_over};
use lead_router::ports::crm::{ChangedPerson, Changes};
use lead_router::ports::jobs::Job;
use serde_json::json;

const CRM: &str = "hubspot";

fn world() -> World {
    let teams =
        serde_json::from_value(json!([{"id": "all", "members": [{"rep_id": "ada"}, {"rep_id": "ben"}]}])).unwrap();
    let reps = serde_json::from_value(json!([
        {"id": "ada", "name": "Ada", "crm_ids": {"hubspot": "1"}},
        {"id": "ben", "name": "Ben", "crm_ids": {"hubspot": "2"}},
    ]))
    .unwrap();
    let world = World::new(teams, reps, Vec::new());
    world.edit_rubric(|file| {
        file["routes"] = json!([]);
        file["overrides"] = json!([]);
        file["fallback"] = json!({"team": "all"});
    });
    world.set_enrichment(&json!({}));
    world.crm_kind.set(CrmKind::Hubspot);
    world
}

fn now() -> Timestamp {
    at("2026-11-18T12:00:00Z")
}

fn person(id: &str, email: &str, owner: &str) -> ChangedPerson {
    let body = json!({"email": email, "name": "Somebody"}).to_string();
    ChangedPerson {
        email: email.to_owned(),
        state: PersonState { id: id.to_owned(), kind: PersonKind::Contact, owner: OwnerRef::new(owner), touched: None },
        created_at: now().plus_ms(-MINUTE_MS),
        is_ours: false,
        lead: Box::new(json_body::read(body.as_bytes(), &FieldMap::default()).unwrap()),
    }
}

fn account(id: &str, owner: &str) -> AccountState {
    AccountState { id: id.to_owned(), name: None, owner: OwnerRef::new(owner), status: None, deals: Vec::new() }
}

fn page(people: Vec<ChangedPerson>, accounts: Vec<(&str, AccountState)>) -> Changes {
    Changes {
        people,
        accounts: accounts.into_iter().map(|(domain, state)| (domain.to_owned(), state)).collect(),
        next: None,
    }
}

fn sync(world: &World, changes: Changes, new_since: Option<Timestamp>) -> Taken {
    run(take_over(world, changes, (CRM, world.now.get()), new_since, LIVE)).unwrap()
}

/// Takes in the leads that wait on the queue, as the consumer does; how many.
fn consume(world: &World) -> usize {
    let jobs = world.jobs.take();
    let leads = jobs.iter().filter_map(|job| match job {
        Job::Take { lead, key, received_at } => Some((lead, key, received_at)),
        _ => None,
    });
    leads.map(|(lead, key, at)| run(take(world, (**lead).clone(), key, *at, LIVE)).unwrap()).count()
}

#[test]
fn a_changed_owner_decides_the_next_lead_without_a_call() {
    let world = world();
    // Both, so that neither the person nor the account has to be asked for.
    let taken = sync(
        &world,
        page(vec![person("501", "kim@acme.example", "2")], vec![("acme.example", account("9", ""))]),
        None,
    );
    assert_eq!(taken, Taken { people: 1, accounts: 1, leads: 0 });
    let decision = run(world.decide(&lead(&json!({"email": "kim@acme.example"}))));
    assert_eq!(decision.assignment.unwrap().rep_id.as_str(), "ben");
    assert_eq!(decision.enrichment.crm, Some(CrmUse::Mirror));
    assert_eq!(*world.consulted.borrow(), Vec::new());
}

#[test]
fn an_account_is_remembered_for_everybody_of_it_and_what_is_older_changes_nothing() {
    let world = world();
    sync(&world, page(Vec::new(), vec![("acme.example", account("9", "1"))]), None);
    // A page that was read before, and is taken over after.
    let late = page(Vec::new(), vec![("acme.example", account("9", "2"))]);
    run(take_over(&world, late, (CRM, now().plus_ms(-1)), None, LIVE)).unwrap();
    for (number, email) in ["kim@acme.example", "lee@acme.example"].into_iter().enumerate() {
        sync(&world, page(vec![person(&number.to_string(), email, "")], Vec::new()), None);
        let decision = run(world.decide(&lead(&json!({"email": email}))));
        assert_eq!(decision.assignment.unwrap().rep_id.as_str(), "ada");
    }
}

#[test]
fn a_record_that_somebody_else_made_becomes_a_lead_once_however_often_it_is_read() {
    let world = world();
    for round in 0..3 {
        let new = vec![person("501", "kim@acme.example", ""), person("502", "lee@acme.example", "2")];
        let changes = page(new, vec![("acme.example", account("9", ""))]);
        let taken = sync(&world, changes, Some(now().plus_ms(-MINUTE_MS)));
        assert_eq!(taken.leads, 2, "round {round}");
        assert_eq!(consume(&world), 2);
        world.now.set(world.now.get().plus_ms(5 * MINUTE_MS));
    }
    let mut owners: Vec<_> = world.leads().iter().map(|row| row.rep_id.clone()).collect();
    owners.sort();
    assert_eq!(owners.len(), 2);
    assert!(owners.iter().all(Option::is_some), "{owners:?}");
    assert!(owners.contains(&Some("ben".to_owned())), "the owner in the CRM keeps her: {owners:?}");
}

#[test]
fn what_is_ours_or_older_or_not_wanted_is_no_lead_and_is_remembered_all_the_same() {
    let since = now().plus_ms(-MINUTE_MS);
    let ours = ChangedPerson { is_ours: true, ..person("501", "kim@acme.example", "2") };
    let older = ChangedPerson { created_at: since.plus_ms(-1), ..person("502", "lee@acme.example", "2") };
    let not_wanted = person("503", "max@acme.example", "2");
    for (changed, new_since) in [(ours, Some(since)), (older, Some(since)), (not_wanted, None)] {
        let world = world();
        let email = changed.email.clone();
        let taken = sync(&world, page(vec![changed], vec![("acme.example", account("9", ""))]), new_since);
        assert_eq!((taken, world.jobs.borrow().len()), (Taken { people: 1, accounts: 1, leads: 0 }, 0), "{email}");
        let decision = run(world.decide(&lead(&json!({"email": email}))));
        assert_eq!(decision.assignment.unwrap().rep_id.as_str(), "ben", "{email}");
    }
}

#[test]
fn a_record_made_at_the_first_moment_is_new_and_one_without_an_address_stops_nobody() {
    let world = world();
    let people = vec![person("500", "no address", "2"), person("", "", "2"), person("501", "kim@acme.example", "")];
    let taken = sync(&world, page(people, Vec::new()), Some(now().plus_ms(-MINUTE_MS)));
    assert_eq!(taken, Taken { people: 1, accounts: 0, leads: 1 });
    assert_eq!(consume(&world), 1);
}

#[test]
fn a_lead_that_came_by_form_and_its_record_in_the_crm_are_one_assignment() {
    let world = world();
    let form = run(world.decide(&lead(&json!({"email": "kim@acme.example", "name": "Somebody"}))));
    // The CRM's own form made the record at the same time; nothing of ours stands in it.
    sync(&world, page(vec![person("501", "kim@acme.example", "")], Vec::new()), Some(now().plus_ms(-MINUTE_MS)));
    consume(&world);
    let assigned: Vec<_> = world.leads().into_iter().filter_map(|row| row.rep_id).collect();
    assert!(assigned.iter().all(|rep| rep == form.assignment.as_ref().unwrap().rep_id.as_str()), "{assigned:?}");
    assert_eq!(world.open_leads("ada") + world.open_leads("ben"), 1);
}

#[test]
fn a_page_that_is_lost_anywhere_and_taken_over_again_changes_nothing_more() {
    let pages = || {
        let people = vec![person("501", "kim@acme.example", "2"), person("502", "lee@other.example", "")];
        page(people, vec![("acme.example", account("9", "1")), ("other.example", account("10", "2"))])
    };
    let since = Some(now().plus_ms(-MINUTE_MS));
    let calls = {
        let world = world();
        sync(&world, pages(), since);
        world.calls.get()
    };
    assert!(calls >= 5, "four of Desks and one of the queue, not {calls}");
    for place in 0..calls {
        for fault in [Fault::Before, Fault::After] {
            let world = world();
            world.fault.set(Some((place, fault)));
            run(take_over(&world, pages(), (CRM, now()), since, LIVE)).unwrap_err();
            sync(&world, pages(), since);
            consume(&world);
            let mut reps: Vec<_> = world.leads().into_iter().filter_map(|row| row.rep_id).collect();
            reps.sort();
            assert_eq!(reps, ["ada", "ben"], "call {place} {fault:?}");
        }
    }
}
