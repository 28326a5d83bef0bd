//! The world in memory: every port of `flow`, with a clock that stands still until it is moved, tasks that
//! interleave at every call, and faults that lose a call before or after it took effect.

use futures_util::future::{Either, select};
use futures_util::lock::Mutex;
use lead_router_app::account::{claim, crm_snapshot, decide as shard, touch};
use lead_router_app::enrichment::after;
use lead_router_app::enrichment::provider_call::{Health, Progress};
use lead_router_app::enrichment::provider_lookup::look_up;
use lead_router_app::intake::{IntakeAnswer, Options, intake, route_again};
use lead_router_app::ports::crm::{CrmLookups, DeliveryResult, SyncCursor, SyncCursors, SyncKind};
use lead_router_app::ports::jobs::Job;
use lead_router_app::ports::messages::{
    ClaimRequest, ClaimResponse, DecideRequest, DecideResponse, Explained, LeadStatus, OpenRequest, OpenResponse,
    PickResponse, ProviderLookupRequest, ProviderLookupResponse, ReleaseRequest, ReserveKeyRequest, ReserveKeyResponse,
    SnapshotRequest, StoreSnapshotRequest, TouchRequest, TouchResponse,
};
use lead_router_app::ports::rate_limits::RateLimits;
use lead_router_app::ports::*;
use lead_router_app::rep_pool;
use lead_router_core::crm::snapshot::{CrmSnapshot, SyncedRange};
use lead_router_core::crm::state::CrmQuestion;
use lead_router_core::crm::{CrmKind, State as CrmState};
use lead_router_core::decision::index::{RosterIndex, pool_of};
use lead_router_core::decision::record::{Decision, Mode, Record};
use lead_router_core::directory::{DirectoryRow, ImportKind, parse};
use lead_router_core::enrichment::waterfall::results::LATE;
use lead_router_core::enrichment::website::PageAddress;
use lead_router_core::http::HttpRequest;
use lead_router_core::id::LeadId;
use lead_router_core::intake::{FieldMap, json};
use lead_router_core::lead::key::AccountHash;
use lead_router_core::lead::{Lead, check};
use lead_router_core::roster::model::{PickRequest, Pool, Rep, Team};
use lead_router_core::roster::prepared::PreparedPool;
use lead_router_core::rubric::{check as rubric_check, read};
use lead_router_core::time::Timestamp;
use lead_router_core::vendor::rate_limit::{KeptToken, RefundRequest};
use lead_router_core::vendor::{AcquireRequest, AcquireResponse, LimiterState, TokenRequest, TokenResponse};
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// The key of every hash in the tests.
pub const PERSON_KEY: &[u8] = b"test-person-key";

/// Options of a live intake.
pub const LIVE: Options<'static> = Options { person_key: PERSON_KEY, mode: Mode::Live, wait: true };

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call is lost before it takes effect.
    Before,
    /// It takes effect, and its answer is lost.
    After,
}

#[derive(Debug, Default)]
struct AccountTables {
    leads: RefCell<BTreeMap<LeadId, LeadRow>>,
    keys: RefCell<BTreeMap<String, (String, Timestamp)>>,
    log: RefCell<BTreeMap<u64, (LeadId, String)>>,
    claims: RefCell<BTreeMap<LeadId, ClaimRow>>,
    kept: RefCell<BTreeMap<u64, String>>,
    locks: RefCell<BTreeMap<String, Arc<Mutex<()>>>>,
    crm: RefCell<BTreeMap<(AccountHash, String), String>>,
    touched: RefCell<BTreeMap<LeadId, Timestamp>>,
}

impl AccountTables {
    fn is_empty(&self) -> bool {
        let rows = self.leads.borrow().len() + self.keys.borrow().len() + self.log.borrow().len();
        rows + self.claims.borrow().len() + self.crm.borrow().len() + self.touched.borrow().len() == 0
    }
}

