//! What holds for every rubric and every lead.

use crate::rubric_kit::{facts, now, rubric, set};
use crate::rubric_random::{Dice, WORLD, after, lead, open, rubric as random_rubric, value};
use lead_router_core::facts::{FactSource, Facts, FieldSet};
use lead_router_core::rubric::Rubric;
use lead_router_core::rubric::condition::Scope;
use lead_router_core::rubric::model::Effect;
use lead_router_core::rubric::score::{LineState, score};
use lead_router_core::rubric::stability::{Stability, stability};
use serde_json::{Value, json};

const WORLDS: u64 = 1_500;

#[test]
fn every_point_has_a_line_and_the_interval_contains_the_points() {
    for seed in 0..WORLDS {
        let dice = &mut Dice::new(seed);
        let (rubric, facts) = (rubric(&random_rubric(dice)), lead(dice));
        let score = score(&rubric, &facts, now());
        assert_eq!(score.lines.iter().map(|line| line.points).sum::<i32>(), score.points, "seed {seed}");
        assert!(score.low <= score.points && score.points <= score.high, "seed {seed}: {score:?}");
        assert!(score.tier_high <= score.tier && score.tier <= score.tier_low, "seed {seed}: {score:?}");
        let unknown = score.lines.iter().any(|line| matches!(line.state, LineState::Unknown { .. }));
        assert!(unknown || (score.low == score.high && score.confidence_bp == 10_000), "seed {seed}: {score:?}");
        for line in &score.lines {
            assert!(!rubric.line_id(line).is_empty() && !rubric.line_reason(line).is_empty(), "seed {seed}");
        }
    }
}

#[test]
fn the_interval_only_narrows_as_facts_arrive_in_any_order() {
    for seed in 0..WORLDS {
        let dice = &mut Dice::new(seed);
        let (rubric, mut facts) = (rubric(&random_rubric(dice)), lead(dice));
        let mut before = score(&rubric, &facts, now());
        let mut missing: Vec<_> = WORLD
            .iter()
            .filter(|(field, _)| field.source() == FactSource::Provider && facts.value(*field).is_none())
            .collect();
        while !missing.is_empty() {
            let (field, values) = missing.swap_remove(dice.below(missing.len()));
            set(&mut facts, field.path(), value(dice, values));
            let after = score(&rubric, &facts, now());
            assert!(before.low <= after.low && after.high <= before.high, "seed {seed}: {before:?} {after:?}");
            before = after;
        }
        assert_eq!((before.low, before.high), (before.points, before.points), "seed {seed}");
    }
}

#[test]
fn the_order_of_criteria_and_an_unrelated_one_change_nothing() {
    for seed in 0..WORLDS {
        let dice = &mut Dice::new(seed);
        let mut file = random_rubric(dice);
        let facts = lead(dice);
        let first = score(&rubric(&file), &facts, now());
        file["criteria"].as_array_mut().unwrap().reverse();
        let unrelated = json!({"id": "unrelated", "group": "fit", "when": {"signal": "unheard_of"}, "points": 9});
        file["criteria"].as_array_mut().unwrap().push(unrelated);
        let second = score(&rubric(&file), &facts, now());
        let key = |score: &lead_router_core::rubric::score::Score| {
            (score.points, score.low, score.high, score.tier, score.confidence_bp)
        };
        assert_eq!(key(&first), key(&second), "seed {seed}");
    }
}

/// Override, tier, territory and route; `None` where the override leaves nothing to look at.
fn placement(rubric: &Rubric, facts: &Facts) -> (Option<String>, Option<(String, Option<String>, Option<String>)>) {
    let scope = Scope::at(now());
    let over = rubric.first_override(facts, &scope).found;
    let over_id = over.map(|line| line.id.to_string());
    let (fixed_tier, has_place) = match over.map(|line| &line.effect) {
        Some(Effect::Reject) => return (over_id, None),
        Some(Effect::Place { tier, team, .. }) => (tier.clone(), team.is_some()),
        None => (None, false),
    };
    let tier = fixed_tier.unwrap_or_else(|| rubric.tier(score(rubric, facts, now()).tier).id().clone());
    let territory = rubric.territory(facts, &scope).found.map(|territory| territory.id.clone());
    let route = rubric.route(&tier, territory.as_ref(), facts, &scope).found.map(|route| route.id.to_string());
    (over_id, Some((tier.to_string(), territory.map(|id| id.to_string()), if has_place { None } else { route })))
}

