//! The Worker: events, HTTP, Durable Objects, queues, crons, bindings.
//!
//! The only crate that knows `worker`, JavaScript and status codes. Every event is parsed at its border and handed on as
//! plain values to the use cases in `lead_router_app`; nothing here decides about a lead.

mod bindings;
mod cron;
mod http;
mod objects;
mod queues;

use bindings::world::World;
use worker::{Context, Env, MessageBatch, Request, Response, Result, ScheduleContext, ScheduledEvent, event};

/// Installs the panic hook, so that a panic names its place in the log.
#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// A request.
#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<Response> {
    http::routes::handle(request, env, context).await
}

/// Which cron is the hourly one; the other comes every five minutes.
const HOURLY: &str = "7 * * * *";

/// The crons.
#[event(scheduled)]
async fn scheduled(event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    let world = World::new(env);
    if event.cron() != HOURLY {
        return cron::crm_sync::run(&world).await;
    }
    cron::config_copy::run(&world).await;
    cron::prefetch::spread(&world).await;
    cron::crm_sync::hourly(&world).await;
    cron::retention::run(&world).await;
    http::doctor::note_cron(&world).await;
}

/// A batch of messages. Never an error: it would abort the instance, so every message is answered by itself.
#[event(queue)]
async fn queue(batch: MessageBatch<serde::de::IgnoredAny>, env: Env, _context: Context) -> Result<()> {
    queues::consumer::consume(batch, env).await;
    Ok(())
}
