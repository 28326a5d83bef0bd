//! Which fields each part of the file has, and of what type: everything that is wrong with the form of a file, not
//! only the first fault.
//!
//! The shapes repeat what the types in [`file`](crate::rubric::file) say; a test compares the two.

use crate::error::Problem;
use crate::rubric::problems::{JsonPath, Problems};
use crate::rubric::suggest;
use crate::rubric::tree::{JsonTree, JsonTreeValue};

/// What a value must be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Want {
    Text,
    Flag,
    /// A whole number within the bounds.
    Whole(i64, i64),
    Number,
    /// Text, whole number, `true` or `false`.
    Scalar,
    OneOf(&'static [&'static str]),
    List(&'static Self),
    /// An object whose keys are free.
    Map(&'static Self),
    Object(&'static [ShapeField]),
}

/// A field of an object.
#[derive(Debug)]
pub(super) struct ShapeField {
    pub(super) name: &'static str,
    pub(super) want: Want,
    pub(super) is_needed: bool,
}

const fn needed(name: &'static str, want: Want) -> ShapeField {
    ShapeField { name, want, is_needed: true }
}

const fn optional(name: &'static str, want: Want) -> ShapeField {
    ShapeField { name, want, is_needed: false }
}

const I32: Want = Want::Whole(i32::MIN as i64, i32::MAX as i64);
const U32: Want = Want::Whole(0, u32::MAX as i64);
const I64: Want = Want::Whole(i64::MIN, i64::MAX);
const TEXTS: Want = Want::List(&Want::Text);

static CONDITION: Want = Want::Object(&CONDITION_FIELDS);

static CONDITION_FIELDS: [ShapeField; 13] = [
    optional("all", Want::List(&CONDITION)),
    optional("any", Want::List(&CONDITION)),
    optional("not", Want::Object(&CONDITION_FIELDS)),
    optional("fact", Want::Text),
    optional("equals", Want::Scalar),
    optional("in", Want::List(&Want::Scalar)),
    optional("at_least", I64),
    optional("at_most", I64),
    optional("has_any", TEXTS),
    optional("starts_with", TEXTS),
    optional("known", Want::Flag),
    optional("signal", Want::Text),
    optional("within_days", U32),
];

static BAND: [ShapeField; 4] = [
    needed("when", Want::Object(&CONDITION_FIELDS)),
    needed("points", I32),
    optional("base_rate", Want::Number),
    optional("reason", Want::Text),
];

static CRITERION: [ShapeField; 8] = [
    needed("id", Want::Text),
    needed("group", Want::Text),
    optional("when", Want::Object(&CONDITION_FIELDS)),
    optional("points", I32),
    optional("base_rate", Want::Number),
    optional("reason", Want::Text),
    optional("half_life_days", U32),
    optional("bands", Want::List(&Want::Object(&BAND))),
];

static GROUP: [ShapeField; 2] = [optional("max", I32), optional("min", I32)];

static TIER: [ShapeField; 3] = [needed("id", Want::Text), optional("at_least", I32), needed("sla_minutes", U32)];

static OVERRIDE: [ShapeField; 8] = [
    needed("id", Want::Text),
    needed("when", Want::Object(&CONDITION_FIELDS)),
    optional("reason", Want::Text),
    optional("reject", Want::Flag),
    optional("tier", Want::Text),
    optional("team", Want::Text),
    optional("rep", Want::Text),
    optional("ignore_account_owner", Want::Flag),
];

static TERRITORY: [ShapeField; 3] =
    [needed("id", Want::Text), needed("when", Want::Object(&CONDITION_FIELDS)), optional("priority", I32)];

static ROUTE: [ShapeField; 6] = [
    needed("id", Want::Text),
    optional("tiers", TEXTS),
    optional("territories", TEXTS),
    optional("when", Want::Object(&CONDITION_FIELDS)),
    needed("team", Want::Text),
    optional("reason", Want::Text),
];

static FALLBACK: [ShapeField; 1] = [needed("team", Want::Text)];

static OWNERSHIP: [ShapeField; 2] = [
    optional("when_away", Want::OneOf(&["team", "route", "hold"])),
    optional("when_full", Want::OneOf(&["assign", "team"])),
];

static ENRICHMENT: [ShapeField; 6] = [
    optional("deadline_ms", U32),
    optional("stages", Want::List(&TEXTS)),
    optional("ask", Want::OneOf(&["needed", "missing", "all"])),
    optional("prefer", Want::OneOf(&["speed", "balance", "cost"])),
    optional("limits", Want::Map(&Want::Object(&LIMIT))),
    optional("warm_accounts_per_hour", U32),
];

static LIMIT: [ShapeField; 3] =
    [optional("calls_per_second", U32), optional("calls_per_day", U32), optional("usd_per_day", U32)];

/// The file.
pub(super) static RUBRIC: [ShapeField; 11] = [
    optional("$schema", Want::Text),
    needed("name", Want::Text),
    needed("groups", Want::Map(&Want::Object(&GROUP))),
    needed("criteria", Want::List(&Want::Object(&CRITERION))),
    needed("tiers", Want::List(&Want::Object(&TIER))),
    optional("overrides", Want::List(&Want::Object(&OVERRIDE))),
    optional("territories", Want::List(&Want::Object(&TERRITORY))),
    optional("routes", Want::List(&Want::Object(&ROUTE))),
    needed("fallback", Want::Object(&FALLBACK)),
    optional("ownership", Want::Object(&OWNERSHIP)),
    optional("enrichment", Want::Object(&ENRICHMENT)),
];

/// Reports every place where `tree` is not what is wanted.
pub(super) fn check(tree: &JsonTree<'_>, want: Want, path: &JsonPath<'_>, problems: &mut Problems) {
    match (want, &tree.value) {
        (Want::Text, JsonTreeValue::Text(_)) | (Want::Flag, JsonTreeValue::Flag(_)) => {}
        (Want::Scalar, JsonTreeValue::Text(_) | JsonTreeValue::Flag(_)) => {}
        (Want::Whole(min, max), JsonTreeValue::Number(number)) => whole(number, (min, max), tree, path, problems),
        (Want::Scalar, JsonTreeValue::Number(number)) => whole(number, (i64::MIN, i64::MAX), tree, path, problems),
        (Want::Number, JsonTreeValue::Number(number)) => {
            if !number.parse().is_ok_and(f64::is_finite) {
                add(tree, path, "out_of_range", "write a smaller number".to_owned(), None, problems);
            }
        }
        (Want::OneOf(names), JsonTreeValue::Text(text)) => {
            if !names.contains(&&**text) {
                let help = suggest::help(text, names.iter().copied());
                add(tree, path, "unknown_value", format!("`{text}` is not allowed here"), help, problems);
            }
        }
        (Want::List(want), JsonTreeValue::List(items)) => {
            items.iter().enumerate().for_each(|(index, item)| check(item, *want, &path.item(index), problems));
        }
        (Want::Map(want), JsonTreeValue::Object(members)) => {
            members.iter().for_each(|(key, member)| check(member, *want, &path.key(key), problems));
        }
        (Want::Object(fields), JsonTreeValue::Object(members)) => object(tree, members, fields, path, problems),
        (want, found) => {
            let message = format!("expected {}, found {}", wanted(want), kind(found));
            let help = matches!(found, JsonTreeValue::Null).then(|| "omit the field if it is not needed".to_owned());
            add(tree, path, "wrong_type", message, help, problems);
        }
    }
}

fn object(
    tree: &JsonTree<'_>,
    members: &[(std::borrow::Cow<'_, str>, JsonTree<'_>)],
    fields: &'static [ShapeField],
    path: &JsonPath<'_>,
    problems: &mut Problems,
) {
    for (key, member) in members {
        match fields.iter().find(|field| field.name == key) {
            Some(field) => check(member, field.want, &path.key(key), problems),
            None => {
                let help = suggest::help(key, fields.iter().map(|field| field.name));
                add(member, &path.key(key), "unknown_field", format!("unknown field `{key}`"), help, problems);
            }
        }
    }
    for field in fields.iter().filter(|field| field.is_needed && tree.get(field.name).is_none()) {
        let message = format!("`{}` is missing; write {}", field.name, wanted(field.want));
        add(tree, &path.key(field.name), "missing_field", message, None, problems);
    }
}

fn whole(number: &str, (min, max): (i64, i64), tree: &JsonTree<'_>, path: &JsonPath<'_>, problems: &mut Problems) {
    match number.parse::<i64>() {
        Ok(value) if (min..=max).contains(&value) => {}
        Ok(_) => add(tree, path, "out_of_range", format!("expected a number from {min} to {max}"), None, problems),
        Err(_) => {
            let help = Some("write it without a fraction or an exponent".to_owned());
            add(tree, path, "wrong_type", "expected an integer".to_owned(), help, problems);
        }
    }
}

fn add(
    tree: &JsonTree<'_>,
    path: &JsonPath<'_>,
    code: &str,
    message: String,
    help: Option<String>,
    problems: &mut Problems,
) {
    problems.push(Problem { line: Some(tree.line), help, ..Problem::new(path.to_string(), code, message) });
}

const fn wanted(want: Want) -> &'static str {
    match want {
        Want::Text | Want::OneOf(_) => "a string in double quotes",
        Want::Flag => "`true` or `false`",
        Want::Whole(..) => "an integer",
        Want::Number => "a number",
        Want::Scalar => "a string, an integer, `true` or `false`",
        Want::List(_) => "a list in `[ ]`",
        Want::Map(_) | Want::Object(_) => "an object in `{ }`",
    }
}

const fn kind(value: &JsonTreeValue<'_>) -> &'static str {
    match value {
        JsonTreeValue::Null => "`null`",
        JsonTreeValue::Flag(_) => "`true` or `false`",
        JsonTreeValue::Number(_) => "a number",
        JsonTreeValue::Text(_) => "a text",
        JsonTreeValue::List(_) => "a list",
        JsonTreeValue::Object(_) => "an object",
    }
}

#[cfg(test)]
#[cfg(feature = "schema")]
mod tests {
    use super::*;
    use serde_json::Value as Json;

    /// Compares a shape with the schema that the types give, which must name the same fields, needs and types.
    fn compare(want: Want, schema: &Json, root: &Json, path: &str, depth: usize) {
        let schema = resolved(schema, root);
        let kind = |name: &str| {
            let kinds = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
            assert!(kinds.iter().any(|kind| kind == name), "{path}: {name} is not in {schema}");
        };
        match want {
            Want::Text => kind("string"),
            Want::Flag => kind("boolean"),
            Want::Whole(..) => kind("integer"),
            Want::Number => kind("number"),
            Want::Scalar => assert_eq!(schema["anyOf"].as_array().map(Vec::len), Some(3), "{path}"),
            Want::OneOf(names) => {
                let consts: Vec<_> =
                    schema["oneOf"].as_array().unwrap().iter().map(|one| one["const"].clone()).collect();
                assert_eq!(consts, names, "{path}");
            }
            Want::List(item) => {
                kind("array");
                if depth < 12 {
                    compare(*item, &schema["items"], root, &format!("{path}[]"), depth.saturating_add(1));
                }
            }
            Want::Map(value) => {
                compare(*value, &schema["additionalProperties"], root, &format!("{path}.*"), depth.saturating_add(1))
            }
            Want::Object(fields) => {
                assert_eq!(schema["additionalProperties"], false, "{path}");
                let mut names: Vec<_> = fields.iter().map(|field| field.name).collect();
                let mut known: Vec<_> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
                names.sort_unstable();
                known.sort_unstable();
                assert_eq!(names, known, "{path}");
                for field in fields {
                    let is_needed =
                        schema["required"].as_array().is_some_and(|all| all.iter().any(|n| n == field.name));
                    assert_eq!(is_needed, field.is_needed, "{path}.{}", field.name);
                    if depth < 12 {
                        let inner = &schema["properties"][field.name];
                        compare(field.want, inner, root, &format!("{path}.{}", field.name), depth.saturating_add(1));
                    }
                }
            }
        }
    }

    /// The schema behind references and "or null".
    fn resolved<'a>(schema: &'a Json, root: &'a Json) -> &'a Json {
        if let Some(name) = schema["$ref"].as_str() {
            let pointer = name.strip_prefix('#').unwrap();
            return resolved(root.pointer(pointer).unwrap(), root);
        }
        match schema["anyOf"].as_array().map(Vec::as_slice) {
            Some([one, null]) if null["type"] == "null" => resolved(one, root),
            _ => schema,
        }
    }

    #[test]
    fn shapes_say_the_same_as_the_types() {
        let schema: Json = serde_json::from_str(&crate::rubric::schema::schema_text()).unwrap();
        compare(Want::Object(&RUBRIC), &schema, &schema, "", 0);
    }
}