impl AccountStore for AccountTables {
    fn lead(&self, id: &LeadId) -> PortResult<Option<LeadRow>> {
        Ok(self.leads.borrow().get(id).cloned())
    }
    fn latest(&self, prefix: &str, since: Timestamp, but: Option<&LeadId>) -> PortResult<Option<EarlierRow>> {
        let (leads, claims) = (self.leads.borrow(), self.claims.borrow());
        let leads = leads.values().filter(|row| row.lead_id.as_str().starts_with(prefix)).filter_map(|row| {
            let (lead_id, rep_id, body) = (row.lead_id.clone(), row.rep_id.clone()?, row.body.clone());
            Some((row.received_at, EarlierRow { lead_id, rep_id, body, is_claim: false }))
        });
        let claims = claims.values().filter(|row| row.claim_id.as_str().starts_with(prefix)).map(|row| {
            let (lead_id, rep_id, body) = (row.lead_id.clone(), row.rep_id.to_string(), row.body.clone());
            (row.at, EarlierRow { lead_id, rep_id, body, is_claim: true })
        });
        let rows = leads.chain(claims).filter(|(at, row)| *at > since && Some(&row.lead_id) != but);
        Ok(rows.max_by_key(|(at, row)| (*at, std::cmp::Reverse(row.lead_id.clone()))).map(|(_, row)| row))
    }
    fn claim(&self, id: &LeadId) -> PortResult<Option<ClaimRow>> {
        Ok(self.claims.borrow().get(id).cloned())
    }
    fn put_claim(&self, row: &ClaimRow) -> PortResult<()> {
        self.claims.borrow_mut().insert(row.claim_id.clone(), row.clone());
        Ok(())
    }
    fn put(&self, row: &LeadRow) -> PortResult<()> {
        self.leads.borrow_mut().insert(row.lead_id.clone(), row.clone());
        Ok(())
    }
    fn due(&self, now: Timestamp, limit: u32) -> PortResult<Vec<LeadRow>> {
        let leads = self.leads.borrow();
        let mut due: Vec<LeadRow> =
            leads.values().filter(|row| row.wake_at.is_some_and(|at| at <= now)).cloned().collect();
        due.sort_by_key(|row| row.wake_at);
        due.truncate(limit as usize);
        Ok(due)
    }
    fn next_wake(&self) -> PortResult<Option<Timestamp>> {
        Ok(self.leads.borrow().values().filter_map(|row| row.wake_at).min())
    }
    fn key(&self, hash: &str) -> PortResult<Option<(String, Timestamp)>> {
        Ok(self.keys.borrow().get(hash).cloned())
    }
    fn put_key(&self, hash: &str, fingerprint: &str, _person: &str, at: Timestamp) -> PortResult<()> {
        self.keys.borrow_mut().insert(hash.to_owned(), (fingerprint.to_owned(), at));
        Ok(())
    }
    fn head(&self) -> PortResult<(u64, String)> {
        Ok(self.log.borrow().last_key_value().map_or((0, String::new()), |(seq, (_, hash))| (*seq, hash.clone())))
    }
    fn transaction(&self, run: &mut dyn FnMut() -> PortResult<()>) -> PortResult<()> {
        let (log, leads) = (self.log.borrow().clone(), self.leads.borrow().clone());
        let result = run();
        if result.is_err() {
            (*self.log.borrow_mut(), *self.leads.borrow_mut()) = (log, leads);
        }
        result
    }
    fn append(&self, seq: u64, lead_id: &LeadId, hash: &str) -> PortResult<()> {
        let before = self.log.borrow_mut().insert(seq, (lead_id.clone(), hash.to_owned()));
        assert!(before.is_none(), "record {seq} is written twice");
        Ok(())
    }
    fn keep_record(&self, lead_id: &LeadId) -> PortResult<()> {
        let body = self.leads.borrow().get(lead_id).map(|row| row.body.clone()).unwrap_or_default();
        let own: Vec<u64> =
            self.log.borrow().iter().filter(|(_, (id, _))| id == lead_id).map(|(seq, _)| *seq).collect();
        for seq in own {
            self.kept.borrow_mut().entry(seq).or_insert_with(|| body.clone());
        }
        Ok(())
    }
    fn touched(&self, id: &LeadId) -> PortResult<Option<Timestamp>> {
        Ok(self.touched.borrow().get(id).copied())
    }
    fn put_touched(&self, id: &LeadId, at: Timestamp) -> PortResult<()> {
        self.touched.borrow_mut().insert(id.clone(), at);
        Ok(())
    }
    fn crm(&self, account: &AccountHash, person: &str) -> PortResult<Option<String>> {
        Ok(self.crm.borrow().get(&(account.clone(), person.to_owned())).cloned())
    }
    fn put_crm(&self, account: &AccountHash, person: &str, seen: &str) -> PortResult<()> {
        self.crm.borrow_mut().insert((account.clone(), person.to_owned()), seen.to_owned());
        Ok(())
    }
}

#[derive(Debug)]
struct PoolTables {
    pool: RefCell<PreparedPool>,
    answers: RefCell<BTreeMap<(LeadId, String), String>>,
}

