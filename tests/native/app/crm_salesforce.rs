//! Salesforce: what it is told and what it knows.

use crate::crm_salesforce_kit::*;
use crate::world::{at, run};
use lead_router_app::crm::{CallBudget, Salesforce};
use lead_router_app::ports::crm::{ChangesSince, Crm, Signer};
use lead_router_core::crm::state::{CrmQuestion, OwnerRef, PersonKind};
use lead_router_core::crm::{CrmWritten, RecordId};
use lead_router_core::directory::AccountStatus;
use lead_router_core::vendor::DeliveryError;
use serde_json::{Value, json};

#[test]
fn a_new_person_becomes_a_lead_of_the_rep_with_one_task() {
    let world = world();
    let writes = [decided(1, 1, ANN)];
    let results = write(&world, &writes);
    assert_all_written(&world, &writes);
    let (lead, task) = (&records(&world, "Lead")[0], &records(&world, "Task")[0]);
    assert_eq!(record_id(&results[0]), lead["Id"]);
    assert_eq!(lead["Company"], "Company 1");
    assert_eq!(lead["Router_Decided_At__c"], "2026-11-18T12:00:00.000+0000");
    assert_eq!(task["ActivityDate"], "2026-11-18");
    // Token, find, lead, task.
    assert_eq!(world.calls.get(), 4);
    // Again: nothing is left to write.
    write(&world, &writes);
    assert_eq!(world.calls.get(), 5);
}

#[test]
fn a_person_who_is_a_contact_stays_one() {
    let world = world();
    let contact = json!({"Id": "0035e000000AAAAAA2", "Email": "PERSON1@company1.example", "OwnerId": BOB,
        "FirstName": "Own", "LastName": "Name", "Phone": null, "AccountId": "0015e000000AAAAAA2"});
    put(&world, "Contact", &contact);
    let mut write_one = decided(1, 1, ANN);
    write_one.assigning.as_mut().unwrap().seen_owner = OwnerRef::new(BOB);
    let results = write(&world, &[write_one.clone()]);
    assert_eq!(record_id(&results[0]), "0035e000000AAAAAA2");
    assert!(records(&world, "Lead").is_empty());
    let contact = &records(&world, "Contact")[0];
    assert_eq!((&contact["OwnerId"], &contact["FirstName"]), (&json!(ANN), &json!("Own")), "only blanks are filled");
    assert_eq!(contact["Phone"], "+4930000001");
    assert_eq!(records(&world, "Task")[0]["WhoId"], contact["Id"]);
}

#[test]
fn an_owner_whom_a_person_chose_since_stays() {
    let world = world();
    write(&world, &[decided(1, 1, ANN)]);
    let lead_id = records(&world, "Lead")[0]["Id"].clone();
    put(&world, "Lead", &json!({"Id": lead_id, "OwnerId": EVE}));
    let mut again = decided(1, 1, BOB);
    again.decision_no = 2;
    again.assigning.as_mut().unwrap().decided_at = at("2026-11-18T13:00:00Z");
    let record = RecordId { kind: PersonKind::Lead, id: lead_id.as_str().unwrap().to_owned() };
    let drift = Ok(CrmWritten::OwnerDrift { record, owner_id: EVE.to_owned() });
    assert_eq!(write(&world, &[again.clone()]), [drift]);
    assert_eq!(records(&world, "Lead")[0]["OwnerId"], EVE);
    assert_eq!(records(&world, "Task").len(), 1, "no task for the second decision");
    // Whoever decides with that owner before their eyes may change it.
    again.assigning.as_mut().unwrap().seen_owner = OwnerRef::new(&EVE[..15]);
    write(&world, &[again]);
    assert_eq!(records(&world, "Lead")[0]["OwnerId"], BOB);
}

#[test]
fn a_record_that_was_made_before_the_decision_is_taken_over() {
    let world = world();
    write(&world, &[accepted(1, 1)]);
    let lead = &records(&world, "Lead")[0];
    assert_eq!(lead["OwnerId"], crate::fakes::salesforce::INTEGRATION);
    assert_eq!(lead["Description"], "Hello, it's me\n\nCountry: DE");
    let writes = [decided(1, 1, ANN)];
    write(&world, &writes);
    assert_all_written(&world, &writes);
}

