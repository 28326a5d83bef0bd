//! One call to a vendor: within its limits, with its token, and what it means when no answer comes.

use crate::ports::crm::DeliveryResult;
use crate::ports::rate_limits::RateLimits;
use crate::ports::{Clock, Http, HttpAnswer, HttpFailure, Unavailable};
use lead_router_core::http::HttpRequest;
use lead_router_core::time::Timestamp;
use lead_router_core::vendor::rate_limit::KeptToken;
use lead_router_core::vendor::{AcquireRequest, AcquireResponse, Bucket, DeliveryError, TokenRequest, TokenResponse};

/// How long somebody waits, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct CallBudget {
    /// For the rate limiter: a lead that is being decided hardly waits, the queue consumer does.
    pub limiter_ms: u32,
    /// For an answer.
    pub answer_ms: u32,
    /// How much of each limit of the vendor is theirs, in hundredths: decisions in a burst must not use up what is needed
    /// to write them.
    pub share_percent: u32,
}

impl CallBudget {
    /// Of a sender who waits for the decision.
    pub const SENDER: Self = Self { limiter_ms: 300, answer_ms: 1_500, share_percent: 60 };
    /// Of the consumer of the queue: longer than the longest window of a vendor, which is ten seconds.
    pub const CONSUMER: Self = Self { limiter_ms: 20_000, answer_ms: 20_000, share_percent: 100 };
}

/// Code of a call that was not made, because the vendor's limits left no room for it in time.
pub const RATE_LIMITER_FULL: &str = "rate_limiter_full";

/// Longest single pause, in milliseconds: whoever waits asks the limiter again, because others wait too.
const PAUSE_MS_MAX: u32 = 2_000;

/// A vendor with an account of ours.
#[derive(Debug, Clone, Copy)]
pub struct VendorClient<'a, W> {
    /// The world.
    pub world: &'a W,
    /// Name of its rate limiter: `hubspot`, `salesforce`, `slack` …
    pub name: &'static str,
    /// How long the caller waits.
    pub budget: CallBudget,
}

impl<W: Http + Clock + RateLimits> VendorClient<'_, W> {
    /// Sends a request as soon as its buckets have room. Any answer of the vendor is `Ok`, a refusal too.
    ///
    /// # Errors
    /// [`DeliveryError::Retryable`]: `rate_limiter_full` when the caller's budget ends before there is room,
    /// `rate_limiter_unavailable` when the limiter cannot be reached (the call is not made then), `timeout` and `unreachable` without an answer, where it is not
    /// known whether the vendor did what was asked; `answer_too_large`.
    pub async fn send(&self, request: &HttpRequest, buckets: &[Bucket]) -> DeliveryResult<HttpAnswer> {
        self.wait(buckets).await?;
        self.world.send(request, self.budget.answer_ms).await.map_err(no_answer)
    }

    /// Waits until every bucket has room for one call.
    async fn wait(&self, buckets: &[Bucket]) -> DeliveryResult<()> {
        let began = self.world.now();
        let buckets = self.with_share(buckets);
        loop {
            let now = self.world.now();
            let acquired = self.world.acquire(self.name, &AcquireRequest::new(&buckets, now)).await;
            let ms = match acquired.map_err(no_limiter)? {
                AcquireResponse::Go => return Ok(()),
                AcquireResponse::Wait { ms } => ms,
                AcquireResponse::DailyCapReached => return Err(DeliveryError::retryable(RATE_LIMITER_FULL, None)),
            };
            let waited_ms = u32::try_from(now.ms_since(began)).unwrap_or(u32::MAX);
            if waited_ms.saturating_add(ms) > self.budget.limiter_ms {
                return Err(DeliveryError::retryable(RATE_LIMITER_FULL, Some(ms)));
            }
            self.world.pause(ms.clamp(1, PAUSE_MS_MAX)).await;
        }
    }

    /// The buckets and, for a caller with a share of each limit only, a narrower one beside each.
    fn with_share(&self, buckets: &[Bucket]) -> Vec<Bucket> {
        let mut all = buckets.to_vec();
        if self.budget.share_percent < 100 {
            all.extend(buckets.iter().map(|bucket| Bucket {
                name: format!("{}:decisions", bucket.name),
                max: bucket.max.saturating_mul(self.budget.share_percent).div_euclid(100).max(1),
                ..bucket.clone()
            }));
        }
        all
    }

    /// Blocks a bucket for so long, because the vendor said that it is full.
    pub async fn block_for(&self, bucket: &str, ms: u32) {
        let until = self.world.now().plus_ms(i64::from(ms));
        // When the limiter cannot be reached, the vendor says it again.
        let _ = self.world.block_until(self.name, bucket, until).await;
    }

    /// The token, fetched by `fetch` when nobody has a good one. `refused` is one that the vendor has just refused.
    ///
    /// # Errors
    /// What `fetch` says; `token_unavailable` when another caller fetches it for longer than this one waits, or the limiter
    /// cannot be reached.
    pub async fn token(
        &self,
        refused: Option<String>,
        fetch: impl AsyncFn() -> DeliveryResult<KeptToken>,
    ) -> DeliveryResult<(String, String)> {
        let began = self.world.now();
        let mut refused = refused;
        loop {
            let now = self.world.now();
            let ask = TokenRequest { refused: refused.take(), now };
            match self.world.token(self.name, &ask).await.map_err(no_limiter)? {
                TokenResponse::Use { value, base_url } => return Ok((value, base_url)),
                TokenResponse::Fetch => {
                    let fetched = fetch().await;
                    let kept = self.world.put_token(self.name, fetched.as_ref().ok()).await;
                    let token = fetched?;
                    // A token that could not be kept is as good as any; the next caller fetches another.
                    let _ = kept;
                    return Ok((token.value, token.base_url));
                }
                TokenResponse::Wait { ms } => {
                    if self.is_over_budget(began, now) {
                        return Err(DeliveryError::retryable("token_unavailable", None));
                    }
                    self.world.pause(ms.clamp(1, PAUSE_MS_MAX)).await;
                }
            }
        }
    }

    fn is_over_budget(&self, began: Timestamp, now: Timestamp) -> bool {
        now.ms_since(began) > i64::from(self.budget.answer_ms)
    }
}

/// What it means when no answer came.
#[must_use]
pub fn no_answer(failure: HttpFailure) -> DeliveryError {
    let code = match failure {
        HttpFailure::Timeout => "timeout",
        HttpFailure::Unreachable => "unreachable",
        HttpFailure::TooLarge => "answer_too_large",
    };
    DeliveryError::retryable(code, None)
}

fn no_limiter(_: Unavailable) -> DeliveryError {
    // No call without a limiter: keeping the limit is worth more than the call.
    DeliveryError::retryable("rate_limiter_unavailable", None)
}
