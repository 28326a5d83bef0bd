//! The Cloudflare Workers host: events, HTTP, Durable Objects, bindings.
//!
//! The only layer that knows `worker`, JavaScript and status codes. Every event parses at its border and
//! hands plain values to `flow`; nothing here decides about a lead.

mod admin;
mod auth;
mod batch;
mod body;
mod cache;
mod config;
mod consumer;
mod desk_object;
mod desk_store;
mod directory;
mod embed;
mod form_store;
mod forms;
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
mod stand_ins;
mod team_object;
mod team_store;
mod warming;
mod world;

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

/// The hourly cron.
#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    warming::spread(&World::new(env)).await;
}

/// A batch of messages. Never an error: it would abort the instance, so every message is answered by itself.
#[event(queue)]
async fn queue(batch: MessageBatch<serde::de::IgnoredAny>, env: Env, _context: Context) -> Result<()> {
    consumer::consume(batch, env).await;
    Ok(())
}
