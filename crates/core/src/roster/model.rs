//! Teams and reps: what an operator writes, and the state that changes with every lead.

use crate::id::{RepId, TeamId, TerritoryId, TierId};
use crate::roster::question::is_zero;
pub use crate::roster::question::{Candidate, Needs, Pick, PickKind, PickOutcome, PickRequest};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A team: reps who share a queue of leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Team {
    /// Id.
    pub id: TeamId,
    /// Name for people.
    #[serde(default)]
    pub name: String,
    /// How the next rep is chosen.
    #[serde(default)]
    pub strategy: Strategy,
    /// Members with their weights.
    #[serde(default)]
    pub members: Vec<Member>,
    /// Where a lead goes that nobody here can take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_team: Option<TeamId>,
    /// Who gets a lead that no team of the fallback chain can take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager_rep_id: Option<RepId>,
    /// Teams of one pool may share reps; the team's own id when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// What happens when no member is on shift in time.
    #[serde(default)]
    pub off_hours: OffHours,
    /// What a member gets who was away.
    #[serde(default)]
    pub after_absence: AfterAbsence,
}

/// How the next rep of a team is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Shares by weight, corrected for the ability to work the lead in time.
    #[default]
    FairAndAble,
    /// Equal shares whatever the weights.
    RoundRobin,
    /// Shares by weight.
    Weighted,
    /// Whoever has the most capacity.
    LeastLoaded,
    /// Whoever matches the lead best: language, territory, skills, then room.
    BestFit,
}

/// What happens with a lead for which no member is on shift in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OffHours {
    /// A member whose next shift starts first gets it; the SLA runs from the start of that shift.
    #[default]
    NextShift,
    /// The fallback team gets it when one of its members is on shift.
    Fallback,
}

/// How a member's share is treated after an absence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AfterAbsence {
    /// No credit for the time away.
    #[default]
    KeepPlace,
    /// The share of the time away becomes make-up credit, paid back at no more than a double share.
    CatchUp,
}

/// Largest weight; a larger one counts as this.
pub(super) const WEIGHT_MAX: u32 = 1_000;

/// A rep's place in a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Member {
    /// The rep.
    pub rep_id: RepId,
    /// Share relative to the other members, 0 to 1,000; 0 means that the rotation passes the rep over.
    #[serde(default = "one")]
    pub weight: u32,
}

const fn one() -> u32 {
    1
}

/// A rep as an operator writes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rep {
    /// Id.
    pub id: RepId,
    /// Name for people.
    #[serde(default)]
    pub name: String,
    /// Work address, for notifications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the rep works here at all.
    #[serde(default = "yes")]
    pub active: bool,
    /// IANA time zone of `hours`, `holidays` and daily caps.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// Working hours; none means around the clock.
    #[serde(default)]
    pub hours: Vec<Hours>,
    /// Days off, `YYYY-MM-DD` in the rep's zone.
    #[serde(default)]
    pub holidays: Vec<String>,
    /// Absences.
    #[serde(default)]
    pub leave: Vec<Leave>,
    /// Languages, ISO 639-1, lower case.
    #[serde(default)]
    pub languages: Vec<String>,
    /// Territories that the rep takes; none means all.
    #[serde(default)]
    pub territories: Vec<TerritoryId>,
    /// Skills.
    #[serde(default)]
    pub skills: Vec<String>,
    /// Caps on what the rotation hands out.
    #[serde(default)]
    pub capacity: Capacity,
    /// Open leads when this entry was written. Moves [`RepState::open_leads`] when given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_leads: Option<u32>,
    /// The last leads, when this entry was written. Moves [`RepState::recent`] when given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recent: Option<Recent>,
    /// Presence when this entry was written. Moves [`RepState::status`] when given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<RepStatus>,
    /// Ids in CRMs, by CRM.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub crm_ids: BTreeMap<String, String>,
    /// Who stands in for the rep as the owner of accounts and people, while the rep is away or gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_rep_id: Option<RepId>,
    /// Slack user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack_id: Option<String>,
    /// Booking page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking_url: Option<String>,
}

