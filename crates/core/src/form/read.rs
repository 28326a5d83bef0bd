//! Reading the settings of a form: everything that is wrong at once.

use crate::error::Problem;
use crate::form::{Form, GuardedField};
use crate::intake::json_tree::JsonNode;
use crate::intake::{FieldMap, LeadField, Name};
use crate::limits::{FIELDS_MAX, FORM_ORIGINS_MAX, VALUE_CHARS_MAX};
use crate::normalize::nearest;
use crate::web_address::{is_origin, is_web_address};
use std::collections::BTreeMap;

/// The settings there are.
const NAMES: [&str; 8] =
    ["fields", "required", "thanks_url", "booking", "origins", "turnstile", "source", "accept_fields"];

/// Reads the settings of a form from JSON.
///
/// # Errors
/// Every problem, by path (`fields.q7`, `origins[2]`); never an empty list. A name that is no setting is a problem, since
/// a misspelled `turnstile` must not leave a form open.
pub fn read(text: &str) -> Result<Form, Vec<Problem>> {
    let node: JsonNode = serde_json::from_str(text).map_err(|error| {
        let message = format!("no valid JSON at line {}, column {}", error.line(), error.column());
        vec![Problem::new("", "broken_json", message)]
    })?;
    let JsonNode::Object(entries) = node else {
        return Err(vec![Problem::new("", "wrong_type", "expected an object with the settings of a form")]);
    };
    let mut reader = FormReader::default();
    let mut seen: Vec<&str> = Vec::new();
    for (name, node) in &entries {
        if seen.contains(&name.as_str()) {
            reader.problem(name, "duplicate_key", "the setting stands twice");
        } else {
            seen.push(name);
            reader.setting(name, node);
        }
    }
    if reader.problems.is_empty() { Ok(reader.form) } else { Err(reader.problems) }
}

/// Reads the settings of a sender, which has one: `fields`, as a form has it.
///
/// # Errors
/// As [`read`].
pub fn read_map(text: &str) -> Result<FieldMap, Vec<Problem>> {
    let form = read(text)?;
    let names = serde_json::from_str::<JsonNode>(text).unwrap_or(JsonNode::Null);
    let others = names.entries().iter().filter(|(name, _)| name != "fields");
    let problems: Vec<Problem> =
        others.map(|(name, _)| Problem::new(name, "unknown_setting", "a sender has `fields` alone")).collect();
    if problems.is_empty() { Ok(form.map) } else { Err(problems) }
}

#[derive(Default)]
struct FormReader {
    form: Form,
    problems: Vec<Problem>,
}

impl FormReader {
    fn problem(&mut self, path: &str, code: &str, message: &str) {
        self.problems.push(Problem::new(path, code, message));
    }

    fn setting(&mut self, name: &str, node: &JsonNode) {
        match (name, node) {
            (_, JsonNode::Null) if NAMES.contains(&name) => {}
            ("fields", JsonNode::Object(entries)) => self.fields(entries),
            ("fields", _) => self.problem(name, "wrong_type", "expected an object from the form's names to a lead's"),
            ("required", JsonNode::List(items)) => self.required(items),
            ("required", _) => self.problem(name, "wrong_type", "expected a list of a lead's fields"),
            ("accept_fields", JsonNode::List(items)) => self.accept_fields(items),
            ("accept_fields", _) => self.problem(name, "wrong_type", "expected a list such as `[\"source\"]`"),
            ("origins", JsonNode::List(items)) => self.origins(items),
            ("origins", _) => {
                self.problem(name, "wrong_type", "expected a list such as `[\"https://www.example.com\"]`")
            }
            ("booking", JsonNode::Flag(flag)) => self.form.booking = *flag,
            ("turnstile", JsonNode::Flag(flag)) => self.form.turnstile = *flag,
            ("booking" | "turnstile", _) => self.problem(name, "wrong_type", "expected `true` or `false`"),
            ("thanks_url", JsonNode::Text(url)) if is_web_address(url) => self.form.thanks_url = Some(url.clone()),
            ("thanks_url", _) => {
                let message = "expected an address such as `https://www.example.com/thanks`, percent-encoded";
                self.problem(name, "invalid_url", message);
            }
            ("source", JsonNode::Text(text)) if is_short_text(text) => self.form.source = Some(text.clone()),
            ("source", _) => self.problem(name, "invalid_source", "expected a short text without control characters"),
            _ => {
                let problem = Problem::new(name, "unknown_setting", "a form has no such setting");
                self.problems.push(match nearest(name, NAMES) {
                    Some(other) => problem.with_help(format!("did you mean `{other}`?")),
                    None => problem,
                });
            }
        }
    }

    fn fields(&mut self, entries: &[(String, JsonNode)]) {
        if entries.len() > FIELDS_MAX {
            return self.problem("fields", "too_many_fields", &format!("a form may have {FIELDS_MAX} fields at most"));
        }
        let mut map = BTreeMap::new();
        for (name, node) in entries {
            let path = format!("fields.{name}");
            let JsonNode::Text(target) = node else {
                self.problem(&path, "wrong_type", "expected the name of a lead's field");
                continue;
            };
            if map.insert(name.clone(), target.clone()).is_some() {
                self.problem(&path, "duplicate_key", "the name stands twice");
            }
        }
        match FieldMap::new(&map) {
            Ok(map) => self.form.map = map,
            Err(problems) => {
                let below = |problem: Problem| Problem { path: format!("fields.{}", problem.path), ..problem };
                self.problems.extend(problems.into_iter().map(below));
            }
        }
    }

