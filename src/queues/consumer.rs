//! The consumer of the queue: delivers decisions in batches, routes leads again, keeps dead letters.

use crate::bindings::log;
use crate::bindings::settings::Settings;
use crate::bindings::world::World;
use crate::cron::crm_sync;
use crate::http::dead_letters::{DeadLetter, GAVE_UP, keep};
use crate::http::{refused_events, senders};
use crate::queues::{crm, notify};
use futures_util::{StreamExt, stream};
use lead_router_app::crm::write_back::Due;
use lead_router_app::delivery::{deliver, record_of};
use lead_router_app::enrichment::after;
use lead_router_app::enrichment::late_enrichment::apply_late_enrichment;
use lead_router_app::enrichment::prefetch::prefetch;
use lead_router_app::intake::batch::take;
use lead_router_app::intake::{Options, route_again};
use lead_router_app::ports::jobs::Job;
use lead_router_app::ports::{AccountShards, CachedReading, Clock, PortResult, Unavailable};
use lead_router_app::webhook::{WebhookResult, take_all};
use lead_router_core::decision::record::Record;
use lead_router_core::id::LeadId;
use lead_router_core::lead::Lead;
use lead_router_core::lead::key::AccountHash;
use lead_router_core::time::Timestamp;
use lead_router_core::webhook::{Sender, WebhookEvent, WebhookEventKind};
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use worker::{Date, Env, MessageBatch, MessageExt, QueueRetryOptionsBuilder, RawMessage};

/// Beginning of the names of dead-letter queues, after the part that names the deployment.
const DEAD: &str = "-dead";
/// Shortest pause before a failed message comes again, in seconds.
const RETRY_S: u32 = 10;
/// Longest pause before a failed message comes again, in seconds. With `max_retries = 40` of `wrangler.toml` a message is tried
/// for 30 hours.
const RETRY_S_MAX: u32 = 3_600;

/// How many messages of a batch are worked on at the same time, where they have nothing to do with each other: as many
/// connections as the platform has for one invocation.
const AT_ONCE: usize = 6;

/// Answers every message of a batch by itself: done, or again later.
///
/// What everybody waits for goes first: the ledger, then what the CRM is told. The others go side by side, so that one that
/// waits for a vendor holds up few.
pub async fn consume(batch: MessageBatch<IgnoredAny>, env: Env) {
    let world = World::new(env);
    let messages: Vec<RawMessage> = batch.raw_iter().collect();
    if batch.queue().ends_with(DEAD) {
        for message in &messages {
            let kept = keep_dead(&world, &batch.queue(), message).await;
            answer(message, "dead.kept", kept);
        }
        return;
    }
    let queue = batch.queue();
    let (mut deliveries, mut writes, mut syncs, mut others) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for message in messages {
        let body = message.body().as_string();
        match body.as_deref().and_then(|text| serde_json::from_str::<Job>(text).ok()) {
            Some(Job::Deliver { lead_id, seq, record }) => {
                match record_of(&world, &lead_id, seq, record.as_deref()).await {
                    Ok(Some(record)) => deliveries.push((message, record)),
                    // There is nothing to deliver any more, so nothing is waited for either.
                    Ok(None) => answer(&message, "deliver", confirm(&world, shard_of_lead(&lead_id), &[seq]).await),
                    Err(error) => answer(&message, "deliver", Err(error)),
                }
            }
            Some(Job::Crm { write, tries }) => writes.push((message, Due { write: *write, tries })),
            Some(Job::Sync) => syncs.push(message),
            Some(job) => others.push((message, job)),
            // Nothing that this program wrote: kept for a person to look at.
            None => {
                let kept = keep_dead(&world, &queue, &message).await;
                answer(&message, "unreadable.kept", kept);
            }
        }
    }
    deliver_all(&world, deliveries).await;
    crm::tell(&world, &queue, writes).await;
    if !syncs.is_empty() {
        // One round takes over everything; what it leaves, the cron takes.
        crm_sync::run(&world).await;
        syncs.iter().for_each(MessageExt::ack);
    }
    let (world, queue) = (&world, &queue);
    let done = others.into_iter().map(|(message, job)| async move {
        let (code, done) = one(world, (queue, &message), job).await;
        answer(&message, code, done);
    });
    stream::iter(done).buffer_unordered(AT_ONCE).collect::<()>().await;
}

/// Does a job that has nothing to do with the others of its batch; what became of it, with its code for the log.
async fn one(world: &World, (queue, message): (&str, &RawMessage), job: Job) -> (&'static str, PortResult<()>) {
    match job {
        Job::Route { lead_id } => ("route", route(world, &lead_id).await),
        Job::LateEnrichment { lead_id, reading } => ("late", late(world, &lead_id, &reading).await),
        Job::Prefetch { domain } => ("warm", prefetch(world, &domain).await.map(|_| ())),
        Job::Take { lead, key, received_at } => ("take", row(world, *lead, &key, received_at).await),
        Job::Fetch { fetch, key } => {
            let sender = fetch.vendor.sender();
            ("fetch", fetched(world, sender, WebhookEvent { key, says: WebhookEventKind::Fetch(fetch) }).await)
        }
        Job::Notify { notification } => ("tell", notify::tell(world, (queue, message), *notification).await),
        // Done together with their like.
        Job::Deliver { .. } | Job::Crm { .. } | Job::Sync => ("together", Ok(())),
    }
}

