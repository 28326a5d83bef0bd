//! Whatever a sender's request holds, it is events or a refusal with a code, and no panic.

use crate::webhook_kit::{NOW_MS, Request, plain};
use lead_router_core::lead::check;
use lead_router_core::limits::FIELDS_MAX;
use lead_router_core::time::Timestamp;
use lead_router_core::webhook::segment::{CALLS, TRACKING_SETTINGS, track};
use lead_router_core::webhook::{
    Incoming, ParsedWebhook, Refusal, Sender, SenderSettings, WebhookEvent, WebhookEventKind, WebhookMethod,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Every event stays within the limits of a lead, so that only its content can refuse it.
fn assert_sane(heard: &Result<ParsedWebhook, Refusal>) {
    match heard {
        Err(refusal) => assert!(!refusal.code.is_empty() && !refusal.message.is_empty()),
        Ok(ParsedWebhook::Challenge { body, .. }) => assert!(body.is_ascii()),
        Ok(ParsedWebhook::Events(events)) => events.iter().for_each(assert_sane_event),
    }
}

fn assert_sane_event(event: &WebhookEvent) {
    let WebhookEventKind::Lead(raw) = &event.says else { return };
    assert!(raw.pairs.len() <= FIELDS_MAX + 1, "{}", raw.pairs.len());
    if let Err(problems) = check((**raw).clone(), Timestamp::from_ms(NOW_MS)) {
        for problem in problems {
            let about_the_address = problem.path == "email" || problem.path == "fields.email";
            assert!(about_the_address, "{} {}", problem.path, problem.code);
        }
    }
}

fn signed(sender: Sender, content_type: &str, body: Vec<u8>) -> Request {
    let mut request = plain(sender);
    request.headers.insert("content-type".to_owned(), content_type.to_owned());
    request.body = body;
    request.sign(crate::webhook_kit::secret(sender), NOW_MS);
    request
}

fn any_sender() -> impl Strategy<Value = Sender> {
    prop::sample::select(Sender::ALL)
}

/// A JSON value whose names are those of the senders' payloads, in any order and nesting.
fn payload() -> impl Strategy<Value = Value> {
    let names = [
        "email",
        "event_id",
        "event_type",
        "form_response",
        "answers",
        "type",
        "text",
        "field",
        "ref",
        "hidden",
        "token",
        "traits",
        "properties",
        "context",
        "messageId",
        "batch",
        "event",
        "data",
        "fields",
        "options",
        "value",
        "id",
        "payload",
        "triggerType",
        "schema",
        "questions_and_answers",
        "entry",
        "changes",
        "leadgen_id",
        "objectId",
        "portalId",
        "subscriptionType",
        "user_column_data",
        "column_id",
        "string_value",
        "google_key",
        "company",
        "name",
        "submitted_at",
        "incumbent",
        "rep_id",
        "choices",
        "labels",
        "variables",
        "key",
    ];
    let texts = [
        "form_response",
        "FORM_RESPONSE",
        "form_submission",
        "email",
        "choices",
        "contact.creation",
        "lead.created",
        "ada@example.com",
        "identify",
        "track",
        "google_ads_secret",
        "invitee.created",
        "leadgen",
        "LEAD_ACTION",
        "CREATED",
        "",
        "\u{0}",
        "é",
        "2026-01-02T03:04:05Z",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(|flag| json!(flag)),
        any::<i64>().prop_map(|number| json!(number)),
        prop::sample::select(texts.to_vec()).prop_map(|text| json!(text)),
        any::<String>().prop_map(|text| json!(text)),
        Just(json!("x".repeat(20_000))),
    ];
    leaf.prop_recursive(6, 60, 8, move |inner| {
        let name = prop_oneof![4 => prop::sample::select(names.to_vec()).prop_map(str::to_owned), 1 => any::<String>()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((name, inner), 0..8).prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes_with_a_good_signature_are_read_or_refused(sender in any_sender(), body in prop::collection::vec(any::<u8>(), 0..300)) {
        for media in ["application/json", "text/xml", "application/x-www-form-urlencoded", ""] {
            assert_sane(&signed(sender, media, body.clone()).parse());
        }
    }

    #[test]
    fn any_payload_with_a_good_signature_is_read_or_refused(sender in any_sender(), payload in payload()) {
        assert_sane(&signed(sender, "application/json", payload.to_string().into_bytes()).parse());
    }

    #[test]
    fn any_bytes_without_a_signature_are_refused(sender in any_sender(), body in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut request = plain(sender);
        request.headers.retain(|name, _| name == "content-type");
        request.url = format!("https://leads.example.com/hooks/{}", sender.id());
        request.body = body;
        prop_assert!(request.parse().is_err());
    }

    #[test]
    fn any_headers_and_any_query_are_refused_without_a_panic(sender in any_sender(), text in any::<String>(), query in any::<String>()) {
        let mut request = plain(sender);
        for value in request.headers.values_mut() {
            text.clone_into(value);
        }
        request.url = format!("https://leads.example.com/hooks/x?{query}");
        request.body.push(b' ');
        prop_assert!(request.parse().is_err());
    }

    #[test]
    fn any_bytes_of_a_tracking_call_are_read_or_refused(payload in payload(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let settings = SenderSettings::read(TRACKING_SETTINGS, |name| (name == "SEGMENT_WRITE_KEY").then(|| "key".to_owned()));
        let headers = [("authorization".to_owned(), "Basic a2V5Og==".to_owned())];
        let batch = json!({"batch": [payload.clone()]}).to_string().into_bytes();
        for body in [bytes, payload.to_string().into_bytes(), batch] {
            let now = Timestamp::from_ms(NOW_MS);
            let incoming = Incoming { method: WebhookMethod::Post, url: "https://x.example/v1/x", headers: &headers, body: &body, now };
            for call in CALLS.iter().chain(&["batch"]) {
                assert_sane(&track(&incoming, call, &settings));
            }
        }
    }
}

#[test]
fn nesting_of_any_depth_is_survived() {
    for sender in Sender::ALL {
        for depth in [100, 100_000] {
            for (open, close) in [("[", "]"), ("{\"data\":", "}")] {
                let body = format!("{}1{}", open.repeat(depth), close.repeat(depth)).into_bytes();
                assert_sane(&signed(*sender, "application/json", body).parse());
            }
            let body = format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth)).into_bytes();
            assert_sane(&signed(*sender, "text/xml", body).parse());
        }
    }
}
