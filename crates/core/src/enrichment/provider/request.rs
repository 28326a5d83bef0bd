//! The request to a provider for one lead.

use crate::enrichment::provider::contact::Contact;
use crate::enrichment::provider::description::Description;
use crate::enrichment::provider::file::{Auth, PrefixedHeader};
use crate::enrichment::provider::plan::RequestPlan;
use crate::enrichment::provider::template::{Template, TemplateFacts};
use crate::facts::Facts;
use crate::http::{HttpRequest, encode};
use base64ct::{Base64, Encoding as _};
use serde_json::Value;

/// Makes the request for a lead, or returns `None` when the provider cannot be asked with what is known.
///
/// Values are percent-encoded in the URL and escaped in the body. A value that holds a control character is not put
/// into a header. `base_url` is the description's own or the one from its setting; `key` is the key, or the token that it
/// was exchanged for ([`build_token`](crate::enrichment::provider::build_token)).
#[must_use]
pub fn build(
    description: &Description,
    facts: &Facts,
    contact: &Contact,
    base_url: &str,
    key: &str,
) -> Option<HttpRequest> {
    let known = TemplateFacts::Lead { facts, contact };
    let is_ready = description.requires.iter().all(|group| group.iter().any(|path| path.text(&known).is_some()));
    if !is_ready {
        return None;
    }
    fill(&description.request, Some((&description.auth, key)), &known, base_url)
}

/// Makes the request for the result of a job, or returns `None` when the provider has none: it answers at once, or the
/// first request is repeated.
#[must_use]
pub fn build_poll(description: &Description, job: &str, base_url: &str, key: &str) -> Option<HttpRequest> {
    let ask = description.poll()?.ask.as_ref()?;
    fill(&ask.request, Some((&description.auth, key)), &TemplateFacts::Job(job), base_url)
}

/// Fills a request; without `auth`, no key is added to it.
pub(super) fn fill(
    plan: &RequestPlan,
    auth: Option<(&Auth, &str)>,
    known: &TemplateFacts<'_>,
    base_url: &str,
) -> Option<HttpRequest> {
    let mut url = format!("{}{}", base_url.trim_end_matches('/'), plan.path.fill(known, encode)?);
    let filled = |(name, template): &(String, Template)| {
        template.fill(known, str::to_owned).map(|value| (encode(name), encode(&value)))
    };
    let mut query: Vec<(String, String)> = plan.query.iter().filter_map(filled).collect();
    let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
    for (name, template) in &plan.headers {
        let value = template.fill(known, str::to_owned);
        headers.extend(value.filter(|value| !value.chars().any(char::is_control)).map(|value| (name.clone(), value)));
    }
    let mut body = plan.body.as_ref().and_then(|body| body.fill(known));
    match auth {
        None => {}
        Some((Auth::Header(name), key)) => headers.push((name.clone(), key.to_owned())),
        Some((Auth::Prefixed(PrefixedHeader { header, prefix }), key)) => {
            headers.push((header.clone(), format!("{prefix}{key}")));
        }
        Some((Auth::Bearer | Auth::Token(_), key)) => {
            headers.push(("authorization".to_owned(), format!("Bearer {key}")));
        }
        Some((Auth::Basic, key)) => {
            let name_and_password = if key.contains(':') { key.to_owned() } else { format!("{key}:") };
            headers.push((
                "authorization".to_owned(),
                format!("Basic {}", Base64::encode_string(name_and_password.as_bytes())),
            ));
        }
        Some((Auth::Query(name), key)) => query.push((encode(name), encode(key))),
        Some((Auth::Body(name), key)) => {
            let entries = body.as_mut().and_then(Value::as_object_mut)?;
            entries.insert(name.clone(), Value::String(key.to_owned()));
        }
    }
    for (index, (name, value)) in query.iter().enumerate() {
        url.push(if index == 0 { '?' } else { '&' });
        url.push_str(name);
        url.push('=');
        url.push_str(value);
    }
    if body.is_some() {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    Some(HttpRequest { method: plan.method.into(), url, headers, body: body.map(|body| body.to_string()) })
}
