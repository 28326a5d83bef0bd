//! `HubSpot`: what becomes of contacts and tasks, of limits, and of what a person does meanwhile.

use crate::crm_hubspot_kit::*;
use crate::outside::{Fault, Outside};
use crate::world::{at, run};
use futures_util::future::join_all;
use lead_router_app::crm::{CallBudget, Hubspot};
use lead_router_app::ports::Clock;
use lead_router_app::ports::crm::{Changes, ChangesSince, Crm};
use lead_router_core::crm::state::{CrmQuestion, OwnerRef};
use lead_router_core::crm::{CrmWrite, CrmWritten, PersonKind, RecordId};
use lead_router_core::directory::AccountStatus;
use lead_router_core::error::Remedy;
use lead_router_core::vendor::DeliveryError;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn connect(world: &Outside) -> Hubspot<'_, Outside> {
    Hubspot::connect(world, CallBudget::CONSUMER).unwrap()
}

fn lookup(world: &Outside, email: Option<&str>, domain: Option<&str>) -> lead_router_core::crm::State {
    let question = CrmQuestion { email: email.map(str::to_owned), domain: domain.map(str::to_owned) };
    run(connect(world).lookup(&question)).unwrap()
}

#[test]
fn the_record_comes_first_and_the_assignment_follows() {
    let world = world();
    assert_eq!(
        run(deliver(&world, &[accepted_lead(1)])),
        [Ok(CrmWritten::Done { record: RecordId { kind: PersonKind::Contact, id: "501".to_owned() }, task_id: None })]
    );
    let first = contact(&world.state(BASE), 1);
    assert_eq!((&first["firstname"], &first["country"]), (&json!("First1"), &json!("DE")));
    assert_eq!((&first["router_lead_id"], &first["hubspot_owner_id"]), (&json!("lead-1"), &Value::Null));
    assert!(is_done(&run(deliver(&world, &[assigned(1, 1, "77")]))[0]));
    let state = world.state(BASE);
    let one = contact(&state, 1);
    assert_eq!(
        (&one["id"], &one["hubspot_owner_id"], &one["router_owner_id"]),
        (&json!("501"), &json!("77"), &json!("77"))
    );
    let task = &tasks(&state, "lead-1-1")[0];
    assert_eq!(task["associated"], json!(["contacts/501"]));
    assert_eq!(task["hs_task_subject"], "New lead: First1 Last, Acme");
    assert_eq!(
        task["hs_task_body"],
        "<p>Director &lt;b&gt;at&lt;/b&gt; R&amp;D</p><p>Tier A, 82 points, team desk.</p>"
    );
    assert_eq!((&task["hs_timestamp"], &task["hubspot_owner_id"]), (&json!("2026-11-18T12:30:00Z"), &json!("77")));
    // Once more: two reads, and nothing is written.
    let before = world.calls.get();
    assert!(is_done(&run(deliver(&world, &[assigned(1, 1, "77")]))[0]));
    assert_eq!(world.calls.get() - before, 2);
    assert_eq!(world.state(BASE)["contacts"], state["contacts"]);
}

#[test]
fn what_a_person_typed_stays_and_blanks_are_filled() {
    let world = world();
    world.change(
        BASE,
        &json!({"contact": {"email": "Person1@ACME1.example", "firstname": "Augusta", "hubspot_owner_id": "78"}}),
    );
    assert!(is_done(&run(deliver(&world, &[seen(assigned(1, 1, "77"), "78")]))[0]));
    let state = world.state(BASE);
    let contact = list(&state, "contacts").next().unwrap();
    assert_eq!(contact["email"], "Person1@ACME1.example");
    assert_eq!((&contact["firstname"], &contact["lastname"]), (&json!("Augusta"), &json!("Last")));
    assert_eq!(contact["hubspot_owner_id"], "77");
}

#[test]
fn an_owner_whom_a_person_chose_meanwhile_stays() {
    for (seen_owner, then) in [("", "78"), ("79", "78")] {
        let world = world();
        world.change(BASE, &json!({"contact": {"email": email(1), "hubspot_owner_id": seen_owner}}));
        run(deliver(&world, &[accepted_lead(1)]));
        world.change(BASE, &json!({"set": {"kind": "contacts", "id": 501, "hubspot_owner_id": then}}));
        let drift = CrmWritten::OwnerDrift {
            record: RecordId { kind: PersonKind::Contact, id: "501".to_owned() },
            owner_id: then.to_owned(),
        };
        for _ in 0..2 {
            assert_eq!(run(deliver(&world, &[seen(assigned(1, 1, "77"), seen_owner)])), [Ok(drift.clone())]);
        }
        let state = world.state(BASE);
        assert_eq!(contact(&state, 1)["hubspot_owner_id"], then);
        assert_eq!(state["tasks"], json!([]));
    }
}

