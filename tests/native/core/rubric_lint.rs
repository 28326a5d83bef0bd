//! What lint finds is certain, has a witness, and is found in every kind of line.

use crate::rubric_kit::{base, facts, now, rubric, shipped};
use crate::rubric_random::{Dice, lead, rubric as random_rubric};
use lead_router_core::facts::{FactValue, Facts};
use lead_router_core::roster::model::{Pool, Rep, Team};
use lead_router_core::rubric::Rubric;
use lead_router_core::rubric::condition::{Scope, Truth};
use lead_router_core::rubric::lint::{LintFinding, Severity, Witness, lint};
use lead_router_core::rubric::score::{LineRule, LineState, score};
use serde_json::{Value, json};

fn pool(roster: &Value) -> Pool {
    let teams: Vec<Team> = serde_json::from_value(roster["teams"].clone()).unwrap();
    let reps: Vec<Rep> = serde_json::from_value(roster["reps"].clone()).unwrap();
    Pool {
        teams: teams.into_iter().map(|team| (team.id.clone(), team)).collect(),
        reps: reps.into_iter().map(|rep| (rep.id.clone(), rep)).collect(),
        ..Pool::default()
    }
}

fn sample_pool() -> Pool {
    pool(&serde_json::from_str(include_str!("../../../sample/roster.json")).unwrap())
}

/// Path and code of every finding but `correlated`, which small rubrics have all the time.
fn codes(findings: &[LintFinding]) -> Vec<String> {
    findings
        .iter()
        .filter(|finding| finding.code != "correlated")
        .map(|finding| format!("{} {}", finding.path, finding.code))
        .collect()
}

/// The findings of the base rubric after one change.
fn with(pointer: &str, value: Value) -> Vec<LintFinding> {
    let mut file = base();
    *file.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
    lint(&rubric(&file), None)
}

#[test]
fn the_rubric_and_the_roster_that_come_with_the_project_are_sound() {
    let findings = lint(&shipped(), Some(&sample_pool()));
    let serious: Vec<_> = findings.iter().filter(|finding| finding.severity != Severity::Note).collect();
    assert!(serious.is_empty(), "{serious:#?}");
    assert!(findings.iter().all(|finding| finding.code != "undecided"), "{findings:#?}");
}

#[test]
fn the_base_rubric_has_no_findings() {
    assert_eq!(codes(&lint(&rubric(&base()), None)), Vec::<String>::new());
}

#[test]
fn a_condition_that_no_lead_can_meet_is_found() {
    for when in [
        json!({"all": [{"fact": "company.employees", "at_least": 100}, {"fact": "company.employees", "at_most": 99}]}),
        json!({"all": [{"fact": "lead.form", "equals": "demo"}, {"not": {"fact": "lead.form", "starts_with": ["de"]}}]}),
        json!({"all": [{"fact": "lead.message", "has_any": ["vp sales"]}, {"not": {"fact": "lead.message", "has_any": ["vp"]}}]}),
        json!({"all": [{"fact": "company.country", "known": false}, {"fact": "company.country", "equals": "de"}]}),
        json!({"all": [{"signal": "visit", "within_days": 3}, {"not": {"signal": "visit", "within_days": 30}}]}),
        json!({"all": [{"fact": "lead.fields.seats", "at_least": 10}, {"fact": "lead.fields.seats", "equals": "many"}]}),
        json!({"fact": "lead.email_kind", "equals": "corporate"}),
        json!({"fact": "company.country", "in": ["germany"]}),
        json!({"fact": "account.status", "equals": "client"}),
        json!({"all": [{"fact": "company.technologies", "has_any": ["sap", "hubspot"]}, {"not": {"fact": "company.technologies", "has_any": ["sap"]}}, {"not": {"fact": "company.technologies", "has_any": ["hubspot"]}}]}),
    ] {
        let mut file = base();
        file["criteria"].as_array_mut().unwrap().push(json!({"id": "x", "group": "intent", "points": 1, "when": when}));
        assert_eq!(codes(&lint(&rubric(&file), None)), ["criteria[1].when never_true"], "{when}");
    }
}

