//! The CRM: what it knows about a person and their company, who owns them there, and what it is told.
//!
//! The types here are the same for every CRM. A folder per vendor makes its requests and reads its answers; the order of
//! the calls is in `flow::crm`.

pub mod hubspot;
pub mod owner;
pub mod pipedrive;
pub mod salesforce;
pub mod snapshot;
pub mod state;
pub mod write;

pub use state::{AccountState, Deal, LastTouch, PersonKind, PersonState, State};
pub use write::{Assigning, CrmWrite, CrmWritten, RecordId};

use serde::{Deserialize, Serialize};
use std::fmt;

/// Which CRM a deployment writes to: the setting `CRM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrmKind {
    /// The tables of this program itself.
    #[default]
    Builtin,
    /// `HubSpot`.
    Hubspot,
    /// Salesforce.
    Salesforce,
    /// Pipedrive.
    Pipedrive,
}

impl CrmKind {
    /// The part of an id that tells records apart: Salesforce writes 15 or 18 characters, of which the last three only
    /// repeat how the others are spelled.
    #[must_use]
    pub fn short_id(self, id: &str) -> &str {
        let id = id.trim();
        match self {
            Self::Salesforce => id.get(..15).unwrap_or(id),
            _ => id,
        }
    }

    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Builtin, Self::Hubspot, Self::Salesforce, Self::Pipedrive];

    /// The kind as it stands in settings, in `crm_ids` of the roster and in reasons.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Builtin => "builtin",
            Self::Hubspot => "hubspot",
            Self::Salesforce => "salesforce",
            Self::Pipedrive => "pipedrive",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for CrmKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
