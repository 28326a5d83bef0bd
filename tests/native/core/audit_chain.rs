//! Random ledgers with erasures verify in any order of their lines, and any one change to one is found.

use lead_router_core::audit::chain::{VerificationReport, check};
use lead_router_core::hash::sha256_hex;
use lead_router_core::id::LeadId;
use lead_router_core::lead::key::AccountHash;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A lead of some account; three accounts make it likely that account shards have several records.
fn lead(account: u8, number: usize) -> LeadId {
    let account = AccountHash::new(b"key", &format!("account-{}", account % 3));
    LeadId::new(&format!("{}-0123456789-{number:012x}", account.as_str())).unwrap()
}

/// The lines of a ledger: a record for each account in turn, erased where asked.
fn ledger(leads: &[(u8, bool)]) -> Vec<Value> {
    let mut heads: BTreeMap<String, (u64, String)> = BTreeMap::new();
    let mut lines = Vec::new();
    for (number, (account, is_erased)) in leads.iter().enumerate() {
        let lead_id = lead(*account, number);
        let shard = AccountHash::of_lead(&lead_id).unwrap().shard();
        let (last, previous) = heads.get(&shard).cloned().unwrap_or_default();
        let seq = last + 1;
        let record = json!({
            "decision": {
                "lead_id": lead_id, "decision_id": format!("{lead_id}-1"), "outcome": "assigned", "mode": "live",
                "duplicate_of": null, "rubric_version": "v1",
                "assignment": {"rep_id": format!("rep-{number}"), "team": "smb", "tier": "A"},
            },
            "previous": previous,
            "seq": seq,
        })
        .to_string();
        let hash = sha256_hex(record.as_bytes());
        heads.insert(shard.clone(), (seq, hash.clone()));
        lines.push(json!({
            "decision_id": format!("{lead_id}-1"), "lead_id": lead_id, "outcome": "assigned", "tier": "A", "team": "smb",
            "rep_id": format!("rep-{number}"), "mode": "live", "rubric_version": "v1", "duplicate_of": null,
            "shard": shard, "seq": seq, "hash": hash, "previous": previous,
            "erased_at": is_erased.then_some("2026-11-20T09:00:00Z"),
            "record": (!is_erased).then_some(record),
        }));
    }
    lines
}

fn checked(lines: &[Value]) -> VerificationReport {
    let mut texts: Vec<String> = lines.iter().map(ToString::to_string).collect();
    if lines.iter().all(|line| line.get("rows").or(line.get("error")).is_none()) {
        texts.push(json!({"rows": lines.len()}).to_string());
    }
    check(texts.iter().map(String::as_str))
}

/// A text with one character changed.
fn altered(text: &str, place: usize) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let place = place % chars.len();
    chars[place] = if chars[place] == '0' { '1' } else { '0' };
    chars.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_ledger_verifies_with_whatever_was_erased_in_whatever_order(
        leads in prop::collection::vec((any::<u8>(), any::<bool>()), 1..40),
        order in any::<u64>(),
    ) {
        let mut lines = ledger(&leads);
        let length = lines.len();
        lines.rotate_left(usize::try_from(order).unwrap_or(7) % length);
        if order % 2 == 0 {
            lines.reverse();
        }
        let report = checked(&lines);
        prop_assert!(report.is_whole(), "{report:?}");
        prop_assert_eq!(report.records, leads.len());
        prop_assert_eq!(report.erased, leads.iter().filter(|(_, is_erased)| *is_erased).count());
        let in_chains: usize = report.chains.values().map(|chain| chain.records).sum();
        prop_assert_eq!(in_chains, leads.len());
    }

    #[test]
    fn any_one_change_to_a_record_that_is_there_is_found(
        leads in prop::collection::vec((any::<u8>(), Just(false)), 1..20),
        which in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
    ) {
        let mut lines = ledger(&leads);
        let line = which.get_mut(&mut lines);
        let text = line["record"].as_str().unwrap();
        let changed = altered(text, place.index(text.chars().count()));
        line["record"] = changed.into();
        prop_assert!(!checked(&lines).is_whole());
    }

    #[test]
    fn any_one_change_to_what_a_line_repeats_of_its_record_is_found(
        leads in prop::collection::vec((any::<u8>(), Just(false)), 1..20),
        which in any::<prop::sample::Index>(),
        name in prop::sample::select(vec![
            "decision_id", "lead_id", "outcome", "tier", "team", "rep_id", "mode", "rubric_version", "duplicate_of", "shard",
            "seq", "hash", "previous",
        ]),
    ) {
        let mut lines = ledger(&leads);
        let line = which.get_mut(&mut lines);
        line[name] = match &line[name] {
            Value::Number(number) => (number.as_u64().unwrap() + 1).into(),
            Value::String(text) if text.is_empty() => "0".into(),
            Value::String(text) => altered(text, 0).into(),
            _ => "something".into(),
        };
        prop_assert!(!checked(&lines).is_whole(), "{name}");
    }

    /// Of an erased record the hash is left, and the records around it hold it in its place.
    #[test]
    fn an_erased_record_cannot_be_given_another_hash_or_place(
        leads in prop::collection::vec((Just(0), any::<bool>()), 3..20),
        which in any::<prop::sample::Index>(),
        name in prop::sample::select(vec!["hash", "previous", "seq"]),
    ) {
        let mut lines = ledger(&leads);
        // Neither the first nor the last, whose neighbours may be out of sight.
        let index = 1 + which.index(lines.len() - 2);
        lines[index]["record"] = Value::Null;
        lines[index]["erased_at"] = "2026-11-20T09:00:00Z".into();
        lines[index][name] = match &lines[index][name] {
            Value::Number(number) => (number.as_u64().unwrap() + 1).into(),
            text => altered(text.as_str().unwrap(), 5).into(),
        };
        prop_assert!(!checked(&lines).is_whole());
    }

    #[test]
    fn a_record_that_was_removed_from_the_middle_is_missed(
        leads in prop::collection::vec((Just(0), any::<bool>()), 3..20),
        which in any::<prop::sample::Index>(),
    ) {
        let mut lines = ledger(&leads);
        let index = 1 + which.index(lines.len() - 2);
        lines.remove(index);
        let report = checked(&lines);
        prop_assert_eq!(report.findings[0].code(), "missing_records");
    }

    #[test]
    fn two_records_cannot_change_places(
        leads in prop::collection::vec((Just(0), any::<bool>()), 2..20),
        which in any::<prop::sample::Index>(),
    ) {
        let mut lines = ledger(&leads);
        let index = which.index(lines.len() - 1);
        let (one, other) = (lines[index]["seq"].clone(), lines[index + 1]["seq"].clone());
        lines[index]["seq"] = other;
        lines[index + 1]["seq"] = one;
        prop_assert!(!checked(&lines).is_whole());
    }

    #[test]
    fn no_line_panics(lines in prop::collection::vec(".{0,80}", 0..8)) {
        let report = check(lines.iter().map(String::as_str));
        prop_assert!(report.findings_count >= report.findings.len());
    }
}

