//! What a provider's status means.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a status means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// The body holds a record.
    Found,
    /// The provider knows nothing. Kept, so that it is not asked again soon.
    NotFound,
    /// The provider is still looking.
    Pending,
    /// No credit left. An operator has to act; asking again is useless.
    Quota,
    /// The key is wrong or lacks a right. An operator has to act.
    BadKey,
    /// Too many requests, or a fault at the provider.
    TryLater,
    /// The provider does not understand the request: the description is wrong.
    BadRequest,
    /// The person must not be looked up: the law, or an objection of the person, stands against it. That counts for
    /// other providers as well.
    Blocked,
}

impl Meaning {
    /// What a list says about a status or its class.
    pub(super) fn listed(statuses: &BTreeMap<String, Self>, status: u16) -> Option<Self> {
        let class = status.checked_div(100).map(|class| format!("{class}xx"));
        let listed = statuses.get(&status.to_string());
        listed.or_else(|| class.and_then(|class| statuses.get(&class))).copied()
    }

    /// What a status usually means. `None` for one that no provider should send, such as a redirect.
    pub(super) const fn usual(status: u16) -> Option<Self> {
        match status {
            202 => Some(Self::Pending),
            200..=299 => Some(Self::Found),
            401 | 403 => Some(Self::BadKey),
            402 => Some(Self::Quota),
            404 => Some(Self::NotFound),
            408 | 425 | 429 | 500..=599 => Some(Self::TryLater),
            451 => Some(Self::Blocked),
            400..=499 => Some(Self::BadRequest),
            _ => None,
        }
    }
}
