//! The Lookup: asks providers about subjects, each question once for everybody who asks.
//!
//! It holds no truth. What it remembers (calls under way, the last answers, how providers fare) makes calls fewer and is
//! lost without harm. A subject has one object, so leads of one company that arrive together are one call.

use crate::bindings::log;
use crate::bindings::objects::parsed;
use crate::bindings::queue::send_jobs;
use crate::bindings::world::World;
use futures_util::future::{Either, FutureExt, LocalBoxFuture, Shared, select};
use lead_router_app::enrichment::provider_call::{Health, Progress};
use lead_router_app::enrichment::provider_lookup::look_up;
use lead_router_app::ports::jobs::Job;
use lead_router_app::ports::messages::{ProviderLookupRequest, ProviderLookupResponse};
use lead_router_app::ports::{Cache, CachedReading, Clock};
use lead_router_core::enrichment::waterfall::results::LATE;
use lead_router_core::id::LeadId;
use lead_router_core::time::Timestamp;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use worker::{Delay, DurableObject, Env, Request, Response, Result, State, durable_object};

/// How long an answer is remembered, in milliseconds: as long as the cache may not show it everywhere yet.
const RECENT_MS: i64 = 60_000;
/// Most answers that are remembered.
const RECENT_MAX: usize = 1_000;

/// A call under way.
#[derive(Debug, Clone)]
struct Flight {
    call: Shared<LocalBoxFuture<'static, ProviderLookupResponse>>,
    /// Who could not wait for it.
    late: Rc<LateTask>,
    progress: Rc<Progress>,
}

/// Those for whom an answer comes too late.
#[derive(Debug, Default)]
struct LateTask {
    /// Whether there is anybody.
    is_any: Cell<bool>,
    /// Leads that were decided without the answer, and may be placed again.
    lead_ids: RefCell<Vec<LeadId>>,
}

impl LateTask {
    fn note(&self, lead_id: Option<&LeadId>) {
        self.is_any.set(true);
        let mut lead_ids = self.lead_ids.borrow_mut();
        if let Some(lead_id) = lead_id.filter(|id| !lead_ids.contains(id)) {
            lead_ids.push(lead_id.clone());
        }
    }
}

/// The Durable Object.
#[durable_object(fetch)]
#[derive(Debug)]
pub struct ProviderLookup {
    state: State,
    env: Env,
    memory: Rc<Memory>,
}

/// What is remembered, by provider or by subject and provider.
#[derive(Debug, Default)]
struct Memory {
    health: RefCell<BTreeMap<String, Rc<RefCell<Health>>>>,
    flights: RefCell<BTreeMap<String, Flight>>,
    recent: RefCell<BTreeMap<String, (Timestamp, ProviderLookupResponse)>>,
}

impl DurableObject for ProviderLookup {
    fn new(state: State, env: Env) -> Self {
        Self { state, env, memory: Rc::default() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        if request.path() == "/circuit_open" {
            return Response::from_json(&self.memory.circuits_open(World::new(self.env.clone()).now()));
        }
        let body = request.bytes().await?;
        let Ok(question) = parsed::<ProviderLookupRequest>("lookup", &body) else {
            return Ok(Response::ok("unknown question")?.with_status(503));
        };
        Response::from_json(&self.answer(question).await)
    }
}

impl ProviderLookup {
    async fn answer(&self, question: ProviderLookupRequest) -> ProviderLookupResponse {
        let key = format!("{}|{}", question.provider, question.subject);
        let world = World::new(self.env.clone());
        if let Some(known) = self.memory.recent(&key, world.now()) {
            if let (Some(lead_id), Some(reading)) = (question.lead_id, &known.reading) {
                place_again(&world, vec![lead_id], reading).await;
            }
            return ProviderLookupResponse { shared: true, ..known };
        }
        let wait = Duration::from_millis(question.wait_ms.into());
        let under_way = self.memory.flights.borrow().get(&key).cloned();
        let is_shared = under_way.is_some();
        let lead_id = question.lead_id.clone();
        let flight = under_way.unwrap_or_else(|| self.start(key, question, world));
        match select(flight.call, Delay::from(wait)).await {
            Either::Left((looked_up, _)) => ProviderLookupResponse { shared: is_shared, ..looked_up },
            Either::Right(_) => {
                flight.late.note(lead_id.as_ref());
                // Whoever put the question has been decided without the answer, so nobody pays for its coming sooner.
                flight.progress.is_awaited.set(false);
                ProviderLookupResponse {
                    shared: is_shared,
                    hedge: flight.progress.hedge.get(),
                    ..ProviderLookupResponse::failed(LATE)
                }
            }
        }
    }

