//! The JSON body of `POST /v1/leads`.
//!
//! Repeated keys are refused, since readers differ in which one they take. Unknown fields with a plain value are
//! kept as the sender's own. Lists and objects are read where the contract has them, and nowhere else.

use crate::error::Problem;
use crate::intake::alias::{FieldMap, LeadField};
use crate::intake::error::IntakeError;
use crate::intake::json_tree::JsonNode;
use crate::intake::raw::{RawLead, RawSignal, echo, too_many_fields};
use crate::limits::{FIELDS_MAX, SIGNALS_MAX};
use std::collections::BTreeSet;

/// Reads a JSON lead.
///
/// # Errors
/// [`IntakeError::EmptyBody`], `BadEncoding`, `BrokenJson`, `NotAnObject`, or `Invalid` with `too_many_fields`. What is
/// wrong with single fields is in [`RawLead::problems`].
pub fn read(body: &[u8], map: &FieldMap) -> Result<RawLead, IntakeError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = std::str::from_utf8(body).map_err(|error| IntakeError::BadEncoding { at: error.valid_up_to() })?;
    if text.trim().is_empty() {
        return Err(IntakeError::EmptyBody);
    }
    let node: JsonNode = serde_json::from_str(text)
        .map_err(|error| IntakeError::BrokenJson { line: error.line(), column: error.column() })?;
    let JsonNode::Object(entries) = node else { return Err(IntakeError::NotAnObject) };
    if count(&entries) > FIELDS_MAX {
        return Err(IntakeError::Invalid(vec![too_many_fields()]));
    }
    let mut reader = JsonReader::default();
    reader.body(entries);
    let mut raw = RawLead::from_pairs(reader.pairs, map);
    raw.signals = reader.signals;
    raw.problems.append(&mut reader.problems);
    Ok(raw)
}

/// Fields of the body, counting those inside of `fields` and `utm` instead of these two.
fn count(entries: &[(String, JsonNode)]) -> usize {
    entries.iter().fold(0, |sum, (_, node)| {
        let fields = if let JsonNode::Object(inner) = node { inner.len().max(1) } else { 1 };
        sum.saturating_add(fields)
    })
}

#[derive(Default)]
struct JsonReader {
    pairs: Vec<(String, String)>,
    signals: Vec<RawSignal>,
    problems: Vec<Problem>,
}

impl JsonReader {
    fn body(&mut self, entries: Vec<(String, JsonNode)>) {
        for (key, node) in self.unique("", entries) {
            match key.to_lowercase().as_str() {
                "utm" => self.section(&key, node, |name| format!("utm_{name}")),
                "fields" => self.section(&key, node, |name| format!("fields.{name}")),
                "incumbent" => self.section(&key, node, |name| format!("incumbent.{name}")),
                "intent" => self.intent(node),
                _ => self.field("", &key, &key, node),
            }
        }
    }

    /// Entries with each key once; a problem for every repeated one.
    fn unique(&mut self, parent: &str, entries: Vec<(String, JsonNode)>) -> Vec<(String, JsonNode)> {
        let mut kept: Vec<(String, JsonNode)> = Vec::with_capacity(entries.len());
        let mut repeated = BTreeSet::new();
        for (key, node) in entries {
            if kept.iter().any(|(seen, _)| *seen == key) {
                repeated.insert(key);
            } else {
                kept.push((key, node));
            }
        }
        for key in repeated {
            self.problem(&join(parent, &key), "duplicate_key", "the key is repeated; send it once");
        }
        kept
    }

    /// An object of plain values, whose names are turned into field names.
    fn section(&mut self, key: &str, node: JsonNode, name_of: impl Fn(&str) -> String) {
        match node {
            JsonNode::Null => {}
            JsonNode::Object(entries) => {
                for (name, value) in self.unique(key, entries) {
                    self.field(key, &name, &name_of(&name), value);
                }
            }
            _ => self.problem(key, "wrong_type", "expected an object"),
        }
    }

