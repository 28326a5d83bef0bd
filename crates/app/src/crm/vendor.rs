//! One call to a vendor: through its gate, with its token, and what an answer that is none means.

use crate::ports::crm::{DeliveryResult, VendorLimits};
use crate::ports::{Clock, Http, HttpAnswer, HttpFailure, Unavailable};
use lead_router_core::http::HttpRequest;
use lead_router_core::time::Timestamp;
use lead_router_core::vendor::rate_limit::KeptToken;
use lead_router_core::vendor::{AcquireRequest, AcquireResponse, Bucket, DeliveryError, TokenRequest, TokenResponse};

/// How long somebody waits, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct CallBudget {
    /// Before the gate: a lead that is being decided waits hardly at all, the consumer of the queue does.
    pub gate_ms: u32,
    /// For an answer.
    pub answer_ms: u32,
    /// How much of each limit of the vendor is theirs, in hundredths: decisions in a burst must not use up what is needed
    /// to write them.
    pub share_percent: u32,
}

impl CallBudget {
    /// Of a sender who waits for the decision.
    pub const SENDER: Self = Self { gate_ms: 300, answer_ms: 1_500, share_percent: 60 };
    /// Of the consumer of the queue: longer than the longest window of a vendor, which is ten seconds.
    pub const CONSUMER: Self = Self { gate_ms: 20_000, answer_ms: 20_000, share_percent: 100 };
}

/// Code of a call whose turn does not come while its caller has patience. It was not made.
pub const GATE_FULL: &str = "gate_full";

/// Longest single pause before the gate, in milliseconds: whoever waits asks again, because others wait too.
const PAUSE_MS_MAX: u32 = 2_000;

/// A vendor with an account of ours.
#[derive(Debug, Clone, Copy)]
pub struct VendorClient<'a, W> {
    /// The world.
    pub world: &'a W,
    /// Name of its gate: `hubspot`, `salesforce`, `slack` …
    pub name: &'static str,
    /// How long the caller waits.
    pub patience: CallBudget,
}

impl<W: Http + Clock + VendorLimits> VendorClient<'_, W> {
    /// Sends a request when its lanes let it through; any answer of the vendor is an answer, also one that refuses.
    ///
    /// # Errors
    /// [`DeliveryError::Retryable`]: `gate_full` when the caller's patience ends before the gate opens, `gate_unavailable` when the
    /// gate cannot be asked (the call is not made then), `timeout` and `unreachable` without an answer, where it is not
    /// known whether the vendor did what was asked; `answer_too_large`.
    pub async fn send(&self, request: &HttpRequest, lanes: &[Bucket]) -> DeliveryResult<HttpAnswer> {
        self.wait(lanes).await?;
        self.world.send(request, self.patience.answer_ms).await.map_err(no_answer)
    }

    /// Waits until every lane lets one call through.
    async fn wait(&self, lanes: &[Bucket]) -> DeliveryResult<()> {
        let began = self.world.now();
        let lanes = self.with_share(lanes);
        loop {
            let now = self.world.now();
            let passed = self.world.pass(self.name, &AcquireRequest { lanes: lanes.to_vec(), now }).await;
            let AcquireResponse::Wait { ms } = passed.map_err(|error| no_gate(&error))? else {
                return Ok(());
            };
            let waited_ms = u32::try_from(now.ms_since(began)).unwrap_or(u32::MAX);
            if waited_ms.saturating_add(ms) > self.patience.gate_ms {
                return Err(DeliveryError::retryable(GATE_FULL, Some(ms)));
            }
            self.world.pause(ms.clamp(1, PAUSE_MS_MAX)).await;
        }
    }

    /// The lanes, and for whoever has a part of each limit only, a narrower lane beside each.
    fn with_share(&self, lanes: &[Bucket]) -> Vec<Bucket> {
        let mut all = lanes.to_vec();
        if self.patience.share_percent < 100 {
            all.extend(lanes.iter().map(|lane| Bucket {
                name: format!("{}:decisions", lane.name),
                max: lane.max.saturating_mul(self.patience.share_percent).div_euclid(100).max(1),
                ..lane.clone()
            }));
        }
        all
    }

    /// Closes a lane for so long, because the vendor said that it is full.
    pub async fn hold(&self, lane: &str, ms: u32) {
        let until = self.world.now().plus_ms(i64::from(ms));
        // When the gate cannot be reached, the vendor says it again.
        let _ = self.world.hold(self.name, lane, until).await;
    }

    /// The token, fetched by `fetch` when nobody has a good one. `refused` is one that the vendor has just refused.
    ///
    /// # Errors
    /// What `fetch` says; `token_unavailable` when another caller fetches it for longer than this one waits, or the gate
    /// cannot be asked.
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
            match self.world.token(self.name, &ask).await.map_err(|error| no_gate(&error))? {
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
                    if self.has_no_patience(began, now) {
                        return Err(DeliveryError::retryable("token_unavailable", None));
                    }
                    self.world.pause(ms.clamp(1, PAUSE_MS_MAX)).await;
                }
            }
        }
    }

    fn has_no_patience(&self, began: Timestamp, now: Timestamp) -> bool {
        now.ms_since(began) > i64::from(self.patience.answer_ms)
    }
}

/// What it means that no answer came.
#[must_use]
pub fn no_answer(failure: HttpFailure) -> DeliveryError {
    let code = match failure {
        HttpFailure::Timeout => "timeout",
        HttpFailure::Unreachable => "unreachable",
        HttpFailure::TooLarge => "answer_too_large",
    };
    DeliveryError::retryable(code, None)
}

fn no_gate(error: &Unavailable) -> DeliveryError {
    // A vendor is never called past its gate: the limit is worth more than the call.
    let _ = error;
    DeliveryError::retryable("gate_unavailable", None)
}
