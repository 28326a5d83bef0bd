//! How often a form may be posted, counted by the platform.
//!
//! The counters are kept per place of the network and lag a little, so they stop floods and are no exact quota. A
//! deployment without the bindings has no limits, and counters that fail refuse nobody.

use crate::bindings::{log, platform};
use crate::http::respond::ApiError;
use lead_router_core::form::client_key;
use worker::Env;

/// Binding that counts the posts of one client.
const PER_CLIENT: &str = "FORM_POSTS_PER_CLIENT";
/// Binding that counts the posts to one form.
const PER_FORM: &str = "FORM_POSTS_PER_FORM";
/// Binding that counts the posts of one client, up to what people do within a minute.
const SOFT_LIMIT: &str = "FORM_POSTS_SOFT_LIMIT";
/// Header with the address of the client, set by the platform.
pub const ADDRESS: &str = "cf-connecting-ip";
/// When somebody over a limit may come again, in seconds: the period of both counters in `wrangler.toml`.
const RETRY_AFTER_S: u32 = 60;
/// Longest part of a form's id that is counted, in characters.
const FORM_CHARS_MAX: usize = 64;

/// Counts a post to a form. A request without an address is counted for its form alone.
///
/// # Errors
/// 429 with `Retry-After` when the client or the form is over its limit.
pub async fn form(env: &Env, address: Option<&str>, form_id: &str) -> Result<(), ApiError> {
    let form_key: String = form_id.chars().take(FORM_CHARS_MAX).collect();
    let client = address.map(|address| (PER_CLIENT, client_key(address)));
    for (binding, key) in client.into_iter().chain([(PER_FORM, form_key)]) {
        if !is_within(env, binding, &key).await {
            let message = "this form is sent too often at the moment; nothing was taken in, please send it again \
                in a minute";
            return Err(ApiError::new(429, "too_many_posts", message).retry_after(RETRY_AFTER_S));
        }
    }
    Ok(())
}

/// Whether a client posts more forms than people do; counts this one. `false` for a request without an address.
pub async fn is_one_of_many(env: &Env, address: Option<&str>) -> bool {
    match address {
        Some(address) => !is_within(env, SOFT_LIMIT, &client_key(address)).await,
        None => false,
    }
}

async fn is_within(env: &Env, binding: &str, key: &str) -> bool {
    platform::is_within(env, binding, key).await.unwrap_or_else(|error| {
        let detail = Some(error.detail.as_str());
        log::error(&log::LogLine { event: "limit.failed", code: Some(binding), detail, ..log::LogLine::default() });
        true
    })
}