    /// One field with a plain value: the key `key` inside of `parent`, meant as the field `name`.
    fn field(&mut self, parent: &str, key: &str, name: &str, node: JsonNode) {
        let path = || join(parent, key);
        let is_known = || LeadField::from_alias(name).is_some() && !name.starts_with("fields.");
        match node {
            JsonNode::Null => {}
            JsonNode::Text(text) | JsonNode::Number(text) => self.pairs.push((name.to_owned(), text)),
            JsonNode::Flag(_) if is_known() => self.problem(&path(), "wrong_type", "expected a text"),
            JsonNode::Flag(flag) => self.pairs.push((name.to_owned(), flag.to_string())),
            JsonNode::List(_) | JsonNode::Object(_) if is_known() => {
                self.problem(&path(), "wrong_type", "expected a text")
            }
            JsonNode::List(_) | JsonNode::Object(_) | JsonNode::TooDeep => {
                let message = "lists and objects are not read here; send one text, number or flag";
                self.problem(&path(), "unsupported_value", message);
            }
        }
    }

    fn intent(&mut self, node: JsonNode) {
        let items = match node {
            JsonNode::Null => return,
            JsonNode::List(items) => items,
            _ => return self.problem("intent", "wrong_type", "expected a list of objects with `signal` and `at`"),
        };
        if items.len() > SIGNALS_MAX {
            let message = format!("a lead may have {SIGNALS_MAX} intent signals at most");
            return self.problem("intent", "too_many_signals", &message);
        }
        for (index, item) in items.into_iter().enumerate() {
            let path = format!("intent[{index}]");
            match item {
                // Far more keys than the contract has would only make work.
                JsonNode::Object(entries) if entries.len() <= 8 => self.signal(path, entries),
                _ => self.problem(&path, "wrong_type", "expected an object with `signal` and `at`"),
            }
        }
    }

    fn signal(&mut self, path: String, entries: Vec<(String, JsonNode)>) {
        let mut signal = RawSignal { path: path.clone(), signal: None, at: None };
        for (key, node) in self.unique(&path, entries) {
            let inner = join(&path, &key);
            match (key.as_str(), node) {
                ("signal" | "at", JsonNode::Null) => {}
                ("signal", JsonNode::Text(text)) => signal.signal = Some(text),
                ("at", JsonNode::Text(text)) => signal.at = Some(text),
                ("signal" | "at", _) => self.problem(&inner, "wrong_type", "expected a text"),
                _ => self.problem(&inner, "unknown_field", "expected `signal` and `at`"),
            }
        }
        self.signals.push(signal);
    }

    fn problem(&mut self, path: &str, code: &str, message: &str) {
        self.problems.push(Problem::new(path, code, message));
    }
}

