//! Calls to the Durable Objects: one POST with JSON per question, with a time limit.

use super::world::World;
use crate::domain::desk::AccountHash;
use crate::domain::id::LeadId;
use crate::domain::roster::model::PickRequest;
use crate::flow::messages::{
    Claim, Claimed, Open, Opened, PickReply, Reserve, Reserved, Settle, Settled, Standing, TakeBack,
};
use crate::ports::{Desks, PortResult, Teams, Unavailable};
use serde::Serialize;
use serde::de::DeserializeOwned;
use worker::wasm_bindgen::JsValue;
use worker::{Env, Request, web_sys};

/// Longest wait for an object, in milliseconds. A Desk may wait for two Teams in turn; a healthy one answers
/// within ten.
const OBJECT_TIMEOUT_MS: u32 = 10_000;

/// Binding of the Desks.
pub const DESK: &str = "DESK";
/// Binding of the pools of teams.
pub const TEAM: &str = "TEAM";

/// Asks the object `name` of `binding` one question.
///
/// # Errors
/// [`Unavailable`] when the object cannot be reached in time, or says that it failed.
pub async fn call<Q: Serialize, A: DeserializeOwned>(
    env: &Env,
    binding: &'static str,
    name: &str,
    question: &str,
    body: &Q,
) -> PortResult<A> {
    let port = if binding == DESK { "desk" } else { "team" };
    let failed = |error: worker::Error| Unavailable::new(port, error.to_string());
    let text = serde_json::to_string(body).map_err(|error| Unavailable::new(port, error.to_string()))?;
    let init = web_sys::RequestInit::new();
    init.set_method("POST");
    init.set_body(&JsValue::from_str(&text));
    init.set_signal(Some(&web_sys::AbortSignal::timeout_with_u32(OBJECT_TIMEOUT_MS)));
    let url = format!("https://object/{question}");
    let request = web_sys::Request::new_with_str_and_init(&url, &init)
        .map_err(|_| Unavailable::new(port, "the request could not be built"))?;
    let stub = env.durable_object(binding).and_then(|space| space.get_by_name(name)).map_err(failed)?;
    let mut response = stub.fetch_with_request(Request::from(request)).await.map_err(failed)?;
    let status = response.status_code();
    let bytes = response.bytes().await.map_err(failed)?;
    if status != 200 {
        return Err(Unavailable::new(port, String::from_utf8_lossy(&bytes).into_owned()));
    }
    serde_json::from_slice(&bytes).map_err(|error| Unavailable::new(port, error.to_string()))
}

impl Desks for World {
    async fn reserve(&self, desk: &str, reserve: &Reserve) -> PortResult<Reserved> {
        call(&self.env, DESK, desk, "reserve", reserve).await
    }

    async fn open(&self, desk: &str, open: &Open) -> PortResult<Opened> {
        call(&self.env, DESK, desk, "open", open).await
    }

    async fn settle(&self, desk: &str, settle: &Settle, woken: bool) -> PortResult<Settled> {
        call(&self.env, DESK, desk, if woken { "wake" } else { "settle" }, settle).await
    }

    async fn claim(&self, desk: &str, claim: &Claim) -> PortResult<Claimed> {
        call(&self.env, DESK, desk, "claim", claim).await
    }

    async fn lead(&self, lead_id: &LeadId) -> PortResult<Option<Standing>> {
        match AccountHash::of_lead(lead_id) {
            Some(account) => call(&self.env, DESK, &account.desk(), "lead", lead_id).await,
            None => Ok(None),
        }
    }
}

impl Teams for World {
    async fn pick(&self, pool: &str, request: &PickRequest) -> PortResult<PickReply> {
        call(&self.env, TEAM, pool, "pick", request).await
    }

    async fn take_back(&self, pool: &str, take_back: &TakeBack) -> PortResult<()> {
        call(&self.env, TEAM, pool, "take_back", take_back).await
    }

    async fn peek(&self, pool: &str, request: &PickRequest) -> PortResult<PickReply> {
        call(&self.env, TEAM, pool, "peek", request).await
    }
}
