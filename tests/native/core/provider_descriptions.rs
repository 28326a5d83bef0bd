//! Descriptions that are wrong are refused with every problem; all kinds of auth and body can be described.

use lead_router_core::enrichment::provider::{Contact, Description, Reading, build, build_poll, read, read_poll};
use lead_router_core::error::Remedy;
use lead_router_core::facts::{Fact, FactValue, Facts, Field};
use lead_router_core::http::{HttpRequest, Method};
use lead_router_core::id::ProviderId;
use lead_router_core::time::Timestamp;
use serde_json::{Value, json};

fn file() -> Value {
    json!({
        "id": "acme",
        "vendor": "Acme",
        "kind": "company",
        "base_url": "https://api.acme.example/v1/",
        "base_url_setting": "ACME_BASE_URL",
        "key_setting": "ACME_API_KEY",
        "auth": "bearer",
        "requires": [["company.domain"], ["contact.email", "contact.name"]],
        "request": {
            "method": "POST",
            "path": "/companies/{company.domain}",
            "headers": {"x-size": "{company.employees}", "x-name": "{company.name}"},
            "body": {"domain": "{company.domain}", "name": "{contact.name}", "limit": 1}
        },
        "timeout_ms": 1000,
        "cost_usd_micros": 5,
        "cache": {"found_s": 60, "not_found_s": 60},
        "statuses": {"402": "try_later", "4xx": "quota", "206": "pending"},
        "fields": {"company.technologies": {"from": ["/tech"], "as": "set"}},
        "trust": 10
    })
}

fn parse(file: &Value) -> Result<Description, Vec<String>> {
    Description::parse(&file.to_string())
        .map_err(|problems| problems.into_iter().map(|problem| format!("{} {}", problem.path, problem.code)).collect())
}

fn facts(name: &str) -> Facts {
    let mut facts = Facts::default();
    for (field, value) in [
        (Field::CompanyDomain, FactValue::Text("a b.example".to_owned())),
        (Field::CompanyName, FactValue::Text(name.to_owned())),
        (Field::CompanyEmployees, FactValue::Number(7)),
    ] {
        facts.set(field, Fact { value, provider: ProviderId::new("form").unwrap(), at: Timestamp::from_ms(0) });
    }
    facts
}

#[test]
fn a_post_with_a_body_and_a_bearer_key() {
    let description = parse(&file()).unwrap();
    let contact = Contact { email: Some("ann@a.example".to_owned()), ..Contact::default() };
    let request = build(&description, &facts("A"), &contact, &description.base_url, "k\u{e9}y").unwrap();
    assert_eq!(
        (request.method, request.url.as_str()),
        (Method::Post, "https://api.acme.example/v1/companies/a%20b.example")
    );
    assert_eq!(request.body.as_deref(), Some("{\"domain\":\"a b.example\",\"limit\":1}"));
    let headers: Vec<(&str, &str)> =
        request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert!(headers.contains(&("authorization", "Bearer kéy")));
    assert!(headers.contains(&("content-type", "application/json")));
    assert!(headers.contains(&("x-size", "7")) && headers.contains(&("x-name", "A")));
}

#[test]
fn a_fact_cannot_add_a_header() {
    let description = parse(&file()).unwrap();
    let contact = Contact { name: Some("Ann".to_owned()), ..Contact::default() };
    let request = build(&description, &facts("A\r\nx-evil: 1"), &contact, &description.base_url, "k").unwrap();
    assert!(request.headers.iter().all(|(name, value)| name != "x-name" && !value.contains("evil")));
}

#[test]
fn of_every_group_one_must_be_known() {
    let description = parse(&file()).unwrap();
    let ask = |facts: &Facts, contact: &Contact| build(&description, facts, contact, "https://x", "k");
    let contact = Contact { name: Some("Ann".to_owned()), ..Contact::default() };
    assert!(ask(&facts("A"), &contact).is_some());
    assert!(ask(&facts("A"), &Contact::default()).is_none());
    assert!(ask(&Facts::default(), &contact).is_none());
}

#[test]
fn a_key_in_the_query_is_encoded() {
    let mut file = file();
    file["auth"] = json!({"query": "api_key"});
    let description = parse(&file).unwrap();
    let contact = Contact { name: Some("Ann".to_owned()), ..Contact::default() };
    let request = build(&description, &facts("A"), &contact, "https://x", "a&b").unwrap();
    assert!(request.url.ends_with("?api_key=a%26b"), "{}", request.url);
    assert!(!format!("{request:?}").contains("a%26b"));
}