/// Delivers decisions in one transaction, and when that fails each by itself: one may be the one that the database refuses,
/// and the others must not wait for it. What is in the ledger is confirmed to its account shard.
async fn deliver_all(world: &World, deliveries: Vec<(RawMessage, Record)>) {
    let (messages, records): (Vec<_>, Vec<_>) = deliveries.into_iter().unzip();
    let written = pass_on(world, &records).await;
    let mut held: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let is_alone = records.len() == 1;
    for (message, record) in messages.iter().zip(&records) {
        let done = match &written {
            Err(_) if !is_alone => pass_on(world, std::slice::from_ref(record)).await,
            written => written.clone(),
        };
        if done.is_ok() {
            held.entry(record.keys.account.shard()).or_default().extend(record.seq);
        }
        answer(message, "deliver", done);
    }
    for (shard, seqs) in held {
        // Not tried again here: the account shard sends what is not confirmed once more, and then it is.
        if let Err(error) = confirm(world, Some(shard), &seqs).await {
            let detail = Some(error.detail.as_str());
            log::error(&log::LogLine { event: "outbox.not_confirmed", detail, ..log::LogLine::default() });
        }
    }
}

async fn confirm(world: &World, shard: Option<String>, seqs: &[u64]) -> PortResult<()> {
    match shard {
        Some(shard) => world.confirm(&shard, seqs).await,
        None => Ok(()),
    }
}

fn shard_of_lead(lead_id: &LeadId) -> Option<String> {
    AccountHash::of_lead(lead_id).map(|account| account.shard())
}

/// Writes decisions, and puts what follows outside on the queues: what the CRM and the reps are told.
async fn pass_on(world: &World, records: &[Record]) -> PortResult<()> {
    deliver(world, records).await?;
    notify::announce(world, records).await
}

async fn route(world: &World, lead_id: &LeadId) -> PortResult<()> {
    let settings = Settings::read(&world.env).map_err(|_| Unavailable::new("settings", "not complete"))?;
    if let Some(done) = route_again(world, lead_id, options(&settings)).await? {
        after(world, done.after).await;
    }
    Ok(())
}

/// Takes in a row of a batch, and routes it.
async fn row(world: &World, lead: Lead, key: &str, received_at: Timestamp) -> PortResult<()> {
    let settings = Settings::read(&world.env).map_err(|_| Unavailable::new("settings", "not complete"))?;
    if let Some(done) = take(world, lead, key, received_at, options(&settings)).await? {
        after(world, done.after).await;
    }
    Ok(())
}

/// Takes in a lead that a webhook named, and routes it.
async fn fetched(world: &World, sender: Sender, event: WebhookEvent) -> PortResult<()> {
    let settings = Settings::read(&world.env).map_err(|_| Unavailable::new("settings", "not complete"))?;
    let map = senders::in_force(world, sender).await?;
    let taken = take_all(world, sender, vec![event], &map, world.now(), options(&settings)).await;
    match taken.into_iter().next() {
        Some(WebhookResult::Accepted(id)) => route(world, &id).await,
        Some(WebhookResult::Later { code, .. }) => Err(Unavailable::new("vendor", code)),
        Some(WebhookResult::Left { .. }) => Err(Unavailable::new("vendor", "out_of_time")),
        Some(WebhookResult::Refused { codes, event }) => {
            refused_events::keep(world, sender.id(), &codes, event.as_deref()).await?;
            log::info(&log::LogLine {
                event: "event.refused",
                code: Some(&codes.join(" ")),
                ..log::LogLine::default()
            });
            Ok(())
        }
        Some(WebhookResult::Duplicate(_) | WebhookResult::Ignored(_)) | None => Ok(()),
    }
}

async fn late(world: &World, lead_id: &LeadId, reading: &CachedReading) -> PortResult<()> {
    let settings = Settings::read(&world.env).map_err(|_| Unavailable::new("settings", "not complete"))?;
    apply_late_enrichment(world, lead_id, reading, options(&settings)).await.map(|_| ())
}

const fn options(settings: &Settings) -> Options<'_> {
    Options { person_key: settings.person_key.as_bytes(), mode: settings.mode, wait: true }
}

fn answer(message: &RawMessage, code: &str, result: PortResult<()>) {
    match result {
        Ok(()) => message.ack(),
        Err(error) => {
            let detail = Some(error.detail.as_str());
            log::error(&log::LogLine { event: "job.failed", code: Some(code), detail, ..log::LogLine::default() });
            message.retry_with_options(&QueueRetryOptionsBuilder::new().with_delay_seconds(pause_s(message)).build());
        }
    }
}

/// The pause before a failed message comes again, in seconds: as long as it has been on its way, so that pauses double.
fn pause_s(message: &RawMessage) -> u32 {
    let age_ms = Date::now().as_millis().saturating_sub(message.timestamp().as_millis());
    u32::try_from(age_ms.div_ceil(1_000)).unwrap_or(u32::MAX).clamp(RETRY_S, RETRY_S_MAX)
}

/// Keeps a message that the queue gave up on, or that nobody can read.
async fn keep_dead(world: &World, queue: &str, message: &RawMessage) -> PortResult<()> {
    let (id, body) = (message.id(), message.body().as_string().unwrap_or_default());
    let (code, says) = if queue.ends_with(DEAD) {
        (GAVE_UP, "every try failed: mend what the log says under `job.failed`, then send it again")
    } else {
        ("unreadable", "no job of this version: deploy the version that wrote it, or dismiss it")
    };
    keep(world, &DeadLetter { id: &id, queue, body: &body, code, message: says, tries: None }).await
}
