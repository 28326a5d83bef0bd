//! Sending jobs. Messages are text: the structured forms of the queue lose maps.

use super::world::World;
use crate::ports::jobs::Job;
use crate::ports::{Jobs, PortResult, Unavailable};
use worker::{BatchMessageBuilder, Env, MessageBuilder, QueueContentType};

/// Binding of the queue.
const JOBS: &str = "JOBS";
/// Binding of the queue of what the CRM is told. Its consumer is one at a time, so that what is told of one person keeps its
/// order.
const CRM_JOBS: &str = "CRM_JOBS";
/// Most messages, and most bytes, of one batch: the platform takes 100 and 256 KB.
const BATCH_MESSAGES_MAX: usize = 100;
const BATCH_BYTES_MAX: usize = 240_000;

/// Sends jobs, each to its queue, in as many batches as the platform's limits ask for.
///
/// # Errors
/// [`Unavailable`] when a batch was not taken; the ones before it were.
pub async fn send_jobs(env: &Env, jobs: &[Job]) -> PortResult<()> {
    send_after(env, jobs, 0).await
}

/// The same, to come out at the earliest after so many seconds.
async fn send_after(env: &Env, jobs: &[Job], after_s: u32) -> PortResult<()> {
    let (crm, others): (Vec<&Job>, Vec<&Job>) = jobs.iter().partition(|job| matches!(job, Job::Crm { .. }));
    send(env, JOBS, others.into_iter().map(|job| (job, after_s))).await?;
    send(env, CRM_JOBS, crm.into_iter().map(|job| (job, after_s))).await
}

impl Jobs for World {
    async fn enqueue(&self, jobs: &[Job], after_s: u32) -> PortResult<()> {
        send_after(&self.env, jobs, after_s).await
    }
}

/// Sends jobs that come out one after the other, evenly within `over_s` seconds.
///
/// # Errors
/// As [`send_jobs`].
pub async fn send_spread(env: &Env, jobs: &[Job], over_s: u32) -> PortResult<()> {
    let count = u32::try_from(jobs.len()).unwrap_or(u32::MAX).max(1);
    let delay_s = |place: u32| over_s.saturating_mul(place).checked_div(count).unwrap_or(0);
    send(env, JOBS, jobs.iter().zip(0..).map(|(job, place)| (job, delay_s(place)))).await
}

/// Sends each job after so many seconds.
async fn send(env: &Env, queue: &str, jobs: impl Iterator<Item = (&Job, u32)>) -> PortResult<()> {
    let failed = |error: worker::Error| Unavailable::new("queue", error.to_string());
    let queue = env.queue(queue).map_err(failed)?;
    let mut batch: Vec<(String, u32)> = Vec::new();
    let mut bytes = 0_usize;
    for (job, delay_s) in jobs {
        let text = serde_json::to_string(job).map_err(|error| Unavailable::new("queue", error.to_string()))?;
        let full = batch.len() >= BATCH_MESSAGES_MAX || bytes.saturating_add(text.len()) > BATCH_BYTES_MAX;
        if full && !batch.is_empty() {
            queue.send_batch(messages(std::mem::take(&mut batch))).await.map_err(failed)?;
            bytes = 0;
        }
        bytes = bytes.saturating_add(text.len());
        batch.push((text, delay_s));
    }
    if batch.is_empty() { Ok(()) } else { queue.send_batch(messages(batch)).await.map_err(failed) }
}

/// Sends bodies as they are: jobs that were jobs before.
///
/// # Errors
/// As [`send_jobs`].
pub async fn send_bodies(env: &Env, bodies: Vec<String>) -> PortResult<()> {
    let failed = |error: worker::Error| Unavailable::new("queue", error.to_string());
    let queue = env.queue(JOBS).map_err(failed)?;
    let mut bodies = bodies.into_iter().map(|body| (body, 0)).peekable();
    while bodies.peek().is_some() {
        let (mut batch, mut bytes) = (Vec::new(), 0_usize);
        while let Some((body, delay_s)) = bodies.next_if(|(body, _)| {
            let bytes = bytes.saturating_add(body.len());
            batch.is_empty() || (batch.len() < BATCH_MESSAGES_MAX && bytes <= BATCH_BYTES_MAX)
        }) {
            bytes = bytes.saturating_add(body.len());
            batch.push((body, delay_s));
        }
        queue.send_batch(messages(batch)).await.map_err(failed)?;
    }
    Ok(())
}

fn messages(texts: Vec<(String, u32)>) -> worker::BatchSendMessage<String> {
    let message = |(text, delay_s)| {
        let message = MessageBuilder::new(text).content_type(QueueContentType::Text);
        if delay_s > 0 { message.delay_seconds(delay_s).build() } else { message.build() }
    };
    BatchMessageBuilder::new().messages(texts.into_iter().map(message)).build()
}
