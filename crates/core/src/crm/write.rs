//! What a CRM is told about a lead, and what came of it.

use crate::crm::state::{OwnerRef, PersonKind};
use crate::id::{LeadId, RepId, TeamId, TierId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a CRM is told about a lead. Telling it again changes nothing. Its debug form holds nothing about the person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrmWrite {
    /// The lead.
    pub lead_id: LeadId,
    /// Number of the decision about the lead, from 1; 0 while it is accepted and not decided.
    pub decision_no: u32,
    /// Our id of the person: the external id of the record, the same for every lead of the person. Letters, digits, `-`.
    pub person_id: String,
    /// When the lead arrived.
    pub received_at: Timestamp,
    /// Address in the normal form: what the CRM finds the person by.
    pub email: String,
    /// What is known of the person and the company; a missing value is not written, and nothing is emptied.
    #[serde(flatten)]
    pub profile: Profile,
    /// Who gets it; `None` while it is not decided, is held or is not for sales: then only the record is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigning: Option<Assigning>,
}

impl fmt::Debug for CrmWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lead_id, decision_no, assigning, .. } = self;
        f.debug_struct("Write")
            .field("lead_id", lead_id)
            .field("decision_no", decision_no)
            .field("assigning", assigning)
            .finish_non_exhaustive()
    }
}

/// What is known of a person and the company.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Registrable domain of the company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Telephone number: E.164 when it could be told, otherwise as typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// ISO 3166-1 alpha-2, lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Where the lead came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Who gets a lead, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigning {
    /// The rep.
    pub rep_id: RepId,
    /// The rep's id in the CRM.
    pub owner_id: String,
    /// Owner of the person's record when the lead was decided: whoever owns it at the time of writing without being this
    /// one, the rep or the owner that this program wrote before, was put there by a person since, and stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_owner: Option<OwnerRef>,
    /// The team.
    pub team: TeamId,
    /// The tier.
    pub tier: TierId,
    /// Points.
    pub score: i32,
    /// One sentence for the rep.
    pub reason: String,
    /// End of the time for the first touch.
    pub due_at: Timestamp,
    /// When it was decided.
    pub decided_at: Timestamp,
}

impl CrmWrite {
    /// Id of the effect, the same whenever it is tried: external id of the task that the rep gets. Letters, digits, `-`.
    #[must_use]
    pub fn effect_id(&self) -> String {
        format!("{}-{}", self.lead_id, self.decision_no)
    }
}

/// A record in the CRM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordId {
    /// Its kind.
    pub kind: PersonKind,
    /// Its id.
    pub id: String,
}

/// What came of a [`CrmWrite`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum CrmWritten {
    /// The CRM has all of it.
    Done {
        /// The person's record.
        record: RecordId,
        /// The rep's task, where one was made.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task_id: Option<String>,
    },
    /// A person gave the record to someone else since the decision: that stands. The record is there, its owner is as it
    /// was found, and there is no task.
    OwnerDrift {
        /// The person's record.
        record: RecordId,
        /// Who owns it.
        owner_id: String,
    },
}
