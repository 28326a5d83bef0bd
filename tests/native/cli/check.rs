//! `check` names everything that is wrong, and says with its exit code whether there was anything.

use crate::kit::{file, project, run};

const SAMPLE: [&str; 6] =
    ["check", "rubric.json", "--roster", "sample/roster.json", "--accounts", "sample/accounts.csv"];

#[test]
fn what_comes_with_the_project_has_no_problems() {
    let ran = run(&SAMPLE);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.out.contains("22 criteria") && ran.out.contains("17 reps") && ran.out.contains("430 accounts"),
        "{ran:?}"
    );
    let json = run(&[&SAMPLE[..], &["--json"]].concat()).json();
    assert_eq!(json["ok"], true);
    assert_eq!(json["files"].as_array().unwrap().len(), 3);
}

#[test]
fn every_problem_of_a_rubric_is_a_finding_with_its_line() {
    let mut rubric = project("rubric.json");
    rubric["criteria"][0]["group"] = "fitt".into();
    rubric["tiers"][0]["at_leats"] = 5.into();
    let name = file("check-broken.json", &serde_json::to_string_pretty(&rubric).unwrap());
    let ran = run(&["check", &name]);
    assert_eq!(ran.code, 1, "{ran:?}");
    for part in ["2 problems", "criteria[0].group", "line ", "unknown_field"] {
        assert!(ran.out.contains(part), "{part}: {ran:?}");
    }
}

#[test]
fn names_that_only_one_of_rubric_and_roster_knows_are_findings() {
    let mut roster = project("sample/roster.json");
    roster["teams"][4]["id"] = "smbs".into();
    roster["reps"][3]["territories"] = serde_json::json!(["dahc"]);
    roster["reps"][4]["capcity"] = serde_json::json!({"per_day": 1});
    let name = file("check-roster.json", &roster.to_string());
    let ran = run(&["check", "rubric.json", "--roster", &name, "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let problems = ran.json()["files"][1]["problems"].clone();
    let found: Vec<String> = problems
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| {
            format!("{} {} {}", problem["path"].as_str().unwrap(), problem["code"].as_str().unwrap(), problem["help"])
        })
        .collect();
    let text = found.join("\n");
    for part in [
        "reps.reto-ammann.capcity unknown_field \"did you mean `capacity`?\"",
        "teams.named-accounts.fallback_team unknown_team",
        "fallback.team unknown_team \"did you mean `smbs`?\"",
        "reps.katharina-vogel.territories unknown_territory \"did you mean `dach`?\"",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn a_file_that_is_not_there_and_wrong_usage_are_bad_input() {
    let ran = run(&["check", "no-such-file.json"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("cannot read no-such-file.json"), "{ran:?}");
    let json = run(&["check", "no-such-file.json", "--json"]);
    assert_eq!((json.code, json.json()["error"]["code"].as_str()), (2, Some("unreadable_file")));
    assert_eq!(run(&["chek"]).code, 2);
    assert_eq!(run(&["--help"]).code, 0);
}

#[test]
fn the_schema_is_the_published_one() {
    let ran = run(&["check", "--schema"]);
    assert_eq!(ran.code, 0);
    assert_eq!(ran.json(), project("rubric.schema.json"));
}

#[test]
fn lint_proves_what_is_unwise_and_shows_a_lead() {
    let mut draft = project("rubric.json");
    let first = draft["routes"][0].clone();
    let mut copy = first.clone();
    copy["id"] = "again".into();
    draft["routes"].as_array_mut().unwrap().insert(1, copy);
    let path = file("shadowed.json", &draft.to_string());
    let ran = run(&["lint", &path, "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let findings = ran.json()["findings"].clone();
    let shadowed = findings.as_array().unwrap().iter().find(|finding| finding["code"] == "shadowed").unwrap();
    assert_eq!(shadowed["path"], "routes[1]");
    let text = run(&["lint", &path]).out;
    assert!(text.contains("routes[1]") && text.contains("(shadowed)"), "{text}");
    let broken = run(&["lint", &file("broken.json", "{\"name\": 3}")]);
    assert_eq!(broken.code, 2, "{broken:?}");
}

#[test]
fn the_shipped_rubric_and_sample_roster_have_no_error() {
    let ran = run(&["lint", "rubric.json", "--roster", "sample/roster.json", "--json"]);
    let json = ran.json();
    let errors: Vec<&serde_json::Value> =
        json["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] == "error").collect();
    assert_eq!(errors, Vec::<&serde_json::Value>::new());
}