#[test]
fn a_record_that_is_there_twice_is_found() {
    let mut lines = ledger(&[(0, false), (0, true), (0, false)]);
    lines.push(lines[1].clone());
    assert_eq!(checked(&lines).findings[0].code(), "repeated_record");
}

#[test]
fn an_export_without_records_says_that_it_brought_none() {
    let mut lines = ledger(&[(0, false), (0, false)]);
    for line in &mut lines {
        line.as_object_mut().unwrap().remove("record");
    }
    let report = checked(&lines);
    assert!(report.is_whole());
    assert_eq!(report.without_content, 2);
}

#[test]
fn an_export_that_lost_its_end_is_not_whole() {
    let lines = ledger(&[(0, false), (0, false), (1, true)]);
    let ended = |lines: &[Value], end: Value| checked(&[lines, &[end]].concat());
    assert!(ended(&lines, json!({"rows": 3})).is_whole());
    assert_eq!(ended(&lines, json!({"rows": 3})).records, 3);
    let cut = ended(&lines[..2], json!({"rows": 3}));
    assert_eq!(cut.findings[0].code(), "incomplete_export");
    let broken = ended(&lines[..2], json!({"error": {"code": "unavailable"}}));
    assert_eq!(broken.findings[0].code(), "incomplete_export");
    // Two spans in one file.
    let two = [&lines[..2], &[json!({"rows": 2})], &lines[2..], &[json!({"rows": 1})]].concat();
    assert!(checked(&two).is_whole());
}

#[test]
fn an_export_without_its_last_line_is_not_whole() {
    let texts: Vec<String> = ledger(&[(0, false), (1, false)]).iter().map(ToString::to_string).collect();
    let report = check(texts.iter().map(String::as_str));
    assert_eq!(report.findings[0].code(), "incomplete_export");
}

/// The last line of an export of the whole ledger, as long as nobody touched it.
fn end(lines: &[Value]) -> Value {
    let mut heads: BTreeMap<&str, (u64, &str)> = BTreeMap::new();
    for line in lines {
        heads.insert(line["shard"].as_str().unwrap(), (line["seq"].as_u64().unwrap(), line["hash"].as_str().unwrap()));
    }
    json!({"rows": lines.len(), "heads_before": heads, "heads_after": heads})
}

#[test]
fn what_is_taken_from_either_end_of_a_whole_export_is_found() {
    let lines = ledger(&[(0, false), (0, false), (0, true), (1, false)]);
    let mut end = end(&lines);
    let with = |lines: &[Value], end: &Value| checked(&[lines, std::slice::from_ref(end)].concat());
    assert!(with(&lines, &end).is_whole());
    for (left, code) in
        [(&lines[1..], "missing_records"), (&lines[..2], "ledger_behind"), (&lines[..0], "ledger_behind")]
    {
        end["rows"] = left.len().into();
        let report = with(left, &end);
        assert!(report.findings.iter().any(|finding| finding.code() == code), "{code}: {report:?}");
    }
}
