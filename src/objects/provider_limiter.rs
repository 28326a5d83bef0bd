//! The Meter: counts the calls to one provider and their price, over all leads.
//!
//! One object per provider that the rubric limits. What it counts is stored before a call may be made, so a restart gives
//! nothing away.

use crate::bindings::objects::{PROVIDER_LIMITER, call, parsed};
use crate::bindings::world::World;
use lead_router_app::ports::messages::{PermitRequest, PermitResponse, RefundRequest};
use lead_router_app::ports::{Clock, PortResult, ProviderLimits, Unavailable};
use lead_router_core::enrichment::waterfall::meter::{Admission, Meter};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// Key of the count in the storage.
const COUNT: &str = "count";

/// The Durable Object.
#[durable_object(fetch)]
#[derive(Debug)]
pub struct ProviderLimiter {
    state: State,
    /// What is stored; read on first use.
    meter: RefCell<Option<Meter>>,
}

/// What a provider was asked and has cost today.
#[derive(Debug, Clone, Copy, Serialize, serde::Deserialize)]
pub struct Today {
    /// Calls.
    pub calls: u32,
    /// Price, in millionths of a US dollar.
    pub cost_usd_micros: u64,
}

impl DurableObject for ProviderLimiter {
    fn new(state: State, _env: Env) -> Self {
        Self { state, meter: RefCell::default() }
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

impl ProviderLimiter {
    async fn answer(&self, question: &str, body: &[u8]) -> PortResult<String> {
        let mut meter = self.read().await?;
        let answer = match question {
            "permit" => {
                let permit: PermitRequest = parse(body)?;
                let permitted = match meter.admit(&permit.limit, permit.cost_usd_micros, permit.now) {
                    Admission::Yes => PermitResponse::Yes,
                    Admission::RateLimited => PermitResponse::RateLimited,
                    Admission::DailyCapReached => PermitResponse::DailyCapReached,
                };
                json(&permitted)
            }
            "refund" => {
                let refund: RefundRequest = parse(body)?;
                meter.refund(refund.cost_usd_micros, refund.at);
                json(&())
            }
            "today" => {
                let (calls, cost_usd_micros) = meter.of_day(parse(body)?);
                json(&Today { calls, cost_usd_micros })
            }
            _ => Err(failed("unknown question")),
        }?;
        // Between reading and here nothing was awaited that lets another question in.
        if self.meter.replace(Some(meter)) != Some(meter) {
            self.state.storage().put(COUNT, &json(&meter)?).await.map_err(failed)?;
        }
        Ok(answer)
    }

    async fn read(&self) -> PortResult<Meter> {
        if let Some(meter) = *self.meter.borrow() {
            return Ok(meter);
        }
        let stored = self.state.storage().get::<String>(COUNT).await.map_err(failed)?;
        let meter = match stored {
            Some(text) => parse(text.as_bytes())?,
            None => Meter::default(),
        };
        // Another question may have read it meanwhile, and counted.
        Ok(*self.meter.borrow_mut().get_or_insert(meter))
    }
}

fn failed(error: impl ToString) -> Unavailable {
    Unavailable::new("meter", error.to_string())
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> PortResult<T> {
    parsed("meter", body)
}

fn json<T: Serialize>(value: &T) -> PortResult<String> {
    serde_json::to_string(value).map_err(failed)
}

impl ProviderLimits for World {
    async fn permit(&self, permit: &PermitRequest) -> PortResult<PermitResponse> {
        call(&self.env, PROVIDER_LIMITER, permit.provider.as_str(), "permit", permit).await
    }

    async fn refund(&self, refund: &RefundRequest) -> PortResult<()> {
        call(&self.env, PROVIDER_LIMITER, refund.provider.as_str(), "refund", refund).await
    }
}

/// What a provider was asked and has cost today.
///
/// # Errors
/// [`Unavailable`] when the object cannot be reached.
pub async fn today(world: &World, provider: &str) -> PortResult<Today> {
    call(&world.env, PROVIDER_LIMITER, provider, "today", &world.now()).await
}
