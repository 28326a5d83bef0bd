//! `rubric.json` as it is written: the serde mirror of the file, nothing checked yet.
//!
//! [`RubricFile`] and its parts refuse unknown fields. Only [`check`](crate::rubric::check) turns a file into a
//! [`Rubric`](crate::rubric::Rubric), and it reports every problem at once.

pub use crate::rubric::enrichment::{AskPolicy, EnrichmentFile, LimitFile, Prefer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The business's rules for a lead, one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RubricFile {
    /// Where editors find the schema. Not read by the router.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Name of the rubric, shown in explanations.
    pub name: String,
    /// Groups of criteria with caps, by group id: `fit`, `intent`, `engagement`, `negative` …
    pub groups: BTreeMap<String, GroupFile>,
    /// What earns or costs points.
    pub criteria: Vec<CriterionFile>,
    /// Tiers from the highest to the lowest. The last one has no threshold and catches the rest.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 16)))]
    pub tiers: Vec<TierFile>,
    /// Account-level exceptions. The first whose condition is true decides.
    #[serde(default)]
    pub overrides: Vec<OverrideFile>,
    /// Territories. The most specific one (highest `priority`) whose condition is true holds the lead.
    #[serde(default)]
    pub territories: Vec<TerritoryFile>,
    /// From tier and territory to a team. The first that matches decides.
    #[serde(default)]
    pub routes: Vec<RouteFile>,
    /// Where a lead goes that no route wants.
    pub fallback: FallbackFile,
    /// What happens with leads of accounts that a rep owns.
    #[serde(default)]
    pub ownership: OwnershipFile,
    /// How enrichment is done.
    #[serde(default)]
    pub enrichment: EnrichmentFile,
}

/// A group of criteria: the sum of its points is kept between `min` and `max`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GroupFile {
    /// Most points that the group can give; no limit when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = -1000, max = 1000)))]
    pub max: Option<i32>,
    /// Fewest points that the group can give (negative: most it can cost); no limit when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = -1000, max = 1000)))]
    pub min: Option<i32>,
}

/// One criterion: either `when` with `points`, or `bands`, of which the first true one counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CriterionFile {
    /// Stable id of the line.
    pub id: String,
    /// Id of the group that caps it.
    pub group: String,
    /// The condition of a criterion with one outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<ConditionFile>,
    /// The points of a criterion with one outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = -1000, max = 1000)))]
    pub points: Option<i32>,
    /// How often the condition holds among leads for which it is unknown, 0 to 1; 0.5 when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0.0, max = 1.0)))]
    pub base_rate: Option<f64>,
    /// What the explanation says, as a rep would read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Half-life for `signal` conditions: points halve every so many days since the latest signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 3650)))]
    pub half_life_days: Option<u32>,
    /// Graded outcomes, from the first to the last tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bands: Vec<BandFile>,
}

/// One graded outcome of a criterion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BandFile {
    /// When the band holds.
    pub when: ConditionFile,
    /// Points that it gives.
    #[cfg_attr(feature = "schema", schemars(range(min = -1000, max = 1000)))]
    pub points: i32,
    /// How often exactly this band is the outcome, 0 to 1, among leads for which it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0.0, max = 1.0)))]
    pub base_rate: Option<f64>,
    /// What the explanation says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A condition: exactly one of `all`, `any`, `not`, `fact` (with one test) or `signal`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ConditionFile {
    /// True when every part is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<Vec<Self>>,
    /// True when one part is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub any: Option<Vec<Self>>,
    /// True when the part is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not: Option<Box<Self>>,
    /// Path of the fact that is tested, such as `company.employees`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fact: Option<String>,
    /// Equal to this value (text without regard to case).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equals: Option<ScalarFile>,
    /// Equal to one of these values.
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<ScalarFile>>,
    /// Number: this or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<i64>,
    /// Number: this or less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<i64>,
    /// Text: has one of these words or phrases as whole words. Set: has one of these members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_any: Option<Vec<String>>,
    /// Text: begins with one of these (postal ranges, for instance).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_with: Option<Vec<String>>,
    /// Whether the fact is known at all. Never Unknown itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<bool>,
    /// Name of an intent signal that must have happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// With `signal`: within so many days before now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 3650)))]
    pub within_days: Option<u32>,
}

/// A value in a condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum ScalarFile {
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// Text.
    Text(String),
}

/// One tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TierFile {
    /// Id, such as `A`.
    pub id: String,
    /// Fewest points; missing on the last tier only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = -1000, max = 1000)))]
    pub at_least: Option<i32>,
    /// Time for the first touch, in minutes of the rep's working time, 1 to 43,200 (30 days).
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 43200)))]
    pub sla_minutes: u32,
}

/// An account-level exception.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OverrideFile {
    /// Stable id of the line; also the code of the reason.
    pub id: String,
    /// When it applies.
    pub when: ConditionFile,
    /// What the explanation says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Not for sales: the lead ends as rejected.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reject: bool,
    /// The tier whatever the score says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// The team whatever the territory says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The rep, always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rep: Option<String>,
    /// Whether `team` also wins against the owner of the account.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignore_account_owner: bool,
}

/// A territory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TerritoryFile {
    /// Id; reps name it in `territories`.
    pub id: String,
    /// When a lead lies in it.
    pub when: ConditionFile,
    /// Higher wins where territories overlap; 0 when missing. Equal ones go by the order in the file.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(range(min = -1000, max = 1000)))]
    pub priority: i32,
}

/// From tier and territory to a team.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RouteFile {
    /// Stable id of the line.
    pub id: String,
    /// Tiers it takes; any when missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<String>,
    /// Territories it takes; any (also none) when missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub territories: Vec<String>,
    /// A further condition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<ConditionFile>,
    /// The team.
    pub team: String,
    /// What the explanation says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Where a lead goes that no route wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FallbackFile {
    /// The team.
    pub team: String,
}

/// What happens with leads of accounts that a rep owns.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct OwnershipFile {
    /// When the owner is on leave or no longer active.
    pub when_away: OwnerAway,
    /// When the owner is at a cap. A cap limits what the rotation hands out.
    pub when_full: OwnerFull,
}

/// What happens when the owner is on leave or inactive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OwnerAway {
    /// Another rep of the owner's team works it.
    #[default]
    Team,
    /// As if nobody owned the account.
    Route,
    /// The lead waits for the owner.
    Hold,
}

/// What happens when the owner is at a cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OwnerFull {
    /// The owner gets it all the same.
    #[default]
    Assign,
    /// Another rep of the owner's team works it.
    Team,
}
