//! The JSON Schema of `rubric.json`, generated from the types in [`file`](crate::rubric::file). For editors: they complete
//! field names and show what each means. The router reads rubrics with [`load`](crate::rubric::load), which says more.

use crate::rubric::file::RubricFile;
use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::{Map, Value};

/// The schema as text, ending in a line break: the content of `rubric.schema.json`.
#[must_use]
pub fn schema_text() -> String {
    let settings = SchemaSettings::draft2020_12().with_transform(WithoutNull);
    let mut schema = settings.into_generator().into_root_schema_for::<RubricFile>();
    schema.insert("title".to_owned(), Value::from("Rubric of lead-router"));
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// Takes `null` out of the possible types: a field that is not needed is left out of the file, never null.
#[derive(Debug, Clone)]
struct WithoutNull;

impl Transform for WithoutNull {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        if let Some(object) = schema.as_object_mut() {
            without_null(object);
        }
    }
}

/// Takes `null` out of the possible types of one schema.
pub(crate) fn without_null(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(variants)) = object.get_mut("anyOf") {
        variants.retain(|variant| variant.get("type").is_none_or(|name| name != "null"));
        if let [Value::Object(only)] = variants.as_slice() {
            let only = only.clone();
            object.remove("anyOf");
            object.extend(only);
        }
    }
}