impl OutboxStore for AccountTables {
    fn outbox_after(&self, after: u64) -> PortResult<Vec<u64>> {
        Ok(self.log.borrow().range(after + 1..).map(|(seq, _)| *seq).collect())
    }
    fn outbox_rows(&self, seqs: &[u64]) -> PortResult<Vec<OutboxRow>> {
        let (log, kept, leads) = (self.log.borrow(), self.kept.borrow(), self.leads.borrow());
        let rows = seqs.iter().filter_map(|seq| log.get(seq).map(|(lead_id, _)| (*seq, lead_id.clone())));
        Ok(rows
            .map(|(seq, lead_id)| {
                let own = || leads.get(&lead_id).map(|row| row.body.clone()).filter(|body| !body.is_empty());
                OutboxRow { seq, record: kept.get(&seq).cloned().or_else(own), lead_id }
            })
            .collect())
    }
    fn forget_records(&self, seqs: &[u64]) -> PortResult<()> {
        self.kept.borrow_mut().retain(|seq, _| !seqs.contains(seq));
        Ok(())
    }
    fn delete_from_outbox(&self, seqs: &[u64]) -> PortResult<()> {
        self.log.borrow_mut().retain(|seq, _| !seqs.contains(seq));
        self.kept.borrow_mut().retain(|seq, _| !seqs.contains(seq));
        Ok(())
    }
}

impl RepPoolStore for PoolTables {
    fn answer(&self, lead_id: &LeadId, slot: &str) -> PortResult<Option<String>> {
        Ok(self.answers.borrow().get(&(lead_id.clone(), slot.to_owned())).cloned())
    }
    fn answers(&self, lead_id: &LeadId) -> PortResult<Vec<(String, String)>> {
        let answers = self.answers.borrow();
        let own = answers.iter().filter(|((id, _), _)| id == lead_id);
        Ok(own.map(|((_, slot), text)| (slot.clone(), text.clone())).collect())
    }
    fn put_answer(&self, lead_id: &LeadId, slot: &str, answer: &str, _: Timestamp, _: &str) -> PortResult<()> {
        self.answers.borrow_mut().insert((lead_id.clone(), slot.to_owned()), answer.to_owned());
        Ok(())
    }
    fn remove_answer(&self, lead_id: &LeadId, slot: &str, _: &str) -> PortResult<()> {
        self.answers.borrow_mut().remove(&(lead_id.clone(), slot.to_owned()));
        Ok(())
    }
}

/// The answer to a request, and after how many milliseconds it comes; `None` when none ever does.
pub type Weather = Box<dyn Fn(&HttpRequest) -> (u32, Option<HttpAnswer>)>;

/// The world in memory.
pub struct World {
    pub now: Rc<Cell<Timestamp>>,
    config: RefCell<Rc<InForce>>,
    shards: RefCell<BTreeMap<String, Rc<AccountTables>>>,
    pools: RefCell<BTreeMap<String, Rc<PoolTables>>>,
    directory: Vec<DirectoryRow>,
    pub cache: RefCell<BTreeMap<String, CacheEntry>>,
    /// Answers of providers by a piece of the address.
    pub http: RefCell<BTreeMap<String, (u16, String)>>,
    pub settings: RefCell<BTreeMap<String, String>>,
    pub http_calls: Cell<u32>,
    /// How long answers take, in milliseconds, by a piece of the address; the others come at once.
    pub latency_ms: RefCell<BTreeMap<String, u32>>,
    /// What providers answer and when, instead of all that is prepared.
    pub weather: RefCell<Option<Weather>>,
    /// Pieces of the addresses that were called, in order.
    pub called: RefCell<Vec<String>>,
    /// What was sent to providers, in order.
    pub http_sent: RefCell<Vec<HttpRequest>>,
    /// Answers that come before those of `http`, in order.
    pub http_first: RefCell<VecDeque<(u16, String)>>,
    /// How providers fare, as far as it is remembered.
    pub health: RefCell<BTreeMap<String, Rc<RefCell<Health>>>>,
    /// Pages by the whole address at which they are fetched; the others do not exist.
    pub pages: RefCell<BTreeMap<String, PageAnswer>>,
    /// The call with this number meets the fault; calls are counted from 0.
    pub fault: Cell<Option<(u32, Fault)>>,
    pub calls: Cell<u32>,
    /// Which CRM is connected.
    pub crm_kind: Cell<CrmKind>,
    /// What the CRM knows by address and by domain, or why it does not answer.
    pub crm: RefCell<BTreeMap<String, DeliveryResult<CrmState>>>,
    /// What the CRM was asked, in order.
    pub consulted: RefCell<Vec<CrmQuestion>>,
    /// Jobs on the queues, in order.
    pub jobs: RefCell<Vec<Job>>,
    /// The limiters before vendors, by name.
    pub limiters: RefCell<BTreeMap<String, LimiterState>>,
    /// Where readings of the CRM stand: of changes, and of everything.
    pub cursors: RefCell<[Option<SyncCursor>; 2]>,
}

/// Gives the other tasks a turn.
struct Yield(bool);

impl Future for Yield {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

fn read_text(path: &str) -> String {
    std::fs::read_to_string(format!("{}/{path}", concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))).unwrap()
}

/// A sample file as JSON.
pub fn sample(path: &str) -> Value {
    serde_json::from_str(&read_text(&format!("sample/{path}"))).unwrap()
}

