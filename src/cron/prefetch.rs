//! The hourly cron: has the company providers asked about some accounts of the directory, spread over the hour.

use crate::bindings::directory::{database, failed};
use crate::bindings::log;
use crate::bindings::queue::send_spread;
use crate::bindings::world::World;
use lead_router_app::ports::jobs::Job;
use lead_router_app::ports::{Config, PortResult};
use lead_router_core::rubric::limits::WARM_ACCOUNTS_PER_HOUR_MAX;
use serde::Deserialize;
use worker::wasm_bindgen::JsValue;

/// Binding and key of the place in the directory up to which accounts were asked about.
const CACHE: &str = "CACHE";
const CURSOR: &str = "warm:cursor";

/// Seconds over which the questions of one hour are spread.
const SPREAD_S: u32 = 3_540;

#[derive(Deserialize)]
struct Account {
    domain: String,
}

/// Takes the next accounts of the directory, in the order of their domains and from the first again after the last, and
/// puts a message on the queue for each. Nothing happens unless the rubric asks for it.
pub async fn spread(world: &World) {
    if let Err(error) = try_spread(world).await {
        log::error(&log::LogLine { event: "warm.failed", detail: Some(&error.detail), ..log::LogLine::default() });
    }
}

async fn try_spread(world: &World) -> PortResult<()> {
    let count = world.current().await?.rubric.enrichment().warm_accounts_per_hour.min(WARM_ACCOUNTS_PER_HOUR_MAX);
    if count == 0 {
        return Ok(());
    }
    let cache = world.env.kv(CACHE).map_err(failed)?;
    let after = cache.get(CURSOR).text().await.map_err(failed)?.unwrap_or_default();
    let query = format!("SELECT domain FROM directory WHERE domain > ?1 ORDER BY domain LIMIT {count}");
    let statement = database(&world.env)?.prepare(query).bind(&[JsValue::from_str(&after)]).map_err(failed)?;
    let accounts: Vec<Account> = statement.all().await.map_err(failed)?.results().map_err(failed)?;
    let is_end = u32::try_from(accounts.len()).unwrap_or(u32::MAX) < count;
    let last = accounts.last().filter(|_| !is_end).map_or("", |account| account.domain.as_str()).to_owned();
    let jobs: Vec<Job> = accounts.into_iter().map(|account| Job::Prefetch { domain: account.domain }).collect();
    send_spread(&world.env, &jobs, SPREAD_S).await?;
    cache.put(CURSOR, last).map_err(failed)?.execute().await.map_err(failed)
}
