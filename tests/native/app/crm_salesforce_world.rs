//! Salesforce behind a network that loses, repeats and delays, and what comes of many leads.

use crate::crm_salesforce_kit::*;
use crate::outside::{FAULTS, Fault, Outside};
use crate::world::{at, run};
use lead_router_app::crm::{CallBudget, Salesforce};
use lead_router_app::ports::crm::{Crm, DeliveryResult};
use lead_router_core::crm::state::{CrmQuestion, OwnerRef};
use lead_router_core::crm::{CrmWrite, CrmWritten};
use lead_router_core::http::Method;
use lead_router_core::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A situation: what is there, what is written, and what has to be there in the end.
type Scenario =
    (&'static str, fn(&Outside), fn() -> Vec<CrmWrite>, fn(&Outside, &[CrmWrite], &[DeliveryResult<CrmWritten>]));

fn nothing(_: &Outside) {}

fn all_written(world: &Outside, writes: &[CrmWrite], results: &[DeliveryResult<CrmWritten>]) {
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_all_written(world, writes);
    assert_eq!(records(world, "Lead").len(), writes.len());
    assert_eq!(records(world, "Task").len(), writes.iter().filter(|write| write.assigning.is_some()).count());
}

fn with_lead(world: &Outside) {
    put(world, "Lead", &json!({"Id": "00Q5e000000AAAAAA2", "Email": "person1@company1.example", "OwnerId": QUEUE}));
}

fn with_contact(world: &Outside) {
    put(
        world,
        "Contact",
        &json!({"Id": "0035e000000AAAAAA2", "Email": "person1@company1.example", "OwnerId": BOB,
        "AccountId": "0015e000000AAAAAA2", "LastName": "L"}),
    );
}

fn with_duplicate(world: &Outside) {
    world.change(BASE, &json!({"duplicates": "block"}));
    put(
        world,
        "Lead",
        &json!({"Id": "00Q5e000000AAAAAA2", "Email": "other@private.example", "Phone": "+4930000001", "OwnerId": QUEUE}),
    );
}

fn expires_in_the_middle(world: &Outside) {
    world.change(BASE, &json!({"expire_before": 2}));
}

fn seen(owner: &str) -> CrmWrite {
    let mut write = decided(1, 1, ANN);
    write.assigning.as_mut().unwrap().seen_owner = OwnerRef::new(owner);
    write
}

fn scenarios() -> Vec<Scenario> {
    vec![
        ("new person", nothing, || vec![decided(1, 1, ANN)], all_written),
        ("person before the decision", nothing, || vec![accepted(1, 1)], all_written),
        ("lead of a queue", with_lead, || vec![decided(1, 1, ANN)], all_written),
        (
            "contact",
            with_contact,
            || vec![seen(BOB)],
            |world, _, results| {
                assert_eq!(record_id(&results[0]), "0035e000000AAAAAA2");
                let contact = &records(world, "Contact")[0];
                assert_eq!((&contact["OwnerId"], &contact["Router_Owner_Id__c"]), (&json!(ANN), &json!(ANN)));
                assert_eq!((records(world, "Lead").len(), records(world, "Task").len()), (0, 1));
            },
        ),
        (
            "another owner since",
            with_contact,
            || vec![seen(EVE)],
            |world, _, results| {
                assert!(matches!(&results[0], Ok(CrmWritten::OwnerDrift { owner_id, .. }) if owner_id == BOB));
                assert_eq!(records(world, "Contact")[0]["OwnerId"], BOB);
                assert_eq!((records(world, "Lead").len(), records(world, "Task").len()), (0, 0));
            },
        ),
        (
            "rule for duplicates",
            with_duplicate,
            || vec![decided(1, 1, ANN), decided(2, 2, BOB)],
            |world, writes, results| {
                assert_eq!(record_id(&results[0]), "00Q5e000000AAAAAA2");
                all_written(world, writes, results);
            },
        ),
        (
            "thirty leads of three companies",
            nothing,
            || (0..30).map(|n| decided(n, n % 3, [ANN, BOB, EVE][n as usize % 3])).collect(),
            all_written,
        ),
        (
            "token that ends between the calls",
            expires_in_the_middle,
            || (0..4).map(|n| decided(n, n, ANN)).collect(),
            all_written,
        ),
    ]
}

#[test]
fn whatever_happens_to_one_call_the_end_is_right() {
    for (name, prepare, writes, holds) in scenarios() {
        let calm = world();
        prepare(&calm);
        let writes = writes();
        holds(&calm, &writes, &write_until_done(&calm, &writes));
        for call in 0..calm.calls.get() {
            for fault in FAULTS {
                let world = world();
                prepare(&world);
                world.faults.borrow_mut().insert(call, *fault);
                let results = write_until_done(&world, &writes);
                println!("{name}: call {call}, {fault:?}");
                holds(&world, &writes, &results);
                // Once more, as a queue that delivers twice does.
                holds(&world, &writes, &write_until_done(&world, &writes));
            }
        }
    }
}

/// The decisions about one lead, in any order and however often, with calls that fail: the last decision stands.
#[test]
fn the_last_decision_stands_whatever_the_order() {
    let lead = |decision_no: u32| {
        let mut write = decided(1, 1, [ANN, BOB, EVE][decision_no as usize % 3]);
        write.decision_no = decision_no;
        write.assigning.as_mut().unwrap().decided_at =
            at("2026-11-18T12:00:00Z").plus_ms(i64::from(decision_no) * 60_000);
        write
    };
    for order in [[1, 2, 3], [3, 2, 1], [2, 3, 1], [1, 3, 2], [3, 1, 2], [2, 1, 3]] {
        let world = world();
        for decision_no in order {
            write_until_done(&world, &[lead(decision_no)]);
        }
        assert_eq!(records(&world, "Lead")[0]["OwnerId"], *lead(3).assigning.unwrap().owner_id, "{order:?}");
        assert_eq!(records(&world, "Lead").len(), 1);
        let effects: BTreeSet<String> =
            records(&world, "Task").iter().map(|task| task["Router_Effect_Id__c"].to_string()).collect();
        assert_eq!(effects.len(), records(&world, "Task").len(), "no task twice");
        assert!(effects.contains(&format!("{:?}", lead(3).effect_id())));
    }
}

/// What random faults, random records and random order leave behind is what calm weather leaves.
fn random_worlds() -> impl Strategy<Value = (Vec<(u8, u8, bool)>, Vec<(u32, usize)>, u64)> {
    let people = prop::collection::vec((0..5_u8, 0..3_u8, any::<bool>()), 1..8);
    (people, prop::collection::vec((0..40_u32, 0..FAULTS.len()), 0..6), 0..3_u64)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn everybody_ends_with_one_record_one_owner_and_one_task((people, faults, rule) in random_worlds()) {
        let world = world();
        world.change(BASE, &json!({"duplicates": (["off", "alert", "block"][rule as usize])}));
        world.faults.borrow_mut().extend(faults.iter().map(|(call, fault)| (*call, FAULTS[*fault])));
        let mut writes = Vec::new();
        for (number, (there, company, is_early)) in people.iter().enumerate() {
            let number = number as u32;
            let mut write = decided(number, u32::from(*company), [ANN, BOB, EVE][usize::from(*company)]);
            let email = json!(write.email);
            match there {
                1 => put(&world, "Lead", &json!({"Id": format!("00Q5e{number:010}AAA"), "Email": email, "OwnerId": QUEUE})),
                2 => {
                    put(&world, "Contact", &json!({"Id": format!("0035e{number:010}AAA"), "Email": email, "OwnerId": BOB,
                        "AccountId": format!("0015e{company:010}AAA"), "LastName": "L"}));
                    write.assigning.as_mut().unwrap().seen_owner = OwnerRef::new(BOB);
                }
                3 => put(&world, "Lead", &json!({"Id": format!("00Q5e{number:010}AAA"), "Email": "x@y.example",
                    "Phone": write.profile.phone, "OwnerId": QUEUE})),
                _ => {}
            }
            if *is_early {
                write_until_done(&world, &[CrmWrite { decision_no: 0, assigning: None, ..write.clone() }]);
            }
            writes.push(write);
        }
        let results = write_until_done(&world, &writes);
        let people: BTreeMap<String, Value> = records(&world, "Lead").into_iter().chain(records(&world, "Contact"))
            .map(|record| (record["Id"].as_str().unwrap().to_owned(), record)).collect();
        let tasks = records(&world, "Task");
        prop_assert_eq!(tasks.len(), writes.len());
        let mut ids = BTreeSet::new();
        for (write, result) in writes.iter().zip(&results) {
            let id = record_id(result);
            prop_assert!(ids.insert(id.to_owned()), "two people in one record");
            prop_assert_eq!(&people[id]["OwnerId"], &json!(write.assigning.as_ref().unwrap().owner_id));
            let own = tasks.iter().filter(|task| task["Router_Effect_Id__c"] == *write.effect_id());
            prop_assert_eq!(own.map(|task| task["WhoId"].clone()).collect::<Vec<_>>(), vec![json!(id)]);
        }
        prop_assert_eq!(people.len(), writes.len() + usize::from(rule == 0) * there_besides(&writes, &people, &ids));
    }

    /// Whatever stands in an address stays a value: nobody else is found by it.
    #[test]
    fn a_value_cannot_leave_its_quotation_marks(text in r"[\PC\x00-\x1f]{1,12}", around in prop::sample::select(INJECTIONS)) {
        let evil = around.replace('#', &text);
        let world = world();
        put(&world, "Contact", &json!({"Id": "0035e000000AAAAAA2", "Email": "ada@acme.example", "OwnerId": ANN}));
        put(&world, "Contact", &json!({"Id": "0035e000000BBBBAA2", "Email": evil, "OwnerId": BOB}));
        put(&world, "Account", &json!({"Id": "0015e000000AAAAAA2", "Website": "acme.example", "OwnerId": ANN}));
        let question = CrmQuestion { email: Some(evil.clone()), domain: Some(evil.clone()) };
        let state = run(Salesforce::connect(&world, CallBudget::SENDER).unwrap().lookup(&question)).unwrap();
        prop_assert_eq!(state.person.map(|person| person.id), Some("0035e000000BBBBAA2".to_owned()));
        prop_assert_eq!(state.account, None);
        let mut write_one = decided(1, 1, ANN);
        write_one.email = evil;
        write_one.assigning.as_mut().unwrap().seen_owner = OwnerRef::new(BOB);
        let results = write(&world, &[write_one]);
        prop_assert_eq!(record_id(&results[0]), "0035e000000BBBBAA2");
        prop_assert_eq!(&records(&world, "Contact")[0]["OwnerId"], &json!(ANN));
    }
}

/// Records that a person's telephone number shares where no rule looks at it.
fn there_besides(writes: &[CrmWrite], people: &BTreeMap<String, Value>, ids: &BTreeSet<String>) -> usize {
    let is_shared = |record: &Value| writes.iter().any(|write| record["Phone"] == json!(write.profile.phone));
    people.iter().filter(|(id, record)| !ids.contains(*id) && is_shared(record)).count()
}

const INJECTIONS: &[&str] =
    &["#", "' OR Email LIKE '%#", "\\' OR Id != null OR Email = '#", "#') OR (Email != '", "%#", "_#\\", "#\\\\'"];

/// Five thousand leads: what it costs in calls, and that no second has more of them than the setting says.
#[test]
fn five_thousand_leads_cost_a_hundred_calls() {
    let world = world();
    let writes: Vec<CrmWrite> =
        (0..5_000).map(|number| decided(number, number / 4, [ANN, BOB, EVE][number as usize / 4 % 3])).collect();
    let began = world.now.get();
    for batch in writes.chunks(200) {
        assert!(write(&world, batch).iter().all(Result::is_ok));
    }
    assert_eq!(records(&world, "Lead").len(), 5_000);
    assert_eq!(records(&world, "Task").len(), 5_000);
    let state = world.state(BASE);
    // Per 200 leads: find in two calls, make, tasks. And one token.
    assert_eq!((world.calls.get(), &state["counts"]["api"]), (101, &json!(100)));
    assert!(state["busiest_second"].as_u64().unwrap() <= 20);
    assert_eq!(state["exceeded"]["day"], 0);
    assert!(world.now.get().ms_since(began) < 60_000);
}

/// Single leads one after another meet the limit of calls per second, and wait for it.
#[test]
fn the_lane_holds_back_a_burst() {
    let world = world();
    world.set("SALESFORCE_CALLS_PER_S", "3");
    world.latency_ms.set(5);
    for number in 0..10 {
        write_until_done(&world, &[decided(number, number, ANN)]);
    }
    assert_eq!(world.state(BASE)["busiest_second"], 3);
}

/// Two writers at the same moment: rows of one account collide, and both get there.
#[test]
fn writers_who_lock_each_other_out_both_get_there() {
    let world = world();
    world.change(BASE, &json!({"lock_ms": 200}));
    let contact = |number: u32| {
        put(
            &world,
            "Contact",
            &json!({"Id": format!("0035e{number:010}AAA"), "Email": format!("person{number}@company1.example"),
            "OwnerId": BOB, "AccountId": "0015e000000AAAAAA2", "LastName": "L"}),
        );
        let mut write = decided(number, 1, ANN);
        write.assigning.as_mut().unwrap().seen_owner = OwnerRef::new(BOB);
        write
    };
    let (one, two) = (contact(1), contact(2));
    let crm = Salesforce::connect(&world, CallBudget::CONSUMER).unwrap();
    let (first, second) = run(async {
        futures_util::join!(crm.write(std::slice::from_ref(&one)), crm.write(std::slice::from_ref(&two)))
    });
    assert!(first[0].is_err() || second[0].is_err());
    assert!(count(&world, "row_locked") > 0);
    write_until_done(&world, &[one]);
    write_until_done(&world, &[two]);
    assert!(records(&world, "Contact").iter().all(|contact| contact["OwnerId"] == ANN));
    assert_eq!(records(&world, "Task").len(), 2);
}

/// Bodies are what the documentation says that they are; the schemas stand beside the golden files.
#[test]
fn every_body_has_the_documented_shape() {
    let world = world();
    world.change(BASE, &json!({"duplicates": "block"}));
    with_contact(&world);
    put(
        &world,
        "Lead",
        &json!({"Id": "00Q5e000000AAAAAA2", "Email": "x@y.example", "Phone": "+4930000003", "OwnerId": QUEUE}),
    );
    let writes: Vec<CrmWrite> =
        std::iter::once(seen(BOB)).chain((2..40).map(|number| decided(number, number, ANN))).collect();
    write_until_done(&world, &writes);
    run(Salesforce::connect(&world, CallBudget::SENDER)
        .unwrap()
        .lookup(&CrmQuestion { email: Some("a@b.example".to_owned()), domain: Some("b.example".to_owned()) }))
    .unwrap();
    let schema = |name: &str| {
        let path =
            format!("{}/tests/golden/crm/salesforce/{name}.schema.json", concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        jsonschema::validator_for(&serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()).unwrap()
    };
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for request in
        world.sent.borrow().iter().filter(|request| request.method != Method::Get && !request.url.contains("/oauth2/"))
    {
        let path = request.url.strip_prefix(&format!("{BASE}/services/data/v65.0/")).unwrap();
        let kind = match path.split('/').collect::<Vec<_>>()[..] {
            ["composite"] => "composite",
            ["composite", "sobjects"] => "collection_update",
            ["composite", "sobjects", "Lead", _] => "collection_upsert_lead",
            ["composite", "sobjects", "Task", _] => "collection_upsert_task",
            ["sobjects", "Lead", _, _] => "upsert_lead",
            _ => panic!("{path}"),
        };
        let body: Value = serde_json::from_str(request.body.as_deref().unwrap()).unwrap();
        let validator = schema(kind);
        let errors: Vec<String> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{kind}: {errors:?}");
        *kinds.entry(kind).or_default() += 1;
    }
    assert_eq!(kinds.len(), 5, "{kinds:?}");
}

/// The requests and answers of a lead, as they go over the wire.
#[test]
fn golden_requests() {
    let path = format!("{}/tests/golden/crm/salesforce/requests.json", concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let world = world();
    put(
        &world,
        "Contact",
        &json!({"Id": "0035e000000AAAAAA2", "Email": "person1@company1.example", "OwnerId": BOB, "LastName": "L"}),
    );
    let crm = Salesforce::connect(&world, CallBudget::CONSUMER).unwrap();
    run(crm.lookup(&CrmQuestion {
        email: Some("o'hara@company1.example".to_owned()),
        domain: Some("company_1.example".to_owned()),
    }))
    .unwrap();
    write(&world, &[seen(BOB), decided(2, 2, ANN)]);
    run(crm.changes(&lead_router_app::ports::crm::ChangesSince {
        at: Timestamp::from_ms(1_767_323_045_000),
        page: String::new(),
    }))
    .unwrap();
    let sent = wire(&world);
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap_or_default()).unwrap_or_default();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&sent).unwrap() + "\n").unwrap();
    } else {
        assert_eq!(sent, golden, "run this test once with UPDATE_GOLDEN=1");
    }
}

/// A fault that is not in the list of the network: the vendor answers with an error of its own.
#[test]
fn errors_of_the_vendor_mean_what_its_documentation_says() {
    let path = format!("{}/tests/golden/crm/salesforce/errors.json", concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for case in cases {
        let body = case["body"].as_str().map_or_else(|| case["body"].to_string(), str::to_owned);
        let status = u16::try_from(case["status"].as_u64().unwrap()).unwrap();
        let retry_after_s = case["retry_after_s"].as_u64().map(|seconds| seconds as u32);
        let setback = lead_router_core::crm::salesforce::errors::of_call(status, retry_after_s, body.as_bytes());
        assert_eq!(serde_json::to_value(&setback).unwrap(), case["means"], "{case}");
        assert!(!setback.code().is_empty() && !format!("{setback:?}").contains('@'), "no data of a lead");
    }
    assert_eq!(FAULTS.len(), 8);
    assert!(FAULTS.contains(&Fault::Late));
}
