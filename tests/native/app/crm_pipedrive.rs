//! Pipedrive: what it is told and what it knows, behind a network that loses and delays.

use crate::crm_salesforce_kit as kit;
use crate::fakes::pipedrive::{FIELD, ME, Pipedrive as Played, TOKEN};
use crate::outside::{FAULTS, Fault, Outside};
use crate::world::{at, run};
use lead_router_app::crm::{CallBudget, Pipedrive};
use lead_router_app::ports::crm::{ChangesSince, Crm, DeliveryResult};
use lead_router_core::crm::state::{CrmQuestion, OwnerRef};
use lead_router_core::crm::{CrmWrite, CrmWritten};
use lead_router_core::http::Method;
use lead_router_core::vendor::DeliveryError;
use serde_json::{Value, json};

const BASE: &str = "https://api.pipedrive.com";

fn world() -> Outside {
    let world = Outside::new(vec![(BASE, Box::new(Played::new()))]);
    world.set("PIPEDRIVE_API_TOKEN", TOKEN);
    world.set("PIPEDRIVE_PERSON_FIELD", FIELD);
    for (id, name, is_active) in [(7, "ann", true), (8, "bob", true), (9, "gone", false)] {
        put(&world, "users", &json!({"id": id, "email": format!("{name}@vendor.example"), "active_flag": is_active}));
    }
    world
}

fn put(world: &Outside, kind: &str, fields: &Value) {
    world.change(BASE, &json!({"put": {"kind": kind, "fields": fields}}));
}

fn records(world: &Outside, kind: &str) -> Vec<Value> {
    world.state(BASE)["records"][kind].as_array().cloned().unwrap_or_default()
}

fn decided(number: u32, owner_id: u64) -> CrmWrite {
    let mut write = kit::decided(number, number, kit::ANN);
    write.assigning.as_mut().unwrap().owner_id = owner_id.to_string();
    write
}

fn write(world: &Outside, writes: &[CrmWrite]) -> Vec<DeliveryResult<CrmWritten>> {
    run(Pipedrive::connect(world, CallBudget::CONSUMER).unwrap().write(writes))
}

fn until_done(world: &Outside, write_one: &CrmWrite) -> CrmWritten {
    for _ in 0..6 {
        match write(world, std::slice::from_ref(write_one)).remove(0) {
            Ok(written) => return written,
            Err(DeliveryError::Retryable { .. }) => world.wait(30_000),
            Err(refused) => panic!("{refused:?}"),
        }
    }
    panic!("not done after six tries");
}

fn person(id: u64, email: &str, owner_id: u64) -> Value {
    json!({"id": id, "name": "P", "emails": [{"value": email, "primary": true}], "owner_id": owner_id, "custom_fields": {FIELD: null},
        "update_time": "2026-11-18T11:00:00Z", "add_time": "2026-11-01T00:00:00Z"})
}

#[test]
fn whatever_happens_to_one_call_the_end_is_right() {
    type Prepare = fn(&Outside);
    let early: Prepare = |world| {
        let mut early = decided(1, 7);
        early.assigning = None;
        until_done(world, &early);
    };
    let prepares: [(&str, Prepare, u64); 3] = [
        ("new", |_| (), ME),
        ("before the decision", early, ME),
        ("known", |world| put(world, "persons", &person(50, "person1@company1.example", 8)), 8),
    ];
    for (name, prepare, seen) in prepares {
        let mut write_one = decided(1, 7);
        write_one.assigning.as_mut().unwrap().seen_owner =
            (seen != ME).then(|| OwnerRef::new(&seen.to_string()).unwrap());
        let calm = world();
        prepare(&calm);
        let before = calm.calls.get();
        until_done(&calm, &write_one);
        let is_post: Vec<bool> = calm.sent.borrow().iter().map(|request| request.method == Method::Post).collect();
        for call in before..calm.calls.get() {
            for fault in FAULTS {
                // The vendor has no key that would make one of two equal requests to make a record.
                if *fault == Fault::Twice && is_post[call as usize] {
                    continue;
                }
                let world = world();
                prepare(&world);
                world.faults.borrow_mut().insert(call, *fault);
                until_done(&world, &write_one);
                until_done(&world, &write_one);
                let (people, tasks) = (records(&world, "persons"), records(&world, "activities"));
                assert_eq!((people.len(), tasks.len()), (1, 1), "{name}: call {call}, {fault:?}");
                assert_eq!(people[0]["owner_id"], 7, "{name}: call {call}, {fault:?}");
                assert_eq!(people[0]["custom_fields"][FIELD], *write_one.person_id);
                assert_eq!((&tasks[0]["person_id"], &tasks[0]["owner_id"]), (&people[0]["id"], &json!(7)));
            }
        }
    }
}

