//! Facts and rubrics for the rubric tests.

use lead_router_core::facts::{Fact, FactValue, Facts, Field, Signal};
use lead_router_core::id::ProviderId;
use lead_router_core::rubric::Rubric;
use lead_router_core::rubric::check::check;
use lead_router_core::time::Timestamp;

/// The moment at which the rubric tests take place: a Monday.
pub fn now() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

/// A fact with a provenance that no rubric test looks at.
pub fn fact(value: FactValue) -> Fact {
    Fact { value, provider: ProviderId::new("form").unwrap(), at: now() }
}

/// Facts from paths and JSON values.
pub fn facts(known: &[(&str, serde_json::Value)]) -> Facts {
    let mut facts = Facts::default();
    for (path, value) in known {
        set(&mut facts, path, value.clone());
    }
    facts
}

/// Sets one fact, or one of the sender's own fields.
pub fn set(facts: &mut Facts, path: &str, value: serde_json::Value) {
    if let Some(name) = path.strip_prefix("lead.fields.") {
        facts.fields.insert(name.to_owned(), value.as_str().unwrap().to_owned());
        return;
    }
    let field = Field::from_path(path).unwrap_or_else(|| panic!("no field {path}"));
    let value: FactValue = serde_json::from_value(value).unwrap();
    assert!(facts.set(field, fact(value)), "{path} does not take this value");
}

/// Adds a signal so many days before [`now`].
pub fn with_signal(mut facts: Facts, signal: &str, days_ago: i64) -> Facts {
    let at = now().plus_minutes(-days_ago * 24 * 60);
    facts.signals.push(Signal { signal: signal.to_owned(), at });
    facts.signals.sort();
    facts
}

/// The rubric in this JSON.
pub fn rubric(file: &serde_json::Value) -> Rubric {
    check(&serde_json::from_value(file.clone()).unwrap()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// The rubric that comes with the project.
pub fn shipped() -> Rubric {
    let file: serde_json::Value = serde_json::from_str(include_str!("../../../rubric.json")).unwrap();
    rubric(&file)
}

/// A small rubric that uses every section.
pub fn base() -> serde_json::Value {
    serde_json::json!({
        "name": "base",
        "groups": {"fit": {"max": 40}, "intent": {}},
        "criteria": [
            {"id": "size", "group": "fit", "when": {"fact": "company.employees", "at_least": 100}, "points": 20}
        ],
        "tiers": [{"id": "A", "at_least": 20, "sla_minutes": 5}, {"id": "B", "sla_minutes": 60}],
        "overrides": [{"id": "rival", "when": {"fact": "account.status", "equals": "competitor"}, "reject": true}],
        "territories": [{"id": "emea", "when": {"fact": "company.country", "in": ["de", "fr"]}}],
        "routes": [{"id": "main", "tiers": ["A"], "territories": ["emea"], "team": "field"}],
        "fallback": {"team": "desk"}
    })
}
