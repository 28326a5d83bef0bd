//! The Lookup: asks providers about subjects, each question once for everybody who asks.
//!
//! It holds no truth. What it remembers (calls under way, the last answers, how providers fare) makes calls fewer and is
//! lost without harm. A subject has one object, so leads of one company that arrive together are one call.

use super::log;
use super::world::World;
use crate::domain::provider::shipped;
use crate::domain::time::Timestamp;
use crate::flow::look_up::{Health, look_up};
use crate::ports::messages::{LATE, LookUp, LookedUp, NOT_SET_UP};
use crate::ports::{Cache, Clock};
use futures_util::future::{Either, FutureExt, LocalBoxFuture, Shared, select};
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
    call: Shared<LocalBoxFuture<'static, LookedUp>>,
    /// Whether somebody could not wait for it.
    is_late: Rc<Cell<bool>>,
}

/// The Durable Object.
#[durable_object(fetch)]
#[derive(Debug)]
pub struct Lookup {
    state: State,
    env: Env,
    memory: Rc<Memory>,
}

/// What is remembered, by provider or by subject and provider.
#[derive(Debug, Default)]
struct Memory {
    health: RefCell<BTreeMap<String, Rc<RefCell<Health>>>>,
    flights: RefCell<BTreeMap<String, Flight>>,
    recent: RefCell<BTreeMap<String, (Timestamp, LookedUp)>>,
}

impl DurableObject for Lookup {
    fn new(state: State, env: Env) -> Self {
        Self { state, env, memory: Rc::default() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let body = request.bytes().await?;
        let Ok(question) = serde_json::from_slice::<LookUp>(&body) else {
            return Ok(Response::ok("unknown question")?.with_status(503));
        };
        Response::from_json(&self.answer(question).await)
    }
}

impl Lookup {
    async fn answer(&self, question: LookUp) -> LookedUp {
        let key = format!("{}|{}", question.provider, question.subject);
        let world = World::new(self.env.clone());
        if let Some(known) = self.memory.recent(&key, world.now()) {
            return LookedUp { shared: true, ..known };
        }
        let wait = Duration::from_millis(question.wait_ms.into());
        let under_way = self.memory.flights.borrow().get(&key).cloned();
        let is_shared = under_way.is_some();
        let flight = under_way.unwrap_or_else(|| self.start(key, question, world));
        match select(flight.call, Delay::from(wait)).await {
            Either::Left((looked_up, _)) => LookedUp { shared: is_shared, ..looked_up },
            Either::Right(_) => {
                flight.is_late.set(true);
                LookedUp { shared: is_shared, ..LookedUp::failed(LATE) }
            }
        }
    }

    /// Starts a call that goes on when nobody waits for it any more.
    fn start(&self, key: String, question: LookUp, world: World) -> Flight {
        let is_late = Rc::new(Cell::new(false));
        let (memory, late, flight_key) = (Rc::clone(&self.memory), Rc::clone(&is_late), key.clone());
        let health = self.memory.health_of(question.provider.as_str());
        let call = async move {
            let looked_up = match shipped::find(question.provider.as_str()) {
                Some(description) => look_up(&world, &health, description, &question).await,
                None => LookedUp::failed(NOT_SET_UP),
            };
            memory.flights.borrow_mut().remove(&key);
            if looked_up.reading.is_some() {
                memory.remember(key, looked_up.clone(), world.now());
                if late.get() {
                    keep(&world, &question, &looked_up).await;
                }
            }
            looked_up
        };
        let flight = Flight { call: call.boxed_local().shared(), is_late };
        self.memory.flights.borrow_mut().insert(flight_key, flight.clone());
        let call = flight.call.clone();
        self.state.wait_until(async move { drop(call.await) });
        flight
    }
}

/// Stores an answer that came after its lead was decided, for the next lead of the subject.
async fn keep(world: &World, question: &LookUp, looked_up: &LookedUp) {
    let keys = [question.subject.clone()];
    let mut entry = world.get(&keys).await.unwrap_or_default().pop().unwrap_or_default();
    if let Some(reading) = looked_up.reading.clone() {
        entry.insert(question.provider.to_string(), reading);
    }
    if let Err(error) = world.put(&question.subject, &entry, world.now()).await {
        log::error(&log::Line { event: "cache.put_failed", detail: Some(&error.detail), ..log::Line::default() });
    }
}

impl Memory {
    fn health_of(&self, provider: &str) -> Rc<RefCell<Health>> {
        Rc::clone(self.health.borrow_mut().entry(provider.to_owned()).or_default())
    }

    fn recent(&self, key: &str, now: Timestamp) -> Option<LookedUp> {
        let recent = self.recent.borrow();
        recent.get(key).filter(|(at, _)| now.ms_since(*at) < RECENT_MS).map(|(_, known)| known.clone())
    }

    fn remember(&self, key: String, looked_up: LookedUp, now: Timestamp) {
        let mut recent = self.recent.borrow_mut();
        if recent.len() >= RECENT_MAX {
            recent.retain(|_, (at, _)| now.ms_since(*at) < RECENT_MS);
        }
        if recent.len() < RECENT_MAX {
            recent.insert(key, (now, looked_up));
        }
    }
}