#[test]
fn statuses_mean_what_the_file_says_then_what_the_class_says_then_the_usual() {
    let description = parse(&file()).unwrap();
    let code = |status: u16| match read(&description, status, b"{\"tech\":[\"B\",\"a\"]}") {
        Reading::Found(facts) => format!("{facts:?}"),
        Reading::NotFound => "not_found".to_owned(),
        Reading::Pending { job } => format!("pending{}", job.unwrap_or_default()),
        Reading::Failed { code, .. } => code.to_owned(),
    };
    for (status, expected) in [
        (200, "[(CompanyTechnologies, Set([\"a\", \"b\"]))]"),
        (202, "pending"),
        (206, "pending"),
        (402, "provider_try_later"),
        (404, "provider_quota"),
        (451, "provider_quota"),
        (500, "provider_try_later"),
        (301, "provider_bad_answer"),
        (0, "provider_bad_answer"),
        (999, "provider_bad_answer"),
    ] {
        assert_eq!(code(status), expected, "{status}");
    }
}

#[test]
fn every_problem_of_a_description_is_named() {
    let mut file = file();
    file["base_url"] = json!("ftp://x");
    file["base_url_setting"] = json!("lower");
    file["key_setting"] = json!("");
    file["requires"] = json!([[], ["company.domian"]]);
    file["request"]["path"] = json!("x{company");
    file["request"]["query"] = json!({"q": "}"});
    file["request"]["body"] = json!(["{nobody}"]);
    file["timeout_ms"] = json!(99);
    file["cache"] = json!({"found_s": 1, "not_found_s": 31_536_001});
    file["statuses"] = json!({"2x": "found", "600": "found", "é": "found", "5xx": "try_later"});
    file["found_when"] = json!("data");
    file["auth"] = json!({"header": "two words"});
    file["latency"] = json!({"typical_ms": 2_000, "p95_ms": 1_000});
    file["meanings"] = json!([
        {"pointer": "x", "means": "quota"},
        {"pointer": "/x", "equals": {}, "means": "quota"},
        {"pointer": "/x", "equals": [], "means": "quota"},
        {"pointer": "/x", "contains": "", "means": "quota"},
        {"pointer": "/x", "equals": 1, "contains": "a", "means": "quota"}
    ]);
    file["poll"] = json!({
        "job": ["id"],
        "request": {"method": "GET", "path": "/jobs/7", "query": {"q": "{contact.email}"}},
        "first_after_ms": 49,
        "every_ms": 60_001,
        "state": "state",
        "statuses": {"20": "found"}
    });
    file["fields"] = json!({
        "account.named": {"from": ["/a"], "as": "flag"},
        "company.employes": {"from": ["/a"], "as": "number"},
        "company.name": {"from": [], "as": "number"},
        "company.country": {"from": ["a"], "as": "country"},
        "company.industry": {"from": ["/a"], "as": "industry", "times": 10},
        "company.revenue_usd": {"from": ["/a"], "as": "dollars", "times": 0}
    });
    file["trust"] = json!(101);
    let mut problems = parse(&file).unwrap_err();
    problems.sort();
    let mut expected = vec![
        "auth invalid_name",
        "fields.company.industry.times out_of_range",
        "fields.company.revenue_usd.times out_of_range",
        "latency.typical_ms out_of_range",
        "meanings[0].pointer invalid_pointer",
        "meanings[1].equals wrong_type",
        "meanings[2].equals wrong_type",
        "meanings[3].contains empty_text",
        "meanings[4] two_conditions",
        "poll.every_ms out_of_range",
        "poll.first_after_ms out_of_range",
        "poll.job[0] invalid_pointer",
        "poll.request unused_job",
        "poll.request.query.q invalid_template",
        "poll.state invalid_pointer",
        "poll.states without_state",
        "poll.statuses.20 invalid_status",
        "base_url invalid_url",
        "base_url_setting invalid_setting",
        "cache.found_s out_of_range",
        "cache.not_found_s out_of_range",
        "fields.account.named unknown_field",
        "fields.company.country invalid_pointer",
        "fields.company.employes unknown_field",
        "fields.company.name empty_list",
        "fields.company.name wrong_kind",
        "found_when invalid_pointer",
        "key_setting invalid_setting",
        "request.body invalid_template",
        "request.path invalid_path",
        "request.path invalid_template",
        "request.query.q invalid_template",
        "requires[0] empty_list",
        "requires[1][0] unknown_path",
        "statuses.2x invalid_status",
        "statuses.600 invalid_status",
        "statuses.é invalid_status",
        "timeout_ms out_of_range",
        "trust out_of_range",
    ];
    expected.sort_unstable();
    assert_eq!(problems, expected);
}

