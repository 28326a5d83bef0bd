//! Descriptions that are wrong are refused with every problem; all kinds of auth and body can be described.

use lead_router::domain::facts::{Fact, FactValue, Facts, Field};
use lead_router::domain::id::ProviderId;
use lead_router::domain::provider::{Contact, Description, Method, Reading, build, read};
use lead_router::domain::time::Timestamp;
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
        Reading::Pending => "pending".to_owned(),
        Reading::Failed { code, .. } => code.to_owned(),
    };
    for (status, expected) in [
        (200, "[(CompanyTechnologies, Set([\"a\", \"b\"]))]"),
        (202, "pending"),
        (206, "pending"),
        (402, "provider_try_later"),
        (404, "provider_quota"),
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
    file["fields"] = json!({
        "account.named": {"from": ["/a"], "as": "flag"},
        "company.employes": {"from": ["/a"], "as": "number"},
        "company.name": {"from": [], "as": "number"},
        "company.country": {"from": ["a"], "as": "country"}
    });
    file["trust"] = json!(101);
    let mut problems = parse(&file).unwrap_err();
    problems.sort();
    let mut expected = vec![
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
