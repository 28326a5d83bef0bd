//! From the file of a provider to a checked description.

use crate::enrichment::provider::condition::{AnswerCondition, Rule};
use crate::enrichment::provider::description::Description;
use crate::enrichment::provider::field::FieldPlan;
use crate::enrichment::provider::file::{
    Auth, DescriptionFile, MeaningFile, PollFile, ProviderMethod, RequestFile, SubjectKind, TokenFile,
};
use crate::enrichment::provider::meaning::Meaning;
use crate::enrichment::provider::plan::{RequestPlan, TokenPlan};
use crate::enrichment::provider::pointer::{Pointer, scalar};
use crate::enrichment::provider::poll::{PollPlan, PollRequest};
use crate::enrichment::provider::template::{Body, Names, Template, TemplatePath};
use crate::error::Problem;
use crate::facts::{FactKind, FactSource, Field};
use crate::normalize::nearest;
use std::collections::BTreeMap;

/// Longest time that half or 95 of 100 answers of a provider may take: ten minutes.
const LATENCY_MS_MAX: u32 = 600_000;

/// Checks a description.
///
/// # Errors
/// Every problem, with its path in the file.
pub(super) fn check(file: DescriptionFile) -> Result<Description, Vec<Problem>> {
    let mut checker = DescriptionChecker::default();
    checker.numbers(&file);
    checker.names(&file);
    checker.statuses("statuses", &file.statuses);
    let requires = checker.requires(&file.requires);
    let request = checker.request("request", &file.request, &file.auth, TemplatePath::named);
    let meanings = checker.meanings(&file.meanings);
    let found_when = file.found_when.as_ref().and_then(|text| checker.pointer("found_when", text));
    let poll = file.poll.as_ref().and_then(|poll| checker.poll(poll, &file.auth));
    let token = if let Auth::Token(token) = &file.auth { checker.token(token) } else { None };
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
        latency: file.latency,
        cost_usd_micros: file.cost_usd_micros,
        cache: file.cache,
        trust: file.trust,
        requires,
        request,
        statuses: file.statuses,
        meanings,
        found_when,
        poll,
        token,
        file: None,
        fields,
    })
}

#[derive(Default)]
struct DescriptionChecker {
    problems: Vec<Problem>,
}

