//! What the world must provide. Each port is small; `edge` implements it with a binding, the tests in memory.
#![expect(async_fn_in_trait, reason = "everything runs on one thread, so no future has to be `Send`")]

mod cached_reading;
pub mod crm;
pub mod follow_up;
pub mod jobs;
pub mod mail;
pub mod messages;
pub mod rate_limits;
pub mod rules;

pub use cached_reading::{CacheEntry, CachedReading, STALE_MS};

use jobs::Job;
use lead_router_core::audit::AuditEvent;
use lead_router_core::crm::snapshot::{CrmSnapshot, SyncedRange};
use lead_router_core::decision::index::RosterIndex;
use lead_router_core::decision::record::Record;
use lead_router_core::directory::DirectoryRow;
use lead_router_core::enrichment::website::{PageAddress, WebPage};
use lead_router_core::http::HttpRequest;
use lead_router_core::id::{LeadId, RepId};
use lead_router_core::lead::key::AccountHash;
use lead_router_core::notify::slack::PostedMessage;
use lead_router_core::roster::model::PickRequest;
use lead_router_core::rubric::Rubric;
use lead_router_core::time::Timestamp;
use messages::{
    ClaimRequest, ClaimResponse, DecideRequest, DecideResponse, Explained, LeadStatus, OpenRequest, OpenResponse,
    PickResponse, ProviderLookupRequest, ProviderLookupResponse, ReleaseRequest, ReserveKeyRequest, ReserveKeyResponse,
    SnapshotRequest, StoreSnapshotRequest, TouchRequest, TouchResponse,
};
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// A port could not do what was asked; the same call may succeed later.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{port} is not available")]
pub struct Unavailable {
    /// Which port: `shard`, `team`, `kv`, `d1`, `queue`.
    pub port: &'static str,
    /// What the platform said. For the log, never for an answer; holds no lead data.
    pub detail: String,
}

impl Unavailable {
    /// An error of `port`.
    #[must_use]
    pub fn new(port: &'static str, detail: impl Into<String>) -> Self {
        Self { port, detail: detail.into() }
    }
}

/// Result of a port.
pub type PortResult<T> = Result<T, Unavailable>;

/// The clock.
pub trait Clock {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Ends after so many milliseconds.
    async fn pause(&self, ms: u32);
}

/// What is in force: rubric, roster, directory.
pub trait Config {
    /// The configuration in force, at most half a minute old.
    async fn current(&self) -> PortResult<Rc<InForce>>;
}

/// The configuration in force.
#[derive(Debug)]
pub struct InForce {
    /// The rubric.
    pub rubric: Rubric,
    /// The roster at a glance.
    pub index: RosterIndex,
    /// Version of the roster.
    pub index_version: String,
    /// Version of the account directory: cached directory answers of another version are stale.
    pub directory_version: String,
    /// When every change in the CRM was taken over into the account shards; `None` when changes are not read.
    pub crm_heard: Option<SyncedRange>,
}

/// The cache of provider answers.
pub trait Cache {
    /// Entries by key, in the order of the keys; an empty one where there is none.
    async fn get(&self, keys: &[String]) -> PortResult<Vec<CacheEntry>>;
    /// Replaces an entry. It lives as long as its longest reading can be used, and at least a minute.
    async fn put(&self, key: &str, entry: &CacheEntry, now: Timestamp) -> PortResult<()>;
}

/// The account directory.
pub trait Directory {
    /// The company with this domain, else the one company with this name key.
    async fn find(&self, domain: Option<&str>, name_key: Option<&str>) -> PortResult<Option<DirectoryRow>>;
}

/// An answer over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Status.
    pub status: u16,
    /// `Retry-After`, in seconds.
    pub retry_after_s: Option<u32>,
    /// Body.
    pub body: Vec<u8>,
}

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpFailure {
    /// No answer in time.
    Timeout,
    /// No connection, or it broke.
    Unreachable,
    /// The body was larger than allowed.
    TooLarge,
}

