//! The account shard: owns the leads of its accounts, their owners, the chain of records and the outbox.
//!
//! One decision per account at a time: [`AccountShard::lock`]. What is remembered in memory (locks, the roster
//! index, what was sent) is a cache; a new instance starts from the tables.

pub mod erasure;
pub mod store;

use crate::bindings::objects::parsed;
use crate::bindings::queue::send_jobs;
use crate::bindings::world::World;
use crate::bindings::{config, log};
use crate::objects::account_shard::erasure::{Erase, Erased};
use crate::objects::account_shard::store::SqlAccountStore;
use futures_util::future::{Either, select};
use futures_util::lock::{Mutex, OwnedMutexGuard};
use lead_router_app::account::{claim, crm_snapshot, decide as shard, touch};
use lead_router_app::delivery::delivery_job;
use lead_router_app::outbox::{Outbox, SEND_MS_MAX};
use lead_router_app::ports::jobs::Job;
use lead_router_app::ports::messages::{
    ClaimRequest, DecideRequest, DecideResponse, LeadStatus, OpenRequest, OpenResponse, ReserveKeyRequest,
    StoreSnapshotRequest,
};
use lead_router_app::ports::{AccountStore, Clock, LeadRow, LeadState, OutboxStore, PortResult, Rosters, Unavailable};
use lead_router_core::decision::index::RosterIndex;
use lead_router_core::decision::record::Record;
use lead_router_core::id::LeadId;
use lead_router_core::time::Timestamp;
use serde::de::DeserializeOwned;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use worker::{Delay, DurableObject, Env, Request, Response, Result, State, durable_object};

/// Most records that one flush sends: the queue takes 100 messages a batch.
const FLUSH_MAX: usize = 100;
/// Most leads that one alarm wakes.
const WAKE_MAX: u32 = 100;
/// Time after which the alarm looks at the outbox, in milliseconds: the flush after the answer is normally
/// done long before.
const FLUSH_ALARM_MS: i64 = 2_000;
/// Longest pause between two wakings of an open lead, in milliseconds.
const WAKE_PAUSE_MS_MAX: i64 = 10 * 60_000;

/// The Durable Object.
#[durable_object(alarm)]
#[derive(Debug)]
pub struct AccountShard {
    state: State,
    env: Env,
    store: PortResult<SqlAccountStore>,
    locks: RefCell<BTreeMap<String, Arc<Mutex<()>>>>,
    index: RefCell<Option<(String, Rc<RosterIndex>)>>,
    outbox: Rc<RefCell<Outbox>>,
    alarm_at: Cell<Option<i64>>,
}

impl DurableObject for AccountShard {
    fn new(state: State, env: Env) -> Self {
        let (state, store) = SqlAccountStore::open(state);
        Self {
            state,
            env,
            store,
            locks: RefCell::default(),
            index: RefCell::default(),
            outbox: Rc::default(),
            alarm_at: Cell::new(None),
        }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let path = request.path();
        let body = request.bytes().await?;
        match self.answer(path.trim_start_matches('/'), &body).await {
            Ok(text) => Response::ok(text),
            Err(error) => Ok(Response::ok(error.detail)?.with_status(503)),
        }
    }

    async fn alarm(&self) -> Result<Response> {
        self.alarm_at.set(None);
        if let Err(error) = self.tick().await {
            log::error(&log::LogLine {
                event: "shard.alarm_failed",
                detail: Some(&error.detail),
                ..log::LogLine::default()
            });
        }
        if let Err(error) = self.arm().await {
            log::error(&log::LogLine {
                event: "shard.arm_failed",
                detail: Some(&error.detail),
                ..log::LogLine::default()
            });
            return Err(worker::Error::RustError("the alarm could not be set".to_owned()));
        }
        Response::empty()
    }
}

impl AccountShard {
    async fn answer(&self, question: &str, body: &[u8]) -> PortResult<String> {
        let store = self.store.as_ref().map_err(Clone::clone)?;
        match question {
            "reserve" => json(&shard::reserve_key(store, &parse::<ReserveKeyRequest>(body)?)?),
            "open" => {
                let open: OpenRequest = parse(body)?;
                if erasure::is_barred(store, &open)? {
                    return json(&OpenResponse::Conflict);
                }
                let opened = shard::open(store, &open)?;
                self.arm().await?;
                json(&opened)
            }
            "decide" => self.decide(store, &parse(body)?).await,
            "explain" => json(&shard::explain(store, &self.world(), self, &parse(body)?).await?),
            "preview_claim" => json(&claim::preview_claim(store, &self.world(), self, &parse(body)?).await?),
            "claim" => {
                let claim: ClaimRequest = parse(body)?;
                let _guard = self.lock(claim.keys.account.as_str()).await;
                json(&claim::claim(store, &self.world(), self, &claim).await?)
            }
            "touch" => json(&touch::touch(store, &parse(body)?)?),
            "mirror" => json(&crm_snapshot::mirror(store, &parse(body)?)?),
            "learn" => json(&crm_snapshot::store_all(store, &parse::<Vec<StoreSnapshotRequest>>(body)?)?),
            "erase" => json(&self.erase(store, &parse(body)?).await?),
            "head" => json(&store.head()?),
            "confirm" => json(&self.confirm(store, &parse::<Vec<u64>>(body)?)?),
            "record" => json(&record(store, parse(body)?)?),
            "backlog" => {
                self.read_outbox(store)?;
                json(&self.outbox.borrow().backlog())
            }
            "lead" => json(&store.lead(&parse::<LeadId>(body)?)?.map_or(Ok(None), standing)?),
            _ => Err(Unavailable::new("shard", "unknown question")),
        }
    }

