//! The settings of the connection, and how often `HubSpot` may be called.

use crate::vendor::{Bucket, DeliveryError};

/// Where `HubSpot` is when no setting says otherwise.
const PUBLIC: &str = "https://api.hubapi.com";

/// Calls in ten seconds when no setting says otherwise: what the smallest accounts have. Professional and Enterprise have
/// 190, with the add-on 250.
const BURST: u32 = 100;

/// Name of the bucket of every call.
pub const ALL: &str = "all";
/// Name of the bucket of searches, which count in both.
pub const SEARCH: &str = "search";

/// How much longer our windows are than those of the vendor, in milliseconds. We count a call when it leaves, the vendor
/// when it arrives: when the first call of a window was slow and one after its end is fast, the vendor sees them closer
/// together than we did. Half a second is what a request takes at most, but for rare ones, which are answered 429 and
/// come again.
const SKEW_MS: u32 = 500;

/// How a call is let in.
#[derive(Clone, PartialEq, Eq)]
pub enum HubspotAccess {
    /// With the token of a private app or a service key, which does not end.
    Token(String),
    /// With a token that a refresh token is exchanged for.
    Refresh {
        /// Client id of the app.
        client_id: String,
        /// Client secret of the app.
        client_secret: String,
        /// Refresh token of the account.
        refresh_token: String,
    },
}

/// The settings of the connection. It has no debug form: it is all secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct HubspotSettings {
    /// Address without a slash at its end.
    pub base_url: String,
    /// How a call is let in.
    pub access: HubspotAccess,
    /// Calls that `HubSpot` allows in ten seconds.
    pub burst: u32,
}

impl HubspotSettings {
    /// Reads the settings: `HUBSPOT_TOKEN`, or else `HUBSPOT_CLIENT_ID`, `HUBSPOT_CLIENT_SECRET` and
    /// `HUBSPOT_REFRESH_TOKEN`; `HUBSPOT_BASE_URL`; `HUBSPOT_BURST_PER_10_S`.
    ///
    /// # Errors
    /// `not_set_up` names the setting that is missing or is no number.
    pub fn read(setting: impl Fn(&str) -> Option<String>) -> Result<Self, DeliveryError> {
        let given = |name: &str| {
            setting(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty() && is_safe(text))
        };
        let access = match (given("HUBSPOT_TOKEN"), given("HUBSPOT_REFRESH_TOKEN")) {
            (Some(token), _) => HubspotAccess::Token(token),
            (None, None) => {
                return Err(not_set_up("set HUBSPOT_TOKEN, or HUBSPOT_REFRESH_TOKEN with the client of an OAuth app"));
            }
            (None, Some(refresh_token)) => {
                let need = |name: &str| given(name).ok_or_else(|| not_set_up(&format!("set {name}")));
                let (client_id, client_secret) = (need("HUBSPOT_CLIENT_ID")?, need("HUBSPOT_CLIENT_SECRET")?);
                HubspotAccess::Refresh { client_id, client_secret, refresh_token }
            }
        };
        let burst = match given("HUBSPOT_BURST_PER_10_S").map(|text| text.parse::<u32>()) {
            None => BURST,
            Some(Ok(burst)) if (1..=10_000).contains(&burst) => burst,
            Some(_) => return Err(not_set_up("HUBSPOT_BURST_PER_10_S is a number from 1 to 10000")),
        };
        let base_url = given("HUBSPOT_BASE_URL").unwrap_or_else(|| PUBLIC.to_owned());
        Ok(Self { base_url: base_url.trim_end_matches('/').to_owned(), access, burst })
    }

    /// The buckets that a call passes: at most [`Self::burst`] calls in ten seconds, and of these five searches in a second.
    #[must_use]
    pub fn buckets(&self, is_search: bool) -> Vec<Bucket> {
        let bucket = |name: &str, window_ms: u32, max| {
            let window_ms = window_ms.saturating_add(SKEW_MS);
            Bucket { name: name.to_owned(), window_ms, max }
        };
        let mut buckets = vec![bucket(ALL, 10_000, self.burst)];
        if is_search {
            buckets.push(bucket(SEARCH, 1_000, 5));
        }
        buckets
    }
}

/// Whether a text can stand in a header.
fn is_safe(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn not_set_up(message: &str) -> DeliveryError {
    DeliveryError::config("not_set_up", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<HubspotSettings, DeliveryError> {
        HubspotSettings::read(|name| settings.iter().find(|(own, _)| *own == name).map(|(_, text)| (*text).to_owned()))
    }

    #[test]
    fn what_is_missing_is_named() {
        let missing = |settings: &[(&str, &str)]| match read(settings) {
            Err(DeliveryError::Permanent { code, message, config: true }) if code == "not_set_up" => message,
            _ => panic!("nothing is missing"),
        };
        assert!(missing(&[]).contains("HUBSPOT_TOKEN"));
        assert!(missing(&[("HUBSPOT_TOKEN", " ")]).contains("HUBSPOT_TOKEN"));
        let oauth = [("HUBSPOT_REFRESH_TOKEN", "r"), ("HUBSPOT_CLIENT_SECRET", "s")];
        assert_eq!(missing(&oauth), "set HUBSPOT_CLIENT_ID");
        let burst = [("HUBSPOT_TOKEN", "t"), ("HUBSPOT_BURST_PER_10_S", "many")];
        assert!(missing(&burst).contains("HUBSPOT_BURST_PER_10_S"));
    }

    #[test]
    fn a_token_goes_before_a_client() {
        let settings = read(&[("HUBSPOT_TOKEN", "t"), ("HUBSPOT_REFRESH_TOKEN", "r")]).ok().unwrap();
        assert!(settings.access == HubspotAccess::Token("t".to_owned()));
        assert_eq!((settings.base_url.as_str(), settings.burst), (PUBLIC, 100));
    }
}
