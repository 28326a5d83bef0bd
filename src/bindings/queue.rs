//! Sending jobs. Messages are text: the structured forms of the queue lose maps.

use crate::bindings::world::World;
use lead_router_app::ports::jobs::Job;
use lead_router_app::ports::{Jobs, PortResult, Unavailable};
use worker::{BatchMessageBuilder, Env, MessageBuilder, QueueContentType};

/// Binding of the queue.
const JOBS: &str = "JOBS";
/// Binding of the queue of what the CRM is told. Its consumer is one at a time, so that what is told of one person keeps its
/// order.
const CRM_JOBS: &str = "CRM_JOBS";
/// Binding of the queue of what reps are told: channels are slow and fail, and nothing else waits for them.
const NOTIFY_JOBS: &str = "NOTIFY_JOBS";
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
    for queue in QUEUES {
        let own = jobs.iter().filter(|job| queue_of(job) == queue);
        send(env, queue, own.map(|job| (job, after_s))).await?;
    }
    Ok(())
}

/// Every queue of jobs, by its binding.
const QUEUES: [&str; 3] = [JOBS, CRM_JOBS, NOTIFY_JOBS];

const fn queue_of(job: &Job) -> &'static str {
    match job {
        Job::Crm { .. } => CRM_JOBS,
        Job::Notify { .. } => NOTIFY_JOBS,
        _ => JOBS,
    }
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
    let texts = jobs.map(|(job, delay_s)| Ok((serde_json::to_string(job)?, delay_s)));
    let texts: Result<Vec<_>, serde_json::Error> = texts.collect();
    send_texts(env, queue, texts.map_err(|error| Unavailable::new("queue", error.to_string()))?).await
}

/// Sends each text after so many seconds.
async fn send_texts(env: &Env, queue: &str, texts: Vec<(String, u32)>) -> PortResult<()> {
    let failed = |error: worker::Error| Unavailable::new("queue", error.to_string());
    let queue = env.queue(queue).map_err(failed)?;
    let mut batch: Vec<(String, u32)> = Vec::new();
    let mut bytes = 0_usize;
    for (text, delay_s) in texts {
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

/// Sends bodies as they are, each to its queue: jobs that were jobs before. What is none goes where it is kept again.
///
/// # Errors
/// As [`send_jobs`].
pub async fn send_bodies(env: &Env, bodies: Vec<String>) -> PortResult<()> {
    let queue = |body: &str| serde_json::from_str::<Job>(body).map_or(JOBS, |job| queue_of(&job));
    let mut bodies: Vec<(&str, String)> = bodies.into_iter().map(|body| (queue(&body), body)).collect();
    for queue in QUEUES {
        let own = bodies.extract_if(.., |(of, _)| *of == queue);
        send_texts(env, queue, own.map(|(_, body)| (body, 0)).collect()).await?;
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
