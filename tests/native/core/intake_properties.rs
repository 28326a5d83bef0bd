//! Whatever arrives, it is a lead within its limits or a refusal with a reason; and what is a lead stays the same lead.

use lead_router_core::directory::{ImportKind, parse};
use lead_router_core::intake::{FieldMap, read};
use lead_router_core::lead::Lead;
use lead_router_core::limits::{FIELD_NAME_BYTES_MAX, FIELDS_MAX, MESSAGE_CHARS_MAX};
use lead_router_core::normalize;
use lead_router_core::time::Timestamp;
use proptest::prelude::*;
use serde_json::Value;

fn accept(content_type: &str, body: &[u8]) -> Option<Lead> {
    match read(Some(content_type), body, &FieldMap::default(), Timestamp::from_ms(1_790_000_000_000)) {
        Ok(lead) => Some(lead),
        Err(error) => {
            assert!(!error.code().is_empty() && !error.to_string().is_empty());
            assert_eq!(error.code() == "invalid_lead", !error.problems().is_empty());
            None
        }
    }
}

fn assert_within_limits(lead: &Lead) {
    let text = serde_json::to_value(lead).unwrap();
    assert_clean(&text);
    assert!(lead.fields.len() <= FIELDS_MAX);
    assert!(lead.fields.keys().all(|name| !name.is_empty() && name.len() <= FIELD_NAME_BYTES_MAX));
    assert!(lead.email.address.contains('@') && !lead.account_key().is_empty() && !lead.person_key().is_empty());
    let back: Lead = serde_json::from_value(text).unwrap();
    assert_eq!(&back, lead);
    assert_eq!(back.content_fingerprint(), lead.content_fingerprint());
}

fn assert_clean(value: &Value) {
    match value {
        Value::String(text) => {
            assert!(text.chars().count() <= MESSAGE_CHARS_MAX);
            assert!(text.chars().all(|letter| !letter.is_control() || letter == '\n' || letter == '\t'), "{text:?}");
        }
        Value::Array(items) => items.iter().for_each(assert_clean),
        Value::Object(entries) => entries.values().for_each(assert_clean),
        _ => {}
    }
}

/// A text such as people and machines put into fields.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z]{1,8}@[a-z]{1,8}\\.(com|de|example)",
        "[0-9.,+kKmM$-]{0,12}",
        Just("\u{0}".to_owned()),
        "https?://[a-z./:@?#]{0,20}",
        "[\\PC]{0,20}",
    ]
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..6).prop_map(|entries| entries.into_iter().collect()),
        ]
    })
}

