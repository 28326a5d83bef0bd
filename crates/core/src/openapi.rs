//! The schemas in `openapi.json` that are those of types: what answers hold, and what operators write.

use crate::audit::{AuditEventKind, EventDetail};
use crate::decision::record::Decision;
use crate::enrichment::waterfall::report::ProvidersAnswer;
use crate::error::Problem;
use crate::intake::preview::Preview;
use crate::roster::model::{Rep, RepWithState, Team};
use crate::rubric::schema::without_null;
use schemars::Schema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::{Transform, transform_subschemas};
use serde_json::{Map, Value};

/// Every generated schema, by its name in `components.schemas`.
#[must_use]
pub fn schemas() -> Map<String, Value> {
    let mut schemas = answers();
    for (name, schema) in entries() {
        schemas.insert(name, schema);
    }
    schemas
}

fn settings() -> SchemaSettings {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    settings
}

/// What answers hold: a field that is always written is required.
fn answers() -> Map<String, Value> {
    let mut generator: SchemaGenerator = settings().for_serialize().with_transform(LeftOut).into_generator();
    generator.subschema_for::<Decision>();
    generator.subschema_for::<ProvidersAnswer>();
    generator.subschema_for::<Problem>();
    generator.subschema_for::<RepWithState>();
    generator.subschema_for::<Team>();
    generator.subschema_for::<AuditEventKind>();
    generator.subschema_for::<EventDetail>();
    generator.subschema_for::<Preview>();
    generator.take_definitions(true)
}

/// A field of an answer that need not be there is left out, never null.
#[derive(Debug, Clone)]
struct LeftOut;

impl Transform for LeftOut {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(object) = schema.as_object_mut() else { return };
        let required = object.get("required").cloned().unwrap_or_default();
        let is_required = |name: &str| required.as_array().is_some_and(|names| names.iter().any(|it| it == name));
        let Some(Value::Object(properties)) = object.get_mut("properties") else { return };
        for (name, property) in properties {
            if let (false, Value::Object(property)) = (is_required(name), property) {
                without_null(property);
            }
        }
    }
}

/// What operators write: what has a default may be left out. In one piece each, because their parts have the names of those
/// of the answers.
fn entries() -> [(String, Value); 2] {
    let mut settings = settings().for_deserialize();
    settings.inline_subschemas = true;
    let mut generator = settings.into_generator();
    let [team, rep] = [generator.root_schema_for::<Team>(), generator.root_schema_for::<Rep>()];
    [("TeamEntry".to_owned(), entry(team.to_value())), ("RepEntry".to_owned(), entry(rep.to_value()))]
}

/// The id may be left out: the address has it. Defaults go into the descriptions, because generators of clients take a
/// field with a default for one that is always there.
fn entry(mut schema: Value) -> Value {
    describe_defaults(&mut schema);
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|name| name != "id");
    }
    schema
}

fn describe_defaults(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let default = object.remove("default");
            let is_empty = |value: &Value| matches!(value.to_string().as_str(), "null" | "\"\"" | "[]" | "{}");
            if let Some(default) = default.filter(|value| !is_empty(value)) {
                let said = object.get("description").and_then(Value::as_str).unwrap_or_default();
                let said = format!(
                    "{said} Default: `{}`.",
                    default.as_str().map_or_else(|| default.to_string(), str::to_owned)
                );
                object.insert("description".to_owned(), Value::String(said.trim_start().to_owned()));
            }
            object.values_mut().for_each(describe_defaults);
        }
        Value::Array(list) => list.iter_mut().for_each(describe_defaults),
        _ => {}
    }
}
