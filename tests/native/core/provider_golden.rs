//! The shipped providers against recorded pairs of request and answer: `tests/golden/providers/<id>/<case>.json`.

use lead_router_core::enrichment::provider::{
    Auth, Contact, Description, Reading, SubjectKind, build, build_poll, build_token, read, read_poll, read_token,
    shipped,
};
use lead_router_core::error::Remedy;
use lead_router_core::facts::{Fact, FactValue, Facts, Field};
use lead_router_core::id::ProviderId;
use lead_router_core::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    description: String,
    known: BTreeMap<String, FactValue>,
    contact: BTreeMap<String, String>,
    /// The job whose result is fetched; without it the pair is of the first question.
    job: Option<String>,
    /// The secret that is exchanged for a token; without it, `key`, which is sent as it is.
    key: Option<String>,
    /// `null` when the provider must not be asked.
    request: Option<Request>,
    response: Response,
    expect: Expect,
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
struct Request {
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    status: u16,
    json: Option<Value>,
    text: Option<String>,
    /// Blanks are added until the body has this size.
    pad_to_bytes: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    reading: String,
    facts: Option<BTreeMap<String, FactValue>>,
    /// The job that the provider names.
    job: Option<String>,
    token: Option<String>,
    code: Option<String>,
    remedy: Option<String>,
}

fn cases(id: &str) -> Vec<(String, Case)> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("tests/golden/providers").join(id);
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{id}/{}", path.file_stem().unwrap().to_string_lossy());
        let case: Case =
            serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!case.description.is_empty(), "{name}");
        cases.push((name, case));
    }
    cases
}

fn facts(known: &BTreeMap<String, FactValue>) -> Facts {
    let mut facts = Facts::default();
    for (path, value) in known {
        let fact = Fact { value: value.clone(), provider: ProviderId::new("form").unwrap(), at: Timestamp::from_ms(0) };
        assert!(facts.set(Field::from_path(path).unwrap(), fact), "{path}");
    }
    facts
}

fn contact(known: &BTreeMap<String, String>) -> Contact {
    let get = |name: &str| known.get(name).cloned();
    Contact {
        email: get("email"),
        linkedin_url: get("linkedin_url"),
        first_name: get("first_name"),
        last_name: get("last_name"),
        name: get("name"),
        phone: get("phone"),
    }
}

fn check_request(name: &str, description: &Description, case: &Case) {
    let contact = contact(&case.contact);
    let request = match (&case.key, &case.job) {
        (Some(key), _) => build_token(description, &description.base_url, key),
        (None, Some(job)) => build_poll(description, job, &description.base_url, "key"),
        (None, None) => build(description, &facts(&case.known), &contact, &description.base_url, "key"),
    };
    let debug = format!("{request:?}");
    let halves = case.key.iter().flat_map(|key| key.split(':'));
    for secret in case.contact.values().map(String::as_str).chain(halves).chain(["\"key\"", "%40"]) {
        assert!(!debug.contains(secret), "{name}: {debug}");
    }
    let request = request.map(|request| Request {
        method: request.method.as_str().to_owned(),
        url: request.url,
        headers: request.headers.into_iter().collect(),
        body: request.body.map(|body| serde_json::from_str(&body).unwrap()),
    });
    assert_eq!(request, case.request, "{name}");
}

fn body(response: &Response) -> Vec<u8> {
    let json = response.json.as_ref().map(Value::to_string);
    let mut body = json.or_else(|| response.text.clone()).unwrap().into_bytes();
    body.resize(response.pad_to_bytes.unwrap_or(body.len()), b' ');
    body
}