/// Names of the contract, aliases of them, and others.
fn name() -> impl Strategy<Value = String> {
    let known = [
        "email",
        "E-Mail",
        "first_name",
        "name",
        "company",
        "website",
        "phone",
        "title",
        "country",
        "region",
        "postal_code",
        "language",
        "linkedin_url",
        "employees",
        "message",
        "source",
        "form",
        "partner",
        "utm",
        "intent",
        "signal",
        "at",
        "submitted_at",
        "submission_id",
        "fields",
        "incumbent",
        "rep_id",
        "team",
    ];
    prop_oneof![3 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

/// A field's name as a form builder, a vendor or a careful author would decorate it.
fn decorated() -> impl Strategy<Value = fn(&str) -> String> {
    let decorations: Vec<fn(&str) -> String> = vec![
        |name| name.to_owned(),
        |name| name.to_uppercase(),
        |name| format!("q4_{}4", name.replace(' ', "_")),
        |name| format!("form_fields[{}]", name.replace(' ', "_")),
        |name| format!("lead[{}]", name.replace(' ', "-")),
        |name| format!("submitted[{}]", name.replace(' ', "_")),
        |name| format!("0-1/{}", name.replace(' ', "")),
        |name| format!("g3-{}", name.replace(' ', "")),
        |name| format!("et_pb_contact_{}_0", name.replace(' ', "_")),
        |name| format!("{}-2", name.replace(' ', "-")),
        |name| format!("  {name} * "),
        |name| format!("{name} (required)"),
        |name| format!("Your {name}"),
        |name| format!("Please enter your {name}:"),
        |name| format!("What is your {name}?"),
        |name| format!("{name} (optional)"),
        |name| format!("\u{200e}{name}"),
    ];
    prop::sample::select(decorations)
}

/// Words in names that say that an address is somebody else's.
fn is_about_another(name: &str) -> bool {
    include_str!("../../../crates/core/src/intake/data/other_people.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
        .any(|word| normalize::fold(name).contains(word))
}

fn assert_same(one: &Lead, other: &Lead) {
    assert_eq!(one.account_key(), other.account_key());
    assert_eq!(one.person_key(), other.person_key());
    assert_eq!(one.full_name(), other.full_name());
    assert_eq!(one.company, other.company);
}

proptest! {
    #[test]
    fn the_only_address_of_a_form_is_the_leads_whatever_its_field_is_called(
        name in "\\PC{1,40}", others in prop::collection::vec(("\\PC{1,20}", "[^@＠]{0,20}"), 0..8), place in 0_usize..8,
    ) {
        prop_assume!(!name.trim().trim_end_matches("[]").is_empty() && !is_about_another(&name));
        let machinery = ["utf8", "csrf"];
        prop_assume!(!machinery.contains(&name.to_lowercase().as_str()));
        let mut fields: Vec<(String, String)> = others.into_iter().filter(|(other, _)| *other != name).collect();
        fields.insert(place.min(fields.len()), (name, "ada@fjordwerk.example".to_owned()));
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(&fields);
        let lead = accept("application/x-www-form-urlencoded", form.finish().as_bytes());
        prop_assert_eq!(lead.map(|lead| lead.email.address), Some("ada@fjordwerk.example".to_owned()));
    }

    #[test]
    fn decorations_of_names_change_nobody(decorate in prop::collection::vec(decorated(), 4), order in any::<bool>()) {
        let words = [("email", "ada@fjordwerk.example"), ("first name", "Ada"), ("last name", "Lopez"), ("company", "Fjordwerk")];
        let send = |decorate: &dyn Fn(usize, &str) -> String| {
            let mut pairs: Vec<(String, &str)> =
                words.iter().enumerate().map(|(index, (name, value))| (decorate(index, name), *value)).collect();
            if order {
                pairs.reverse();
            }
            let mut form = form_urlencoded::Serializer::new(String::new());
            accept("application/x-www-form-urlencoded", form.extend_pairs(pairs).finish().as_bytes()).unwrap()
        };
        let plain = send(&|_, name| name.to_owned());
        assert_same(&send(&|index, name| decorate[index](name)), &plain);
    }

    #[test]
    fn any_bytes_are_a_lead_or_a_reason(body in prop::collection::vec(any::<u8>(), 0..400)) {
        for content_type in ["application/json", "application/x-www-form-urlencoded", "multipart/form-data", "x"] {
            if let Some(lead) = accept(content_type, &body) {
                assert_within_limits(&lead);
            }
        }
    }

    #[test]
    fn any_json_is_a_lead_or_a_reason(body in json()) {
        if let Some(lead) = accept("application/json", body.to_string().as_bytes()) {
            assert_within_limits(&lead);
        }
    }

    #[test]
    fn any_fields_beside_an_address_are_a_lead_or_a_reason(fields in prop::collection::vec((name(), json()), 0..12)) {
        let mut body: serde_json::Map<String, Value> = fields.into_iter().collect();
        body.insert("email".to_owned(), "a@b.example".into());
        if let Some(lead) = accept("application/json", Value::from(body).to_string().as_bytes()) {
            assert_eq!(lead.email.address, "a@b.example");
            assert_within_limits(&lead);
        }
    }

    #[test]
    fn any_form_beside_an_address_is_a_lead_or_a_reason(fields in prop::collection::vec((name(), text()), 0..12)) {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("email", "a@b.example");
        for (name, value) in fields.iter().filter(|(name, _)| name.trim() != "email") {
            form.append_pair(name, value);
        }
        if let Some(lead) = accept("application/x-www-form-urlencoded", form.finish().as_bytes()) {
            assert_eq!(lead.email.address, "a@b.example");
            assert_within_limits(&lead);
        }
    }

    #[test]
    fn a_json_lead_and_a_form_lead_with_the_same_words_are_the_same(
        name in "[A-Za-zÀ-ž' ]{1,30}", company in "[A-Za-z0-9&. ]{1,30}", message in "[ -~]{1,60}", own in "[ -~]{1,20}",
    ) {
        let words = [("email", "a@b.example"), ("name", &name), ("company", &company), ("message", &message), ("q1", &own)];
        let body: serde_json::Map<String, Value> =
            words.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(words);
        let one = accept("application/json", Value::from(body).to_string().as_bytes()).unwrap();
        let other = accept("application/x-www-form-urlencoded", form.finish().as_bytes()).unwrap();
        prop_assert!(one == other);
        prop_assert_eq!(one.content_fingerprint(), other.content_fingerprint());
    }

    #[test]
    fn normal_forms_are_stable(text in text()) {
        if let Some(host) = normalize::host_of(&text) {
            prop_assert_eq!(normalize::host_of(&host), Some(host.clone()));
            prop_assert_eq!(normalize::registrable(normalize::registrable(&host)), normalize::registrable(&host));
        }
        if let Some(email) = normalize::email(&text) {
            let again = normalize::email(&email.address);
            prop_assert_eq!(again.map(|email| email.mailbox), Some(email.mailbox));
        }
        if let Some(key) = normalize::company_key(&text) {
            prop_assert_eq!(normalize::company_key(&key), Some(key));
        }
        for normal in [normalize::postal_code, normalize::linkedin_profile, normalize::industry_code] {
            if let Some(key) = normal(&text) {
                prop_assert_eq!(normal(&key), Some(key));
            }
        }
        prop_assert_eq!(normalize::fold(&normalize::fold(&text)), normalize::fold(&text));
        if let Some(amount) = normalize::amount(&text) {
            prop_assert!(amount.low >= 0 && amount.high.is_none_or(|high| high >= amount.low));
        }
        let _ = (normalize::seniority_of(&text), normalize::function_of(&text), normalize::whole_number(&text));
    }

    #[test]
    fn any_bytes_are_a_directory_with_rows_or_problems(body in prop::collection::vec(any::<u8>(), 1..300)) {
        for kind in [ImportKind::Csv, ImportKind::Ndjson] {
            let import = parse(&body, kind);
            prop_assert!(!import.rows.is_empty() || !import.problems.is_empty());
            prop_assert!(import.problems.len() <= import.problem_count);
        }
    }

    #[test]
    fn any_cells_give_rows_or_problems_with_their_lines(
        rows in prop::collection::vec(("[a-z]{1,8}(\\.[a-z]{2,3})?", "[0-9,.]{0,8}", text()), 0..20)
    ) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["domain", "employees", "name"]).unwrap();
        for (domain, employees, name) in &rows {
            writer.write_record([domain, employees, name]).unwrap();
        }
        let import = parse(&writer.into_inner().unwrap(), ImportKind::Csv);
        let duplicates = import.problems.iter().filter(|problem| problem.code == "duplicate_domain").count();
        let bad: std::collections::BTreeSet<u32> = import
            .problems.iter().filter(|problem| problem.code != "duplicate_domain").filter_map(|problem| problem.line).collect();
        let counted: usize = [import.rows.len(), duplicates, bad.len()].iter().sum();
        prop_assert_eq!(counted, rows.len());
    }
}
