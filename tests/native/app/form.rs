//! What a business says about its forms, Turnstile, and batches: across modules.

use crate::world::{LIVE, World, at, lead, run};
use lead_router_app::intake::batch::{key_of, take};
use lead_router_app::intake::id_of;
use lead_router_app::intake::turnstile::{TurnstileOutcome, verify};
use lead_router_core::directory::ImportKind;
use lead_router_core::form::turnstile::Verdict;
use lead_router_core::form::{Form, client_key, read, visit};
use lead_router_core::intake::batch::Rows;
use lead_router_core::intake::{FieldMap, LeadField, RawLead};
use lead_router_core::lead::check;
use lead_router_core::time::DAY_MS;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn names_in_four_languages_mean_what_people_mean() {
    let text = include_str!("../../golden/forms/names.json");
    let names: BTreeMap<String, Vec<String>> = serde_json::from_str(text).unwrap();
    for (path, names) in names {
        for name in names {
            assert_eq!(LeadField::from_alias(&name).map_or("", LeadField::path), path, "{name}");
        }
    }
}

#[test]
fn the_sample_settings_pass_their_check() {
    let form = read(include_str!("../../../sample/forms/demo.json")).unwrap();
    assert_eq!(form.source.as_deref(), Some("website"));
}

fn raw(pairs: &[(&str, &str)], form: &Form) -> RawLead {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    RawLead::from_pairs(pairs, &form.map)
}

#[test]
fn a_required_field_may_come_under_any_of_its_names() {
    let form = read(r#"{"fields": {"q1": "fields.budget"}, "required": ["company", "fields.budget"]}"#).unwrap();
    let mut good = raw(&[("email", "a@a.example"), ("Firma", "A"), ("Q1", "10k")], &form);
    form.complete("f", &mut good);
    let lead = check(good, at("2026-11-02T09:00:00Z")).unwrap();
    assert_eq!((lead.form.as_deref(), lead.fields["budget"].as_str()), (Some("f"), "10k"));
    let mut lacking = raw(&[("Firma", " "), ("q1", "")], &form);
    form.complete("f", &mut lacking);
    let problems = check(lacking, at("2026-11-02T09:00:00Z")).unwrap_err();
    let found: Vec<(&str, &str)> = problems.iter().map(|it| (it.path.as_str(), it.code.as_str())).collect();
    assert_eq!(found, [("company", "missing_field"), ("fields.budget", "missing_field"), ("email", "missing_email")]);
}

fn shown(token: &str) -> TurnstileOutcome<'_> {
    TurnstileOutcome { token, address: None, submission: "s", hosts: BTreeSet::new() }
}

fn with_turnstile(answers: &[(u16, &str)]) -> World {
    let world = World::sample();
    world.settings.borrow_mut().insert("TURNSTILE_SECRET".to_owned(), "secret".to_owned());
    *world.http_first.borrow_mut() = answers.iter().map(|(status, body)| (*status, (*body).to_owned())).collect();
    world
}

#[test]
fn a_token_is_checked_twice_at_most_and_only_when_nobody_could_say() {
    let passed = r#"{"success": true, "error-codes": []}"#;
    let down = r#"{"success": false, "error-codes": ["internal-error"]}"#;
    let used = r#"{"success": false, "error-codes": ["timeout-or-duplicate"]}"#;
    for (answers, verdict, calls) in [
        (vec![(200, passed)], Verdict::Passed, 1),
        (vec![(200, used), (200, passed)], Verdict::Refused, 1),
        (vec![(200, down), (200, passed)], Verdict::Passed, 2),
        (vec![(502, "<html>"), (200, down), (200, passed)], Verdict::Unavailable, 2),
        (vec![], Verdict::Unavailable, 2),
    ] {
        let world = with_turnstile(&answers);
        assert_eq!(run(verify(&world, &shown("token"), b"key")), verdict, "{answers:?}");
        assert_eq!(world.http_calls.get(), calls, "{answers:?}");
    }
}

#[test]
fn without_a_secret_nobody_is_asked() {
    let world = World::sample();
    assert_eq!(run(verify(&world, &shown("token"), b"key")), Verdict::Misconfigured);
    assert_eq!(world.http_calls.get(), 0);
}

fn ada(title: &str) -> Value {
    json!({"email": "ada@fjordwerk.example", "title": title})
}

#[test]
fn a_row_has_the_id_that_was_told_and_is_one_lead_for_good() {
    let world = World::sample();
    let row = lead(&ada("CTO"));
    let key = key_of(&row, None, LIVE.person_key);
    let told = id_of(&row, &key, LIVE.person_key).unwrap();
    assert!(run(take(&world, row.clone(), &key, world.now.get(), LIVE)).unwrap().is_some());
    for days in [0, 1, 30] {
        world.now.set(world.now.get().plus_ms(days * DAY_MS));
        let again = run(take(&world, row.clone(), &key, world.now.get(), LIVE)).unwrap();
        assert!(again.is_none(), "after {days} days more");
    }
    let leads = world.leads();
    assert_eq!(leads.len(), 1);
    assert_eq!(leads[0].lead_id, told);
}

proptest! {
    #[test]
    fn whatever_is_put_is_a_form_or_a_list_of_problems(text in r#"[\[\]{}":,a-z0-9 ]{0,60}"#) {
        if let Err(problems) = read(&text) {
            prop_assert!(!problems.is_empty());
        }
    }

    #[test]
    fn whatever_bytes_arrive_every_row_has_its_answer(bytes in prop::collection::vec(any::<u8>(), 0..300), is_csv: bool) {
        let kind = if is_csv { ImportKind::Csv } else { ImportKind::Ndjson };
        let lines = bytes.iter().filter(|byte| matches!(**byte, b'\n' | b'\r')).count() + 1;
        let mut rows = Rows::new(bytes, kind).unwrap();
        let mut count = 0;
        while let Some(row) = rows.next(&FieldMap::default()) {
            count += 1;
            if let Err(error) = row {
                prop_assert!(!error.to_string().is_empty());
            }
        }
        prop_assert!(count <= lines);
    }

    #[test]
    fn good_rows_are_counted_one_by_one(count in 0_usize..200, ending in prop::sample::select(vec!["\n", "\r\n"])) {
        let rows: Vec<String> = (0..count).map(|row| format!("p{row}@a.example,A{ending}")).collect();
        let mut rows = Rows::new(format!("email,company{ending}{}", rows.concat()).into_bytes(), ImportKind::Csv).unwrap();
        let mut found = 0;
        while let Some(row) = rows.next(&FieldMap::default()) {
            let pairs = row.unwrap().pairs;
            prop_assert_eq!(&pairs[0].value, &format!("p{found}@a.example"));
            found += 1;
        }
        prop_assert_eq!(found, count);
    }

    #[test]
    fn a_referer_adds_what_a_lead_may_have(referer in ".{0,200}", address in ".{0,60}") {
        let mut raw = RawLead::default();
        raw.set(LeadField::Email, "a@a.example");
        visit(&mut raw, &referer);
        prop_assert!(raw.pairs.len() <= 7);
        prop_assert!(client_key(&address).chars().count() <= 64);
    }
}
