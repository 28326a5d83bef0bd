//! Confidence is exact and calibrated.

use crate::rubric_kit::{now, rubric, set};
use crate::rubric_random::Dice;
use lead_router_core::facts::Facts;
use lead_router_core::rubric::Rubric;
use lead_router_core::rubric::score::score;
use serde_json::{Value, json};

/// Provider fields that take numbers or texts: one for each criterion, so that criteria are independent.
const NUMBERS: [&str; 4] = ["company.employees", "company.revenue_usd", "company.founded_year", "company.funding_usd"];
const TEXTS: [&str; 5] =
    ["person.seniority", "person.function", "company.industry", "company.country", "company.region"];

/// One criterion of an independent world: its field, and its possible values with their probabilities.
struct Unknown {
    path: &'static str,
    values: Vec<(Value, f64)>,
}

fn points(dice: &mut Dice) -> i64 {
    dice.below(36) as i64 - 10
}

/// A rubric in which each criterion reads a field of its own, and what the fields can be.
fn independent_world(dice: &mut Dice) -> (Value, Vec<Unknown>) {
    let mut criteria = Vec::new();
    let mut unknowns = Vec::new();
    for path in NUMBERS {
        // Three bands and "none": thresholds 30, 20, 10.
        let rates = [dice.share() / 3.0, dice.share() / 3.0, dice.share() / 3.0];
        let bands: Vec<_> = [30, 20, 10]
            .iter()
            .zip(rates)
            .map(|(least, rate)| json!({"when": {"fact": path, "at_least": least}, "points": points(dice), "base_rate": rate}))
            .collect();
        criteria.push(json!({"id": path, "group": *dice.pick(&["a", "b", "c"]), "bands": bands}));
        let values = [35, 25, 15, 5].map(|value| json!(value)).into_iter();
        let none = 1.0 - rates.iter().sum::<f64>();
        unknowns.push(Unknown { path, values: values.zip(rates.into_iter().chain([none])).collect() });
    }
    for path in TEXTS {
        let rate = dice.share();
        let when = json!({"fact": path, "equals": "x"});
        criteria.push(json!({"id": path, "group": *dice.pick(&["a", "b", "c"]), "when": when, "points": points(dice), "base_rate": rate}));
        unknowns.push(Unknown { path, values: vec![(json!("x"), rate), (json!("y"), 1.0 - rate)] });
    }
    let file = json!({
        "name": "independent",
        "groups": {"a": {"max": 25, "min": -8}, "b": {"max": 20}, "c": {}},
        "criteria": criteria,
        "tiers": [
            {"id": "A", "at_least": 40, "sla_minutes": 5},
            {"id": "B", "at_least": 25, "sla_minutes": 5},
            {"id": "C", "at_least": 5, "sla_minutes": 5},
            {"id": "D", "sla_minutes": 5}
        ],
        "fallback": {"team": "desk"}
    });
    (file, unknowns)
}

/// Probability that the tier is `tier`, by going through every combination.
fn enumerated(rubric: &Rubric, facts: &Facts, unknowns: &[Unknown], tier: usize) -> f64 {
    let Some((first, rest)) = unknowns.split_first() else {
        return f64::from(u8::from(score(rubric, facts, now()).tier == tier));
    };
    let branch = |(value, probability): &(Value, f64)| {
        let mut facts = facts.clone();
        set(&mut facts, first.path, value.clone());
        probability * enumerated(rubric, &facts, rest, tier)
    };
    first.values.iter().map(branch).sum()
}

/// Draws one value of each.
fn draw(dice: &mut Dice, facts: &mut Facts, unknowns: &[Unknown]) {
    for unknown in unknowns {
        let mut left = dice.share();
        let drawn = unknown.values.iter().find(|(_, probability)| {
            left -= probability;
            left < 0.0
        });
        let (value, _) = drawn.unwrap_or(&unknown.values[unknown.values.len() - 1]);
        set(facts, unknown.path, value.clone());
    }
}

/// A world with some of its fields already known: rubric, facts, and what is left.
fn half_known(dice: &mut Dice, unknown: usize) -> (Rubric, Facts, Vec<Unknown>) {
    let (file, mut unknowns) = independent_world(dice);
    let mut facts = Facts::default();
    while unknowns.len() > unknown {
        let known = unknowns.swap_remove(dice.below(unknowns.len()));
        draw(dice, &mut facts, &[known]);
    }
    (rubric(&file), facts, unknowns)
}

#[test]
fn confidence_equals_the_sum_over_every_combination() {
    let mut uncertain = 0;
    for seed in 0..120 {
        let dice = &mut Dice::new(seed);
        let unknown = dice.below(6);
        let (rubric, facts, unknowns) = half_known(dice, unknown);
        let score = score(&rubric, &facts, now());
        let exact = enumerated(&rubric, &facts, &unknowns, score.tier);
        let stated = f64::from(score.confidence_bp) / 10_000.0;
        assert!((stated - exact).abs() <= 0.000_05 + 1e-9, "seed {seed}: {stated} {exact}");
        uncertain += u32::from(score.confidence_bp < 10_000);
    }
    assert!(uncertain > 60, "{uncertain}");
}

