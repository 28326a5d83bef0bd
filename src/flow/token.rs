//! One request to a provider, with its key or with the token that the key is exchanged for.

use super::look_up::{Ended, Health, ended, hedge_after_ms};
use crate::domain::http::HttpRequest;
use crate::domain::provider::{Description, build_token, read_token};
use crate::domain::waterfall::breaker::Ending;
use crate::domain::waterfall::results::NOT_ASKED;
use crate::ports::messages::LookedUp;
use crate::ports::{Clock, Http, HttpAnswer, HttpFailure};
use std::cell::RefCell;

/// Where requests go, and the secret of the provider.
#[derive(Clone, Copy)]
pub(super) struct Access<'a> {
    pub(super) base_url: &'a str,
    pub(super) key: &'a str,
}

/// What stands for the key in a request.
struct Pass {
    value: String,
    /// Whether it is a token from an earlier question, which the provider may refuse before its end.
    is_old: bool,
}

/// Sends the request that `make` makes of a key or token. One with a token from an earlier question that is answered 401
/// is sent once more with a new token; a second 401 is an answer like any other.
///
/// # Errors
/// How the question ends when there is no answer to it.
pub(super) async fn send<W: Http + Clock>(
    world: &W,
    health: &RefCell<Health>,
    description: &Description,
    access: Access<'_>,
    make: impl Fn(&str) -> Option<HttpRequest>,
) -> Result<HttpAnswer, Ended> {
    let first = pass(world, health, description, access).await?;
    let answer = send_with(world, health, description, make(&first.value)).await?;
    if answer.status != 401 || !first.is_old {
        return Ok(answer);
    }
    forget(health, &first.value);
    let second = pass(world, health, description, access).await?;
    send_with(world, health, description, make(&second.value)).await
}

async fn send_with<W: Http + Clock>(
    world: &W,
    health: &RefCell<Health>,
    description: &Description,
    request: Option<HttpRequest>,
) -> Result<HttpAnswer, Ended> {
    let request = request.ok_or_else(|| (Ending::Answered, LookedUp::failed(NOT_ASKED)))?;
    let asked_at = world.now();
    let hedge_after_ms = hedge_after_ms(health, description);
    let answer = world.send(&request, description.timeout_ms, hedge_after_ms).await.map_err(unanswered)?;
    let ms = u32::try_from(world.now().ms_since(asked_at)).unwrap_or(0);
    health.borrow_mut().latency.note(ms);
    Ok(answer)
}

/// The token that is remembered, or a new one; for a provider without tokens the key itself. Questions that arrive
/// together may fetch one each: all of them are good.
async fn pass<W: Http + Clock>(
    world: &W,
    health: &RefCell<Health>,
    description: &Description,
    access: Access<'_>,
) -> Result<Pass, Ended> {
    let Some(request) = build_token(description, access.base_url, access.key) else {
        return Ok(Pass { value: access.key.to_owned(), is_old: false });
    };
    let remembered = health.borrow().token.clone();
    if let Some(token) = remembered.filter(|token| token.is_good(world.now())) {
        return Ok(Pass { value: token.value, is_old: true });
    }
    let answer = world.send(&request, description.timeout_ms, None).await.map_err(unanswered)?;
    let now = world.now();
    let token = read_token(description, answer.status, &answer.body, now)
        .map_err(|reading| ended(description, &answer, reading, now))?;
    health.borrow_mut().token = Some(token.clone());
    Ok(Pass { value: token.value, is_old: false })
}

/// Forgets a token that was refused, unless another question has renewed it.
fn forget(health: &RefCell<Health>, refused: &str) {
    let mut health = health.borrow_mut();
    health.token = health.token.take().filter(|token| token.value != refused);
}

fn unanswered(failure: HttpFailure) -> Ended {
    match failure {
        HttpFailure::Timeout => (Ending::Fault, LookedUp::failed("timeout")),
        HttpFailure::Unreachable => (Ending::Fault, LookedUp::failed("unreachable")),
        HttpFailure::TooLarge => (Ending::Answered, LookedUp::failed("too_large")),
    }
}
