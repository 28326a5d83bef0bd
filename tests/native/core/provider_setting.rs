//! Settings of the business in the requests of a description.

use lead_router_core::enrichment::provider::{Contact, Description, build, build_poll, shipped};
use lead_router_core::facts::{Fact, FactValue, Facts, Field};
use lead_router_core::id::ProviderId;
use lead_router_core::time::Timestamp;
use serde_json::{Value, json};

fn databar() -> &'static Description {
    shipped::find("databar_person").unwrap()
}

fn contact() -> Contact {
    Contact { email: Some("ann@acme.example".to_owned()), ..Contact::default() }
}

/// End of the address and body of a request with these settings; `None` when a setting cannot be used.
fn sent(settings: &[(&str, &str)]) -> Option<(String, Value)> {
    let setting = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let configured = databar().configured(setting)?;
    let request = build(&configured, &Facts::default(), &contact(), "https://x.example", "key").unwrap();
    Some((
        request.url.replace("https://x.example", ""),
        serde_json::from_str(request.body.as_deref().unwrap()).unwrap(),
    ))
}

#[test]
fn without_settings_the_defaults_count_and_the_rest_is_left_out() {
    let (path, body) = sent(&[]).unwrap();
    assert_eq!(path, "/waterfalls/person_getter/run");
    assert_eq!(body, json!({"params": {"email": "ann@acme.example"}}));
    assert_eq!(sent(&[("DATABAR_PERSON_RUN", " "), ("DATABAR_PERSON_ENRICHMENTS", "")]).unwrap(), (path, body));
}

#[test]
fn settings_stand_in_the_request_as_what_they_are() {
    let (path, body) = sent(&[
        ("DATABAR_PERSON_RUN", "waterfalls/email_getter"),
        ("DATABAR_PERSON_ENRICHMENTS", "[833, 910]"),
        ("DATABAR_PERSON_EMAIL_VERIFIER", "12"),
        ("DATABAR_COMPANY_RUN", "enrichments/7"),
    ])
    .unwrap();
    assert_eq!(path, "/waterfalls/email_getter/run");
    let expected = json!({"params": {"email": "ann@acme.example"}, "enrichments": [833, 910], "email_verifier": 12});
    assert_eq!(body, expected);
    let (_, body) = sent(&[("DATABAR_PERSON_ENRICHMENTS", "all")]).unwrap();
    assert_eq!(body["enrichments"], json!(["all"]));
    let (_, body) = sent(&[("DATABAR_PERSON_ENRICHMENTS", "833, 910")]).unwrap();
    assert_eq!(body["enrichments"], json!([833, 910]));
}

#[test]
fn a_waterfall_is_not_set_up_without_its_sources() {
    for (settings, missing) in [
        (&[][..], Some("DATABAR_API_KEY")),
        (&["DATABAR_API_KEY=key"], Some("DATABAR_PERSON_ENRICHMENTS")),
        (&["DATABAR_API_KEY=key", "DATABAR_PERSON_ENRICHMENTS= "], Some("DATABAR_PERSON_ENRICHMENTS")),
        (&["DATABAR_API_KEY=key", "DATABAR_PERSON_ENRICHMENTS=833"], None),
        (&["DATABAR_API_KEY=key", "DATABAR_PERSON_RUN=enrichments/833"], None),
        (&["DATABAR_API_KEY=key", "DATABAR_PERSON_RUN=waterfalls/x"], Some("DATABAR_PERSON_ENRICHMENTS")),
    ] {
        let setting = |name: &str| {
            let pairs = settings.iter().filter_map(|setting| setting.split_once('='));
            pairs.filter(|(known, _)| *known == name).map(|(_, value)| value.to_owned()).next()
        };
        assert_eq!(databar().missing_setting(setting), missing, "{settings:?}");
    }
}

