//! Payloads as vendors, form builders, schedulers and automation tools send them: `tests/golden/senders/shapes.json`. Each
//! says what a person would read in it; the table in `docs/SENDERS.md` is made of it.

use crate::shape_kit::{Reading, Tally, assert_document, texts};
use crate::webhook_kit::{Case, NOW_MS, Request};
use lead_router_core::intake::{FieldMap, RawLead};
use lead_router_core::lead::check;
use lead_router_core::time::Timestamp;
use lead_router_core::webhook::{Fetched, ParsedWebhook, Sender, WebhookEventKind};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A payload.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    /// Name of the sender in the address.
    sender: String,
    /// Whose payload it is.
    from: String,
    /// The body: a text as it is, anything else as JSON.
    body: Value,
    #[serde(default)]
    settings: BTreeMap<String, String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The vendor's answer, for leads that are read there: `status` and `body`.
    fetched: Option<Value>,
    /// What a person would read, by the names of the contract.
    expect: BTreeMap<String, String>,
    /// Fields of `expect` that the router does not read.
    #[serde(default)]
    missing: BTreeSet<String>,
    /// Fields that the router reads and no person would.
    #[serde(default)]
    misread: BTreeSet<String>,
    /// Why the router refuses it.
    refused: Option<String>,
}

fn shapes() -> Vec<Shape> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/senders/shapes.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What the first event of the request says.
fn lead(shape: &Shape) -> RawLead {
    let sender = Sender::from_id(&shape.sender).unwrap();
    let case = Case {
        description: String::new(),
        method: None,
        url: None,
        now_ms: None,
        settings: shape.settings.clone(),
        headers: shape.headers.clone(),
        body: shape.body.clone(),
        expect: Value::Null,
        fetched: None,
    };
    let Ok(ParsedWebhook::Events(events)) = Request::of(sender, &case).parse() else { panic!("{}", shape.from) };
    match &events[0].says {
        WebhookEventKind::Lead(raw) => (**raw).clone(),
        WebhookEventKind::Fetch(fetch) => {
            let answer = shape.fetched.as_ref().unwrap();
            let body = serde_json::to_vec(&answer["body"]).unwrap();
            let now = Timestamp::from_ms(NOW_MS);
            let Fetched::Lead(raw) = fetch.read(200, &body, &FieldMap::default(), now) else {
                panic!("{}", shape.from)
            };
            *raw
        }
        other => panic!("{}: {other:?}", shape.from),
    }
}

#[test]
fn every_payload_is_read_as_its_file_says() {
    let mut wrong = Vec::new();
    let mut tally = Tally::default();
    for shape in shapes() {
        let raw = lead(&shape);
        let reading = Reading::of(&check(raw.clone(), Timestamp::from_ms(NOW_MS)), &texts(&raw), &shape.expect);
        let (missing, misread) = (shape.missing.clone(), shape.misread.clone());
        let expected = Reading { missing, misread, refused: shape.refused.clone() };
        let name = if shape.sender == "hmac" { format!("{} over `hmac`", shape.from) } else { shape.from.clone() };
        tally.add(&name, &shape.expect, &reading);
        if reading != expected {
            wrong.push(format!("{} (xx): {reading:?}, read {:?}", shape.from, texts(&raw)));
        }
    }
    assert!(wrong.is_empty(), "{} payloads:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tally.shapes >= 50);
    let senders: BTreeSet<String> = shapes().into_iter().map(|shape| shape.sender).collect();
    assert_eq!(senders.len(), Sender::ALL.len());
    tally.assert_aims();
    assert_document("docs/SENDERS.md", &tally.table("Payload of"));
}
