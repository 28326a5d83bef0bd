//! Tokens: OAuth client credentials and JWT bearer (RFC 7523), both at `/services/oauth2/token`.

use crate::crm::salesforce::settings::Grant;
use crate::http::{HttpRequest, Method, encode};
use crate::time::{MINUTE_MS, Timestamp};
use crate::vendor::DeliveryError;
use crate::vendor::rate_limit::KeptToken;
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};

/// How long a token is used, in milliseconds. The answer names no end; the shortest session that can be set is 15 minutes
/// and counts from the last use, the default is two hours. A token that ends earlier is fetched again when it is refused.
const TOKEN_MS: i64 = 55 * MINUTE_MS;
/// How long a signature is good, in seconds: the vendor takes at most three minutes.
const SIGNATURE_S: i64 = 120;

/// The text that is signed to get a token: header and claims of a JWT. `None` when a secret does instead.
#[must_use]
pub fn signing_input(grant: &Grant, now: Timestamp) -> Option<String> {
    let Grant::Signed { client_id, username, audience, .. } = grant else { return None };
    let ends_s = now.as_ms().div_euclid(1_000).saturating_add(SIGNATURE_S);
    // The claims by name, so that the text is the same everywhere.
    let claims = json!({"aud": audience, "exp": ends_s, "iss": client_id, "sub": username}).to_string();
    let encoded = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    Some(format!("{}.{}", encoded(r#"{"alg":"RS256"}"#), encoded(&claims)))
}

/// The request for a token. `assertion` is the JWT with its signature, where one is needed.
#[must_use]
pub fn token_request(login_url: &str, grant: &Grant, assertion: Option<&str>) -> HttpRequest {
    let pairs = match grant {
        Grant::Secret { client_id, client_secret } => vec![
            ("grant_type", "client_credentials"),
            ("client_id", client_id.as_str()),
            ("client_secret", client_secret.as_str()),
        ],
        Grant::Signed { .. } => vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", assertion.unwrap_or_default()),
        ],
    };
    let form: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    HttpRequest {
        method: Method::Post,
        url: format!("{login_url}/services/oauth2/token"),
        headers: vec![
            ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
            ("Accept".to_owned(), "application/json".to_owned()),
        ],
        body: Some(form.join("&")),
    }
}

/// The token of an answer, with the address of the organisation.
///
/// # Errors
/// [`DeliveryError::Retryable`] for a vendor in trouble; otherwise `token_refused` with the vendor's own code.
pub fn token(status: u16, retry_after_s: Option<u32>, body: &[u8], now: Timestamp) -> Result<KeptToken, DeliveryError> {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    if status == 200
        && let (Some(value), Some(base_url)) = (text("access_token"), text("instance_url"))
        && base_url.starts_with("http")
    {
        let base_url = base_url.trim_end_matches('/').to_owned();
        return Ok(KeptToken { value: value.to_owned(), until: now.plus_ms(TOKEN_MS), base_url });
    }
    match (status, text("error")) {
        (400 | 401 | 403, Some(error)) => Err(refused(error, text("error_description").unwrap_or_default())),
        (400..=499, _) if status != 429 && status != 420 => Err(DeliveryError::config(
            "token_refused",
            "Salesforce answers the request for a token with an error: check `SALESFORCE_BASE_URL`",
        )),
        _ => Err(DeliveryError::retryable(
            "vendor_unavailable",
            retry_after_s.map(|seconds| seconds.saturating_mul(1_000)),
        )),
    }
}

/// What to change when no token is given. The vendor's description names no person.
fn refused(error: &str, description: &str) -> DeliveryError {
    let hint = match (error, description) {
        ("invalid_client_id" | "invalid_client", _) => "check `SALESFORCE_CLIENT_ID` and `SALESFORCE_CLIENT_SECRET`",
        (_, text) if text.contains("audience") => "check `SALESFORCE_AUDIENCE`: login or test, as the organisation is",
        (_, text) if text.contains("approved") => "let an administrator pre-authorise the user for the app",
        (_, text) if text.contains("no client credentials user") => "name a run-as user in the app",
        ("invalid_grant", _) => "check `SALESFORCE_USERNAME`, `SALESFORCE_JWT_KEY` and the certificate of the app",
        ("unsupported_grant_type", _) => "enable the flow in the app",
        _ => "check the app and its policies in Salesforce",
    };
    let is_code = error.len() <= 60 && error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let error = if is_code { error } else { "an error" };
    DeliveryError::config("token_refused", format!("Salesforce refuses a token ({error}): {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signed_text_is_pinned() {
        let grant = Grant::Signed {
            client_id: "CONSUMER_KEY".to_owned(),
            username: "router@example.com".to_owned(),
            audience: "https://login.salesforce.com".to_owned(),
            key: String::new(),
        };
        let text = signing_input(&grant, Timestamp::from_ms(1_767_323_045_000)).unwrap();
        let parts: Vec<Vec<u8>> = text.split('.').map(|part| Base64UrlUnpadded::decode_vec(part).unwrap()).collect();
        assert_eq!(parts[0], br#"{"alg":"RS256"}"#);
        assert_eq!(
            String::from_utf8(parts[1].clone()).unwrap(),
            r#"{"aud":"https://login.salesforce.com","exp":1767323165,"iss":"CONSUMER_KEY","sub":"router@example.com"}"#
        );
    }
}
