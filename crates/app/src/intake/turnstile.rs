//! Asking Cloudflare whether a person filled in a form.

use crate::ports::Http;
use lead_router_core::form::turnstile::{BASE_URL, TurnstileRequest, Verdict, read, request};
use std::collections::BTreeSet;

/// Secret of the widget.
pub const SECRET: &str = "TURNSTILE_SECRET";
/// Another address of Cloudflare's service, for a proxy or a test.
const BASE_URL_SETTING: &str = "TURNSTILE_BASE_URL";
/// How often a token is checked when Cloudflare cannot say.
const TRIES: u32 = 2;
/// Longest wait for one answer, in milliseconds. Twice of it is what a person who presses a button still waits for.
const TIMEOUT_MS: u32 = 1_500;

/// A token, and what belongs to it.
pub struct TurnstileOutcome<'a> {
    /// The token.
    pub token: &'a str,
    /// Address of the person, when it is known.
    pub address: Option<&'a str>,
    /// What tells this submission from others.
    pub submission: &'a str,
    /// Hosts of the pages that may show the widget; none means all.
    pub hosts: BTreeSet<&'a str>,
}

/// Checks a token, up to two times. Without a secret the verdict is [`Verdict::Misconfigured`].
pub async fn verify<W: Http>(world: &W, shown: &TurnstileOutcome<'_>, key: &[u8]) -> Verdict {
    let Some(secret) = world.setting(SECRET) else { return Verdict::Misconfigured };
    let base_url = world.setting(BASE_URL_SETTING).unwrap_or_else(|| BASE_URL.to_owned());
    let TurnstileOutcome { token, address, submission, .. } = *shown;
    let request = request(&base_url, &TurnstileRequest { secret: &secret, token, address, submission, key });
    for _ in 0..TRIES {
        if let Ok(answer) = world.send(&request, TIMEOUT_MS).await {
            match read(answer.status, &answer.body, &shown.hosts) {
                Verdict::Unavailable => {}
                verdict => return verdict,
            }
        }
    }
    Verdict::Unavailable
}
