//! Seals: what the deployment's key says about a row of the database. Somebody who can write to the database and does not have
//! the key can neither make a row nor change one without its seal telling.

use crate::hash::keyed_hash;
use serde_json::Value;

/// Columns of a decision that stay when its person is erased, in the order in which they are sealed.
pub const SEALED: [&str; 17] = [
    "at_ms",
    "decision_id",
    "lead_id",
    "outcome",
    "tier",
    "team",
    "rep_id",
    "source",
    "form",
    "mode",
    "rubric_version",
    "duplicate_of",
    "ms",
    "shard",
    "seq",
    "hash",
    "previous",
];

/// Columns of an event, in the order in which they are sealed; its detail comes last and apart.
const OF_EVENT: [&str; 5] = ["event_id", "lead_id", "at_ms", "kind", "who"];

/// Digits of a seal of an event: two of them stand in one column.
const EVENT_DIGITS: usize = 32;

fn listed<'a>(row: &'a Value, names: impl IntoIterator<Item = &'a str>) -> String {
    let values: Vec<&Value> = names.into_iter().map(|name| row.get(name).unwrap_or(&Value::Null)).collect();
    serde_json::to_string(&values).unwrap_or_default()
}

/// The seal of a decision, from its row: an object with the columns of [`SEALED`].
#[must_use]
pub fn of_decision(key: &[u8], row: &Value) -> String {
    keyed_hash(key, "ledger decision", &listed(row, SEALED))
}

/// What proves that this program took the content of a decision away.
#[must_use]
pub fn of_erasure(key: &[u8], decision_id: &str, hash: &str) -> String {
    keyed_hash(key, "ledger erasure", &format!("{decision_id}\0{hash}"))
}

/// The seal of an event, from its row: with its detail, then without, which is what an erasure leaves.
#[must_use]
pub fn of_event(key: &[u8], row: &Value) -> String {
    let detail = row.get("detail").and_then(Value::as_str).unwrap_or_default();
    [detail, "{}"].into_iter().map(|detail| of_event_with(key, row, detail)).collect()
}

fn of_event_with(key: &[u8], row: &Value, detail: &str) -> String {
    let text = format!("{}\0{detail}", listed(row, OF_EVENT));
    keyed_hash(key, "ledger event", &text).chars().take(EVENT_DIGITS).collect()
}

/// Whether a decision is as it was written; one that was erased has to prove that, too.
#[must_use]
pub fn is_decision_valid(key: &[u8], row: &Value) -> bool {
    let text = |name: &str| row.get(name).and_then(Value::as_str);
    let is_erased = row.get("erased_ms").is_some_and(|at| !at.is_null());
    let proof = text("decision_id").zip(text("hash")).map(|(id, hash)| of_erasure(key, id, hash));
    text("seal") == Some(&of_decision(key, row)) && (!is_erased || text("erasure") == proof.as_deref())
}

/// Whether an event is as it was written, or without its detail.
#[must_use]
pub fn is_event_valid(key: &[u8], row: &Value) -> bool {
    let text = |name: &str| row.get(name).and_then(Value::as_str);
    let (Some(detail), Some(seal)) = (text("detail"), text("seal")) else { return false };
    let own = of_event_with(key, row, detail);
    seal.len() == EVENT_DIGITS.saturating_mul(2)
        && (seal.get(..EVENT_DIGITS) == Some(&own) || detail == "{}" && seal.get(EVENT_DIGITS..) == Some(&own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn decision() -> Value {
        let mut row =
            Value::Object(SEALED.iter().map(|name| ((*name).to_owned(), json!(format!("{name}-1")))).collect());
        row["tier"] = Value::Null;
        row["seal"] = of_decision(b"key", &row).into();
        row
    }

    #[test]
    fn every_column_that_stays_is_sealed() {
        assert!(is_decision_valid(b"key", &decision()));
        assert!(!is_decision_valid(b"other key", &decision()));
        for name in SEALED {
            for value in [json!("other"), Value::Null, json!("")] {
                let mut row = decision();
                if row[name] != value {
                    row[name] = value;
                    assert!(!is_decision_valid(b"key", &row), "{name}");
                }
            }
        }
    }

    #[test]
    fn an_erasure_has_to_prove_itself() {
        let mut row = decision();
        row["erased_ms"] = 7.into();
        assert!(!is_decision_valid(b"key", &row));
        row["erasure"] = of_erasure(b"key", "decision_id-2", "hash-1").into();
        assert!(!is_decision_valid(b"key", &row), "that of another decision");
        row["erasure"] = of_erasure(b"key", "decision_id-1", "hash-1").into();
        assert!(is_decision_valid(b"key", &row));
    }

    #[test]
    fn an_event_may_lose_its_detail_and_nothing_else() {
        let mut row = json!({"event_id": "a/touch/1", "lead_id": "a", "at_ms": 1, "kind": "touch", "who": "rep:r",
            "detail": "{\"code\":\"x\"}"});
        row["seal"] = of_event(b"key", &row).into();
        assert!(is_event_valid(b"key", &row));
        for (name, value) in [
            ("who", json!("rep:s")),
            ("at_ms", json!(2)),
            ("kind", json!("accept")),
            ("detail", json!("{\"code\":\"y\"}")),
        ] {
            let mut changed = row.clone();
            changed[name] = value;
            assert!(!is_event_valid(b"key", &changed), "{name}");
        }
        row["detail"] = "{}".into();
        assert!(is_event_valid(b"key", &row));
        row["seal"] = Value::Null;
        assert!(!is_event_valid(b"key", &row));
    }
}