#[test]
fn a_queue_is_nobody() {
    let world = world();
    put(&world, "Lead", &json!({"Id": "00Q5e000000AAAAAA2", "Email": "person1@company1.example", "OwnerId": QUEUE}));
    let question = CrmQuestion { email: Some("person1@company1.example".to_owned()), domain: None };
    let state = run(Salesforce::connect(&world, CallBudget::SENDER).unwrap().lookup(&question)).unwrap();
    assert_eq!(state.person.unwrap().owner, None);
    write(&world, &[decided(1, 1, ANN)]);
    assert_eq!(records(&world, "Lead")[0]["OwnerId"], ANN);
}

#[test]
fn an_older_decision_does_not_undo_a_newer_one() {
    let world = world();
    let old = decided(1, 1, ANN);
    let mut new = decided(1, 1, BOB);
    new.decision_no = 2;
    new.assigning.as_mut().unwrap().decided_at = at("2026-11-18T12:10:00Z");
    write(&world, &[new]);
    let results = write(&world, &[old]);
    assert!(matches!(&results[0], Ok(CrmWritten::Done { task_id: None, .. })));
    assert_eq!(records(&world, "Lead")[0]["OwnerId"], BOB);
    assert_eq!(records(&world, "Task").len(), 1);
}

#[test]
fn a_rule_for_duplicates_names_the_person() {
    for object in ["Lead", "Contact"] {
        let world = world();
        world.change(BASE, &json!({"duplicates": "block"}));
        let id = if object == "Lead" { "00Q5e000000AAAAAA2" } else { "0035e000000AAAAAA2" };
        // Another address, the same telephone number.
        put(
            &world,
            object,
            &json!({"Id": id, "Email": "other@private.example", "Phone": "+4930000001", "OwnerId": QUEUE}),
        );
        let results = write(&world, &[decided(1, 1, ANN), decided(2, 1, BOB)]);
        assert_eq!(record_id(&results[0]), id);
        assert_eq!(records(&world, "Lead").len(), if object == "Lead" { 2 } else { 1 });
        let found = records(&world, object).into_iter().find(|record| record["Id"] == id).unwrap();
        assert_eq!((&found["OwnerId"], &found["Email"]), (&json!(ANN), &json!("other@private.example")));
        assert_eq!(records(&world, "Task").len(), 2);
        // Next time the external id finds it: find, and nothing else.
        let before = world.calls.get();
        write(&world, &[decided(1, 1, ANN)]);
        assert_eq!(world.calls.get(), before + 1);
    }
}

#[test]
fn a_rule_that_only_warns_is_passed_where_the_setting_says_so() {
    let world = world();
    world.change(BASE, &json!({"duplicates": "alert"}));
    world.set("SALESFORCE_ALLOW_DUPLICATES", "true");
    put(&world, "Lead", &json!({"Id": "00Q5e000000AAAAAA2", "Phone": "+4930000001", "OwnerId": QUEUE}));
    let results = write(&world, &[decided(1, 1, ANN)]);
    assert_ne!(record_id(&results[0]), "00Q5e000000AAAAAA2");
    assert_eq!(records(&world, "Lead").len(), 2);
}

#[test]
fn assignment_rules_do_not_overrule_the_decision() {
    let world = world();
    world.change(BASE, &json!({"assignment": EVE}));
    let writes = [decided(1, 1, ANN)];
    write(&world, &writes);
    assert_all_written(&world, &writes);
}

