//! The Durable Objects.

pub mod account_shard;
pub mod provider_lookup;
pub mod rate_limiter;
pub mod rep_pool;
