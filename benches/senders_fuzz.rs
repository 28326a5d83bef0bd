//! Changed copies of the data files of `tests/golden/senders`, signed as the vendors sign, through every reader of
//! senders: nothing may panic, and every lead must be within the limits of a lead. Counts executions.
//!
//! `cargo bench --bench senders_fuzz -- 10000000 7`: ten million executions with the seed 7. Without numbers 200,000.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "a bench may stop"
)]

#[path = "../tests/native/core/webhook_kit.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod senders_kit;

use lead_router_core::intake::{FieldMap, RawLead};
use lead_router_core::lead::check;
use lead_router_core::time::Timestamp;
use lead_router_core::webhook::segment::{CALLS, TRACKING_SETTINGS, track};
use lead_router_core::webhook::{
    Fetched, Incoming, ParsedWebhook, Refusal, Sender, SenderSettings, WebhookEvent, WebhookEventKind, WebhookMethod,
};
use oorandom::Rand64;
use senders_kit::{NOW_MS, Request, cases, secret};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// Chooses places and bytes, the same on every machine.
struct Chance(Rand64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { self.0.rand_range(0..end as u64) as usize }
    }
}

/// Pieces that mean something to a reader.
const PIECES: &[&[u8]] = &[
    b"null",
    b"true",
    b"[]",
    b"{}",
    b"\"\"",
    b"-1",
    b"1e309",
    b"9223372036854775808",
    b"\\u0000",
    b"\\ud800",
    b"\xff",
    b"\xef\xbb\xbf",
    b"&lt;",
    b"<![CDATA[",
    b"]]>",
    b"<!DOCTYPE x>",
    b"xmlns:a=\"b\"",
    b"%00",
    b"&",
    b"=",
    b"+",
    b",",
    b":",
    b"\"email\":\"ada@example.com\"",
    b"\"type\":\"email\"",
    b"\n",
    b"{\"data\":",
    b"[[[[[[[[[[[[[[[[[[[[",
];

fn changed(chance: &mut Chance, body: &[u8], other: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    for _ in 0..=chance.below(4) {
        let at = chance.below(body.len() + 1);
        let end = (at + chance.below(40)).min(body.len());
        match chance.below(7) {
            0 if at < body.len() => body[at] ^= 1 << chance.below(8),
            1 => drop(body.drain(at..end)),
            2 => body.insert(at, chance.below(256) as u8),
            3 => drop(body.splice(at..at, PIECES[chance.below(PIECES.len())].iter().copied())),
            4 => drop(body.splice(at..end, PIECES[chance.below(PIECES.len())].iter().copied())),
            5 => {
                let from = chance.below(other.len() + 1);
                let to = (from + chance.below(200)).min(other.len());
                drop(body.splice(at..end, other[from..to].iter().copied()));
            }
            _ => {
                let copy = body[at..end].to_vec();
                drop(body.splice(at..at, copy));
            }
        }
    }
    body
}

fn assert_lead(raw: &RawLead) {
    if let Err(problems) = check(raw.clone(), Timestamp::from_ms(NOW_MS)) {
        for problem in problems {
            assert!(problem.path == "email", "{} {}", problem.path, problem.code);
        }
    }
}

fn assert_sane(heard: &Result<ParsedWebhook, Refusal>) -> bool {
    let Ok(ParsedWebhook::Events(events)) = heard else { return false };
    for event in events {
        match &event.says {
            WebhookEventKind::Lead(raw) => assert_lead(raw),
            WebhookEventKind::Fetch(fetch) => drop(fetch.request(&|_| Some("x".to_owned())).unwrap()),
            WebhookEventKind::Nothing(code) | WebhookEventKind::Broken(code) => assert!(!code.is_empty()),
        }
    }
    !events.is_empty()
}

