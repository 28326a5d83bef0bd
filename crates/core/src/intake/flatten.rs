//! Objects inside of objects, as payloads nest them, as fields with one text each.

use crate::intake::alias::{FieldMap, LeadField};
use crate::intake::json_tree::JsonNode;
use crate::intake::meaning::known_field;

/// Objects that only wrap a lead: their fields count as if they stood outside.
const WRAPPERS: &[&str] = &[
    "answers",
    "attributes",
    "body",
    "contact",
    "customer",
    "data",
    "default_address",
    "entry",
    "fields",
    "form_data",
    "form_response",
    "formdata",
    "item",
    "lead",
    "object",
    "payload",
    "person",
    "profile",
    "properties",
    "questions",
    "record",
    "responses",
    "submission",
    "subscriber",
    "traits",
    "user",
];

/// Objects that are the person, wherever they stand: their fields are the lead's own.
const PEOPLE: &[&str] = &[
    "attendee",
    "customer_details",
    "invitee",
    "prospect",
    "registrant",
    "requester",
    "respondent",
    "submitter",
    "visitor",
];

/// Objects inside objects that are read.
const LEVELS_MAX: u32 = 5;

/// Objects of one list that are read; a person has a few addresses, a form some hundred answers.
const ITEMS_MAX: usize = 200;

/// Where an answer has its question, the wording first.
const QUESTION_KEYS: &[&str] = &[
    "label",
    "title",
    "question",
    "question_text",
    "field_label",
    "fieldLabel",
    "name",
    "field_name",
    "fieldName",
    "key",
    "ref",
    "slug",
    "id",
    "field",
];

/// Where an answer has its text.
const ANSWER_KEYS: &[&str] = &["value", "answer", "values", "answers", "response", "raw_value", "string_value", "text"];

/// Where an answer has the type of its question.
const KIND_KEYS: &[&str] = &["type", "field_type", "fieldType", "kind"];

/// A field of a payload.
pub(crate) struct FlatField {
    /// Its name: the question of an answer, otherwise the keys on the way to it with `_` between them.
    pub name: String,
    /// The type that a form says that the question has; empty when it says none.
    pub kind: String,
    /// Its text.
    pub text: String,
}

/// The fields of an object, in its order. An inner object's fields are named after both, such as `company_name`, unless
/// the outer one only wraps a lead. An object or an item of a list that has a question and its answer is one field. What is
/// nested deeper than any known payload is left out.
pub(crate) fn flatten(node: &JsonNode, map: &FieldMap) -> Vec<FlatField> {
    let mut flattener = Flattener { map, fields: Vec::new() };
    flattener.inner("", node, LEVELS_MAX);
    flattener.fields
}

/// The better of two names of one field: the first, unless only the second means something.
pub(crate) fn telling_name<'n>(name: &'n str, other: &'n str, map: &FieldMap) -> &'n str {
    let is_known = |name: &str| known_field(name, map).is_some();
    if name.trim().is_empty() || !is_known(name) && is_known(other) { other } else { name }
}

struct Flattener<'a> {
    map: &'a FieldMap,
    fields: Vec<FlatField>,
}

impl Flattener<'_> {
    fn add(&mut self, name: &str, kind: &str, text: Option<String>) {
        if let Some(text) = text {
            self.fields.push(FlatField { name: name.to_owned(), kind: kind.to_owned(), text });
        }
    }

    fn inner(&mut self, outer: &str, node: &JsonNode, levels: u32) {
        let Some(levels) = levels.checked_sub(1) else { return };
        let is_inside = outer.is_empty() && levels.saturating_add(1) < LEVELS_MAX;
        let is_person = !is_inside || self.has_person(node);
        for (name, value) in node.entries() {
            let full = match name.as_str() {
                // Of a meeting or a ticket that a person is in.
                "title" if !is_person => "fields.title".to_owned(),
                _ if outer.is_empty() => name.clone(),
                _ => format!("{outer}_{name}"),
            };
            let lower = name.to_lowercase();
            let is_wrapper = outer.is_empty() && WRAPPERS.contains(&lower.as_str()) || PEOPLE.contains(&lower.as_str());
            self.value(&full, if is_wrapper { "" } else { &full }, value, levels);
        }
    }

    /// Whether an object has the name or the address of a person among its own fields.
    fn has_person(&self, node: &JsonNode) -> bool {
        let fields = node.entries().iter().filter_map(|(name, _)| known_field(name, self.map));
        fields.into_iter().any(|field| {
            matches!(
                field,
                LeadField::Email | LeadField::Name | LeadField::FirstName | LeadField::LastName | LeadField::Phone
            )
        })
    }

    /// Adds a value under its name; what is inside of it under `outer`.
    fn value(&mut self, name: &str, outer: &str, value: &JsonNode, levels: u32) {
        match value {
            JsonNode::Object(_) => {
                match question_of(value, &["label", "title", "question"]).or_else(|| typed(name, value)) {
                    Some((question, answer)) => {
                        self.answered(telling_name(question, name, self.map), value, answer, levels)
                    }
                    None => self.inner(outer, value, levels),
                }
            }
            JsonNode::List(items) if has_objects(items) => {
                for (index, item) in items.iter().take(ITEMS_MAX).enumerate() {
                    match question_of(item, QUESTION_KEYS) {
                        Some((question, answer)) => {
                            self.answered(telling_name(question, name, self.map), item, answer, levels)
                        }
                        None => self.inner(&format!("{name}_{index}"), item, levels),
                    }
                }
            }
            _ => self.add(name, "", value.plain()),
        }
    }

    fn answered(&mut self, question: &str, item: &JsonNode, answer: &JsonNode, levels: u32) {
        let kind = KIND_KEYS.iter().map(|key| item.get(key).text()).find(|kind| !kind.is_empty()).unwrap_or_default();
        match answer {
            JsonNode::Object(_) => self.inner(question, answer, levels),
            JsonNode::List(items) if has_objects(items) => {
                let texts: Vec<String> = items.iter().filter_map(choice_text).collect();
                self.add(question, kind, Some(texts.join(", ")).filter(|text| !text.is_empty()));
            }
            _ => self.add(question, kind, answer.plain()),
        }
    }
}

fn has_objects(items: &[JsonNode]) -> bool {
    items.iter().any(|item| !item.entries().is_empty())
}

/// The question and the answer of an object that has both, the question under one of some keys.
fn question_of<'n>(node: &'n JsonNode, keys: &[&str]) -> Option<(&'n str, &'n JsonNode)> {
    let question = keys.iter().map(|key| node.get(key).text().trim()).find(|text| !text.is_empty())?;
    let has = |key: &&&str| node.entries().iter().any(|(name, _)| name == **key);
    let answer = ANSWER_KEYS.iter().find(has)?;
    Some((question, node.get(answer)))
}

/// The answer of an object that says which type of question it answers: its question is its `name`, or the key of the object.
fn typed<'n>(key: &'n str, node: &'n JsonNode) -> Option<(&'n str, &'n JsonNode)> {
    let is_typed = KIND_KEYS.iter().any(|key| !node.get(key).text().is_empty());
    let question = [node.get("name").text(), key].into_iter().find(|text| !text.is_empty())?;
    let answer = node.entries().iter().find(|(name, _)| name == "value").filter(|_| is_typed)?;
    Some((question, &answer.1))
}

/// The text of a chosen option.
fn choice_text(item: &JsonNode) -> Option<String> {
    let named = ["label", "name", "text", "title", "value", "url"].iter().find_map(|key| item.get(key).plain());
    named.or_else(|| item.plain())
}