/// A moment.
pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl World {
    /// The sample world on a Wednesday at noon UTC.
    pub fn sample() -> Self {
        let roster = sample("roster.json");
        let teams: Vec<Team> = serde_json::from_value(roster["teams"].clone()).unwrap();
        let reps: Vec<Rep> = serde_json::from_value(roster["reps"].clone()).unwrap();
        let import = parse(read_text("sample/accounts.csv").as_bytes(), ImportKind::Csv);
        assert_eq!(import.problems, Vec::new());
        Self::new(teams, reps, import.rows)
    }

    /// A world with these teams, reps and companies, and the shipped rubric.
    pub fn new(teams: Vec<Team>, reps: Vec<Rep>, directory: Vec<DirectoryRow>) -> Self {
        let rubric = rubric_check::check(&read::read(&read_text("rubric.json")).unwrap()).unwrap();
        let world = Self {
            now: Rc::new(Cell::new(at("2026-11-18T12:00:00Z"))),
            config: RefCell::new(Rc::new(InForce {
                rubric,
                index: RosterIndex::default(),
                index_version: String::new(),
                directory_version: "1".to_owned(),
                crm_heard: None,
            })),
            shards: RefCell::default(),
            pools: RefCell::default(),
            directory,
            cache: RefCell::default(),
            http: RefCell::default(),
            settings: RefCell::default(),
            http_calls: Cell::new(0),
            latency_ms: RefCell::default(),
            weather: RefCell::default(),
            called: RefCell::default(),
            http_sent: RefCell::default(),
            http_first: RefCell::default(),
            health: RefCell::default(),
            pages: RefCell::default(),
            fault: Cell::new(None),
            calls: Cell::new(0),
            crm_kind: Cell::default(),
            crm: RefCell::default(),
            consulted: RefCell::default(),
            jobs: RefCell::default(),
            limiters: RefCell::default(),
            cursors: RefCell::default(),
        };
        world.set_roster(&teams, &reps);
        world
    }

    /// Replaces teams and reps; what was picked is kept.
    pub fn set_roster(&self, teams: &[Team], reps: &[Rep]) {
        let names: BTreeSet<String> = teams.iter().map(pool_of).collect();
        for name in names {
            let teams: BTreeMap<_, _> =
                teams.iter().filter(|team| pool_of(team) == name).map(|team| (team.id.clone(), team.clone())).collect();
            let mut pool = Pool { teams, ..Pool::default() };
            for rep in reps {
                let state = Arc::make_mut(pool.states.entry(rep.id.clone()).or_default());
                state.open_leads = rep.open_leads.unwrap_or(0);
                state.recent = rep.recent.unwrap_or_default();
                state.status = rep.status.unwrap_or_default();
                pool.reps.insert(rep.id.clone(), rep.clone());
            }
            // What is wrong with a roster is said elsewhere; whoever it concerns takes no lead.
            let (prepared, _) = PreparedPool::new(pool);
            let old = self.pools.borrow_mut().remove(&name);
            let answers = old.map(|old| old.answers.borrow().clone()).unwrap_or_default();
            let tables = PoolTables { pool: RefCell::new(prepared), answers: RefCell::new(answers) };
            self.pools.borrow_mut().insert(name, Rc::new(tables));
        }
        let old = Rc::clone(&self.config.borrow());
        let index = RosterIndex::new(teams, reps);
        let rubric = rubric_check::check(old.rubric.file()).unwrap();
        *self.config.borrow_mut() = Rc::new(InForce {
            rubric,
            index,
            index_version: "2".to_owned(),
            directory_version: "1".to_owned(),
            crm_heard: old.crm_heard,
        });
    }

    /// What is in force.
    pub fn in_force(&self) -> Rc<InForce> {
        Rc::clone(&self.config.borrow())
    }

    /// Replaces how enrichment is done.
    pub fn set_enrichment(&self, enrichment: &Value) {
        self.edit_rubric(|file| file["enrichment"] = enrichment.clone());
    }

    /// Changes the rubric in force.
    pub fn edit_rubric(&self, edit: impl FnOnce(&mut Value)) {
        let old = Rc::clone(&self.config.borrow());
        let mut file = serde_json::to_value(old.rubric.file()).unwrap();
        edit(&mut file);
        let rubric = rubric_check::check(&serde_json::from_value(file).unwrap()).unwrap();
        let (index, index_version) = (old.index.clone(), old.index_version.clone());
        *self.config.borrow_mut() = Rc::new(InForce {
            rubric,
            index,
            index_version,
            directory_version: old.directory_version.clone(),
            crm_heard: old.crm_heard,
        });
    }

    fn shard(&self, name: &str) -> Rc<AccountTables> {
        Rc::clone(self.shards.borrow_mut().entry(name.to_owned()).or_default())
    }

    /// The pool with this name; an empty one when nobody wrote any, as on the platform.
    fn pool(&self, name: &str) -> Rc<PoolTables> {
        let empty = || Rc::new(PoolTables { pool: RefCell::default(), answers: RefCell::default() });
        Rc::clone(self.pools.borrow_mut().entry(name.to_owned()).or_insert_with(empty))
    }

    /// One call: a turn for the others, the fault if it is this call's, and the effect.
    async fn call<T>(&self, effect: impl Future<Output = PortResult<T>>) -> PortResult<T> {
        Yield(false).await;
        let number = self.calls.replace(self.calls.get() + 1);
        let fault = self.fault.get().filter(|(place, _)| *place == number).map(|(_, fault)| fault);
        if fault == Some(Fault::Before) {
            return Err(Unavailable::new("test", "lost before"));
        }
        let result = effect.await;
        if fault == Some(Fault::After) {
            return Err(Unavailable::new("test", "answer lost"));
        }
        result
    }

    async fn locked<T>(&self, shard: &AccountTables, account: &AccountHash, run: impl Future<Output = T>) -> T {
        let lock = Arc::clone(shard.locks.borrow_mut().entry(account.as_str().to_owned()).or_default());
        let _guard = lock.lock_owned().await;
        run.await
    }

    /// Takes a lead in, as a sender that waits.
    pub async fn post(&self, lead: &Lead, key: Option<&str>) -> PortResult<IntakeAnswer> {
        let done = intake(self, lead.clone(), key, self.now.get(), LIVE).await?;
        after(self, done.after).await;
        Ok(done.answer)
    }

    /// Takes a lead in and expects a decision.
    pub async fn decide(&self, lead: &Lead) -> Decision {
        match self.post(lead, None).await.unwrap() {
            IntakeAnswer::Decided { decision, .. } => *decision,
            other => panic!("no decision: {other:?}"),
        }
    }

    /// What the alarms of all account shards and the consumer do at this moment: every lead that is due is routed again.
    pub async fn wake(&self) -> PortResult<u32> {
        let shards: Vec<_> = self.shards.borrow().values().cloned().collect();
        let mut woken = 0;
        for shard in shards {
            for row in shard.due(self.now.get(), 1_000)? {
                if let Some(done) = route_again(self, &row.lead_id, LIVE).await? {
                    after(self, done.after).await;
                    woken += 1;
                }
            }
        }
        Ok(woken)
    }

    /// Every record in the outboxes, in the order of each account shard.
    pub fn records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        for shard in self.shards.borrow().values() {
            for row in shard.outbox_rows(&shard.outbox_after(0).unwrap()).unwrap() {
                records.push(serde_json::from_str(&row.record.unwrap()).unwrap());
            }
        }
        records
    }

    /// What a lead leaves behind anywhere, as text; answers of providers in the cache do not count.
    pub fn everything_written(&self) -> String {
        let shards = self.shards.borrow();
        let shards: Vec<_> = shards
            .iter()
            .filter(|(_, tables)| !tables.is_empty())
            .map(|(name, tables)| format!("{name} {tables:?}"))
            .collect();
        let pools = self.pools.borrow();
        let pools: Vec<_> = pools
            .iter()
            .filter(|(_, pool)| !pool.pool.borrow().states().is_empty())
            .map(|(name, pool)| format!("{name} {:?} {:?}", pool.pool.borrow().states(), pool.answers))
            .collect();
        format!("{shards:?} {pools:?} {:?}", self.jobs.borrow())
    }

    /// The leads of all account shards.
    pub fn leads(&self) -> Vec<LeadRow> {
        let shards = self.shards.borrow();
        shards.values().flat_map(|shard| shard.leads.borrow().values().cloned().collect::<Vec<_>>()).collect()
    }

    /// Open leads that a pool counts for a rep.
    pub fn open_leads(&self, rep: &str) -> u32 {
        let pools = self.pools.borrow();
        let states = pools.values().flat_map(|pool| {
            let pool = pool.pool.borrow();
            pool.states().iter().map(|(id, state)| (id.to_string(), state.open_leads)).collect::<Vec<_>>()
        });
        states.filter(|(id, _)| id == rep).map(|(_, open)| open).max().unwrap_or(0)
    }
}