#[test]
fn an_owner_whom_a_person_chose_after_the_write_stays_when_the_write_comes_again() {
    let world = world();
    let write = seen(assigned(1, 1, "77"), "79");
    world.change(BASE, &json!({"contact": {"email": email(1), "hubspot_owner_id": "79"}}));
    assert!(is_done(&run(deliver(&world, std::slice::from_ref(&write)))[0]));
    // Back to whom the decision had seen.
    world.change(BASE, &json!({"set": {"kind": "contacts", "id": 501, "hubspot_owner_id": "79"}}));
    assert!(matches!(run(deliver(&world, &[write]))[0], Ok(CrmWritten::OwnerDrift { .. })));
    assert_eq!(contact(&world.state(BASE), 1)["hubspot_owner_id"], "79");
}

#[test]
fn an_older_decision_after_a_newer_one_changes_nothing() {
    let world = world();
    let newer_lead = CrmWrite { lead_id: "lead-9".parse_id(), ..assigned(1, 5, "79") };
    for (newer, older) in [
        (assigned(1, 2, "78"), assigned(1, 1, "77")),
        (newer_lead, assigned(1, 4, "77")),
        (assigned(1, 6, "78"), accepted_lead(1)),
    ] {
        assert!(is_done(&run(deliver(&world, &[newer]))[0]));
        let state = world.state(BASE);
        let end = run(deliver(&world, &[older])).remove(0);
        assert!(matches!(end, Ok(CrmWritten::Done { task_id: None, .. })), "{end:?}");
        assert_eq!(world.state(BASE)["contacts"], state["contacts"]);
        assert_eq!(world.state(BASE)["tasks"], state["tasks"]);
    }
}

trait ParseId {
    fn parse_id(&self) -> lead_router_core::id::LeadId;
}

impl ParseId for str {
    fn parse_id(&self) -> lead_router_core::id::LeadId {
        lead_router_core::id::LeadId::new(self).unwrap()
    }
}

#[test]
fn two_decisions_about_one_person_in_one_batch_are_written_in_their_order() {
    let world = world();
    let ends = run(deliver(&world, &[assigned(1, 1, "77"), assigned(2, 1, "78"), assigned(1, 2, "78")]));
    assert!(ends.iter().all(is_done));
    let state = world.state(BASE);
    assert_eq!(contact(&state, 1)["hubspot_owner_id"], "78");
    assert_eq!(list(&state, "contacts").count(), 2);
    assert_eq!(list(&state, "tasks").count(), 3);
}

#[test]
fn a_contact_that_a_person_makes_meanwhile_is_taken_over() {
    for partial in [true, false] {
        for count in [1, 5] {
            let world = world();
            world.change(BASE, &json!({"partial": partial, "race": [{"email": email(1), "firstname": "Augusta"}]}));
            let writes: Vec<CrmWrite> = (0..count + 1).map(|person| assigned(person, 1, "77")).collect();
            assert!(run(write(&world, &writes)).iter().all(is_done), "in one go");
            let state = world.state(BASE);
            assert_eq!(list(&state, "contacts").count(), count + 1);
            assert_eq!(list(&state, "tasks").count(), count + 1);
            let one = contact(&state, 1);
            assert_eq!((&one["firstname"], &one["router_person_id"]), (&json!("Augusta"), &json!("person-1")));
        }
    }
}

