//! Turnstile: whether a person filled in the form.
//!
//! <https://developers.cloudflare.com/turnstile/get-started/server-side-validation/>: a token has at most 2,048
//! characters, is good for 300 seconds and once. A second check of the same token passes only with the same
//! `idempotency_key`, so the key is made of token and submission: our own repeat passes, another lead with the token of
//! the first does not.

use crate::hash::keyed_hash;
use crate::http::{HttpRequest, Method};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;

/// Where the widget puts its token in a form.
pub const TOKEN_FIELD: &str = "cf-turnstile-response";
/// Longest token, in characters.
pub const TOKEN_CHARS_MAX: usize = 2_048;
/// Where tokens are checked, unless a setting says otherwise.
pub const BASE_URL: &str = "https://challenges.cloudflare.com";

/// What is asked about a token.
#[derive(Clone, Copy)]
pub struct TurnstileRequest<'a> {
    /// Secret of the widget.
    pub secret: &'a str,
    /// The token.
    pub token: &'a str,
    /// Address of the person, when it is known.
    pub address: Option<&'a str>,
    /// What tells this submission from others.
    pub submission: &'a str,
    /// Keys the hash that names the submission to Cloudflare.
    pub key: &'a [u8],
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A person.
    Passed,
    /// No person, or a token that is used up or too old.
    Refused,
    /// Cloudflare could not say; asking again is safe.
    Unavailable,
    /// Our secret or our question is wrong.
    Misconfigured,
}

/// The request that checks a token.
#[must_use]
pub fn request(base_url: &str, question: &TurnstileRequest<'_>) -> HttpRequest {
    let mut body = json!({
        "secret": question.secret,
        "response": question.token,
        "idempotency_key": uuid(question),
    });
    if let (Some(address), Some(map)) = (question.address, body.as_object_mut()) {
        map.insert("remoteip".to_owned(), address.into());
    }
    HttpRequest {
        method: Method::Post,
        url: format!("{}/turnstile/v0/siteverify", base_url.trim_end_matches('/')),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: Some(body.to_string()),
    }
}

