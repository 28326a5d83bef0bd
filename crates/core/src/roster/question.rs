//! The question to a team, and its answer.

use crate::id::{LeadId, RepId, TeamId, TerritoryId, TierId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What a lead asks of the rep.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Needs {
    /// Language, ISO 639-1; `None` or a team where nobody lists languages: anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Territory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub territory: Option<TerritoryId>,
    /// Skills, all of which are needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<String>,
}

/// The question to a team: who takes this lead?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PickRequest {
    /// The lead; asking again for it gives the same rep.
    pub lead_id: LeadId,
    /// The team.
    pub team: TeamId,
    /// Tier of the lead.
    pub tier: TierId,
    /// Time for the first touch, in minutes of the rep's working time.
    pub sla_minutes: u32,
    /// What the lead asks of the rep.
    #[serde(default)]
    pub needs: Needs,
    /// Who it is for.
    #[serde(default)]
    pub kind: PickKind,
    /// Reps who had this lead already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<RepId>,
    /// Now.
    pub now: Timestamp,
    /// Breaks ties that nothing else breaks.
    pub seed: u64,
}

/// Whether a team is asked for anybody or for one rep.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PickKind {
    /// The rotation picks among members on shift (and, by the team's setting, whose shift is next).
    #[default]
    Rotation,
    /// As `Rotation`, on whatever shift: the last resort of a fallback chain.
    AnyShift,
    /// This rep, who owns the account; caps count only when `respect_caps` is set.
    Owner {
        /// The rep.
        rep_id: RepId,
        /// Whether a rep at a cap is refused.
        respect_caps: bool,
    },
    /// This rep, who has the person already: nothing is counted again.
    Duplicate {
        /// The rep.
        rep_id: RepId,
    },
    /// The team's manager: the last step before a lead is held.
    Manager,
}

/// Most candidates that an answer lists: a record of a decision stays small however large the team is.
pub const CANDIDATES_MAX: usize = 50;

/// The answer of a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pick {
    /// Who, or nobody.
    pub outcome: PickOutcome,
    /// Every member (or the one rep asked for) with the reason for or against, by rep id. Of a team with more
    /// than [`CANDIDATES_MAX`] members, the chosen one and those who came nearest.
    pub candidates: Vec<Candidate>,
    /// Members that `candidates` leaves out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub omitted: u32,
}

/// Who takes the lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum PickOutcome {
    /// This rep.
    Picked {
        /// The rep.
        rep_id: RepId,
        /// End of the SLA in the rep's working time.
        due_at: Timestamp,
        /// Why this rep: a code of [`PickReason`](crate::roster::reason::PickReason), such as `largest_shortfall`.
        reason: String,
    },
    /// Nobody can take it.
    Nobody {
        /// When somebody may be able to, as far as calendars say.
        wake_at: Option<Timestamp>,
    },
}

/// One rep as the pick saw them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The rep.
    pub rep_id: RepId,
    /// Why the rep cannot take the lead: `on_leave`, `inactive`, `open_leads_full`, `day_full`, `tier_full`,
    /// `off_shift`, `language`, `territory`, `skill`, `already_had_it`, `weight_zero`, `unresponsive` …; `None` when eligible.
    pub excluded: Option<String>,
    /// Weight in the team.
    pub weight: u32,
    /// Ability to work the lead in time, in thousandths of a fully able rep.
    pub ability: u32,
    /// Due minus got before the pick, in millionths of a lead.
    pub balance_units: i64,
    /// Open leads before the pick.
    pub open_leads: u32,
    /// What this pick credits to the seat, in millionths of a lead; 0 for who takes no part.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub share_units: i64,
    /// What this pick adds to, or takes off, the make-up credit of an absence, in millionths of a lead.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub make_up_credit_units: i64,
    /// Minutes until the rep can start; 0 when on shift.
    pub starts_in_minutes: Option<u32>,
}

pub(super) fn is_zero<T: PartialEq + Default>(value: &T) -> bool {
    *value == T::default()
}