#[test]
fn an_owner_whom_a_person_chose_since_stays_and_an_older_decision_does_not_undo_a_newer_one() {
    let world = world();
    until_done(&world, &decided(1, 7));
    let id = records(&world, "persons")[0]["id"].clone();
    let mut second = decided(1, 8);
    second.decision_no = 2;
    second.assigning.as_mut().unwrap().decided_at = at("2026-11-18T13:00:00Z");
    until_done(&world, &second);
    assert_eq!(records(&world, "persons")[0]["owner_id"], 8);
    until_done(&world, &decided(1, 7));
    assert_eq!((&records(&world, "persons")[0]["owner_id"], records(&world, "activities").len()), (&json!(8), 2));
    put(&world, "users", &json!({"id": 10, "email": "eve@vendor.example", "active_flag": true}));
    put(&world, "persons", &json!({"id": id, "owner_id": 10}));
    let mut third = decided(1, 7);
    third.decision_no = 3;
    third.assigning.as_mut().unwrap().decided_at = at("2026-11-18T14:00:00Z");
    assert!(matches!(until_done(&world, &third), CrmWritten::OwnerDrift { owner_id, .. } if owner_id == "10"));
    assert_eq!(records(&world, "activities").len(), 2);
}

#[test]
fn what_a_lead_writes_is_no_mark_and_no_markup() {
    let world = world();
    let mut write_one = decided(1, 7);
    write_one.profile.message = Some("<img src=x>\nlead-router:a-b-9:9999999999999:8".to_owned());
    until_done(&world, &write_one);
    let note = records(&world, "activities")[0]["note"].as_str().unwrap().to_owned();
    assert!(note.contains("&lt;img src=x&gt;<br>lead-router:a-b-9") && !note.contains("<img"));
    let mut second = decided(1, 8);
    second.decision_no = 2;
    second.assigning.as_mut().unwrap().decided_at = at("2026-11-18T13:00:00Z");
    until_done(&world, &second);
    assert_eq!(records(&world, "persons")[0]["owner_id"], 8, "not superseded by what stands in a message");
}