/// One execution; whether the request was understood.
fn execute(chance: &mut Chance, corpus: &[Request], answers: &[(Request, Vec<u8>)]) -> bool {
    let request = &corpus[chance.below(corpus.len())];
    let other = &corpus[chance.below(corpus.len())].body;
    match chance.below(8) {
        // The tracking API reads the same events.
        0 => {
            let mut body = changed(chance, &request.body, other);
            if chance.below(2) == 0 {
                body = [b"{\"batch\":[", body.as_slice(), b"]}"].concat();
            }
            let headers = [("authorization".to_owned(), "Basic a2V5Og==".to_owned())];
            let now = Timestamp::from_ms(NOW_MS);
            let incoming = Incoming {
                method: WebhookMethod::Post,
                url: "https://x.example/v1/x",
                headers: &headers,
                body: &body,
                now,
            };
            let settings =
                SenderSettings::read(TRACKING_SETTINGS, |name| (name == "SEGMENT_WRITE_KEY").then(|| "key".to_owned()));
            let call = CALLS.iter().chain(&["batch", "batch", "batch"]).nth(chance.below(9)).unwrap();
            assert_sane(&track(&incoming, call, &settings))
        }
        // Answers of vendors.
        1 => {
            let (request, answer) = &answers[chance.below(answers.len())];
            let Ok(ParsedWebhook::Events(events)) = request.parse() else { return false };
            let fetch = events.iter().find_map(|event: &WebhookEvent| {
                if let WebhookEventKind::Fetch(fetch) = &event.says { Some(fetch) } else { None }
            });
            match fetch.unwrap().read(
                200,
                &changed(chance, answer, other),
                &FieldMap::default(),
                Timestamp::from_ms(NOW_MS),
            ) {
                Fetched::Lead(raw) => {
                    assert_lead(&raw);
                    true
                }
                _ => false,
            }
        }
        // Headers and addresses, whose signature does not fit then.
        2 => {
            let mut request = request.clone();
            let mut text = |text: &str| String::from_utf8_lossy(&changed(chance, text.as_bytes(), other)).into_owned();
            request.url = text(&request.url);
            let headers: BTreeMap<String, String> =
                request.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect();
            request.headers = headers;
            assert_sane(&request.parse())
        }
        _ => {
            let mut request = request.clone();
            request.body = changed(chance, &request.body, other);
            request.settings.remove("SALESFORCE_ORG_ID");
            request.sign(&request.settings[senders_kit::secret_name(request.sender)].clone(), NOW_MS);
            request.now_ms = NOW_MS;
            assert_sane(&request.parse())
        }
    }
}

fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let executions = numbers.first().copied().unwrap_or(200_000);
    let seed = numbers.get(1).copied().unwrap_or(1);
    let all = cases();
    let corpus: Vec<Request> = all.iter().map(|(sender, _, case)| Request::of(*sender, case)).collect();
    let corpus: Vec<Request> = corpus.into_iter().filter(|request| request.method == WebhookMethod::Post).collect();
    let with_answer = all.iter().filter_map(|(sender, _, case)| {
        let answer = case.fetched.as_ref().filter(|answer| answer["expect"]["lead"].is_object())?;
        Some((Request::of(*sender, case), serde_json::to_vec(&answer["body"]).unwrap()))
    });
    let answers: Vec<(Request, Vec<u8>)> = with_answer.collect();
    assert_eq!(answers.len(), 3, "three vendors are asked for leads");
    assert!(Sender::ALL.iter().all(|sender| !secret(*sender).is_empty()));
    let started = Instant::now();
    let mut understood = 0_u64;
    for number in 0..executions {
        // Each has a seed of its own, so that one alone can be run again.
        let own = seed.wrapping_add(number);
        let mut chance = Chance(Rand64::new(own.into()));
        match catch_unwind(AssertUnwindSafe(|| execute(&mut chance, &corpus, &answers))) {
            Ok(is_understood) => understood += u64::from(is_understood),
            Err(_) => panic!("execution {number} failed; run it again with `1 {own}`"),
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("{executions} executions in {seconds:.1} s, {understood} of them understood, none failed (seed {seed})");
}
