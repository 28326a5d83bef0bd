//! The JSON Schema of provider descriptions, `providers/schema/provider.json`, is the one of the types that read them.

use lead_router::domain::provider::description::DescriptionFile;
use lead_router::domain::provider::shipped;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("providers/schema/provider.json")
}

fn generated() -> Value {
    serde_json::to_value(schemars::schema_for!(DescriptionFile)).unwrap()
}

/// Run with `UPDATE_SCHEMA=1` to write the file anew after a change of the types.
#[test]
fn the_provider_schema_is_up_to_date() {
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(file(), format!("{:#}\n", generated())).unwrap();
    }
    let written: Value = serde_json::from_str(&fs::read_to_string(file()).unwrap()).unwrap();
    assert_eq!(written, generated(), "run this test with UPDATE_SCHEMA=1");
}

#[test]
fn every_shipped_provider_is_valid_by_the_schema_and_a_wrong_one_is_not() {
    let validator = jsonschema::validator_for(&generated()).unwrap();
    for (id, text) in shipped::FILES {
        let description: Value = serde_json::from_str(text).unwrap();
        let errors: Vec<String> = validator.iter_errors(&description).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{id}: {errors:?}");
        for (key, wrong) in [("extra", Value::from(1)), ("kind", "planet".into()), ("trust", (-1).into())] {
            let mut changed = description.clone();
            changed.as_object_mut().unwrap().insert(key.to_owned(), wrong);
            assert!(!validator.is_valid(&changed), "{id} {key}");
        }
    }
}