#[test]
fn a_condition_that_some_lead_meets_is_left_alone() {
    for when in [
        json!({"all": [{"fact": "company.employees", "at_least": 100}, {"fact": "company.employees", "at_most": 100}]}),
        json!({"all": [{"fact": "lead.message", "has_any": ["vp"]}, {"not": {"fact": "lead.message", "has_any": ["vp sales"]}}]}),
        json!({"all": [{"fact": "lead.message", "has_any": ["vp sales"]}, {"fact": "lead.message", "has_any": ["sales vp"]}, {"fact": "lead.message", "starts_with": ["dear"]}]}),
        json!({"all": [{"not": {"signal": "visit", "within_days": 3}}, {"signal": "visit", "within_days": 30}]}),
        json!({"all": [{"fact": "company.technologies", "has_any": ["sap"]}, {"not": {"fact": "company.technologies", "has_any": ["hubspot"]}}]}),
        json!({"all": [{"fact": "lead.postal_code", "starts_with": ["10", "2"]}, {"not": {"fact": "lead.postal_code", "starts_with": ["1"]}}]}),
        json!({"all": [{"fact": "lead.fields.seats", "at_least": 10}, {"not": {"fact": "lead.fields.seats", "equals": "10"}}]}),
    ] {
        let mut file = base();
        file["criteria"].as_array_mut().unwrap().push(json!({"id": "x", "group": "intent", "points": 1, "when": when}));
        assert_eq!(codes(&lint(&rubric(&file), None)), Vec::<String>::new(), "{when}");
    }
}

#[test]
fn a_line_that_an_earlier_one_always_beats_is_found_with_a_witness() {
    let employees = |least: i64| json!({"fact": "company.employees", "at_least": least});
    let bands = json!([{"id": "size", "group": "fit", "bands": [
        {"when": employees(50), "points": 20}, {"when": employees(500), "points": 30}
    ]}]);
    let findings = with("/criteria", bands);
    assert_eq!(codes(&findings), ["criteria[0].bands[1] shadowed"]);
    let witness = findings[0].witness.clone().unwrap();
    assert_eq!(witness, Witness::from([("company.employees".to_owned(), FactValue::Number(500))]));

    let overrides = json!([
        {"id": "rival", "when": {"any": [{"fact": "account.status", "equals": "competitor"}, employees(10)]}, "reject": true},
        {"id": "large", "when": {"all": [employees(5000), {"fact": "lead.form", "equals": "demo"}]}, "tier": "A"}
    ]);
    assert_eq!(codes(&with("/overrides", overrides)), ["overrides[1] shadowed"]);

    let country = |codes: &[&str]| json!({"fact": "company.country", "in": codes});
    let territories = json!([
        {"id": "emea", "when": country(&["de"])},
        {"id": "europe", "priority": 5, "when": country(&["de", "fr", "it"])}
    ]);
    assert_eq!(codes(&with("/territories", territories)), ["territories[0] shadowed", "routes[0] shadowed"]);

    let routes = json!([
        {"id": "a", "when": employees(10), "team": "x"},
        {"id": "b", "tiers": ["A"], "when": employees(20), "team": "y"},
        {"id": "c", "tiers": ["A"], "team": "z"},
        {"id": "d", "tiers": ["A"], "territories": ["emea"], "team": "z"}
    ]);
    assert_eq!(codes(&with("/routes", routes)), ["routes[1] shadowed", "routes[3] shadowed"]);
}

#[test]
fn several_earlier_lines_together_can_shadow_one() {
    let overrides = json!([
        {"id": "small", "when": {"fact": "company.employees", "at_most": 100}, "tier": "B"},
        {"id": "large", "when": {"fact": "company.employees", "at_least": 101}, "tier": "A"},
        {"id": "sized", "when": {"fact": "company.employees", "known": true}, "team": "x"},
        {"id": "unsized", "when": {"fact": "company.employees", "known": false}, "team": "x"}
    ]);
    assert_eq!(codes(&with("/overrides", overrides)), ["overrides[2] shadowed"]);
}