#[test]
fn unknown_entries_and_other_shapes_are_refused() {
    for (pointer, value) in [
        ("/extra", json!(1)),
        ("/request/extra", json!(1)),
        ("/cache/extra", json!(1)),
        ("/kind", json!("planet")),
        ("/auth", json!({"cookie": "x"})),
        ("/request/method", json!("DELETE")),
        ("/fields/company.technologies", json!({"from": ["/t"], "as": "guess"})),
    ] {
        let mut file = file();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        file.pointer_mut(parent).unwrap()[key] = value;
        assert_eq!(parse(&file), Err(vec!["file invalid_description".to_owned()]), "{pointer}");
    }
    assert!(parse(&json!([])).is_err());
    let mut file = file();
    file["fields"] = json!({});
    file["requires"] = json!([]);
    assert_eq!(parse(&file), Err(vec!["requires empty_list".to_owned(), "fields empty_list".to_owned()]));
}

/// The description with changed entries, and a request made by it.
fn asked(changes: &[(&str, Value)]) -> (Description, HttpRequest) {
    let mut file = file();
    for (name, value) in changes {
        file[*name] = value.clone();
    }
    let description = parse(&file).unwrap();
    let contact = Contact { name: Some("Ann".to_owned()), ..Contact::default() };
    let request = build(&description, &facts("A"), &contact, "https://x", "key").unwrap();
    (description, request)
}

#[test]
fn a_key_can_stand_after_a_word_as_a_user_name_or_in_the_body() {
    let header = |request: &HttpRequest, wanted: &str| {
        request.headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone())
    };
    let (_, request) = asked(&[("auth", json!({"prefixed": {"header": "Authorization", "prefix": "API "}}))]);
    assert_eq!(header(&request, "Authorization").as_deref(), Some("API key"));
    let (description, request) = asked(&[("auth", json!("basic"))]);
    assert_eq!(header(&request, "authorization").as_deref(), Some("Basic a2V5Og=="));
    let contact = Contact { name: Some("Ann".to_owned()), ..Contact::default() };
    let request = build(&description, &facts("A"), &contact, "https://x", "user:word").unwrap();
    assert_eq!(header(&request, "authorization").as_deref(), Some("Basic dXNlcjp3b3Jk"));
    let (_, request) = asked(&[("auth", json!({"body": "api_key"}))]);
    let body: Value = serde_json::from_str(request.body.as_deref().unwrap()).unwrap();
    assert_eq!(body["api_key"], "key");
}

#[test]
fn a_key_in_the_body_needs_a_body() {
    let mut file = file();
    file["auth"] = json!({"body": "api_key"});
    for request in [json!({"method": "GET", "path": "/a", "body": {}}), json!({"method": "POST", "path": "/a"})] {
        file["request"] = request;
        assert_eq!(parse(&file), Err(vec!["request.body no_place_for_key".to_owned()]));
    }
}

#[test]
fn the_body_goes_before_the_status() {
    let meanings = json!([
        {"pointer": "/error", "contains": "Credit", "means": "quota"},
        {"pointer": "/error", "means": "bad_key"},
        {"pointer": "/state", "equals": ["gone", 7, false], "means": "not_found"}
    ]);
    let (description, _) = asked(&[("meanings", meanings)]);
    let code = |status: u16, body: Value| match read(&description, status, body.to_string().as_bytes()) {
        Reading::Failed { code, .. } => code,
        Reading::NotFound => "not_found",
        Reading::Found(_) => "found",
        Reading::Pending { .. } => "pending",
    };
    for (status, body, expected) in [
        (200, json!({"error": "no CREDITS left", "tech": "a"}), "provider_quota"),
        (500, json!({"error": "no such key"}), "provider_bad_key"),
        (200, json!({"error": "", "tech": "a"}), "found"),
        (400, json!({"state": "GONE"}), "not_found"),
        (200, json!({"state": 7, "tech": "a"}), "not_found"),
        (200, json!({"state": false, "tech": "a"}), "not_found"),
        (200, json!({"state": "here", "tech": "a"}), "found"),
    ] {
        assert_eq!(code(status, body.clone()), expected, "{status} {body}");
    }
}

