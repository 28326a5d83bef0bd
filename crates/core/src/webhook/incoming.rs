//! A request of a sender, as it arrived.

use crate::time::Timestamp;
use crate::webhook::refusal::Refusal;

/// Method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookMethod {
    /// GET: challenges.
    Get,
    /// POST: events.
    Post,
}

/// A request as it arrived.
#[derive(Clone, Copy)]
pub struct Incoming<'a> {
    /// Method.
    pub method: WebhookMethod,
    /// Whole URL as the sender called it, with its query.
    pub url: &'a str,
    /// Headers; names in lower case.
    pub headers: &'a [(String, String)],
    /// Body, untouched. A multipart body is taken apart by the host, which hands it over as `name=value` pairs.
    pub body: &'a [u8],
    /// When it arrived.
    pub now: Timestamp,
}

impl<'a> Incoming<'a> {
    /// A header; blanks around it do not count, and an empty one is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.headers.iter().find(|(other, _)| other == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// A header without which nothing can be verified.
    ///
    /// # Errors
    /// `missing_signature`.
    pub fn signature(&self, name: &str) -> Result<&'a str, Refusal> {
        self.header(name).ok_or_else(|| Refusal::missing_signature(name))
    }

    /// A parameter of the query, decoded; the first one when it is repeated.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.url.split_once('?')?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// Lets POST pass.
    ///
    /// # Errors
    /// `method_not_allowed` for anything else.
    pub(super) fn only_post(&self) -> Result<(), Refusal> {
        if self.method == WebhookMethod::Post { Ok(()) } else { Err(Refusal::wrong_method()) }
    }
}