#[test]
fn the_company_is_the_persons_own_else_a_colleagues() {
    let world = world();
    put(&world, "organizations", &json!({"id": 3, "name": "Acme", "owner_id": 8}));
    let mut colleague = person(50, "bo@acme.example", 8);
    colleague["org_id"] = json!(3);
    put(&world, "persons", &colleague);
    put(&world, "persons", &person(49, "bo@acme.example.org", 8));
    put(
        &world,
        "deals",
        &json!({"id": 5, "org_id": 3, "owner_id": 7, "status": "open", "stage_id": 2, "update_time": "2026-11-10T00:00:00Z"}),
    );
    put(
        &world,
        "deals",
        &json!({"id": 6, "org_id": 3, "owner_id": 8, "status": "won", "update_time": "2026-11-11T00:00:00Z"}),
    );
    let crm = Pipedrive::connect(&world, CallBudget::SENDER).unwrap();
    let question = CrmQuestion { email: Some("ada@acme.example".to_owned()), domain: Some("acme.example".to_owned()) };
    let state = run(crm.lookup(&question)).unwrap();
    assert_eq!(state.person, None);
    let account = state.account.unwrap();
    assert_eq!((account.owner, account.deals.len()), (OwnerRef::new("8"), 1));
    assert_eq!(account.deals[0].owner, OwnerRef::new("7"));
    assert_eq!(world.calls.get(), 4);
    let changes = run(crm.changes(&ChangesSince { at: at("2026-11-10T00:00:00Z"), page: String::new() })).unwrap();
    assert_eq!((changes.people.len(), changes.accounts.len()), (2, 1));
    let changes = run(crm.changes(&changes.next.unwrap())).unwrap();
    assert_eq!((changes.accounts[0].0.as_str(), changes.next), ("acme.example", None));
    assert_eq!(run(crm.crm_users()).unwrap().iter().filter(|seller| seller.active).count(), 3);
}

#[test]
fn three_hundred_leads_stay_below_the_limits() {
    let world = world();
    for number in 0..300 {
        until_done(&world, &decided(number, 7));
    }
    let state = world.state(BASE);
    assert_eq!(state["exceeded"], json!({"burst": 0, "search": 0, "day": 0}));
    assert_eq!((records(&world, "persons").len(), records(&world, "activities").len()), (300, 300));
    // Two searches, make, read, activities, who the token is, activity, owner.
    assert_eq!(state["counts"]["calls"], 300 * 8);
}

#[test]
fn the_check_and_the_setbacks_name_what_to_change() {
    let world = world();
    let check = |world: &Outside| run(Pipedrive::connect(world, CallBudget::CONSUMER).unwrap().check());
    assert!(check(&world).iter().all(|line| line.problem.is_none()));
    let code = |result: &DeliveryResult<CrmWritten>| result.as_ref().unwrap_err().code().to_owned();
    assert_eq!(code(&write(&world, &[decided(1, 9)])[0]), "refused");
    let mut nobody = decided(2, 7);
    nobody.assigning.as_mut().unwrap().owner_id = "ann".to_owned();
    assert_eq!(code(&write(&world, &[nobody])[0]), "unknown_owner");
    world.change(BASE, &json!({"has_field": false}));
    assert_eq!(check(&world)[1].problem.as_ref().unwrap().code, "field_missing");
    world.change(BASE, &json!({"day_max": 0}));
    assert!(
        matches!(&write(&world, &[decided(3, 7)])[0], Err(DeliveryError::Retryable { code, after_ms: Some(3_600_000) }) if code == "rate_limited")
    );
    world.wait(3_600_000);
    world.set("PIPEDRIVE_API_TOKEN", "other");
    assert_eq!(check(&world).len(), 1);
    assert_eq!(code(&write(&world, &[decided(4, 7)])[0]), "token_refused");
    for (name, value) in [("PIPEDRIVE_API_TOKEN", ""), ("PIPEDRIVE_PERSON_FIELD", "router_person_id")] {
        world.set(name, value);
        let refused = Pipedrive::connect(&world, CallBudget::CONSUMER).map(|_| ()).unwrap_err();
        assert!(matches!(refused, DeliveryError::Permanent { message, config: true, .. } if message.contains(name)));
        world.set("PIPEDRIVE_API_TOKEN", TOKEN);
    }
}

/// The requests of a new lead, as they go over the wire.
#[test]
fn golden_requests() {
    let path = format!("{}/tests/golden/crm/pipedrive/requests.json", concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let world = world();
    until_done(&world, &decided(1, 7));
    let sent = kit::wire(&world);
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap_or_default()).unwrap_or_default();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&sent).unwrap() + "\n").unwrap();
    } else {
        assert_eq!(sent, golden, "run this test once with UPDATE_GOLDEN=1");
    }
}