#[test]
fn territories_of_one_rank_that_overlap_are_found_and_ranked_ones_are_not() {
    let territory = |id: &str, codes: &[&str], priority: i64| json!({"id": id, "priority": priority, "when": {"fact": "company.country", "in": codes}});
    let overlapping = json!([territory("emea", &["de", "fr"], 0), territory("dach", &["de", "at"], 0)]);
    let findings = with("/territories", overlapping);
    assert_eq!(codes(&findings), ["territories[1] overlap"]);
    let witness = findings[0].witness.clone().unwrap();
    assert_eq!(witness, Witness::from([("company.country".to_owned(), FactValue::Text("de".to_owned()))]));
    let ranked = json!([territory("emea", &["de", "fr"], 0), territory("dach", &["de", "at"], 1)]);
    assert_eq!(codes(&with("/territories", ranked)), Vec::<String>::new());
    let covered = json!([
        territory("emea", &["de", "fr"], 0),
        territory("dach", &["de", "at"], 0),
        territory("germany", &["de"], 1)
    ]);
    assert_eq!(codes(&with("/territories", covered)), Vec::<String>::new(), "a higher one holds the overlap");
}

#[test]
fn tiers_that_no_score_or_every_score_reaches_are_found() {
    let tiers = |first: i64, second: i64| {
        json!([
            {"id": "A", "at_least": first, "sla_minutes": 5},
            {"id": "S", "at_least": second, "sla_minutes": 5},
            {"id": "B", "sla_minutes": 60}
        ])
    };
    assert_eq!(codes(&with("/tiers", tiers(21, 20))), ["tiers[0] unreachable_tier"]);
    assert_eq!(codes(&with("/tiers", tiers(20, 10))), ["tiers[1] unreachable_tier"], "0 or 20 points, nothing between");
    assert_eq!(codes(&with("/tiers", tiers(20, 0))), ["tiers[1] automatic_tier"]);
    assert_eq!(codes(&with("/groups/fit", json!({"max": 19}))), ["tiers[0] unreachable_tier"]);
}

#[test]
fn points_that_exclude_one_another_are_not_added_up() {
    let employees = |least: i64, most: i64| json!({"fact": "company.employees", "at_least": least, "at_most": most});
    let criteria = json!([
        {"id": "small", "group": "fit", "when": employees(1, 9), "points": 15},
        {"id": "large", "group": "fit", "when": employees(10, 99), "points": 15}
    ]);
    let found = with("/criteria", criteria);
    assert_eq!(codes(&found), ["tiers[0] unreachable_tier"], "never 30");
    assert_eq!(found[0].code, "correlated");
}

#[test]
fn fading_points_reach_every_step_of_their_way() {
    let fading = |within: Option<u32>| {
        let mut when = json!({"signal": "visit"});
        if let Some(days) = within {
            when["within_days"] = json!(days);
        }
        let criteria = json!([{"id": "visit", "group": "fit", "when": when, "points": 30, "half_life_days": 10}]);
        let mut file = base();
        file["criteria"] = criteria;
        file["tiers"] = json!([
            {"id": "A", "at_least": 14, "sla_minutes": 5},
            {"id": "S", "at_least": 1, "sla_minutes": 5},
            {"id": "B", "sla_minutes": 60}
        ]);
        codes(&lint(&rubric(&file), None))
    };
    assert_eq!(fading(None), Vec::<String>::new());
    assert_eq!(fading(Some(10)), ["tiers[1] unreachable_tier"], "15 points are left after ten days");
}

#[test]
fn a_question_that_is_too_large_is_said_to_be_open() {
    // Thirty signals make 3^30 combinations, and no single one decides.
    let any = |i: usize| json!({"any": [{"signal": format!("a{i}"), "within_days": 3}, {"signal": format!("b{i}")}]});
    let parts: Vec<_> = (0..15)
        .map(any)
        .chain([json!({"fact": "lead.form", "equals": "x"}), json!({"fact": "lead.form", "equals": "y"})])
        .collect();
    let found = with("/criteria/0/when", json!({"all": parts}));
    assert!(codes(&found).contains(&"criteria[0] undecided".to_owned()), "{found:#?}");
}