/// HTTP to providers.
pub trait Http {
    /// Sends a request; ends within `timeout_ms`. When the answer is not waited for to the end, the request is taken back as
    /// far as that is possible.
    async fn send(&self, request: &HttpRequest, timeout_ms: u32) -> Result<HttpAnswer, HttpFailure>;
    /// A setting or secret by name: keys and base URLs of vendors.
    fn setting(&self, name: &str) -> Option<String>;
}

/// What the server of a page said.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PageAnswer {
    /// Status.
    pub status: u16,
    /// Where a redirect leads: a whole URL in the one spelling of the URL standard.
    pub location: Option<String>,
    /// What was read of the page; `None` when the status is no success or the answer is no HTML.
    pub page: Option<WebPage>,
}

/// Pages of companies' websites.
pub trait Pages {
    /// Reads one page, up to [`PAGE_BYTES_MAX`]; what stands before counts. Follows no redirect. Ends within `timeout_ms`.
    ///
    /// [`PAGE_BYTES_MAX`]: lead_router_core::limits::PAGE_BYTES_MAX
    async fn page(&self, address: &PageAddress, timeout_ms: u32) -> Result<PageAnswer, HttpFailure>;
}

/// Questions to providers, each asked once for all leads of a subject.
pub trait ProviderLookups {
    /// Asks a provider.
    async fn look_up(&self, question: &ProviderLookupRequest) -> PortResult<ProviderLookupResponse>;
}

/// The account shards.
pub trait AccountShards {
    /// Reserves an idempotency key.
    async fn reserve(&self, shard: &str, reserve: &ReserveKeyRequest) -> PortResult<ReserveKeyResponse>;
    /// Accepts a lead before anything slow happens.
    async fn open(&self, shard: &str, open: &OpenRequest) -> PortResult<OpenResponse>;
    /// Decides a lead, accepting it first when need be.
    async fn decide(&self, shard: &str, decide: &DecideRequest) -> PortResult<DecideResponse>;
    /// Says how a lead would be decided if it arrived now, and changes nothing.
    async fn explain(&self, shard: &str, decide: &DecideRequest) -> PortResult<Explained>;
    /// Lets the account shard of another account decide who owns it.
    async fn claim(&self, shard: &str, claim: &ClaimRequest) -> PortResult<ClaimResponse>;
    /// The same question without any effect.
    async fn preview_claim(&self, shard: &str, claim: &ClaimRequest) -> PortResult<ClaimResponse>;
    /// A lead as it stands; `None` when the account shard does not have it.
    async fn lead(&self, lead_id: &LeadId) -> PortResult<Option<LeadStatus>>;
    /// Says that a rep works a lead.
    async fn touch(&self, touch: &TouchRequest) -> PortResult<TouchResponse>;
    /// What was last read of the CRM about a person and their account.
    async fn mirror(&self, shard: &str, ask: &SnapshotRequest) -> PortResult<CrmSnapshot>;
    /// A record that waits in the outbox of its account shard, by the id of its lead and its number; `None` when it is gone.
    async fn record(&self, lead_id: &LeadId, seq: u64) -> PortResult<Option<Record>>;
    /// Says that the ledger holds these records of an account shard, so that they may leave its outbox.
    async fn confirm(&self, shard: &str, seqs: &[u64]) -> PortResult<()>;
    /// Has remembered what was read of the CRM about people and accounts of one account shard.
    async fn learn(&self, shard: &str, news: &[StoreSnapshotRequest]) -> PortResult<()>;
}

/// The Teams, by pool.
pub trait RepPools {
    /// Asks a team who takes a lead. Asking again for the lead gives the same rep.
    async fn pick(&self, pool: &str, request: &PickRequest) -> PortResult<PickResponse>;
    /// Takes back what a pool gave to a lead under another question than the one that counts.
    async fn release(&self, pool: &str, release: &ReleaseRequest) -> PortResult<()>;
    /// The same question without any effect.
    async fn peek(&self, pool: &str, request: &PickRequest) -> PortResult<PickResponse>;
}

