//! The rate limiter: how often a vendor or provider may be called, what it may cost, and the vendor's token.
//!
//! One object per vendor account, and one per provider that the rubric limits. What it let through is stored before the
//! caller hears of it, so a restart gives nothing away.

use crate::bindings::objects::{RATE_LIMITER, call, parsed};
use crate::bindings::world::World;
use lead_router_app::ports::rate_limits::{RateLimits, of_provider};
use lead_router_app::ports::{Clock, PortResult, Unavailable};
use lead_router_core::time::Timestamp;
use lead_router_core::vendor::rate_limit::{KeptToken, RefundRequest};
use lead_router_core::vendor::{
    AcquireRequest, AcquireResponse, DailyUsage, LimiterState, TokenRequest, TokenResponse,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// Key of the limits in the storage.
const STORED: &str = "limits";

/// The Durable Object.
#[durable_object(fetch)]
#[derive(Debug)]
pub struct RateLimiter {
    state: State,
    /// What is stored; read on first use.
    limits: RefCell<Option<LimiterState>>,
}

/// Blocks a bucket.
#[derive(Debug, Serialize, Deserialize)]
struct BlockRequest {
    bucket: String,
    until: Timestamp,
}

impl DurableObject for RateLimiter {
    fn new(state: State, _env: Env) -> Self {
        Self { state, limits: RefCell::default() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let path = request.path();
        let body = request.bytes().await?;
        match self.answer(path.trim_start_matches('/'), &body).await {
            Ok(text) => Response::ok(text),
            Err(error) => Ok(Response::ok(error.detail)?.with_status(503)),
        }
    }
}

impl RateLimiter {
    async fn answer(&self, question: &str, body: &[u8]) -> PortResult<String> {
        self.read().await?;
        // From here to the write nothing is awaited, so no two callers pass together.
        let (answer, stored) = {
            let mut kept = self.limits.borrow_mut();
            let limits = kept.get_or_insert_default();
            let before = limits.clone();
            let answer = match question {
                "acquire" => json(&limits.acquire(&parse::<AcquireRequest>(body)?)),
                "block_until" => {
                    let block: BlockRequest = parse(body)?;
                    limits.block_until(&block.bucket, block.until);
                    json(&())
                }
                "refund" => {
                    limits.refund(&parse::<RefundRequest>(body)?);
                    json(&())
                }
                "today" => json(&limits.today(parse(body)?)),
                "token" => json(&limits.token(&parse::<TokenRequest>(body)?)),
                "put_token" => {
                    limits.put_token(parse(body)?);
                    json(&())
                }
                _ => Err(failed("unknown question")),
            }?;
            (answer, if *limits == before { None } else { Some(json(limits)?) })
        };
        if let Some(text) = stored {
            self.state.storage().put(STORED, &text).await.map_err(failed)?;
        }
        Ok(answer)
    }

    async fn read(&self) -> PortResult<()> {
        if self.limits.borrow().is_some() {
            return Ok(());
        }
        let stored = self.state.storage().get::<String>(STORED).await.map_err(failed)?;
        let limits = match stored {
            Some(text) => parse(text.as_bytes())?,
            None => LimiterState::default(),
        };
        // Another question may have read it meanwhile, and counted.
        self.limits.borrow_mut().get_or_insert(limits);
        Ok(())
    }
}

fn failed(error: impl ToString) -> Unavailable {
    Unavailable::new("rate_limiter", error.to_string())
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> PortResult<T> {
    parsed("rate_limiter", body)
}

fn json<T: Serialize>(value: &T) -> PortResult<String> {
    serde_json::to_string(value).map_err(failed)
}

impl RateLimits for World {
    async fn acquire(&self, limiter: &str, request: &AcquireRequest) -> PortResult<AcquireResponse> {
        call(&self.env, RATE_LIMITER, limiter, "acquire", request).await
    }

    async fn block_until(&self, limiter: &str, bucket: &str, until: Timestamp) -> PortResult<()> {
        let block = BlockRequest { bucket: bucket.to_owned(), until };
        call(&self.env, RATE_LIMITER, limiter, "block_until", &block).await
    }

    async fn refund(&self, limiter: &str, refund: &RefundRequest) -> PortResult<()> {
        call(&self.env, RATE_LIMITER, limiter, "refund", refund).await
    }

    async fn token(&self, limiter: &str, request: &TokenRequest) -> PortResult<TokenResponse> {
        call(&self.env, RATE_LIMITER, limiter, "token", request).await
    }

    async fn put_token(&self, limiter: &str, token: Option<&KeptToken>) -> PortResult<()> {
        call(&self.env, RATE_LIMITER, limiter, "put_token", &token).await
    }
}

/// What a provider was asked today, and what that cost.
///
/// # Errors
/// [`Unavailable`] when the object cannot be reached.
pub async fn today(world: &World, provider: &str) -> PortResult<DailyUsage> {
    call(&world.env, RATE_LIMITER, &of_provider(provider), "today", &world.now()).await
}
