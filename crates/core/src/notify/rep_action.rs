//! What a rep does with a lead from a message: accept it, decline it, hand it on.

use crate::id::{LeadId, RepId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What is to be done with a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepAction {
    /// The lead.
    pub lead_id: LeadId,
    /// What.
    pub kind: RepActionKind,
    /// Who wants it; `None` when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<RepId>,
    /// Number of the decision that the message told of: an answer to an earlier one is stale.
    pub decision_no: u32,
    /// When.
    pub at: Timestamp,
}

/// What is done with a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum RepActionKind {
    /// The rep takes it.
    Accept,
    /// The rep does not take it: it goes to the next.
    Decline,
    /// It goes to a colleague.
    Reassign {
        /// The colleague; `None` is whoever is next.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<RepId>,
    },
}

impl RepActionKind {
    /// The kind as it stands in links and in the ids of buttons.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Decline => "decline",
            Self::Reassign { .. } => "reassign",
        }
    }

    /// The kind with this name, handed on to whoever is next.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "accept" => Some(Self::Accept),
            "decline" => Some(Self::Decline),
            "reassign" => Some(Self::Reassign { to: None }),
            _ => None,
        }
    }
}

/// What became of an [`RepAction`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum RepActionOutcome {
    /// It was done.
    Done {
        /// Who has the lead now; `None` when it is held.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rep_id: Option<RepId>,
    },
    /// The lead was decided again since: nothing was done.
    Stale {
        /// Who has it by now; `None` when nobody has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rep_id: Option<RepId>,
    },
    /// There is no such lead, or nothing to be done with it.
    Unknown,
}