impl DescriptionChecker {
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
        if let Some(latency) = file.latency {
            if latency.typical_ms == 0 || latency.typical_ms > latency.p95_ms {
                self.problem("latency.typical_ms", "out_of_range", "expected 1 to `p95_ms`");
            }
            if latency.p95_ms > LATENCY_MS_MAX {
                self.problem("latency.p95_ms", "out_of_range", "expected at most 600,000");
            }
        }
    }

    fn names(&mut self, file: &DescriptionFile) {
        let is_url = file.base_url.starts_with("https://") || file.base_url.starts_with("http://");
        if !is_url || file.base_url.contains(['?', '#', ' ']) {
            self.problem("base_url", "invalid_url", "expected `https://…` without a query");
        }
        let own = file.settings.iter().map(|(name, entry)| (format!("settings.{name}.setting"), &entry.setting));
        let always = [("base_url_setting", &file.base_url_setting), ("key_setting", &file.key_setting)];
        for (path, name) in always.map(|(path, name)| (path.to_owned(), name)).into_iter().chain(own) {
            let is_setting = name.starts_with(|c: char| c.is_ascii_uppercase())
                && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
            if !is_setting {
                self.problem(
                    path,
                    "invalid_setting",
                    "expected uppercase letters, digits and `_`, such as `ACME_API_KEY`",
                );
            }
        }
        let header = match &file.auth {
            Auth::Header(name) | Auth::Query(name) | Auth::Body(name) => name,
            Auth::Prefixed(prefixed) => &prefixed.header,
            Auth::Bearer | Auth::Basic | Auth::Token(_) => return,
        };
        if header.is_empty() || header.contains(|c: char| c.is_control() || c == ' ') {
            self.problem("auth", "invalid_name", "expected a name without spaces");
        }
    }

    fn statuses(&mut self, path: &str, statuses: &BTreeMap<String, Meaning>) {
        for status in statuses.keys() {
            let (digits, rest) = status.split_at_checked(1).unwrap_or_default();
            let is_status = matches!(digits, "1" | "2" | "3" | "4" | "5")
                && (rest == "xx" || (rest.len() == 2 && rest.bytes().all(|byte| byte.is_ascii_digit())));
            if !is_status {
                self.problem(format!("{path}.{status}"), "invalid_status", "expected a status such as `404` or `5xx`");
            }
        }
    }

    fn pointer(&mut self, path: &str, text: &str) -> Option<Pointer> {
        let pointer = Pointer::parse(text);
        if pointer.is_none() {
            self.problem(path, "invalid_pointer", "expected a JSON Pointer such as `/data/name`");
        }
        pointer
    }

    fn meanings(&mut self, files: &[MeaningFile]) -> Vec<Rule> {
        let mut rules = Vec::with_capacity(files.len());
        for (index, file) in files.iter().enumerate() {
            let path = format!("meanings[{index}]");
            let pointer = self.pointer(&format!("{path}.pointer"), &file.pointer);
            let condition = self.condition(&path, file);
            if let (Some(pointer), Some(condition)) = (pointer, condition) {
                rules.push(Rule { pointer, condition, means: file.means });
            }
        }
        rules
    }

    fn condition(&mut self, path: &str, file: &MeaningFile) -> Option<AnswerCondition> {
        match (&file.equals, &file.contains) {
            (None, None) => Some(AnswerCondition::Something),
            (None, Some(part)) if !part.is_empty() => Some(AnswerCondition::Contains(part.to_lowercase())),
            (None, Some(_)) => {
                self.problem(format!("{path}.contains"), "empty_text", "expected a non-empty string");
                None
            }
            (Some(equals), None) => {
                let values = equals.as_array().map_or(std::slice::from_ref(equals), Vec::as_slice);
                let texts: Option<Vec<String>> = values.iter().map(scalar).collect();
                let texts = texts.filter(|texts| !texts.is_empty());
                if texts.is_none() {
                    let message = "expected a string, a number or a boolean, or a list of them";
                    self.problem(format!("{path}.equals"), "wrong_type", message);
                }
                texts.map(AnswerCondition::Equals)
            }
            (Some(_), Some(_)) => {
                self.problem(path, "two_conditions", "give `equals` or `contains`, not both");
                None
            }
        }
    }

    fn poll(&mut self, file: &PollFile, auth: &Auth) -> Option<PollPlan> {
        for (path, ms) in [("poll.first_after_ms", file.first_after_ms), ("poll.every_ms", file.every_ms)] {
            if !(50..=60_000).contains(&ms) {
                self.problem(path, "out_of_range", "expected 50 to 60,000");
            }
        }
        self.statuses("poll.statuses", &file.statuses);
        let job: Vec<Pointer> = file
            .job
            .iter()
            .enumerate()
            .filter_map(|(index, text)| self.pointer(&format!("poll.job[{index}]"), text))
            .collect();
        if file.state.is_some() == file.states.is_empty() {
            self.problem("poll.states", "without_state", "give `state` and `states`, or neither");
        }
        let state = file.state.as_ref().and_then(|text| self.pointer("poll.state", text));
        let states = file.states.iter().map(|(state, meaning)| (state.clone(), *meaning)).collect();
        let Some(request) = &file.request else {
            if !(file.job.is_empty() && file.states.is_empty() && file.statuses.is_empty()) {
                let message = "without `request`, the first request is repeated and read as before";
                self.problem("poll.request", "missing", message);
            }
            return Some(PollPlan {
                first_after_ms: file.first_after_ms,
                every_ms: file.every_ms,
                confirm_not_found: file.confirm_not_found,
                ask: None,
            });
        };
        if file.job.is_empty() {
            self.problem("poll.job", "empty_list", "give the path of the job id in the first response");
        }
        let request = self.request("poll.request", request, auth, TemplatePath::job)?;
        if !request.has_places() {
            self.problem("poll.request", "unused_job", "the request does not use `{job}`");
        }
        let state = state.map(|pointer| (pointer, states));
        let ask = Some(PollRequest { job, request, state, statuses: file.statuses.clone() });
        let confirm_not_found = file.confirm_not_found;
        Some(PollPlan { first_after_ms: file.first_after_ms, every_ms: file.every_ms, confirm_not_found, ask })
    }

    fn token(&mut self, file: &TokenFile) -> Option<TokenPlan> {
        if !(120..=604_800).contains(&file.lifetime_s) {
            self.problem("auth.token.lifetime_s", "out_of_range", "expected 120 to 604,800");
        }
        let pointer = self.pointer("auth.token.pointer", &file.pointer);
        let request = self.request("auth.token.request", &file.request, &Auth::Bearer, TemplatePath::key)?;
        if !request.has_places() {
            self.problem(
                "auth.token.request",
                "unused_key",
                "the request uses neither `{key.name}` nor `{key.password}`",
            );
        }
        Some(TokenPlan { request, pointer: pointer?, lifetime_s: file.lifetime_s })
    }

    fn requires(&mut self, groups: &[Vec<String>]) -> Vec<Vec<TemplatePath>> {
        if groups.is_empty() {
            self.problem("requires", "empty_list", "list what must be known before the provider can be called");
        }
        let mut checked = Vec::with_capacity(groups.len());
        for (index, group) in groups.iter().enumerate() {
            if group.is_empty() {
                self.problem(format!("requires[{index}]"), "empty_list", "expected at least one path");
            }
            let mut paths = Vec::with_capacity(group.len());
            for (place, name) in group.iter().enumerate() {
                match TemplatePath::named(name) {
                    Ok(path) => paths.push(path),
                    Err(help) => {
                        self.helped(format!("requires[{index}][{place}]"), "unknown_path", "unknown path", help);
                    }
                }
            }
            checked.push(paths);
        }
        checked
    }

    /// Checks a request at `part` of the file, whose templates know `names`.
    fn request(&mut self, part: &str, file: &RequestFile, auth: &Auth, names: Names) -> Option<RequestPlan> {
        if !file.path.starts_with('/') {
            self.problem(format!("{part}.path"), "invalid_path", "expected a path that begins with `/`");
        }
        let path = self.template(format!("{part}.path"), &file.path, names);
        let entries = |checker: &mut Self, list: &str, map: &BTreeMap<String, String>| {
            let mut checked = Vec::with_capacity(map.len());
            for (name, text) in map {
                if let Some(template) = checker.template(format!("{part}.{list}.{name}"), text, names) {
                    checked.push((name.clone(), template));
                }
            }
            checked
        };
        let query = entries(self, "query", &file.query);
        let headers = entries(self, "headers", &file.headers);
        let has_object =
            file.method == ProviderMethod::Post && file.body.as_ref().is_some_and(serde_json::Value::is_object);
        if matches!(auth, Auth::Body(_)) && !has_object {
            self.problem(format!("{part}.body"), "no_place_for_key", "a key in the body needs a POST with an object");
        }
        let body = match file.body.as_ref().map(|body| Body::parse(body, names)) {
            Some(Err(help)) => {
                self.helped(
                    format!("{part}.body"),
                    "invalid_template",
                    "a string in the body is not a valid template",
                    help,
                );
                None
            }
            Some(Ok(body)) => Some(body),
            None => None,
        };
        Some(RequestPlan { method: file.method, path: path?, query, headers, body })
    }

    fn template(&mut self, path: String, text: &str, names: Names) -> Option<Template> {
        match Template::parse(text, names) {
            Ok(template) => Some(template),
            Err(help) => {
                self.helped(path, "invalid_template", "not a valid template", help);
                None
            }
        }
    }

    fn fields(&mut self, file: &DescriptionFile) -> Vec<(Field, FieldPlan)> {
        if file.fields.is_empty() {
            self.problem("fields", "empty_list", "expected at least one field that the provider fills");
        }
        let fillable = || Field::ALL.iter().copied().filter(|field| field.source() == FactSource::Provider);
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
                self.problem(&path, "wrong_kind", "the result of `as` does not have the field's type");
            }
            if entry.from.is_empty() {
                self.problem(&path, "empty_list", "expected at least one JSON Pointer");
            }
            let times = 1..=1_000_000_000;
            if entry.times.is_some_and(|factor| field.kind() != FactKind::Number || !times.contains(&factor)) {
                self.problem(format!("{path}.times"), "out_of_range", "expected 1 to 1,000,000,000, for a number");
            }
            let from = entry.from.iter().filter_map(|text| self.pointer(&path, text)).collect();
            let map = entry.map.iter().map(|(code, value)| (code.to_lowercase(), value.clone())).collect();
            fields.push((field, FieldPlan { from, transform: entry.transform, map, times: entry.times }));
        }
        let fills = |path: &str| fields.iter().any(|(field, _)| field.path().starts_with(path));
        if file.kind == SubjectKind::Person && fills("company.") && !fills(Field::PersonEmployerDomain.path()) {
            // Without it a record about another employer would be taken for one about the lead's company.
            let message = "a provider of people that fills `company.*` must fill `person.employer_domain`";
            self.problem("fields", "no_employer", message);
        }
        fields
    }
}