/// Runs some futures to their end, interleaved at every call. The clock moves when all of them wait for it.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    let awake = Arc::new(Awake(AtomicBool::new(true)));
    let waker = Waker::from(Arc::clone(&awake));
    let mut future = pin!(future);
    loop {
        while awake.0.swap(false, Ordering::Relaxed) {
            if let Poll::Ready(answer) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return answer;
            }
        }
        assert!(pass_to_the_next_sleeper(), "everything waits for nothing");
    }
}

/// Whether anything can go on.
struct Awake(AtomicBool);

impl Wake for Awake {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Whoever waits for a moment.
struct Sleeper {
    clock: Rc<Cell<Timestamp>>,
    until: Timestamp,
    number: u64,
    waker: Waker,
}

thread_local! {
    static SLEEPERS: RefCell<Vec<Sleeper>> = const { RefCell::new(Vec::new()) };
    static SLEEPER_NUMBERS: Cell<u64> = const { Cell::new(0) };
}

/// Moves a clock to the earliest moment that somebody waits for.
fn pass_to_the_next_sleeper() -> bool {
    SLEEPERS.with_borrow_mut(|sleepers| {
        let next = sleepers.iter().enumerate().min_by_key(|(_, sleeper)| (sleeper.until, sleeper.number));
        let Some((place, _)) = next else { return false };
        let next = sleepers.remove(place);
        next.clock.set(next.clock.get().max(next.until));
        next.waker.wake();
        true
    })
}

/// Ends when so much time of a clock has passed.
pub async fn sleep(clock: &Rc<Cell<Timestamp>>, ms: u32) {
    let until = clock.get().plus_ms(ms.into());
    Sleep { clock: Rc::clone(clock), until, number: None }.await;
}

/// Ends when the clock has come to a moment.
struct Sleep {
    clock: Rc<Cell<Timestamp>>,
    until: Timestamp,
    number: Option<u64>,
}

impl Future for Sleep {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.clock.get() >= self.until {
            return Poll::Ready(());
        }
        if self.number.is_none() {
            let number = SLEEPER_NUMBERS.replace(SLEEPER_NUMBERS.get() + 1);
            self.number = Some(number);
            let (clock, waker) = (Rc::clone(&self.clock), context.waker().clone());
            let sleeper = Sleeper { clock, until: self.until, number, waker };
            SLEEPERS.with_borrow_mut(|sleepers| sleepers.push(sleeper));
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        SLEEPERS.with_borrow_mut(|sleepers| sleepers.retain(|sleeper| Some(sleeper.number) != self.number));
    }
}

/// A checked lead from a JSON body.
pub fn lead(body: &Value) -> Lead {
    check(json::read(body.to_string().as_bytes(), &FieldMap::default()).unwrap(), at("2026-11-18T12:00:00Z")).unwrap()
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        self.now.get()
    }
    async fn pause(&self, ms: u32) {
        sleep(&self.now, ms).await;
    }
}