/// The roster at a glance, as an account shard sees it.
pub trait Rosters {
    /// The index, at least as new as `version` where the platform allows.
    async fn index(&self, version: &str) -> PortResult<Rc<RosterIndex>>;
}

/// The queues.
pub trait Jobs {
    /// Puts some jobs on the queue, all or some; they come out at the earliest after so many seconds, at least once.
    async fn enqueue(&self, jobs: &[Job], after_s: u32) -> PortResult<()>;
}

/// Messages to reps that can be changed later.
pub trait PostedMessages {
    /// The message that told a rep of a lead, if it was one of these.
    async fn posted(&self, lead_id: &LeadId, rep_id: &RepId) -> PortResult<Option<PostedMessage>>;
    /// Remembers a message in place of the one before.
    async fn keep_posted(&self, lead_id: &LeadId, rep_id: &RepId, posted: &PostedMessage) -> PortResult<()>;
}

/// The ledger, the built-in CRM and the inbox.
pub trait DecisionLedger {
    /// Writes the effects of some records, all or none. Writing a record again changes nothing.
    async fn write(&self, records: &[Record]) -> PortResult<()>;
}

/// The history of leads besides the decisions.
pub trait Events {
    /// Writes some events, all or none. Writing an event again changes nothing.
    async fn note(&self, events: &[AuditEvent]) -> PortResult<()>;
}

/// State of a lead in its account shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadState {
    /// Accepted, not decided.
    Open,
    /// Decided: a rep has it.
    Assigned,
    /// Decided: nobody could take it; it is asked for again.
    Held,
    /// Decided: not for sales.
    Rejected,
}

/// A lead of another account shard that claimed an account of this one, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRow {
    /// Id of the lead as seen from this account; orders rows as those of leads.
    pub claim_id: LeadId,
    /// Id of the lead.
    pub lead_id: LeadId,
    /// Who has it.
    pub rep_id: RepId,
    /// When it was claimed.
    pub at: Timestamp,
    /// JSON: the [`ClaimResponse`].
    pub body: String,
}

/// An earlier lead of an account or a person, of this account shard or of another that claimed the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierRow {
    /// Id of the lead.
    pub lead_id: LeadId,
    /// Who has it.
    pub rep_id: String,
    /// JSON: the [`Record`] of a lead, the [`ClaimResponse`] of a claim.
    pub body: String,
    /// Whether it is a claim.
    pub is_claim: bool,
}

/// A lead as its account shard stores it: one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadRow {
    /// Id; orders rows by account, then by person.
    pub lead_id: LeadId,
    /// Hash of the content.
    pub fingerprint: String,
    /// State.
    pub state: LeadState,
    /// Who has it.
    pub rep_id: Option<String>,
    /// When it arrived.
    pub received_at: Timestamp,
    /// When it is looked at again; `None` when it is done.
    pub wake_at: Option<Timestamp>,
    /// Number of the decision, from 1; how often it was woken while it is open.
    pub decision_no: u32,
    /// JSON: the [`Record`] of a decided lead, the [`OpenRequest`] of an open one.
    pub body: String,
}

