//! Dead letters: what a message that was given up says about itself.

use crate::id::LeadId;
use crate::normalize;
use crate::time::Timestamp;
use serde_json::Value;

/// The kind of a body that is no job.
pub const UNREADABLE: &str = "unreadable";

/// What a body is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterReading {
    /// The kind of job, or [`UNREADABLE`].
    pub kind: String,
    /// The lead that it names.
    pub lead_id: Option<LeadId>,
}

/// Reads the body of a message as far as it can be read: a job of another version counts as one.
#[must_use]
pub fn read(body: &str) -> LetterReading {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    match job(&value) {
        Some((kind, content)) => LetterReading { kind: kind.to_owned(), lead_id: lead_of(content) },
        None => LetterReading { kind: UNREADABLE.to_owned(), lead_id: None },
    }
}

/// Kind and content of a job: an object with one key, or its name alone when there is no more to say.
fn job(value: &Value) -> Option<(&str, &Value)> {
    let is_kind = |kind: &str| !kind.is_empty() && kind.len() <= 40 && kind.bytes().all(is_word);
    let (kind, content) = match value {
        Value::String(kind) => (kind.as_str(), &Value::Null),
        Value::Object(entries) if entries.len() == 1 => entries
            .iter()
            .next()
            .map(|(kind, content)| (kind.as_str(), content))
            .filter(|(_, content)| content.is_object())?,
        _ => return None,
    };
    is_kind(kind).then_some((kind, content))
}

/// The lead that a job names, itself or in what it writes or tells.
fn lead_of(content: &Value) -> Option<LeadId> {
    let places = ["/lead_id", "/write/lead_id", "/notification/notice/lead_id"];
    let id = places.iter().find_map(|place| content.pointer(place).and_then(Value::as_str));
    id.and_then(|id| LeadId::new(id).ok())
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte == b'_'
}

/// When the lead of a message arrived; `None` when the message does not say.
#[must_use]
pub fn received_at(body: &str) -> Option<Timestamp> {
    let value: Value = serde_json::from_str(body).ok()?;
    let (_, content) = job(&value)?;
    let record: Option<Value> =
        content.get("record").and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
    let of_record = record.as_ref().and_then(|record| record.pointer("/lead/received_at"));
    let own = content.get("received_at").or_else(|| content.pointer("/write/received_at"));
    // A notice does not say when its lead arrived, but when it was decided, which is later: it is of whoever it was then.
    let told = content.pointer("/notification/notice/decided_at");
    serde_json::from_value(of_record.or(own).or(told)?.clone()).ok()
}

/// Whether a body speaks of this person, by the address as it was given or by any other spelling of the mailbox. Whole
/// addresses are compared: `ann@a.co` is neither `joann@a.co` nor `ann@a.com`. Of a body that nobody can read this is all
/// there is to go by.
#[must_use]
pub fn names(body: &str, address: &str, mailbox: &str) -> bool {
    let text = without_escapes(body);
    text.split(|letter: char| !is_of_address(letter)).any(|word| {
        let word = word.trim_matches(['.', '\'', '-']);
        word.eq_ignore_ascii_case(address) || normalize::email(word).is_some_and(|found| found.mailbox == mailbox)
    })
}

/// Characters that stand in addresses as people write them. Separators of links (`=`, `&`, `/`) are none.
fn is_of_address(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '@' | '.' | '_' | '-' | '+' | '\'' | '!' | '#' | '$' | '*' | '~' | '^')
}

/// A text with a space for every escape of JSON, also of JSON within JSON, so that the `n` of `\n` is not taken for the
/// first character of an address; and with the `@` of links.
fn without_escapes(body: &str) -> String {
    let mut text = String::with_capacity(body.len());
    let mut rest = body;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        text.push(' ');
        let after = after.trim_start_matches('\\');
        let escaped = match after.as_bytes().first() {
            Some(b'u') => 5,
            Some(b'n' | b'r' | b't' | b'b' | b'f' | b'"' | b'/') => 1,
            _ => 0,
        };
        rest = after.get(escaped..).unwrap_or_default();
    }
    text.push_str(rest);
    text.replace("%40", "@")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_says_its_kind_and_its_lead() {
        let reading = read(r#"{"deliver":{"lead_id":"a-b-c","record":"…"}}"#);
        assert_eq!((reading.kind.as_str(), reading.lead_id.unwrap().as_str()), ("deliver", "a-b-c"));
        assert_eq!(read(r#"{"crm":{"write":{"lead_id":"a-b-c"},"tries":3}}"#).lead_id.unwrap().as_str(), "a-b-c");
        let notify =
            r#"{"notify":{"notification":{"notice":{"lead_id":"a-b-c","decided_at":"2026-11-20T09:00:00Z"}}}}"#;
        assert_eq!(read(notify).lead_id.unwrap().as_str(), "a-b-c");
        assert_eq!(received_at(notify), Some("2026-11-20T09:00:00Z".parse().unwrap()));
        assert_eq!(read(r#"{"fetch":{}}"#), LetterReading { kind: "fetch".to_owned(), lead_id: None });
    }

    #[test]
    fn what_is_no_job_is_unreadable() {
        for body in ["", "not json", "[]", "42", "{}", r#"{"job":7}"#, r#"{"Ann <ann@acme.example>":{}}"#] {
            assert_eq!(read(body), LetterReading { kind: UNREADABLE.to_owned(), lead_id: None }, "{body}");
        }
    }

    #[test]
    fn a_message_may_say_when_its_lead_arrived() {
        let at: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
        assert_eq!(received_at(r#"{"take":{"received_at":"2026-11-20T09:00:00Z"}}"#), Some(at));
        let record = r#"{"lead":{"received_at":"2026-11-20T09:00:00Z"}}"#;
        let body = serde_json::json!({"deliver": {"record": record}}).to_string();
        assert_eq!(received_at(&body), Some(at));
        for body in ["", "{}", r#"{"received_at":7}"#, r#"{"record":"not json"}"#] {
            assert_eq!(received_at(body), None, "{body}");
        }
    }

    #[test]
    fn an_address_is_found_however_it_is_spelled() {
        assert!(names("To: ANN.Lee@gmail.com", "ann.lee@gmail.com", "annlee@gmail.com"));
        assert!(!names("To: bob@gmail.com", "ann.lee@gmail.com", "annlee@gmail.com"));
        for body in [
            "ann@a.co",
            "<ANN@A.CO>",
            "mailto:ann@a.co",
            "ann@a.co.",
            "'ann@a.co'",
            "x?email=ann@a.co&y",
            "x?email=ann%40a.co&y",
            r#"{"email":"ann@a.co"}"#,
            r#"{"text":"hello\nann@a.co\nbye"}"#,
            r#"{"record":"{\"text\":\"hi\\nann@a.co\"}"}"#,
        ] {
            assert!(names(body, "ann@a.co", "ann@a.co"), "{body}");
        }
    }

    #[test]
    fn an_address_within_another_is_another_persons() {
        for body in [
            "joann@a.co",
            "ann@a.com",
            "ann@a.co.uk",
            "jo.ann@a.co",
            "jo-ann@a.co",
            "jo_ann@a.co",
            "ann@a.co-op.example",
            "\u{e9}ann@a.co",
            "ann@aa.co",
            r#"{"email":"joann@a.co"}"#,
            r#"{"text":"hello\njoann@a.co"}"#,
            "annann@a.co",
        ] {
            assert!(!names(body, "ann@a.co", "ann@a.co"), "{body}");
        }
    }
}
