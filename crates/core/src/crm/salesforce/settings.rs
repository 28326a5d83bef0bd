//! What a deployment says about its Salesforce.

use crate::crm::salesforce::soql::is_name;
use crate::vendor::{Bucket, DeliveryError};
use std::fmt;

/// How the program proves who it is.
#[derive(Clone, PartialEq, Eq)]
pub enum Grant {
    /// With a secret: OAuth client credentials.
    Secret {
        /// Consumer key.
        client_id: String,
        /// Consumer secret.
        client_secret: String,
    },
    /// With a signature: OAuth JWT bearer.
    Signed {
        /// Consumer key.
        client_id: String,
        /// Name of the user whom the program works as.
        username: String,
        /// Whom the signature is for.
        audience: String,
        /// Private key, PKCS#8 DER in base64.
        key: String,
    },
}

/// Settings of Salesforce. The debug form shows no key.
#[derive(Clone, PartialEq, Eq)]
pub struct SalesforceSettings {
    /// Where tokens are fetched, without a final `/`.
    pub login_url: String,
    /// How the program proves who it is.
    pub grant: Grant,
    /// Version of the API, such as `v65.0`.
    pub version: String,
    /// Field of an account that holds its registrable domain; `None` when the website has to do.
    pub domain_field: Option<String>,
    /// Whether a lead is made although a rule for duplicates warns.
    pub allows_duplicates: bool,
    /// Most calls per second.
    pub calls_per_s: u32,
}

impl fmt::Debug for SalesforceSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("version", &self.version).finish_non_exhaustive()
    }
}

/// Version of the API when no setting says one.
const VERSION: &str = "v65.0";
/// Calls per second when no setting says how many: a sixth of what uses up 100,000 calls in a day would be one per second,
/// so this only keeps a burst from standing in the way of others.
const CALLS_PER_S: u32 = 20;

impl SalesforceSettings {
    /// Reads the settings by name.
    ///
    /// # Errors
    /// `not_set_up`, naming the first setting that has to be changed.
    pub fn read(setting: impl Fn(&str) -> Option<String>) -> Result<Self, DeliveryError> {
        let given = |name: &str| setting(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let needed = |name: &str| given(name).ok_or_else(|| missing(name));
        let login_url = needed("SALESFORCE_BASE_URL")?.trim_end_matches('/').to_owned();
        if !login_url.starts_with("https://") && !login_url.starts_with("http://") {
            return Err(invalid("SALESFORCE_BASE_URL", "a URL such as `https://acme.my.salesforce.com`"));
        }
        let client_id = needed("SALESFORCE_CLIENT_ID")?;
        let grant = match given("SALESFORCE_JWT_KEY") {
            None => Grant::Secret { client_id, client_secret: needed("SALESFORCE_CLIENT_SECRET")? },
            Some(pem) => Grant::Signed {
                client_id,
                username: needed("SALESFORCE_USERNAME")?,
                audience: given("SALESFORCE_AUDIENCE").unwrap_or_else(|| "https://login.salesforce.com".to_owned()),
                key: der_of(&pem).ok_or_else(|| {
                    invalid("SALESFORCE_JWT_KEY", "a private key in PEM that begins with `-----BEGIN PRIVATE KEY-----`")
                })?,
            },
        };
        let version = given("SALESFORCE_API_VERSION").unwrap_or_else(|| VERSION.to_owned());
        let is_version = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if !version.strip_prefix('v').is_some_and(is_version) {
            return Err(invalid("SALESFORCE_API_VERSION", "a version such as `v65.0`"));
        }
        let domain_field = given("SALESFORCE_DOMAIN_FIELD");
        if domain_field.as_ref().is_some_and(|name| !is_name(name)) {
            return Err(invalid("SALESFORCE_DOMAIN_FIELD", "the API name of a field, such as `Domain__c`"));
        }
        let allows_duplicates = given("SALESFORCE_ALLOW_DUPLICATES").is_some_and(|text| text == "true");
        let calls_per_s = match given("SALESFORCE_CALLS_PER_S") {
            None => CALLS_PER_S,
            Some(text) => text
                .parse()
                .ok()
                .filter(|calls| (1..=1_000).contains(calls))
                .ok_or_else(|| invalid("SALESFORCE_CALLS_PER_S", "a number from 1 to 1000"))?,
        };
        Ok(Self { login_url, grant, version, domain_field, allows_duplicates, calls_per_s })
    }

    /// The buckets that every call passes.
    #[must_use]
    pub fn buckets(&self) -> [Bucket; 1] {
        [Bucket { name: BUCKET.to_owned(), window_ms: 1_000, max: self.calls_per_s }]
    }
}

/// Name of the only bucket.
pub const BUCKET: &str = "all";

fn missing(name: &str) -> DeliveryError {
    DeliveryError::config("not_set_up", format!("set `{name}`"))
}

fn invalid(name: &str, expected: &str) -> DeliveryError {
    DeliveryError::config("not_set_up", format!("`{name}` must be {expected}"))
}

/// The base64 text within a PEM of a PKCS#8 private key, without line ends; those may also be written as `\n`.
fn der_of(pem: &str) -> Option<String> {
    let (_, rest) = pem.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (body, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let body: String = body.replace("\\n", "").chars().filter(|c| !c.is_whitespace()).collect();
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    (!body.is_empty() && body.chars().all(is_base64)).then_some(body)
}
