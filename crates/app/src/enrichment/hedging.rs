//! One request to a provider, and a second one when that is worth it.

use crate::enrichment::provider_call::{ProviderCallContext, ending_of_failure, refused};
use crate::ports::rate_limits::RateLimits;
use crate::ports::{Clock, Http, HttpAnswer, HttpFailure};
use futures_util::future::{Either, select};
use lead_router_core::enrichment::provider::{Reading, read};
use lead_router_core::enrichment::waterfall::breaker::Ending;
use lead_router_core::enrichment::waterfall::hedging::{
    Hedge, asked_twice_after_ms, asked_twice_percent, tried_again_after_ms,
};
use lead_router_core::enrichment::waterfall::latency::percentile;
use lead_router_core::error::Remedy;
use lead_router_core::http::HttpRequest;
use lead_router_core::time::Timestamp;
use std::pin::pin;

/// An answer and what it says, or why there is none.
type HedgedAnswer = Result<(HttpAnswer, Reading), HttpFailure>;

/// Sends a first request for an answer. When the answer takes long, or is a failure that another try may mend, the request is
/// sent once more, and the first answer that is none counts. Both together take no longer than the description allows for one.
///
/// One question has one second request at most. A request that starts a job has none: the job may have begun. Neither has a
/// try whether the provider is back.
pub(crate) async fn send_twice<W: Http + Clock + RateLimits>(
    asking: &ProviderCallContext<'_, W>,
    request: &HttpRequest,
) -> HedgedAnswer {
    let ProviderCallContext { world, health, description, progress, .. } = *asking;
    let round = HedgeRound { asking, request, started_at: world.now() };
    let times = health.borrow().latency.times(description.latency);
    let percent = asked_twice_percent(asking.question.prefer, description.cost_usd_micros);
    health.borrow_mut().allowance.earn(percent);
    let is_job = description.poll().is_some_and(|plan| !plan.repeats());
    let is_once = is_job || progress.hedge.get().is_some() || health.borrow().breaker.is_trying();
    let after_ms = asked_twice_after_ms(&times, percent).filter(|_| !is_once);
    let answered = round.answer(after_ms).await;
    if is_once || progress.hedge.get().is_some() {
        return answered;
    }
    let usual_ms = percentile(times, 50).unwrap_or(description.timeout_ms);
    round.again(answered, usual_ms).await
}

/// A request that may be sent twice.
struct HedgeRound<'a, W> {
    asking: &'a ProviderCallContext<'a, W>,
    request: &'a HttpRequest,
    started_at: Timestamp,
}

impl<W: Http + Clock + RateLimits> HedgeRound<'_, W> {
    fn passed_ms(&self) -> u32 {
        u32::try_from(self.asking.world.now().ms_since(self.started_at)).unwrap_or(0)
    }

    fn left_ms(&self) -> u32 {
        self.asking.description.timeout_ms.saturating_sub(self.passed_ms())
    }

    fn note(&self, ms: u32) {
        self.asking.health.borrow_mut().latency.note(ms);
    }

    async fn send(&self) -> HedgedAnswer {
        let ProviderCallContext { world, description, .. } = *self.asking;
        let answer = world.send(self.request, self.left_ms()).await?;
        let reading = read(description, answer.status, &answer.body);
        Ok((answer, reading))
    }

    /// The answer to the first request, or to a second one that is sent when there is none after so many milliseconds.
    async fn answer(&self, after_ms: Option<u32>) -> HedgedAnswer {
        let ProviderCallContext { world, progress, .. } = *self.asking;
        let mut first = pin!(self.send());
        let pause_ms = after_ms.filter(|after_ms| *after_ms < self.left_ms());
        let early = match pause_ms {
            None => Some(first.as_mut().await),
            Some(pause_ms) => match select(first.as_mut(), pin!(world.pause(pause_ms))).await {
                Either::Left((answered, _)) => Some(answered),
                Either::Right(_) => None,
            },
        };
        if early.is_some() || !progress.is_awaited.get() || !self.may_ask_twice().await {
            let answered = match early {
                Some(answered) => answered,
                None => first.await,
            };
            if answered.is_ok() {
                self.note(self.passed_ms());
            }
            return answered;
        }
        progress.hedge.set(Some(Hedge::Slow));
        let second = pin!(self.send());
        let (answered, other) = match select(first, second).await {
            Either::Left((answered, second)) => {
                self.note(self.passed_ms());
                (answered, second)
            }
            Either::Right((answered, first)) => {
                // Nobody will know how long the first would have taken. Where answers have a long tail, about as long again.
                self.note(self.passed_ms().saturating_mul(2));
                (answered, first)
            }
        };
        if !is_failure(ending(&answered)) {
            return answered;
        }
        let late = other.await;
        if late.is_ok() { late } else { answered }
    }

    /// What another try comes to, when the first failed and a second may do better.
    async fn again(&self, answered: HedgedAnswer, usual_ms: u32) -> HedgedAnswer {
        let ProviderCallContext { world, health, progress, .. } = *self.asking;
        let ending = ending(&answered);
        let pause_ms = tried_again_after_ms(ending, usual_ms, self.left_ms()).filter(|_| progress.is_awaited.get());
        let Some(pause_ms) = pause_ms else { return answered };
        if pause_ms > 0 {
            // Nor does anybody else ask meanwhile.
            health.borrow_mut().breaker.note(ending, world.now());
            world.pause(pause_ms).await;
        }
        if !self.may_be_called().await {
            return answered;
        }
        progress.hedge.set(Some(Hedge::Failed));
        self.send().await
    }

    /// Whether a second request may be sent because the answer takes long.
    async fn may_ask_twice(&self) -> bool {
        let has_one = self.asking.health.borrow_mut().allowance.spend();
        has_one && self.may_be_called().await
    }

    /// Whether one more request is within the limits of the rubric.
    async fn may_be_called(&self) -> bool {
        let ProviderCallContext { world, description, question, .. } = *self.asking;
        refused(world, description.cost_usd_micros, question).await.is_none()
    }
}

/// How a request ended, for the breaker. A time that is over is not a failure that another try could mend.
fn ending(answered: &HedgedAnswer) -> Ending {
    match answered {
        Ok((_, Reading::Failed { remedy: Remedy::FixRequest, .. })) => Ending::Answered,
        Ok((answer, Reading::Failed { code, remedy })) => ending_of_failure(answer, code, *remedy),
        Err(HttpFailure::Unreachable) => Ending::Fault,
        Ok(_) | Err(HttpFailure::Timeout | HttpFailure::TooLarge) => Ending::Answered,
    }
}

/// Whether the other of two requests may do better.
const fn is_failure(ending: Ending) -> bool {
    matches!(ending, Ending::Fault | Ending::Busy(_))
}