    fn required(&mut self, items: &[JsonNode]) {
        if items.len() > FIELDS_MAX {
            return self.problem("required", "too_many_fields", &format!("expected {FIELDS_MAX} fields at most"));
        }
        for (index, item) in items.iter().enumerate() {
            let path = format!("required[{index}]");
            let text = if let JsonNode::Text(text) = item { text.as_str() } else { "" };
            let own = text.strip_prefix("fields.").filter(|own| !own.is_empty());
            match (LeadField::from_path(text), own) {
                (Some(LeadField::Form), _) => {
                    self.problem(&path, "unknown_field", "the form's id comes from its address")
                }
                (Some(known), _) => self.form.required.push(Name::Known(known)),
                (None, Some(own)) => self.form.required.push(Name::Own(own.to_lowercase())),
                (None, None) => {
                    let message = "expected the name of a lead's field, or `fields.` and a name";
                    let problem = Problem::new(&path, "unknown_field", message);
                    self.problems.push(match nearest(text, LeadField::ALL.iter().map(|known| known.path())) {
                        Some(other) => problem.with_help(format!("did you mean `{other}`?")),
                        None => problem,
                    });
                }
            }
        }
    }

    fn accept_fields(&mut self, items: &[JsonNode]) {
        for (index, item) in items.iter().enumerate() {
            let name = if let JsonNode::Text(text) = item { text.as_str() } else { "" };
            match GuardedField::from_name(name) {
                Some(field) => {
                    self.form.accepted.insert(field);
                }
                None => {
                    let names = GuardedField::ALL.map(GuardedField::as_str).join("`, `");
                    let message = format!("expected one of `{names}`; every other field is accepted anyway");
                    self.problem(&format!("accept_fields[{index}]"), "unknown_field", &message);
                }
            }
        }
    }

    fn origins(&mut self, items: &[JsonNode]) {
        if items.len() > FORM_ORIGINS_MAX {
            return self.problem("origins", "too_many_origins", &format!("expected {FORM_ORIGINS_MAX} at most"));
        }
        for (index, item) in items.iter().enumerate() {
            match item {
                JsonNode::Text(text) if is_origin(text) => {
                    self.form.origins.insert(text.to_ascii_lowercase());
                }
                _ => {
                    let message = "expected scheme and host, without a path, such as `https://www.example.com`";
                    self.problem(&format!("origins[{index}]"), "invalid_origin", message);
                }
            }
        }
    }
}

fn is_short_text(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= VALUE_CHARS_MAX && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_wrong_is_told_at_once() {
        let text = r#"{"fields": {"q1": "emial", "q2": 7}, "required": ["compny", "fields.budget", "form"],
            "thanks_url": "/thanks", "booking": "yes", "origins": ["https://a.example/", "b.example", 1],
            "turnstyle": true, "source": "", "source": "x"}"#;
        let problems = read(text).unwrap_err();
        let found: Vec<(&str, &str)> = problems.iter().map(|it| (it.path.as_str(), it.code.as_str())).collect();
        assert_eq!(
            found,
            [
                ("fields.q2", "wrong_type"),
                ("fields.q1", "unknown_field"),
                ("required[0]", "unknown_field"),
                ("required[2]", "unknown_field"),
                ("thanks_url", "invalid_url"),
                ("booking", "wrong_type"),
                ("origins[0]", "invalid_origin"),
                ("origins[1]", "invalid_origin"),
                ("origins[2]", "invalid_origin"),
                ("turnstyle", "unknown_setting"),
                ("source", "invalid_source"),
                ("source", "duplicate_key"),
            ]
        );
        assert_eq!(problems[9].help.as_deref(), Some("did you mean `turnstile`?"));
    }

    #[test]
    fn nothing_said_is_the_form_without_settings() {
        assert_eq!(read("{}").unwrap(), Form::default());
        assert_eq!(read(r#"{"thanks_url": null, "origins": []}"#).unwrap(), Form::default());
        assert_eq!(read("[]").unwrap_err()[0].code, "wrong_type");
        assert_eq!(read("{").unwrap_err()[0].code, "broken_json");
    }

    #[test]
    fn two_spellings_of_one_name_are_refused() {
        let problems = read(r#"{"fields": {"E-Mail": "email", "e mail": "fields.other"}}"#).unwrap_err();
        assert_eq!(problems[0].code, "duplicate_name");
    }

    #[test]
    fn an_address_that_could_break_a_header_is_refused() {
        for url in
            ["https://a.example/\r\nset-cookie: x", "javascript:alert(1)", "https://", "//a.example", "https://ä.de"]
        {
            let text = serde_json::json!({"thanks_url": url}).to_string();
            assert_eq!(read(&text).unwrap_err()[0].code, "invalid_url", "{url}");
        }
    }

    #[test]
    fn the_limit_is_100_origins() {
        let text = |count: usize| {
            let origins: Vec<String> = (0..count).map(|index| format!("https://h{index}.example")).collect();
            serde_json::json!({"origins": origins}).to_string()
        };
        assert_eq!(read(&text(100)).unwrap().origins.len(), 100);
        assert_eq!(read(&text(101)).unwrap_err()[0].code, "too_many_origins");
    }
}
