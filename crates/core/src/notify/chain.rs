//! Which channel of a chain is told next, and when.

use crate::notify::channel::Channel;
use crate::notify::notice::Addressee;
use crate::notify::rules::{Policy, Quiet};
use crate::roster::calendar::Calendar;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How a channel fared with a notice so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelAttempt {
    /// The channel.
    pub channel: Channel,
    /// How often it was tried.
    pub tries: u32,
    /// What came of the last try.
    pub result: ChannelResult,
}

/// What came of the last try of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelResult {
    /// The notice was told.
    Delivered,
    /// It may be told later.
    Later,
    /// It will not be told here.
    Refused,
}

/// What is to be done next for one chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    /// This channel is told, not before this time.
    Tell {
        /// The channel.
        channel: Channel,
        /// The time; now, or the start of the shift.
        not_before: Timestamp,
    },
    /// The notice was told, or there is nobody to be told.
    Done,
    /// Every channel failed.
    GiveUp,
}

/// What is to be done next for a chain of `policy`.
///
/// The first channel that has not failed: one fails when it refuses, or after [`Policy::max_attempts`] tries. Outside the hours of
/// whoever is told the policy decides between now, the start of the shift, and mail now. Somebody who never works again
/// within a year, or whose hours cannot be read, is told at once: nobody would hear of it otherwise. A team has no hours.
#[must_use]
pub fn next_channel(
    chain: &[Channel],
    policy: &Policy,
    so_far: &[ChannelAttempt],
    to: &Addressee,
    now: Timestamp,
) -> NextStep {
    let of = |channel: &Channel| so_far.iter().find(|tried| tried.channel == *channel);
    if chain.is_empty() || so_far.iter().any(|tried| tried.result == ChannelResult::Delivered) {
        return NextStep::Done;
    }
    let is_open = |channel: &&Channel| match of(channel) {
        Some(tried) => tried.result != ChannelResult::Refused && tried.tries < policy.max_attempts,
        None => true,
    };
    let Some(first) = chain.iter().find(is_open) else {
        return NextStep::GiveUp;
    };
    let tell = |channel: &Channel, not_before| NextStep::Tell { channel: channel.clone(), not_before };
    let starts = shift_start(to, now).filter(|start| *start > now);
    match (policy.quiet_hours, starts) {
        (Quiet::Send, _) | (_, None) => tell(first, now),
        (_, Some(_)) if !first.kind.reaches_a_person() => tell(first, now),
        (Quiet::Wait, Some(start)) => tell(first, start),
        (Quiet::EmailOnly, Some(start)) => match chain.iter().filter(is_open).find(|channel| channel.kind.is_mail()) {
            Some(mail) => tell(mail, now),
            None => tell(first, start),
        },
    }
}

/// When somebody works next: `now` while they do, `None` when it cannot be said.
fn shift_start(to: &Addressee, now: Timestamp) -> Option<Timestamp> {
    to.rep_id.as_ref()?;
    let work = &to.work;
    let zone = if work.time_zone.is_empty() { "UTC" } else { &work.time_zone };
    Calendar::of(zone, &work.hours, &work.holidays, &work.leave).ok()?.next_start(now)
}
