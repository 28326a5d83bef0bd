//! `simulate`, `backtest` and `fit` as a person runs them.

use crate::kit::{file, project, run};
use serde_json::{Value, json};
use std::fmt::Write as _;

const SIMULATE: [&str; 9] =
    ["simulate", "--roster", "sample/roster.json", "--days", "7", "--per-day", "30", "--start", "2026-11-16T00:00:00Z"];

#[test]
fn a_week_is_simulated_the_same_for_the_same_seed_and_every_lead_is_accounted_for() {
    let ran = run(&[&SIMULATE[..], &["--json"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.out, run(&[&SIMULATE[..], &["--json"]].concat()).out);
    let report = ran.json()["report"].clone();
    let number = |value: &Value| value.as_u64().unwrap();
    let ended = number(&report["assigned"]) + number(&report["rejected"]) + number(&report["still_held"]);
    assert_eq!(ended, number(&report["leads"]));
    assert!((120..300).contains(&ended), "{ended}");
    let got: u64 = report["reps"].as_object().unwrap().values().map(|rep| number(&rep["got"])).sum();
    assert_eq!(got, number(&report["assigned"]));
    for team in report["teams"].as_object().unwrap().values() {
        assert!(team["gap_max_units"].as_i64() <= team["bound_units"].as_i64(), "{team}");
    }
    // Who holds 200 leads and ignores them gets hardly any by turn.
    let turns = |rep: &str| number(&report["reps"][rep]["by_turn"]);
    assert!(turns("dana-whitfield") * 5 <= turns("luis-carvalho"), "{report}");
}

#[test]
fn another_seed_is_another_week() {
    let one = run(&[&SIMULATE[..], &["--json", "--seed", "1"]].concat());
    let other = run(&[&SIMULATE[..], &["--json", "--seed", "2"]].concat());
    assert_ne!(one.json()["report"], other.json()["report"]);
}

#[test]
fn charts_and_a_comparison_are_made_on_demand() {
    let svg = file("charts.svg", "");
    let ran = run(&[&SIMULATE[..], &["--svg", &svg, "--compare", "round_robin"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("same leads and response times") && ran.out.contains("round_robin"), "{}", ran.out);
    let drawing = std::fs::read_to_string(&svg).unwrap();
    assert!(drawing.starts_with("<svg ") && drawing.trim_end().ends_with("</svg>"));
    assert!(drawing.contains("Luis Carvalho") && drawing.contains("2026-11-18"));
    assert_eq!(run(&[&SIMULATE[..], &["--compare", "fairest"]].concat()).code, 2);
}

const PAST: &str = "email,company.employees,company.country,form,received_at,owner_rep_id\n\
    a@one.example,700,DE,demo,2026-11-16T09:00:00Z,\n\
    b@two.example,30,US,demo,2026-11-16T10:00:00Z,\n\
    c@three.example,9000,FR,contact,2026-11-17T09:00:00Z,jonas-weidmann\n\
    not-an-address,10,US,demo,2026-11-17T10:00:00Z,\n";

#[test]
fn a_backtest_says_which_leads_move_and_who_would_have_them() {
    let mut draft = project("rubric.json");
    draft["tiers"][1]["at_least"] = 20.into();
    let (draft, past) = (file("draft.json", &draft.to_string()), file("past.csv", PAST));
    let args = ["backtest", "rubric.json", &draft, &past, "--roster", "sample/roster.json"];
    let ran = run(&[&args[..], &["--json"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("line 5") && ran.err.contains("email"), "{ran:?}");
    let json = ran.json();
    assert_eq!((&json["comparison"]["leads"], &json["comparison"]["moved"]), (&json!(3), &json!(1)));
    assert_eq!(json["comparison"]["tiers"], json!({"B": {"B": 2}, "C": {"B": 1}}));
    assert_eq!(json["simulated"]["old"]["reps"]["jonas-weidmann"]["got"], 1);
    let text = run(&args).out;
    assert!(text.contains("1 of 3 leads change") && text.contains("line 3"), "{text}");
}

#[test]
fn the_same_rubric_moves_nothing() {
    let ran = run(&["backtest", "rubric.json", "rubric.json", &file("past-same.csv", PAST), "--json"]);
    assert_eq!(ran.json()["comparison"]["moved"], 0);
    assert_eq!(ran.json()["simulated"], Value::Null);
}

/// Leads that are won by size and source, with a little noise; ids and dates besides.
fn outcomes(rows: u32) -> String {
    let mut text = String::from("id,email,employees,source,day,outcome\n");
    for row in 0..rows {
        let (size, source) = ([3, 60, 800][row as usize % 3], ["web", "event"][row as usize / 3 % 2]);
        let is_won = (size == 800) != (row % 11 == 0) && (source == "event" || row % 4 == 0);
        let outcome = if row % 17 == 0 {
            ""
        } else if is_won {
            "won"
        } else {
            "lost"
        };
        let _ =
            writeln!(text, "{row},p{row}@c{row}.example,{size},{source},2026-0{}-1{},{outcome}", 1 + row % 9, row % 10);
    }
    text
}

#[test]
fn a_fit_proposes_a_rubric_that_passes_the_check() {
    let (past, out) = (file("outcomes.csv", &outcomes(600)), file("fitted.json", ""));
    let ran = run(&["fit", &past, "--outcome", "outcome", "--out", &out, "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let json = ran.json();
    assert!(json["auc"]["model"]["value"].as_f64() > Some(0.85), "{}", json["auc"]);
    // The two columns act nearly independently here, so naive Bayes is as good: the model must not be worse beyond chance.
    assert!(json["auc"]["gain"]["high"].as_f64() > Some(0.0), "{}", json["auc"]);
    assert_eq!(json["columns"], json!(["employees", "source"]));
    assert_eq!(json["not_closed"], 36);
    assert_eq!(json["left_out"].as_array().unwrap().len(), 3);
    assert_eq!(run(&["check", &out]).code, 0);
    let text = run(&["fit", &past, "--outcome", "outcome", "--no-pairs"]).out;
    for part in ["naive Bayes", "lift and calibration", "employees = 800", "proposed rubric"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn a_rubrics_own_criteria_are_weighed() {
    let past = file("outcomes-rubric.csv", &outcomes(600).replace("employees", "company.employees"));
    let out = file("refitted.json", "");
    let ran = run(&["fit", &past, "--outcome", "outcome", "--rubric", "rubric.json", "--out", &out, "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let bands = ran.json()["rubric"]["criteria"][0]["bands"].clone();
    let points = |band: usize| bands[band]["points"].as_i64().unwrap();
    assert!(points(2) > points(3) && points(2) > 0, "{bands}");
    assert_eq!(run(&["check", &out, "--roster", "sample/roster.json"]).code, 0);
}

#[test]
fn too_little_data_and_unclear_outcomes_are_said_to_be_so() {
    let small = run(&["fit", &file("small.csv", &outcomes(60)), "--outcome", "outcome"]);
    assert_eq!(small.code, 1, "{small:?}");
    assert!(small.out.contains("at least 50 of each"), "{small:?}");
    let text = outcomes(60).replace("won", "signed");
    let past = file("unclear.csv", &text);
    let unclear = run(&["fit", &past, "--outcome", "outcome"]);
    assert_eq!(unclear.code, 2);
    assert!(unclear.err.contains("signed") && unclear.err.contains("--won-when"), "{unclear:?}");
    assert_eq!(run(&["fit", &past, "--outcome", "outcome", "--won-when", "signed"]).code, 1);
    let missing = run(&["fit", &past, "--outcome", "outcom"]);
    assert!(missing.code == 2 && missing.err.contains("did you mean `outcome`?"), "{missing:?}");
}