    async fn decide(&self, store: &SqlAccountStore, decide: &DecideRequest) -> PortResult<String> {
        let _guard = self.lock(decide.open.keys.account.as_str()).await;
        if erasure::is_barred(store, &decide.open)? {
            return json(&DecideResponse::Conflict);
        }
        let decided = shard::decide(store, &self.world(), self, decide).await?;
        self.flush_soon(store).await?;
        json(&decided)
    }

    /// Removes what leads say about a person. From the first step on nothing older of the person is taken in; what is
    /// being decided is waited for.
    async fn erase(&self, store: &SqlAccountStore, erase: &Erase) -> PortResult<Erased> {
        erasure::bar(store, erase)?;
        let locks: Vec<Arc<Mutex<()>>> = self.locks.borrow().values().map(Arc::clone).collect();
        for lock in locks {
            let _ended = lock.lock().await;
        }
        let erased = erasure::erase(store, erase)?;
        self.confirm(store, &[])?;
        Ok(erased)
    }

    /// Waits until no other decision of the account runs.
    async fn lock(&self, account: &str) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.locks.borrow_mut();
            // A lock that nobody else holds or waits for is of no use any more.
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
            Arc::clone(locks.entry(account.to_owned()).or_default())
        };
        lock.lock_owned().await
    }

    /// Sends the outbox after the answer, and sets the alarm that does so if this instance dies first.
    async fn flush_soon(&self, store: &SqlAccountStore) -> PortResult<()> {
        self.read_outbox(store)?;
        self.arm_for(store).await?;
        let flush = flush(self.env.clone(), store.clone(), Rc::clone(&self.outbox));
        self.state.wait_until(async move {
            if let Err(error) = flush.await {
                let detail = Some(error.detail.as_str());
                log::error(&log::LogLine { event: "outbox.flush_failed", detail, ..log::LogLine::default() });
            }
        });
        Ok(())
    }

    /// Takes over the records of the table that the outbox does not know yet.
    fn read_outbox(&self, store: &SqlAccountStore) -> PortResult<()> {
        let after = self.outbox.borrow().last();
        let seqs = store.outbox_after(after)?;
        self.outbox.borrow_mut().add(&seqs, self.world().now());
        Ok(())
    }

    /// The ledger holds these records: all of them but the last one of the table are deleted.
    fn confirm(&self, store: &SqlAccountStore, seqs: &[u64]) -> PortResult<()> {
        self.read_outbox(store)?;
        let deletable = self.outbox.borrow().deletable(seqs);
        store.delete_from_outbox(&deletable)?;
        store.forget_records(&self.outbox.borrow().ended(seqs))?;
        self.outbox.borrow_mut().confirmed(seqs, &deletable);
        Ok(())
    }

    /// What the alarm does: sends what is due, and wakes the leads whose time has come. Neither waits for the other: what
    /// cannot be sent keeps no lead asleep.
    async fn tick(&self) -> PortResult<()> {
        let store = self.store.as_ref().map_err(Clone::clone)?;
        let woken = self.wake(store).await;
        self.read_outbox(store)?;
        let sent = flush(self.env.clone(), store.clone(), Rc::clone(&self.outbox)).await;
        woken.and(sent)
    }

    /// Has every lead routed whose time has come.
    async fn wake(&self, store: &SqlAccountStore) -> PortResult<()> {
        let now = self.world().now();
        let due = store.due(now, WAKE_MAX)?;
        if due.is_empty() {
            return Ok(());
        }
        let jobs: Vec<Job> = due.iter().map(|row| Job::Route { lead_id: row.lead_id.clone() }).collect();
        let sent = send_jobs(&self.env, &jobs).await;
        for row in due {
            // Read again: the send was awaited, and the lead may have been decided meanwhile. A lead whose job was not sent
            // is woken later as well, so that a queue that is down is not asked every moment.
            if let Some(row) = store.lead(&row.lead_id)?.filter(|row| row.wake_at.is_some_and(|at| at <= now)) {
                store.put(&pause(row, now))?;
            }
        }
        sent
    }

    /// Sets the alarm for the earliest thing to do, unless one is set that comes soon enough.
    async fn arm(&self) -> PortResult<()> {
        let store = self.store.as_ref().map_err(Clone::clone)?;
        self.read_outbox(store)?;
        self.arm_for(store).await
    }

    async fn arm_for(&self, store: &SqlAccountStore) -> PortResult<()> {
        let now = self.world().now();
        // What is due now is sent after the answer; the alarm is for an instance that dies before.
        let flush = self.outbox.borrow().next_due().map(|due| due.max(now.plus_ms(FLUSH_ALARM_MS)));
        let Some(at) = [store.next_wake()?, flush].into_iter().flatten().min() else {
            return Ok(());
        };
        let at_ms = at.as_ms();
        if self.alarm_at.get().is_some_and(|set| set <= at_ms && set > now.as_ms()) {
            return Ok(());
        }
        self.state
            .storage()
            .set_alarm(at.ms_since(now).max(0))
            .await
            .map_err(|error| Unavailable::new("shard", error.to_string()))?;
        self.alarm_at.set(Some(at_ms));
        Ok(())
    }

    fn world(&self) -> World {
        World::new(self.env.clone())
    }
}

