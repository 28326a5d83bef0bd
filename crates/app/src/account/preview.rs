//! Asking without effect: the same questions, and nothing is counted or remembered.

use crate::ports::messages::{ClaimRequest, ClaimResponse, PickResponse, ReleaseRequest};
use crate::ports::{AccountShards, PortResult, RepPools};
use lead_router_core::roster::model::PickRequest;

/// Who decides about a lead of another account: the part of [`AccountShards`] that a decision needs.
pub(super) trait Claims {
    async fn claim(&self, shard: &str, claim: &ClaimRequest) -> PortResult<ClaimResponse>;
}

impl<T: AccountShards> Claims for T {
    async fn claim(&self, shard: &str, claim: &ClaimRequest) -> PortResult<ClaimResponse> {
        AccountShards::claim(self, shard, claim).await
    }
}

/// A world that is asked without effect.
pub(super) struct Preview<'a, T>(pub(super) &'a T);

impl<T: AccountShards> Claims for Preview<'_, T> {
    async fn claim(&self, shard: &str, claim: &ClaimRequest) -> PortResult<ClaimResponse> {
        self.0.preview_claim(shard, claim).await
    }
}

impl<T: RepPools> RepPools for Preview<'_, T> {
    async fn pick(&self, pool: &str, request: &PickRequest) -> PortResult<PickResponse> {
        self.0.peek(pool, request).await
    }

    async fn release(&self, _pool: &str, _request: &ReleaseRequest) -> PortResult<()> {
        Ok(())
    }

    async fn peek(&self, pool: &str, request: &PickRequest) -> PortResult<PickResponse> {
        self.0.peek(pool, request).await
    }
}
