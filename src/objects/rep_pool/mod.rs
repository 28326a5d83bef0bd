//! The pool: owns teams that may share reps, the state of the reps and what each lead was answered.

pub mod store;

use crate::bindings::log;
use crate::bindings::objects::parsed;
use crate::objects::rep_pool::store::SqlRepPoolStore;
use lead_router_app::ports::{PortResult, Unavailable};
use lead_router_app::rep_pool;
use lead_router_core::error::Problem;
use lead_router_core::hash::sha256_hex;
use lead_router_core::id::RepId;
use lead_router_core::roster::model::{Pool, RepStatus};
use lead_router_core::roster::prepared::PreparedPool;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::sync::Arc;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// The Durable Object.
#[durable_object(fetch)]
#[derive(Debug)]
pub struct RepPool {
    store: PortResult<SqlRepPoolStore>,
    /// The pool with its calendars compiled, and the version of teams and reps; read from the tables on first use.
    ready: RefCell<Option<ReadyPool>>,
}

#[derive(Debug)]
struct ReadyPool {
    store: SqlRepPoolStore,
    pool: PreparedPool,
    version: String,
}

/// Sets the presence of a rep.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SetStatus {
    /// The rep.
    pub rep_id: RepId,
    /// Presence.
    pub status: RepStatus,
}

impl DurableObject for RepPool {
    fn new(state: State, _env: Env) -> Self {
        Self { store: SqlRepPoolStore::open(state).1, ready: RefCell::default() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let path = request.path();
        let body = request.bytes().await?;
        match self.answer(path.trim_start_matches('/'), &body) {
            Ok(text) => Response::ok(text),
            Err(error) => Ok(Response::ok(error.detail)?.with_status(503)),
        }
    }
}

impl RepPool {
    /// Answers a question. Synchronous: nothing comes between reading the state and writing it.
    fn answer(&self, question: &str, body: &[u8]) -> PortResult<String> {
        let mut ready = self.ready.borrow_mut();
        if ready.is_none() {
            *ready = Some(self.load()?);
        }
        let Some(ready) = ready.as_mut() else {
            return Err(Unavailable::new("team", "the pool could not be read"));
        };
        match question {
            "pick" => json(&rep_pool::pick(&ready.store, &mut ready.pool, &ready.version, &parse(body)?)?),
            "take_back" => json(&rep_pool::release(&ready.store, &mut ready.pool, &parse(body)?)?),
            "peek" => json(&rep_pool::peek(&ready.pool, &ready.version, &parse(body)?)),
            "put" => json(&ready.replace(parse(body)?)?),
            "status" => {
                let set: SetStatus = parse(body)?;
                ready.pool.set_status(&set.rep_id, set.status);
                json(&ready.store.put_states(ready.pool.states())?)
            }
            "get" => json(ready.pool.pool()),
            _ => Err(Unavailable::new("team", "unknown question")),
        }
    }

    fn load(&self) -> PortResult<ReadyPool> {
        let store = self.store.clone()?;
        let pool = store.pool()?;
        let version = version(&pool)?;
        let (pool, problems) = PreparedPool::new(pool);
        report(&problems);
        Ok(ReadyPool { store, pool, version })
    }
}

impl ReadyPool {
    /// Replaces teams and reps. The state of a rep who stays is kept; what the new entry states explicitly
    /// (open leads, recent leads, presence) replaces it.
    fn replace(&mut self, mut pool: Pool) -> PortResult<Vec<Problem>> {
        for (id, state) in self.pool.states() {
            if pool.reps.contains_key(id) && !pool.states.contains_key(id) {
                pool.states.insert(id.clone(), state.clone());
            }
        }
        for (id, rep) in &mut pool.reps {
            let state = Arc::make_mut(pool.states.entry(id.clone()).or_default());
            // Taken: the next write of the pool must not set the state back.
            if let Some(open_leads) = rep.open_leads.take() {
                state.open_leads = open_leads;
            }
            if let Some(recent) = rep.recent.take() {
                state.recent = recent;
            }
            if let Some(status) = rep.status.take() {
                state.status = status;
            }
        }
        self.store.put_pool(&pool)?;
        self.version = version(&pool)?;
        let (prepared, problems) = PreparedPool::new(pool);
        self.pool = prepared;
        report(&problems);
        Ok(problems)
    }
}

/// Version of teams and reps: the first 16 digits of the hash of their JSON.
fn version(pool: &Pool) -> PortResult<String> {
    let text = json(&(&pool.teams, &pool.reps))?;
    Ok(sha256_hex(text.as_bytes()).chars().take(16).collect())
}

/// Problems were refused when the roster was written; one that is here anyway is a fault to look at.
fn report(problems: &[Problem]) {
    for problem in problems {
        let line = log::LogLine { event: "pool.problem", code: Some(&problem.code), ..log::LogLine::default() };
        log::error(&line);
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> PortResult<T> {
    parsed("team", body)
}

fn json<T: Serialize>(value: &T) -> PortResult<String> {
    serde_json::to_string(value).map_err(|error| Unavailable::new("team", error.to_string()))
}
