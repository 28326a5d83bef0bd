//! The Gate: how often a vendor may be called, and the token that opens it. One object per vendor account.
//!
//! What it let through is stored before the caller hears of it, so a restart gives nothing away.

use crate::bindings::objects::{VENDOR_LIMITER, call};
use crate::bindings::world::World;
use lead_router_app::ports::crm::VendorLimits;
use lead_router_app::ports::{PortResult, Unavailable};
use lead_router_core::time::Timestamp;
use lead_router_core::vendor::rate_limit::KeptToken;
use lead_router_core::vendor::{AcquireRequest, AcquireResponse, RateLimiter, TokenRequest, TokenResponse};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// Key of the gate in the storage.
const STORED: &str = "gate";

/// The Durable Object.
#[durable_object(fetch)]
#[derive(Debug)]
pub struct VendorLimiter {
    state: State,
    /// What is stored; read on first use.
    gate: RefCell<Option<RateLimiter>>,
}

/// Closes a lane until a moment.
#[derive(Debug, Serialize, Deserialize)]
struct BlockRequest {
    lane: String,
    until: Timestamp,
}

impl DurableObject for VendorLimiter {
    fn new(state: State, _env: Env) -> Self {
        Self { state, gate: RefCell::default() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let path = request.path();
        let body = request.bytes().await?;
        match self.answer(path.trim_start_matches('/'), &body).await {
            Ok(text) => Response::ok(text),
            Err(error) => Ok(Response::ok(error.detail)?.with_status(503)),
        }
    }
}

impl VendorLimiter {
    async fn answer(&self, question: &str, body: &[u8]) -> PortResult<String> {
        self.read().await?;
        // From here to the write nothing is awaited, so no two callers pass together.
        let (answer, stored) = {
            let mut kept = self.gate.borrow_mut();
            let gate = kept.get_or_insert_default();
            let before = gate.clone();
            let answer = match question {
                "pass" => json(&gate.pass(&parse::<AcquireRequest>(body)?)),
                "hold" => {
                    let hold: BlockRequest = parse(body)?;
                    gate.hold(&hold.lane, hold.until);
                    json(&())
                }
                "token" => json(&gate.token(&parse::<TokenRequest>(body)?)),
                "put_token" => {
                    gate.put_token(parse(body)?);
                    json(&())
                }
                _ => Err(failed("unknown question")),
            }?;
            (answer, if *gate == before { None } else { Some(json(gate)?) })
        };
        if let Some(text) = stored {
            self.state.storage().put(STORED, &text).await.map_err(failed)?;
        }
        Ok(answer)
    }

    async fn read(&self) -> PortResult<()> {
        if self.gate.borrow().is_some() {
            return Ok(());
        }
        let stored = self.state.storage().get::<String>(STORED).await.map_err(failed)?;
        let gate = match stored {
            Some(text) => parse(text.as_bytes())?,
            None => RateLimiter::default(),
        };
        // Another question may have read it meanwhile, and counted.
        self.gate.borrow_mut().get_or_insert(gate);
        Ok(())
    }
}

fn failed(error: impl ToString) -> Unavailable {
    Unavailable::new("gate", error.to_string())
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> PortResult<T> {
    serde_json::from_slice(body).map_err(failed)
}

fn json<T: Serialize>(value: &T) -> PortResult<String> {
    serde_json::to_string(value).map_err(failed)
}

impl VendorLimits for World {
    async fn pass(&self, vendor: &str, pass: &AcquireRequest) -> PortResult<AcquireResponse> {
        call(&self.env, VENDOR_LIMITER, vendor, "pass", pass).await
    }

    async fn hold(&self, vendor: &str, lane: &str, until: Timestamp) -> PortResult<()> {
        call(&self.env, VENDOR_LIMITER, vendor, "hold", &BlockRequest { lane: lane.to_owned(), until }).await
    }

    async fn token(&self, vendor: &str, ask: &TokenRequest) -> PortResult<TokenResponse> {
        call(&self.env, VENDOR_LIMITER, vendor, "token", ask).await
    }

    async fn put_token(&self, vendor: &str, token: Option<&KeptToken>) -> PortResult<()> {
        call(&self.env, VENDOR_LIMITER, vendor, "put_token", &token).await
    }
}