#[test]
fn a_contact_with_another_address_of_the_person_is_found() {
    let world = world();
    run(deliver(&world, &[assigned(1, 1, "77")]));
    // A person changed the address: our id finds the contact, and the address stays as it was changed.
    world.change(BASE, &json!({"set": {"kind": "contacts", "id": 501, "email": "new@acme1.example"}}));
    assert!(is_done(&run(deliver(&world, &[assigned(1, 2, "78")]))[0]));
    let state = world.state(BASE);
    let one = list(&state, "contacts").next().unwrap();
    assert_eq!((list(&state, "contacts").count(), &one["email"]), (1, &json!("new@acme1.example")));
    // Somebody makes a contact with the old address: it is the person's now, and the id stays where it is.
    world.change(BASE, &json!({"contact": {"email": email(1)}}));
    assert!(is_done(&run(deliver(&world, &[assigned(1, 3, "79")]))[0]));
    let state = world.state(BASE);
    let (old, new) = (list(&state, "contacts").next().unwrap(), contact(&state, 1));
    assert_eq!((&old["router_person_id"], &old["hubspot_owner_id"]), (&json!("person-1"), &json!("78")));
    assert_eq!((&new["router_person_id"], &new["hubspot_owner_id"]), (&Value::Null, &json!("79")));
}

#[test]
fn two_people_whose_contacts_were_merged_are_one_contact() {
    let world = world();
    let merged = json!({"contact": {"email": email(1), "hs_additional_emails": email(2)}});
    world.change(BASE, &merged);
    let ends = run(deliver(&world, &[assigned(1, 1, "77"), assigned(2, 2, "78")]));
    assert!(ends.iter().all(is_done), "{ends:?}");
    let state = world.state(BASE);
    assert_eq!((list(&state, "contacts").count(), list(&state, "tasks").count()), (1, 2));
    assert_eq!(contact(&state, 1)["hubspot_owner_id"], "78");
}

#[test]
fn one_bad_lead_stops_no_other() {
    for partial in [true, false] {
        let world = world();
        world.change(BASE, &json!({ "partial": partial }));
        let mut writes: Vec<CrmWrite> = (0..30).map(|person| assigned(person, 1, "77")).collect();
        writes[7].email = "somebody@acme.invalid".to_owned();
        for place in [3, 4, 20] {
            writes[place] = assigned(place, 1, "999");
        }
        let ends = run(deliver(&world, &writes));
        for (place, end) in ends.iter().enumerate() {
            match (place, end) {
                (7, Err(DeliveryError::Permanent { code, message, config: false })) => {
                    assert_eq!(
                        (code.as_str(), message.as_str()),
                        ("value_refused", "HubSpot refuses the value of email (INVALID_EMAIL)")
                    );
                }
                (3 | 4 | 20, Err(DeliveryError::Permanent { code, message, config: true })) => {
                    assert_eq!(code, "unknown_owner");
                    assert!(message.contains("`rep-999`"), "{message}");
                }
                (place, end) => assert!(is_done(end), "{place}: {end:?}"),
            }
        }
        assert_eq!(list(&world.state(BASE), "contacts").count(), 26);
        assert_eq!(list(&world.state(BASE), "tasks").count(), 26);
    }
}

#[test]
fn a_value_that_breaks_a_rule_of_the_account_is_left_out_and_the_lead_is_not() {
    for partial in [true, false] {
        let world = world();
        world.change(BASE, &json!({"partial": partial, "rules": ["phone", "country"]}));
        let writes: Vec<CrmWrite> = (0..3).map(|person| assigned(person, 1, "77")).collect();
        assert!(run(write(&world, &writes)).iter().all(is_done));
        let state = world.state(BASE);
        let one = contact(&state, 1);
        assert_eq!((&one["phone"], &one["country"]), (&Value::Null, &Value::Null));
        assert_eq!((&one["firstname"], &one["hubspot_owner_id"]), (&json!("First1"), &json!("77")));
    }
    // One that the router cannot do without stops the lead.
    let world = world();
    world.change(BASE, &json!({"rules": ["router_tier"]}));
    let refused = run(write(&world, &[assigned(1, 1, "77")])).remove(0).unwrap_err();
    assert_eq!((refused.code(), refused.remedy()), ("value_refused", Remedy::FixRequest));
}

#[test]
fn the_task_shows_the_company_of_a_contact_that_has_one() {
    let world = world();
    world.change(BASE, &json!({"company": {"name": "Acme", "domain": "acme1.example"}}));
    world.change(BASE, &json!({"contact": {"email": email(1), "company_id": 501}}));
    run(deliver(&world, &[assigned(1, 1, "77"), assigned(2, 1, "77")]));
    let state = world.state(BASE);
    assert_eq!(tasks(&state, "lead-1-1")[0]["associated"], json!(["companies/501", "contacts/502"]));
    assert_eq!(tasks(&state, "lead-2-1")[0]["associated"], json!(["contacts/503"]));
}