fn poll() -> Value {
    json!({
        "job": ["/job/id", "/id"],
        "request": {"method": "POST", "path": "/jobs/{job}", "body": {"id": "{job}"}},
        "first_after_ms": 300,
        "every_ms": 700,
        "state": "/state",
        "states": {"Running": "pending", "done": "found", "none": "not_found", "broke": "try_later", "poor": "quota"},
        "statuses": {"423": "pending"}
    })
}

#[test]
fn a_job_is_submitted_and_its_result_fetched() {
    let (description, _) = asked(&[("poll", poll())]);
    let plan = description.poll().unwrap();
    assert_eq!((plan.first_after_ms, plan.every_ms, plan.repeats()), (300, 700, false));
    let submitted = |body: Value| read(&description, 200, body.to_string().as_bytes());
    let job = |id: &str| Reading::Pending { job: Some(id.to_owned()) };
    assert_eq!(submitted(json!({"job": {"id": "a/7"}, "id": "b"})), job("a/7"));
    assert_eq!(submitted(json!({"id": 7})), job("7"));
    assert!(matches!(submitted(json!({"tech": "a"})), Reading::Found(_)), "it answered at once");
    let lost = Reading::Failed { code: "provider_bad_answer", remedy: Remedy::Retry { after_ms: None } };
    for body in
        [json!({}), json!({"id": ""}), json!({"id": true}), json!({"id": "a\r\nb"}), json!({"id": "x".repeat(301)})]
    {
        assert_eq!(submitted(body.clone()), lost, "{body}");
    }
    assert_eq!(read(&description, 202, b"{}"), Reading::Pending { job: None });
    let request = build_poll(&description, "a/7", "https://x/", "key").unwrap();
    assert_eq!((request.method, request.url.as_str()), (Method::Post, "https://x/jobs/a%2F7"));
    assert_eq!(request.body.as_deref(), Some("{\"id\":\"a/7\"}"));
    assert!(request.headers.contains(&("authorization".to_owned(), "Bearer key".to_owned())));
}

#[test]
fn the_state_of_a_job_says_what_its_answer_means() {
    let (description, _) = asked(&[("poll", poll())]);
    let code = |status: u16, body: Value| match read_poll(&description, status, body.to_string().as_bytes()) {
        Reading::Failed { code, .. } => code,
        Reading::NotFound => "not_found",
        Reading::Found(_) => "found",
        Reading::Pending { job } => job.map_or("pending", |_| "a job again"),
    };
    for (status, body, expected) in [
        (200, json!({"state": "RUNNING", "id": "7"}), "pending"),
        (200, json!({"state": "done", "tech": "a", "id": "7"}), "found"),
        (200, json!({"state": "done"}), "not_found"),
        (200, json!({"state": "none", "tech": "a"}), "not_found"),
        (200, json!({"state": "broke"}), "provider_try_later"),
        (200, json!({"state": "poor"}), "provider_quota"),
        (200, json!({"state": "new", "tech": "a"}), "provider_bad_answer"),
        (200, json!({"tech": "a"}), "provider_bad_answer"),
        (423, json!({}), "pending"),
        (404, json!({}), "provider_try_later"),
        (410, json!({}), "provider_try_later"),
        (401, json!({}), "provider_bad_key"),
        (402, json!({}), "provider_quota"),
        (301, json!({}), "provider_bad_answer"),
    ] {
        assert_eq!(code(status, body.clone()), expected, "{status} {body}");
    }
}

#[test]
fn without_a_request_for_the_result_the_first_one_is_repeated() {
    let (description, _) = asked(&[("poll", json!({"first_after_ms": 50, "every_ms": 60_000}))]);
    assert!(description.poll().unwrap().repeats());
    assert_eq!(read(&description, 202, b"{}"), Reading::Pending { job: None });
    let mut file = file();
    file["poll"] = json!({"first_after_ms": 50, "every_ms": 50, "job": ["/id"]});
    assert_eq!(parse(&file), Err(vec!["poll.request missing".to_owned()]));
    file["poll"] = json!({"first_after_ms": 50, "every_ms": 50, "request": {"method": "GET", "path": "/{job}"}});
    assert_eq!(parse(&file), Err(vec!["poll.job empty_list".to_owned()]));
}

#[test]
fn a_provider_of_people_says_whose_company_it_describes() {
    let mut file = file();
    file["kind"] = json!("person");
    assert_eq!(parse(&file), Err(vec!["fields no_employer".to_owned()]));
    file["fields"]["person.employer_domain"] = json!({"from": ["/domain"], "as": "domain"});
    assert!(parse(&file).is_ok());
}
