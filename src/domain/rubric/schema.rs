//! The JSON Schema of `rubric.json`, generated from the types in [`file`](super::file). For editors: they complete
//! field names and show what each means. The router reads rubrics with [`load`](super::load), which says more.

use super::file::RubricFile;
use schemars::generate::SchemaSettings;

/// The schema as text, ending in a line break: the content of `rubric.schema.json`.
#[must_use]
pub fn schema_text() -> String {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<RubricFile>();
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}
