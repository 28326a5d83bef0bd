//! `replay` finds every change to a record, rubric or roster, and `verify` every change to a chain.

use crate::golden_kit::{Scenario, World};
use crate::kit::{Ran, file, project, run};
use lead_router_core::decision::record::Record;
use lead_router_core::hash::sha256_hex;
use lead_router_core::id::LeadId;
use lead_router_core::lead::key::AccountHash;
use serde_json::{Value, json};

/// The record of a golden scenario, with the rubric and the roster that made it.
fn bundle(scenario: &str) -> Value {
    let scenario: Scenario = serde_json::from_value(project(&format!("tests/golden/routing/{scenario}.json"))).unwrap();
    let mut world = World::new(&scenario);
    world.live(&scenario);
    let made = world.decide_scenario(&scenario);
    json!({
        "record": made.record,
        "rubric": world.rubric.file(),
        "roster": {"teams": world.teams, "reps": world.reps},
    })
}

const SCENARIO: &str = "rep-with-200-open-leads-who-ignored-the-last-30";

#[test]
fn a_record_with_its_rubric_and_roster_is_the_same() {
    for scenario in
        [SCENARIO, "nobody-at-all-so-the-lead-is-held", "competitor-is-not-sold-to", "good-lead-stays-counted"]
    {
        let ran = run(&["replay", &file(&format!("{scenario}.json"), &bundle(scenario).to_string())]);
        assert_eq!(ran.code, 0, "{scenario}: {ran:?}");
        assert!(ran.out.starts_with("same: "), "{ran:?}");
    }
}

#[test]
fn the_answer_of_the_service_and_separate_files_work_too() {
    let bundle = bundle(SCENARIO);
    let answer = json!({"lead_id": "x", "record": bundle["record"]});
    let record = file("answer.json", &answer.to_string());
    let rubric = file("answer-rubric.json", &bundle["rubric"].to_string());
    let roster = file("answer-roster.json", &bundle["roster"].to_string());
    assert_eq!(run(&["replay", &record, "--rubric", &rubric, "--roster", &roster]).code, 0);
    let ran = run(&["replay", &record, "--rubric", &rubric]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("--roster"), "{ran:?}");
}

#[test]
fn every_change_is_found_with_its_place() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change, &str); 4] = [
        (
            "rep",
            |b| b["record"]["decision"]["assignment"]["rep_id"] = "dana-whitfield".into(),
            "decision.assignment.rep_id",
        ),
        (
            "fact",
            |b| b["record"]["facts"]["known"]["company.employees"]["value"] = 90_000.into(),
            "decision.assignment",
        ),
        (
            "state",
            |b| b["record"]["asked"][0]["states"]["dana-whitfield"]["recent"]["worked_in_time"] = 30.into(),
            "asked[0].pick",
        ),
        ("roster", |b| b["roster"]["reps"][10]["active"] = false.into(), "asked[0].pick"),
    ];
    for (name, change, place) in changes {
        let mut bundle = bundle(SCENARIO);
        // The rep who got the lead, wherever the roster has them.
        let reps = bundle["roster"]["reps"].as_array_mut().unwrap();
        let index = reps.iter().position(|rep| rep["id"] == "luis-carvalho").unwrap();
        reps.swap(index, 10);
        change(&mut bundle);
        let ran = run(&["replay", &file(&format!("changed-{name}.json"), &bundle.to_string()), "--json"]);
        assert_eq!(ran.code, 1, "{name}: {ran:?}");
        let paths: Vec<String> = ran.json()["differences"]
            .as_array()
            .unwrap()
            .iter()
            .map(|difference| difference["path"].as_str().unwrap().to_owned())
            .collect();
        assert!(paths.iter().any(|path| path.starts_with(place)), "{name}: {paths:?}");
    }
}

#[test]
fn another_rubric_is_refused_rather_than_compared() {
    let mut bundle = bundle(SCENARIO);
    bundle["rubric"]["tiers"][0]["sla_minutes"] = 7.into();
    let ran = run(&["replay", &file("other-rubric.json", &bundle.to_string()), "--json"]);
    assert_eq!((ran.code, ran.json()["error"]["code"].as_str()), (2, Some("other_rubric")));
}

