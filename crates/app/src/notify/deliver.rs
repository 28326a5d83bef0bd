//! Who is told of a decision, and the tries of telling one notice through one chain of channels.

use crate::crm::vendor::RATE_LIMITER_FULL;
use crate::notify;
use crate::notify::{Delivered, Telling};
use crate::ports::jobs::{Job, NotificationJob};
use crate::ports::rules::RuleBooks;
use crate::ports::{PortResult, PostedMessages};
use lead_router_core::id::{LeadId, RepId};
use lead_router_core::notify::chain::{ChannelAttempt, ChannelResult as Came};
use lead_router_core::notify::slack::PostedMessage;
use lead_router_core::notify::{Channel, NextStep, Notice, NoticeEvent, Policy, next_channel};
use lead_router_core::time::Timestamp;
use lead_router_core::vendor::delivery_error::PAUSE_MS_MAX;
use lead_router_core::vendor::{DeliveryError, next_try_ms};

/// Shortest pause of a notice whose turn has not come, in milliseconds.
const GATE_PAUSE_MS_MIN: i64 = 1_000;

/// What telling needs of the world.
pub trait DeliverWorld: notify::NotifyWorld + RuleBooks + PostedMessages {}
impl<W: notify::NotifyWorld + RuleBooks + PostedMessages> DeliverWorld for W {}

/// The jobs of some notices: one for each chain of channels, so that a channel that fails holds up no other.
///
/// # Errors
/// `Unavailable` when the rules cannot be read.
pub async fn jobs<W: DeliverWorld>(world: &W, notices: Vec<Notice>) -> PortResult<Vec<Job>> {
    let mut jobs = Vec::new();
    for notice in notices {
        let policy = notify::policy(world, &notice).await?;
        for chain in policy.chains.clone() {
            let policy = Policy { chains: vec![chain], ..policy.clone() };
            let notification =
                NotificationJob { notice: notice.clone(), policy, so_far: Vec::new(), is_repeated: false };
            jobs.push(Job::Notify { notification: Box::new(notification) });
        }
    }
    Ok(jobs)
}

/// What became of a try.
#[derive(Debug, Clone, PartialEq)]
pub enum NotifyOutcome {
    /// It was told through this channel; `None` when there was nobody to be told.
    Told(Option<Channel>),
    /// It is tried again after so many milliseconds.
    Again {
        /// What is known by then.
        notification: Box<NotificationJob>,
        /// Milliseconds.
        after_ms: i64,
    },
    /// Every channel failed; why the last one did.
    GivenUp(DeliveryError),
}

/// Tells a notice through the first channel of its chain that has not failed; when one refuses, the next is told at once.
/// Outside the hours of whoever is told it may wait for their shift. `chance` draws the pauses.
///
/// # Errors
/// `Unavailable` when what was told before cannot be read or kept. Trying again is as safe as the channel is.
pub async fn notify_next<W: DeliverWorld>(
    world: &W,
    notification: NotificationJob,
    mut chance: impl FnMut() -> u16,
) -> PortResult<NotifyOutcome> {
    let NotificationJob { notice, policy, mut so_far, is_repeated } = notification;
    let chain = policy.chains.first().cloned().unwrap_or_default();
    let mut last = DeliveryError::config("no_channel", "no channel of the chain is set up");
    // Every round refuses a channel or ends.
    for _ in 0..=chain.len() {
        let now = world.now();
        let (channel, not_before) = match next_channel(&chain, &policy, &so_far, &notice.to, now) {
            NextStep::Done => return Ok(NotifyOutcome::Told(None)),
            NextStep::GiveUp => break,
            NextStep::Tell { channel, not_before } => (channel, not_before),
        };
        if not_before > now {
            let after_ms = not_before.ms_since(now).min(PAUSE_MS_MAX);
            return Ok(again(notice, policy, so_far, after_ms));
        }
        let earlier = earlier(world, &notice).await?;
        let tries = so_far.iter().find(|tried| tried.channel == channel).map_or(0, |tried| tried.tries);
        let notification = Telling {
            channel: &channel,
            notice: &notice.clone().told_at(told_at(&notice, now)),
            slack_channel: policy.slack_channel.as_deref(),
            again: tries > 0 || is_repeated,
            earlier: earlier.as_ref(),
        };
        match notify::tell(world, &notification).await {
            Ok(told) => {
                keep(world, &notice, told).await?;
                return Ok(NotifyOutcome::Told(Some(channel)));
            }
            // Its turn has not come: nothing was tried.
            Err(DeliveryError::Retryable { code, after_ms }) if code == RATE_LIMITER_FULL => {
                let after_ms = i64::from(after_ms.unwrap_or_default()).clamp(GATE_PAUSE_MS_MIN, PAUSE_MS_MAX);
                let notification = Box::new(NotificationJob { notice, policy, so_far, is_repeated });
                return Ok(NotifyOutcome::Again { notification, after_ms });
            }
            Err(DeliveryError::Retryable { code, after_ms }) => {
                let tries = tries.saturating_add(1);
                note(&mut so_far, channel, tries, Came::Later);
                let pause_ms = next_try_ms(tries, after_ms, chance()).unwrap_or(PAUSE_MS_MAX);
                last = DeliveryError::Retryable { code, after_ms };
                if tries < policy.max_attempts {
                    return Ok(again(notice, policy, so_far, pause_ms));
                }
            }
            Err(refused) => {
                note(&mut so_far, channel, tries.saturating_add(1), Came::Refused);
                last = refused;
            }
        }
    }
    Ok(NotifyOutcome::GivenUp(last))
}

/// The moment that "today" means in a notice: the same in every try of one shift, so that a repeat has the same bytes.
fn told_at(notice: &Notice, now: Timestamp) -> Timestamp {
    const SAME_MS: i64 = lead_router_core::time::HOUR_MS;
    if now.ms_since(notice.told_at) < SAME_MS { notice.told_at } else { now }
}

/// The same later, in a message of its own, which was never delivered before.
fn again(notice: Notice, policy: Policy, so_far: Vec<ChannelAttempt>, after_ms: i64) -> NotifyOutcome {
    NotifyOutcome::Again {
        notification: Box::new(NotificationJob { notice, policy, so_far, is_repeated: false }),
        after_ms,
    }
}

fn note(so_far: &mut Vec<ChannelAttempt>, channel: Channel, tries: u32, result: Came) {
    so_far.retain(|tried| tried.channel != channel);
    so_far.push(ChannelAttempt { channel, tries, result });
}

/// Whether a notice says that the rep no longer has the lead.
const fn takes_away(notice: &Notice) -> bool {
    matches!(notice.event, NoticeEvent::Moved | NoticeEvent::OwnerDrift)
}

/// The message that no longer holds: the one that told the same rep of the lead.
async fn earlier<W: DeliverWorld>(world: &W, notice: &Notice) -> PortResult<Option<PostedMessage>> {
    match &notice.to.rep_id {
        Some(rep) if takes_away(notice) || notice.event == NoticeEvent::Changed => {
            world.posted(&notice.lead_id, rep).await
        }
        _ => Ok(None),
    }
}

async fn keep<W: DeliverWorld>(world: &W, notice: &Notice, told: Delivered) -> PortResult<()> {
    let (rep, posted): (&RepId, PostedMessage) = match (&notice.to.rep_id, told.posted) {
        (Some(rep), Some(posted)) if !takes_away(notice) => (rep, posted),
        _ => return Ok(()),
    };
    let lead_id: &LeadId = &notice.lead_id;
    world.keep_posted(lead_id, rep, &posted).await
}