impl Config for World {
    async fn current(&self) -> PortResult<Rc<InForce>> {
        self.call(async { Ok(Rc::clone(&self.config.borrow())) }).await
    }
}

impl Cache for World {
    async fn get(&self, keys: &[String]) -> PortResult<Vec<CacheEntry>> {
        self.call(async {
            Ok(keys.iter().map(|key| self.cache.borrow().get(key).cloned().unwrap_or_default()).collect())
        })
        .await
    }
    async fn put(&self, key: &str, entry: &CacheEntry, _now: Timestamp) -> PortResult<()> {
        self.cache.borrow_mut().insert(key.to_owned(), entry.clone());
        Ok(())
    }
}

impl Directory for World {
    async fn find(&self, domain: Option<&str>, name_key: Option<&str>) -> PortResult<Option<DirectoryRow>> {
        self.call(async {
            Ok(match (domain, name_key) {
                (Some(domain), _) => self.directory.iter().find(|row| row.domain == domain).cloned(),
                (None, Some(key)) => {
                    let mut rows = self.directory.iter().filter(|row| row.name_key().as_deref() == Some(key));
                    rows.next().filter(|_| rows.next().is_none()).cloned()
                }
                (None, None) => None,
            })
        })
        .await
    }
}

impl Http for World {
    async fn send(&self, request: &HttpRequest, timeout_ms: u32) -> Result<HttpAnswer, HttpFailure> {
        Yield(false).await;
        self.http_calls.set(self.http_calls.get() + 1);
        let drawn = self.weather.borrow().as_ref().map(|weather| weather(request));
        if let Some((ms, answer)) = drawn {
            let ms = if answer.is_some() { ms } else { u32::MAX };
            self.pause(ms.min(timeout_ms)).await;
            return answer.filter(|_| ms <= timeout_ms).ok_or(HttpFailure::Timeout);
        }
        let piece = |pieces: &BTreeMap<String, u32>| {
            pieces.iter().find(|(piece, _)| request.url.contains(piece.as_str())).map(|(_, ms)| *ms)
        };
        self.called.borrow_mut().push(request.url.split('?').next().unwrap_or_default().to_owned());
        let latency_ms = piece(&self.latency_ms.borrow()).unwrap_or(0);
        if latency_ms > 0 {
            self.pause(latency_ms.min(timeout_ms)).await;
        }
        if latency_ms > timeout_ms {
            return Err(HttpFailure::Timeout);
        }
        self.http_sent.borrow_mut().push(request.clone());
        if let Some((status, body)) = self.http_first.borrow_mut().pop_front() {
            return Ok(HttpAnswer { status, retry_after_s: None, body: body.into_bytes() });
        }
        let http = self.http.borrow();
        let found = http.iter().find(|(piece, _)| request.url.contains(piece.as_str()));
        match found {
            Some((_, (status, body))) => {
                Ok(HttpAnswer { status: *status, retry_after_s: None, body: body.clone().into_bytes() })
            }
            None => Err(HttpFailure::Timeout),
        }
    }
    fn setting(&self, name: &str) -> Option<String> {
        self.settings.borrow().get(name).cloned()
    }
}

