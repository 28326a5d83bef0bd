//! Bodies that go wrong, each with what the sender is told, and bodies that look wrong and are leads all the same.

use lead_router_core::error::Remedy;
use lead_router_core::intake::{FieldMap, IntakeError, form, read};
use lead_router_core::lead::{Lead, check};
use lead_router_core::limits::BODY_BYTES_MAX;
use lead_router_core::time::Timestamp;

const JSON: Option<&str> = Some("application/json");
const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

fn now() -> Timestamp {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

fn send(content_type: Option<&str>, body: impl AsRef<[u8]>) -> Result<Lead, IntakeError> {
    read(content_type, body.as_ref(), &FieldMap::default(), now())
}

/// The error's code, then every problem as `path code`.
fn told(content_type: Option<&str>, body: impl AsRef<[u8]>) -> Vec<String> {
    match send(content_type, body) {
        Ok(_) => Vec::new(),
        Err(error) => {
            assert_eq!(error.remedy(), Remedy::FixRequest);
            let problems = error.problems().iter().map(|problem| format!("{} {}", problem.path, problem.code));
            std::iter::once(error.code().to_owned()).chain(problems).collect()
        }
    }
}

#[test]
fn bodies_that_cannot_be_read() {
    let large = format!("{{\"email\":\"a@b.example\",\"message\":\"{}\"}}", "x".repeat(2 * 1024 * 1024));
    for (content_type, body, code) in [
        (JSON, "", "empty_body"),
        (JSON, " \n\t ", "empty_body"),
        (FORM, "", "empty_body"),
        (JSON, "{\"email\":", "broken_json"),
        (JSON, "{\"email\":\"a@b.example\",}", "broken_json"),
        (JSON, "email=a@b.example", "broken_json"),
        (JSON, "{\"email\":\"\\udc00@b.example\"}", "broken_json"),
        (JSON, "{\"email\":\"a@b.example\",\"n\":1e999}", "broken_json"),
        (JSON, "[{\"email\":\"a@b.example\"}]", "not_an_object"),
        (JSON, "\"a@b.example\"", "not_an_object"),
        (None, "{\"email\":\"a@b.example\"}", "unsupported_media_type"),
        (Some("text/plain"), "{\"email\":\"a@b.example\"}", "unsupported_media_type"),
        (Some("application/xml"), "<email/>", "unsupported_media_type"),
        (FORM, "{\"email\":\"a@b.example\"}", "unsupported_media_type"),
        (JSON, large.as_str(), "body_too_large"),
        (FORM, large.as_str(), "body_too_large"),
    ] {
        assert_eq!(told(content_type, body), [code], "{content_type:?} {:.60}", body);
    }
    assert_eq!(told(JSON, b"{\"email\":\"a\xff@b.example\"}"), ["bad_encoding"]);
    assert_eq!(told(JSON, b"\xff\xfe{\x00}\x00"), ["bad_encoding"]);
}

#[test]
fn the_size_limit_is_exact() {
    let body = |size: usize| {
        let frame = "{\"email\":\"a@b.example\"}";
        format!("{frame}{}", " ".repeat(size - frame.len()))
    };
    assert!(send(JSON, body(BODY_BYTES_MAX)).is_ok());
    assert_eq!(send(JSON, body(BODY_BYTES_MAX + 1)), Err(IntakeError::TooLarge));
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let body = serde_json::json!({
        "email": "no such address",
        "first_name": "x".repeat(301),
        "company": "a\u{0}b",
        "title": ["CEO"],
        "website": "x".repeat(2_049),
        "message": "m".repeat(10_001),
        "submission_id": "s".repeat(256),
        "submitted_at": "yesterday",
        "incumbent": {"rep_id": "two words", "team": ""},
        "intent": [{"signal": "x", "at": "soon"}, {"at": "2026-01-01T00:00:00Z"}],
        "fields": {"ok": "1", "list": [1], "bell": "\u{7}", "n".repeat(129): "x"},
        "nested": {"a": {"b": []}},
    });
    let mut told = told(JSON, body.to_string());
    assert_eq!(told.remove(0), "invalid_lead");
    told.sort();
    let long_name = format!("fields.{} name_too_long", "n".repeat(64));
    let mut expected = vec![
        "email invalid_email",
        "first_name too_long",
        "company control_character",
        "title wrong_type",
        "website too_long",
        "message too_long",
        "submission_id too_long",
        "submitted_at invalid_time",
        "incumbent.rep_id invalid_id",
        "intent[0].at invalid_time",
        "intent[1].signal missing_signal",
        "fields.list unsupported_value",
        "fields.bell control_character",
        "nested unsupported_value",
        &long_name,
    ];
    expected.sort_unstable();
    assert_eq!(told, expected);
}

#[test]
fn single_mistakes() {
    let many_fields: Vec<String> = (0..5_000).map(|index| format!("\"f{index}\":\"x\"")).collect();
    let many_pairs: Vec<String> = (0..5_000).map(|index| format!("f{index}=x")).collect();
    for (content_type, body, problem) in [
        (JSON, "{}".to_owned(), "email missing_email"),
        (JSON, "{\"email\":null}".to_owned(), "email missing_email"),
        (JSON, "{\"email\":\"  \"}".to_owned(), "email missing_email"),
        (FORM, "name=Ann".to_owned(), "email missing_email"),
        (FORM, "email=ann%00%40a.example".to_owned(), "email control_character"),
        (FORM, "email=a%40a.example&email=b%40a.example".to_owned(), "email conflicting_values"),
        (JSON, "{\"email\":\"ann@localhost\"}".to_owned(), "email invalid_email"),
        (JSON, "{\"email\":true}".to_owned(), "email wrong_type"),
        (JSON, "{\"email\":12}".to_owned(), "email invalid_email"),
        (JSON, "{\"email\":{\"address\":\"a@a.example\"}}".to_owned(), "email wrong_type"),
        (JSON, format!("{{\"email\":\"{}@a.example\"}}", "x".repeat(300)), "email invalid_email"),
        (JSON, "{\"email\":\"a@a.example\",\"email\":\"a@a.example\"}".to_owned(), "email duplicate_key"),
        (JSON, "{\"email\":\"a@a.example\",\"x\":[[[[[[[[[[[[1]]]]]]]]]]]]}".to_owned(), "x unsupported_value"),
        (JSON, "{\"email\":\"a@a.example\",\"name\":\"\\u001b[31m\"}".to_owned(), "name control_character"),
        (JSON, format!("{{\"email\":\"a@a.example\",{}}}", many_fields.join(",")), "fields too_many_fields"),
        (FORM, format!("email=a%40a.example&{}", many_pairs.join("&")), "fields too_many_fields"),
    ] {
        assert_eq!(told(content_type, &body), ["invalid_lead", problem], "{body:.80}");
    }
}

#[test]
fn limits_are_exact() {
    let name = |count: usize| serde_json::json!({"email": "a@a.example", "name": "é".repeat(count)}).to_string();
    assert_eq!(send(JSON, name(300)).unwrap().name.unwrap().chars().count(), 300);
    assert_eq!(told(JSON, name(301)), ["invalid_lead", "name too_long"]);
    let title = |count: usize| serde_json::json!({"email": "a@a.example", "title": "t".repeat(count)}).to_string();
    assert!(send(JSON, title(1_000)).is_ok());
    assert_eq!(told(JSON, title(1_001)), ["invalid_lead", "title too_long"]);
    let own = |count: usize| serde_json::json!({"email": "a@a.example", "gclid_url": "t".repeat(count)}).to_string();
    assert!(send(JSON, own(10_000)).is_ok());
    assert_eq!(told(JSON, own(10_001)), ["invalid_lead", "fields.gclid_url too_long"]);
    let id = |count: usize| serde_json::json!({"email": "a@a.example", "submission_id": "i".repeat(count)}).to_string();
    assert!(send(JSON, id(255)).is_ok());
    assert_eq!(told(JSON, id(256)), ["invalid_lead", "submission_id too_long"]);
}

#[test]
fn leads_that_only_look_wrong() {
    let body = "\u{feff}{\"E-Mail\":\" <Ann@A.example> \",\"name\":\"Zoë 👩\u{200d}💻 O'Neil\",\"company\":\"A\\t&\\nB\u{200b}\",
        \"message\":\"one\\r\\ntwo\\tthree\",\"Employees\":\"viele\",\"country\":\"Narnia\",\"phone\":\"call me\",
        \"website\":\"none\",\"linkedin_url\":\"ann\",\"big\":123456789012345678901234567890,\"Flag\":false}";
    let lead = send(JSON, body).unwrap();
    assert_eq!(lead.email.address, "ann@a.example");
    assert_eq!(lead.name.as_deref(), Some("Zoë 👩\u{200d}💻 O'Neil"));
    assert_eq!(lead.company.as_deref(), Some("A & B"));
    assert_eq!(lead.message.as_deref(), Some("one\ntwo\tthree"));
    for stated in [&lead.country, &lead.phone, &lead.website, &lead.linkedin] {
        assert_eq!(stated.as_ref().unwrap().normal, None);
    }
    assert_eq!(lead.employees.unwrap().number, None);
    assert_eq!(lead.fields["flag"], "false");
    assert!(lead.fields["big"].starts_with("1234567890"));
}

#[test]
fn fields_that_forms_carry_anyway_do_not_refuse_a_lead() {
    let body =
        "email=a%40a.example&timestamp=11%2F22%2F2026&event_id=webinar-7&created_at=now&_token=x&comment=Word%0Bbreak";
    let lead = send(FORM, body).unwrap();
    assert_eq!((lead.submission_id, lead.submitted_at), (None, None));
    assert_eq!(lead.message.as_deref(), Some("Word\nbreak"));
    assert_eq!(lead.fields.keys().collect::<Vec<_>>(), ["created_at", "event_id", "timestamp"]);
}

#[test]
fn a_form_in_another_language_is_a_lead() {
    let body = "Vorname=Theresa&Nachname=Hubmair&Gesch%C3%A4ftliche+E-Mail=th%40alpenwerk.example&Firma=Alpenwerk+GmbH\
        &Land=%C3%96sterreich&PLZ=4020&Mitarbeiterzahl=201-500&Ihre+Nachricht=Gr%C3%BC%C3%9Fe&utm_source=Google\
        &interessen[]=a&interessen[]=b&cf-turnstile-response=token";
    let lead = send(FORM, body).unwrap();
    assert_eq!(lead.email.address, "th@alpenwerk.example");
    assert_eq!(lead.full_name().as_deref(), Some("Theresa Hubmair"));
    assert_eq!(lead.country.as_ref().unwrap().normal.as_deref(), Some("at"));
    assert_eq!(lead.employees.as_ref().unwrap().number, Some(201));
    assert_eq!(lead.postal_code.as_ref().unwrap().typed, "4020");
    assert_eq!(lead.utm.source.as_deref(), Some("Google"));
    assert_eq!(lead.fields.iter().collect::<Vec<_>>(), [(&"interessen".to_owned(), &"a, b".to_owned())]);
}

#[test]
fn a_multipart_form_is_a_lead_without_its_files() {
    let parts = vec![("email".to_owned(), "a@a.example".to_owned()), ("q".to_owned(), "1".to_owned())];
    let raw = form::from_parts(parts, &["cv".to_owned()], &FieldMap::default()).unwrap();
    let lead = check(raw, now()).unwrap();
    assert_eq!(lead.notes[0].code, "file_dropped");
    assert_eq!(lead.fields["q"], "1");
}

#[test]
fn no_refusal_repeats_what_the_person_wrote() {
    let secret = "hunter2";
    for body in [
        format!("{{\"email\":\"{secret}\"}}"),
        format!("{{\"email\":\"{secret}@\"}}"),
        format!("{{\"email\":\"a@a.example\",\"name\":\"{secret}\\u0007\"}}"),
        format!(
            "{{\"email\":\"a@a.example\",\"submitted_at\":\"{secret}\",\"intent\":[{{\"signal\":1,\"at\":\"{secret}\"}}]}}"
        ),
        format!("{{\"email\":\"a@a.example\",\"incumbent\":{{\"rep_id\":\"{secret} {secret}\"}}}}"),
        format!("{{\"email\": {secret}"),
    ] {
        let error = send(JSON, &body).unwrap_err();
        let text = format!("{error} {error:?} {:?}", error.problems());
        assert!(!text.contains(secret), "{text}");
    }
    let lead = send(JSON, "{\"email\":\"hunter2@a.example\",\"name\":\"hunter2\",\"x\":\"hunter2\"}").unwrap();
    assert!(!format!("{lead:?}").contains(secret));
}

#[test]
fn signals_are_sorted_counted_once_and_never_in_the_future() {
    let body = r#"{"email":"a@a.example","intent":[{"signal":"B","at":"2026-11-01T00:00:00Z"},{"signal":"a"},
        {"signal":"b","at":"2026-11-01T01:00:00+01:00"},{"signal":"a","at":"2030-01-01T00:00:00Z"}]}"#;
    let lead = send(JSON, body).unwrap();
    let signals: Vec<(&str, String)> =
        lead.signals.iter().map(|signal| (signal.signal.as_str(), signal.at.to_string())).collect();
    let expected = [("a", "2026-11-22T09:00:00Z"), ("b", "2026-11-01T00:00:00Z")];
    assert_eq!(signals, expected.map(|(signal, at)| (signal, at.to_owned())));
}
