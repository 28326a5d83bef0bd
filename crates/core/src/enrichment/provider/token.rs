//! Providers whose key is no key yet: name and password are exchanged for a token that is valid for a while.

use crate::enrichment::provider::description::Description;
use crate::enrichment::provider::meaning::Meaning;
use crate::enrichment::provider::request::fill;
use crate::enrichment::provider::response::{LATER, Reading, failed};
use crate::enrichment::provider::template::TemplateFacts;
use crate::error::Remedy;
use crate::http::HttpRequest;
use crate::limits::PROVIDER_BODY_BYTES_MAX;
use crate::time::Timestamp;
use serde_json::Value;
use std::fmt;

/// How long before its end a token is renewed, in milliseconds: longer than a call takes, so that no token ends on the way.
pub const RENEW_BEFORE_MS: i64 = 60_000;
/// Longest token that is taken over into a header, in bytes.
const TOKEN_BYTES_MAX: usize = 8_192;

/// A token. Its debug form does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct VendorToken {
    /// The token, without `Bearer`.
    pub value: String,
    /// When it ends.
    pub until: Timestamp,
}

impl VendorToken {
    /// Whether it can be used at `now`, with [`RENEW_BEFORE_MS`] to spare.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.until.ms_since(now) > RENEW_BEFORE_MS
    }
}

impl fmt::Debug for VendorToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("until", &self.until).finish_non_exhaustive()
    }
}

/// Makes the request for a token, or returns `None` when `key` is used as it is: the provider has no tokens, or the key
/// has no `:` in it and is a token that someone else renews.
#[must_use]
pub fn build_token(description: &Description, base_url: &str, key: &str) -> Option<HttpRequest> {
    let (name, password) = key.split_once(':')?;
    fill(&description.token.as_ref()?.request, None, &TemplateFacts::Key { name, password }, base_url)
}

/// Reads the answer to the request of [`build_token`].
///
/// # Errors
/// A [`Reading::Failed`]: `provider_try_later` for a status that usually means so, `provider_bad_key` for every other one
/// of the class 4xx, `provider_bad_answer` when there is no token in a 2xx, and for the rest.
pub fn read_token(description: &Description, status: u16, body: &[u8], now: Timestamp) -> Result<VendorToken, Reading> {
    let bad_answer = || failed("provider_bad_answer", LATER);
    match Meaning::usual(status) {
        Some(Meaning::Found) => {}
        Some(Meaning::TryLater) => return Err(failed("provider_try_later", LATER)),
        Some(_) if status >= 400 => return Err(failed("provider_bad_key", Remedy::FixConfig)),
        _ => return Err(bad_answer()),
    }
    let plan = description.token.as_ref().filter(|_| body.len() <= PROVIDER_BODY_BYTES_MAX).ok_or_else(bad_answer)?;
    let json: Value = serde_json::from_slice(body).map_err(|_| bad_answer())?;
    let value = plan.pointer.find(&json).first().and_then(|value| value.as_str()).unwrap_or_default();
    if value.is_empty() || value.len() > TOKEN_BYTES_MAX || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(bad_answer());
    }
    let until = now.plus_ms(i64::from(plan.lifetime_s).saturating_mul(1_000));
    Ok(VendorToken { value: value.to_owned(), until })
}
