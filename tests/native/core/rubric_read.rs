//! Everything that is wrong with a rubric is said at once, with path, line and help.

use crate::rubric_kit::base;
use lead_router_core::error::Problem;
use lead_router_core::rubric::{limits, load};
use serde_json::{Value, json};

/// Path, code and line of each problem.
fn found(text: &str) -> Vec<(String, String, Option<u32>)> {
    load(text).unwrap_err().into_iter().map(|p| (p.path, p.code, p.line)).collect()
}

/// The problems of the base rubric with `value` at a JSON pointer.
fn with(pointer: &str, value: Value) -> Vec<Problem> {
    let mut file = base();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match file.pointer_mut(parent).unwrap() {
        Value::Object(members) => {
            members.insert(key.to_owned(), value);
        }
        Value::Array(items) => items.push(value),
        _ => panic!("{pointer}"),
    }
    load(&file.to_string()).map_or_else(|problems| problems, |_| Vec::new())
}

#[test]
fn the_base_rubric_is_right() {
    assert_eq!(load(&base().to_string()).map(|_| ()), Ok(()));
}

#[test]
fn one_file_with_many_faults_shows_all_of_them() {
    let text = r#"{
  "name": "x", "nmae": "y",
  "groups": {"fit": {"max": 10, "max": 20}},
  "criteria": [
    {"id": "a", "group": "fitt", "when": {"fact": "company.employes", "at_least": 5}, "points": 5},
    {"id": "b", "group": "fit", "when": {"fact": "lead.form", "equals": "demo"}, "points": "5", "weight": 2},
    {"id": "c", "group": "fit", "when": {"fact": "lead.form", "at_least": 3}, "points": 2000},
    {"id": "a", "group": "fit", "when": {"signal": "x"}, "points": 1, "base_rate": 1.5}
  ],
  "tiers": [
    {"id": "A", "at_least": 10, "sla_minutes": 0},
    {"id": "B", "sla_minutes": 1.5}
  ],
  "routes": [{"id": "r", "tiers": ["B", "C"], "team": "t!"}],
  "fallback": {},
  "ownership": {"when_away": "teams"}
}"#;
    let expected = [
        ("nmae", "unknown_field", 2),
        ("groups.fit.max", "repeated_key", 3),
        ("criteria[0].group", "unknown_group", 5),
        ("criteria[0].when.fact", "unknown_fact", 5),
        ("criteria[1].points", "wrong_type", 6),
        ("criteria[1].weight", "unknown_field", 6),
        ("criteria[2].points", "out_of_range", 7),
        ("criteria[2].when.at_least", "test_does_not_fit", 7),
        ("criteria[3].id", "repeated_id", 8),
        ("criteria[3].base_rate", "out_of_range", 8),
        ("tiers[0].sla_minutes", "out_of_range", 11),
        ("tiers[1].sla_minutes", "wrong_type", 12),
        ("routes[0].team", "bad_id", 14),
        ("routes[0].tiers[1]", "unknown_tier", 14),
        ("fallback.team", "missing_field", 15),
        ("ownership.when_away", "unknown_value", 16),
    ];
    let expected = expected.map(|(path, code, line)| (path.to_owned(), code.to_owned(), Some(line)));
    assert_eq!(found(text), expected);
}

#[test]
fn help_names_what_was_probably_meant() {
    for (pointer, value, expected) in [
        ("/criteria/0/when/fact", json!("company.employes"), "did you mean `company.employees`?"),
        ("/criteria/0/when/fact", json!("zzz"), "the sender's own fields are read as `lead.fields.<name>`"),
        ("/criteria/0/gruop", json!("fit"), "did you mean `group`?"),
        ("/criteria/0/group", json!("fitt"), "did you mean `fit`?"),
        ("/routes/0/tiers/0", json!("Z"), "did you mean `A`?"),
        ("/routes/0/territories/0", json!("emae"), "did you mean `emea`?"),
        ("/ownership", json!({"when_away": "teem"}), "did you mean `team`?"),
        ("/criteria/0/points", Value::Null, "omit the field if it is not needed"),
        ("/criteria/0/points", json!(1.5), "write it without a fraction or an exponent"),
    ] {
        let helps: Vec<_> = with(pointer, value).into_iter().filter_map(|problem| problem.help).collect();
        assert_eq!(helps, [expected], "{pointer}");
    }
}

