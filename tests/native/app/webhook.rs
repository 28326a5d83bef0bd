//! Events of senders become leads: each once, whatever is repeated, lost or changed in between.

use crate::world::{Fault, LIVE, World, run};
use lead_router_app::intake::{IntakeAnswer, intake};
use lead_router_app::ports::LeadState;
use lead_router_app::ports::jobs::Job;
use lead_router_app::ports::messages::OpenRequest;
use lead_router_app::webhook::{BUDGET_MS, LEAST_MS, WebhookResult, take_all};
use lead_router_core::intake::{FieldMap, json};
use lead_router_core::lead::check;
use lead_router_core::limits::PUBLIC_LEAD_BYTES_MAX;
use lead_router_core::time::{DAY_MS, HOUR_MS};
use lead_router_core::webhook::{
    Fetched, Incoming, ParsedWebhook, Sender, SenderSettings, WebhookEvent, WebhookEventKind, WebhookMethod, parse,
};
use serde_json::{Value, json};

fn event(key: Option<&str>, fields: &Value) -> WebhookEvent {
    let raw = json::read(fields.to_string().as_bytes(), &FieldMap::default()).unwrap();
    WebhookEvent { key: key.map(str::to_owned), says: WebhookEventKind::Lead(Box::new(raw)) }
}

fn ada(title: &str) -> Value {
    json!({"email": "ada@fjordwerk.example", "title": title})
}

fn take(world: &World, events: Vec<WebhookEvent>) -> Vec<WebhookResult> {
    run(take_all(world, Sender::Tally, events, &FieldMap::default(), world.now.get(), LIVE))
}

fn kinds(taken: &[WebhookResult]) -> Vec<&'static str> {
    let kind = |taken: &WebhookResult| match taken {
        WebhookResult::Accepted(_) => "accepted",
        WebhookResult::Duplicate(_) => "duplicate",
        WebhookResult::Ignored(_) => "ignored",
        WebhookResult::Refused { .. } => "refused",
        WebhookResult::Left { .. } => "left",
        WebhookResult::Later { .. } => "later",
    };
    taken.iter().map(kind).collect()
}

#[test]
fn an_event_that_comes_again_is_the_same_lead_for_as_long_as_any_vendor_repeats_itself() {
    let world = World::sample();
    let first = take(&world, vec![event(Some("tally:1"), &ada("CTO"))]);
    let [WebhookResult::Accepted(id)] = first.as_slice() else { panic!("{first:?}") };
    for ms in [0, 1_000, 24 * HOUR_MS, 36 * HOUR_MS, 7 * DAY_MS] {
        world.now.set(world.now.get().plus_ms(ms));
        let again = take(&world, vec![event(Some("tally:1"), &ada("CTO"))]);
        assert_eq!(again, [WebhookResult::Duplicate(id.clone())], "after {ms} ms more");
    }
    assert_eq!(world.leads().len(), 1);
}

#[test]
fn a_record_that_was_edited_between_two_deliveries_is_the_same_lead() {
    let world = World::sample();
    take(&world, vec![event(Some("hubspot:3:501"), &ada("CTO"))]);
    let again = take(&world, vec![event(Some("hubspot:3:501"), &ada("Chief Technology Officer"))]);
    assert_eq!(kinds(&again), ["duplicate"]);
    assert_eq!(world.leads().len(), 1);
}

#[test]
fn copies_in_one_request_are_one_lead() {
    let world = World::sample();
    let copies = vec![event(Some("segment:m-1"), &ada("CTO")); 100];
    let taken = take(&world, copies);
    assert_eq!(taken.len(), 100);
    assert!(kinds(&taken).iter().all(|kind| matches!(*kind, "accepted" | "duplicate")));
    assert_eq!(world.leads().len(), 1);
}

#[test]
fn equal_contents_are_one_event_when_the_vendor_gives_no_id() {
    let world = World::sample();
    take(&world, vec![event(None, &ada("CTO")), event(None, &ada("CTO")), event(None, &ada("CEO"))]);
    assert_eq!(world.leads().len(), 2);
}

#[test]
fn one_bad_event_does_not_lose_the_others_and_says_no_more_than_codes() {
    let world = World::sample();
    let bad = event(Some("a"), &json!({"email": "nobody", "title": "x".repeat(5_000)}));
    let broken = WebhookEvent { key: None, says: WebhookEventKind::Broken("no_object_id") };
    let nothing = WebhookEvent { key: None, says: WebhookEventKind::Nothing("test_lead") };
    let taken = take(&world, vec![bad, broken, nothing, event(Some("b"), &ada("CTO"))]);
    assert_eq!(kinds(&taken), ["refused", "refused", "ignored", "accepted"]);
    let WebhookResult::Refused { codes, event } = &taken[0] else { panic!("{taken:?}") };
    assert_eq!(codes, &["email:invalid_email"]);
    assert_eq!(event.as_ref().and_then(|event| event.key.as_deref()), Some("a"));
    assert!(matches!(&taken[1], WebhookResult::Refused { codes, event: None } if codes == &["no_object_id"]));
    assert_eq!(world.leads().len(), 1);
}

