//! The request to a provider for one lead.

use super::contact::Contact;
use super::description::{Auth, Description, Method};
use super::template::Known;
use crate::domain::facts::Facts;
use std::fmt;
use std::fmt::Write as _;

/// A request over HTTP. Its debug form shows method and host only: the rest may hold the key and the person.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// Method.
    pub method: Method,
    /// Whole URL, everything percent-encoded that has to be.
    pub url: String,
    /// Headers, the key's among them.
    pub headers: Vec<(String, String)>,
    /// JSON body.
    pub body: Option<String>,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.split('/').nth(2).unwrap_or_default();
        f.debug_struct("HttpRequest").field("method", &self.method).field("host", &host).finish_non_exhaustive()
    }
}

/// Makes the request for a lead, or returns `None` when the provider cannot be asked with what is known.
///
/// Values are percent-encoded in the URL and escaped in the body. A value that holds a control character is not put
/// into a header. `base_url` is the description's own or the one from its setting.
#[must_use]
pub fn build(
    description: &Description,
    facts: &Facts,
    contact: &Contact,
    base_url: &str,
    key: &str,
) -> Option<HttpRequest> {
    let known = Known { facts, contact };
    let is_ready = description.requires.iter().all(|group| group.iter().any(|path| path.text(&known).is_some()));
    if !is_ready {
        return None;
    }
    let plan = &description.request;
    let mut url = format!("{}{}", base_url.trim_end_matches('/'), plan.path.fill(&known, encode)?);
    let mut query: Vec<(String, String)> =
        plan.query.iter().filter_map(|(name, template)| Some((encode(name), template.fill(&known, encode)?))).collect();
    let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
    for (name, template) in &plan.headers {
        let value = template.fill(&known, str::to_owned);
        headers.extend(value.filter(|value| !value.chars().any(char::is_control)).map(|value| (name.clone(), value)));
    }
    match &description.auth {
        Auth::Header(name) => headers.push((name.clone(), key.to_owned())),
        Auth::Bearer => headers.push(("authorization".to_owned(), format!("Bearer {key}"))),
        Auth::Query(name) => query.push((encode(name), encode(key))),
    }
    for (index, (name, value)) in query.iter().enumerate() {
        url.push(if index == 0 { '?' } else { '&' });
        url.push_str(name);
        url.push('=');
        url.push_str(value);
    }
    let body = plan.body.as_ref().and_then(|body| body.fill(&known)).map(|body| body.to_string());
    if body.is_some() {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    Some(HttpRequest { method: plan.method, url, headers, body })
}

/// Percent-encodes everything but letters, digits and `-._~`.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
