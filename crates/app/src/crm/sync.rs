//! Changes in the CRM are taken over: into the mirror of each account shard, and new records as leads.
//!
//! Two readings share the work. One takes over what changes, over and over. The other reads everything that is there, once:
//! after it, what no account shard remembers is known not to be there, and a decision about a stranger needs no call either.

use crate::intake::Options;
use crate::ports::crm::{ChangedPerson, Changes, ChangesSince, Crm, SyncCursor, SyncCursors, SyncKind};
use crate::ports::jobs::Job;
use crate::ports::messages::StoreSnapshotRequest;
use crate::ports::{AccountShards, Clock, Jobs, PortResult, Unavailable};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use lead_router_core::crm::CrmKind;
use lead_router_core::crm::snapshot::{CrmSnapshot, SnapshotEntry, SyncedRange};
use lead_router_core::lead::KeyScope;
use lead_router_core::lead::check;
use lead_router_core::lead::key::{AccountHash, LeadKeys};
use lead_router_core::time::{HOUR_MS, MINUTE_MS, Timestamp};
use lead_router_core::vendor::DeliveryError;
use std::collections::BTreeMap;

/// Longest time of one run, in milliseconds: the next one, five minutes later, goes on where this one ends.
const RUN_MS_MAX: i64 = 60_000;
/// Most pages of one run. Each asks at most every account shard once and the CRM a few times, and the platform bounds the calls.
pub const PAGES_MAX: u32 = 40;
/// How far the first round of changes looks back, in milliseconds.
const FIRST_MS: i64 = HOUR_MS;
/// How much of what was read is read again, in milliseconds: searches of a CRM lag behind its records by seconds.
const OVERLAP_MS: i64 = MINUTE_MS;
/// How many account shards are told at once.
const DESKS_AT_ONCE: usize = 8;

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SyncResult {
    /// People whose record was read.
    pub people: u32,
    /// Companies.
    pub accounts: u32,
    /// New records that become leads.
    pub leads: u32,
}

impl SyncResult {
    const fn add(&mut self, other: Self) {
        self.people = self.people.saturating_add(other.people);
        self.accounts = self.accounts.saturating_add(other.accounts);
        self.leads = self.leads.saturating_add(other.leads);
    }
}

/// How the CRM is read.
#[derive(Debug, Clone, Copy)]
pub struct Sync<'a> {
    /// Which CRM.
    pub kind: CrmKind,
    /// Whether records that somebody else makes there become leads.
    pub is_pulling: bool,
    /// Options of leads.
    pub options: Options<'a>,
}

/// What reading the CRM needs of the world.
pub trait SyncWorld: Clock + SyncCursors + AccountShards + Jobs {}
impl<W: Clock + SyncCursors + AccountShards + Jobs> SyncWorld for W {}

/// Takes over what changed since the last run, then more of everything, as far as one run gets.
///
/// The first run of all begins both readings. Changes come first: an owner who changed a minute ago matters more than a
/// record that was never asked about.
///
/// # Errors
/// `Unavailable` when the CRM, an account shard, the queue or the memory fails. The next run goes on at the last page that was taken over
/// as a whole; taking over again changes nothing.
pub async fn sync<W: SyncWorld>(world: &W, crm: &impl Crm, sync: &Sync<'_>) -> PortResult<SyncResult> {
    let mut run = SyncRun { world, crm, sync, began: world.now(), pages: 0, taken: SyncResult::default() };
    let mut changes = run.begun().await?;
    let new_since = sync.is_pulling.then_some(changes.from);
    let is_done = run.read_on(&mut changes, new_since).await;
    if is_done != Ok(true) {
        world.put_cursor(SyncKind::Changes, Some(&changes)).await?;
        return is_done.map(|_| run.taken);
    }
    let until = changes.began;
    let whole = run.whole().await;
    changes.is_whole |= whole == Ok(true);
    changes.since = ChangesSince { at: until.plus_ms(OVERLAP_MS.saturating_neg()), page: String::new() };
    world.put_synced_range(SyncedRange { from: changes.from, until, is_whole: changes.is_whole }).await?;
    world.put_cursor(SyncKind::Changes, Some(&changes)).await?;
    if whole == Ok(true) {
        // Last: who loses this only reads the last page again.
        world.put_cursor(SyncKind::Whole, None).await?;
    }
    whole.map(|_| run.taken)
}

/// Has everything read, once more if it was read before.
///
/// # Errors
/// `Unavailable` when the memory fails.
pub async fn read_all(world: &(impl Clock + SyncCursors)) -> PortResult<()> {
    let (now, first) = (world.now(), Timestamp::from_ms(0));
    let cursor = SyncCursor {
        from: first,
        began: now,
        since: ChangesSince { at: first, page: String::new() },
        is_whole: false,
        records: 0,
    };
    world.put_cursor(SyncKind::Whole, Some(&cursor)).await
}

