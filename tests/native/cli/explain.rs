//! `explain` shows the whole decision, and takes facts and the moment as given.

use crate::kit::{Ran, file, run};
use serde_json::Value;

fn explain(lead: &str, more: &[&str]) -> Ran {
    let sample =
        ["--roster", "sample/roster.json", "--accounts", "sample/accounts.csv", "--at", "2026-11-20T10:00:00Z"];
    run(&[&["explain", lead], &sample[..], more].concat())
}

fn rep(ran: &Ran) -> String {
    ran.json()["decision"]["assignment"]["rep_id"].as_str().unwrap_or("nobody").to_owned()
}

#[test]
fn a_hidden_enterprise_lead_is_explained_from_fact_to_rep() {
    let ran = explain("sample/leads/hidden-enterprise.json", &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for part in [
        "company.employees = 17883 (directory)",
        "score 92 (possible 92 to 92), tier A, confidence 100.00 %",
        "-4 cap: the group `fit` counts at most 60 points",
        "override: hidden_enterprise",
        "✗ Amara Okafor: off_shift",
        "→ Jonas Weidmann",
        "assigned to Jonas Weidmann of named-accounts, due 2026-11-20T10:05:00Z",
    ] {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
}

#[test]
fn facts_that_are_set_count_whatever_else_is_known() {
    let small = explain("sample/leads/minimal.json", &["--set", "company.employees=40", "--json"]);
    assert_eq!(small.json()["plan"]["team"], "smb");
    let large = explain(
        "sample/leads/minimal.json",
        &[
            "--set",
            "company.employees=9_000",
            "--set",
            "person.seniority=vp",
            "--set",
            "company.technologies=HubSpot, aws",
            "--json",
        ],
    );
    assert_eq!(large.json()["plan"]["team"], "named-accounts");
    let codes: Vec<Value> =
        large.json()["plan"]["reasons"].as_array().unwrap().iter().map(|r| r["code"].clone()).collect();
    assert!(codes.contains(&"company_tools".into()), "{codes:?}");
    let signal =
        explain("sample/leads/minimal.json", &["--set", "signal.trial_started=2026-11-20T09:00:00Z", "--json"]);
    assert_eq!(signal.json()["plan"]["score"]["points"], 28);
}

#[test]
fn owner_and_earlier_reps_are_taken_as_given() {
    let owned = explain("sample/leads/minimal.json", &["--owner", "siobhan-byrne", "--json"]);
    assert_eq!(rep(&owned), "siobhan-byrne");
    let same =
        explain("sample/leads/minimal.json", &["--owner", "siobhan-byrne", "--same-person", "zofia-nowak", "--json"]);
    assert_eq!(rep(&same), "zofia-nowak");
    let first = rep(&explain("sample/leads/minimal.json", &["--json"]));
    let next = rep(&explain("sample/leads/minimal.json", &["--exclude", &first, "--json"]));
    assert_ne!(first, next);
}

#[test]
fn the_moment_decides_who_is_at_work() {
    let ran = run(&[
        "explain",
        "sample/leads/hidden-enterprise.json",
        "--roster",
        "sample/roster.json",
        "--accounts",
        "sample/accounts.csv",
        "--at",
        "2026-11-21T02:00:00Z",
        "--json",
    ]);
    assert_eq!(rep(&ran), "mei-ling-tan");
}

#[test]
fn without_a_roster_the_decision_ends_with_the_team() {
    let ran = run(&["explain", "sample/leads/capacity.json", "--at", "2026-11-20T18:00:00Z"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("no team is asked without --roster"));
}

#[test]
fn what_cannot_be_meant_is_refused_with_help() {
    for (set, help) in [
        ("company.employes=3", "did you mean `company.employees`?"),
        ("company.employees=many", "expected an integer"),
        ("account.named=maybe", "expected `true` or `false`"),
        ("company.employees", "write FACT=VALUE"),
        ("signal.demo_request=yesterday", "expected a timestamp"),
    ] {
        let ran = explain("sample/leads/minimal.json", &["--set", set]);
        assert_eq!(ran.code, 2, "{set}");
        assert!(ran.err.contains(help), "{set}: {}", ran.err);
    }
    let ran = explain(&file("explain-no-lead.json", r#"{"company": "Acme"}"#), &["--json"]);
    assert_eq!(ran.code, 2);
    assert_eq!(ran.json()["error"]["problems"][0]["path"], "email");
}