    /// Starts a call that goes on when nobody waits for it any more.
    fn start(&self, key: String, question: ProviderLookupRequest, world: World) -> Flight {
        let late = Rc::new(LateTask::default());
        let progress = Rc::new(Progress::default());
        progress.is_awaited.set(question.wait_ms > 0);
        let asked = Rc::clone(&progress);
        let (memory, waiting, flight_key) = (Rc::clone(&self.memory), Rc::clone(&late), key.clone());
        let health = self.memory.health_of(question.provider.as_str());
        let call = async move {
            let looked_up = look_up(&world, &health, &question, &asked).await;
            memory.flights.borrow_mut().remove(&key);
            if let Some(reading) = &looked_up.reading {
                memory.remember(key, looked_up.clone(), world.now());
                if waiting.is_any.get() {
                    keep(&world, &question, reading).await;
                    place_again(&world, waiting.lead_ids.take(), reading).await;
                }
            }
            looked_up
        };
        let flight = Flight { call: call.boxed_local().shared(), late, progress };
        self.memory.flights.borrow_mut().insert(flight_key, flight.clone());
        let call = flight.call.clone();
        self.state.wait_until(async move { drop(call.await) });
        flight
    }
}

/// Stores an answer that came after its lead was decided, for the next lead of the subject.
async fn keep(world: &World, question: &ProviderLookupRequest, reading: &CachedReading) {
    let keys = [question.subject.clone()];
    let mut entry = world.get(&keys).await.unwrap_or_default().pop().unwrap_or_default();
    entry.insert(question.provider.to_string(), reading.clone());
    if let Err(error) = world.put(&question.subject, &entry, world.now()).await {
        log::error(&log::LogLine { event: "cache.put_failed", detail: Some(&error.detail), ..log::LogLine::default() });
    }
}

/// Has the leads looked at again that were decided without an answer, when it says something.
async fn place_again(world: &World, lead_ids: Vec<LeadId>, reading: &CachedReading) {
    if reading.facts.is_empty() {
        return;
    }
    let job = |lead_id| Job::LateEnrichment { lead_id, reading: reading.clone() };
    let jobs: Vec<Job> = lead_ids.into_iter().map(job).collect();
    if let Err(error) = send_jobs(&world.env, &jobs).await {
        log::error(&log::LogLine { event: "late.not_sent", detail: Some(&error.detail), ..log::LogLine::default() });
    }
}

impl Memory {
    fn health_of(&self, provider: &str) -> Rc<RefCell<Health>> {
        Rc::clone(self.health.borrow_mut().entry(provider.to_owned()).or_default())
    }

    /// Providers that are not called at the moment, because of faults or because they asked for a pause.
    fn circuits_open(&self, now: Timestamp) -> Vec<String> {
        let health = self.health.borrow();
        let is_open = |health: &RefCell<Health>| health.borrow().breaker.open_until().is_some_and(|until| until > now);
        health.iter().filter(|(_, health)| is_open(health)).map(|(provider, _)| provider.clone()).collect()
    }

    fn recent(&self, key: &str, now: Timestamp) -> Option<ProviderLookupResponse> {
        let recent = self.recent.borrow();
        recent.get(key).filter(|(at, _)| now.ms_since(*at) < RECENT_MS).map(|(_, known)| known.clone())
    }

    fn remember(&self, key: String, looked_up: ProviderLookupResponse, now: Timestamp) {
        let mut recent = self.recent.borrow_mut();
        if recent.len() >= RECENT_MAX {
            recent.retain(|_, (at, _)| now.ms_since(*at) < RECENT_MS);
        }
        if recent.len() < RECENT_MAX {
            recent.insert(key, (now, looked_up));
        }
    }
}
