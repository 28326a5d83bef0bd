//! Calls to the Durable Objects: one POST with JSON per question, with a time limit.

use crate::bindings::platform;
use crate::bindings::world::World;
use futures_util::future::join_all;
use lead_router_app::ports::messages::{
    ClaimRequest, ClaimResponse, DecideRequest, DecideResponse, Explained, LeadStatus, OpenRequest, OpenResponse,
    PickResponse, ProviderLookupRequest, ProviderLookupResponse, ReleaseRequest, ReserveKeyRequest, ReserveKeyResponse,
    SnapshotRequest, StoreSnapshotRequest, TouchRequest, TouchResponse,
};
use lead_router_app::ports::{AccountShards, PortResult, ProviderLookups, RepPools, Unavailable};
use lead_router_core::crm::snapshot::CrmSnapshot;
use lead_router_core::decision::record::Record;
use lead_router_core::hash::sha256_hex;
use lead_router_core::id::LeadId;
use lead_router_core::lead::key::AccountHash;
use lead_router_core::roster::model::PickRequest;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use worker::Env;

/// Longest wait for an object, in milliseconds. An account shard may wait for two Teams in turn; a healthy one answers
/// within ten.
const OBJECT_TIMEOUT_MS: u32 = 10_000;

/// Binding of the account shards.
pub const ACCOUNT_SHARD: &str = "ACCOUNT_SHARD";
/// Binding of the pools of teams.
pub const REP_POOL: &str = "REP_POOL";
/// Binding of the objects that ask providers.
pub const PROVIDER_LOOKUP: &str = "PROVIDER_LOOKUP";
/// Binding of the rate limiters of vendors and providers.
pub const RATE_LIMITER: &str = "RATE_LIMITER";

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
    call_within(env, (binding, name), question, body, OBJECT_TIMEOUT_MS).await
}

