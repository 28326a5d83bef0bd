//! What somebody is told about a lead, as data: no channel, no markup.

use crate::decision::index::{RepEntry, WorkTime};
use crate::id::{LeadId, RepId, TeamId, TierId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeEvent {
    /// The rep has a lead.
    Assigned,
    /// The rep keeps the lead, under another tier.
    Changed,
    /// Somebody else has the lead now.
    Moved,
    /// A person gave the lead to someone else in the CRM, and that stands.
    OwnerDrift,
    /// No rep can take the lead right now.
    Held,
}

impl NoticeEvent {
    /// Every event.
    pub const ALL: [Self; 5] = [Self::Assigned, Self::Changed, Self::Moved, Self::OwnerDrift, Self::Held];

    /// The event as it stands in settings and in the type of the outgoing webhook.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assigned => "assigned",
            Self::Changed => "changed",
            Self::Moved => "moved",
            Self::OwnerDrift => "owner_drift",
            Self::Held => "held",
        }
    }

    /// The event with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == name)
    }
}

/// What somebody is told. Its debug form holds nothing about the person. The same notice gives the same bytes on every
/// channel, however often it is told.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What happened.
    pub event: NoticeEvent,
    /// The lead.
    pub lead_id: LeadId,
    /// The decision.
    pub decision_id: String,
    /// Number of the decision about the lead, from 1.
    pub decision_no: u32,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// When it is told: what "today" means in it. The time of the decision, or the start of the shift it waits for.
    pub told_at: Timestamp,
    /// Who is told.
    pub to: Addressee,
    /// The team, when one was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
    /// Name of the team.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub team_name: String,
    /// The person behind the lead.
    pub person: NoticePerson,
    /// The tier, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<TierId>,
    /// Whether the rep has an earlier lead of the person.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wrote_again: bool,
    /// Why this rep and this tier, the most telling line first; three at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// End of the time for the first touch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// Name of who has the lead instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
    /// Where to go on.
    #[serde(default)]
    pub links: NoticeLinks,
}

impl fmt::Debug for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notice")
            .field("event", &self.event)
            .field("lead_id", &self.lead_id)
            .field("decision_no", &self.decision_no)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

impl Notice {
    /// Id of the effect, the same whenever it is tried: what receivers know a repeat by. Letters, digits, `-` and `_`, and
    /// whatever else ids may have.
    #[must_use]
    pub fn effect_id(&self) -> String {
        format!("{}-{}-{}", self.lead_id, self.decision_no, self.event.as_str())
    }

    /// The same notice, told at another time.
    #[must_use]
    pub fn told_at(self, at: Timestamp) -> Self {
        Self { told_at: at, ..self }
    }
}

/// Who is told. Its debug form holds the id only.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Addressee {
    /// The rep; `None` when a team is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rep_id: Option<RepId>,
    /// Name of the rep or the team.
    pub name: String,
    /// Work address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Slack user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack_id: Option<String>,
    /// When the rep works.
    #[serde(default)]
    pub work: WorkTime,
}

impl fmt::Debug for Addressee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Addressee").field("rep_id", &self.rep_id).finish_non_exhaustive()
    }
}

impl Addressee {
    /// A rep.
    #[must_use]
    pub fn rep(rep_id: &RepId, entry: Option<&RepEntry>) -> Self {
        let entry = entry.cloned();
        Self {
            rep_id: Some(rep_id.clone()),
            name: entry.as_ref().map_or_else(|| rep_id.to_string(), |entry| entry.name.clone()),
            email: entry.as_ref().and_then(|entry| entry.email.clone()),
            slack_id: entry.as_ref().and_then(|entry| entry.slack_id.clone()),
            work: entry.map(|entry| entry.work).unwrap_or_default(),
        }
    }
}

/// The person behind a lead, as far as a rep has to know at once. Its debug form is empty.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct NoticePerson {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The beginning of what the person wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl fmt::Debug for NoticePerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").finish_non_exhaustive()
    }
}

/// Addresses in a notice; each is a whole web address. Its debug form is empty: two of them let whoever has them act.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NoticeLinks {
    /// The lead in the console.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead: Option<String>,
    /// The person's record in the CRM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crm: Option<String>,
    /// The rep's booking page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booking: Option<String>,
    /// Accepts the lead, after a question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept: Option<String>,
    /// Declines it, after a question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decline: Option<String>,
}

impl fmt::Debug for NoticeLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links").finish_non_exhaustive()
    }
}