fn chain() -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for scenario in [SCENARIO, "good-lead-stays-counted", "competitor-is-not-sold-to"] {
        let mut record: Record = serde_json::from_value(bundle(scenario)["record"].clone()).unwrap();
        record.previous = texts.last().map(|text| sha256_hex(text.as_bytes())).unwrap_or_default();
        texts.push(serde_json::to_string(&record).unwrap());
    }
    texts
}

#[test]
fn a_chain_is_whole_until_a_byte_of_it_changes() {
    let texts = chain();
    let ran = run(&["verify", &file("chain.ndjson", &texts.join("\n"))]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("whole: 3 records from the first of the account shard"), "{ran:?}");
    let mut changed = texts.clone();
    changed[1] = changed[1].replace("\"ben\"", "\"ada\"");
    assert_ne!(changed, texts);
    let ran = run(&["verify", &file("chain-changed.ndjson", &changed.join("\n")), "--json"]);
    assert_eq!((ran.code, ran.json()["code"].as_str()), (1, Some("broken_chain")));
    assert_eq!(run(&["verify", &file("chain-empty.ndjson", "\n")]).code, 2);
}

/// A line of the export for a record, in the account shard of its lead.
fn exported(text: &str, seq: u64) -> Value {
    let record: Value = serde_json::from_str(text).unwrap();
    let shard = AccountHash::of_lead(&serde_json::from_value(record["decision"]["lead_id"].clone()).unwrap());
    json!({
        "decision_id": record["decision"]["decision_id"],
        "lead_id": record["decision"]["lead_id"],
        "shard": shard.map_or("shard-00".to_owned(), |account| account.shard()),
        "seq": seq,
        "hash": sha256_hex(text.as_bytes()),
        "previous": record["previous"],
        "erased_at": null,
        "record": text,
    })
}

/// An export of one account shard with three records.
fn export() -> Vec<Value> {
    let mut lines: Vec<Value> = Vec::new();
    for (scenario, seq) in [SCENARIO, "good-lead-stays-counted", "competitor-is-not-sold-to"].into_iter().zip(1..) {
        let mut record: Record = serde_json::from_value(bundle(scenario)["record"].clone()).unwrap();
        record.previous = lines.last().map(|line| line["hash"].as_str().unwrap().to_owned()).unwrap_or_default();
        record.seq = Some(seq);
        record.decision.lead_id = LeadId::new("0123456789abcdef-0123456789-0123456789ab").unwrap();
        let text = serde_json::to_string(&record).unwrap();
        let read: Record = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text, "a record reads back to the same bytes");
        lines.push(exported(&text, seq));
    }
    lines
}

fn verified(name: &str, lines: &[Value]) -> Ran {
    let end = json!({"rows": lines.len()});
    let text: Vec<String> = lines.iter().chain([&end]).map(ToString::to_string).collect();
    run(&["verify", &file(name, &text.join("\n"))])
}

#[test]
fn an_export_with_erased_records_is_whole_and_says_how_many() {
    let mut lines = export();
    lines[1]["record"] = Value::Null;
    lines[1]["erased_at"] = "2026-11-20T09:00:00Z".into();
    lines.reverse();
    let ran = verified("export-erased.ndjson", &lines);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("whole: 3 records of 1 account shard"), "{}", ran.out);
    assert!(ran.out.contains("erased: 1 record, verified by hash only"), "{}", ran.out);
}

#[test]
fn a_changed_a_removed_and_a_reordered_record_of_an_export_are_found() {
    let mut changed = export();
    let text = changed[2]["record"].as_str().unwrap().replace("\"decision_no\":1", "\"decision_no\":2");
    changed[2]["record"] = text.into();
    let mut removed = export();
    removed.remove(1);
    let mut reordered = export();
    reordered[1]["seq"] = 3.into();
    reordered[2]["seq"] = 2.into();
    for (name, lines, says) in [
        ("export-changed", changed, "its hash is not that of the record"),
        ("export-removed", removed, "records 2 to 2 of `shard-01` are missing"),
        ("export-reordered", reordered, "its seq is not that of the record"),
    ] {
        let ran = verified(&format!("{name}.ndjson"), &lines);
        assert_eq!(ran.code, 1, "{name}: {ran:?}");
        assert!(ran.out.contains(says), "{name}: {}", ran.out);
    }
}
