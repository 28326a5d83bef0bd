//! What every sender's requests say: `tests/golden/senders/<sender>/<case>.json`.

use crate::webhook_kit::{Request, cases};
use lead_router_core::intake::{FieldMap, RawLead};
use lead_router_core::lead::check;
use lead_router_core::time::Timestamp;
use lead_router_core::webhook::segment::TRACKING_SETTINGS;
use lead_router_core::webhook::{Fetch, Fetched, ParsedWebhook, Sender, WebhookEvent, WebhookEventKind};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// A lead as the data files write it. What `check` says about it is part of it.
fn lead(raw: &RawLead) -> Map<String, Value> {
    let mut map = Map::new();
    let fields = raw.pairs.iter().map(|pair| (pair.name.path(), Value::String(pair.value.clone())));
    map.insert("lead".to_owned(), Value::Object(fields.collect()));
    let mut list = |name: &str, items: Vec<&str>| {
        if !items.is_empty() {
            map.insert(name.to_owned(), json!(items));
        }
    };
    list("notes", raw.notes.iter().map(|note| note.code.as_str()).collect());
    list("signals", raw.signals.iter().filter_map(|signal| signal.signal.as_deref()).collect());
    if let Err(problems) = check(raw.clone(), Timestamp::from_ms(1_767_323_045_000)) {
        let codes: Vec<&str> = problems.iter().map(|problem| problem.code.as_str()).collect();
        map.insert("invalid".to_owned(), json!(codes));
    }
    map
}

fn event(event: &WebhookEvent) -> Value {
    let mut map = match &event.says {
        WebhookEventKind::Lead(raw) => lead(raw),
        WebhookEventKind::Fetch(fetch) => {
            let vendor = format!("{:?}", fetch.vendor).to_lowercase();
            json!({"fetch": {"vendor": vendor, "id": fetch.id}}).as_object().unwrap().clone()
        }
        WebhookEventKind::Nothing(code) => return json!({"nothing": code}),
        WebhookEventKind::Broken(code) => return json!({"broken": code}),
    };
    map.insert("key".to_owned(), json!(event.key));
    Value::Object(map)
}

fn heard(request: &Request) -> Value {
    match request.parse() {
        Ok(ParsedWebhook::Events(events)) => json!({"events": events.iter().map(event).collect::<Vec<_>>()}),
        Ok(ParsedWebhook::Challenge { media, body }) => json!({"challenge": {"media": media, "body": body}}),
        Err(refusal) => json!({"refusal": refusal.code}),
    }
}

fn fetched(request: &Request, answer: &Value) -> Value {
    let Ok(ParsedWebhook::Events(events)) = request.parse() else { panic!("nothing to fetch") };
    let fetch: &Fetch = events
        .iter()
        .find_map(|event| if let WebhookEventKind::Fetch(fetch) = &event.says { Some(fetch) } else { None })
        .unwrap();
    let mut said = Map::new();
    match fetch.request(&|name| request.settings.get(name).cloned()) {
        Err(refusal) => return json!({"refusal": refusal.code}),
        Ok(sent) if answer.get("request").is_some() => {
            let headers: Map<String, Value> = sent.headers.into_iter().map(|(n, v)| (n, Value::String(v))).collect();
            said.insert("request".to_owned(), json!({"url": sent.url, "headers": headers}));
        }
        Ok(_) => {}
    }
    let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
    let body = serde_json::to_vec(&answer["body"]).unwrap();
    let read = match fetch.read(status, &body, &FieldMap::default(), Timestamp::from_ms(request.now_ms)) {
        Fetched::Lead(raw) => Value::Object(lead(&raw)),
        Fetched::Nothing(code) => json!({"nothing": code}),
        Fetched::Broken(code) => json!({"broken": code}),
        Fetched::Later(code) => json!({"later": code}),
        Fetched::Misconfigured(code) => json!({"misconfigured": code}),
    };
    said.extend([
        ("status".to_owned(), answer["status"].clone()),
        ("body".to_owned(), answer["body"].clone()),
        ("expect".to_owned(), read),
    ]);
    Value::Object(said)
}

#[test]
fn every_request_says_what_its_file_expects() {
    let mut wrong = Vec::new();
    for (sender, name, case) in cases() {
        let request = Request::of(sender, &case);
        let said = heard(&request);
        if said != case.expect {
            wrong.push(format!("{name}: {}\n{said:#}", case.description));
        }
        if let Some(answer) = &case.fetched {
            let said = fetched(&request, answer);
            if &said != answer {
                wrong.push(format!("{name}: {}\n{said:#}", case.description));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_sender_has_a_lead_among_its_cases() {
    let with_a_lead: BTreeSet<Sender> = cases()
        .into_iter()
        .filter(|(_, _, case)| {
            let of_vendor = case.fetched.as_ref().is_some_and(|answer| answer["expect"]["lead"]["email"].is_string());
            let events = case.expect["events"].as_array().cloned().unwrap_or_default();
            of_vendor || events.iter().any(|event| event["lead"]["email"].is_string())
        })
        .map(|(sender, ..)| sender)
        .collect();
    assert_eq!(with_a_lead.len(), Sender::ALL.len());
}

#[test]
fn the_same_delivery_has_the_same_keys_again() {
    for (sender, name, case) in cases() {
        let request = Request::of(sender, &case);
        assert_eq!(request.parse(), request.parse(), "{name}");
    }
}

#[test]
fn the_document_names_every_sender_and_every_setting() {
    let path = format!("{}/docs/SENDERS.md", concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let text = std::fs::read_to_string(path).unwrap();
    for sender in Sender::ALL {
        assert!(text.contains(&format!("`/hooks/{}", sender.id())), "{}", sender.id());
        for name in sender.settings().iter().chain(TRACKING_SETTINGS) {
            let name = name.strip_suffix("_PREVIOUS").unwrap_or(name);
            assert!(text.contains(&format!("`{name}`")), "{name}");
        }
    }
}
