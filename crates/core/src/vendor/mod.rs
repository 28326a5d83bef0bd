//! Effects outside: what became of one, when it is tried again, how often a vendor may be called.

pub mod daily_usage;
pub mod delivery_error;
pub mod rate_limit;

pub use daily_usage::{DailyCap, DailyUsage};
pub use delivery_error::{DeliveryError, next_try_ms};
pub use rate_limit::{AcquireRequest, AcquireResponse, Bucket, LimiterState, TokenRequest, TokenResponse};
