//! The JSON Schema of provider descriptions, `providers/schema/provider.json`, is the one of the types that read them;
//! `docs/PROVIDERS.md` names everything in it and every shipped provider.

use lead_router_core::enrichment::provider::file::DescriptionFile;
use lead_router_core::enrichment::provider::{Auth, Description, shipped};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

fn file() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("providers/schema/provider.json")
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

fn document() -> String {
    fs::read_to_string(PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("docs/PROVIDERS.md")).unwrap()
}

#[test]
fn every_file_is_shipped() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("providers");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "json") {
            let id = path.file_stem().unwrap().to_string_lossy().into_owned();
            assert!(
                shipped::find(&id).is_some(),
                "add `{id}` to the list in crates/core/src/enrichment/provider/shipped.rs"
            );
        }
    }
}

/// The row of a provider in the document.
fn row(description: &Description, file: &Value) -> String {
    let code = |text: &str| format!("`{text}`");
    let groups = file["requires"].as_array().unwrap().iter().map(|group| {
        let paths = group.as_array().unwrap().iter().map(|path| code(path.as_str().unwrap()));
        paths.collect::<Vec<_>>().join(" or ")
    });
    let key = match &description.auth {
        Auth::Header(name) => format!("header {}", code(name)),
        Auth::Prefixed(prefixed) => format!("header {} after {}", code(&prefixed.header), code(&prefixed.prefix)),
        Auth::Query(name) => format!("query {}", code(name)),
        Auth::Body(name) => format!("body {}", code(name)),
        Auth::Bearer => "bearer".to_owned(),
        Auth::Basic => "basic".to_owned(),
        Auth::Token(_) => "token for `name:password`".to_owned(),
    };
    let answers = match description.poll() {
        None => "at once",
        Some(plan) if plan.repeats() => "at once, or repeated",
        Some(_) => "by a job",
    };
    let cells = [
        code(description.id.as_str()),
        description.vendor.clone(),
        groups.collect::<Vec<_>>().join(" and "),
        key,
        code(&description.key_setting),
        format!("${}", f64::from(description.cost_usd_micros) / 1e6),
        answers.to_owned(),
    ];
    format!("| {} |", cells.join(" | "))
}

#[test]
fn the_document_has_a_row_for_every_shipped_provider() {
    let document = document();
    for (id, text) in shipped::FILES {
        let file: Value = serde_json::from_str(text).unwrap();
        let row = row(shipped::find(id).unwrap(), &file);
        assert!(document.lines().any(|line| line == row), "docs/PROVIDERS.md lacks the row\n{row}");
    }
}

/// Names of entries, and words that can be chosen, anywhere in the schema.
fn names(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(entries) => {
            if let Some(Value::Object(properties)) = entries.get("properties") {
                found.extend(properties.keys().cloned());
            }
            found.extend(entries.get("const").and_then(Value::as_str).map(str::to_owned));
            if let Some(Value::Array(words)) = entries.get("enum") {
                found.extend(words.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            entries.values().for_each(|value| names(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

#[test]
fn the_document_names_everything_that_a_description_can_say() {
    let document = document();
    let mut found = Vec::new();
    names(&generated(), &mut found);
    assert!(found.len() > 50, "{found:?}");
    for name in found {
        let is_named = [format!("`{name}`"), format!("\"{name}\"")].iter().any(|quoted| document.contains(quoted));
        assert!(is_named, "docs/PROVIDERS.md does not name `{name}`");
    }
}

#[test]
fn the_example_of_the_document_is_a_description() {
    let document = document();
    let example = document.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    Description::parse(example).unwrap();
}