fn roster(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut roster = json!({
        "teams": [
            {"id": "field", "members": [{"rep_id": "ann"}, {"rep_id": "bob"}]},
            {"id": "desk", "members": [{"rep_id": "cat"}]}
        ],
        "reps": [{"id": "ann"}, {"id": "bob"}, {"id": "cat"}]
    });
    change(&mut roster);
    codes(&lint(&rubric(&base()), Some(&pool(&roster))))
}

#[test]
fn a_roster_that_does_not_fit_is_found() {
    let office = json!([{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}]);
    assert_eq!(roster(|_| {}), Vec::<String>::new());
    assert_eq!(
        roster(|r| r["teams"][0]["id"] = json!("fields")),
        ["routes[0].team unknown_team", "teams.fields unused_team", "reps.ann never_picked", "reps.bob never_picked"]
    );
    assert_eq!(
        roster(|r| r["teams"][0]["members"] = json!([])),
        ["teams.field empty_team", "reps.ann never_picked", "reps.bob never_picked"]
    );
    assert_eq!(
        roster(|r| r["reps"][2]["active"] = json!(false)),
        ["teams.desk empty_team", "fallback.team no_catch_all"]
    );
    assert_eq!(
        roster(|r| r["teams"][1]["members"][0]["weight"] = json!(0)),
        ["teams.desk empty_team", "fallback.team no_catch_all", "reps.cat never_picked"]
    );
    assert_eq!(roster(|r| r["reps"][0]["capacity"] = json!({"per_day": 0})), ["reps.ann never_picked"]);
    assert_eq!(
        roster(|r| r["reps"][0]["territories"] = json!(["emae"])),
        ["reps.ann unknown_territory", "reps.ann never_picked"]
    );
    assert_eq!(roster(|r| r["reps"][0]["territories"] = json!(["emea"])), Vec::<String>::new());
    assert_eq!(roster(|r| r["reps"][2]["hours"] = office.clone()), ["teams.desk sla_gap"]);
    assert_eq!(
        roster(|r| r["reps"][0]["hours"] = office.clone()),
        Vec::<String>::new(),
        "bob is there around the clock"
    );
}

#[test]
fn the_longest_gap_of_a_team_is_named_with_its_start() {
    let mut file: Value = serde_json::from_str(
        r#"{"teams": [{"id": "field", "members": [{"rep_id": "ann"}]}, {"id": "desk", "members": [{"rep_id": "cat"}]}],
        "reps": [{"id": "ann"}, {"id": "cat"}]}"#,
    )
    .unwrap();
    file["reps"][1]["hours"] = json!([{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}]);
    let findings = lint(&rubric(&base()), Some(&pool(&file)));
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert!(findings[0].message.contains("up to 64 h 0 min (from Friday 17:00 UTC"), "{}", findings[0].message);
}

/// The facts of a witness.
fn of_witness(witness: &Witness) -> Facts {
    let mut lead = Facts::default();
    for (path, value) in witness {
        match path.strip_prefix("signal.") {
            Some(name) => lead = crate::rubric_kit::with_signal(lead, name, value.as_number().unwrap()),
            None => crate::rubric_kit::set(&mut lead, path, serde_json::to_value(value).unwrap()),
        }
    }
    lead
}