fn check_response(name: &str, description: &Description, case: &Case) {
    let (status, body) = (case.response.status, body(&case.response));
    let reading = match (&case.key, &case.job) {
        (Some(_), _) => match read_token(description, status, &body, Timestamp::from_ms(5_000)) {
            Ok(token) => {
                assert_eq!(case.expect.reading, "token", "{name}");
                assert!(!format!("{token:?}").contains(&token.value), "{name}");
                assert_eq!((Some(token.value), token.until.as_ms()), (case.expect.token.clone(), 3_605_000), "{name}");
                return;
            }
            Err(reading) => reading,
        },
        (None, Some(_)) => read_poll(description, status, &body),
        (None, None) => read(description, status, &body),
    };
    let word = match &reading {
        Reading::Found(_) => "found",
        Reading::NotFound => "not_found",
        Reading::Pending { .. } => "pending",
        Reading::Failed { .. } => "failed",
    };
    assert_eq!(word, case.expect.reading, "{name}: {reading:?}");
    if let Reading::Found(found) = &reading {
        let found: BTreeMap<String, FactValue> =
            found.iter().map(|(field, value)| (field.path().to_owned(), value.clone())).collect();
        assert_eq!(Some(found), case.expect.facts, "{name}");
    }
    if let Reading::Pending { job } = &reading {
        assert_eq!(*job, case.expect.job, "{name}");
    }
    if let Reading::Failed { code, remedy } = &reading {
        let remedy = match remedy {
            Remedy::FixRequest => "fix_request",
            Remedy::FixConfig => "fix_config",
            Remedy::Retry { .. } => "retry",
        };
        assert_eq!((Some(*code), Some(remedy)), (case.expect.code.as_deref(), case.expect.remedy.as_deref()), "{name}");
    }
}

#[test]
fn every_recorded_pair_is_sent_and_read_as_recorded() {
    for description in shipped::all() {
        for (name, case) in cases(description.id.as_str()) {
            check_request(&name, description, &case);
            check_response(&name, description, &case);
        }
    }
}

#[test]
fn every_provider_has_a_pair_for_everything_that_happens() {
    let always = [
        "not_found",
        "quota",
        "bad_key",
        "throttled",
        "fault",
        "malformed",
        "partial",
        "huge",
        "odd_types",
        "nothing_known",
    ];
    for description in shipped::all() {
        let id = description.id.as_str();
        let names: Vec<String> = cases(id).into_iter().map(|(name, _)| name).collect();
        let more: &[&str] = match description.poll() {
            None => &["found", "slow"],
            Some(plan) if plan.repeats() => &["found", "pending"],
            Some(_) => &["submitted", "pending", "done", "failed"],
        };
        let token: &[&str] = match &description.auth {
            Auth::Token(_) => &["token", "token_refused", "token_throttled", "token_fault", "token_malformed"],
            _ => &[],
        };
        for case in always.iter().chain(more).chain(token) {
            assert!(names.contains(&format!("{id}/{case}")), "{id} lacks {case}");
        }
    }
}

#[test]
fn every_field_of_a_description_is_proved_by_a_pair() {
    for description in shipped::all() {
        let id = description.id.as_str();
        let expected = cases(id).into_iter().filter_map(|(_, case)| case.expect.facts);
        let is_proof = |path: &String| description.kind == SubjectKind::Person || path != "company.domain";
        let proved: BTreeSet<String> = expected.flat_map(BTreeMap::into_keys).filter(is_proof).collect();
        let promised: BTreeSet<String> = description.fills().iter().map(|field| field.path().to_owned()).collect();
        assert_eq!(proved, promised, "{id}");
    }
}

#[test]
fn every_shipped_provider_says_how_long_it_takes() {
    for description in shipped::all() {
        let latency = description.latency.unwrap();
        let is_direct = description.poll().is_none();
        assert!(
            !is_direct || latency.p95_ms <= description.timeout_ms,
            "{}: most calls would time out",
            description.id
        );
    }
}

#[test]
fn a_provider_that_answers_at_once_has_no_request_for_a_result() {
    for id in ["pdl_company", "hunter_verifier"] {
        let description = shipped::find(id).unwrap();
        assert_eq!(build_poll(description, "7", &description.base_url, "k"), None);
        assert_eq!(read_poll(description, 404, b""), Reading::NotFound);
    }
}

#[test]
fn a_base_url_from_a_setting_replaces_the_host() {
    let description = shipped::find("pdl_company").unwrap();
    let known = BTreeMap::from([("company.domain".to_owned(), FactValue::Text("a.example".to_owned()))]);
    let request = build(description, &facts(&known), &Contact::default(), "http://127.0.0.1:9/v5/", "k").unwrap();
    assert_eq!(request.url, "http://127.0.0.1:9/v5/company/enrich?min_likelihood=4&website=a.example");
}
