//! `enrichment` of the rubric as it is written: whom to ask, and for what price.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How enrichment is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct EnrichmentFile {
    /// Longest time that a lead waits for all providers together, in milliseconds, 100 to 20,000.
    #[cfg_attr(feature = "schema", schemars(range(min = 100, max = 20000)))]
    pub deadline_ms: u32,
    /// Stages in order. A provider of a later stage is asked when those of the earlier ones have answered, or take
    /// longer than they nearly always do. A provider without a key is skipped.
    pub stages: Vec<Vec<String>>,
    /// Which of the providers are asked.
    #[serde(skip_serializing_if = "AskPolicy::is_needed")]
    pub ask: AskPolicy,
    /// What counts more where the two differ: that a lead waits less, or that fewer calls are paid.
    #[serde(skip_serializing_if = "Prefer::is_balance")]
    pub prefer: Prefer,
    /// What a provider may be asked and may cost, by its id. Nothing is limited that is not named here.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, LimitFile>,
    /// Accounts of the directory about which the company providers are asked every hour, before a lead comes, 0 to 1,000.
    #[cfg_attr(feature = "schema", schemars(range(max = 1000)))]
    #[serde(skip_serializing_if = "is_zero")]
    pub warm_accounts_per_hour: u32,
}

impl Default for EnrichmentFile {
    fn default() -> Self {
        Self {
            deadline_ms: 4_000,
            stages: Vec::new(),
            ask: AskPolicy::Needed,
            prefer: Prefer::Balance,
            limits: BTreeMap::new(),
            warm_accounts_per_hour: 0,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Which of the providers are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AskPolicy {
    /// Those whose answer can still change where the lead goes; of several that know the same, first the one that tells
    /// most for its price.
    #[default]
    Needed,
    /// Like `needed`, but what one provider has found is not looked up at another that is believed more.
    Missing,
    /// All of them, for a CRM that wants every fact.
    All,
}

impl AskPolicy {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_needed(&self) -> bool {
        *self == Self::Needed
    }
}

/// What counts more where speed and price differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Prefer {
    /// The lead waits as little as possible: whoever may be needed is asked at once, and up to 75 of 100 questions are asked
    /// twice because the answer takes long.
    Speed,
    /// Whoever is needed for at least one lead of four is asked at once, and up to 10 of 100 questions are asked twice.
    #[default]
    Balance,
    /// Nobody is asked who is not needed as far as can be known beforehand, and no question twice that may be charged twice.
    Cost,
}

impl Prefer {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_balance(&self) -> bool {
        *self == Self::Balance
    }
}

/// What a provider may be asked and may cost. A call past a limit is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct LimitFile {
    /// Most calls in a second.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_per_second: Option<u32>,
    /// Most calls in a day, which begins at midnight UTC.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_per_day: Option<u32>,
    /// Most US dollars in a day, counted at the price of the provider's description.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd_per_day: Option<u32>,
}
