//! What an answer means that is no success.

use crate::crm::hubspot::settings::{ALL, SEARCH};
use crate::time::{DAY_MS, HOUR_MS, Timestamp};
use crate::vendor::DeliveryError;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// Why a call, or one record of a batch, came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HubspotFailure {
    /// There is such a record already: another one has the address, or the value of a unique property.
    Conflict {
        /// Its id, when the vendor says.
        existing: Option<String>,
    },
    /// There is no such record.
    NotFound,
    /// The owner is nobody who can own records.
    UnknownOwner,
    /// Values of a record are refused.
    Value {
        /// The properties.
        names: BTreeSet<String>,
        /// What it means when the record cannot do without them.
        setback: DeliveryError,
    },
    /// Something else.
    Setback(DeliveryError),
}

impl From<DeliveryError> for HubspotFailure {
    fn from(setback: DeliveryError) -> Self {
        Self::Setback(setback)
    }
}

impl HubspotFailure {
    /// The failure as a setback, for calls that no record is to blame for.
    #[must_use]
    pub fn setback(self) -> DeliveryError {
        match self {
            Self::Setback(setback) | Self::Value { setback, .. } => setback,
            Self::Conflict { .. } => DeliveryError::retryable("conflict", None),
            Self::NotFound => not_found(),
            Self::UnknownOwner => {
                DeliveryError::config("unknown_owner", "a rep has an owner id that HubSpot does not know")
            }
        }
    }

    /// Whether one record may be to blame, so that the others can be tried without it.
    #[must_use]
    pub const fn is_of_a_record(&self) -> bool {
        !matches!(self, Self::Setback(_))
    }
}

/// A bucket that is full according to the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimitHit {
    /// The bucket.
    pub bucket: &'static str,
    /// For how long, in milliseconds.
    pub ms: u32,
}

/// The body of an error, and one error of a batch. Every field may be missing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ErrorBody {
    message: String,
    category: String,
    policy_name: String,
    context: Value,
    errors: Vec<ErrorDetail>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct ErrorDetail {
    code: Option<String>,
    context: Value,
}

/// A property whose value was refused, as the message lists them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Refused {
    error: String,
    name: String,
}

/// What an answer means that is no success, and which bucket it says is full. `now` says when the day ends.
#[must_use]
pub fn failure(
    status: u16,
    retry_after_s: Option<u32>,
    body: &[u8],
    is_search: bool,
    now: Timestamp,
) -> (HubspotFailure, Option<RateLimitHit>) {
    let error: ErrorBody = serde_json::from_slice(body).unwrap_or_default();
    let later = |code: &str, ms: Option<u32>| (HubspotFailure::Setback(DeliveryError::retryable(code, ms)), None);
    let asked_ms = retry_after_s.map(|s| s.saturating_mul(1_000));
    match status {
        401 => (HubspotFailure::Setback(token_refused()), None),
        403 => (HubspotFailure::Setback(error.missing_scopes()), None),
        404 if error.category.eq_ignore_ascii_case("OBJECT_NOT_FOUND") => (HubspotFailure::NotFound, None),
        404 => (HubspotFailure::Setback(not_found()), None),
        409 => (error.conflict(), None),
        423 => later("record_locked", Some(asked_ms.unwrap_or(0).max(2_000))),
        429 => error.full(asked_ms, is_search, now),
        477 => later("account_moving", Some(asked_ms.unwrap_or(60_000))),
        400..=499 => (error.refusal(), None),
        // A redirect, and all of 5xx with the pages of what stands before the vendor.
        _ => later("vendor_unavailable", asked_ms),
    }
}

/// What an answer of the address for tokens means.
#[must_use]
pub fn token_failure(status: u16, retry_after_s: Option<u32>) -> DeliveryError {
    match status {
        429 | 423 | 477 | 500.. => {
            DeliveryError::retryable("vendor_unavailable", retry_after_s.map(|s| s.saturating_mul(1_000)))
        }
        _ => DeliveryError::config(
            "token_refused",
            "HubSpot refuses a token for HUBSPOT_CLIENT_ID, HUBSPOT_CLIENT_SECRET and HUBSPOT_REFRESH_TOKEN: \
             install the app again and set the new refresh token",
        ),
    }
}

fn token_refused() -> DeliveryError {
    DeliveryError::config(
        "token_refused",
        "HubSpot refuses the token: set a new HUBSPOT_TOKEN, or install the app again",
    )
}

fn not_found() -> DeliveryError {
    DeliveryError::config("not_found", "HubSpot answers 404: check HUBSPOT_BASE_URL")
}