/// What becomes of one record says nothing about the others.
#[test]
fn records_are_refused_each_for_itself() {
    let world = world();
    world.change(BASE, &json!({"invalid_company": "Company 2", "approval": "00Q5e000000AAAAAA2"}));
    put(&world, "Lead", &json!({"Id": "00Q5e000000AAAAAA2", "Email": "person4@company4.example", "OwnerId": QUEUE}));
    put(
        &world,
        "Lead",
        &json!({"Id": "00Q5e000000BBBBAA2", "Email": "person5@company5.example", "IsConverted": true,
        "Router_Person_Id__c": "acc00005-per00005", "ConvertedContactId": "0035e000000CCCCAA2"}),
    );
    put(
        &world,
        "Contact",
        &json!({"Id": "0035e000000CCCCAA2", "Email": "new@company5.example", "OwnerId": BOB, "FirstName": "Kept"}),
    );
    let mut fifth = decided(5, 5, ANN);
    fifth.assigning.as_mut().unwrap().seen_owner = OwnerRef::new(BOB);
    let writes = [
        decided(1, 1, ANN),
        decided(2, 2, ANN),
        decided(3, 3, GONE),
        decided(4, 4, ANN),
        fifth,
        decided(6, 6, "005000000000000AAA"),
    ];
    let results = write(&world, &writes);
    let code = |place: usize| results[place].as_ref().err().map(DeliveryError::code);
    assert_eq!(code(0), None);
    assert_eq!(code(1), Some("validation_rule"));
    assert_eq!(code(2), Some("unknown_owner"));
    assert_eq!(code(3), Some("record_locked"));
    assert_eq!(record_id(&results[4]), "0035e000000CCCCAA2", "the contact that the lead became");
    assert_eq!(records(&world, "Contact")[0]["FirstName"], "Kept");
    assert_eq!(code(5), Some("unknown_owner"));
    assert!(
        matches!(&results[2], Err(DeliveryError::Permanent { config: true, message, .. }) if message.contains("`gone`"))
    );
    assert_eq!(records(&world, "Task").len(), 2);
}

#[test]
fn a_full_day_closes_the_lane_for_everybody() {
    let world = world();
    world.change(BASE, &json!({"day_max": 0}));
    let results = write(&world, &[decided(1, 1, ANN)]);
    assert!(
        matches!(&results[0], Err(DeliveryError::Retryable { code, after_ms: Some(300_000) }) if code == "limit_reached")
    );
    let results = write(&world, &[decided(2, 1, ANN)]);
    assert_eq!(results[0].as_ref().unwrap_err().code(), "rate_limiter_full");
    assert_eq!(world.state(BASE)["exceeded"]["day"], 1);
}

#[test]
fn a_token_that_ended_is_fetched_once() {
    let world = world();
    write(&world, &[decided(1, 1, ANN)]);
    world.change(BASE, &json!({"expire": true}));
    let writes = [decided(2, 2, ANN)];
    write(&world, &writes);
    assert_all_written(&world, &writes);
    assert_eq!((count(&world, "token"), count(&world, "session_refused")), (2, 1));
}

#[test]
fn a_signature_gets_a_token() {
    let world = world();
    let pem = include_str!("../../golden/crm/salesforce/rfc7515_a2.pem");
    for pem in [pem.to_owned(), pem.replace('\n', "\\n")] {
        world.set("SALESFORCE_JWT_KEY", &pem);
        world.set("SALESFORCE_USERNAME", "router@example.com");
        world.change(BASE, &json!({"expire": true}));
        let checks = run(Salesforce::connect(&world, CallBudget::CONSUMER).unwrap().check());
        assert_eq!((checks[0].name.as_str(), &checks[0].problem), ("token", &None));
    }
    world.set("SALESFORCE_USERNAME", "somebody@example.com");
    world.change(BASE, &json!({"expire": true}));
    let checks = run(Salesforce::connect(&world, CallBudget::CONSUMER).unwrap().check());
    assert_eq!(checks.len(), 1);
    assert!(checks[0].problem.as_ref().unwrap().message.contains("pre-authorise"));
}

#[test]
fn the_signature_is_that_of_the_standard() {
    let pem = include_str!("../../golden/crm/salesforce/rfc7515_a2.pem");
    let vector: Value = serde_json::from_str(include_str!("../../golden/crm/salesforce/rfc7515_a2.json")).unwrap();
    let key: String = pem.lines().filter(|line| !line.starts_with("--")).collect();
    let signature = run(world().sign_rs256(&key, vector["signing_input"].as_str().unwrap())).unwrap();
    assert_eq!(signature, vector["signature"]);
}