#[test]
fn an_accepted_lead_is_durable_and_not_decided_yet() {
    let world = World::sample();
    take(&world, vec![event(Some("b"), &ada("CTO"))]);
    let rows = world.leads();
    assert_eq!((rows.len(), rows[0].state, rows[0].wake_at.is_some()), (1, LeadState::Open, true));
    assert_eq!(world.http_calls.get(), 0, "nobody waits for a provider");
}

/// Any call may be lost, before or after it took effect; the vendor sends the event again, as it is or as it was edited
/// meanwhile. There is one lead in the end.
#[test]
fn a_lost_call_ends_with_one_lead_after_the_vendor_sent_the_event_again() {
    let calls = {
        let world = World::sample();
        take(&world, vec![event(Some("k"), &ada("CTO"))]);
        world.calls.get()
    };
    assert!(calls >= 2, "{calls} calls");
    for place in 0..calls {
        for fault in [Fault::Before, Fault::After] {
            for title in ["CTO", "Chief Technology Officer"] {
                let world = World::sample();
                world.fault.set(Some((place, fault)));
                let first = take(&world, vec![event(Some("k"), &ada("CTO"))]);
                world.fault.set(None);
                assert_eq!(kinds(&first), ["later"], "call {place} lost {fault:?}");
                let again = take(&world, vec![event(Some("k"), &ada(title))]);
                let case = format!("call {place} lost {fault:?}, then {title}");
                assert!(matches!(kinds(&again)[..], ["accepted" | "duplicate"]), "{case}: {again:?}");
                assert_eq!(world.leads().len(), 1, "{case}");
                take(&world, vec![event(Some("k"), &ada(title))]);
                assert_eq!(world.leads().len(), 1, "{case}, and once more");
            }
        }
    }
}

fn fetch() -> WebhookEvent {
    let body = br#"{"type":"LEAD_ACTION","leadAction":"CREATED","leadGenFormResponse":"urn:li:leadGenFormResponse:7"}"#;
    let settings = SenderSettings::read(Sender::Linkedin.settings(), |_| Some("s".to_owned()));
    let signature = lead_router_core::webhook::verify::SHA256_HEX.sign(b"s", &[b"hmacsha256=", body]);
    let headers = [("x-li-signature".to_owned(), signature)];
    let now = World::sample().now.get();
    let incoming = Incoming { method: WebhookMethod::Post, url: "https://x.example/", headers: &headers, body, now };
    let Ok(ParsedWebhook::Events(mut events)) = parse(Sender::Linkedin, &incoming, &settings) else {
        panic!("not heard")
    };
    events.remove(0)
}

fn response() -> String {
    let answer = json!({"questionId": 1, "answerDetails": {"textQuestionAnswer": {"answer": "ada@fjordwerk.example"}}});
    let question = json!({"questionId": 1, "predefinedField": "EMAIL"});
    json!({"formResponse": {"answers": [answer]}, "form": {"content": {"questions": [question]}}}).to_string()
}

#[test]
fn a_lead_that_is_only_named_is_read_at_its_vendor() {
    let world = World::sample();
    world.settings.borrow_mut().insert("LINKEDIN_TOKEN".to_owned(), "t".to_owned());
    world.http.borrow_mut().insert("/rest/leadFormResponses/7".to_owned(), (200, response()));
    assert_eq!(kinds(&take(&world, vec![fetch()])), ["accepted"]);
    assert_eq!(kinds(&take(&world, vec![fetch()])), ["duplicate"]);
}