#[test]
fn what_is_settled_stays_whatever_is_learned() {
    let mut settled_with_open = 0;
    for seed in 0..WORLDS * 2 {
        let dice = &mut Dice::new(seed);
        let (rubric, facts, open) = (rubric(&random_rubric(dice)), lead(dice), open(dice));
        let expected = placement(&rubric, &facts);
        match stability(&rubric, &facts, open, false, now()) {
            Stability::Yes { reason } => {
                settled_with_open += u64::from(reason != "nothing_open");
                for _ in 0..15 {
                    let later = after(dice, &facts, open);
                    assert_eq!(placement(&rubric, &later), expected, "seed {seed}: {reason}, {later:?}");
                }
            }
            Stability::No { undecided } => {
                assert!(!undecided.is_empty(), "seed {seed}");
                assert_eq!(undecided.intersection(open), undecided, "seed {seed}");
            }
        }
    }
    assert!(settled_with_open > WORLDS / 8, "the property is about something: {settled_with_open}");
}

#[test]
fn what_is_not_settled_can_mostly_change() {
    // Parts of a condition are taken as independent, so some of what is called undecided is not. Not most of it.
    let (mut undecided, mut changed) = (0, 0);
    for seed in 0..WORLDS {
        let dice = &mut Dice::new(seed);
        let (rubric, facts, open) = (rubric(&random_rubric(dice)), lead(dice), open(dice));
        if matches!(stability(&rubric, &facts, open, false, now()), Stability::No { .. }) {
            let expected = placement(&rubric, &facts);
            undecided += 1;
            changed += u64::from((0..200).any(|_| placement(&rubric, &after(dice, &facts, open)) != expected));
        }
    }
    assert!(changed * 10 > undecided * 8, "{changed} of {undecided}");
}

#[test]
fn reasons_for_being_settled_are_named() {
    let mut file = crate::rubric_kit::base();
    file["overrides"]
        .as_array_mut()
        .unwrap()
        .push(json!({"id": "vip", "when": {"fact": "account.named", "equals": true}, "tier": "A", "team": "named"}));
    let rubric = rubric(&file);
    let reason = |known: &[(&str, Value)], open: &[lead_router_core::facts::Field]| match stability(
        &rubric,
        &facts(known),
        open.iter().copied().collect::<FieldSet>(),
        false,
        now(),
    ) {
        Stability::Yes { reason } => reason.to_owned(),
        Stability::No { undecided } => undecided.iter().map(|field| field.path()).collect::<Vec<_>>().join(" "),
    };
    use lead_router_core::facts::Field::{CompanyCountry, CompanyEmployees, CompanyName};
    let country = ("company.country", json!("de"));
    assert_eq!(reason(&[], &[CompanyName]), "nothing_open");
    assert_eq!(reason(&[("account.status", json!("competitor"))], &[CompanyEmployees, CompanyCountry]), "disqualified");
    assert_eq!(reason(&[("account.named", json!(true)), country.clone()], &[CompanyEmployees]), "override");
    assert_eq!(reason(std::slice::from_ref(&country), &[CompanyEmployees]), "company.employees");
    assert_eq!(reason(&[], &[CompanyEmployees, CompanyCountry]), "company.employees company.country");
    let small = [country, ("company.employees", json!(5))];
    assert_eq!(reason(&small, &[]), "nothing_open");
    assert_eq!(reason(&small, &[CompanyCountry]), "company.country", "a known field may be replaced");
}
