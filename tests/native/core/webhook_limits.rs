//! Sizes and numbers at their limits and one past them, and the calls of Segment's tracking API.

use crate::webhook_kit::{NOW_MS, Request, plain};
use lead_router_core::limits::{HOOK_EVENTS_MAX, SEGMENT_BATCH_BYTES_MAX, SEGMENT_EVENT_BYTES_MAX, SEGMENT_LEADS_MAX};
use lead_router_core::time::Timestamp;
use lead_router_core::webhook::segment::{TRACKING_SETTINGS, track};
use lead_router_core::webhook::{
    Blame, Incoming, ParsedWebhook, Refusal, Sender, SenderSettings, WebhookEvent, WebhookEventKind, WebhookMethod,
};
use serde_json::{Value, json};

fn request(sender: Sender, body: Vec<u8>) -> Request {
    let mut request = plain(sender);
    request.body = body;
    request.sign("secret-of-the-test", NOW_MS);
    request
}

fn count(heard: Result<ParsedWebhook, Refusal>) -> Result<usize, &'static str> {
    match heard {
        Ok(ParsedWebhook::Events(events)) => Ok(events.len()),
        Ok(ParsedWebhook::Challenge { .. }) => Ok(0),
        Err(refusal) => Err(refusal.code),
    }
}

#[test]
fn a_request_has_a_hundred_events_at_most() {
    let list = |item: Value| move |count: usize| serde_json::to_vec(&vec![item.clone(); count]).unwrap();
    let meta = |count: usize| {
        let change = json!({"field": "leadgen", "value": {"leadgen_id": 1}});
        serde_json::to_vec(&json!({"object": "page", "entry": [{"changes": vec![change; count]}]})).unwrap()
    };
    let soap = |count: usize| {
        let one = "<Notification><Id>04l</Id></Notification>";
        let namespace = "http://soap.sforce.com/2005/09/outbound";
        format!("<notifications xmlns='{namespace}'>{}</notifications>", one.repeat(count)).into_bytes()
    };
    type Body = Box<dyn Fn(usize) -> Vec<u8>>;
    let bodies: Vec<(Sender, Body)> = vec![
        (Sender::Hubspot, Box::new(list(json!({"subscriptionType": "deal.creation"})))),
        (Sender::Hmac, Box::new(list(json!({"email": "a@b.example"})))),
        (Sender::Meta, Box::new(meta)),
        (Sender::Salesforce, Box::new(soap)),
        (Sender::Segment, Box::new(list(json!({"type": "page"})))),
    ];
    for (sender, body) in bodies {
        for (events, expected) in
            [(HOOK_EVENTS_MAX, Ok(HOOK_EVENTS_MAX)), (HOOK_EVENTS_MAX + 1, Err("too_many_events"))]
        {
            let mut request = request(sender, body(events));
            if sender == Sender::Salesforce {
                request.headers.insert("content-type".to_owned(), "text/xml".to_owned());
            }
            request.headers.entry("x-api-key".to_owned()).or_insert_with(|| "secret-of-the-test".to_owned());
            assert_eq!(count(request.parse()), expected, "{} with {events}", sender.id());
        }
    }
}

const BASIC: &str = "Basic a2V5Og==";

fn call(call: &str, body: &[u8], authorization: Option<&str>) -> Result<Vec<WebhookEvent>, Refusal> {
    let headers: Vec<(String, String)> =
        authorization.into_iter().map(|value| ("authorization".to_owned(), value.to_owned())).collect();
    let now = Timestamp::from_ms(NOW_MS);
    let incoming =
        Incoming { method: WebhookMethod::Post, url: "https://x.example/v1/batch", headers: &headers, body, now };
    let settings = SenderSettings::read(TRACKING_SETTINGS, |name| match name {
        "SEGMENT_WRITE_KEY" => Some("key".to_owned()),
        "SEGMENT_WRITE_KEY_PREVIOUS" => Some("old".to_owned()),
        _ => None,
    });
    track(&incoming, call, &settings).map(|heard| match heard {
        ParsedWebhook::Events(events) => events,
        ParsedWebhook::Challenge { .. } => panic!("a challenge"),
    })
}

fn says(event: &WebhookEvent) -> &'static str {
    match &event.says {
        WebhookEventKind::Lead(_) => "lead",
        WebhookEventKind::Fetch(_) => "fetch",
        WebhookEventKind::Nothing(code) | WebhookEventKind::Broken(code) => code,
    }
}

fn identify(bytes: usize) -> String {
    let event = |padding: usize| {
        let padding = "x".repeat(padding);
        format!(
            "{{\"type\":\"identify\",\"messageId\":\"m\",\"traits\":{{\"email\":\"ada@example.com\",\"p\":\"{padding}\"}}}}"
        )
    };
    event(bytes - event(0).len())
}

