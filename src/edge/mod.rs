//! The Cloudflare Workers host: events, HTTP, Durable Objects, bindings.
//!
//! The only layer that knows `worker`, JavaScript and status codes. Every event parses at its border and
//! hands plain values to `flow`; nothing here decides about a lead.

mod admin;
mod audit;
mod auth;
mod batch;
mod body;
mod cache;
mod config;
mod consumer;
mod crm;
mod crm_sync;
mod dead_letters;
mod desk_erasure;
mod desk_object;
mod desk_store;
mod directory;
mod doctor;
mod embed;
mod follow_ups;
mod form_store;
mod forms;
mod gate_object;
mod hooks;
mod http_client;
mod leads;
mod ledger;
mod limits;
mod links;
mod log;
mod lookup_object;
mod mail;
mod meter_object;
mod multipart;
mod notifications;
mod objects;
mod pages;
mod platform;
mod providers;
mod queue;
mod respond;
mod roster;
mod router;
mod settings;
mod slack;
mod team_object;
mod team_store;
mod tell;
mod warming;
mod world;

use audit::retention;
use worker::{Context, Env, MessageBatch, Request, Response, Result, ScheduleContext, ScheduledEvent, event};
use world::World;

/// Installs the panic hook, so that a panic names its place in the log.
#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// A request.
#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<Response> {
    router::handle(request, env, context).await
}

/// Which cron is the hourly one; the other comes every five minutes.
const HOURLY: &str = "7 * * * *";

/// The crons.
#[event(scheduled)]
async fn scheduled(event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    let world = World::new(env);
    if event.cron() != HOURLY {
        return crm_sync::run(&world).await;
    }
    warming::spread(&world).await;
    crm_sync::hourly(&world).await;
    retention::run(&world).await;
    doctor::note_cron(&world).await;
}

/// A batch of messages. Never an error: it would abort the instance, so every message is answered by itself.
#[event(queue)]
async fn queue(batch: MessageBatch<serde::de::IgnoredAny>, env: Env, _context: Context) -> Result<()> {
    consumer::consume(batch, env).await;
    Ok(())
}
