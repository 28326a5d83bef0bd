//! From text to a rubric, strictly, with everything that is wrong at once.
//!
//! 1. The text is JSON without repeated keys.
//! 2. Every part has the fields and types that it should have.
//! 3. The parts make sense together ([`check`](crate::rubric::check)). Where step 2 found a faulty element, a blank one stands
//!    in for it, so that the rest of the file is checked all the same.

use crate::error::Problem;
use crate::rubric::check::check;
use crate::rubric::file::RubricFile;
use crate::rubric::model::Rubric;
use crate::rubric::problems::{JsonPath, Problems};
use crate::rubric::shape::Want;
use crate::rubric::tree::{JsonTree, JsonTreeValue};
use crate::rubric::{shape, tree};
use serde_json::{Map, Value as Json, json};

/// Reads a rubric text without checking what it means.
///
/// # Errors
/// Every fault of form, in the order of the text, with lines: `bad_json` (the first one only), `repeated_key`,
/// `unknown_field`, `missing_field`, `wrong_type`, `out_of_range`, `unknown_value`, `too_large`.
pub fn read(text: &str) -> Result<RubricFile, Vec<Problem>> {
    match read_tree(text) {
        (Some(_), problems) if problems.is_empty() => typed(text),
        (_, problems) => Err(in_order(problems)),
    }
}

/// Reads a rubric text and checks it.
///
/// # Errors
/// Every problem of form and of meaning, in the order of the text, with lines.
pub fn load(text: &str) -> Result<Rubric, Vec<Problem>> {
    let (tree, mut problems) = read_tree(text);
    let Some(tree) = tree else { return Err(in_order(problems)) };
    let result = if problems.is_empty() {
        typed(text).and_then(|file| check(&file))
    } else {
        Err(problems_of_the_rest(&tree, &problems))
    };
    result.map_err(|found| {
        problems.extend(found.into_iter().map(|problem| {
            let line = tree.nearest(&problem.path).line;
            Problem { line: Some(line), ..problem }
        }));
        in_order(problems)
    })
}

/// Faults of form that serde does not see in any JSON text: `repeated_key`, with path and line. A text that is no JSON,
/// or is larger, deeper or wider than a rubric may be, has `bad_json` or `too_large` instead.
pub(crate) fn faults_of_form(text: &str) -> Vec<Problem> {
    let mut problems = Problems::default();
    tree::parse(text, &mut problems);
    problems.into_list()
}

fn read_tree(text: &str) -> (Option<JsonTree<'_>>, Vec<Problem>) {
    let mut problems = Problems::default();
    let tree = tree::parse(text, &mut problems);
    if let Some(tree) = &tree {
        shape::check(tree, Want::Object(&shape::RUBRIC), &JsonPath::ROOT, &mut problems);
    }
    (tree, problems.into_list())
}

fn typed<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Vec<Problem>> {
    // The form was checked before; an error here would be a difference between the shapes and the types.
    serde_json::from_str(text).map_err(|error| vec![Problem::new("", "bad_json", error.to_string())])
}

fn in_order(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by_key(|problem| problem.line.unwrap_or(u32::MAX));
    problems
}

/// Problems of meaning in the parts of a file whose form is right.
fn problems_of_the_rest(tree: &JsonTree<'_>, problems: &[Problem]) -> Vec<Problem> {
    let faulty: Vec<String> = problems.iter().filter_map(|problem| element_of(&problem.path)).collect();
    let is_faulty = |path: &str| faulty.iter().any(|element| element == path);
    let Ok(file) = serde_json::from_value::<RubricFile>(patched(tree, &is_faulty)) else { return Vec::new() };
    let found = check(&file).err().unwrap_or_default();
    let has_faulty_tier = faulty.iter().any(|element| element.starts_with("tiers"));
    let is_about_faulty = |problem: &Problem| {
        // A blank may lack what others refer to, and stands in no order.
        let is_of_order = matches!(problem.code.as_str(), "tier_order" | "last_tier");
        let is_reference = matches!(problem.code.as_str(), "unknown_tier" | "unknown_group" | "unknown_territory");
        element_of(&problem.path).is_none_or(|element| is_faulty(&element))
            || (is_of_order && has_faulty_tier)
            || (is_reference && has_nameless(tree, &problem.code, &is_faulty))
    };
    found.into_iter().filter(|problem| !is_about_faulty(problem)).collect()
}

