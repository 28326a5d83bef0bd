//! The JSON body of `POST /v1/leads`.
//!
//! Repeated keys are refused, since readers differ in which one they take. Unknown fields are kept as the sender's own.
//! The texts of a list are the texts of one field. Objects where the contract has none become fields named after both, and
//! what is nested too deep for that is left out with a note: no optional field refuses a lead.

use crate::error::Problem;
use crate::intake::alias::{FieldMap, LeadField};
use crate::intake::error::IntakeError;
use crate::intake::flatten::flatten;
use crate::intake::json_tree::JsonNode;
use crate::intake::raw::{Note, RawLead, RawSignal, echo, too_many_fields};
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
    let mut reader =
        JsonReader { map, pairs: Vec::new(), signals: Vec::new(), problems: Vec::new(), notes: Vec::new() };
    reader.body(entries);
    let mut raw = RawLead::from_pairs(reader.pairs, map);
    raw.signals = reader.signals;
    raw.problems.append(&mut reader.problems);
    raw.notes.append(&mut reader.notes);
    Ok(raw)
}

/// Fields of the body, counting those inside of `fields` and `utm` instead of these two.
fn count(entries: &[(String, JsonNode)]) -> usize {
    entries.iter().fold(0, |sum, (_, node)| {
        let fields = if let JsonNode::Object(inner) = node { inner.len().max(1) } else { 1 };
        sum.saturating_add(fields)
    })
}

struct JsonReader<'a> {
    map: &'a FieldMap,
    pairs: Vec<(String, String)>,
    signals: Vec<RawSignal>,
    problems: Vec<Problem>,
    notes: Vec<Note>,
}

