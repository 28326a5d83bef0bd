//! One question to one provider about one subject, whoever asks: breaker, token, hedge, call, reading.

use super::token::{Access, send};
use super::website;
use crate::domain::error::Remedy;
use crate::domain::facts::Fact;
use crate::domain::http::HttpRequest;
use crate::domain::provider::{Description, Offer, Reading, Token, build, build_poll, read, read_poll};
use crate::domain::time::Timestamp;
use crate::domain::waterfall::breaker::{Breaker, Ending};
use crate::domain::waterfall::latency::Latency;
use crate::domain::waterfall::results::{
    DAY_SPENT, FOUND, LEFT_ALONE, NOT_ASKED, NOT_FOUND, NOT_SET_UP, PENDING, TOO_FAST, UNAVAILABLE,
};
use crate::ports::messages::{LookUp, LookedUp, Permit, Permitted, Refund};
use crate::ports::{CachedReading, Clock, Http, HttpAnswer, Meters, Pages};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Percentile of a provider's answers after which a second request is sent for one that has not come.
const HEDGE_PERCENTILE: usize = 95;

/// What is remembered about a provider between calls.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// Whether it is asked at all.
    pub breaker: Breaker,
    /// How long it takes.
    pub latency: Latency,
    /// The token that its key was exchanged for, when it takes tokens and was asked before.
    pub token: Option<Token>,
}

/// How a question ends: for the breaker, and for who asked.
pub(super) type Ended = (Ending, LookedUp);

/// Longest time for which a provider is asked whether it is done, in milliseconds.
pub const POLL_MS_MAX: i64 = 60_000;

/// Asks whichever provider the question names, as the kind of provider wants it. Never an error.
pub async fn look_up<W: Http + Pages + Clock + Meters>(
    world: &W,
    health: &RefCell<Health>,
    question: &LookUp,
) -> LookedUp {
    match Offer::find(question.provider.as_str()) {
        Some(Offer::Api(description)) => ask_api(world, health, description, question).await,
        Some(Offer::Website) => website::look_up(world, question).await,
        None => LookedUp::failed(NOT_SET_UP),
    }
}

/// Asks an API. Never longer than the description and [`POLL_MS_MAX`] allow; never an error.
async fn ask_api<W: Http + Clock + Meters>(
    world: &W,
    health: &RefCell<Health>,
    description: &Description,
    question: &LookUp,
) -> LookedUp {
    let Some(key) = world.setting(&description.key_setting) else {
        return LookedUp::failed(NOT_SET_UP);
    };
    let Some(configured) = description.configured(|name| world.setting(name)) else {
        return LookedUp::failed(NOT_SET_UP);
    };
    let description = configured.as_ref();
    let base_url = world.setting(&description.base_url_setting).unwrap_or_else(|| description.base_url.clone());
    let make = |job: Option<&str>, key: &str| match job {
        None => build(description, &question.facts, &question.contact, &base_url, key),
        Some(job) => build_poll(description, job, &base_url, key),
    };
    if make(None, &key).is_none() {
        return LookedUp::failed(NOT_ASKED);
    }
    if !health.borrow_mut().breaker.admits(world.now()) {
        return LookedUp::failed(LEFT_ALONE);
    }
    if let Some(code) = refused(world, description.cost_usd_micros, question).await {
        // A call that is not made says nothing about the provider.
        health.borrow_mut().breaker.note(Ending::Unasked, world.now());
        return LookedUp::failed(code);
    }
    let counted_at = world.now();
    let access = Access { base_url: &base_url, key: &key };
    let (ending, looked_up) = call(world, health, description, access, make).await;
    health.borrow_mut().breaker.note(ending, world.now());
    let may_be_charged = matches!(looked_up.result.as_str(), FOUND | PENDING | "timeout" | "unreachable" | "too_large");
    if question.limit.is_some() && !may_be_charged {
        let refund =
            Refund { provider: description.id.clone(), cost_usd_micros: description.cost_usd_micros, at: counted_at };
        let _ = world.refund(&refund).await;
    }
    looked_up
}