/// Whether this lead makes a line do what the finding says it never does.
fn contradicts(rubric: &Rubric, finding: &LintFinding, lead: &Facts) -> bool {
    let scope = Scope::at(now());
    let part = |n: usize| finding.path.split(['[', ']']).nth(n).and_then(|part| part.parse::<usize>().ok());
    let (section, index) = (finding.path.split(['[', '.']).next().unwrap(), part(1));
    let score = score(rubric, lead, now());
    let band = part(3);
    match (section, finding.code) {
        ("criteria", "never_true" | "shadowed") => score.lines.iter().any(|line| {
            let counted = matches!(line.rule, LineRule::Criterion { criterion, outcome }
                if Some(criterion) == index && outcome == band.unwrap_or(0));
            counted && line.state == LineState::Counted
        }),
        ("overrides", "never_true" | "shadowed") => {
            let found = rubric.first_override(lead, &scope).found;
            found.is_some_and(|line| line.id == rubric.overrides()[index.unwrap()].id)
        }
        ("territories", "never_true" | "shadowed") => {
            let found = rubric.territory(lead, &scope).found;
            found.is_some_and(|line| line.id == rubric.territories()[index.unwrap()].id)
        }
        ("routes", "never_true" | "shadowed") => {
            let territory = rubric.territory(lead, &scope).found.map(|territory| &territory.id);
            rubric.tiers().any(|tier| {
                let found = rubric.route(tier.id(), territory, lead, &scope).found;
                found.is_some_and(|line| line.id == rubric.routes()[index.unwrap()].id)
            })
        }
        ("tiers", "unreachable_tier") => Some(score.tier) == index,
        ("tiers", "automatic_tier") => score.tier > index.unwrap(),
        _ => false,
    }
}

#[test]
fn no_lead_contradicts_a_finding_and_witnesses_show_what_they_claim() {
    let mut checked = 0;
    for seed in 0..250 {
        let dice = &mut Dice::new(seed);
        let rubric = rubric(&random_rubric(dice));
        let findings = lint(&rubric, None);
        let leads: Vec<_> = (0..150).map(|_| lead(dice)).collect();
        for finding in &findings {
            let witness = finding.witness.as_ref().map(of_witness);
            for lead in leads.iter().chain(&witness) {
                assert!(!contradicts(&rubric, finding, lead), "seed {seed}: {finding:#?} {lead:#?}");
            }
            checked += 1;
            let Some(witness) = witness else { continue };
            let index = finding.path.split(['[', ']']).nth(1).unwrap().parse::<usize>().unwrap();
            let when = match finding.path.split('[').next() {
                Some("overrides") => Some(&rubric.overrides()[index].when),
                Some("territories") => Some(&rubric.territories()[index].when),
                Some("routes") => rubric.routes()[index].when.as_ref(),
                _ => None,
            };
            assert!(
                when.is_none_or(|when| when.eval(&witness, &Scope::at(now())) == Truth::True),
                "seed {seed}: {finding:#?}"
            );
        }
    }
    assert!(checked > 200, "{checked}");
}

#[test]
fn a_line_without_a_finding_does_decide_for_some_lead() {
    let (mut quiet, mut seen) = (0, 0);
    for seed in 0..150 {
        let dice = &mut Dice::new(seed);
        let rubric = rubric(&random_rubric(dice));
        let findings = lint(&rubric, None);
        let leads: Vec<_> = (0..800).map(|_| lead(dice)).collect();
        let scope = Scope::at(now());
        for (index, line) in rubric.overrides().iter().enumerate() {
            if findings.iter().any(|finding| finding.path.starts_with(&format!("overrides[{index}]"))) {
                continue;
            }
            quiet += 1;
            let decides =
                |lead: &Facts| rubric.first_override(lead, &scope).found.is_some_and(|found| found.id == line.id);
            seen += u32::from(leads.iter().any(decides));
        }
    }
    assert!(quiet > 50 && seen * 100 >= quiet * 95, "{seen} of {quiet}");
}

#[test]
fn facts_of_a_lead_serialise_beside_a_finding() {
    let findings =
        with("/tiers", json!([{"id": "A", "at_least": -5, "sla_minutes": 5}, {"id": "B", "sla_minutes": 60}]));
    let text = serde_json::to_string(&findings).unwrap();
    assert!(text.contains(r#""code":"automatic_tier","severity":"warning","path":"tiers[0]""#), "{text}");
    assert_eq!(of_witness(&Witness::new()), facts(&[]));
}