impl JsonReader<'_> {
    fn body(&mut self, entries: Vec<(String, JsonNode)>) {
        for (key, node) in self.unique("", entries) {
            match (key.to_lowercase().as_str(), node) {
                ("utm", JsonNode::Object(inner)) => self.section(&key, inner, |name| format!("utm_{name}")),
                ("fields", JsonNode::Object(inner)) => self.section(&key, inner, |name| format!("fields.{name}")),
                ("incumbent", JsonNode::Object(inner)) => self.section(&key, inner, |name| format!("incumbent.{name}")),
                ("intent", node) => self.intent(node),
                (_, node) => self.field("", &key, &key, node),
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

    /// An object whose names are turned into field names.
    fn section(&mut self, key: &str, entries: Vec<(String, JsonNode)>, name_of: impl Fn(&str) -> String) {
        for (name, value) in self.unique(key, entries) {
            self.field(key, &name, &name_of(&name), value);
        }
    }

    /// One field: the key `key` inside of `parent`, meant as the field `name`.
    fn field(&mut self, parent: &str, key: &str, name: &str, node: JsonNode) {
        match node {
            JsonNode::Null => {}
            JsonNode::Text(text) | JsonNode::Number(text) => self.pairs.push((name.to_owned(), text)),
            // `true` is nobody's name or company.
            JsonNode::Flag(flag) if LeadField::from_alias(name).is_some() => {
                self.pairs.push((format!("fields.{name}"), flag.to_string()));
                self.note(&join(parent, key), "kept_as_typed");
            }
            JsonNode::Flag(flag) => self.pairs.push((name.to_owned(), flag.to_string())),
            JsonNode::List(items) if items.iter().all(|item| item.plain().is_some() && item.items().is_empty()) => {
                let texts = items.iter().filter_map(JsonNode::plain);
                self.pairs.extend(texts.map(|text| (name.to_owned(), text)));
            }
            node @ (JsonNode::List(_) | JsonNode::Object(_)) => {
                let outer = JsonNode::Object(vec![(name.to_owned(), node)]);
                let inner = flatten(&outer, self.map);
                if inner.is_empty() {
                    self.note(&join(parent, key), "value_dropped");
                }
                self.pairs.extend(inner.into_iter().map(|field| (field.name, field.text)));
            }
            JsonNode::TooDeep => self.note(&join(parent, key), "value_dropped"),
        }
    }

    fn intent(&mut self, node: JsonNode) {
        let items = match node {
            JsonNode::Null => return,
            JsonNode::List(items) => items,
            _ => return self.note("intent", "signal_dropped"),
        };
        for (index, item) in items.into_iter().enumerate() {
            let path = format!("intent[{index}]");
            match item {
                _ if index == SIGNALS_MAX => return self.note("intent", "signals_dropped"),
                // Far more keys than the contract has would only make work.
                JsonNode::Object(entries) if entries.len() <= 8 => self.signal(path, entries),
                _ => self.note(&path, "signal_dropped"),
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
                _ => self.note(&inner, "value_dropped"),
            }
        }
        self.signals.push(signal);
    }

    fn problem(&mut self, path: &str, code: &str, message: &str) {
        self.problems.push(Problem::new(path, code, message));
    }

    fn note(&mut self, path: &str, code: &str) {
        self.notes.push(Note { path: path.to_owned(), code: code.to_owned() });
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

    fn notes(body: &str) -> Vec<String> {
        raw(body).notes.into_iter().map(|note| format!("{} {}", note.path, note.code)).collect()
    }

    #[test]
    fn repeated_keys_are_named_one_by_one() {
        let expected = [("email", "duplicate_key"), ("x", "duplicate_key")];
        let body = r#"{"email":"a@b.example","email":"b","x":1,"x":2,"x":3}"#;
        assert_eq!(codes(body), expected.map(|(path, code)| (path.to_owned(), code.to_owned())));
    }

    #[test]
    fn shapes_that_the_contract_does_not_have_are_read_as_well_as_can_be() {
        let raw = raw(r#"{"tags":["a",2],"deep":{"a":1,"b":["x"]},"company":{"name":"Acme","size":"11-50"},"utm":"x",
            "contact":{"email":"ada@a.example"},"answers":[{"question":"Your role","answer":"CEO"},{"id":7}]}"#);
        for (path, text) in [
            ("fields.tags", "a, 2"),
            ("fields.deep_a", "1"),
            ("fields.deep_b", "x"),
            ("company", "Acme"),
            ("employees", "11-50"),
            ("fields.utm", "x"),
            ("email", "ada@a.example"),
            ("title", "CEO"),
            ("fields.answers_1_id", "7"),
        ] {
            assert_eq!(value(&raw, path).as_deref(), Some(text), "{path}");
        }
        assert_eq!(raw.problems, []);
    }

    #[test]
    fn signals_are_read_and_their_mistakes_noted() {
        let lead = raw(r#"{"intent":[{"signal":"a","at":"t"},{"signal":"b"}]}"#);
        assert_eq!(lead.signals.len(), 2);
        let many: Vec<String> = (0..9).map(|index| format!("\"k{index}\":1")).collect();
        assert_eq!(notes(&format!("{{\"intent\":[{{{}}}]}}", many.join(","))), ["intent[0] signal_dropped"]);
        let body = r#"{"intent":["a",{"signal":1,"when":"x"}]}"#;
        assert_eq!(
            notes(body),
            ["intent[0] signal_dropped", "intent[1].signal value_dropped", "intent[1].when value_dropped"]
        );
        assert_eq!(
            codes(r#"{"intent":[{"at":"t","at":"u"}]}"#),
            [("intent[0].at".to_owned(), "duplicate_key".to_owned())]
        );
        assert_eq!(notes(r#"{"intent":{}}"#), ["intent signal_dropped"]);
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
            assert_eq!(codes(&deep(depth)), [], "{depth}");
            assert!(notes(&deep(depth)).iter().all(|note| note == "x value_dropped"), "{depth}");
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
        assert_eq!(raw(&signals(101)).signals.len(), 100);
        assert_eq!(notes(&signals(101)), ["intent signals_dropped"]);
    }
}