#[test]
fn a_stranger_is_nobody_and_costs_a_call() {
    let world = world();
    let state = lookup(&world, Some("nobody@nowhere.example"), None);
    assert_eq!(state, lead_router_core::crm::State::default());
    assert_eq!(world.calls.get(), 1);
    lookup(&world, Some("nobody@nowhere.example"), Some("nowhere.example"));
    assert_eq!(calls(&world)["POST crm/objects/2026-03/companies/search"], 1);
    assert_eq!(world.calls.get(), 3);
}

/// Ada at Acme, which Ben owns and which has an open deal of Cy's and a lost one.
fn acme(world: &Outside) {
    for change in [
        json!({"company": {"name": "Acme", "domain": "acme.example", "hubspot_owner_id": "78", "lifecyclestage": "customer"}}),
        json!({"contact": {"email": "ada@acme.example", "hubspot_owner_id": "77", "company_id": 501,
            "notes_last_contacted": "2026-11-01T08:00:00Z"}}),
        json!({"deal": {"dealname": "big", "dealstage": "decisionmakerboughtin", "hubspot_owner_id": "79",
            "hs_is_closed": "false", "company_id": 501}, "at": "2026-11-10T00:00:00Z"}),
        json!({"deal": {"dealname": "lost", "dealstage": "closedlost", "hubspot_owner_id": "77", "hs_is_closed": "true",
            "company_id": 501}}),
    ] {
        world.change(BASE, &change);
    }
}

#[test]
fn what_is_known_of_a_person_and_the_company() {
    let world = world();
    acme(&world);
    let state = lookup(&world, Some("ada@acme.example"), Some("acme.example"));
    assert_eq!(world.calls.get(), 4, "contact, companies and deals at once, the deals");
    let person = state.person.unwrap();
    assert_eq!((person.id.as_str(), person.owner), ("502", OwnerRef::new("77")));
    assert_eq!(person.touched.unwrap().at, at("2026-11-01T08:00:00Z"));
    let account = state.account.unwrap();
    assert_eq!((account.name.as_deref(), account.owner), (Some("Acme"), OwnerRef::new("78")));
    assert_eq!(account.status, Some(AccountStatus::Customer));
    let [deal] = account.deals.as_slice() else { panic!("{:?}", account.deals) };
    assert_eq!((deal.stage.as_str(), &deal.owner), ("decisionmakerboughtin", &OwnerRef::new("79")));
    assert_eq!(deal.changed_at, at("2026-11-10T00:00:00Z"));
    // A colleague whom the CRM does not know, by the domain: what the index of the search does not know yet is not there.
    let colleague = lookup(&world, Some("bob@acme.example"), Some("acme.example"));
    assert_eq!((colleague.person, colleague.account.map(|account| account.id)), (None, Some("501".to_owned())));
    calls(&world);
}

#[test]
fn everybody_who_can_own_records_is_listed() {
    let world = world();
    let owners: Vec<String> = (1_000..1_700).map(|id| id.to_string()).collect();
    world.change(BASE, &json!({ "owners": owners }));
    let crm_users = run(connect(&world).crm_users()).unwrap();
    assert_eq!(crm_users.len(), 704);
    assert_eq!(world.calls.get(), 3, "two pages of those who are there, one of those who left");
    let gone: Vec<&str> = crm_users.iter().filter(|seller| !seller.active).map(|seller| seller.id.as_str()).collect();
    assert_eq!(gone, ["70"]);
    assert!(crm_users.iter().any(|seller| seller.id == "77" && seller.email.as_deref() == Some("ann@seller.example")));
}

/// Every page of changes.
fn changes(world: &Outside, since: &str) -> Vec<Changes> {
    let hubspot = connect(world);
    let mut pages = Vec::new();
    let mut next = Some(ChangesSince { at: at(since), page: String::new() });
    while let Some(since) = next {
        let page = run(hubspot.changes(&since)).unwrap();
        next = page.next.clone();
        pages.push(page);
        assert!(pages.len() < 200, "it ends");
    }
    pages
}

