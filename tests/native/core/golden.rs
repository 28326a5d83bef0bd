//! Golden scenarios: business situations as data files, each with what must come of it.
//!
//! Besides what a file expects, every scenario must hold what holds always: points that add up, a score inside its
//! range, a decision that does not depend on the order of the roster, and a record that replays to itself.

use crate::golden_kit::{Expect, Made, Scenario, World};
use lead_router_core::decision::record::Decision;
use lead_router_core::decision::replay::replay;
use lead_router_core::roster::model::PickOutcome;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

const FOLDER: &str = concat!(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."), "/tests/golden/routing");

fn scenarios() -> Vec<(String, Scenario)> {
    let mut found: Vec<(String, Scenario)> = std::fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let scenario = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, scenario)
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

#[test]
fn every_situation_ends_as_it_should() {
    let mut failures = Vec::new();
    for (name, scenario) in scenarios() {
        let mut world = World::new(&scenario);
        world.live(&scenario);
        let made = world.decide_scenario(&scenario);
        let mut found = world.failures.clone();
        found.extend(compare(&scenario.expect, &made));
        found.extend(always(&made));
        found.extend(replays(&world, &made));
        let mut reversed = World::new(&scenario);
        reversed.reverse();
        reversed.live(&scenario);
        if reversed.decide_scenario(&scenario).decision != made.decision {
            found.push("the decision depends on the order of the roster".to_owned());
        }
        failures.extend(found.into_iter().map(|failure| format!("{name}: {failure}")));
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn there_are_enough_situations_and_each_is_its_own() {
    let scenarios = scenarios();
    assert!(scenarios.len() >= 100, "{}", scenarios.len());
    let mut descriptions: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, scenario) in &scenarios {
        let is_kebab = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        assert!(is_kebab && name.contains('-'), "{name} is not named as a situation");
        let other = descriptions.insert(&scenario.description, name);
        assert_eq!(other, None, "{name} describes the same situation");
        assert!(scenario.description.ends_with('.'), "{name}: the description is no sentence");
    }
}

fn differ<T: PartialEq + Debug>(what: &str, expected: Option<&T>, found: Option<&T>) -> Option<String> {
    let expected = expected?;
    (Some(expected) != found).then(|| format!("{what}: expected {expected:?}, found {found:?}"))
}

/// Who was passed over, with the reason of the first question that says one.
fn excluded(made: &Made) -> BTreeMap<String, String> {
    let mut excluded = BTreeMap::new();
    for candidate in made.asked.iter().flat_map(|asked| &asked.pick.candidates) {
        if let Some(code) = &candidate.excluded {
            excluded.entry(candidate.rep_id.to_string()).or_insert_with(|| code.clone());
        }
    }
    excluded
}

fn compare(expect: &Expect, made: &Made) -> Vec<String> {
    let decision = &made.decision;
    let assignment = decision.assignment.as_ref();
    let text = |value: Option<&dyn ToString>| value.map(ToString::to_string);
    let card = &made.plan.score;
    let confidence = format!("{}.{:02}", card.confidence_bp / 100, card.confidence_bp % 100);
    let outcome = serde_json::to_value(decision.outcome).unwrap().as_str().unwrap().to_owned();
    let asked: Vec<String> =
        made.asked.iter().map(|asked| format!("{} {}", asked.attempt.code, asked.attempt.team)).collect();
    let mut found = vec![
        differ("outcome", Some(&expect.outcome), Some(&outcome)),
        differ("rep", expect.rep.as_ref(), text(assignment.map(|a| &a.rep_id as &dyn ToString)).as_ref()),
        differ("team", expect.team.as_ref(), text(assignment.map(|a| &a.team as &dyn ToString)).as_ref()),
        differ("tier", expect.tier.as_ref(), Some(&card.tier.to_string())),
        differ("score", expect.score.as_ref(), Some(&card.points)),
        differ("score_range", expect.score_range.as_ref(), Some(&[card.low, card.high])),
        differ("confidence", expect.confidence.as_ref(), Some(&confidence)),
        differ("asked", expect.asked.as_ref(), Some(&asked)),
        differ("sla_minutes", expect.sla_minutes.as_ref(), Some(&made.plan.sla_minutes)),
        differ("due_at", expect.due_at.as_ref(), assignment.map(|a| &a.due_at)),
        differ("retry_at", expect.retry_at.as_ref(), decision.retry_at.as_ref()),
        differ("duplicate", expect.duplicate.as_ref(), Some(&decision.duplicate_of.is_some())),
    ];
    let codes: BTreeSet<&str> = decision.reasons.iter().map(|reason| reason.code.as_str()).collect();
    for code in &expect.reasons {
        found.push((!codes.contains(code.as_str())).then(|| format!("no reason {code}, only {codes:?}")));
    }
    for code in &expect.no_reasons {
        found.push(codes.contains(code.as_str()).then(|| format!("a reason {code}, which should not be there")));
    }
    let excluded = excluded(made);
    for (rep, code) in &expect.excluded {
        found.push(differ(&format!("excluded {rep}"), Some(code), excluded.get(rep)));
    }
    let candidates = || made.asked.iter().flat_map(|asked| &asked.pick.candidates);
    for rep in &expect.eligible {
        let is_eligible = candidates().any(|one| one.rep_id.as_str() == rep && one.excluded.is_none());
        found.push((!is_eligible).then(|| format!("{rep} is not eligible: {:?}", excluded.get(rep))));
    }
    found.into_iter().flatten().collect()
}

/// What holds for every decision.
fn always(made: &Made) -> Vec<String> {
    let mut found = Vec::new();
    let Decision { assignment, reasons, outcome, retry_at, .. } = &made.decision;
    let card = &made.plan.score;
    let sum: i32 = reasons.iter().filter_map(|reason| reason.points).sum();
    if sum != card.points {
        found.push(format!("the points of the reasons add up to {sum}, the score is {}", card.points));
    }
    if card.points < card.low || card.points > card.high {
        found.push(format!("{} lies outside of {} to {}", card.points, card.low, card.high));
    }
    if assignment.is_some() != (format!("{outcome:?}") == "Assigned")
        || retry_at.is_some() != (format!("{outcome:?}") == "Held")
    {
        found.push("outcome, assignment and retry do not go together".to_owned());
    }
    if let Some(assignment) = assignment {
        let was_excluded = made.asked.iter().any(|asked| {
            matches!(&asked.pick.outcome, PickOutcome::Picked { .. })
                && asked.pick.candidates.iter().any(|one| one.rep_id == assignment.rep_id && one.excluded.is_some())
        });
        if was_excluded {
            found.push(format!("{} was excluded and got it", assignment.rep_id));
        }
        if assignment.due_at < made.decision.decided_at {
            found.push("due before it was decided".to_owned());
        }
    }
    if reasons.is_empty() {
        found.push("no reason at all".to_owned());
    }
    found
}

fn replays(world: &World, made: &Made) -> Vec<String> {
    let text = serde_json::to_string(&made.record).unwrap();
    let record = serde_json::from_str(&text).unwrap();
    match replay(&record, &world.rubric, &world.teams, &world.reps) {
        Ok(replayed) => {
            let same =
                serde_json::to_string(&replayed.decision).unwrap() == serde_json::to_string(&made.decision).unwrap();
            let mut found: Vec<String> =
                replayed.differences.iter().map(|d| format!("replay differs: {d:?}")).collect();
            if !same {
                found.push("replay is not the same bytes".to_owned());
            }
            found
        }
        Err(error) => vec![error.to_string()],
    }
}