async fn call_within<Q: Serialize, A: DeserializeOwned>(
    env: &Env,
    (binding, name): (&'static str, &str),
    question: &str,
    body: &Q,
    timeout_ms: u32,
) -> PortResult<A> {
    let port = match binding {
        ACCOUNT_SHARD => "shard",
        REP_POOL => "team",
        RATE_LIMITER => "rate_limiter",
        _ => "lookup",
    };
    let failed = |error: serde_json::Error| Unavailable::new(port, error.to_string());
    let text = serde_json::to_string(body).map_err(failed)?;
    let answer = platform::ask(env, (binding, port), name, question, &text, timeout_ms).await?;
    serde_json::from_str(&answer).map_err(failed)
}

/// Reads a message or a row. As text, everywhere: what reads messages is in the program once for each kind of input.
///
/// # Errors
/// `Unavailable` of the port when it is not what the port speaks of.
pub fn parsed<T: DeserializeOwned>(port: &'static str, body: &[u8]) -> PortResult<T> {
    let text = std::str::from_utf8(body).map_err(|error| Unavailable::new(port, error.to_string()))?;
    serde_json::from_str(text).map_err(|error| Unavailable::new(port, error.to_string()))
}

impl ProviderLookups for World {
    /// The subject's hash says which of 16 objects asks.
    async fn look_up(&self, question: &ProviderLookupRequest) -> PortResult<ProviderLookupResponse> {
        let hash = sha256_hex(question.subject.as_bytes());
        let object = format!("lookup-{}", hash.get(..1).unwrap_or_default());
        // It answers when the lead can wait no longer, whatever the provider does.
        let timeout_ms = question.wait_ms.saturating_add(OBJECT_TIMEOUT_MS);
        call_within(&self.env, (PROVIDER_LOOKUP, &object), "look_up", question, timeout_ms).await
    }
}

/// Longest wait for what a Lookup says about the providers, in milliseconds.
const CIRCUITS_OPEN_TIMEOUT_MS: u32 = 2_000;

/// In how many of the 16 Lookups each provider is left alone at the moment. A Lookup that cannot be reached counts for none.
pub async fn circuits_open(env: &Env) -> BTreeMap<String, u32> {
    let names: Vec<String> = "0123456789abcdef".chars().map(|digit| format!("lookup-{digit}")).collect();
    let ask = |name| {
        call_within::<(), Vec<String>>(env, (PROVIDER_LOOKUP, name), "circuit_open", &(), CIRCUITS_OPEN_TIMEOUT_MS)
    };
    let answers = join_all(names.iter().map(|name| ask(name.as_str()))).await;
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for provider in answers.into_iter().flatten().flatten() {
        let count = counts.entry(provider).or_default();
        *count = count.saturating_add(1);
    }
    counts
}

impl AccountShards for World {
    async fn reserve(&self, shard: &str, reserve: &ReserveKeyRequest) -> PortResult<ReserveKeyResponse> {
        call(&self.env, ACCOUNT_SHARD, shard, "reserve", reserve).await
    }

    async fn open(&self, shard: &str, open: &OpenRequest) -> PortResult<OpenResponse> {
        call(&self.env, ACCOUNT_SHARD, shard, "open", open).await
    }

    async fn decide(&self, shard: &str, decide: &DecideRequest) -> PortResult<DecideResponse> {
        call(&self.env, ACCOUNT_SHARD, shard, "decide", decide).await
    }

    async fn explain(&self, shard: &str, decide: &DecideRequest) -> PortResult<Explained> {
        call(&self.env, ACCOUNT_SHARD, shard, "explain", decide).await
    }

    async fn preview_claim(&self, shard: &str, claim: &ClaimRequest) -> PortResult<ClaimResponse> {
        call(&self.env, ACCOUNT_SHARD, shard, "preview_claim", claim).await
    }

    async fn claim(&self, shard: &str, claim: &ClaimRequest) -> PortResult<ClaimResponse> {
        call(&self.env, ACCOUNT_SHARD, shard, "claim", claim).await
    }

    async fn lead(&self, lead_id: &LeadId) -> PortResult<Option<LeadStatus>> {
        match AccountHash::of_lead(lead_id) {
            Some(account) => call(&self.env, ACCOUNT_SHARD, &account.shard(), "lead", lead_id).await,
            None => Ok(None),
        }
    }

    async fn record(&self, lead_id: &LeadId, seq: u64) -> PortResult<Option<Record>> {
        match AccountHash::of_lead(lead_id) {
            Some(account) => call(&self.env, ACCOUNT_SHARD, &account.shard(), "record", &seq).await,
            None => Ok(None),
        }
    }

    async fn confirm(&self, shard: &str, seqs: &[u64]) -> PortResult<()> {
        call(&self.env, ACCOUNT_SHARD, shard, "confirm", &seqs).await
    }

    async fn touch(&self, touch: &TouchRequest) -> PortResult<TouchResponse> {
        match AccountHash::of_lead(&touch.lead_id) {
            Some(account) => call(&self.env, ACCOUNT_SHARD, &account.shard(), "touch", touch).await,
            None => Ok(TouchResponse::Stale),
        }
    }

    async fn mirror(&self, shard: &str, ask: &SnapshotRequest) -> PortResult<CrmSnapshot> {
        call(&self.env, ACCOUNT_SHARD, shard, "mirror", ask).await
    }

    async fn learn(&self, shard: &str, news: &[StoreSnapshotRequest]) -> PortResult<()> {
        call(&self.env, ACCOUNT_SHARD, shard, "learn", &news).await
    }
}

impl RepPools for World {
    async fn pick(&self, pool: &str, request: &PickRequest) -> PortResult<PickResponse> {
        call(&self.env, REP_POOL, pool, "pick", request).await
    }

    async fn release(&self, pool: &str, release: &ReleaseRequest) -> PortResult<()> {
        call(&self.env, REP_POOL, pool, "take_back", release).await
    }

    async fn peek(&self, pool: &str, request: &PickRequest) -> PortResult<PickResponse> {
        call(&self.env, REP_POOL, pool, "peek", request).await
    }
}
