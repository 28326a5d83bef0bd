//! One question to one provider about one subject, whoever asks: breaker, token, call, hedge request, reading.

use crate::enrichment::provider_token::{ProviderCallContext, send};
use crate::enrichment::website;
use crate::ports::messages::{
    PermitRequest, PermitResponse, ProviderLookupRequest, ProviderLookupResponse, RefundRequest,
};
use crate::ports::{CachedReading, Clock, Http, HttpAnswer, Pages, ProviderLimits};
use lead_router_core::enrichment::provider::{Description, Offer, Reading, VendorToken, build, build_poll};
use lead_router_core::enrichment::waterfall::breaker::{Breaker, Ending};
use lead_router_core::enrichment::waterfall::hedging::{Allowance, Hedge};
use lead_router_core::enrichment::waterfall::latency::ObservedLatency;
use lead_router_core::enrichment::waterfall::results::{
    CIRCUIT_OPEN, DAILY_CAP_REACHED, FOUND, NOT_ASKED, NOT_FOUND, NOT_SET_UP, PENDING, RATE_LIMITED, UNAVAILABLE,
};
use lead_router_core::error::Remedy;
use lead_router_core::facts::Fact;
use lead_router_core::http::HttpRequest;
use lead_router_core::time::Timestamp;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// What is remembered about a provider between calls.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// Whether it is asked at all.
    pub breaker: Breaker,
    /// How long it takes.
    pub latency: ObservedLatency,
    /// How many questions may be asked twice.
    pub allowance: Allowance,
    /// The token that its key was exchanged for, when it takes tokens and was asked before.
    pub token: Option<VendorToken>,
}

/// What happens with a question while it is under way.
#[derive(Debug)]
pub struct Progress {
    /// Whether a lead waits for the answer. When none does, nothing is paid for speed.
    pub is_awaited: Cell<bool>,
    /// Why a second request was sent.
    pub hedge: Cell<Option<Hedge>>,
}

impl Default for Progress {
    fn default() -> Self {
        Self { is_awaited: Cell::new(true), hedge: Cell::new(None) }
    }
}

/// How a question ends: for the breaker, and for who asked.
pub(super) type Ended = (Ending, ProviderLookupResponse);

/// Longest time for which a provider is asked whether it is done, in milliseconds.
pub const POLL_MS_MAX: i64 = 60_000;

/// Asks whichever provider the question names, as the kind of provider wants it. Never an error.
pub async fn look_up<W: Http + Pages + Clock + ProviderLimits>(
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
async fn ask_api<W: Http + Clock + ProviderLimits>(
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
        let refund = RefundRequest {
            provider: description.id.clone(),
            cost_usd_micros: description.cost_usd_micros,
            at: counted_at,
        };
        for _ in 0..uncharged(&looked_up) {
            let _ = world.refund(&refund).await;
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

/// Why a call may not be made, when the rubric limits the provider and the limit is reached. Without the count there is no
/// call: the money of the business is not spent on a guess.
pub(super) async fn refused<W: ProviderLimits + Clock>(
    world: &W,
    cost_usd_micros: u32,
    question: &ProviderLookupRequest,
) -> Option<&'static str> {
    let permit = PermitRequest {
        provider: question.provider.clone(),
        limit: question.limit?,
        cost_usd_micros,
        now: world.now(),
    };
    match world.permit(&permit).await {
        Ok(PermitResponse::Yes) => None,
        Ok(PermitResponse::RateLimited) => Some(RATE_LIMITED),
        Ok(PermitResponse::DailyCapReached) => Some(DAILY_CAP_REACHED),
        Err(_) => Some(UNAVAILABLE),
    }
}

/// One question with all the calls that it takes: a provider that needs time is asked again until it is done.
async fn call<W: Http + Clock + ProviderLimits>(
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

/// How a question ends with an answer that was read.
pub(super) fn ended(description: &Description, answer: &HttpAnswer, reading: Reading, now: Timestamp) -> Ended {
    let kept = |facts: BTreeMap<String, Fact>, seconds: u32, result: &str| {
        let until = now.plus_ms(i64::from(seconds).saturating_mul(1_000));
        let blocked = !matches!(result, FOUND | NOT_FOUND);
        let reading = CachedReading { facts, owner_rep_id: None, until, version: String::new(), blocked };
        (
            Ending::Answered,
            ProviderLookupResponse { reading: Some(reading), result: result.to_owned(), shared: false, hedge: None },
        )
    };
    match reading {
        Reading::Found(values) => {
            let fact = |value| Fact { value, provider: description.id.clone(), at: now };
            let facts = values.into_iter().map(|(field, value)| (field.path().to_owned(), fact(value))).collect();
            kept(facts, description.cache.found_s, FOUND)
        }
        Reading::NotFound => kept(BTreeMap::new(), description.cache.not_found_s, NOT_FOUND),
        Reading::Pending { .. } => (Ending::Answered, ProviderLookupResponse::failed(PENDING)),
        // The person objects to being looked up: that is remembered like a miss.
        Reading::Failed { code, remedy: Remedy::FixRequest } => {
            kept(BTreeMap::new(), description.cache.not_found_s, code)
        }
        Reading::Failed { code, remedy } => {
            (ending_of_failure(answer, code, remedy), ProviderLookupResponse::failed(code))
        }
    }
}

/// How a failure ends a question, for the breaker.
pub(super) fn ending_of_failure(answer: &HttpAnswer, code: &str, remedy: Remedy) -> Ending {
    match remedy {
        _ if answer.status == 429 => Ending::Busy(answer.retry_after_s.map(|seconds| seconds.saturating_mul(1_000))),
        Remedy::FixConfig if code == "provider_bad_request" => Ending::Answered,
        Remedy::FixConfig => Ending::Refused,
        _ => Ending::Fault,
    }
}
