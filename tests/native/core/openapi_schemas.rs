//! `openapi.json` has the schemas of the types, and its parts refer to each other.

use lead_router_core::openapi::schemas;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");

fn published() -> Value {
    serde_json::from_str(&std::fs::read_to_string(PATH).unwrap()).unwrap()
}

/// JSON as the document is written: one space a level.
fn pretty(value: &Value, levels: usize) -> String {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b" ");
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, formatter)).unwrap();
    String::from_utf8(bytes).unwrap().replace('\n', &format!("\n{}", " ".repeat(levels)))
}

/// The document with this schema: in the place of the one with its name, or before the first.
fn with_schema(document: &str, name: &str, schema: &Value) -> String {
    let start = format!("\n   \"{name}\": ");
    let text = format!("{start}{}", pretty(schema, 3));
    let schemas = document.rfind("\n  \"schemas\": {").unwrap();
    match document[schemas..].find(&start) {
        Some(at) => {
            let at = schemas + at;
            let end = at + document[at..].find("\n   }").unwrap() + "\n   }".len();
            format!("{}{text}{}", &document[..at], &document[end..])
        }
        None => {
            let at = schemas + "\n  \"schemas\": {".len();
            format!("{}{text},{}", &document[..at], &document[at..])
        }
    }
}

/// With `UPDATE_OPENAPI=1` in the environment, the schemas are written anew.
#[test]
fn the_document_has_the_schemas_of_the_types() {
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        let mut document = std::fs::read_to_string(PATH).unwrap();
        for (name, schema) in schemas() {
            document = with_schema(&document, &name, &schema);
        }
        std::fs::write(PATH, document).unwrap();
    }
    let published = published();
    for (name, schema) in schemas() {
        let found = &published["components"]["schemas"][&name];
        assert_eq!(found, &schema, "{name}: run this test once with UPDATE_OPENAPI=1");
    }
}

#[test]
fn every_reference_leads_to_a_schema_and_every_schema_is_referred_to() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(reference)) = map.get("$ref") {
                    found.insert(reference.clone());
                }
                map.values().for_each(|inner| references(inner, found));
            }
            Value::Array(list) => list.iter().for_each(|inner| references(inner, found)),
            _ => {}
        }
    }
    let document = published();
    let mut used = BTreeSet::new();
    references(&document, &mut used);
    let names = document["components"]["schemas"].as_object().unwrap().keys();
    let known: BTreeSet<String> = names.map(|name| format!("#/components/schemas/{name}")).collect();
    assert_eq!(used, known);
}
