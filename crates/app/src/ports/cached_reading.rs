//! What a provider answered about one company or person, as it is cached.

use lead_router_core::facts::Fact;
use lead_router_core::time::{DAY_MS, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Cached answers of providers about one company or one person, by provider.
pub type CacheEntry = BTreeMap<String, CachedReading>;

/// One cached answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedReading {
    /// The facts, by field path; empty when the provider knows nothing.
    pub facts: BTreeMap<String, Fact>,
    /// Owner of the account, for answers of the directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_rep_id: Option<String>,
    /// When the answer is asked for again.
    pub until: Timestamp,
    /// Version of the source, for answers of the directory.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Whether the person must not be looked up, at any provider.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blocked: bool,
}

/// How long facts are used while they are asked for again, in milliseconds: a company rarely changes in a week, and a lead
/// that waits is worse than a count of employees of last week.
pub const STALE_MS: i64 = 7 * DAY_MS;

impl CachedReading {
    /// When it stops being used. Facts of a provider are used for [`STALE_MS`] longer than they are fresh; that nothing is
    /// known, that a person must not be looked up, and what the directory says are not.
    #[must_use]
    pub fn usable_until(&self) -> Timestamp {
        let may_be_stale = !self.facts.is_empty() && !self.blocked && self.version.is_empty();
        if may_be_stale { self.until.plus_ms(STALE_MS) } else { self.until }
    }
}
