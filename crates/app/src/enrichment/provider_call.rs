//! What the calls of one question to a provider share: where they go, what is remembered, and how they end.

use crate::ports::messages::{ProviderLookupRequest, ProviderLookupResponse};
use crate::ports::rate_limits::{RateLimits, of_provider};
use crate::ports::{CachedReading, Clock, HttpAnswer};
use lead_router_core::enrichment::provider::{Description, Reading, VendorToken};
use lead_router_core::enrichment::waterfall::breaker::{Breaker, Ending};
use lead_router_core::enrichment::waterfall::hedging::{Allowance, Hedge};
use lead_router_core::enrichment::waterfall::latency::ObservedLatency;
use lead_router_core::enrichment::waterfall::results::{
    DAILY_CAP_REACHED, FOUND, NOT_FOUND, PENDING, RATE_LIMITED, UNAVAILABLE,
};
use lead_router_core::error::Remedy;
use lead_router_core::facts::Fact;
use lead_router_core::time::Timestamp;
use lead_router_core::vendor::{AcquireRequest, AcquireResponse};
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

/// A question that is being asked: where it goes, with which secret, and what is known about the provider.
pub(crate) struct ProviderCallContext<'a, W> {
    pub(crate) world: &'a W,
    pub(crate) health: &'a RefCell<Health>,
    pub(crate) description: &'a Description,
    pub(crate) question: &'a ProviderLookupRequest,
    pub(crate) progress: &'a Progress,
    pub(crate) base_url: &'a str,
    pub(crate) key: &'a str,
}

/// Why a call may not be made, when the rubric limits the provider and the limit is reached. Without the count there is no
/// call: the money of the business is not spent on a guess.
pub(super) async fn refused<W: RateLimits + Clock>(
    world: &W,
    cost_usd_micros: u32,
    question: &ProviderLookupRequest,
) -> Option<&'static str> {
    let request = AcquireRequest::of_provider(&question.limit?, cost_usd_micros, world.now());
    match world.acquire(&of_provider(&question.provider), &request).await {
        Ok(AcquireResponse::Go) => None,
        Ok(AcquireResponse::Wait { .. }) => Some(RATE_LIMITED),
        Ok(AcquireResponse::DailyCapReached) => Some(DAILY_CAP_REACHED),
        Err(_) => Some(UNAVAILABLE),
    }
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
