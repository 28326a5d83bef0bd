//! `rubric.schema.json` is what the types say, and `rubric.json` keeps to it.

use lead_router_core::rubric::schema::schema_text;
use serde_json::Value;

const PATH: &str = concat!(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."), "/rubric.schema.json");

/// With `UPDATE_SCHEMA=1` in the environment, the file is written anew.
#[test]
fn the_published_schema_is_the_one_of_the_types() {
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(PATH, schema_text()).unwrap();
    }
    let published = std::fs::read_to_string(PATH).unwrap_or_default();
    assert_eq!(published, schema_text(), "run this test once with UPDATE_SCHEMA=1");
}

fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(&serde_json::from_str(&schema_text()).unwrap()).unwrap()
}

#[test]
fn the_rubric_that_comes_with_the_project_keeps_to_the_schema() {
    let rubric: Value = serde_json::from_str(include_str!("../../../rubric.json")).unwrap();
    let errors: Vec<_> = validator().iter_errors(&rubric).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn the_schema_refuses_what_the_router_refuses() {
    let base = crate::rubric_kit::base();
    assert!(validator().is_valid(&base));
    let spoiled = |pointer: &str, value: Value| {
        let mut rubric = base.clone();
        *rubric.pointer_mut(pointer).unwrap() = value;
        rubric
    };
    for rubric in [
        spoiled("/tiers/0/sla_minutes", Value::from(0)),
        spoiled("/criteria/0/points", Value::from("many")),
        spoiled("/criteria/0/when", serde_json::json!({"fct": "lead.form"})),
        spoiled("/groups/fit/max", Value::from(1_001)),
        spoiled("/fallback", serde_json::json!({})),
    ] {
        assert!(!validator().is_valid(&rubric), "{rubric}");
    }
}

#[test]
fn every_field_is_described() {
    fn undescribed(schema: &Value, path: &str, found: &mut Vec<String>) {
        if let Some(properties) = schema["properties"].as_object() {
            for (name, property) in properties {
                if property["description"].as_str().is_none_or(str::is_empty) {
                    found.push(format!("{path}.{name}"));
                }
            }
        }
        for (name, def) in schema["$defs"].as_object().into_iter().flatten() {
            undescribed(def, name, found);
        }
    }
    let mut found = Vec::new();
    undescribed(&serde_json::from_str(&schema_text()).unwrap(), "", &mut found);
    assert_eq!(found, Vec::<String>::new());
}