/// One change to the base rubric, and the problems it makes.
#[test]
fn each_rule_of_the_file_is_kept() {
    let cases = [
        ("/criteria/0/when", json!({}), "criteria[0].when one_kind"),
        ("/criteria/0/when", json!({"fact": "lead.form", "signal": "x"}), "criteria[0].when one_kind"),
        ("/criteria/0/when", json!({"fact": "lead.form"}), "criteria[0].when test_missing"),
        (
            "/criteria/0/when",
            json!({"fact": "lead.form", "equals": "a", "known": true}),
            "criteria[0].when several_tests",
        ),
        ("/criteria/0/when", json!({"signal": "x", "known": true}), "criteria[0].when.known test_without_fact"),
        (
            "/criteria/0/when",
            json!({"fact": "lead.form", "known": true, "within_days": 3}),
            "criteria[0].when.within_days test_without_fact",
        ),
        ("/criteria/0/when", json!({"signal": "X"}), "criteria[0].when.signal bad_signal"),
        ("/criteria/0/when", json!({"signal": "x", "within_days": 0}), "criteria[0].when.within_days out_of_range"),
        ("/criteria/0/when", json!({"all": []}), "criteria[0].when.all list_length"),
        ("/criteria/0/when", json!({"fact": "lead.form", "in": []}), "criteria[0].when.in list_length"),
        ("/criteria/0/when", json!({"fact": "lead.form", "in": [" "]}), "criteria[0].when.in bad_value"),
        ("/criteria/0/when", json!({"fact": "lead.form", "equals": 3}), "criteria[0].when.equals value_does_not_fit"),
        (
            "/criteria/0/when",
            json!({"fact": "company.employees", "in": [1, "2"]}),
            "criteria[0].when.in value_does_not_fit",
        ),
        (
            "/criteria/0/when",
            json!({"fact": "account.named", "equals": "yes"}),
            "criteria[0].when.equals value_does_not_fit",
        ),
        ("/criteria/0/when", json!({"fact": "account.named", "in": [true]}), "criteria[0].when.in test_does_not_fit"),
        (
            "/criteria/0/when",
            json!({"fact": "company.technologies", "equals": "x"}),
            "criteria[0].when.equals test_does_not_fit",
        ),
        (
            "/criteria/0/when",
            json!({"fact": "company.employees", "has_any": ["x"]}),
            "criteria[0].when.has_any test_does_not_fit",
        ),
        (
            "/criteria/0/when",
            json!({"fact": "company.employees", "at_least": 5, "at_most": 4}),
            "criteria[0].when.at_most out_of_range",
        ),
        ("/criteria/0/when", json!({"fact": "lead.fields.", "known": true}), "criteria[0].when.fact unknown_fact"),
        ("/criteria/0/bands", json!([{"when": {"signal": "x"}, "points": 1}]), "criteria[0] when_or_bands"),
        ("/criteria/0", json!({"id": "x", "group": "fit"}), "criteria[1] when_or_bands"),
        ("/criteria/0", json!({"id": "x", "group": "fit", "points": 3}), "criteria[1] when_or_bands"),
        (
            "/criteria/0",
            json!({"id": "x", "group": "fit", "bands": [{"when": {"signal": "x"}, "points": 1, "base_rate": 0.6}, {"when": {"signal": "y"}, "points": 1, "base_rate": 0.5}]}),
            "criteria[1].bands rates_above_one",
        ),
        (
            "/criteria/0",
            json!({"id": "x", "group": "fit", "base_rate": 0.1, "bands": [{"when": {"signal": "x"}, "points": 1}]}),
            "criteria[1].base_rate when_or_bands",
        ),
        ("/criteria/0/half_life_days", json!(7), "criteria[0].half_life_days half_life_without_signal"),
        ("/criteria/0/reason", json!(" "), "criteria[0].reason text_length"),
        ("/criteria/0/id", json!("a b"), "criteria[0].id bad_id"),
        ("/name", json!(""), "name text_length"),
        ("/groups/fit", json!({"min": 5, "max": 4}), "groups.fit out_of_range"),
        ("/groups/fit", json!({"max": 1001}), "groups.fit.max out_of_range"),
        ("/tiers/0", json!({"id": "C", "at_least": 5, "sla_minutes": 5}), "tiers[2].at_least last_tier"),
        ("/tiers/0", json!({"id": "A", "sla_minutes": 5}), "tiers[2].id repeated_id"),
        ("/tiers/0/at_least", json!(1001), "tiers[0].at_least out_of_range"),
        ("/overrides/0", json!({"id": "y", "when": {"signal": "x"}}), "overrides[1] no_effect"),
        (
            "/overrides/0",
            json!({"id": "y", "when": {"signal": "x"}, "reject": true, "team": "t"}),
            "overrides[1] reject_and_place",
        ),
        (
            "/overrides/0",
            json!({"id": "y", "when": {"signal": "x"}, "tier": "A", "ignore_account_owner": true}),
            "overrides[1].ignore_account_owner no_effect",
        ),
        ("/overrides/0", json!({"id": "size", "when": {"signal": "x"}, "tier": "A"}), "overrides[1].id repeated_id"),
        ("/overrides/0", json!({"id": "y", "when": {"signal": "x"}, "tier": "Q"}), "overrides[1].tier unknown_tier"),
        ("/territories/0", json!({"id": "emea", "when": {"signal": "x"}}), "territories[1].id repeated_id"),
        ("/territories/0/priority", json!(5000), "territories[0].priority out_of_range"),
        ("/enrichment", json!({"deadline_ms": 99}), "enrichment.deadline_ms out_of_range"),
        ("/enrichment", json!({"stages": [[]]}), "enrichment.stages[0] list_length"),
        ("/enrichment", json!({"stages": [["a"], ["a"]]}), "enrichment.stages[1][0] repeated_provider"),
        ("/criteria/0/when/not", json!({"signal": "x"}), "criteria[0].when one_kind"),
    ];
    for (pointer, value, expected) in cases {
        let problems = with(pointer, value.clone());
        let all: Vec<_> = problems.iter().map(|problem| format!("{} {}", problem.path, problem.code)).collect();
        assert!(all.iter().any(|problem| problem == expected), "{pointer} = {value}: {all:?}");
        let tier_case = expected.starts_with("tiers");
        assert!(tier_case || all.len() == 1, "only this problem: {pointer} = {value}: {all:?}");
    }
}

