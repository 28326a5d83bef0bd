//! The Durable Objects.

pub mod account_shard;
pub mod provider_limiter;
pub mod provider_lookup;
pub mod rep_pool;
pub mod vendor_limiter;
