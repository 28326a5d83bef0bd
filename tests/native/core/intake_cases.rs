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
fn an_optional_field_never_refuses_a_lead() {
    let body = serde_json::json!({
        "email": "ada@a.example",
        "first_name": "x".repeat(301),
        "company": "a\u{0}b",
        "title": ["CEO", "Founder"],
        "name": true,
        "website": format!("https://a.example/{}", "x".repeat(2_049)),
        "phone": "call me",
        "message": "m".repeat(10_001),
        "submission_id": "s".repeat(256),
        "submitted_at": "yesterday",
        "incumbent": {"rep_id": "two words", "team": ""},
        "intent": [{"signal": "x", "at": "soon"}, {"at": "2026-01-01T00:00:00Z"}, 7, {"signal": "y", "when": "x"}],
        "fields": {"ok": "1", "list": [1, "b"], "bell": "\u{7}!", "n".repeat(129): "x"},
        "nested": {"a": {"b": ["c"], "d": {"e": 1}}},
        "utm": "ads",
    });
    let lead = send(JSON, body.to_string()).unwrap();
    assert_eq!(lead.company.as_deref(), Some("ab"));
    assert_eq!(lead.title.as_deref(), Some("CEO, Founder"));
    assert_eq!((lead.first_name.unwrap().len(), lead.message.unwrap().len()), (300, 10_000));
    assert_eq!(lead.phone.unwrap().typed, "call me");
    assert_eq!((lead.submission_id, lead.submitted_at, lead.incumbent), (None, None, None));
    let signals: Vec<&str> = lead.signals.iter().map(|signal| signal.signal.as_str()).collect();
    assert_eq!(signals, ["y"]);
    let kept = |name: &str| lead.fields.get(name).map(String::as_str);
    for (name, text) in [
        ("submitted_at", "yesterday"),
        ("incumbent.rep_id", "two words"),
        ("name", "true"),
        ("ok", "1"),
        ("list", "1, b"),
        ("bell", "!"),
        ("nested_a_b", "c"),
        ("nested_a_d_e", "1"),
        ("utm", "ads"),
    ] {
        assert_eq!(kept(name), Some(text), "{name}");
    }
    assert_eq!(kept(&"n".repeat(128)), Some("x"));
    let notes: Vec<String> = lead.notes.iter().map(|note| format!("{} {}", note.path, note.code)).collect();
    for note in [
        "first_name text_cut",
        "company control_characters_removed",
        "website text_cut",
        "message text_cut",
        "submission_id kept_as_typed",
        "submitted_at kept_as_typed",
        "incumbent.rep_id kept_as_typed",
        "intent[0] signal_dropped",
        "intent[1] signal_dropped",
        "intent[2] signal_dropped",
        "intent[3].when value_dropped",
        "fields.bell control_characters_removed",
    ] {
        assert!(notes.iter().any(|other| other == note), "{note} is missing among {notes:#?}");
    }
}

#[test]
fn times_without_a_zone_are_read() {
    for (text, moment) in [
        ("2026-08-11 23:25:40", Some("2026-08-11T23:25:40Z")),
        ("2026-08-11T23:25:40", Some("2026-08-11T23:25:40Z")),
        ("2026-08-11", Some("2026-08-11T00:00:00Z")),
        ("2026-08-11T23:25:40+02:00", Some("2026-08-11T21:25:40Z")),
        ("11.08.2026 23:25", None),
    ] {
        let form = format!("Email=a%40a.example&Submitted+at={}", text.replace('+', "%2B"));
        let lead = send(FORM, form).unwrap();
        assert_eq!(lead.submitted_at.map(|moment| moment.to_string()).as_deref(), moment, "{text}");
        assert_eq!(lead.fields.contains_key("submitted_at"), moment.is_none(), "{text}");
    }
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
        (FORM, "email=ann%00%40a.example".to_owned(), "email invalid_email"),
        (FORM, "email=a%40a.example&email=b%40a.example".to_owned(), "email conflicting_values"),
        (JSON, "{\"email\":\"ann@localhost\"}".to_owned(), "email invalid_email"),
        (JSON, "{\"email\":true}".to_owned(), "email missing_email"),
        (JSON, "{\"email\":12}".to_owned(), "email invalid_email"),
        (JSON, "{\"email\":{\"address\":\"a@localhost\"}}".to_owned(), "email invalid_email"),
        (JSON, "{\"email\":[\"a@a.example\",\"b@a.example\"]}".to_owned(), "email conflicting_values"),
        (JSON, "{\"q1\":\"a@a.example\",\"q2\":\"b@a.example\"}".to_owned(), "email ambiguous_email"),
        (JSON, "{\"email\":\"none\",\"owner_email\":\"a@a.example\"}".to_owned(), "email invalid_email"),
        (JSON, "{\"email\":\"a@@a.example\",\"q1\":\"b@b.example\"}".to_owned(), "email invalid_email"),
        (JSON, format!("{{\"email\":\"{}@a.example\"}}", "x".repeat(300)), "email invalid_email"),
        (JSON, "{\"email\":\"a@a.example\",\"email\":\"a@a.example\"}".to_owned(), "email duplicate_key"),
        (JSON, format!("{{\"email\":\"a@a.example\",{}}}", many_fields.join(",")), "fields too_many_fields"),
        (FORM, format!("email=a%40a.example&{}", many_pairs.join("&")), "fields too_many_fields"),
    ] {
        assert_eq!(told(content_type, &body), ["invalid_lead", problem], "{body:.80}");
    }
}

#[test]
fn limits_are_exact() {
    let lead =
        |name: &str, text: String| send(JSON, serde_json::json!({"email": "a@a.example", name: text}).to_string());
    let is_cut = |name: &str, text: String| {
        let notes = lead(name, text).unwrap().notes;
        notes.iter().any(|note| note.code == "text_cut" || note.code == "kept_as_typed")
    };
    for (name, most) in
        [("name", 300), ("title", 1_000), ("gclid_url", 10_000), ("submission_id", 255), ("message", 10_000)]
    {
        let letter = if name == "name" { "é" } else { "t" };
        assert!(!is_cut(name, letter.repeat(most)), "{name}");
        assert!(is_cut(name, letter.repeat(most + 1)), "{name}");
    }
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
        format!("{{\"q1\":\"{secret}@a.example\",\"name\":\"{secret}@b.example\"}}"),
        format!(
            "{{\"email\":\"{secret}\",\"submitted_at\":\"{secret}\",\"intent\":[{{\"signal\":1,\"at\":\"{secret}\"}}]}}"
        ),
        format!("{{\"email\":\"{secret}@\",\"incumbent\":{{\"rep_id\":\"{secret} {secret}\"}}}}"),
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