#[test]
fn of_all_leads_with_a_stated_confidence_that_share_keeps_its_tier() {
    // By tenths of stated confidence: stated, kept, leads.
    let mut tenths = [(0.0, 0.0, 0.0); 10];
    for seed in 0..3_000 {
        let dice = &mut Dice::new(seed);
        let unknown = 1 + dice.below(8);
        let (rubric, facts, unknowns) = half_known(dice, unknown);
        let now_score = score(&rubric, &facts, now());
        for _ in 0..20 {
            let mut later = facts.clone();
            draw(dice, &mut later, &unknowns);
            let kept = score(&rubric, &later, now()).tier == now_score.tier;
            let tenth = &mut tenths[usize::from(now_score.confidence_bp / 1_001)];
            tenth.0 += f64::from(now_score.confidence_bp) / 10_000.0;
            tenth.1 += f64::from(u8::from(kept));
            tenth.2 += 1.0;
        }
    }
    let sums = tenths.iter().fold((0.0, 0.0, 0.0), |sum, t| (sum.0 + t.0, sum.1 + t.1, sum.2 + t.2));
    assert!(((sums.0 - sums.1) / sums.2).abs() < 0.005, "{tenths:?}");
    for (stated, kept, leads) in tenths {
        // Fewer leads than this have an error of chance above 0.02.
        assert!(leads < 2_500.0 || ((stated - kept) / leads).abs() < 0.02, "{tenths:?}");
    }
}

fn single(base_rates: &[Option<f64>], known: &[(&str, Value)]) -> u16 {
    let bands: Vec<_> = [30, 20, 10]
        .iter()
        .zip(base_rates)
        .map(|(least, rate)| {
            let mut band = json!({"when": {"fact": "company.employees", "at_least": least}, "points": least});
            if let Some(rate) = rate {
                band["base_rate"] = json!(rate);
            }
            band
        })
        .collect();
    let file = json!({
        "name": "single", "groups": {"g": {}}, "criteria": [{"id": "c", "group": "g", "bands": bands}],
        "tiers": [{"id": "A", "at_least": 20, "sla_minutes": 5}, {"id": "B", "sla_minutes": 5}],
        "fallback": {"team": "desk"}
    });
    score(&rubric(&file), &crate::rubric_kit::facts(known), now()).confidence_bp
}

#[test]
fn base_rates_that_are_left_out_share_what_is_left_evenly_with_no_band() {
    assert_eq!(single(&[Some(0.1), Some(0.2), Some(0.3)], &[]), 7_000);
    assert_eq!(single(&[None, None, None], &[]), 5_000);
    assert_eq!(single(&[Some(0.4), None, None], &[]), 4_000, "0.6 / 3 for each band and for none");
    assert_eq!(single(&[Some(0.0), Some(0.0), Some(1.0)], &[]), 10_000);
    assert_eq!(single(&[Some(0.0), Some(1.0), Some(0.0)], &[]), 0, "the tier of what is known will not stand");
    assert_eq!(single(&[None, None, None], &[("company.employees", json!(5))]), 10_000);
}

#[test]
fn outcomes_that_are_ruled_out_leave_their_share_to_the_others() {
    // The first band is false for lack of a form, the second unknown, the third true.
    let band = |when: Value, points, rate| json!({"when": when, "points": points, "base_rate": rate});
    let file = json!({
        "name": "ruled-out", "groups": {"g": {}},
        "criteria": [{"id": "c", "group": "g", "bands": [
            band(json!({"fact": "lead.form", "known": true}), 50, 0.5),
            band(json!({"fact": "company.employees", "at_least": 5}), 40, 0.1),
            band(json!({"fact": "lead.source", "equals": "web"}), 10, 0.3),
            band(json!({"fact": "lead.partner", "known": true}), 5, 0.1)
        ]}],
        "tiers": [{"id": "A", "at_least": 20, "sla_minutes": 5}, {"id": "B", "sla_minutes": 5}],
        "fallback": {"team": "desk"}
    });
    let score = score(&rubric(&file), &crate::rubric_kit::facts(&[("lead.source", json!("web"))]), now());
    assert_eq!((score.points, score.low, score.high), (10, 10, 40), "ten points are certain");
    assert_eq!(score.confidence_bp, 7_500, "0.3 of 0.1 + 0.3");
}

#[test]
fn a_thousand_unknown_criteria_are_no_obstacle() {
    let criterion = |i: usize| {
        let when = json!({"fact": "company.name", "equals": format!("company {i}")});
        json!({"id": format!("c{i}"), "group": if i.is_multiple_of(2) { "a" } else { "b" }, "when": when, "points": i % 900 + 1})
    };
    let file = json!({
        "name": "wide", "groups": {"a": {"max": 500}, "b": {}},
        "criteria": (0..1_000).map(criterion).collect::<Vec<_>>(),
        "tiers": [{"id": "A", "at_least": 900, "sla_minutes": 5}, {"id": "B", "sla_minutes": 5}],
        "fallback": {"team": "desk"}
    });
    let score = score(&rubric(&file), &Facts::default(), now());
    assert_eq!((score.points, score.confidence_bp), (0, 0));
}
