//! Leads that a webhook only names: the request that reads one at the vendor, and what the answer means.

use crate::http::HttpRequest;
use crate::intake::json_tree::JsonNode;
use crate::intake::{FieldMap, RawLead};
use crate::time::{MINUTE_MS, Timestamp};
use crate::webhook::event::WebhookEvent;
use crate::webhook::payload::json;
use crate::webhook::refusal::Refusal;
use serde::{Deserialize, Serialize};

/// How long a record may be missing at the vendor after the event, in milliseconds: reads lag behind webhooks by
/// seconds. After that it is gone.
pub const LAG_MS: i64 = MINUTE_MS;

/// Where a lead is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FetchVendor {
    /// A contact of `HubSpot`.
    Hubspot,
    /// A lead of Meta Lead Ads.
    Meta,
    /// A response of `LinkedIn` Lead Sync.
    Linkedin,
}

/// A lead that is to be read at its vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch {
    /// The vendor.
    pub vendor: FetchVendor,
    /// The vendor's id of the record: letters, digits, `-` and `_`, so that it can stand in an address as it is.
    pub id: String,
    /// When the event happened; the moment of receipt when the vendor does not say.
    pub occurred_at: Timestamp,
}

/// What reading a lead gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The lead, not judged yet.
    Lead(Box<RawLead>),
    /// There is none; the code says why.
    Nothing(&'static str),
    /// The vendor answered something else than documented.
    Broken(&'static str),
    /// Nobody knows yet: the event has to come again.
    Later(&'static str),
    /// The vendor refuses the token: an operator has to act, and the event has to come again.
    Misconfigured(&'static str),
}

impl Fetched {
    /// What was read as an event.
    pub(super) fn into_event(self) -> WebhookEvent {
        match self {
            Self::Lead(raw) => WebhookEvent::lead(None, *raw),
            Self::Nothing(code) => WebhookEvent::nothing(code),
            Self::Broken(code) | Self::Later(code) | Self::Misconfigured(code) => WebhookEvent::broken(code),
        }
    }
}

/// Settings by name.
pub(super) type Setting<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What the error bodies and states of a vendor mean, and how its records are read.
pub(super) struct FetchReader {
    /// Makes the request.
    pub request: fn(&Fetch, Setting<'_>) -> Result<HttpRequest, Refusal>,
    /// Reads a record.
    pub lead: fn(&JsonNode, &FieldMap) -> Fetched,
}

impl Fetch {
    /// A lead to be read; `None` when the id could not stand in an address.
    #[must_use]
    pub(super) fn new(vendor: FetchVendor, id: &str, occurred_at: Timestamp) -> Option<Self> {
        let is_safe = (1..=128).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        is_safe.then(|| Self { vendor, id: id.to_owned(), occurred_at })
    }

    /// What an answer means; `lead` reads the vendor's record.
    pub(super) fn told(
        &self,
        lead: impl FnOnce(&JsonNode) -> Fetched,
        status: u16,
        body: &[u8],
        now: Timestamp,
    ) -> Fetched {
        let body = json(body);
        let error_code = body.as_ref().ok().and_then(|body| body.at(&["error", "code"]).number());
        match (status, error_code) {
            (200, _) => body.map_or(Fetched::Broken("fetch_unreadable"), |body| lead(&body)),
            // Meta: an expired token, and limits on calls, both with status 400.
            (401 | 403, _) | (400, Some(190)) => Fetched::Misconfigured("fetch_token_refused"),
            (429 | 500.., _) | (400, Some(1 | 2 | 4 | 17 | 32 | 613 | 80_005)) => Fetched::Later("fetch_unavailable"),
            (404 | 410, _) | (400, Some(100)) if now.ms_since(self.occurred_at) < LAG_MS => {
                Fetched::Later("record_not_there_yet")
            }
            (404 | 410, _) | (400, Some(100)) => Fetched::Nothing("record_gone"),
            _ => Fetched::Broken("fetch_refused"),
        }
    }
}

/// A token, by the name of its setting.
pub(super) fn token(setting: Setting<'_>, name: &str) -> Result<String, Refusal> {
    setting(name).filter(|token| !token.chars().any(char::is_control)).ok_or_else(|| Refusal::not_set_up(name))
}

/// A base URL from its setting, or the vendor's public one; without a slash at its end.
pub(super) fn base(setting: Setting<'_>, name: &str, public: &str) -> String {
    setting(name).unwrap_or_else(|| public.to_owned()).trim_end_matches('/').to_owned()
}