/// Sends every record that is due. A send that does not end in time counts as failed: its messages may come all the same, and
/// delivering again changes nothing.
async fn flush(env: Env, store: SqlAccountStore, outbox: Rc<RefCell<Outbox>>) -> PortResult<()> {
    let world = World::new(env);
    loop {
        let seqs = outbox.borrow_mut().begin(world.now(), FLUSH_MAX);
        if seqs.is_empty() {
            return Ok(());
        }
        let sent = send(&world, &store, &seqs).await;
        let now = world.now();
        match sent {
            Ok(()) => outbox.borrow_mut().sent(&seqs, now),
            Err(error) => {
                outbox.borrow_mut().failed(&seqs, now);
                return Err(error);
            }
        }
    }
}

async fn send(world: &World, store: &SqlAccountStore, seqs: &[u64]) -> PortResult<()> {
    let jobs: Vec<Job> = store.outbox_rows(seqs)?.into_iter().map(delivery_job).collect();
    let send = std::pin::pin!(send_jobs(&world.env, &jobs));
    let patience = std::pin::pin!(Delay::from(Duration::from_millis(SEND_MS_MAX.unsigned_abs())));
    match select(send, patience).await {
        Either::Left((sent, _)) => sent,
        Either::Right(_) => Err(Unavailable::new("queue", "the queue did not answer in time")),
    }
}

/// A row that was woken sleeps twice as long as before, so that a lead that cannot be decided does not spin.
fn pause(row: LeadRow, now: Timestamp) -> LeadRow {
    let doubled = shard::WATCHDOG_MS.saturating_mul(1_i64.checked_shl(row.decision_no.min(16)).unwrap_or(1));
    let woken = if row.state == LeadState::Open { row.decision_no.saturating_add(1) } else { row.decision_no };
    LeadRow { wake_at: Some(now.plus_ms(doubled.min(WAKE_PAUSE_MS_MAX))), decision_no: woken, ..row }
}

/// A row as other parts of the program read it. An erased lead is none any more.
fn standing(row: LeadRow) -> PortResult<Option<LeadStatus>> {
    Ok(match row.state {
        // Its content was erased.
        _ if row.body.is_empty() => None,
        LeadState::Open => Some(LeadStatus::Open { open: parse(row.body.as_bytes())? }),
        LeadState::Assigned | LeadState::Held | LeadState::Rejected => {
            let record = parse(row.body.as_bytes())?;
            Some(LeadStatus::Decided { fingerprint: row.fingerprint, received_at: row.received_at, record })
        }
    })
}

/// A record of the outbox, unless it is gone.
fn record(store: &SqlAccountStore, seq: u64) -> PortResult<Option<Record>> {
    let row = store.outbox_rows(&[seq])?.into_iter().next();
    row.and_then(|row| row.record).map(|text| parse(text.as_bytes())).transpose()
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> PortResult<T> {
    parsed("shard", body)
}

fn json<T: serde::Serialize>(value: &T) -> PortResult<String> {
    serde_json::to_string(value).map_err(|error| Unavailable::new("shard", error.to_string()))
}

impl Rosters for AccountShard {
    async fn index(&self, version: &str) -> PortResult<Rc<RosterIndex>> {
        if let Some((known, index)) = self.index.borrow().as_ref()
            && known == version
        {
            return Ok(Rc::clone(index));
        }
        let (version, index) = config::roster_at(&self.env, version).await?;
        let index = Rc::new(index);
        *self.index.borrow_mut() = Some((version, Rc::clone(&index)));
        Ok(index)
    }
}