#[test]
fn tiers_fall_from_the_first_to_the_last() {
    let tiers = |values: [Option<i32>; 3]| {
        let tier = |(id, at_least)| json!({"id": id, "at_least": at_least, "sla_minutes": 5});
        let tiers: Vec<_> = ["A", "B", "C"].into_iter().zip(values).map(tier).collect();
        let mut file = base();
        file["tiers"] = tiers
            .into_iter()
            .map(|mut tier| {
                if tier["at_least"].is_null() {
                    tier.as_object_mut().unwrap().remove("at_least");
                }
                tier
            })
            .collect();
        load(&file.to_string()).map_or_else(|problems| problems.into_iter().map(|p| p.code).collect(), |_| Vec::new())
    };
    assert_eq!(tiers([Some(20), Some(10), None]), Vec::<String>::new());
    assert_eq!(tiers([Some(10), Some(10), None]), ["tier_order"]);
    assert_eq!(tiers([Some(10), Some(20), None]), ["tier_order"]);
    assert_eq!(tiers([Some(20), None, None]), ["missing_field"]);
    assert_eq!(tiers([Some(20), Some(10), Some(5)]), ["last_tier"]);
}

#[test]
fn limits_hold_at_the_limit_and_not_past_it() {
    let nested = |depth: usize| {
        let leaf = json!({"signal": "x"});
        (1..depth).fold(leaf, |inner, _| json!({"not": inner}))
    };
    assert!(with("/criteria/0/when", nested(limits::CONDITION_DEPTH_MAX)).is_empty());
    assert_eq!(with("/criteria/0/when", nested(limits::CONDITION_DEPTH_MAX + 1))[0].code, "too_deep");
    let bands =
        |n: usize| json!({"id": "b", "group": "fit", "bands": vec![json!({"when": {"signal": "x"}, "points": 1}); n]});
    assert!(with("/criteria/0", bands(limits::BANDS_MAX)).is_empty());
    assert_eq!(with("/criteria/0", bands(limits::BANDS_MAX + 1))[0].code, "list_length");
    let criteria = |n: usize| -> Value {
        (0..n).map(|i| json!({"id": format!("c{i}"), "group": "fit", "when": {"signal": "x"}, "points": 1})).collect()
    };
    assert!(with("/criteria", criteria(limits::CRITERIA_MAX)).is_empty());
    assert_eq!(with("/criteria", criteria(limits::CRITERIA_MAX + 1))[0].code, "list_length");
    assert!(with("/tiers/0/sla_minutes", json!(limits::SLA_MINUTES_MAX)).is_empty());
    assert_eq!(with("/tiers/0/sla_minutes", json!(limits::SLA_MINUTES_MAX + 1))[0].code, "out_of_range");
    assert!(with("/criteria/0/points", json!(-limits::POINTS_MAX)).is_empty());
    assert_eq!(with("/criteria/0/points", json!(-limits::POINTS_MAX - 1))[0].code, "out_of_range");
}

#[test]
fn a_faulty_element_does_not_hide_the_faults_of_others_nor_make_new_ones() {
    let mut file = base();
    file["tiers"][0]["colour"] = json!("red");
    file["territories"][0]["priority"] = json!("high");
    file["groups"]["fit"]["maximum"] = json!(3);
    file["criteria"][0]["when"] = json!({"fact": "nothing.here", "known": true});
    let codes: Vec<_> = found(&file.to_string()).into_iter().map(|(path, code, _)| format!("{path} {code}")).collect();
    let mut expected = [
        "criteria[0].when.fact unknown_fact",
        "groups.fit.maximum unknown_field",
        "territories[0].priority wrong_type",
        "tiers[0].colour unknown_field",
    ];
    expected.sort_unstable();
    let mut codes: Vec<_> = codes.iter().map(String::as_str).collect();
    codes.sort_unstable();
    assert_eq!(codes, expected);
}

#[test]
fn the_version_follows_the_meaning_and_not_the_layout() {
    let version = |text: &str| load(text).unwrap().version().to_owned();
    let file = base();
    let compact = version(&file.to_string());
    assert_eq!(compact.len(), 16);
    assert_eq!(version(&serde_json::to_string_pretty(&file).unwrap()), compact);
    let mut explicit = file.clone();
    explicit["ownership"] = json!({"when_away": "team"});
    assert_eq!(version(&explicit.to_string()), compact, "a spelled-out default");
    let mut other = file;
    other["tiers"][0]["at_least"] = json!(19);
    assert_ne!(version(&other.to_string()), compact);
}