/// Token and submission as a UUID of version 8 (RFC 9562: made by a rule of one's own).
fn uuid(question: &TurnstileRequest<'_>) -> String {
    let text = format!("{}\0{}", question.token, question.submission);
    let hash = keyed_hash(question.key, "turnstile", &text);
    let part = |from: usize, until: usize| hash.get(from..until).unwrap_or_default();
    format!("{}-{}-8{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

#[derive(Deserialize)]
struct TurnstileAnswer {
    success: bool,
    #[serde(default)]
    hostname: Option<String>,
    #[serde(default, rename = "error-codes")]
    error_codes: Vec<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    result_with_testing_key: bool,
}

/// Reads the answer to a check. A token of a page on another host is refused, unless `hosts` is empty or Cloudflare says
/// that the secret is one of its public test secrets, which know no host.
#[must_use]
pub fn read(status: u16, body: &[u8], hosts: &BTreeSet<&str>) -> Verdict {
    let Ok(answer) = serde_json::from_slice::<TurnstileAnswer>(body) else { return Verdict::Unavailable };
    if answer.success && (200..300).contains(&status) {
        let is_test = answer.metadata.is_some_and(|metadata| metadata.result_with_testing_key);
        let host = answer.hostname.unwrap_or_default().to_ascii_lowercase();
        let is_ours = hosts.is_empty() || is_test || hosts.contains(host.as_str());
        return if is_ours { Verdict::Passed } else { Verdict::Refused };
    }
    let codes = &answer.error_codes;
    let is_theirs = |code: &String| !OPERATORS_CODES.contains(&code.as_str()) && code != INTERNAL_ERROR;
    if codes.iter().any(is_theirs) {
        Verdict::Refused
    } else if codes.iter().any(|code| code != INTERNAL_ERROR) {
        Verdict::Misconfigured
    } else {
        Verdict::Unavailable
    }
}

/// Codes that speak of our secret, which no stranger can bring about. Every other code but [`INTERNAL_ERROR`] speaks of
/// what was posted, also `bad-request` and codes that are not known yet: what a stranger can bring about must not let a
/// lead pass.
const OPERATORS_CODES: [&str; 4] =
    ["missing-input-secret", "invalid-input-secret", "invalid-parsed-secret", "invalid-widget-id"];

/// The code for a failure of Cloudflare's own.
const INTERNAL_ERROR: &str = "internal-error";

#[cfg(test)]
mod tests {
    use super::*;

    fn question<'a>(token: &'a str, submission: &'a str) -> TurnstileRequest<'a> {
        TurnstileRequest { secret: "s", token, address: Some("203.0.113.7"), submission, key: b"k" }
    }

    fn key(token: &str, submission: &str) -> String {
        let body = request(BASE_URL, &question(token, submission)).body.unwrap();
        serde_json::from_str::<serde_json::Value>(&body).unwrap()["idempotency_key"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_repeat_has_the_same_key_and_another_lead_another_one() {
        assert_eq!(key("t", "a"), key("t", "a"));
        assert_ne!(key("t", "a"), key("t", "b"));
        assert_ne!(key("t", "a"), key("u", "a"));
        let uuid = key("t", "a");
        assert_eq!(uuid.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert!(uuid.split('-').nth(2).unwrap().starts_with('8'));
    }

    #[test]
    fn the_documented_answers_are_read() {
        let hosts = BTreeSet::from(["www.example.com"]);
        let passed = r#"{"success":true,"challenge_ts":"2026-01-02T03:04:05Z","hostname":"www.example.com",
            "error-codes":[],"action":"lead","cdata":"f1"}"#;
        for (status, body, verdict) in [
            (200, passed, Verdict::Passed),
            (200, r#"{"success":true,"hostname":"evil.example","error-codes":[]}"#, Verdict::Refused),
            (
                200,
                r#"{"success":true,"hostname":"example.com","error-codes":[],"metadata":{"result_with_testing_key":true}}"#,
                Verdict::Passed,
            ),
            (200, r#"{"success":false,"error-codes":["timeout-or-duplicate"]}"#, Verdict::Refused),
            (200, r#"{"success":false,"error-codes":["invalid-input-response"]}"#, Verdict::Refused),
            (200, r#"{"success":false,"error-codes":["invalid-input-secret"]}"#, Verdict::Misconfigured),
            (200, r#"{"success":false,"error-codes":["missing-input-secret"]}"#, Verdict::Misconfigured),
            (200, r#"{"success":false,"error-codes":["bad-request"]}"#, Verdict::Refused),
            (200, r#"{"success":false,"error-codes":["missing-input-response"]}"#, Verdict::Refused),
            (200, r#"{"success":false,"error-codes":["a-code-of-next-year"]}"#, Verdict::Refused),
            (200, r#"{"success":false,"error-codes":["invalid-input-secret","bad-request"]}"#, Verdict::Refused),
            (200, r#"{"success":false,"error-codes":["internal-error","timeout-or-duplicate"]}"#, Verdict::Refused),
            (400, r#"{"success":false,"error-codes":["bad-request"]}"#, Verdict::Refused),
            (200, r#"{"success":false,"error-codes":["internal-error"]}"#, Verdict::Unavailable),
            (200, r#"{"success":false,"error-codes":[]}"#, Verdict::Unavailable),
            (500, passed, Verdict::Unavailable),
            (502, "<html>", Verdict::Unavailable),
            (200, "", Verdict::Unavailable),
        ] {
            assert_eq!(read(status, body.as_bytes(), &hosts), verdict, "{status} {body}");
        }
        assert_eq!(read(200, passed.as_bytes(), &BTreeSet::new()), Verdict::Passed);
    }
}
