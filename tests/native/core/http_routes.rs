//! The table of routes: every route is found, what is none is refused as HTTP wants it, and `openapi.json` has the same.

#[path = "../../../src/http/route_table.rs"]
mod route_table;

use route_table::{Access, HttpMethod, Lookup, Operation, ROUTES, RateClass, encode_segment, find};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn document() -> Value {
    serde_json::from_str(include_str!("../../../openapi.json")).unwrap()
}

fn name(method: HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "GET",
        HttpMethod::Put => "PUT",
        HttpMethod::Post => "POST",
        HttpMethod::Delete => "DELETE",
        HttpMethod::Options => "OPTIONS",
    }
}

/// The path with `value` in the place of its parameter.
fn filled(path: &str, value: &str) -> String {
    let segment = |segment: &str| if segment.starts_with('{') { value.to_owned() } else { segment.to_owned() };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn found(method: &str, path: &str) -> Option<(Operation, String)> {
    match find(method, path) {
        Lookup::Found(route, parameter) => Some((route.operation, parameter)),
        _ => None,
    }
}

fn allow(method: &str, path: &str) -> String {
    match find(method, path) {
        Lookup::MethodNotAllowed(allow) => allow,
        other => panic!("{method} {path}: {other:?}"),
    }
}

#[test]
fn every_route_is_found_with_its_parameter() {
    for route in ROUTES {
        let parameters = route.path.split('/').filter(|segment| segment.starts_with('{')).count();
        assert!(parameters <= 1, "{}", route.path);
        let value = if parameters == 1 { "some-id_1.x" } else { "" };
        let path = filled(route.path, value);
        assert_eq!(find(name(route.method), &path), Lookup::Found(route, value.to_owned()), "{path}");
    }
}

/// Method, path, operation, who may call and whether 429 is an answer.
#[test]
fn the_table_and_the_openapi_document_agree() {
    let operation_id = |operation: Operation| {
        let name = format!("{operation:?}");
        name[..1].to_lowercase() + &name[1..]
    };
    let security = |access: Access| match access {
        Access::Public | Access::SignedLink | Access::Webhook => json!([]),
        Access::Intake => json!([{"intakeKey": []}, {"adminToken": []}]),
        Access::Admin => json!([{"adminToken": []}]),
        Access::SegmentKey => json!([{"segmentWriteKey": []}]),
    };
    let table: BTreeSet<String> = ROUTES
        .iter()
        .map(|route| {
            let (method, id) = (name(route.method), operation_id(route.operation));
            let is_limited = route.rate == RateClass::FormPost;
            format!("{method} {} {id} {} limited={is_limited}", route.path, security(route.access))
        })
        .collect();
    let mut documented = BTreeSet::new();
    for (path, methods) in document()["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let (method, id) = (method.to_uppercase(), operation["operationId"].as_str().unwrap());
            let is_limited = operation["responses"].get("429").is_some();
            documented.insert(format!("{method} {path} {id} {} limited={is_limited}", operation["security"]));
        }
    }
    assert_eq!(table.len(), ROUTES.len(), "a method and path is declared twice");
    assert_eq!(table, documented);
}

#[test]
fn each_operation_is_declared_once() {
    let names: BTreeSet<String> = ROUTES.iter().map(|route| format!("{:?}", route.operation)).collect();
    assert_eq!(names.len(), ROUTES.len());
}

#[test]
fn another_method_is_refused_with_those_that_are_allowed() {
    assert_eq!(allow("GET", "/v1/leads"), "POST");
    assert_eq!(allow("POST", "/v1/teams/smb"), "GET, HEAD, PUT");
    assert_eq!(allow("PUT", "/forms/contact"), "GET, HEAD, POST, OPTIONS");
    assert_eq!(allow("GET", "/hooks/slack"), "POST");
    for method in ["PATCH", "QUERY", "TRACE", "PROPFIND", "CONNECT", "get", ""] {
        assert_eq!(allow(method, "/v1/leads/x"), "GET, HEAD", "{method}");
    }
    assert_eq!(allow("HEAD", "/v1/explain"), "POST");
}

#[test]
fn head_is_get() {
    for route in ROUTES.iter().filter(|route| route.method == HttpMethod::Get) {
        assert_eq!(find("HEAD", &filled(route.path, "x")), find("GET", &filled(route.path, "x")));
    }
}

#[test]
fn a_path_that_no_route_has_is_not_found_with_any_method() {
    for path in [
        "",
        "/",
        "//",
        "/v1",
        "/v1/nothing",
        "/v1/leads/a/b",
        "/v1//leads",
        "//v1/leads",
        "/forms",
        "/forms//thanks",
        "/%00",
        "/V1/leads",
    ] {
        for method in ["GET", "POST", "QUERY"] {
            assert_eq!(find(method, path), Lookup::NotFound, "{method} {path}");
        }
    }
}

#[test]
fn segments_are_decoded_once_and_never_split() {
    let lead = |text: &str| Some((Operation::GetLead, text.to_owned()));
    assert_eq!(found("GET", "/v1/leads/a%2Fb"), lead("a/b"));
    assert_eq!(found("GET", "/v1/leads/a%2Faccept"), lead("a/accept"));
    assert_eq!(found("GET", "/v1/leads/a%20b+c"), lead("a b+c"));
    assert_eq!(found("GET", "/v1/leads/a%252Fb"), lead("a%2Fb"));
    assert_eq!(found("GET", "/v1/leads/100%"), lead("100%"));
    assert_eq!(found("GET", "/v1/leads/%zz"), lead("%zz"));
    assert_eq!(found("GET", "/v1/leads/%C3%A9"), lead("é"));
    assert_eq!(found("GET", "/v1/leads/{id}"), lead("{id}"));
    assert_eq!(find("GET", "/v1/leads/%FF"), Lookup::NotFound);
}

#[test]
fn an_encoded_colon_and_a_slash_at_the_end_change_nothing() {
    assert_eq!(found("POST", "/v1/leads%3Abatch"), Some((Operation::PostLeads, String::new())));
    assert_eq!(found("POST", "/hooks/typeform/"), Some((Operation::PostHook, "typeform".to_owned())));
    assert_eq!(found("GET", "/v1/leads:batchx"), None);
}

#[test]
fn a_value_in_a_path_comes_back_as_it_was() {
    for value in ["contact", "a b", "a/b", "50%", "%2F", "é", "a?b#c", "\"<>`{}|\\^", "..a", "a\r\nb"] {
        let path = format!("/forms/{}", encode_segment(value));
        assert!(path.bytes().all(|byte| byte.is_ascii_graphic()), "{path}");
        assert_eq!(found("GET", &path), Some((Operation::GetForm, value.to_owned())), "{path}");
    }
}
