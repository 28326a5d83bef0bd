//! One question to one provider about one subject, whoever asks: breaker, token, call, hedge request, reading.

use crate::enrichment::provider_call::{Ended, Health, Progress, ProviderCallContext, ended, refused};
use crate::enrichment::provider_token::send;
use crate::enrichment::website;
use crate::ports::messages::{ProviderLookupRequest, ProviderLookupResponse};
use crate::ports::rate_limits::{RateLimits, of_provider};
use crate::ports::{Clock, Http, Pages};
use lead_router_core::enrichment::provider::{Description, Offer, Reading, build, build_poll};
use lead_router_core::enrichment::waterfall::breaker::Ending;
use lead_router_core::enrichment::waterfall::hedging::Hedge;
use lead_router_core::enrichment::waterfall::results::{CIRCUIT_OPEN, FOUND, NOT_ASKED, NOT_SET_UP, PENDING};
use lead_router_core::http::HttpRequest;
use lead_router_core::vendor::rate_limit::RefundRequest;
use std::cell::RefCell;

/// Longest time for which a provider is asked whether it is done, in milliseconds.
pub const POLL_MS_MAX: i64 = 60_000;

/// Asks whichever provider the question names, as the kind of provider wants it. Never an error.
pub async fn look_up<W: Http + Pages + Clock + RateLimits>(
    world: &W,
    health: &RefCell<Health>,
    question: &ProviderLookupRequest,
    progress: &Progress,
) -> ProviderLookupResponse {
    match Offer::find(question.provider.as_str()) {
        Some(Offer::Api(description)) => ask_api(world, health, description, question, progress).await,
        Some(Offer::Website) => website::look_up(world, question).await,
        None => ProviderLookupResponse::failed(NOT_SET_UP),
    }
}

/// Asks an API. Never longer than the description and [`POLL_MS_MAX`] allow; never an error.
async fn ask_api<W: Http + Clock + RateLimits>(
    world: &W,
    health: &RefCell<Health>,
    description: &Description,
    question: &ProviderLookupRequest,
    progress: &Progress,
) -> ProviderLookupResponse {
    let missing = description.missing_setting(|name| world.setting(name));
    let Some(key) = world.setting(&description.key_setting).filter(|_| missing.is_none()) else {
        return ProviderLookupResponse::failed(NOT_SET_UP);
    };
    let Some(configured) = description.configured(|name| world.setting(name)) else {
        return ProviderLookupResponse::failed(NOT_SET_UP);
    };
    let description = configured.as_ref();
    let base_url = world.setting(&description.base_url_setting).unwrap_or_else(|| description.base_url.clone());
    let make = |job: Option<&str>, key: &str| match job {
        None => build(description, &question.facts, &question.contact, &base_url, key),
        Some(job) => build_poll(description, job, &base_url, key),
    };
    if make(None, &key).is_none() {
        return ProviderLookupResponse::failed(NOT_ASKED);
    }
    if !health.borrow_mut().breaker.admits(world.now()) {
        return ProviderLookupResponse::failed(CIRCUIT_OPEN);
    }
    if let Some(code) = refused(world, description.cost_usd_micros, question).await {
        // A call that is not made says nothing about the provider.
        health.borrow_mut().breaker.note(Ending::Unasked, world.now());
        return ProviderLookupResponse::failed(code);
    }
    let counted_at = world.now();
    let asking = ProviderCallContext { world, health, description, question, progress, base_url: &base_url, key: &key };
    let (ending, looked_up) = call(&asking, make).await;
    health.borrow_mut().breaker.note(ending, world.now());
    let hedge = progress.hedge.get();
    let looked_up = ProviderLookupResponse { hedge, ..looked_up };
    if question.limit.is_some() {
        let refund = RefundRequest { cost_usd_micros: description.cost_usd_micros, at: counted_at };
        let limiter = of_provider(&description.id);
        for _ in 0..uncharged(&looked_up) {
            let _ = world.refund(&limiter, &refund).await;
        }
    }
    looked_up
}

/// How many of the requests of a question are certainly not charged.
fn uncharged(looked_up: &ProviderLookupResponse) -> u32 {
    let may_be_charged = matches!(looked_up.result.as_str(), FOUND | PENDING | "timeout" | "unreachable" | "too_large");
    match looked_up.hedge {
        Some(Hedge::Failed) if may_be_charged => 1,
        _ if may_be_charged => 0,
        Some(_) => 2,
        None => 1,
    }
}

/// One question with all the calls that it takes: a provider that needs time is asked again until it is done.
async fn call<W: Http + Clock + RateLimits>(
    asking: &ProviderCallContext<'_, W>,
    make: impl Fn(Option<&str>, &str) -> Option<HttpRequest>,
) -> Ended {
    let ProviderCallContext { world, description, .. } = *asking;
    let give_up_at = world.now().plus_ms(POLL_MS_MAX);
    let mut job = None::<String>;
    let mut was_missed = false;
    for round in 0_u32.. {
        let (answer, reading) = match send(asking, job.is_some(), |key| make(job.as_deref(), key)).await {
            Ok(answered) => answered,
            Err(ended) => return ended,
        };
        let now = world.now();
        // A provider that may say "nothing" before it has begun is asked once more.
        let is_doubtful = job.is_some() && !was_missed && description.poll().is_some_and(|plan| plan.confirm_not_found);
        was_missed = reading == Reading::NotFound;
        match reading {
            Reading::Pending { job: named } => job = job.or(named),
            Reading::NotFound if is_doubtful => {}
            reading => return ended(description, &answer, reading, now),
        }
        let Some(plan) = description.poll().filter(|plan| job.is_some() || plan.repeats()) else {
            return (Ending::Answered, ProviderLookupResponse::failed(PENDING));
        };
        let pause_ms = if round == 0 { plan.first_after_ms } else { plan.every_ms };
        if now.plus_ms(pause_ms.into()) > give_up_at {
            return (Ending::Answered, ProviderLookupResponse::failed(PENDING));
        }
        world.pause(pause_ms).await;
    }
    (Ending::Answered, ProviderLookupResponse::failed(PENDING))
}