impl ErrorBody {
    /// The key of the input that this is about: it stands in the context.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.first("objectWriteTraceId")
    }

    /// The id of the record that this is about.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.first("ids").or_else(|| self.first("id"))
    }

    fn first(&self, name: &str) -> Option<&str> {
        let value = self.context.get(name)?;
        value.as_str().or_else(|| value.get(0)?.as_str())
    }

    /// What it means as an error of one record of a batch.
    #[must_use]
    pub fn of_a_record(&self) -> HubspotFailure {
        match self.category.to_ascii_uppercase().as_str() {
            "OBJECT_NOT_FOUND" => HubspotFailure::NotFound,
            "CONFLICT" => self.conflict(),
            "RATE_LIMITS" => HubspotFailure::Setback(DeliveryError::retryable("rate_limited", Some(10_000))),
            "MISSING_SCOPES" => HubspotFailure::Setback(self.missing_scopes()),
            _ => self.refusal(),
        }
    }

    fn conflict(&self) -> HubspotFailure {
        let digits = self.message.split_once("Existing ID:").map(|(_, rest)| rest.trim_start());
        let digits = digits.map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
        HubspotFailure::Conflict { existing: digits.filter(|id| !id.is_empty()) }
    }

    /// The properties that are refused, with the vendor's codes. Messages are left alone: they repeat what was sent.
    fn refused(&self) -> Vec<(String, String)> {
        let listed = self.message.find('[').and_then(|place| self.message.get(place..));
        let listed: Vec<Refused> = listed.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let mut refused: Vec<_> = listed.into_iter().map(|one| (word(&one.name), word(&one.error))).collect();
        for detail in &self.errors {
            let names = texts(detail.context.get("propertyName"));
            let code = detail.code.as_deref().map(word).unwrap_or_default();
            refused.extend(names.iter().map(|name| (word(name), code.clone())));
        }
        refused
    }

    fn refusal(&self) -> HubspotFailure {
        let refused = self.refused();
        // A message that lists properties repeats what was sent: only its codes are the vendor's own words.
        let says = |text: &str| refused.is_empty() && self.message.contains(text);
        let is = |code: &str| refused.iter().any(|(_, own)| own == code) || says(code);
        if is("CONFLICTING_UNIQUE_VALUE") || says("already exists") {
            return self.conflict();
        }
        if is("PROPERTY_DOESNT_EXIST") || says("non-unique") {
            let help = "a property of the lead router is missing or has the wrong type: run `POST /v1/crm:setup`";
            return HubspotFailure::Setback(DeliveryError::config("property_missing", help));
        }
        if refused.iter().any(|(name, _)| name == crate::crm::hubspot::properties::OWNER) {
            return HubspotFailure::UnknownOwner;
        }
        if refused.is_empty() {
            let help = format!("HubSpot refuses a call ({}): see `GET /v1/doctor`", word(&self.category));
            return HubspotFailure::Setback(DeliveryError::config("call_refused", help));
        }
        let list: BTreeSet<String> = refused.iter().map(|(name, code)| format!("{name} ({code})")).collect();
        let list: Vec<String> = list.into_iter().collect();
        let setback = DeliveryError::lead("value_refused", format!("HubSpot refuses the value of {}", list.join(", ")));
        HubspotFailure::Value { names: refused.into_iter().map(|(name, _)| name).collect(), setback }
    }

    /// A call or a day too many.
    fn full(&self, asked_ms: Option<u32>, is_search: bool, now: Timestamp) -> (HubspotFailure, Option<RateLimitHit>) {
        let said = if self.policy_name.is_empty() { &self.message } else { &self.policy_name };
        let said = said.to_ascii_lowercase();
        let (code, bucket, ms) = if said.contains("daily") {
            // The day ends at midnight where the account is, which it does not say; so the vendor is asked every hour.
            let today_ms = now.as_ms().rem_euclid(DAY_MS);
            ("daily_limit", ALL, HOUR_MS.min(DAY_MS.saturating_sub(today_ms)))
        } else if said.contains("secondly") && !said.contains("ten_secondly") {
            ("rate_limited", if is_search { SEARCH } else { ALL }, 1_000)
        } else {
            ("rate_limited", ALL, 10_000)
        };
        let ms = u32::try_from(ms).unwrap_or(u32::MAX).max(asked_ms.unwrap_or(0));
        (HubspotFailure::Setback(DeliveryError::retryable(code, Some(ms))), Some(RateLimitHit { bucket, ms }))
    }

    /// What the token may not do, by the vendor's names.
    fn missing_scopes(&self) -> DeliveryError {
        let contexts = self.errors.iter().map(|detail| &detail.context).chain([&self.context]);
        let mut scopes = BTreeSet::new();
        for context in contexts {
            for name in ["requiredGranularScopes", "requiredScopes", "missingScopes"] {
                scopes.extend(texts(context.get(name)).into_iter().map(scope));
            }
            let text = context.as_str().and_then(|text| text.split_once("copes=")).map(|(_, list)| list.to_owned());
            scopes.extend(text.iter().flat_map(|list| list.split(',')).map(scope));
        }
        scopes.remove("");
        if scopes.is_empty() {
            let help = "HubSpot forbids a call: give the app every scope in the documentation, then install it again";
            return DeliveryError::config("missing_scope", help);
        }
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        DeliveryError::config(
            "missing_scope",
            format!("give the app the scope {}, then install it again", scopes.join(" or ")),
        )
    }
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// A name of the vendor's: it cannot hold what a person typed.
fn word(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(60).collect()
}

fn scope(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')).take(60).collect()
}