/// The table of an account shard. Everything is synchronous: a stretch of calls without an await is one transaction.
pub trait AccountStore {
    /// A lead by id.
    fn lead(&self, id: &LeadId) -> PortResult<Option<LeadRow>>;
    /// The latest lead or claim whose id begins with `prefix`, that a rep has and that arrived after `since`, but for one.
    fn latest(&self, prefix: &str, since: Timestamp, but: Option<&LeadId>) -> PortResult<Option<EarlierRow>>;
    /// A claim by its id: that of the lead, seen from this account.
    fn claim(&self, id: &LeadId) -> PortResult<Option<ClaimRow>>;
    /// Writes a claim, replacing its row.
    fn put_claim(&self, row: &ClaimRow) -> PortResult<()>;
    /// Writes a lead, replacing its row.
    fn put(&self, row: &LeadRow) -> PortResult<()>;
    /// Leads whose `wake_at` has come, the earliest first.
    fn due(&self, now: Timestamp, limit: u32) -> PortResult<Vec<LeadRow>>;
    /// The earliest `wake_at`.
    fn next_wake(&self) -> PortResult<Option<Timestamp>>;
    /// The reservation of an idempotency key: fingerprint and moment.
    fn key(&self, hash: &str) -> PortResult<Option<(String, Timestamp)>>;
    /// Writes a reservation for a content of a person.
    fn put_key(&self, hash: &str, fingerprint: &str, person: &str, at: Timestamp) -> PortResult<()>;
    /// Number and hash of the last record; `(0, "")` before the first.
    fn head(&self) -> PortResult<(u64, String)>;
    /// Runs some writes as one: when `run` fails, none of them is kept.
    fn transaction(&self, run: &mut dyn FnMut() -> PortResult<()>) -> PortResult<()>;
    /// Appends a record to the outbox. Its text is that of the lead's row, until [`Self::keep_record`].
    fn append(&self, seq: u64, lead_id: &LeadId, hash: &str) -> PortResult<()>;
    /// Keeps the text of a lead's record with its place in the outbox, because the row is about to hold another one.
    fn keep_record(&self, lead_id: &LeadId) -> PortResult<()>;
    /// When a rep began to work a lead, if one did.
    fn touched(&self, id: &LeadId) -> PortResult<Option<Timestamp>>;
    /// Writes what [`Self::touched`] gives.
    fn put_touched(&self, id: &LeadId, at: Timestamp) -> PortResult<()>;
    /// What was last read of the CRM about a person of an account, and about the account for an empty person: a `Seen` as
    /// JSON.
    fn crm(&self, account: &AccountHash, person: &str) -> PortResult<Option<String>>;
    /// Writes what [`Self::crm`] gives.
    fn put_crm(&self, account: &AccountHash, person: &str, seen: &str) -> PortResult<()>;
}

/// A record that has to be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OutboxRow {
    /// Its number in the account shard.
    pub seq: u64,
    /// The lead it is about.
    pub lead_id: LeadId,
    /// The record as JSON; `None` when it was erased.
    pub record: Option<String>,
}

/// The outbox of an account shard, in the same tables as [`AccountStore`].
pub trait OutboxStore {
    /// Numbers of the records after number `after`, in order.
    fn outbox_after(&self, after: u64) -> PortResult<Vec<u64>>;
    /// The records with these numbers, in order; those that are not there any more are left out.
    fn outbox_rows(&self, seqs: &[u64]) -> PortResult<Vec<OutboxRow>>;
    /// Removes the texts that [`AccountStore::keep_record`] kept with these records.
    fn forget_records(&self, seqs: &[u64]) -> PortResult<()>;
    /// Deletes these records, each by its number.
    fn delete_from_outbox(&self, seqs: &[u64]) -> PortResult<()>;
}

/// The tables of a pool. Synchronous, like [`AccountStore`].
pub trait RepPoolStore {
    /// What a lead was answered to one question: an `Answered` as JSON.
    fn answer(&self, lead_id: &LeadId, slot: &str) -> PortResult<Option<String>>;
    /// Every question of a lead that was answered, with the answer.
    fn answers(&self, lead_id: &LeadId) -> PortResult<Vec<(String, String)>>;
    /// Writes an answer together with the state of the pool's reps, both as JSON.
    fn put_answer(&self, lead_id: &LeadId, slot: &str, answer: &str, at: Timestamp, states: &str) -> PortResult<()>;
    /// Removes an answer together with the state of the pool's reps after that.
    fn remove_answer(&self, lead_id: &LeadId, slot: &str, states: &str) -> PortResult<()>;
}