impl Pages for World {
    async fn page(&self, address: &PageAddress, timeout_ms: u32) -> Result<PageAnswer, HttpFailure> {
        Yield(false).await;
        self.called.borrow_mut().push(address.fetch_url.clone());
        let latency_ms = self.latency_ms.borrow().get(&address.fetch_url).copied().unwrap_or(0);
        if latency_ms > 0 {
            self.pause(latency_ms.min(timeout_ms)).await;
        }
        if latency_ms > timeout_ms {
            return Err(HttpFailure::Timeout);
        }
        self.pages.borrow().get(&address.fetch_url).cloned().ok_or(HttpFailure::Unreachable)
    }
}

impl ProviderLookups for World {
    async fn look_up(&self, question: &ProviderLookupRequest) -> PortResult<ProviderLookupResponse> {
        let health = Rc::clone(self.health.borrow_mut().entry(question.provider.to_string()).or_default());
        let progress = Progress::default();
        progress.is_awaited.set(question.wait_ms > 0);
        let call = pin!(look_up(self, &health, question, &progress));
        if question.wait_ms == 0 {
            // As if the answer had come by then.
            return Ok(call.await);
        }
        Ok(match select(call, pin!(self.pause(question.wait_ms))).await {
            Either::Left((looked_up, _)) => looked_up,
            Either::Right(_) => ProviderLookupResponse::failed(LATE),
        })
    }
}

impl Rosters for World {
    async fn index(&self, _version: &str) -> PortResult<Rc<RosterIndex>> {
        Ok(Rc::new(self.config.borrow().index.clone()))
    }
}

impl AccountShards for World {
    async fn reserve(&self, shard: &str, reserve: &ReserveKeyRequest) -> PortResult<ReserveKeyResponse> {
        let tables = self.shard(shard);
        self.call(async { shard::reserve_key(&*tables, reserve) }).await
    }
    async fn open(&self, shard: &str, open: &OpenRequest) -> PortResult<OpenResponse> {
        let tables = self.shard(shard);
        self.call(async { shard::open(&*tables, open) }).await
    }
    async fn decide(&self, shard: &str, request: &DecideRequest) -> PortResult<DecideResponse> {
        let tables = self.shard(shard);
        let run = shard::decide(&*tables, self, self, request);
        self.call(self.locked(&tables, &request.open.keys.account, run)).await
    }
    async fn explain(&self, shard: &str, request: &DecideRequest) -> PortResult<Explained> {
        let tables = self.shard(shard);
        self.call(shard::explain(&*tables, self, self, request)).await
    }
    async fn preview_claim(&self, shard: &str, request: &ClaimRequest) -> PortResult<ClaimResponse> {
        let tables = self.shard(shard);
        self.call(claim::preview_claim(&*tables, self, self, request)).await
    }
    async fn claim(&self, shard: &str, claim: &ClaimRequest) -> PortResult<ClaimResponse> {
        let tables = self.shard(shard);
        let run = claim::claim(&*tables, self, self, claim);
        self.call(self.locked(&tables, &claim.keys.account, run)).await
    }
    async fn record(&self, lead_id: &LeadId, seq: u64) -> PortResult<Option<Record>> {
        let shard = self.shard(&AccountHash::of_lead(lead_id).unwrap().shard());
        self.call(async {
            let row = shard.outbox_rows(&[seq])?.into_iter().next();
            Ok(row.and_then(|row| row.record).map(|text| serde_json::from_str(&text).unwrap()))
        })
        .await
    }
    async fn confirm(&self, shard: &str, seqs: &[u64]) -> PortResult<()> {
        let shard = self.shard(shard);
        self.call(async { shard.delete_from_outbox(seqs) }).await
    }
    async fn touch(&self, touch: &TouchRequest) -> PortResult<TouchResponse> {
        let shard = self.shard(&AccountHash::of_lead(&touch.lead_id).unwrap().shard());
        self.call(async { touch::touch(shard.as_ref(), touch) }).await
    }
    async fn mirror(&self, shard: &str, ask: &SnapshotRequest) -> PortResult<CrmSnapshot> {
        self.call(async { crm_snapshot::mirror(self.shard(shard).as_ref(), ask) }).await
    }
    async fn learn(&self, shard: &str, news: &[StoreSnapshotRequest]) -> PortResult<()> {
        self.call(async { crm_snapshot::store_all(self.shard(shard).as_ref(), news) }).await
    }
    async fn lead(&self, lead_id: &LeadId) -> PortResult<Option<LeadStatus>> {
        let Some(account) = AccountHash::of_lead(lead_id) else { return Ok(None) };
        let tables = self.shard(&account.shard());
        let row = AccountStore::lead(&*tables, lead_id)?;
        Ok(row.map(|row| match row.state {
            LeadState::Open => LeadStatus::Open { open: serde_json::from_str(&row.body).unwrap() },
            _ => LeadStatus::Decided {
                fingerprint: row.fingerprint.clone(),
                received_at: row.received_at,
                record: Box::new(shard::record_of(&row).unwrap()),
            },
        }))
    }
}

