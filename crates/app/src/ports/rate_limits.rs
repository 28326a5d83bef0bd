//! How often vendors and providers are called, counted for the whole deployment.

use crate::ports::PortResult;
use lead_router_core::time::Timestamp;
use lead_router_core::vendor::rate_limit::{KeptToken, RefundRequest};
use lead_router_core::vendor::{AcquireRequest, AcquireResponse, TokenRequest, TokenResponse};
use std::fmt::Display;

/// The rate limiters, by name: one per vendor account, one per provider that the rubric limits ([`of_provider`]).
pub trait RateLimits {
    /// Asks to make one call.
    async fn acquire(&self, limiter: &str, request: &AcquireRequest) -> PortResult<AcquireResponse>;
    /// Blocks a bucket, because the vendor said that it is full.
    async fn block_until(&self, limiter: &str, bucket: &str, until: Timestamp) -> PortResult<()>;
    /// Says that a call that was counted cost nothing.
    async fn refund(&self, limiter: &str, refund: &RefundRequest) -> PortResult<()>;
    /// Asks for the vendor's token.
    async fn token(&self, limiter: &str, request: &TokenRequest) -> PortResult<TokenResponse>;
    /// Keeps a token that was fetched; `None` when fetching failed.
    async fn put_token(&self, limiter: &str, token: Option<&KeptToken>) -> PortResult<()>;
}

/// Name of a provider's limiter. No vendor has a name with `:`.
#[must_use]
pub fn of_provider(provider: impl Display) -> String {
    format!("provider:{provider}")
}