#[test]
fn contacts_with_long_texts_are_read_in_smaller_pages_and_none_is_left_out() {
    let world = world();
    let long = "x".repeat(20_000);
    for number in 0..120 {
        let moment = at("2026-11-18T10:00:00Z").plus_ms(number * 10).to_string();
        let contact = json!({"email": format!("p{number}@x.example"), "message": long});
        world.change(BASE, &json!({"contact": contact, "at": moment}));
    }
    world.wait(10_000);
    let pages = changes(&world, "2026-11-18T09:00:00Z");
    let people: BTreeSet<&str> =
        pages.iter().flat_map(|page| &page.people).map(|person| person.email.as_str()).collect();
    let all: Vec<String> = (0..120).map(|number| format!("p{number}@x.example")).collect();
    let missing: Vec<_> = all.iter().filter(|email| !people.contains(email.as_str())).collect();
    assert_eq!(missing, Vec::<&String>::new());
}

#[test]
fn what_changed_is_read_page_by_page_and_our_own_records_are_marked() {
    let world = world();
    acme(&world);
    for number in 0..250 {
        let moment = at("2026-11-18T10:00:00Z").plus_ms(number * 10);
        world.change(BASE, &json!({"contact": {"email": format!("p{number}@x.example")}, "at": moment.to_string()}));
    }
    // 230 that changed in one moment, as an import does.
    for number in 250..480 {
        world
            .change(BASE, &json!({"contact": {"email": format!("p{number}@x.example")}, "at": "2026-11-18T11:00:00Z"}));
    }
    run(deliver(&world, &[assigned(1, 1, "77")]));
    world.change(
        BASE,
        &json!({"set": {"kind": "deals", "id": 503, "hubspot_owner_id": "78"}, "at": "2026-11-18T11:30:00Z"}),
    );
    world.wait(10_000);
    let pages = changes(&world, "2026-11-18T09:00:00Z");
    let people: Vec<_> = pages.iter().flat_map(|page| &page.people).collect();
    let emails: BTreeSet<&str> = people.iter().map(|person| person.email.as_str()).collect();
    assert_eq!(emails.len(), 481);
    let ours: BTreeSet<&str> = people.iter().filter(|one| one.is_ours).map(|one| one.email.as_str()).collect();
    assert_eq!(ours, BTreeSet::from(["person1@acme1.example"]));
    let accounts: Vec<_> = pages.iter().flat_map(|page| &page.accounts).collect();
    let [(domain, account)] = accounts.as_slice() else { panic!("{accounts:?}") };
    assert_eq!((domain.as_str(), account.deals.len()), ("acme.example", 1));
    assert_eq!(account.deals[0].owner, OwnerRef::new("78"));
    calls(&world);
    // Nothing since then, but for what the index may have missed.
    let later = changes(&world, "2026-11-18T14:00:00Z");
    assert!(later.iter().all(|page| page.people.is_empty() && page.accounts.is_empty()));
    assert_eq!(later.len(), 3);
}

#[test]
fn the_connection_check_names_what_to_fix_and_the_setup_makes_what_is_missing() {
    let world = world();
    let problems = |world: &Outside| -> Vec<String> {
        let checks = run(connect(world).check());
        assert!(checks.len() == 1 || checks.len() >= 9, "{checks:?}");
        let problem = |check: &lead_router_app::ports::crm::Check| {
            check.problem.as_ref().map(|problem| format!("{}: {} {}", check.name, problem.code, problem.message))
        };
        checks.iter().filter_map(problem).collect()
    };
    assert_eq!(problems(&world), Vec::<String>::new());
    world.change(BASE, &json!({"without_scope": "crm.objects.owners.read", "calls_a_day": 20}));
    world.change(BASE, &json!({"without_scope": "crm.objects.contacts.write"}));
    world.change(
        BASE,
        &json!({"property": {"kind": "contacts", "name": "router_person_id", "type": "string", "unique": false}}),
    );
    let found = problems(&world);
    assert_eq!(found.len(), 5, "{found:#?}");
    assert!(found[0].starts_with("write contacts: missing_scope give the app the scope crm.objects.contacts.write"));
    assert!(found[1].starts_with("write tasks: missing_scope"));
    assert!(found[2].starts_with("read owners: missing_scope give the app the scope crm.objects.owners.read"));
    assert!(found[3].starts_with("property router_person_id of contacts: property_wrong"));
    assert!(found[4].starts_with("calls today: daily_limit_near"), "{}", found[4]);
    world.set("HUBSPOT_TOKEN", "pat-old");
    assert!(problems(&world)[0].starts_with("token: token_refused"));
}