impl RepPools for World {
    async fn pick(&self, pool: &str, request: &PickRequest) -> PortResult<PickResponse> {
        let tables = self.pool(pool);
        self.call(async { rep_pool::pick(&*tables, &mut tables.pool.borrow_mut(), "1", request) }).await
    }
    async fn release(&self, pool: &str, release: &ReleaseRequest) -> PortResult<()> {
        let tables = self.pool(pool);
        self.call(async { rep_pool::release(&*tables, &mut tables.pool.borrow_mut(), release) }).await
    }
    async fn peek(&self, pool: &str, request: &PickRequest) -> PortResult<PickResponse> {
        let tables = self.pool(pool);
        self.call(async { Ok(rep_pool::peek(&tables.pool.borrow(), "1", request)) }).await
    }
}

impl CrmLookups for World {
    fn crm(&self) -> CrmKind {
        self.crm_kind.get()
    }
    async fn lookup(&self, question: &CrmQuestion) -> DeliveryResult<CrmState> {
        Yield(false).await;
        self.consulted.borrow_mut().push(question.clone());
        let crm = self.crm.borrow();
        let known = |key: &Option<String>| key.as_ref().and_then(|key| crm.get(key)).cloned().transpose();
        let (person, account) = (known(&question.email)?, known(&question.domain)?);
        Ok(CrmState {
            person: person.as_ref().and_then(|state| state.person.clone()),
            account: account.or(person).and_then(|state| state.account),
        })
    }
}

impl RateLimits for World {
    async fn acquire(&self, limiter: &str, request: &AcquireRequest) -> PortResult<AcquireResponse> {
        self.call(async { Ok(self.limiters.borrow_mut().entry(limiter.to_owned()).or_default().acquire(request)) })
            .await
    }
    async fn block_until(&self, limiter: &str, bucket: &str, until: Timestamp) -> PortResult<()> {
        self.limiters.borrow_mut().entry(limiter.to_owned()).or_default().block_until(bucket, until);
        Ok(())
    }
    async fn refund(&self, limiter: &str, refund: &RefundRequest) -> PortResult<()> {
        self.limiters.borrow_mut().entry(limiter.to_owned()).or_default().refund(refund);
        Ok(())
    }
    async fn token(&self, limiter: &str, request: &TokenRequest) -> PortResult<TokenResponse> {
        Ok(self.limiters.borrow_mut().entry(limiter.to_owned()).or_default().token(request))
    }
    async fn put_token(&self, limiter: &str, token: Option<&KeptToken>) -> PortResult<()> {
        self.limiters.borrow_mut().entry(limiter.to_owned()).or_default().put_token(token.cloned());
        Ok(())
    }
}

impl SyncCursors for World {
    async fn cursor(&self, reading: SyncKind) -> PortResult<Option<SyncCursor>> {
        self.call(async { Ok(self.cursors.borrow()[reading as usize].clone()) }).await
    }
    async fn put_cursor(&self, reading: SyncKind, cursor: Option<&SyncCursor>) -> PortResult<()> {
        self.call(async {
            self.cursors.borrow_mut()[reading as usize] = cursor.cloned();
            Ok(())
        })
        .await
    }
    async fn put_synced_range(&self, heard: SyncedRange) -> PortResult<()> {
        self.call(async {
            let mut config = self.config.borrow_mut();
            let InForce { index, index_version, directory_version, rubric, .. } = &**config;
            *config = Rc::new(InForce {
                rubric: rubric_check::check(rubric.file()).unwrap(),
                index: index.clone(),
                index_version: index_version.clone(),
                directory_version: directory_version.clone(),
                crm_heard: Some(heard),
            });
            Ok(())
        })
        .await
    }
}

impl Jobs for World {
    async fn enqueue(&self, jobs: &[Job], _after_s: u32) -> PortResult<()> {
        self.call(async {
            self.jobs.borrow_mut().extend_from_slice(jobs);
            Ok(())
        })
        .await
    }
}