/// One run.
struct SyncRun<'a, W, C> {
    world: &'a W,
    crm: &'a C,
    sync: &'a Sync<'a>,
    began: Timestamp,
    pages: u32,
    taken: SyncResult,
}

impl<W: SyncWorld, C: Crm> SyncRun<'_, W, C> {
    /// Where the reading of changes stands. A round that begins covers what changed until now, not until it was prepared.
    async fn begun(&self) -> PortResult<SyncCursor> {
        let now = self.began;
        if let Some(cursor) = self.world.cursor(SyncKind::Changes).await? {
            return Ok(if cursor.since.page.is_empty() { SyncCursor { began: now, ..cursor } } else { cursor });
        }
        read_all(self.world).await?;
        let at = now.plus_ms(FIRST_MS.saturating_neg());
        Ok(SyncCursor {
            from: at,
            began: now,
            since: ChangesSince { at, page: String::new() },
            is_whole: false,
            records: 0,
        })
    }

    /// Goes on reading everything. Whether it came to its end in this run.
    async fn whole(&mut self) -> PortResult<bool> {
        let Some(mut cursor) = self.world.cursor(SyncKind::Whole).await? else { return Ok(false) };
        let is_done = self.read_on(&mut cursor, None).await;
        if is_done != Ok(true) {
            self.world.put_cursor(SyncKind::Whole, Some(&cursor)).await?;
        }
        is_done
    }

    /// Takes over pages from where a reading stands, and moves it on. Whether it came to its end.
    async fn read_on(&mut self, cursor: &mut SyncCursor, new_since: Option<Timestamp>) -> PortResult<bool> {
        while self.pages < PAGES_MAX && self.world.now().ms_since(self.began) <= RUN_MS_MAX {
            let read_at = self.world.now();
            let page = self.crm.changes(&cursor.since).await.map_err(|setback| unavailable(&setback))?;
            let next = page.next.clone();
            let crm = (self.sync.kind.as_str(), read_at);
            let taken = take_over(self.world, page, crm, new_since, self.sync.options).await?;
            cursor.records =
                cursor.records.saturating_add(u64::from(taken.people)).saturating_add(taken.accounts.into());
            self.taken.add(taken);
            self.pages = self.pages.saturating_add(1);
            let Some(next) = next else { return Ok(true) };
            cursor.since = next;
        }
        Ok(false)
    }
}

/// A CRM that does not answer, or refuses.
#[must_use]
pub fn unavailable(setback: &DeliveryError) -> Unavailable {
    Unavailable::new("crm", setback.code())
}

/// Takes over a page of records that was read at `at`.
///
/// A record that somebody else made since `new_since` becomes a lead, once however often it is read; with `None` none does.
/// One that this program made or wrote to never does, so nothing goes in circles. A record without a usable address is
/// nobody's lead and in nobody's mirror.
///
/// # Errors
/// `Unavailable` when an account shard or the queue fails. Taking over again changes nothing.
pub async fn take_over<W: AccountShards + Jobs>(
    world: &W,
    changes: Changes,
    (crm, at): (&str, Timestamp),
    new_since: Option<Timestamp>,
    options: Options<'_>,
) -> PortResult<SyncResult> {
    let mut taken = SyncResult::default();
    let mut news: BTreeMap<String, Vec<StoreSnapshotRequest>> = BTreeMap::new();
    for (domain, state) in changes.accounts {
        let account = AccountHash::new(options.person_key, &domain);
        let read = CrmSnapshot { person: None, account: Some(SnapshotEntry { state: Some(state), at }) };
        news.entry(account.shard()).or_default().push(StoreSnapshotRequest { account, person: String::new(), read });
        taken.accounts = taken.accounts.saturating_add(1);
    }
    let mut jobs = Vec::new();
    for changed in changes.people {
        let ChangedPerson { state, created_at, is_ours, lead, .. } = changed;
        let Ok(lead) = check(*lead, at) else { continue };
        let keys = LeadKeys::new(options.person_key, &lead.account_key(), lead.person_key(), "");
        // The same key as that of the CRM's webhook, which may tell of the record as well.
        let key = KeyScope::Sender(crm).of(&format!("crm:{crm}:{}", state.id));
        let read = CrmSnapshot { person: Some(SnapshotEntry { state: Some(state), at }), account: None };
        news.entry(keys.account.shard()).or_default().push(StoreSnapshotRequest {
            account: keys.account,
            person: keys.person,
            read,
        });
        taken.people = taken.people.saturating_add(1);
        if !is_ours && new_since.is_some_and(|since| created_at >= since) {
            taken.leads = taken.leads.saturating_add(1);
            jobs.push(Job::Take { lead: Box::new(lead), key, received_at: at });
        }
    }
    // One call for each account shard, a few at a time.
    let learning = news.iter().map(|(shard, news)| world.learn(shard, news));
    stream::iter(learning).buffer_unordered(DESKS_AT_ONCE).try_collect::<()>().await?;
    if !jobs.is_empty() {
        world.enqueue(&jobs, 0).await?;
    }
    Ok(taken)
}