#[test]
fn an_event_of_the_tracking_api_has_32_kilobytes_at_most() {
    assert_eq!(SEGMENT_EVENT_BYTES_MAX, 32_768);
    let single = |bytes| call("identify", identify(bytes).as_bytes(), Some(BASIC)).map_err(|refusal| refusal.code);
    assert_eq!(says(&single(SEGMENT_EVENT_BYTES_MAX).unwrap()[0]), "lead");
    assert_eq!(single(SEGMENT_EVENT_BYTES_MAX + 1), Err("event_too_large"));
    // In a batch it is that event alone.
    let (fits, too_large) = (identify(SEGMENT_EVENT_BYTES_MAX), identify(SEGMENT_EVENT_BYTES_MAX + 1));
    let body = format!("{{\"batch\":[{too_large},{fits}]}}");
    let events = call("batch", body.as_bytes(), Some(BASIC)).unwrap();
    assert_eq!(events.iter().map(says).collect::<Vec<_>>(), ["event_too_large", "lead"]);
}

#[test]
fn a_batch_of_the_tracking_api_has_500_kilobytes_at_most() {
    assert_eq!(SEGMENT_BATCH_BYTES_MAX, 512_000);
    let body = |bytes: usize| {
        let batch = "{\"batch\":[{\"type\":\"page\"}]}";
        format!("{batch}{}", " ".repeat(bytes - batch.len()))
    };
    let read = |bytes| call("batch", body(bytes).as_bytes(), Some(BASIC));
    assert_eq!(read(SEGMENT_BATCH_BYTES_MAX).unwrap().len(), 1);
    let refusal = read(SEGMENT_BATCH_BYTES_MAX + 1).unwrap_err();
    assert_eq!((refusal.code, refusal.blame), ("batch_too_large", Blame::Request));
}

#[test]
fn a_batch_of_the_tracking_api_has_250_leads_at_most_and_any_number_of_other_events() {
    let body = |leads: usize| {
        let mut events = vec![json!({"type": "identify", "traits": {"email": "ada@example.com"}}); leads];
        events.extend(vec![json!({"type": "page"}); 1_000]);
        serde_json::to_vec(&json!({"batch": events})).unwrap()
    };
    assert_eq!(call("batch", &body(SEGMENT_LEADS_MAX), Some(BASIC)).unwrap().len(), SEGMENT_LEADS_MAX + 1_000);
    let refusal = call("batch", &body(SEGMENT_LEADS_MAX + 1), Some(BASIC)).unwrap_err();
    assert_eq!(refusal.code, "too_many_events");
}

#[test]
fn the_write_key_is_the_name_of_basic_authentication_or_stands_in_the_body() {
    let event = br#"{"traits":{"email":"ada@example.com"}}"#;
    let keyed = br#"{"writeKey":"key","traits":{"email":"ada@example.com"}}"#;
    let batch =
        br#"{"batch":[{"type":"track","event":"Demo","properties":{"email":"ada@example.com"}}],"writeKey":"old"}"#;
    assert_eq!(says(&call("identify", event, Some(BASIC)).unwrap()[0]), "lead");
    assert_eq!(says(&call("identify", event, Some("Basic b2xkOg==")).unwrap()[0]), "lead", "the previous key");
    assert_eq!(says(&call("identify", keyed, None).unwrap()[0]), "lead");
    assert_eq!(says(&call("batch", batch, None).unwrap()[0]), "lead");
    let code = |body: &[u8], header| call("identify", body, header).map_err(|refusal| refusal.code);
    assert_eq!(code(event, None), Err("missing_signature"));
    // `other:`, `key:password`, `key` without a colon, not base64, another scheme.
    for header in ["Basic b3RoZXI6", "Basic a2V5OnBhc3N3b3Jk", "Basic a2V5", "Basic ???"] {
        assert_eq!(code(event, Some(header)), Err("bad_secret"), "{header}");
    }
    assert_eq!(code(event, Some("Bearer a2V5Og==")), Err("missing_signature"));
    assert_eq!(code(br#"{"writeKey":"other"}"#, None), Err("bad_secret"));
    // A wrong header is not made good by the body.
    assert_eq!(code(keyed, Some("Basic b3RoZXI6")), Err("bad_secret"));
}

#[test]
fn every_call_of_the_tracking_api_is_understood() {
    let body = br#"{"userId":"ada@example.com","event":"Demo"}"#;
    for (name, expected) in [
        ("identify", "lead"),
        ("track", "lead"),
        ("page", "not_a_lead"),
        ("screen", "not_a_lead"),
        ("group", "not_a_lead"),
        ("alias", "not_a_lead"),
    ] {
        assert_eq!(says(&call(name, body, Some(BASIC)).unwrap()[0]), expected, "{name}");
    }
    for body in [&b""[..], b"{", b"[]", b"{\"batch\":1}", b"\xff"] {
        assert_eq!(call("batch", body, Some(BASIC)).unwrap_err().code, "unreadable_body");
    }
}
