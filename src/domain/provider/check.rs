//! From the file of a provider to a checked description.

use super::description::{Description, DescriptionFile, RequestFile, RequestPlan};
use super::template::{Body, Path, Template};
use crate::domain::error::Problem;
use crate::domain::facts::{Field, Source};
use crate::domain::normalize::nearest;

/// Checks a description.
///
/// # Errors
/// Every problem, with its path in the file.
pub(super) fn check(file: DescriptionFile) -> Result<Description, Vec<Problem>> {
    let mut checker = Checker::default();
    checker.numbers(&file);
    checker.names(&file);
    let requires = checker.requires(&file.requires);
    let request = checker.request(&file.request);
    let fields = checker.fields(&file);
    let Some(request) = request.filter(|_| checker.problems.is_empty()) else { return Err(checker.problems) };
    Ok(Description {
        id: file.id,
        vendor: file.vendor,
        kind: file.kind,
        base_url: file.base_url.trim_end_matches('/').to_owned(),
        base_url_setting: file.base_url_setting,
        key_setting: file.key_setting,
        auth: file.auth,
        timeout_ms: file.timeout_ms,
        cost_usd_micros: file.cost_usd_micros,
        cache: file.cache,
        trust: file.trust,
        requires,
        request,
        statuses: file.statuses,
        found_when: file.found_when,
        fields,
    })
}

#[derive(Default)]
struct Checker {
    problems: Vec<Problem>,
}

impl Checker {
    fn problem(&mut self, path: impl Into<String>, code: &str, message: &str) {
        self.problems.push(Problem::new(path, code, message));
    }

    fn helped(&mut self, path: impl Into<String>, code: &str, message: &str, help: String) {
        self.problems.push(Problem::new(path, code, message).with_help(help));
    }

    fn numbers(&mut self, file: &DescriptionFile) {
        let lifetime = 60..=31_536_000;
        if !(100..=20_000).contains(&file.timeout_ms) {
            self.problem("timeout_ms", "out_of_range", "expected 100 to 20,000");
        }
        if file.trust > 100 {
            self.problem("trust", "out_of_range", "expected 0 to 100");
        }
        for (path, seconds) in [("cache.found_s", file.cache.found_s), ("cache.not_found_s", file.cache.not_found_s)] {
            if !lifetime.contains(&seconds) {
                self.problem(path, "out_of_range", "expected 60 to 31,536,000");
            }
        }
    }

    fn names(&mut self, file: &DescriptionFile) {
        let is_url = file.base_url.starts_with("https://") || file.base_url.starts_with("http://");
        if !is_url || file.base_url.contains(['?', '#', ' ']) {
            self.problem("base_url", "invalid_url", "expected `https://…` without a query");
        }
        for (path, name) in [("base_url_setting", &file.base_url_setting), ("key_setting", &file.key_setting)] {
            let is_setting = name.starts_with(|letter: char| letter.is_ascii_uppercase())
                && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
            if !is_setting {
                self.problem(path, "invalid_setting", "expected capitals, digits and `_`, such as `ACME_API_KEY`");
            }
        }
        for status in file.statuses.keys() {
            let (digits, rest) = status.split_at_checked(1).unwrap_or_default();
            let is_status = matches!(digits, "1" | "2" | "3" | "4" | "5")
                && (rest == "xx" || (rest.len() == 2 && rest.bytes().all(|byte| byte.is_ascii_digit())));
            if !is_status {
                self.problem(
                    format!("statuses.{status}"),
                    "invalid_status",
                    "expected a status such as `404` or `5xx`",
                );
            }
        }
        if let Some(pointer) = &file.found_when {
            self.pointer("found_when", pointer);
        }
    }

    fn pointer(&mut self, path: &str, pointer: &str) {
        if !pointer.is_empty() && !pointer.starts_with('/') {
            self.problem(path, "invalid_pointer", "expected a JSON Pointer such as `/data/name`");
        }
    }

    fn requires(&mut self, groups: &[Vec<String>]) -> Vec<Vec<Path>> {
        if groups.is_empty() {
            self.problem("requires", "empty_list", "name what must be known before the provider can be asked");
        }
        let mut checked = Vec::with_capacity(groups.len());
        for (index, group) in groups.iter().enumerate() {
            if group.is_empty() {
                self.problem(format!("requires[{index}]"), "empty_list", "expected at least one path");
            }
            let mut paths = Vec::with_capacity(group.len());
            for (place, name) in group.iter().enumerate() {
                match Path::named(name) {
                    Ok(path) => paths.push(path),
                    Err(help) => {
                        self.helped(format!("requires[{index}][{place}]"), "unknown_path", "no such path", help);
                    }
                }
            }
            checked.push(paths);
        }
        checked
    }

    fn request(&mut self, file: &RequestFile) -> Option<RequestPlan> {
        if !file.path.starts_with('/') {
            self.problem("request.path", "invalid_path", "expected a path that begins with `/`");
        }
        let path = self.template("request.path".to_owned(), &file.path);
        let entries = |checker: &mut Self, part: &str, map: &std::collections::BTreeMap<String, String>| {
            let mut checked = Vec::with_capacity(map.len());
            for (name, text) in map {
                if let Some(template) = checker.template(format!("request.{part}.{name}"), text) {
                    checked.push((name.clone(), template));
                }
            }
            checked
        };
        let query = entries(self, "query", &file.query);
        let headers = entries(self, "headers", &file.headers);
        let body = match file.body.as_ref().map(Body::parse) {
            Some(Err(help)) => {
                self.helped("request.body", "invalid_template", "a text of the body is no template", help);
                None
            }
            Some(Ok(body)) => Some(body),
            None => None,
        };
        Some(RequestPlan { method: file.method, path: path?, query, headers, body })
    }

    fn template(&mut self, path: String, text: &str) -> Option<Template> {
        match Template::parse(text) {
            Ok(template) => Some(template),
            Err(help) => {
                self.helped(path, "invalid_template", "the text is no template", help);
                None
            }
        }
    }

    fn fields(&mut self, file: &DescriptionFile) -> Vec<(Field, super::description::FieldFile)> {
        if file.fields.is_empty() {
            self.problem("fields", "empty_list", "expected at least one field that the provider fills");
        }
        let fillable = || Field::ALL.iter().copied().filter(|field| field.source() == Source::Provider);
        let mut fields = Vec::with_capacity(file.fields.len());
        for (name, entry) in &file.fields {
            let path = format!("fields.{name}");
            let Some(field) = fillable().find(|field| field.path() == name) else {
                let help = nearest(name, fillable().map(Field::path));
                let help = help.map_or("see the list of facts".to_owned(), |field| format!("did you mean `{field}`?"));
                self.helped(path, "unknown_field", "no provider can fill this field", help);
                continue;
            };
            if entry.transform.kind() != field.kind() {
                self.problem(&path, "wrong_kind", "the result of `as` is not of the field's kind");
            }
            if entry.from.is_empty() {
                self.problem(&path, "empty_list", "expected at least one JSON Pointer");
            }
            for pointer in &entry.from {
                self.pointer(&path, pointer);
            }
            fields.push((field, entry.clone()));
        }
        fields
    }
}
