//! How a description says that its key is exchanged for a token.

use lead_router_core::enrichment::provider::{Description, build_token, read_token, shipped};
use lead_router_core::time::Timestamp;
use serde_json::{Value, json};

fn file() -> Value {
    let text = shipped::FILES.iter().find(|(id, _)| *id == "zoominfo_company").unwrap().1;
    serde_json::from_str(text).unwrap()
}

fn with(changes: &[(&str, Value)]) -> Result<Description, Vec<String>> {
    let mut file = file();
    for (pointer, value) in changes {
        *file.pointer_mut(pointer).unwrap() = value.clone();
    }
    Description::parse(&file.to_string())
        .map_err(|problems| problems.into_iter().map(|problem| format!("{} {}", problem.path, problem.code)).collect())
}

#[test]
fn the_lifetime_of_a_token_has_limits() {
    for (lifetime_s, is_good) in [(119, false), (120, true), (604_800, true), (604_801, false)] {
        let parsed = with(&[("/auth/token/lifetime_s", json!(lifetime_s))]);
        let expected = vec!["auth.token.lifetime_s out_of_range".to_owned()];
        assert_eq!(parsed.err(), (!is_good).then_some(expected), "{lifetime_s}");
    }
}

#[test]
fn a_request_for_a_token_uses_the_key_and_nothing_else() {
    for (body, problem) in [
        (json!({"user": "{contact.email}"}), "auth.token.request.body invalid_template"),
        (json!({"user": "{job}"}), "auth.token.request.body invalid_template"),
        (json!({"user": "nobody"}), "auth.token.request unused_key"),
    ] {
        assert_eq!(with(&[("/auth/token/request/body", body)]).unwrap_err()[0], problem);
    }
    let elsewhere = with(&[("/request/path", json!("/{key.name}"))]).unwrap_err();
    assert_eq!(elsewhere, ["request.path invalid_template"]);
    assert_eq!(with(&[("/auth/token/pointer", json!("jwt"))]).unwrap_err(), ["auth.token.pointer invalid_pointer"]);
}

#[test]
fn a_token_can_be_asked_for_in_path_query_and_header_and_stand_anywhere() {
    let description = with(&[
        (
            "/auth/token/request",
            json!({
                "method": "GET",
                "path": "/clients/{key.name}",
                "query": {"secret": "{key.password}"},
                "headers": {"x-client": "{key.name}"}
            }),
        ),
        ("/auth/token/pointer", json!("/tokens/*/value")),
    ])
    .unwrap();
    let request = build_token(&description, "https://x.example/", "a/b:c d:e").unwrap();
    assert_eq!(request.url, "https://x.example/clients/a%2Fb?secret=c%20d%3Ae");
    let accept = ("accept".to_owned(), "application/json".to_owned());
    assert_eq!(request.headers, [accept, ("x-client".to_owned(), "a/b".to_owned())]);
    let token = read_token(&description, 201, br#"{"tokens": [{"value": "t"}]}"#, Timestamp::from_ms(0)).unwrap();
    assert_eq!((token.value.as_str(), token.until.as_ms()), ("t", 3_600_000));
}

#[test]
fn a_provider_without_tokens_has_no_request_for_one() {
    let description = shipped::find("pdl_company").unwrap();
    assert_eq!(build_token(description, &description.base_url, "name:password"), None);
    assert!(read_token(description, 200, br#"{"jwt": "t"}"#, Timestamp::from_ms(0)).is_err());
}