fn later(taken: Vec<WebhookResult>) -> (&'static str, bool, String) {
    match &taken[0] {
        WebhookResult::Later { code, operator, detail } => (*code, *operator, detail.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_vendor_that_cannot_be_read_is_asked_again_with_the_next_delivery() {
    let world = World::sample();
    let (code, operator, detail) = later(take(&world, vec![fetch()]));
    assert_eq!((code, operator), ("not_set_up", true));
    assert!(detail.contains("LINKEDIN_TOKEN"), "{detail}");
    world.settings.borrow_mut().insert("LINKEDIN_TOKEN".to_owned(), "t".to_owned());
    assert_eq!(later(take(&world, vec![fetch()])).0, "fetch_unavailable", "no answer in time");
    for (status, expected, operator) in
        [(500, "fetch_unavailable", false), (429, "fetch_unavailable", false), (401, "fetch_token_refused", true)]
    {
        world.http_first.borrow_mut().push_back((status, "{}".to_owned()));
        let said = later(take(&world, vec![fetch()]));
        assert_eq!((said.0, said.1), (expected, operator), "{status}");
    }
    for (status, body, expected) in [(200, "<html>", "refused"), (418, "{}", "refused"), (200, "{}", "refused")] {
        world.http_first.borrow_mut().push_back((status, body.to_owned()));
        assert_eq!(kinds(&take(&world, vec![fetch()])), [expected], "{status} {body}");
    }
    assert!(
        matches!(&fetch().says, WebhookEventKind::Fetch(fetch) if fetch.read(302, b"", &FieldMap::default(), world.now.get()) == Fetched::Broken("fetch_refused"))
    );
}

#[test]
fn what_cannot_be_read_before_the_vendors_patience_ends_is_left_for_the_queue() {
    let world = World::sample();
    world.settings.borrow_mut().insert("LINKEDIN_TOKEN".to_owned(), "t".to_owned());
    world.http.borrow_mut().insert("/rest/leadFormResponses/7".to_owned(), (200, response()));
    let arrived = |ms: i64| world.now.get().plus_ms(-ms);
    let late = run(take_all(
        &world,
        Sender::Linkedin,
        vec![fetch()],
        &FieldMap::default(),
        arrived(BUDGET_MS - LEAST_MS + 1),
        LIVE,
    ));
    let WebhookEventKind::Fetch(named) = fetch().says else { panic!("no lead is named") };
    let [WebhookResult::Left { fetch: left, key }] = late.as_slice() else { panic!("{late:?}") };
    assert_eq!((left.id.as_str(), key.as_deref()), (named.id.as_str(), Some("linkedin:7")));
    let in_time = run(take_all(
        &world,
        Sender::Linkedin,
        vec![fetch()],
        &FieldMap::default(),
        arrived(BUDGET_MS - LEAST_MS),
        LIVE,
    ));
    assert_eq!(kinds(&in_time), ["accepted"]);
    // A vendor that answers nothing in the time that is left is not at fault.
    world.http.borrow_mut().clear();
    assert_eq!(
        kinds(&run(take_all(&world, Sender::Linkedin, vec![fetch()], &FieldMap::default(), arrived(2_000), LIVE))),
        ["left"]
    );
    assert_eq!(
        kinds(&run(take_all(&world, Sender::Linkedin, vec![fetch()], &FieldMap::default(), arrived(0), LIVE))),
        ["later"]
    );
}

#[test]
fn a_lead_that_was_left_survives_the_queue() {
    let WebhookEventKind::Fetch(fetch) = fetch().says else { panic!("no lead is named") };
    let job = Job::Fetch { fetch, key: Some("linkedin:7".to_owned()) };
    let text = serde_json::to_string(&job).unwrap();
    assert_eq!(serde_json::from_str::<Job>(&text).unwrap(), job);
}

fn hubspot_contact() -> WebhookEvent {
    let body = json!([{"subscriptionType": "contact.creation", "portalId": 3, "objectId": 501, "occurredAt": 1_795_003_200_000_i64}]);
    let body = body.to_string();
    let settings = SenderSettings::read(&["HUBSPOT_CLIENT_SECRET"], |_| Some("secret".to_owned()));
    let now = crate::world::at("2026-11-18T12:00:00Z");
    let (url, at) = ("https://leads.example/hooks/hubspot", now.as_ms().to_string());
    let signed: &[&[u8]] = &[b"POST", url.as_bytes(), body.as_bytes(), at.as_bytes()];
    let signature = lead_router_core::webhook::verify::SHA256_BASE64.sign(b"secret", signed);
    let headers =
        vec![("x-hubspot-signature-v3".to_owned(), signature), ("x-hubspot-request-timestamp".to_owned(), at)];
    let incoming = Incoming { method: WebhookMethod::Post, url, headers: &headers, body: body.as_bytes(), now };
    let Ok(ParsedWebhook::Events(mut events)) = parse(Sender::Hubspot, &incoming, &settings) else {
        panic!("not heard")
    };
    events.remove(0)
}

fn hubspot(settings: &[(&str, &str)]) -> World {
    let world = World::sample();
    for (name, value) in settings {
        world.settings.borrow_mut().insert((*name).to_owned(), (*value).to_owned());
    }
    let contact = json!({"id": "501", "properties": {"email": "ada@fjordwerk.example", "jobtitle": "CTO"}});
    let token = json!({"access_token": "fresh", "refresh_token": "r", "expires_in": 1800, "token_type": "bearer"});
    let mut http = world.http.borrow_mut();
    http.insert("/crm/objects/2026-03/contacts/501".to_owned(), (200, contact.to_string()));
    http.insert("/oauth/".to_owned(), (200, token.to_string()));
    drop(http);
    world
}

#[test]
fn a_contact_is_read_with_the_token_that_the_crm_has() {
    let oauth = [("HUBSPOT_CLIENT_ID", "i"), ("HUBSPOT_CLIENT_SECRET", "s"), ("HUBSPOT_REFRESH_TOKEN", "r")];
    for (settings, token) in [(&[("HUBSPOT_TOKEN", "fixed")][..], "Bearer fixed"), (&oauth[..], "Bearer fresh")] {
        let world = hubspot(settings);
        assert_eq!(kinds(&take(&world, vec![hubspot_contact()])), ["accepted"]);
        let sent = world.http_sent.borrow();
        let header = sent.last().unwrap().headers.iter().find(|(name, _)| name == "authorization").unwrap();
        assert_eq!(header.1, token);
    }
    let none = hubspot(&[]);
    let said = later(take(&none, vec![hubspot_contact()]));
    assert_eq!((said.0, said.1), ("not_set_up", true));
    none.settings.borrow_mut().extend(oauth.map(|(name, value)| (name.to_owned(), value.to_owned())));
    none.http.borrow_mut().insert("/oauth/".to_owned(), (400, "{}".to_owned()));
    let said = later(take(&none, vec![hubspot_contact()]));
    assert_eq!((said.0, said.1), ("fetch_token_refused", true));
}

#[test]
fn a_contact_for_which_the_vendors_limit_leaves_no_call_is_left_for_the_queue() {
    let world = hubspot(&[("HUBSPOT_TOKEN", "fixed"), ("HUBSPOT_BURST_PER_10_S", "1")]);
    assert_eq!(kinds(&take(&world, vec![hubspot_contact()])), ["accepted"]);
    assert_eq!(kinds(&take(&world, vec![hubspot_contact()])), ["left"]);
    assert_eq!(world.http_calls.get(), 1);
    world.now.set(world.now.get().plus_ms(10_500));
    assert_eq!(kinds(&take(&world, vec![hubspot_contact()])), ["duplicate"]);
}

#[test]
fn a_key_of_a_sender_is_nobody_elses() {
    let world = World::sample();
    let raw = json::read(ada("CTO").to_string().as_bytes(), &FieldMap::default()).unwrap();
    let lead = check(raw, world.now.get()).unwrap();
    let taken = run(intake(&world, lead, Some("tally:1"), world.now.get(), LIVE)).unwrap();
    assert!(matches!(taken.answer, IntakeAnswer::Decided { replay: false, .. }));
    let genuine = take(&world, vec![event(Some("tally:1"), &ada("Chief Technology Officer"))]);
    assert_eq!(kinds(&genuine), ["accepted"]);
}

#[test]
fn what_strangers_wrote_into_a_form_of_a_vendor_does_not_steer_the_lead() {
    let posted = json!({"email": "eve@fjordwerk.example", "source": "partner", "partner": "acme",
        "incumbent": {"rep_id": "r"}});
    for (sender, setting, expected) in [
        (Sender::Tally, "", ("tally", None, false)),
        (Sender::Tally, "source, partner,nonsense", ("partner", Some("acme"), false)),
        (Sender::Hmac, "", ("partner", Some("acme"), true)),
    ] {
        let world = World::sample();
        world.settings.borrow_mut().insert("TALLY_ACCEPT_FIELDS".to_owned(), setting.to_owned());
        run(take_all(&world, sender, vec![event(None, &posted)], &FieldMap::default(), world.now.get(), LIVE));
        let rows = world.leads();
        let open: OpenRequest = serde_json::from_str(&rows[0].body).unwrap();
        let lead = open.lead;
        let found = (lead.source.as_deref().unwrap_or_default(), lead.partner.as_deref(), lead.incumbent.is_some());
        assert_eq!(found, expected, "{sender:?} {setting}");
    }
}

#[test]
fn a_lead_of_a_vendor_is_cut_to_the_weight_of_a_public_lead() {
    let world = World::sample();
    let fields: serde_json::Map<String, Value> =
        (0..20).map(|n| (format!("q{n}"), "x".repeat(10_000).into())).collect();
    take(&world, vec![event(None, &json!({"email": "ada@fjordwerk.example", "fields": fields}))]);
    let open: OpenRequest = serde_json::from_str(&world.leads()[0].body).unwrap();
    assert_eq!(open.lead.fields.len(), 3);
    assert!(open.lead.bytes() <= PUBLIC_LEAD_BYTES_MAX);
}