/// Why a call may not be made, when the rubric limits the provider and the limit is reached. Without the count there is no
/// call: the money of the business is not spent on a guess.
pub(super) async fn refused<W: Meters + Clock>(
    world: &W,
    cost_usd_micros: u32,
    question: &LookUp,
) -> Option<&'static str> {
    let permit =
        Permit { provider: question.provider.clone(), limit: question.limit?, cost_usd_micros, now: world.now() };
    match world.permit(&permit).await {
        Ok(Permitted::Yes) => None,
        Ok(Permitted::TooFast) => Some(TOO_FAST),
        Ok(Permitted::DaySpent) => Some(DAY_SPENT),
        Err(_) => Some(UNAVAILABLE),
    }
}

/// One question with all the calls that it takes: a provider that needs time is asked again until it is done.
async fn call<W: Http + Clock>(
    world: &W,
    health: &RefCell<Health>,
    description: &Description,
    access: Access<'_>,
    make: impl Fn(Option<&str>, &str) -> Option<HttpRequest>,
) -> Ended {
    let give_up_at = world.now().plus_ms(POLL_MS_MAX);
    let mut job = None::<String>;
    let mut was_missed = false;
    for round in 0_u32.. {
        let answer = match send(world, health, description, access, |key| make(job.as_deref(), key)).await {
            Ok(answer) => answer,
            Err(ended) => return ended,
        };
        let now = world.now();
        let reading = match &job {
            Some(_) => read_poll(description, answer.status, &answer.body),
            None => read(description, answer.status, &answer.body),
        };
        // A provider that may say "nothing" before it has begun is asked once more.
        let is_doubtful = job.is_some() && !was_missed && description.poll().is_some_and(|plan| plan.confirm_not_found);
        was_missed = reading == Reading::NotFound;
        match reading {
            Reading::Pending { job: named } => job = job.or(named),
            Reading::NotFound if is_doubtful => {}
            reading => return ended(description, &answer, reading, now),
        }
        let Some(plan) = description.poll().filter(|plan| job.is_some() || plan.repeats()) else {
            return (Ending::Answered, LookedUp::failed(PENDING));
        };
        let pause_ms = if round == 0 { plan.first_after_ms } else { plan.every_ms };
        if now.plus_ms(pause_ms.into()) > give_up_at {
            return (Ending::Answered, LookedUp::failed(PENDING));
        }
        world.pause(pause_ms).await;
    }
    (Ending::Answered, LookedUp::failed(PENDING))
}

/// When a second request is sent: after nearly all answers so far, or what the description expects. A request that starts
/// work at the provider is never sent twice.
pub(super) fn hedge_after_ms(health: &RefCell<Health>, description: &Description) -> Option<u32> {
    if description.poll().is_some() {
        return None;
    }
    let observed = health.borrow().latency.percentile(HEDGE_PERCENTILE);
    observed.or(description.latency.map(|latency| latency.p95_ms))
}

/// How a question ends with an answer that was read.
pub(super) fn ended(description: &Description, answer: &HttpAnswer, reading: Reading, now: Timestamp) -> Ended {
    let kept = |facts: BTreeMap<String, Fact>, seconds: u32, result: &str| {
        let until = now.plus_ms(i64::from(seconds).saturating_mul(1_000));
        let blocked = !matches!(result, FOUND | NOT_FOUND);
        let reading = CachedReading { facts, owner_rep_id: None, until, version: String::new(), blocked };
        (Ending::Answered, LookedUp { reading: Some(reading), result: result.to_owned(), shared: false })
    };
    match reading {
        Reading::Found(values) => {
            let fact = |value| Fact { value, provider: description.id.clone(), at: now };
            let facts = values.into_iter().map(|(field, value)| (field.path().to_owned(), fact(value))).collect();
            kept(facts, description.cache.found_s, FOUND)
        }
        Reading::NotFound => kept(BTreeMap::new(), description.cache.not_found_s, NOT_FOUND),
        Reading::Pending { .. } => (Ending::Answered, LookedUp::failed(PENDING)),
        // The person objects to being looked up: that is remembered like a miss.
        Reading::Failed { code, remedy: Remedy::FixRequest } => {
            kept(BTreeMap::new(), description.cache.not_found_s, code)
        }
        Reading::Failed { code, remedy } => {
            let ending = match remedy {
                _ if answer.status == 429 => {
                    Ending::Busy(answer.retry_after_s.map(|seconds| seconds.saturating_mul(1_000)))
                }
                Remedy::FixConfig if code == "provider_bad_request" => Ending::Answered,
                Remedy::FixConfig => Ending::Refused,
                _ => Ending::Fault,
            };
            (ending, LookedUp::failed(code))
        }
    }
}
