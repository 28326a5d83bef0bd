//! Settings that a description leaves to the business: which of its own processes a vendor runs, with what.

use crate::enrichment::provider::description::Description;
use crate::enrichment::provider::file::{DescriptionFile, NeededWhen, RequestFile, SettingFile};
use crate::error::Problem;
use crate::rubric::read::faults_of_form;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Longest value of a setting, in bytes.
const VALUE_BYTES_MAX: usize = 500;

impl SettingFile {
    /// The value, or its default. One that is empty counts as not set.
    fn value(&self, setting: impl Fn(&str) -> Option<String>) -> Option<String> {
        let own = setting(&self.setting).filter(|value| !value.trim().is_empty());
        let value = own.or_else(|| self.default.clone())?;
        Some(if self.list { as_list(&value) } else { value })
    }
}

/// A list in JSON, from JSON or from items between commas; numbers stay numbers.
fn as_list(text: &str) -> String {
    // What cannot be used stays as it is, so that it is refused and not escaped.
    if !is_good(text) || serde_json::from_str::<Vec<Value>>(text).is_ok() {
        return text.to_owned();
    }
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    let items = items.map(|item| item.parse::<u64>().map_or_else(|_| Value::from(item), Value::from));
    Value::Array(items.collect()).to_string()
}

impl Description {
    /// Reads and checks a description.
    ///
    /// # Errors
    /// Every problem at once, with its path in the file; a file that is not JSON of this shape has one, with the line.
    /// Repeated keys are refused first: of two fields or codes with one name, nobody knows which one is meant.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let faults = faults_of_form(text);
        match serde_json::from_str::<DescriptionFile>(text) {
            Ok(file) if faults.is_empty() => Self::from_file(&file, |_| None),
            Ok(_) => Err(faults),
            Err(_) if faults.iter().any(|fault| fault.code == "repeated_key") => Err(faults),
            Err(error) => {
                let line = u32::try_from(error.line()).ok();
                Err(vec![Problem { line, ..Problem::new("file", "invalid_description", error.to_string()) }])
            }
        }
    }

    /// The setting that the business has to make before the provider can be asked, its key first; `None` when all are made.
    #[must_use]
    pub fn missing_setting(&self, setting: impl Fn(&str) -> Option<String>) -> Option<&str> {
        if setting(&self.key_setting).is_none() {
            return Some(&self.key_setting);
        }
        let settings = &self.file.as_ref()?.settings;
        let is_needed = |entry: &SettingFile| {
            let other = |when: &NeededWhen| settings.get(&when.name).and_then(|other| other.value(&setting));
            entry
                .needed_when
                .as_ref()
                .is_some_and(|when| other(when).is_some_and(|value| value.starts_with(&when.begins)))
        };
        let missing = settings.values().find(|entry| is_needed(entry) && entry.value(&setting).is_none());
        missing.map(|entry| entry.setting.as_str())
    }

    /// The description with the business's settings in it, or `None` when one of them cannot be used: it is longer than 500
    /// bytes, holds a brace or a control character, or has something in a path that must not be there. One that is empty
    /// counts as not set.
    #[must_use]
    pub fn configured(&self, setting: impl Fn(&str) -> Option<String>) -> Option<Cow<'_, Self>> {
        let Some(file) = &self.file else { return Some(Cow::Borrowed(self)) };
        if file.settings.values().all(|entry| setting(&entry.setting).is_none()) {
            return Some(Cow::Borrowed(self));
        }
        Self::from_file(file, setting).ok().map(Cow::Owned)
    }

    /// Checks a file with the settings in it; those that are not set have their defaults.
    pub(super) fn from_file(
        file: &DescriptionFile,
        setting: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<Problem>> {
        if file.settings.is_empty() {
            return crate::enrichment::provider::check::check(file.clone());
        }
        let value = |entry: &SettingFile| entry.value(&setting);
        let values: Values = file.settings.iter().map(|(name, entry)| (name.as_str(), value(entry))).collect();
        for (name, value) in &values {
            let place = format!("{{setting.{name}}}");
            let polled = file.poll.as_ref().and_then(|poll| poll.request.as_ref());
            let is_in_path =
                [Some(&file.request), polled].into_iter().flatten().any(|request| request.path.contains(&place));
            if value.as_ref().is_some_and(|value| !is_good(value) || (is_in_path && !is_path(value))) {
                let message = "expected at most 500 bytes without braces and control characters; in a path, letters, \
                               digits and `-._~/`";
                return Err(vec![Problem::new(format!("settings.{name}"), "invalid_value", message)]);
            }
        }
        let mut filled = file.clone();
        fill_request(&mut filled.request, &values);
        if let Some(request) = filled.poll.as_mut().and_then(|poll| poll.request.as_mut()) {
            fill_request(request, &values);
        }
        let mut description = crate::enrichment::provider::check::check(filled)?;
        description.file = Some(Box::new(file.clone()));
        Ok(description)
    }
}

/// Values by name; `None` for one that is neither set nor has a default.
type Values<'a> = BTreeMap<&'a str, Option<String>>;

fn is_good(value: &str) -> bool {
    value.len() <= VALUE_BYTES_MAX && !value.chars().any(|c| c.is_control() || matches!(c, '{' | '}'))
}

fn is_path(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte))
}

fn fill_request(request: &mut RequestFile, values: &Values<'_>) {
    // A path that lacks a value keeps its place and is refused by the check.
    if let Some(path) = fill(&request.path, values) {
        request.path = path;
    }
    for entries in [&mut request.query, &mut request.headers] {
        *entries = entries.iter().filter_map(|(name, text)| Some((name.clone(), fill(text, values)?))).collect();
    }
    request.body = request.body.take().and_then(|body| fill_body(body, values));
}

/// The value with its settings, or `None` when it lacks one. A text that is a setting and nothing else becomes what the
/// setting says in JSON, when it is JSON: a list of numbers is a list of numbers.
fn fill_body(body: Value, values: &Values<'_>) -> Option<Value> {
    Some(match body {
        Value::String(text) => {
            let filled = fill(&text, values)?;
            let is_alone = text.starts_with("{setting.") && text.find('}') == Some(text.len().saturating_sub(1));
            let json = is_alone.then(|| serde_json::from_str(&filled).ok()).flatten();
            json.unwrap_or(Value::String(filled))
        }
        Value::Array(items) => items.into_iter().filter_map(|item| fill_body(item, values)).collect(),
        Value::Object(entries) => {
            let entries = entries.into_iter().filter_map(|(name, entry)| Some((name, fill_body(entry, values)?)));
            Value::Object(entries.collect())
        }
        other => other,
    })
}

/// The text with its settings, or `None` when it lacks one. Other places, and settings that are not declared, stay.
fn fill(text: &str, values: &Values<'_>) -> Option<String> {
    let mut filled = text.to_owned();
    for (name, value) in values {
        let place = format!("{{setting.{name}}}");
        if filled.contains(&place) {
            filled = filled.replace(&place, value.as_ref()?);
        }
    }
    Some(filled)
}
