//! `docs/ROSTER.md` names every field, reason and strategy, and its example is what a pool does.

use lead_router_core::decision::pools::Pools;
use lead_router_core::roster::eligibility::Exclusion;
use lead_router_core::roster::model::{Pick, PickOutcome, PickRequest, Rep, Team};
use lead_router_core::roster::prepared::PreparedPool;
use lead_router_core::roster::reason::PickReason;
use lead_router_core::time::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

const MEMBERS: &str = "| Member | Excluded | Weight | Ability | Share of this lead |\n|---|---|---|---|---|\n";
const TURNS: &str = "| Time | The lead goes to | Why | First touch due |\n|---|---|---|---|\n";

fn path() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("docs/ROSTER.md")
}

fn text() -> String {
    std::fs::read_to_string(path()).unwrap()
}

/// The codes in the first column of the tables between two headings.
fn rows(text: &str, from: &str, until: &str) -> BTreeSet<String> {
    let section = text.split_once(from).unwrap().1.split_once(until).unwrap().0;
    let names = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    names.map(|(name, _)| name.to_owned()).collect()
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn every_field_of_a_team_and_a_rep_has_a_row() {
    // Every field with a value, so that none is skipped when it is written.
    let team: Team = serde_json::from_value(json!({
        "id": "t", "fallback_team": "u", "manager_rep_id": "r", "pool": "p",
    }))
    .unwrap();
    let rep: Rep = serde_json::from_value(json!({
        "id": "r", "email": "r@a.example", "open_leads": 1, "recent": {"worked_in_time": 1, "of": 1}, "status": "away",
        "crm_ids": {"hubspot": "1"}, "backup_rep_id": "s", "slack_id": "U1", "booking_url": "https://a.example",
    }))
    .unwrap();
    let text = text();
    assert_eq!(rows(&text, "\n## Teams\n", "\n## Reps\n"), keys(&serde_json::to_value(&team).unwrap()));
    assert_eq!(rows(&text, "\n## Reps\n", "\n## Hours"), keys(&serde_json::to_value(&rep).unwrap()));
}

#[test]
fn every_reason_for_and_against_a_member_has_a_row() {
    let text = text();
    let against: BTreeSet<String> = Exclusion::ALL.iter().map(|exclusion| exclusion.code().to_owned()).collect();
    assert_eq!(rows(&text, "\n## Who can take it\n", "\n## Whose turn it is\n"), against);
    let mut found = rows(&text, "\n## Whose turn it is\n", "\n## What is fair");
    for strategy in ["fair_and_able", "weighted", "round_robin"] {
        assert!(found.remove(strategy), "{strategy}");
    }
    let codes: BTreeSet<String> = PickReason::ALL.iter().map(|reason| reason.code().to_owned()).collect();
    assert_eq!(found, codes);
}

fn request(number: u32, now: Timestamp) -> PickRequest {
    serde_json::from_value(json!({
        "lead_id": format!("{number}"), "team": "dach", "tier": "A", "sla_minutes": 5, "needs": {"language": "de"},
        "now": now, "seed": number,
    }))
    .unwrap()
}

fn member_rows(pick: &Pick) -> String {
    let mut rows = String::new();
    for candidate in &pick.candidates {
        let excluded = candidate.excluded.as_ref().map_or_else(|| "–".to_owned(), |code| format!("`{code}`"));
        let numbers = match candidate.excluded {
            None => {
                format!("{} | {:.3}", candidate.ability, f64::from(i32::try_from(candidate.share_units).unwrap()) / 1e6)
            }
            Some(_) => "– | –".to_owned(),
        };
        writeln!(rows, "| {} | {excluded} | {} | {numbers} |", candidate.rep_id, candidate.weight).unwrap();
    }
    rows
}

fn turn_row(pool: &mut PreparedPool, number: u32, now: Timestamp) -> String {
    let request = request(number, now);
    let pick = pool.pick(&request);
    pool.apply(&request, &pick);
    let PickOutcome::Picked { rep_id, due_at, reason } = &pick.outcome else { panic!("nobody at {now}") };
    format!("| {now} | {rep_id} | `{reason}` | {due_at} |\n")
}

/// With `UPDATE_SCHEMA=1` in the environment, the tables are written anew.
#[test]
fn the_example_comes_out_as_the_document_says() {
    let text = text();
    let fence = "```json roster\n";
    let roster: Value = serde_json::from_str(text.split_once(fence).unwrap().1.split_once("```").unwrap().0).unwrap();
    let teams: Vec<Team> = serde_json::from_value(roster["teams"].clone()).unwrap();
    let reps: Vec<Rep> = serde_json::from_value(roster["reps"].clone()).unwrap();
    let (mut pools, problems) = Pools::new(&teams, &reps);
    assert_eq!(problems, vec![]);
    let pool = pools.get_mut("dach").unwrap();

    let thursday: Timestamp = "2026-11-19T16:58:00Z".parse().unwrap();
    let members = member_rows(&pool.pick(&request(1, thursday)));
    let first = turn_row(pool, 1, thursday);
    let friday: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
    let turns: String =
        (0..8).map(|number| turn_row(pool, number + 2, friday.plus_minutes(i64::from(number) * 10))).collect();

    let replaced = |text: &str, head: &str, rows: &str| {
        let (before, rest) = text.split_once(head).unwrap();
        let after = rest.split_once("\n\n").map_or("", |(_, after)| after);
        format!("{before}{head}{rows}\n{after}")
    };
    let expected = replaced(&replaced(&text, MEMBERS, &members), TURNS, &turns);
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path(), expected).unwrap();
        println!("{first}");
        return;
    }
    assert_eq!(text, expected, "run this test once with UPDATE_SCHEMA=1");
    let [_, _, who, why, due, _] = first.split('|').map(str::trim).collect::<Vec<_>>()[..] else { panic!("{first}") };
    for fact in [format!("**{who}**"), why.to_owned(), due.to_owned()] {
        assert!(text.contains(&fact), "the document does not say {fact}");
    }
}