fn join(parent: &str, key: &str) -> String {
    if parent.is_empty() { echo(key) } else { format!("{}.{}", echo(parent), echo(key)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(body: &str) -> RawLead {
        read(body.as_bytes(), &FieldMap::default()).unwrap()
    }

    fn codes(body: &str) -> Vec<(String, String)> {
        raw(body).problems.into_iter().map(|problem| (problem.path, problem.code)).collect()
    }

    fn value(raw: &RawLead, path: &str) -> Option<String> {
        raw.pairs.iter().find(|pair| pair.name.path() == path).map(|pair| pair.value.clone())
    }

    #[test]
    fn plain_values_are_read_as_text() {
        let raw = raw(r#"{"email":"a@b.example","employees":380,"phone":49302312,"Budget":1.5,"trial":true,"x":null}"#);
        assert_eq!(value(&raw, "employees").as_deref(), Some("380"));
        assert_eq!(value(&raw, "phone").as_deref(), Some("49302312"));
        assert_eq!(value(&raw, "fields.budget").as_deref(), Some("1.5"));
        assert_eq!(value(&raw, "fields.trial").as_deref(), Some("true"));
        assert_eq!((raw.pairs.len(), raw.problems.len()), (5, 0));
    }

    #[test]
    fn sections_are_flattened() {
        let raw = raw(r#"{"utm":{"source":"g","id":"7"},"fields":{"title":"Dr"},"incumbent":{"rep_id":"ann"}}"#);
        assert_eq!(value(&raw, "utm.source").as_deref(), Some("g"));
        assert_eq!(value(&raw, "fields.utm_id").as_deref(), Some("7"));
        assert_eq!(value(&raw, "fields.title").as_deref(), Some("Dr"));
        assert_eq!(value(&raw, "incumbent.rep_id").as_deref(), Some("ann"));
    }

    #[test]
    fn shapes_that_the_contract_does_not_have_are_named_one_by_one() {
        let body = r#"{"email":["a"],"name":true,"tags":[[1]],"deep":{"a":1},"utm":"x","intent":{},
            "fields":{"a":{"b":1}},"email":"b","x":1,"x":2,"x":3}"#;
        let expected = [
            ("email", "duplicate_key"),
            ("x", "duplicate_key"),
            ("email", "wrong_type"),
            ("name", "wrong_type"),
            ("tags", "unsupported_value"),
            ("deep", "unsupported_value"),
            ("utm", "wrong_type"),
            ("intent", "wrong_type"),
            ("fields.a", "unsupported_value"),
        ];
        assert_eq!(codes(body), expected.map(|(path, code)| (path.to_owned(), code.to_owned())));
    }

    #[test]
    fn signals_are_read_and_their_mistakes_named() {
        let lead = raw(r#"{"intent":[{"signal":"a","at":"t"},{"signal":"b"}]}"#);
        assert_eq!(lead.signals.len(), 2);
        let many: Vec<String> = (0..9).map(|index| format!("\"k{index}\":1")).collect();
        assert_eq!(codes(&format!("{{\"intent\":[{{{}}}]}}", many.join(","))).len(), 1);
        let body = r#"{"intent":["a",{"signal":1,"when":"x"},{"at":"t","at":"u"}]}"#;
        let paths: Vec<String> = codes(body).into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["intent[0]", "intent[1].signal", "intent[1].when", "intent[2].at"]);
    }

    #[test]
    fn unreadable_bodies_have_a_code_and_a_place() {
        let read = |body: &[u8]| read(body, &FieldMap::default());
        assert_eq!(read(b""), Err(IntakeError::EmptyBody));
        assert_eq!(read(b"\xef\xbb\xbf  "), Err(IntakeError::EmptyBody));
        assert_eq!(read(b"{\n  \"email\": }"), Err(IntakeError::BrokenJson { line: 2, column: 12 }));
        assert_eq!(read(b"{\"a\":\"\xff\"}"), Err(IntakeError::BadEncoding { at: 6 }));
        assert_eq!(read(b"[]"), Err(IntakeError::NotAnObject));
        assert_eq!(read(b"null"), Err(IntakeError::NotAnObject));
        for broken in ["{\"a\":\"\\ud800\"}", "{\"a\":1e999}", "{\"a\":1}x", "{\"a\":\"\u{1}\"}", "{'a':1}"] {
            assert_eq!(read(broken.as_bytes()).map_err(|error| error.code()), Err("broken_json"), "{broken}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert!(read(b"\xef\xbb\xbf{\"email\":\"a@b.example\"}", &FieldMap::default()).is_ok());
    }

    #[test]
    fn nesting_of_any_depth_is_named_not_followed() {
        let deep = |depth: usize| format!("{{\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        for depth in [1, 7, 8, 100, 50_000] {
            assert_eq!(codes(&deep(depth)), [("x".to_owned(), "unsupported_value".to_owned())], "{depth}");
        }
    }

    #[test]
    fn the_limits_are_256_fields_and_100_signals() {
        let fields = |count: usize| {
            let fields: Vec<String> = (0..count).map(|index| format!("\"f{index}\":1")).collect();
            format!("{{\"fields\":{{{}}}}}", fields.join(","))
        };
        assert_eq!(raw(&fields(256)).pairs.len(), 256);
        let error = read(fields(257).as_bytes(), &FieldMap::default()).unwrap_err();
        assert_eq!(error.problems()[0].code, "too_many_fields");
        let signals = |count: usize| format!("{{\"intent\":[{}]}}", vec!["{\"signal\":\"a\"}"; count].join(","));
        assert_eq!(codes(&signals(100)), vec![]);
        assert_eq!(codes(&signals(101)), [("intent".to_owned(), "too_many_signals".to_owned())]);
    }
}