#[test]
fn a_setting_that_cannot_be_used_is_refused() {
    for value in ["{contact.email}", "a\nb", &"a".repeat(497)] {
        assert_eq!(sent(&[("DATABAR_PERSON_ENRICHMENTS", value)]), None, "{value:?}");
    }
    assert!(sent(&[("DATABAR_PERSON_ENRICHMENTS", &"a".repeat(496))]).is_some());
    for value in ["a b", "a?b=c", "a#b", "../é"] {
        assert_eq!(sent(&[("DATABAR_PERSON_RUN", value)]), None, "{value:?}");
    }
}

fn file() -> Value {
    json!({
        "id": "acme", "vendor": "Acme", "kind": "company", "base_url": "https://api.acme.example",
        "base_url_setting": "ACME_BASE_URL", "key_setting": "ACME_API_KEY", "auth": "bearer",
        "settings": {"list": {"setting": "ACME_LIST"}, "size": {"setting": "ACME_SIZE", "default": "9"}},
        "requires": [["company.domain"]],
        "request": {
            "method": "POST", "path": "/find",
            "query": {"list": "{setting.list}", "size": "s {setting.size}", "domain": "{company.domain}"},
            "headers": {"x-list": "{setting.list}"},
            "body": ["{setting.list}", "{setting.size}", "{setting.size}{company.domain}"]
        },
        "timeout_ms": 1000, "cost_usd_micros": 5, "cache": {"found_s": 60, "not_found_s": 60},
        "poll": {
            "job": ["/id"], "request": {"method": "GET", "path": "/{job}", "query": {"size": "{setting.size}"}},
            "first_after_ms": 100, "every_ms": 100
        },
        "fields": {"company.name": {"from": ["/name"], "as": "text"}},
        "trust": 10
    })
}

#[test]
fn settings_can_stand_anywhere_in_both_requests() {
    let description = Description::parse(&file().to_string()).unwrap();
    let mut facts = Facts::default();
    let fact = |text: &str| FactValue::Text(text.to_owned());
    let form = ProviderId::new("form").unwrap();
    facts.set(Field::CompanyDomain, Fact { value: fact("a.example"), provider: form, at: Timestamp::from_ms(0) });
    let ask = |description: &Description| {
        let request = build(description, &facts, &Contact::default(), "https://x.example", "key").unwrap();
        let list = request.headers.iter().find(|(name, _)| name == "x-list").map(|(_, value)| value.clone());
        (request.url, request.body.unwrap(), list)
    };
    let (url, body, list) = ask(&description);
    assert_eq!(url, "https://x.example/find?domain=a.example&size=s%209");
    assert_eq!((body.as_str(), list), ("[9,\"9a.example\"]", None));
    let configured = description.configured(|name| (name == "ACME_LIST").then(|| "l 1".to_owned())).unwrap();
    let (url, body, list) = ask(&configured);
    assert_eq!(url, "https://x.example/find?domain=a.example&list=l%201&size=s%209");
    assert_eq!((body.as_str(), list.as_deref()), ("[\"l 1\",9,\"9a.example\"]", Some("l 1")));
    let poll = build_poll(&configured, "7", "https://x.example", "key").unwrap();
    assert_eq!(poll.url, "https://x.example/7?size=9");
}

#[test]
fn what_is_wrong_with_settings_is_named() {
    for (pointer, value, problem) in [
        ("/settings/list/setting", json!("acme"), "settings.list.setting invalid_setting"),
        ("/settings/size/default", json!("{job}"), "settings.size invalid_value"),
        ("/request/query/list", json!("{setting.lost}"), "request.query.list invalid_template"),
        ("/request/path", json!("/{setting.list}"), "request.path invalid_template"),
    ] {
        let mut file = file();
        *file.pointer_mut(pointer).unwrap() = value;
        let problems = Description::parse(&file.to_string()).unwrap_err();
        let found: Vec<String> = problems.iter().map(|problem| format!("{} {}", problem.path, problem.code)).collect();
        assert_eq!(found, [problem], "{pointer}");
    }
}
