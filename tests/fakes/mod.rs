//! Vendors that are played for tests, in their documented formats and with their documented limits.
//!
//! Each is a value with a state: a request goes in, an answer comes out, at a moment that the caller names. The native tests
//! hand them to the program in virtual time; `serve.rs` serves them over HTTP for the tests against the built
//! Worker.

#![allow(dead_code, reason = "every user of this folder plays some of the vendors")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::too_many_lines,
    reason = "a vendor that is played is read from top to bottom, and counts little"
)]

pub mod hubspot;
pub mod pipedrive;
pub mod salesforce;
mod soql;

pub mod resend;
pub mod slack;
pub mod teams;
pub mod webhook;

use lead_router_core::http::{HttpRequest, Method};
use lead_router_core::time::Timestamp;
use serde_json::Value;

/// An answer of a vendor.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Reply {
    /// JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: vec![("content-type", "application/json".to_owned())], body: body.to_string() }
    }

    /// Plain text.
    pub fn text(status: u16, body: &str) -> Self {
        Self { status, headers: vec![("content-type", "text/plain".to_owned())], body: body.to_owned() }
    }

    /// The same with `Retry-After`.
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.headers.push(("retry-after", seconds.to_string()));
        self
    }
}

/// A vendor.
pub trait Vendor {
    /// Answers a request, and does what it asks. A limit that is exceeded is answered as the vendor does, and counted.
    fn answer(&mut self, request: &HttpRequest, now: Timestamp) -> Reply;
    /// What it holds, for the tests to look at.
    fn state(&self) -> Value;
    /// Changes what it holds, as somebody who works there would: another owner, a full day, an expired token.
    fn change(&mut self, change: &Value);
}

/// Every vendor by name, for those who serve them at `base`, each under its name.
pub fn all(base: &str) -> Vec<(&'static str, Box<dyn Vendor>)> {
    vec![
        ("slack", Box::new(slack::Slack::new(&format!("{base}/slack")))),
        ("teams", Box::new(teams::Teams::default())),
        ("resend", Box::new(resend::Resend::default())),
        ("webhook", Box::new(webhook::Webhook::default())),
        ("hubspot", Box::new(hubspot::Hubspot::prepared())),
        ("pipedrive", Box::new(pipedrive::Pipedrive::new())),
        ("salesforce", Box::new(salesforce::Salesforce::prepared(&format!("{base}/salesforce")))),
    ]
}

/// A request as vendors look at it.
pub struct Asked<'a> {
    pub method: Method,
    /// Path without the address of the vendor, not decoded.
    pub path: &'a str,
    /// Pairs of the query, decoded.
    pub query: Vec<(String, String)>,
    pub request: &'a HttpRequest,
}

impl<'a> Asked<'a> {
    pub fn new(request: &'a HttpRequest) -> Self {
        let rest = request.url.split_once("://").map_or(request.url.as_str(), |(_, rest)| rest);
        let path = rest.find('/').map_or("/", |place| &rest[place..]);
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { method: request.method, path, query, request }
    }

    /// Parts of the path, decoded.
    pub fn parts(&self) -> Vec<String> {
        self.path.trim_matches('/').split('/').map(decoded).collect()
    }

    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let is_it = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        self.request.headers.iter().find(is_it).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `Null` when it is none.
    pub fn json(&self) -> Value {
        self.request.body.as_deref().and_then(|body| serde_json::from_str(body).ok()).unwrap_or(Value::Null)
    }

    /// The body as a form.
    pub fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.request.body.as_deref().unwrap_or_default().as_bytes()).into_owned().collect()
    }
}

/// A piece of a path with its escapes decoded.
pub fn decoded(piece: &str) -> String {
    // A `+` stands for itself in a path.
    let pair = format!("x={}", piece.replace('+', "%2B"));
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// Counts calls in a window, as a vendor does: whatever is over the limit is refused and counted as exceeding it.
#[derive(Debug, Clone)]
pub struct Limit {
    pub window_ms: i64,
    pub max: usize,
    calls: Vec<Timestamp>,
    /// Calls that were refused.
    pub exceeded: usize,
}

impl Limit {
    pub fn new(window_ms: i64, max: usize) -> Self {
        Self { window_ms, max, calls: Vec::new(), exceeded: 0 }
    }

    /// Whether one more call is within the limit.
    pub fn takes(&mut self, now: Timestamp) -> bool {
        self.calls.retain(|at| now.ms_since(*at) < self.window_ms);
        let is_within = self.calls.len() < self.max;
        if is_within {
            self.calls.push(now);
        } else {
            self.exceeded += 1;
        }
        is_within
    }
}