/// The element of a section that a path lies in: `criteria[2]`, `groups.fit`, or the section itself.
fn element_of(path: &str) -> Option<String> {
    let end = |rest: &str, stops: &[char]| rest.find(stops).unwrap_or(rest.len());
    let section_end = end(path, &['.', '[']);
    let (section, rest) = path.split_at_checked(section_end)?;
    if section.is_empty() {
        return None;
    }
    if let Some(index) = rest.strip_prefix('[') {
        let index = index.get(..end(index, &[']']))?;
        return Some(format!("{section}[{index}]"));
    }
    match rest.strip_prefix('.') {
        Some(key) if section == "groups" => Some(format!("groups.{}", key.get(..end(key, &['.', '[']))?)),
        _ => Some(section.to_owned()),
    }
}

/// The file as JSON, with a blank in place of each faulty element.
fn patched(tree: &JsonTree<'_>, is_faulty: &impl Fn(&str) -> bool) -> Json {
    let mut file = Map::new();
    for field in &shape::RUBRIC {
        let section = field.name;
        let value = match (section, tree.get(section)) {
            ("name", Some(value)) if !is_faulty("name") => to_json(value),
            ("name", _) => json!("blank"),
            ("fallback", Some(value)) if !is_faulty("fallback") => to_json(value),
            ("fallback", _) => json!({"team": "blank"}),
            ("groups", Some(JsonTree { value: JsonTreeValue::Object(members), .. })) => {
                let group = |key: &str, member| {
                    if is_faulty(&format!("groups.{key}")) { json!({}) } else { to_json(member) }
                };
                members.iter().map(|(key, member)| (key.to_string(), group(key, member))).collect()
            }
            ("groups", _) => json!({}),
            (_, Some(JsonTree { value: JsonTreeValue::List(items), .. })) if !is_faulty(section) => {
                let item = |(index, item): (usize, &JsonTree<'_>)| {
                    if is_faulty(&format!("{section}[{index}]")) { blank(section, index, item) } else { to_json(item) }
                };
                items.iter().enumerate().map(item).collect()
            }
            (_, Some(value)) if !is_faulty(section) => to_json(value),
            ("criteria" | "tiers", _) => json!([]),
            _ => continue,
        };
        file.insert(section.to_owned(), value);
    }
    Json::Object(file)
}

/// An element of a section that keeps the id of `faulty`, where it has one, and does nothing.
fn blank(section: &str, index: usize, faulty: &JsonTree<'_>) -> Json {
    let id = id_of(faulty).map_or_else(|| format!("blank.{section}.{index}"), str::to_owned);
    let never = json!({"signal": "never"});
    match section {
        "tiers" => {
            let at_least = faulty.get("at_least").and_then(|value| match value.value {
                JsonTreeValue::Number(number) => number.parse::<i32>().ok(),
                _ => None,
            });
            json!({"id": id, "at_least": at_least, "sla_minutes": 1})
        }
        "criteria" => json!({"id": id, "group": "blank", "when": never, "points": 0}),
        "overrides" => json!({"id": id, "when": never, "reject": true}),
        "territories" => json!({"id": id, "when": never}),
        _ => json!({"id": id, "team": "blank"}),
    }
}

fn id_of<'a>(element: &'a JsonTree<'_>) -> Option<&'a str> {
    match element.get("id").map(|id| &id.value) {
        Some(JsonTreeValue::Text(id)) => Some(id),
        _ => None,
    }
}

/// Whether the section that an unknown reference looks in is itself faulty or has a faulty element without an id.
fn has_nameless(tree: &JsonTree<'_>, code: &str, is_faulty: &impl Fn(&str) -> bool) -> bool {
    let section = match code {
        "unknown_tier" => "tiers",
        "unknown_territory" => "territories",
        _ => "groups",
    };
    let Some(JsonTree { value: JsonTreeValue::List(items), .. }) = tree.get(section) else { return is_faulty(section) };
    let is_nameless =
        |(index, item): (usize, &JsonTree<'_>)| id_of(item).is_none() && is_faulty(&format!("{section}[{index}]"));
    is_faulty(section) || items.iter().enumerate().any(is_nameless)
}

fn to_json(tree: &JsonTree<'_>) -> Json {
    match &tree.value {
        JsonTreeValue::Null => Json::Null,
        JsonTreeValue::Flag(flag) => Json::Bool(*flag),
        JsonTreeValue::Number(number) => serde_json::from_str(number).unwrap_or_default(),
        JsonTreeValue::Text(text) => Json::String(text.to_string()),
        JsonTreeValue::List(items) => items.iter().map(to_json).collect(),
        JsonTreeValue::Object(members) => {
            members.iter().map(|(key, value)| (key.to_string(), to_json(value))).collect()
        }
    }
}