#[test]
fn the_setup_makes_the_properties_once() {
    let world = Outside::new(vec![(BASE, Box::new(crate::fakes::hubspot::Hubspot::default()))]);
    world.set("HUBSPOT_BASE_URL", BASE);
    world.set("HUBSPOT_TOKEN", "pat-test");
    let refused = run(write(&world, &[assigned(1, 1, "77")])).remove(0).unwrap_err();
    assert_eq!((refused.code(), refused.remedy()), ("property_missing", Remedy::FixConfig));
    for expected in [6, 2] {
        let before = world.calls.get();
        let made = run(connect(&world).prepare());
        assert_eq!(made.len(), 10);
        assert!(made.iter().all(|check| check.problem.is_none()), "{made:?}");
        assert_eq!(world.calls.get() - before, expected);
    }
    assert_eq!(world.state(BASE)["own_properties"].as_array().unwrap().len(), 10);
    assert!(is_done(&run(write(&world, &[assigned(1, 1, "77")]))[0]));
}

#[test]
fn a_burst_of_leads_is_written_once_each_and_within_the_limits() {
    let world = world();
    let accepted: Vec<CrmWrite> = (0..5_000).map(accepted_lead).collect();
    let assignments: Vec<CrmWrite> =
        (0..5_000).map(|person| assigned(person, 1, ["77", "78", "79"][person % 3])).collect();
    let began = world.now.get();
    for writes in [&accepted, &assignments] {
        // Five consumers at a time.
        for chunk in writes.chunks(500) {
            let batches = chunk.chunks(100).map(|batch| deliver(&world, batch));
            assert!(run(join_all(batches)).into_iter().flatten().all(|end| end.is_ok()));
        }
    }
    let state = world.state(BASE);
    assert_eq!((list(&state, "contacts").count(), list(&state, "tasks").count()), (5_000, 5_000));
    let effects: BTreeSet<&str> = list(&state, "tasks").filter_map(|task| task["router_effect_id"].as_str()).collect();
    assert_eq!(effects.len(), 5_000);
    assert_eq!(
        calls(&world),
        json!({
            "POST crm/objects/2026-03/contacts/batch/read": 150,
            "POST crm/objects/2026-03/contacts/batch/create": 50,
            "POST crm/objects/2026-03/contacts/batch/update": 50,
            "POST crm/associations/2026-03/contacts/companies/batch/read": 50,
            "POST crm/objects/2026-03/tasks/batch/create": 50,
        })
    );
    println!(
        "5,000 leads, record and assignment: {} calls, {} per lead, {} s",
        world.calls.get(),
        f64::from(world.calls.get()) / 5_000.0,
        world.now.get().ms_since(began) / 1_000
    );
}

#[test]
fn many_small_batches_wait_for_their_turn() {
    let world = world();
    let writes: Vec<CrmWrite> = (0..120).map(|person| assigned(person, 1, "77")).collect();
    let ends = run(join_all(writes.chunks(1).map(|write| deliver(&world, write))));
    assert!(ends.into_iter().flatten().all(|end| is_done(&end)));
    // Four calls for each; whoever ran out of patience read the contact once more.
    assert!((480..=600).contains(&world.calls.get()), "{}", world.calls.get());
    calls(&world);
}

#[test]
fn searches_wait_for_their_turn() {
    let world = world();
    let began = world.now.get();
    let hubspot = connect(&world);
    let questions: Vec<CrmQuestion> =
        (0..50).map(|number| CrmQuestion { email: None, domain: Some(format!("acme{number}.example")) }).collect();
    assert!(run(join_all(questions.iter().map(|question| hubspot.lookup(question)))).iter().all(Result::is_ok));
    calls(&world);
    assert_eq!(world.now.get().ms_since(began), 9 * 1_500 + 50);
}