const fn yes() -> bool {
    true
}

fn utc() -> String {
    "UTC".to_owned()
}

/// An interval of working time on some days of the week. `to` before `from` runs past midnight.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Hours {
    /// Days on which the interval starts.
    pub days: Vec<Day>,
    /// Start, `HH:MM`.
    pub from: String,
    /// End, `HH:MM`; `24:00` is midnight.
    pub to: String,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// An absence, from its start to its end, which is not included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Leave {
    /// Start, RFC 3339, or a date `YYYY-MM-DD` in the rep's zone (its midnight).
    pub from: String,
    /// End, not included; a date stands for the end of that day. Missing: until further notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// Caps on what the rotation hands out; a missing one does not limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Capacity {
    /// Most open leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_leads: Option<u32>,
    /// Most leads a day, in the rep's zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_day: Option<u32>,
    /// Most open leads of a tier.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub per_tier: BTreeMap<TierId, u32>,
}

/// How many of the last leads a rep worked in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Recent {
    /// Worked in time; never more than `of`.
    pub worked_in_time: u32,
    /// Leads looked at, at most 30.
    pub of: u32,
}

/// Presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RepStatus {
    /// At the desk.
    #[default]
    Online,
    /// Back soon.
    Away,
    /// Not reachable.
    Offline,
}

/// What changes about a rep with every lead.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RepState {
    /// Presence.
    pub status: RepStatus,
    /// Open leads.
    pub open_leads: u32,
    /// Open leads by tier.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub open_by_tier: BTreeMap<TierId, u32>,
    /// Day of `given_today`, counted from the epoch in the rep's zone.
    pub day: i32,
    /// Leads given on `day`.
    pub given_today: u32,
    /// The last leads.
    pub recent: Recent,
    /// The last leads one by one, the latest in the lowest bit, 1 when worked in time. Rebuilt from `recent`,
    /// evenly spread, when the two disagree.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub recent_bits: u32,
    /// The rep's seat in each team.
    #[serde(default)]
    pub seats: BTreeMap<TeamId, Seat>,
}

/// A rep's place in the rotation of one team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Seat {
    /// Due minus got, in millionths of a lead: positive when the rep has had too few leads.
    pub balance_units: i64,
    /// Leads handed out by the rotation.
    pub got: u64,
    /// Share due so far, in millionths of a lead.
    pub due_units: i64,
    /// Last hand-out; `None` before the first.
    pub last_at: Option<Timestamp>,
    /// Make-up credit: the share of an absence that is still to be paid back, in millionths of a lead; see [`AfterAbsence::CatchUp`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub make_up_credit_units: i64,
}

/// A rep as an operator reads them: the entry, with what the pool counts in place of what was written about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Rep"))]
pub struct RepWithState {
    /// The entry.
    #[serde(flatten)]
    pub rep: Rep,
    /// Leads given today, in the rep's zone. Missing for a rep in no pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_today: Option<u32>,
    /// The rep's seat in each team. Missing for a rep in no pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seats: Option<BTreeMap<TeamId, Seat>>,
}

impl RepWithState {
    /// The entry with its state; alone when no pool has the rep.
    #[must_use]
    pub fn new(rep: &Rep, state: Option<&RepState>) -> Self {
        let mut rep = rep.clone();
        let Some(state) = state else { return Self { rep, given_today: None, seats: None } };
        (rep.status, rep.open_leads, rep.recent) = (Some(state.status), Some(state.open_leads), Some(state.recent));
        Self { rep, given_today: Some(state.given_today), seats: Some(state.seats.clone()) }
    }
}

/// State by rep. Shared, so that a pick can keep the states from before it without copying those that stay.
pub type States = BTreeMap<RepId, Arc<RepState>>;

/// Teams that may share reps, with everything that a pick reads.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pool {
    /// Teams by id.
    pub teams: BTreeMap<TeamId, Team>,
    /// Reps by id.
    pub reps: BTreeMap<RepId, Rep>,
    /// State by rep; a missing one is the default.
    pub states: States,
}
