//! The CRM outside, and what stands before it.

use crate::ports::PortResult;
use lead_router_core::crm::snapshot::SyncedRange;
use lead_router_core::crm::state::{CrmQuestion, CrmUser, State};
use lead_router_core::crm::{AccountState, CrmKind, CrmWrite, CrmWritten, PersonState};
use lead_router_core::intake::RawLead;
use lead_router_core::time::Timestamp;
use lead_router_core::vendor::DeliveryError;

/// Result of an effect outside.
pub type DeliveryResult<T> = Result<T, DeliveryError>;

/// A customer relationship management system.
pub trait Crm {
    /// What it knows about a person and their company. By id or address where the vendor allows, not by search.
    async fn lookup(&self, question: &CrmQuestion) -> DeliveryResult<State>;
    /// Tells it about some leads, at most [`Self::batch_max`], each of another person; the answers are in their order, one
    /// each. Telling it again changes nothing.
    async fn write(&self, writes: &[CrmWrite]) -> Vec<DeliveryResult<CrmWritten>>;
    /// Most leads of one [`Self::write`].
    fn batch_max(&self) -> usize;
    /// Everybody who can own records, those who left among them.
    async fn crm_users(&self) -> DeliveryResult<Vec<CrmUser>>;
    /// A page of what changed since a moment, the oldest first.
    async fn changes(&self, since: &ChangesSince) -> DeliveryResult<Changes>;
    /// Whether settings, token and permissions are good: one line per thing that was tried, in order.
    async fn check(&self) -> Vec<Check>;
    /// Makes what has to be there before the first write, such as fields of ours, and leaves what is there: one line per
    /// thing. Doing it again changes nothing. Empty for a CRM that needs nothing.
    async fn prepare(&self) -> Vec<Check> {
        Vec::new()
    }
}

/// The CRM as the decision sees it.
pub trait CrmLookups {
    /// Which CRM is connected.
    fn crm(&self) -> CrmKind;
    /// What it knows about a person and their company, within the time that a sender waits.
    async fn lookup(&self, question: &CrmQuestion) -> DeliveryResult<State>;
}

/// Where to go on reading changes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ChangesSince {
    /// Changes from this moment on.
    pub at: Timestamp,
    /// Where the vendor says that the next page begins; empty for the first.
    #[serde(default)]
    pub page: String,
}

/// A reading of a CRM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncKind {
    /// What changes, over and over.
    Changes,
    /// Everything that is there, once.
    Whole,
}

/// Where a reading stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SyncCursor {
    /// From here on every change was taken over.
    pub from: Timestamp,
    /// When the round under way began: everything until then was taken over when it ends.
    pub began: Timestamp,
    /// Where it goes on.
    pub since: ChangesSince,
    /// Whether everything that was there before `from` was read as well.
    #[serde(default)]
    pub is_whole: bool,
    /// How many records were read so far.
    #[serde(default)]
    pub records: u64,
}

/// Remembers where readings of the CRM stand.
pub trait SyncCursors {
    /// Where a reading stands; `None` when none is under way.
    async fn cursor(&self, reading: SyncKind) -> PortResult<Option<SyncCursor>>;
    /// Where it stands from here on.
    async fn put_cursor(&self, reading: SyncKind, cursor: Option<&SyncCursor>) -> PortResult<()>;
    /// Says in which time every change was taken over, for decisions.
    async fn put_synced_range(&self, heard: SyncedRange) -> PortResult<()>;
}

/// What changed in a CRM.
#[derive(Debug, Default)]
pub struct Changes {
    /// People whose record changed.
    pub people: Vec<ChangedPerson>,
    /// Companies whose record or deals changed, by registrable domain.
    pub accounts: Vec<(String, AccountState)>,
    /// Where to go on; `None` when everything up to now was read.
    pub next: Option<ChangesSince>,
}

/// A person whose record changed.
#[derive(Debug)]
pub struct ChangedPerson {
    /// Address in the normal form.
    pub email: String,
    /// How the record stands.
    pub state: PersonState,
    /// When the record was made.
    pub created_at: Timestamp,
    /// Whether this program made the record or wrote to it: such a record is no new lead.
    pub is_ours: bool,
    /// The record as a lead.
    pub lead: Box<RawLead>,
}

/// One line of a connection check.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// What was tried, such as `token`, `read contacts`, `property router_person_id`.
    pub name: String,
    /// `None` when it is good; otherwise a stable code and what to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<CheckProblem>,
}

/// What is wrong with a connection.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CheckProblem {
    /// Stable code.
    pub code: String,
    /// What to change.
    pub message: String,
}

impl Check {
    /// A line for what was tried.
    #[must_use]
    pub fn new<T>(name: impl Into<String>, tried: &DeliveryResult<T>) -> Self {
        let problem = |setback: &DeliveryError| CheckProblem {
            code: setback.code().to_owned(),
            message: match setback {
                DeliveryError::Retryable { .. } => "the vendor did not answer as it should; try again".to_owned(),
                DeliveryError::Permanent { message, .. } => message.clone(),
            },
        };
        Self { name: name.into(), problem: tried.as_ref().err().map(problem) }
    }
}

/// Signs with a private key.
pub trait Signer {
    /// The signature of a text by RSASSA-PKCS1-v1_5 with SHA-256 (`RS256`), in base64url without `=`. `key` is a private key:
    /// PKCS#8 DER in base64. Fails when it is none.
    async fn sign_rs256(&self, key: &str, text: &str) -> PortResult<String>;
}