#[test]
fn a_setting_that_is_missing_or_wrong_is_named() {
    for (name, value) in [
        ("SALESFORCE_BASE_URL", ""),
        ("SALESFORCE_BASE_URL", "acme.my.salesforce.com"),
        ("SALESFORCE_CLIENT_ID", " "),
        ("SALESFORCE_CLIENT_SECRET", ""),
        ("SALESFORCE_API_VERSION", "65"),
        ("SALESFORCE_DOMAIN_FIELD", "Domain__c = ''"),
        ("SALESFORCE_CALLS_PER_S", "0"),
        ("SALESFORCE_JWT_KEY", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"),
    ] {
        let world = world();
        world.set("SALESFORCE_USERNAME", "router@example.com");
        world.set(name, value);
        let refused = Salesforce::connect(&world, CallBudget::CONSUMER).map(|_| ()).unwrap_err();
        let DeliveryError::Permanent { message, config: true, .. } = refused else { panic!("{refused:?}") };
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn the_account_is_the_contacts_own_else_that_of_the_website() {
    let world = world();
    let account = |id: &str, website: &str, owner: &str, kind: &str| {
        put(&world, "Account", &json!({"Id": id, "Name": "Acme", "Website": website, "OwnerId": owner, "Type": kind}));
    };
    account("0015e000000AAAAAA2", "https://www.notacme.example/", EVE, "Prospect");
    account("0015e000000BBBBAA2", "http://WWW.Acme.example/de?x", BOB, "Customer - Direct");
    account("0015e000000CCCCAA2", "shop.acme.example", GONE, "Prospect");
    account("0015e000000DDDDAA2", "elsewhere.example", ANN, "Technology Partner");
    let deal = |id: &str, account: &str, owner: &str, is_closed: bool| {
        let deal =
            json!({"Id": id, "AccountId": account, "OwnerId": owner, "StageName": "Proposal", "IsClosed": is_closed});
        put(&world, "Opportunity", &deal);
    };
    deal("0065e000000AAAAAA2", "0015e000000BBBBAA2", ANN, false);
    deal("0065e000000BBBBAA2", "0015e000000BBBBAA2", EVE, true);
    let crm = Salesforce::connect(&world, CallBudget::SENDER).unwrap();
    let ask = |email: &str| CrmQuestion { email: Some(email.to_owned()), domain: Some("acme.example".to_owned()) };
    let state = run(crm.lookup(&ask("ada@acme.example"))).unwrap();
    let found = state.account.unwrap();
    assert_eq!((found.id.as_str(), found.status), ("0015e000000BBBBAA2", Some(AccountStatus::Customer)));
    assert_eq!(found.deals.len(), 1);
    assert_eq!(found.deals[0].owner, OwnerRef::new(ANN));
    put(
        &world,
        "Contact",
        &json!({"Id": "0035e000000AAAAAA2", "Email": "ada@acme.example", "AccountId": "0015e000000DDDDAA2", "OwnerId": GONE}),
    );
    put(
        &world,
        "Task",
        &json!({"Id": "00T5e000000AAAAAA2", "WhoId": "0035e000000AAAAAA2", "OwnerId": BOB, "IsClosed": true,
        "CompletedDateTime": "2026-11-01T10:00:00.000+0000"}),
    );
    let before = world.calls.get();
    let state = run(crm.lookup(&ask("ada@acme.example"))).unwrap();
    assert_eq!(world.calls.get(), before + 1, "one call");
    assert_eq!(state.account.unwrap().id, "0015e000000DDDDAA2");
    let person = state.person.unwrap();
    assert_eq!(person.owner, Some(OwnerRef { id: GONE.to_owned(), active: false }));
    assert_eq!(person.touched.unwrap().by, OwnerRef::new(BOB));
}

#[test]
fn a_field_with_the_domain_is_asked_where_there_is_one() {
    let world = world();
    world.change(BASE, &json!({"extra": "Account.Domain__c"}));
    world.set("SALESFORCE_DOMAIN_FIELD", "Domain__c");
    put(
        &world,
        "Account",
        &json!({"Id": "0015e000000AAAAAA2", "Name": "Acme", "Domain__c": "acme.example", "OwnerId": ANN}),
    );
    let question = CrmQuestion { email: None, domain: Some("acme.example".to_owned()) };
    let state = run(Salesforce::connect(&world, CallBudget::SENDER).unwrap().lookup(&question)).unwrap();
    assert_eq!(state.account.unwrap().owner, OwnerRef::new(ANN));
    assert_eq!(state.person, None);
}

#[test]
fn sellers_are_read_page_by_page() {
    let world = world();
    world.change(BASE, &json!({"page_max": 2}));
    let crm_users = run(Salesforce::connect(&world, CallBudget::CONSUMER).unwrap().crm_users()).unwrap();
    assert_eq!(crm_users.len(), 5);
    assert!(crm_users.iter().any(|seller| seller.id == GONE && !seller.active));
    assert!(crm_users.iter().any(|seller| seller.email.as_deref() == Some("ann@vendor.example") && seller.active));
}

#[test]
fn changes_are_read_once_each_however_many_there_are() {
    let world = world();
    let since = at("2026-11-18T10:00:00Z");
    for number in 0..450_u32 {
        // Many in one second, as an import makes them.
        let stamp = format!("2026-11-18T11:{:02}:00.000+0000", number / 300);
        let fields = json!({"Id": format!("00Q5e{number:010}AAA"), "Email": format!("p{number}@company.example"), "LastName": "L",
            "Company": "C", "OwnerId": ANN, "SystemModstamp": stamp, "Router_Person_Id__c": if number == 7 { json!("ours") } else { Value::Null }});
        put(&world, "Lead", &fields);
    }
    put(&world, "Lead", &json!({"Id": "00Q5e000000OLDDAA2", "Email": "old@company.example"}));
    put(
        &world,
        "Account",
        &json!({"Id": "0015e000000AAAAAA2", "Name": "Acme", "Website": "acme.example", "OwnerId": BOB}),
    );
    put(
        &world,
        "Opportunity",
        &json!({"Id": "0065e000000AAAAAA2", "AccountId": "0015e000000AAAAAA2", "OwnerId": BOB,
        "SystemModstamp": "2026-11-18T11:30:00.000+0000"}),
    );
    let crm = Salesforce::connect(&world, CallBudget::CONSUMER).unwrap();
    let (mut people, mut accounts) = (Vec::new(), Vec::new());
    let mut next = Some(ChangesSince { at: since, page: String::new() });
    let mut calls = 0;
    while let Some(since) = next {
        let changes = run(crm.changes(&since)).unwrap();
        people.extend(changes.people);
        accounts.extend(changes.accounts);
        next = changes.next;
        calls += 1;
    }
    assert_eq!((people.len(), calls), (450, 3));
    let mut emails: Vec<&str> = people.iter().map(|person| person.email.as_str()).collect();
    emails.sort_unstable();
    emails.dedup();
    assert_eq!(emails.len(), 450);
    assert_eq!(people.iter().filter(|person| person.is_ours).count(), 1);
    assert_eq!((accounts.len(), accounts[0].0.as_str(), accounts[0].1.deals.len()), (1, "acme.example", 1));
}

#[test]
fn the_check_says_what_is_missing() {
    let world = world();
    let good = run(Salesforce::connect(&world, CallBudget::CONSUMER).unwrap().check());
    assert!(good.iter().all(|line| line.problem.is_none()), "{good:?}");
    assert_eq!(good.len(), 2 + 6 + 8 + 8 + 1);
    world.change(BASE, &json!({"missing": "Contact.Router_Tier__c"}));
    let lines = run(Salesforce::connect(&world, CallBudget::CONSUMER).unwrap().check());
    let wrong: Vec<&str> = lines.iter().filter(|line| line.problem.is_some()).map(|line| line.name.as_str()).collect();
    assert_eq!(wrong, ["field Contact.Router_Tier__c"]);
    // A write says the same.
    let results = write(&world, &[decided(1, 1, ANN)]);
    assert!(
        matches!(&results[0], Err(DeliveryError::Permanent { code, message, config: true }) if code == "field_missing" && message.contains("Router_Tier__c")),
        "{results:?}"
    );
}