#[test]
fn a_full_lane_is_closed_for_everybody() {
    let world = world();
    // Other apps leave less than the setting says.
    world.change(BASE, &json!({"burst": 2}));
    let impatient = async {
        world.pause(1_000).await;
        let before = world.calls.get();
        let hubspot = Hubspot::connect(&world, CallBudget::SENDER).unwrap();
        let question = CrmQuestion { email: Some(email(1)), domain: None };
        let refused = hubspot.lookup(&question).await.unwrap_err();
        assert_eq!((refused.code(), world.calls.get()), ("rate_limiter_full", before), "nobody calls meanwhile");
    };
    let writes = [assigned(1, 1, "77")];
    let (ends, ()) = run(futures_util::future::join(write(&world, &writes), impatient));
    assert!(is_done(&ends[0]), "it waits for its turn: {ends:?}");
    assert_eq!(list(&world.state(BASE), "tasks").count(), 1);
    assert_eq!(world.state(BASE)["exceeded"]["burst"], 1);
    // One that is not patient hears when to come again.
    world.change(BASE, &json!({"burst": 0}));
    world.wait(20_000);
    let hubspot = Hubspot::connect(&world, CallBudget::SENDER).unwrap();
    let refused = run(hubspot.lookup(&CrmQuestion { email: Some(email(1)), domain: None }));
    assert_eq!(refused, Err(DeliveryError::retryable("rate_limited", Some(10_000))));
}

#[test]
fn a_day_without_calls_left_is_waited_for() {
    let world = world();
    world.change(BASE, &json!({"calls_a_day": 2}));
    world.now.set(at("2026-11-18T22:30:00Z"));
    let ends = run(write(&world, &[assigned(1, 1, "77")]));
    assert_eq!(ends, [Err(DeliveryError::retryable("daily_limit", Some(3_600_000)))]);
    world.now.set(at("2026-11-18T23:50:00Z"));
    let ends = run(write(&world, &[assigned(1, 1, "77")]));
    assert_eq!(ends, [Err(DeliveryError::retryable("daily_limit", Some(599_950)))], "until midnight at the latest");
    world.wait(600_000);
    world.change(BASE, &json!({"calls_a_day": 100}));
    assert!(is_done(&run(write(&world, &[assigned(1, 1, "77")]))[0]));
}

#[test]
fn a_token_that_ends_is_exchanged_once_for_all() {
    let world = oauth_world();
    let batches: Vec<Vec<CrmWrite>> = (0..4).map(|person| vec![assigned(person, 1, "77")]).collect();
    let all = || join_all(batches.iter().map(|batch| write(&world, batch)));
    assert!(run(all()).into_iter().flatten().all(|end| is_done(&end)));
    assert_eq!(world.state(BASE)["refreshes"], 1);
    world.wait(26 * 60_000);
    assert!(run(all()).into_iter().flatten().all(|end| is_done(&end)));
    assert_eq!(world.state(BASE)["refreshes"], 2, "before its end");
    world.change(BASE, &json!({"end_token": true}));
    assert!(run(all()).into_iter().flatten().all(|end| is_done(&end)));
    assert_eq!(world.state(BASE)["refreshes"], 3, "when it is refused");
    // One that is refused again is a person's to mend.
    for number in 0..200 {
        world.faults.borrow_mut().insert(number, Fault::Status(401));
    }
    let refused = run(write(&world, &[assigned(9, 1, "77")])).remove(0).unwrap_err();
    assert_eq!((refused.code(), refused.remedy()), ("token_refused", Remedy::FixConfig));
    world.set("HUBSPOT_REFRESH_TOKEN", "revoked");
    world.faults.borrow_mut().clear();
    world.change(BASE, &json!({"end_token": true}));
    let refused = run(write(&world, &[assigned(9, 1, "77")])).remove(0).unwrap_err();
    assert_eq!((refused.code(), refused.remedy()), ("token_refused", Remedy::FixConfig));
}

#[test]
fn contacts_with_long_texts_are_read_in_smaller_pieces() {
    let world = world();
    for person in 0..40 {
        world.change(BASE, &json!({"contact": {"email": email(person), "message": "x".repeat(60_000)}}));
    }
    let writes: Vec<CrmWrite> = (0..40).map(|person| assigned(person, 1, "77")).collect();
    assert!(run(write(&world, &writes)).iter().all(is_done));
    assert_eq!(calls(&world)["POST crm/objects/2026-03/contacts/batch/read"], 7, "40, 20, 10, 10, 20, 10, 10");
}

#[test]
fn no_message_repeats_what_a_person_typed() {
    let world = world();
    let mut write_one = assigned(1, 1, "77");
    write_one.email = "secret.person@acme.invalid".to_owned();
    let refused = run(write(&world, std::slice::from_ref(&write_one))).remove(0).unwrap_err();
    assert!(!format!("{refused:?} {write_one:?}").contains("secret"));
}
