//! One request to a provider, with its key or with the token that the key is exchanged for.

use crate::enrichment::hedging::send_twice;
use crate::enrichment::provider_call::{Ended, Health, ProviderCallContext, ended};
use crate::ports::messages::ProviderLookupResponse;
use crate::ports::rate_limits::RateLimits;
use crate::ports::{Clock, Http, HttpAnswer, HttpFailure};
use lead_router_core::enrichment::provider::{Reading, build_token, read_poll, read_token};
use lead_router_core::enrichment::waterfall::breaker::Ending;
use lead_router_core::enrichment::waterfall::results::NOT_ASKED;
use lead_router_core::http::HttpRequest;
use std::cell::RefCell;

/// What stands for the key in a request.
struct Credential {
    value: String,
    /// Whether it is a token from an earlier question, which the provider may refuse before its end.
    is_old: bool,
}

/// Sends the request that `make` makes of a key or token: for the result of a job when `is_result`. One with a token from an
/// earlier question that is answered 401 is sent once more with a new token; a second 401 is an answer like any other.
///
/// # Errors
/// How the question ends when there is no answer to it.
pub(crate) async fn send<W: Http + Clock + RateLimits>(
    asking: &ProviderCallContext<'_, W>,
    is_result: bool,
    make: impl Fn(&str) -> Option<HttpRequest>,
) -> Result<(HttpAnswer, Reading), Ended> {
    let first = pass(asking).await?;
    let answered = send_with(asking, is_result, make(&first.value)).await?;
    if answered.0.status != 401 || !first.is_old {
        return Ok(answered);
    }
    forget(asking.health, &first.value);
    let second = pass(asking).await?;
    send_with(asking, is_result, make(&second.value)).await
}

async fn send_with<W: Http + Clock + RateLimits>(
    asking: &ProviderCallContext<'_, W>,
    is_result: bool,
    request: Option<HttpRequest>,
) -> Result<(HttpAnswer, Reading), Ended> {
    let request = request.ok_or_else(|| (Ending::Answered, ProviderLookupResponse::failed(NOT_ASKED)))?;
    let description = asking.description;
    if is_result {
        let answer = asking.world.send(&request, description.timeout_ms).await.map_err(unanswered)?;
        let reading = read_poll(description, answer.status, &answer.body);
        return Ok((answer, reading));
    }
    send_twice(asking, &request).await.map_err(unanswered)
}

/// The token that is remembered, or a new one; for a provider without tokens the key itself. Questions that arrive
/// together may fetch one each: all of them are good.
async fn pass<W: Http + Clock>(asking: &ProviderCallContext<'_, W>) -> Result<Credential, Ended> {
    let ProviderCallContext { world, health, description, base_url, key, .. } = *asking;
    let Some(request) = build_token(description, base_url, key) else {
        return Ok(Credential { value: key.to_owned(), is_old: false });
    };
    let remembered = health.borrow().token.clone();
    if let Some(token) = remembered.filter(|token| token.is_good(world.now())) {
        return Ok(Credential { value: token.value, is_old: true });
    }
    let answer = world.send(&request, description.timeout_ms).await.map_err(unanswered)?;
    let now = world.now();
    let token = read_token(description, answer.status, &answer.body, now)
        .map_err(|reading| ended(description, &answer, reading, now))?;
    health.borrow_mut().token = Some(token.clone());
    Ok(Credential { value: token.value, is_old: false })
}

/// Forgets a token that was refused, unless another question has renewed it.
fn forget(health: &RefCell<Health>, refused: &str) {
    let mut health = health.borrow_mut();
    health.token = health.token.take().filter(|token| token.value != refused);
}

fn unanswered(failure: HttpFailure) -> Ended {
    match failure {
        HttpFailure::Timeout => (Ending::Fault, ProviderLookupResponse::failed("timeout")),
        HttpFailure::Unreachable => (Ending::Fault, ProviderLookupResponse::failed("unreachable")),
        HttpFailure::TooLarge => (Ending::Answered, ProviderLookupResponse::failed("too_large")),
    }
}
