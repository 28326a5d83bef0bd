//! Random rubrics and leads over a small world, from a seed.

use crate::rubric_kit::{now, set};
use lead_router_core::facts::{Facts, Field, FieldSet, Signal};
use oorandom::Rand64;
use serde_json::{Value, json};

/// Draws from a seed: the same seed gives the same rubrics everywhere.
pub struct Dice(Rand64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(Rand64::new(seed.into()))
    }

    /// 0 to `n` - 1.
    pub fn below(&mut self, n: usize) -> usize {
        self.0.rand_range(0..n as u64) as usize
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// A share from 0 to 1.
    pub fn share(&mut self) -> f64 {
        self.0.rand_float()
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// The fields of the small world, with the values that they take.
pub const WORLD: &[(Field, &[&str])] = &[
    (Field::CompanyEmployees, &["10", "100", "1000"]),
    (Field::CompanyRevenueUsd, &["10", "100"]),
    (Field::CompanyCountry, &["\"de\"", "\"fr\"", "\"us\""]),
    (Field::PersonSeniority, &["\"vp\"", "\"manager\""]),
    (Field::PersonTitle, &["\"VP Sales\"", "\"Clerk\"", "\"Head of Sales\""]),
    (Field::CompanyTechnologies, &["[\"hubspot\"]", "[\"salesforce\", \"sap\"]"]),
    (Field::LeadForm, &["\"demo\"", "\"contact\""]),
    (Field::LeadEmployees, &["10", "1000"]),
    (Field::AccountNamed, &["true", "false"]),
];

const LEAVES: &[&str] = &[
    r#"{"fact": "company.employees", "at_least": 50}"#,
    r#"{"fact": "company.employees", "at_least": 500}"#,
    r#"{"fact": "company.employees", "at_most": 50}"#,
    r#"{"fact": "company.employees", "known": true}"#,
    r#"{"fact": "company.employees", "known": false}"#,
    r#"{"fact": "company.revenue_usd", "equals": 100}"#,
    r#"{"fact": "company.country", "in": ["de", "fr"]}"#,
    r#"{"fact": "company.country", "equals": "US"}"#,
    r#"{"fact": "company.country", "known": false}"#,
    r#"{"fact": "person.seniority", "equals": "vp"}"#,
    r#"{"fact": "person.title", "has_any": ["vp"]}"#,
    r#"{"fact": "person.title", "starts_with": ["head"]}"#,
    r#"{"fact": "company.technologies", "has_any": ["sap", "hubspot"]}"#,
    r#"{"fact": "lead.form", "equals": "demo"}"#,
    r#"{"fact": "lead.form", "known": true}"#,
    r#"{"fact": "lead.employees", "at_least": 500}"#,
    r#"{"fact": "account.named", "equals": true}"#,
    r#"{"fact": "account.named", "equals": false}"#,
    r#"{"fact": "lead.fields.seats", "at_least": 50}"#,
    r#"{"signal": "pricing_page", "within_days": 10}"#,
];

/// A condition of at most `depth` levels.
pub fn condition(dice: &mut Dice, depth: usize) -> Value {
    if depth == 0 || dice.one_in(2) {
        return serde_json::from_str(dice.pick::<&str>(LEAVES)).unwrap();
    }
    match dice.below(3) {
        0 => json!({"not": condition(dice, depth - 1)}),
        1 => json!({"all": [condition(dice, depth - 1), condition(dice, depth - 1)]}),
        _ => json!({"any": [condition(dice, depth - 1), condition(dice, depth - 1)]}),
    }
}

fn points(dice: &mut Dice) -> i64 {
    dice.below(41) as i64 - 12
}

fn criterion(dice: &mut Dice, index: usize) -> Value {
    let (id, group) = (format!("c{index}"), *dice.pick(&["fit", "intent", "free"]));
    match dice.below(4) {
        0 => {
            let bands: Vec<_> =
                (0..=dice.below(3)).map(|_| json!({"when": condition(dice, 1), "points": points(dice)})).collect();
            json!({"id": id, "group": group, "bands": bands})
        }
        1 => {
            let fresh = json!({"any": [{"signal": "pricing_page"}, condition(dice, 1)]});
            json!({"id": id, "group": group, "when": fresh, "points": points(dice), "half_life_days": 7})
        }
        _ => json!({"id": id, "group": group, "when": condition(dice, 2), "points": points(dice)}),
    }
}

/// A rubric with every section.
pub fn rubric(dice: &mut Dice) -> Value {
    let effects =
        [json!({"reject": true}), json!({"tier": "A"}), json!({"tier": "B", "team": "named"}), json!({"rep": "ann"})];
    let with = |mut line: Value, more: Value| {
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line
    };
    let overrides: Vec<_> = (0..dice.below(3))
        .map(|i| with(json!({"id": format!("o{i}"), "when": condition(dice, 2)}), dice.pick(&effects).clone()))
        .collect();
    let territories: Vec<_> = (0..dice.below(4))
        .map(|i| json!({"id": format!("t{i}"), "priority": dice.below(2), "when": condition(dice, 2)}))
        .collect();
    let routes: Vec<_> = (0..dice.below(4))
        .map(|i| {
            let mut route = json!({"id": format!("r{i}"), "team": format!("team{i}")});
            if dice.one_in(2) {
                route["tiers"] = json!([dice.pick(&["A", "B", "C"])]);
            }
            if !territories.is_empty() && dice.one_in(2) {
                route["territories"] = json!([dice.pick(&territories)["id"]]);
            }
            if dice.one_in(2) {
                route["when"] = condition(dice, 1);
            }
            route
        })
        .collect();
    json!({
        "name": "random",
        "groups": {"fit": {"max": 30, "min": -5}, "intent": {"max": 25}, "free": {}},
        "criteria": (0..=dice.below(7)).map(|i| criterion(dice, i)).collect::<Vec<_>>(),
        "tiers": [
            {"id": "A", "at_least": 35, "sla_minutes": 5},
            {"id": "B", "at_least": 12, "sla_minutes": 60},
            {"id": "C", "sla_minutes": 600}
        ],
        "overrides": overrides,
        "territories": territories,
        "routes": routes,
        "fallback": {"team": "desk"}
    })
}

/// A value for a field of the world.
pub fn value(dice: &mut Dice, values: &[&str]) -> Value {
    serde_json::from_str(dice.pick::<&str>(values)).unwrap()
}

/// A lead of which about half is known.
pub fn lead(dice: &mut Dice) -> Facts {
    let mut facts = Facts::default();
    for (field, values) in WORLD {
        if dice.one_in(2) {
            set(&mut facts, field.path(), value(dice, values));
        }
    }
    if dice.one_in(3) {
        set(&mut facts, "lead.fields.seats", json!(*dice.pick(&["5", "70", "many"])));
    }
    if dice.one_in(2) {
        let at = now().plus_minutes(-(dice.below(20 * 24 * 60) as i64));
        facts.signals.push(Signal { signal: "pricing_page".to_owned(), at });
    }
    facts
}

/// A set of fields that may still be learned or replaced.
pub fn open(dice: &mut Dice) -> FieldSet {
    WORLD.iter().filter(|_| dice.one_in(3)).map(|(field, _)| *field).collect()
}

/// The lead once the open fields are settled: learned, replaced, or left as they are.
pub fn after(dice: &mut Dice, facts: &Facts, open: FieldSet) -> Facts {
    let mut facts = facts.clone();
    for (field, values) in WORLD.iter().filter(|(field, _)| open.contains(*field)) {
        if !dice.one_in(3) {
            set(&mut facts, field.path(), value(dice, values));
        }
    }
    facts
}
